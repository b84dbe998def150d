//! On a full disk the error is clear, nothing is lost, and service resumes when there is room.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use pollster::block_on;
use secondo::AccountId;
use secondo::store::{Exchange, Store, Value};
use secondo_redb::{RedbStore, RedbStoreError};

/// Runs the test below in a mount namespace, in which it can mount a small disk that vanishes when it ends.
#[test]
fn nothing_is_lost_when_the_disk_is_full() {
    let as_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let output = Command::new("unshare")
        .args(if as_root { &["--mount"][..] } else { &["--mount", "--user", "--map-root-user"] })
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "on_a_disk_of_its_own", "--ignored", "--nocapture"])
        .output()
        .expect("unshare, of util-linux");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told.lines().filter(|line| line.starts_with("redb: ")).for_each(|line| store_testing::report!("{line}"));
}

#[test]
#[ignore = "the test above runs it, with a mount namespace of its own"]
fn on_a_disk_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(folder.path()).status();
    assert!(mounted.unwrap().success());
    fill_and_make_room(folder.path());
}

fn id(n: usize) -> AccountId {
    AccountId::new(&format!("account/{n}")).unwrap()
}

/// The number of an entry that was last reported as stored, and the number that may be stored since.
#[derive(Clone, Copy, Default)]
struct Known {
    stored: u64,
    tried: u64,
}

impl Known {
    fn check(self, found: u64) {
        assert!(found == self.stored || found == self.tried, "{} was stored, {found} was found", self.stored);
    }
}

fn number(value: &[u8]) -> u64 {
    assert_eq!(value.len(), 1000, "a torn value");
    u64::from_be_bytes(*value.first_chunk().unwrap())
}

fn value(number: u64) -> Value {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.resize(1000, b'v');
    Value::from(bytes)
}

/// Adds 1 to the number that is stored under this id.
fn count_up(store: &RedbStore, n: usize, known: &mut Known) -> Result<(), RedbStoreError> {
    let entry = block_on(store.load(&id(n)))?;
    let found = entry.as_ref().map_or(0, |entry| number(entry.value.as_ref()));
    known.check(found);
    known.tried = found + 1;
    let revision = entry.map(|entry| entry.revision);
    let exchange = block_on(store.compare_exchange(&id(n), revision, value(found + 1), None))?;
    assert_eq!(exchange, Exchange::Stored);
    known.stored = found + 1;
    Ok(())
}

fn fill_and_make_room(folder: &Path) {
    const ROUNDS: usize = 10;
    let (path, filler) = (folder.join("accounts.redb"), folder.join("filler"));
    let store = RedbStore::open(&path).unwrap();
    let mut known = Vec::<Known>::new();
    let mut failed = ROUNDS;
    for _ in 0..ROUNDS {
        fill(&filler);
        // For a while, writes succeed in free pages of the file.
        let error = loop {
            let n = known.len();
            assert!(n < 10_000, "the disk was never full");
            known.push(Known::default());
            if let Err(error) = count_up(&store, n, &mut known[n]) {
                break error;
            }
        };
        assert_eq!(error.label(), "disk_full", "{error:?}");
        // Then calls fail, and no load returns a number that is not stored.
        for (n, known) in known.iter().enumerate() {
            match block_on(store.load(&id(n))) {
                Ok(entry) => known.check(entry.map_or(0, |entry| number(entry.value.as_ref()))),
                // A load that fails at the moment of the error may not know its cause.
                Err(error) => assert!(matches!(error.label(), "disk_full" | "io"), "{error:?}"),
            }
        }
        for (n, known) in known.iter_mut().enumerate() {
            if let Err(error) = count_up(&store, n, known) {
                assert_eq!(error.label(), "disk_full", "{error:?}");
                failed += 1;
            }
        }
        fs::remove_file(&filler).unwrap();
        let given_up = Instant::now() + Duration::from_secs(60);
        while let Err(error) = count_up(&store, 0, &mut known[0]) {
            assert!(Instant::now() < given_up, "{error:?}");
            thread::sleep(Duration::from_millis(5));
        }
        for (n, known) in known.iter_mut().enumerate() {
            count_up(&store, n, known).unwrap();
        }
    }
    drop(store);
    let store = RedbStore::open(&path).unwrap();
    for (n, known) in known.iter().enumerate() {
        known.check(block_on(store.load(&id(n))).unwrap().map_or(0, |entry| number(entry.value.as_ref())));
    }
    let exchanges: u64 = known.iter().map(|known| known.stored).sum();
    println!(
        "redb: disk full {ROUNDS} times, {failed} exchanges failed, and service resumed each time: \
         nothing lost of {exchanges} others"
    );
}

/// Fills the disk completely.
fn fill(path: &Path) {
    let mut filler = File::create(path).unwrap();
    for size in [65_536, 4_096, 1] {
        loop {
            match filler.write(&vec![0; size]) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}
