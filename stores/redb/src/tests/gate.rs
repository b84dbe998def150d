//! Writes that the gate holds back read as if they were done, and are done only when it opens. Locks are not held back.

use std::ops::Bound;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use redb::StorageBackend;

use super::disk::Disk;
use crate::backend::Gate;
use crate::place::Place;

fn whole(disk: &dyn StorageBackend) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(disk.len().unwrap()).unwrap()];
    disk.read(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn what_is_held_back_reads_as_if_it_were_done() {
    let mut rng = SmallRng::seed_from_u64(1);
    for _ in 0..300 {
        let (below, twin) = (Disk::default(), Disk::default());
        let before: Vec<u8> = (0..rng.random_range(0..3_000)).map(|_| rng.random()).collect();
        for disk in [&below, &twin] {
            disk.write(0, &before).unwrap();
        }
        let gate = Gate::new(below.open());
        for _ in 0..rng.random_range(0..20) {
            match rng.random_range(0..4) {
                0 => {
                    let len = rng.random_range(0..4_000);
                    gate.set_len(len).unwrap();
                    twin.set_len(len).unwrap();
                }
                1 => gate.sync_data().unwrap(),
                _ => {
                    let len = usize::try_from(twin.len().unwrap()).unwrap();
                    let start = rng.random_range(0..=len);
                    let bytes: Vec<u8> = (0..rng.random_range(0..=len - start)).map(|_| rng.random()).collect();
                    gate.write(start as u64, &bytes).unwrap();
                    twin.write(start as u64, &bytes).unwrap();
                }
            }
            let expected = whole(&twin);
            assert!(gate.len().unwrap() == expected.len() as u64 && whole(&gate) == expected);
            let start = rng.random_range(0..=expected.len());
            let mut part = vec![0; rng.random_range(0..=expected.len() - start)];
            gate.read(start as u64, &mut part).unwrap();
            assert!(part == expected[start..start + part.len()]);
            assert!(gate.read(start as u64, &mut vec![0; expected.len() - start + 1]).is_err(), "read beyond the end");
        }
        assert!(whole(&below) == before, "a write was done before the gate opened");
        gate.open().unwrap();
        assert!(whole(&below) == whole(&twin));
        gate.shut();
        assert!(gate.write(0, b"late").is_err() && gate.sync_data().is_err() && gate.set_len(0).is_err());
        assert!(whole(&below) == whole(&twin));
    }
}

/// redb does not say which locks it takes. They keep other processes out, so all of them must reach the file.
#[test]
fn every_lock_reaches_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(&folder.path().join("accounts.redb")).unwrap();
    let [one, other] = [(); 2].map(|()| Gate::new(place.open().unwrap()));
    let (start, end) = (Bound::Included(8), Bound::Excluded(16));
    let is_locked = || other.query_lock_range(start, end).unwrap();

    assert!(!is_locked());
    one.lock_range(start, end).unwrap();
    assert!(is_locked() && !other.try_lock_shared_range(start, end).unwrap());
    one.unlock_range(start, end).unwrap();
    assert!(!is_locked());

    one.lock_shared_range(start, end).unwrap();
    assert!(is_locked() && !other.try_lock_range(start, end).unwrap());
    assert!(other.try_lock_shared_range(start, end).unwrap());
    assert!(other.query_lock_range(Bound::Included(16), Bound::Unbounded).is_ok_and(|locked| !locked));
}
