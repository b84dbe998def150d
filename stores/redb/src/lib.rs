//! A store of [`secondo`] in one file, with [redb](https://docs.rs/redb): for a provider on one machine.
//!
//! ```no_run
//! # pollster::block_on(async {
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//! use secondo::{AuthenticatorId, Policy, UnixTime, Verifier};
//! use secondo_redb::RedbStore;
//!
//! # let master = "c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094";
//! let store = RedbStore::open("/var/lib/idp/authenticators.redb")?;
//! let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &LocalMasterKey::from_hex(master)?)?, [])?;
//! let verifier = Verifier::new(store.clone(), keys, Policy::default());
//!
//! let id = AuthenticatorId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
//! let accepted = verifier.verify(&id, "050 471", UnixTime::from_secs(1_111_111_111)?).await?;
//!
//! // Now and then, for what expires.
//! store.purge(UnixTime::from_secs(1_111_111_111)?).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is safe, and what is not
//!
//! An exchange is answered when `fdatasync` has returned for it, so what was reported as stored is there after a
//! crash of the process, of the system or of the power. Those that wait while the disk is busy share the next commit.
//! A load sees nothing that the disk does not have. There is no setting that trades this for speed.
//!
//! It rests on the disk and the file system: they must have written what they say is synced. Where they have not (a
//! cache that loses power, a virtual disk that ignores flushes, `tmpfs`), a crash can lose commits; then codes are
//! accepted again and guesses are not counted, or the file is corrupt. So it is after a backup is put in the file's
//! place: all that came after the backup is forgotten. Copy the file while no process has it open. Keep it on a local
//! file system that has locks and hard links: the lock is what keeps a second process out.
//!
//! Opening verifies the checksum of every page, also after a clean end. A file that is damaged, cut off, of another
//! program or of another version is refused and stays as it is, byte for byte. Commits have two phases, each with its
//! own sync. With one, redb would take damage to the last commit after a crash for a commit that was cut off, and go
//! back to the one before it. One thing cannot be told: the bit by which redb says which of the last two commits is
//! current. If it flips on the disk while the process is down after a crash, the last commit is taken back.
//!
//! Pages are not verified again while the file is open. What a disk then changes in a value is found out by the
//! [seal](secondo::seal), or at the next opening. redb may panic on such a page. This is caught, is an error like any
//! other, and has the file verified anew. A program that aborts on panics ends there.
//!
//! The store makes the file readable to its owner alone. It does not open a file whose mode gives access to others than
//! the owner and the group ([`RedbStoreError::Exposed`]): they could put old records back. For the same reason, nobody
//! else should be able to write to the folder.
//!
//! Values that were replaced stay in the file's free pages until these are used again, and copies pass through memory
//! that is not wiped: have the verifier seal them, as it does unless told otherwise.
//!
//! # When it fails
//!
//! After an error of an exchange, it may have happened or not. The person's login fails with an outage, and not with
//! a verdict. If it had happened, their code counts as used: the same code is then refused as
//! [`Replayed`](secondo::Refusal::Replayed), and they wait for the next. A wrong code that had been counted is counted
//! once more when they try again.
//!
//! Then nothing more is written by what failed. The store opens the file again, and service resumes by itself, for
//! example when the disk has room again; until then calls fail at once with the error of the last try. After a sync
//! that failed, the system may report as written what the disk never got: if a crash follows, opening finds the file
//! corrupt.
//!
//! | [label](RedbStoreError::label) | what to do |
//! |---|---|
//! | `disk_full` | alert: make room, and service resumes |
//! | `io`, `corrupt` | alert: see to the disk; from a corrupt file nothing is read, and a backup is as above |
//! | `timeout`, `busy` | alert if they go on: the disk hangs, or is too slow for what is asked of it |
//! | `in_use` | at the start: another process has the file |
//! | `not_redb`, `foreign`, `format` | at the start: it is another file, or one of another version |
//! | `exposed` | alert: others have access to the file; take it away with `chmod o=` |
//! | `stopped` | the store was closed, or the system had no thread for it: start the process anew |
//!
//! # Time and memory
//!
//! An exchange takes no longer than [the timeout](RedbOptions::with_timeout), 5 seconds, whatever the disk does. At
//! most [1,024](RedbOptions::with_queue) wait; one more fails at once. A load reads on the thread that polls it. redb
//! has most pages in [its cache](RedbOptions::with_cache); for the others it waits for the disk, and that is not timed.
//! Two threads serve all callers: one writes, and one watches the time.
//!
//! A commit writes the pages of the entries that it changes. So 64 callers share two syncs, but with a million
//! authenticators they write 64 pages and those above them, where a thousand have 50 pages in all: the rate was 0.3 of
//! that of a thousand, 0.6 with 8 callers and 0.8 with one. A million authenticators take a file of 285 MB, as much
//! memory if the cache may have it, and 0.2 seconds to open when the system has the file in memory, after a crash as
//! well; it takes as long as the disk needs to read it when not.
//!
//! # The file
//!
//! | table | key | value |
//! |---|---|---|
//! | `secondo-entries` | the id | revision, 8 bytes little-endian; expiry in seconds, likewise, or all ones; the value |
//! | `secondo-meta` | `format` | 1 |
//! | | `revisions` | no entry has had a higher revision: a count for the whole file, reserved 2²⁰ at a time |
//!
//! # Why redb
//!
//! It is one file, Rust without C, made for many readers beside one writer, kept up, and MIT or Apache-2.0. Its
//! format is documented, and its pages carry checksums. SQLite and LMDB bring C, and LMDB maps the file into memory;
//! fjall keeps a folder of files, and it is for more writing than logins do.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod backend;
mod error;
mod file;
mod options;
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

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a panic left behind a lock is whole: nothing panics in the middle of a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
