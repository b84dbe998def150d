//! An entry reads the same whether its last change is in the journal or merged, and no interruption of a merge changes
//! that.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use redb::{Builder, ReadableDatabase, ReadableTable, StorageBackend};
use secondo::store::{Exchange, Value};
use secondo::{AccountId, UnixTime};

use super::disk::{Disk, Failing};
use crate::file::{Change, ENTRIES, Entries, Request, StoreFile};
use crate::journal::{JOURNAL, Journal, MERGED, REMOVED, UNMERGED};

fn id(n: usize) -> AccountId {
    AccountId::new(&n.to_string()).unwrap()
}

fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

fn open(disk: &Disk) -> StoreFile {
    StoreFile::open(disk.open(), 1 << 20).unwrap()
}

fn disk_of(bytes: &[u8]) -> Disk {
    let disk = Disk::default();
    disk.write(0, bytes).unwrap();
    disk.sync_data().unwrap();
    disk
}

/// The values by id. A value is a text.
type Contents = BTreeMap<AccountId, String>;

/// Returns all entries, by lists of this many ids.
fn contents(entries: &Entries, limit: usize) -> Contents {
    let (mut contents, mut last) = (Contents::new(), None);
    loop {
        let ids = entries.ids(last.as_ref(), limit).unwrap();
        assert!(ids.len() <= limit && ids.is_sorted());
        let Some(end) = ids.last().copied() else { return contents };
        for id in ids {
            assert!(last < Some(id), "{id} is listed out of order");
            contents.insert(id, get(entries, &id).expect("an id was listed that has no entry"));
        }
        last = Some(end);
    }
}

fn get(entries: &Entries, id: &AccountId) -> Option<String> {
    let entry = entries.get(id).unwrap()?;
    Some(String::from_utf8(entry.value.as_ref().to_vec()).unwrap())
}

/// Returns a request that replaces or removes an entry as it is now.
fn request(entries: &Entries, id: AccountId, value: Option<&str>, expiry: Option<UnixTime>) -> Request {
    let expected = entries.get(&id).unwrap().map(|entry| entry.revision);
    let change = match value {
        Some(value) => Change::Put { value: Value::from(value.as_bytes()), expiry },
        None => Change::Remove,
    };
    Request { id, expected, change }
}

fn put(file: &mut StoreFile, n: usize, value: &str) {
    let request = request(&file.entries(), id(n), Some(value), None);
    assert_eq!(file.apply(&[request]).unwrap(), [Exchange::Stored]);
}

/// Returns the ids and bytes in the table of entries, and those in the journal.
fn tables(disk: &Disk) -> [Vec<(Vec<u8>, Vec<u8>)>; 2] {
    let database = Builder::new().create_with_backend(disk_of(&disk.bytes())).unwrap();
    let transaction = database.begin_read().unwrap();
    let (mut entries, mut changes) = (Vec::new(), Vec::new());
    for entry in transaction.open_table(ENTRIES).unwrap().iter().unwrap() {
        let (id, bytes) = entry.unwrap();
        entries.push((id.value().to_vec(), bytes.value().to_vec()));
    }
    for row in transaction.open_table(JOURNAL).unwrap().iter().unwrap() {
        let of_row = row.unwrap().1;
        changes.extend(of_row.value().into_iter().map(|(id, bytes)| (id.to_vec(), bytes.unwrap_or_default().to_vec())));
    }
    [entries, changes]
}

/// Returns the number of changes that an opening finds unmerged.
fn unmerged(disk: &Disk) -> usize {
    let database = Builder::new().create_with_backend(disk_of(&disk.bytes())).unwrap();
    Journal::replay(&database.begin_read().unwrap()).unwrap().1.len()
}

