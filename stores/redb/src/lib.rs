//! A store of [`secondo`] in one file, with [redb](https://docs.rs/redb), for a provider on one machine.
//!
//! ```no_run
//! # pollster::block_on(async {
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//! use secondo::{AccountId, Policy, Transaction, UnixTime, Verifier};
//! use secondo_redb::RedbStore;
//!
//! # let master = "c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094";
//! let store = RedbStore::open("/var/lib/idp/accounts.redb")?;
//! let master = LocalMasterKey::from_hex(master)?; // in production, from a file or an HSM
//! let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
//! let verifier = Verifier::new(store.clone(), keys, Policy::default());
//!
//! let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
//! # let session_bytes = [7; 16];
//! let login = Transaction::new(&session_bytes)?; // from the provider's random number generator
//! let accepted = verifier.verify(&id, &login, "050 471", UnixTime::from_secs(1_111_111_111)?).await?;
//!
//! // Run this from time to time, to remove expired entries.
//! store.purge(UnixTime::from_secs(1_111_111_111)?).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Durability
//!
//! An exchange is answered only after `fdatasync` has returned for it. So a write that was reported as stored survives
//! a crash of the process or of the system, and a power failure. Exchanges that wait while the disk is busy share the
//! next commit. A load returns only data that is on disk. No setting trades this for speed.
//!
//! This relies on the disk and the file system: data that they report as synced must be written. If it is not (a cache
//! that loses its content with the power, a virtual disk that ignores flushes, `tmpfs`), a crash can lose commits.
//! Codes are then accepted again and guesses are not counted, or the file is corrupt. A restored backup has the same
//! effect: all writes after the backup are lost. [`RedbStore::backup`] makes a copy while the store is in use; copy the
//! file itself only while no process has it open. Keep it on a local file system with locks and hard links, since the
//! lock keeps a second process out.
//!
//! Opening verifies the checksum of every page, even after a clean shutdown. A file that is damaged, cut off, from
//! another program or from another version gives an error and stays unchanged, byte for byte.
//!
//! Commits have two phases, each with its own sync. With one phase, redb would treat a damaged last commit as an
//! interrupted one after a crash, and go back to the commit before it. One kind of damage cannot be detected: redb
//! keeps one bit that says which of the last two commits is current. If this bit flips on the disk while the process is
//! down after a crash, the last commit is undone.
//!
//! Pages are not verified again while the file is open. If the disk then changes a value, the [seal](secondo::seal) or
//! the next opening detects it. redb may panic on such a page. The store catches the panic, returns an error, and opens
//! and verifies the file again. A program that aborts on panics ends there.
//!
//! The store creates the file readable by its owner alone. It does not open a file whose mode gives access to users
//! other than the owner and the group ([`RedbStoreError::Exposed`]), since they could put old records back. For the
//! same reason, nobody else should be able to write to the folder.
//!
//! Replaced values, and those of authenticators that were revoked and accounts that were closed, stay in the file for a
//! while: in [the journal](#the-journal), and then in free pages until these are used again. Copies pass through memory
//! that is not wiped. So let the verifier seal the values, as it does by default. [`RedbOptions::compact`] copies the
//! current entries into a new file in place of the old one, while the service is stopped. A [backup](RedbStore::backup)
//! has only the current entries too.
//!
//! # A file that was removed
//!
//! On Unix, each commit looks whether the path still leads to the file. If the file was removed, renamed or replaced
//! while it is open, the exchange returns [`RedbStoreError::Replaced`], and so do all calls after it. Nothing was
//! answered as stored that a restart would not find. The store opens no other file, and creates none, until the process
//! starts again. A file that is put back at its path is opened again.
//!
//! After a removal, the file has no name, and the system keeps it until the process ends. On Linux, save it before you
//! stop the process: `ls -l /proc/PID/fd` shows it as `(deleted)`, and `cp /proc/PID/fd/NUMBER` copies it. Restore a
//! backup only while the service is stopped. Do not copy another file over one that is open: the store may not notice
//! it.
//!
//! # Faults
//!
//! An exchange that returns an error may have happened or not. The login fails as in any outage, without a verdict. If
//! the write happened, a correct code is now used: it is refused as [`Replayed`](secondo::Refusal::Replayed) if it is
//! entered again, and the person waits for the next one. A wrong code that was counted is counted again if it is
//! entered again.
//!
//! After an error, the store closes the file without another write. It tries to open the file again until that
//! succeeds, so service resumes by itself, for example when the disk has room again. Until then, calls fail at once
//! with the error of the last attempt. After a failed sync, the operating system may report data as written that never
//! reached the disk. If a crash follows, opening finds the file corrupt.
//!
//! | [label](RedbStoreError::label) | action |
//! |---|---|
//! | `disk_full` | alert: make room, and service resumes |
//! | `io`, `corrupt` | alert: check the disk; nothing is read from a corrupt file, and a backup loses writes as said above |
//! | `timeout`, `busy` | alert if they last: the disk hangs, or is too slow for the load |
//! | `in_use` | at startup: another process has the file open |
//! | `not_redb`, `foreign`, `format` | at startup: the path names another file, or one of another version |
//! | `replaced` | alert: put the file [back](#a-file-that-was-removed), or save it, and restart the process |
//! | `exposed` | alert: other users have access to the file; remove their access with `chmod o=` |
//! | `stopped` | the store was closed, or the operating system had no thread for it: restart the process |
//!
//! # Time and memory
//!
//! An exchange takes no longer than [its timeout](RedbOptions::with_timeout), 5 seconds by default, whatever the disk
//! does. By default at most [1,024](RedbOptions::with_queue) exchanges wait, and a further one fails at once. A load
//! reads on the thread that polls it. redb keeps most pages in [its cache](RedbOptions::with_cache). For other pages
//! the load waits for the disk, without a timeout. Two threads serve all callers: one writes, and one watches the
//! deadlines.
//!
//! A commit needs two syncs whatever the size of the file, and writes a few pages of [the journal](#the-journal). With
//! a million accounts and 64 callers, about one commit in 16 also merges 1,024 changes and writes the pages of these.
//! So half of the calls took less than 2 ms, but one in a hundred more than 20 ms. The rate with a million was 0.4 of
//! the rate with a thousand for 64 callers, 0.8 for 8 callers and 0.9 for one.
//!
//! A million accounts with one authenticator each took a file of 428 MB while it was open: the length of
//! `accounts.redb` in its temporary folder, while `cargo run --release -p store-bench redb` ran. Before there was a
//! journal, it was 336 MB, and 211 MB when it was closed. It is as much memory if the cache is large enough. A further
//! authenticator adds about 60 bytes to an account's value, which has at most 4,096 bytes. Opening the file takes 0.2
//! seconds if the operating system has it in memory, even after a crash, and up to 0.15 seconds more for the journal.
//! Otherwise it takes as long as the disk needs to read the file.
//!
//! # The journal
//!
//! With a million accounts, the entries of 64 logins are in 64 pages. A commit does not write these. It appends the
//! changes to a table of their own, the journal, and they stay in memory too. From 65,536 unmerged changes on, a commit
//! also merges at least 1,024 of them into the table of entries. It takes them in the order of their ids, since ids
//! that are next to each other share pages, and goes on where the last merge ended. Changes that are merged are removed
//! from the journal, the oldest first. Loads, lists, purges and backups see the entries as they are after all changes.
//! Opening reads the unmerged changes into memory again.
//!
//! Changes of one account count once in memory. By calculation, a change of an account with one authenticator takes 320
//! bytes of memory, and 65,536 take 21 MB. If all values have the largest length, they take 280 MB. This is in addition
//! to redb's cache.
//!
//! With few accounts, the journal has at most four times as many changes as there are accounts, and some 2,000 more.
//! With many, it had up to 260,000 in a simulation. A replaced value has left the journal after as many further
//! changes, and is then in free pages.
//!
//! # The file
//!
//! | table | key | value |
//! |---|---|---|
//! | `secondo-entries` | the id | an entry: the revision, 8 bytes little-endian; the expiry in seconds since 1970, 8 bytes little-endian, or all ones for an entry without expiry; the value |
//! | `secondo-journal` | the number of all changes before this row, also of those that are not in the journal any more | up to 16 changes, as redb's type `Vec<(&[u8], Option<&[u8]>)>`: the id, and the new entry, or `None` if it was removed |
//! | `secondo-merges` | none | one row, as `Vec<(Option<&[u8]>, u64)>`: for each range of ids its last id, or `None` for all further ids, and the number of the changes in the journal when the range was merged last |
//! | `secondo-meta` | `format` | 2 |
//! | | `revisions` | an upper bound of all revisions that entries have had: one count for the file, reserved 2²⁰ at a time |
//!
//! A change in the journal is newer than the entry in the table of entries, unless the range of its id was merged when
//! there were more changes than before it. Format 1 has no journal. A file of format 1 is opened, and its first write
//! makes it one of format 2, which a version for format 1 does not open.
//!
//! # Why redb
//!
//! redb keeps its data in one file, is written in Rust without C code, serves many readers beside one writer, is
//! maintained, and is licensed under MIT or Apache-2.0. Its format is documented, and its pages carry checksums. SQLite
//! and LMDB bring C code, and LMDB maps the file into memory. fjall keeps a folder of files. SQLite in WAL mode and
//! fjall were measured beside redb, with the same crashes and the same damage (`stores/engines` in the repository).
//! After a bit of the files was flipped, both returned older values without an error, which a login must not accept.
//! redb did not.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod backend;
mod error;
mod file;
mod journal;
mod options;
mod place;
mod queue;
mod store;
#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking, and needs std"
)]
mod tests;

pub use error::RedbStoreError;
pub use options::RedbOptions;
pub use store::RedbStore;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks the mutex, even after a panic of its last owner, since no panic can happen in the middle of a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