#[test]
fn entries_are_the_same_wherever_their_changes_are() {
    let mut rng = SmallRng::seed_from_u64(1);
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let mut file = open(&disk);
    let mut expected = BTreeMap::new();
    let (mut last_revision, mut merges) = (0, 0);
    for round in 0..1_500 {
        // Few ids at first, and then more than may be unmerged.
        let ids = if round < 500 { UNMERGED / 5 } else { 3 * UNMERGED };
        let entries = file.entries();
        let requests: Vec<_> = (0..rng.random_range(1..20))
            .map(|n| {
                let value = rng.random_ratio(2, 3).then(|| format!("value {round}/{n}"));
                let expiry = rng.random_bool(0.5).then(|| time(rng.random_range(1..10)));
                (request(&entries, id(rng.random_range(0..ids)), value.as_deref(), expiry), value, expiry)
            })
            .collect();
        let (requests, changes): (Vec<_>, Vec<_>) =
            requests.into_iter().map(|(request, value, expiry)| (request, (value, expiry))).unzip();
        let results = file.apply(&requests).unwrap();
        let mut changed = BTreeMap::new();
        for ((Request { id, expected: revision, .. }, (value, expiry)), result) in
            requests.iter().zip(changes).zip(results)
        {
            // A later request of the same id expects the revision before the commit.
            let conflicts = changed.get(id).is_some_and(|is_there| *is_there || revision.is_some());
            assert_eq!(result, if conflicts { Exchange::Conflict } else { Exchange::Stored });
            if !conflicts {
                changed.insert(*id, value.is_some());
                match value {
                    Some(value) => _ = expected.insert(*id, (value, expiry)),
                    None => _ = expected.remove(id),
                }
            }
        }
        if rng.random_ratio(1, 10) {
            file.close();
            file = open(&disk);
        }

        let entries = file.entries();
        let all: Contents = expected.iter().map(|(id, (value, _))| (*id, value.clone())).collect();
        assert!(contents(&entries, rng.random_range(1..2 * UNMERGED)) == all);
        assert!((0..ids).all(|n| get(&entries, &id(n)).as_ref() == all.get(&id(n))));
        for id in changed.keys() {
            let revision = entries.get(id).unwrap().map_or(u64::MAX, |entry| entry.revision.get());
            assert!(revision > last_revision, "a revision was used again");
        }
        let revisions = all.keys().map(|id| entries.get(id).unwrap().unwrap().revision.get());
        last_revision = revisions.max().unwrap_or_default().max(last_revision);

        let (now, limit) = (time(rng.random_range(0..10)), rng.random_range(1..2 * UNMERGED));
        let (mut expired, mut last) = (Vec::new(), None);
        loop {
            let (found, more) = entries.expired(last.as_ref(), now, limit).unwrap();
            expired.extend(found.into_iter().map(|request| request.id));
            if more.is_none() {
                break;
            }
            last = more;
        }
        let due = |(_, expiry): &(String, Option<UnixTime>)| expiry.is_some_and(|expiry| expiry <= now);
        let due = expected.iter().filter(|(_, entry)| due(entry)).map(|(id, _)| *id);
        assert!(expired.into_iter().eq(due));

        if round % 10 == 0 {
            let [merged, journal] = tables(&disk);
            merges += usize::from(!merged.is_empty());
            assert!(journal.len() < 8 * (UNMERGED + 20), "{} changes are in the journal", journal.len());
            let copy = Disk::default();
            StoreFile::create(copy.open(), Some(&entries)).unwrap();
            let mut copy = open(&copy);
            assert!(contents(&copy.entries(), 100) == all);
            put(&mut copy, 0, "next");
            assert!(copy.entries().get(&id(0)).unwrap().unwrap().revision.get() > last_revision);
        }
    }
    assert!(merges > 100);
}

/// Each opening reads the whole journal.
#[test]
fn the_journal_stays_bounded_if_each_opening_writes_little() {
    for ids in [5, 3 * UNMERGED] {
        let disk = Disk::default();
        StoreFile::create(disk.open(), None).unwrap();
        for n in 0..20 * UNMERGED {
            let mut file = open(&disk);
            put(&mut file, n % ids, "value");
            file.close();
            if n % 10 == 0 {
                let in_journal = tables(&disk)[1].len();
                assert!(in_journal <= 5 * UNMERGED, "{in_journal} changes are in the journal");
                let unmerged = unmerged(&disk);
                assert!(unmerged <= UNMERGED, "{unmerged} changes are unmerged");
            }
        }
        assert_eq!(contents(&open(&disk).entries(), 100).len(), ids);
    }
}

#[test]
fn unmerged_changes_stay_bounded_if_each_commit_is_large() {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let mut file = open(&disk);
    let at_once = 5 * UNMERGED;
    for round in 0..20 {
        let commit: Vec<_> = (0..at_once).map(|n| (at_once * round + n, Some("value"))).collect();
        assert!(apply(&mut file, &commit));
    }
    file.close();
    let unmerged = unmerged(&disk);
    assert!(unmerged <= at_once + UNMERGED, "{unmerged} changes are unmerged");
}

/// Numbers of ids, and the values that they get, or `None` for an entry that is removed.
type Commit<'a> = [(usize, Option<&'a str>)];

/// Returns a disk with as many unmerged changes that the next commit merges some, and commits to follow.
fn before_a_merge() -> (Disk, Vec<Box<Commit<'static>>>) {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let mut file = open(&disk);
    for n in 0..UNMERGED {
        put(&mut file, n, "before");
    }
    file.close();
    assert!(tables(&disk)[0].is_empty());
    // Each commit replaces an entry that it merges or that is merged, removes one, and adds some.
    let commit = |round: usize| {
        let added = (0..MERGED).map(move |n| (1_000 + MERGED * round + n, Some("added")));
        [(round, Some("after")), (UNMERGED - 1 - round, None)].into_iter().chain(added).collect()
    };
    (disk, (0..8).map(commit).collect())
}

fn apply(file: &mut StoreFile, commit: &Commit<'_>) -> bool {
    let entries = file.entries();
    let requests: Vec<_> = commit.iter().map(|(n, value)| request(&entries, id(*n), *value, None)).collect();
    file.apply(&requests).is_ok_and(|results| results.iter().all(|result| *result == Exchange::Stored))
}

/// Returns the contents before the commits, and after each of them.
fn states(disk: &Disk, commits: &[Box<Commit<'_>>]) -> Vec<Contents> {
    let disk = disk_of(&disk.bytes());
    let mut file = open(&disk);
    let mut states = vec![contents(&file.entries(), 100)];
    for commit in commits {
        assert!(apply(&mut file, commit));
        states.push(contents(&file.entries(), 100));
    }
    file.close();
    assert!(!tables(&disk)[0].is_empty(), "nothing was merged");
    states
}

#[test]
fn a_power_cut_at_any_call_leaves_a_commit_whole() {
    let (base, commits) = before_a_merge();
    let states = states(&base, &commits);
    let mut cuts = 0;
    for calls in 0.. {
        let mut stored = 0;
        for survives in [|_| true, |_| false, |n| n % 2 == 0, |n| n % 3 == 0] {
            let disk = disk_of(&base.bytes());
            let mut file = open(&disk);
            disk.cut_after(calls);
            stored = commits.iter().take_while(|commit| apply(&mut file, commit)).count();
            file.give_up();
            disk.restart(survives);
            let mut file = open(&disk);
            let found = contents(&file.entries(), 100);
            let next = states.get(stored + 1).unwrap_or(&states[stored]);
            assert!(found == states[stored] || found == *next, "cut after {calls} calls, {stored} commits were stored");
            put(&mut file, 0, "goes on");
            assert_eq!(get(&file.entries(), &id(0)).unwrap(), "goes on");
            cuts += 1;
        }
        if stored == commits.len() {
            break;
        }
    }
    store_testing::report!("redb: power cut {cuts} times in commits that merge: every commit is whole");
}

#[test]
fn a_failing_write_in_a_merge_leaves_a_commit_whole() {
    let (base, commits) = before_a_merge();
    let states = states(&base, &commits);
    for failing in [Failing::Write, Failing::Sync, Failing::AfterSync] {
        for (n, commit) in commits.iter().enumerate() {
            let disk = disk_of(&base.bytes());
            let mut file = open(&disk);
            assert!(commits[..n].iter().all(|commit| apply(&mut file, commit)));
            disk.fail(failing);
            assert!(!apply(&mut file, commit));
            assert!(contents(&file.entries(), 100) == states[n], "what failed is visible");
            file.give_up();
            let found = contents(&open(&disk).entries(), 100);
            assert!(found == states[n] || found == states[n + 1], "{failing:?} in commit {n}");
        }
    }
}

#[test]
fn a_reader_sees_whole_commits_in_their_order() {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let mut file = open(&disk);
    let ids = 2 * UNMERGED;
    for n in 0..ids {
        put(&mut file, n, "0");
    }
    let (entries, stop) = (file.entries(), AtomicBool::new(false));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            let mut seen = vec![0; ids];
            while !stop.load(Ordering::Relaxed) {
                // Two neighbours are always changed in one commit.
                for pair in 0..ids / 2 {
                    let [first, second]: [u64; 2] = [2 * pair, 2 * pair + 1]
                        .map(|n| get(&entries, &id(n)).expect("an entry was not found").parse().unwrap());
                    assert!(first <= second && first >= seen[2 * pair] && second >= seen[2 * pair + 1]);
                    (seen[2 * pair], seen[2 * pair + 1]) = (first, second);
                    reads += 1;
                }
                assert_eq!(entries.ids(None, usize::MAX).unwrap().len(), ids);
            }
            reads
        });
        for round in 1..4_000 {
            let pair = round * 7 % (ids / 2);
            let value = round.to_string();
            assert!(apply(&mut file, &[(2 * pair, Some(&value)), (2 * pair + 1, Some(&value))]));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
}

#[test]
fn a_replaced_value_leaves_the_journal_after_some_changes() {
    let disk = Disk::default();
    StoreFile::create(disk.open(), None).unwrap();
    let mut file = open(&disk);
    let accounts = 5;
    put(&mut file, 0, "with a phone that was lost");
    let holds = || tables(&disk).concat().iter().any(|(_, bytes)| bytes.ends_with(b"a phone that was lost"));
    put(&mut file, 0, "without it");
    assert!(holds(), "the test shows nothing");
    for n in 0..6 * accounts + 3 * MERGED / 2 + 2 * REMOVED {
        put(&mut file, 1 + n % (accounts - 1), "other");
    }
    file.close();
    assert!(!holds());
}
