//! The verification of the log, and the mark by which an operator knows its end.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::{Audit, Block, Head, Line};
use crate::outage::Outage;

/// A block of the log: its number and its hash. The block contains the hash of the one before, so that the mark stands
/// for all lines up to this block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    number: u64,
    hash: String,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for Mark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// The digits of a hash in hexadecimal.
        const DIGITS: usize = 64;
        let parts = text.trim().split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash)));
        let is_hash = |hash: &str| hash.len() == DIGITS && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
        match parts {
            Some((number, hash)) if is_hash(hash) => Ok(Self { number, hash: hash.to_ascii_lowercase() }),
            _ => Err(format!(
                "a head is a number, a colon and {DIGITS} hexadecimal digits, as `idp audit verify` prints"
            )),
        }
    }
}

/// The result of reading the whole log.
#[derive(Default)]
pub(crate) struct Reading {
    /// The problems of the chain and of the revisions, as sentences.
    pub(crate) problems: Vec<String>,
    /// The accounts that lines tell of, by their ids.
    accounts: BTreeMap<String, Revisions>,
    /// The last block, or `None` if the log has none.
    pub(crate) last: Option<Mark>,
    /// `true` if the log begins with its first block: none has expired.
    pub(crate) is_whole: bool,
}

impl Reading {
    /// Takes the lines of a block.
    fn take(&mut self, number: u64, block: &Block, mut each: impl FnMut(&Line)) {
        for line in &block.lines {
            each(line);
            if line.tells_of_missing_head() {
                self.problems.push(format!("the head was missing when block {number} was written"));
            }
            if let (Some(person), Some(revision)) = (&line.person, line.revision) {
                let account = self.accounts.entry(person.clone()).or_default();
                if account.begins_again(revision) {
                    self.problems.extend(std::mem::take(account).gaps(person, self.is_whole));
                }
                if !account.take(revision) {
                    self.problems.push(format!("revision {revision} of {person} is in the log twice"));
                }
                account.is_confirmed |= line.action != "enroll" && line.outcome == "done";
            }
        }
    }

    /// Adds the revisions that no line has told of to the problems.
    fn end(&mut self) {
        let Self { problems, accounts, is_whole, .. } = self;
        problems.extend(accounts.iter().flat_map(|(person, account)| account.gaps(person, *is_whole)));
    }

    /// Returns the last revision of an account that a line tells of.
    pub(crate) fn last_revision(&self, person: &str) -> Option<u64> {
        self.accounts.get(person).map(|account| account.last)
    }
}

/// The revisions of an account that the lines tell of. Lines of several machines need not be in their order.
#[derive(Default)]
struct Revisions {
    last: u64,
    /// The first and the last number of each gap before it.
    missing: BTreeMap<u64, u64>,
    /// An account whose first authenticator was not confirmed expires, and may begin again.
    is_confirmed: bool,
}

impl Revisions {
    fn begins_again(&self, revision: u64) -> bool {
        revision == 1 && self.last > 0 && !self.missing.contains_key(&1) && !self.is_confirmed
    }

    /// Takes a revision, and returns `false` if it was told of before.
    fn take(&mut self, revision: u64) -> bool {
        if revision > self.last {
            if revision - self.last > 1 {
                self.missing.insert(self.last + 1, revision - 1);
            }
            self.last = revision;
            return true;
        }
        let gap = self.missing.range(..=revision).next_back().map(|(first, last)| (*first, *last));
        let Some((first, last)) = gap.filter(|(_, last)| revision <= *last) else { return false };
        self.missing.remove(&first);
        if first < revision {
            self.missing.insert(first, revision - 1);
        }
        if revision < last {
            self.missing.insert(revision + 1, last);
        }
        true
    }

    /// Returns the gaps as sentences. The first lines of an account may have expired unless the log is whole.
    fn gaps(&self, person: &str, is_whole: bool) -> Vec<String> {
        let missing = self.missing.iter().filter(|(first, _)| is_whole || **first > 1);
        let told = missing.map(|(first, last)| match last - first {
            0 => format!("revision {first} of {person} is missing"),
            _ => format!("revisions {first} to {last} of {person} are missing"),
        });
        told.collect()
    }
}

impl Audit {
    /// Reads all lines in order, and verifies the chain and the revisions.
    pub(crate) async fn read(&self, mut each: impl FnMut(&Line), now: UnixTime) -> Result<Reading, Outage> {
        let mut reading = Reading::default();
        let head = match self.records.load::<Head>(Head::NAME, now).await {
            Ok(Some(head)) => head,
            Ok(None) => {
                reading.problems.push("the head of the log is missing".to_owned());
                Head::start()
            }
            Err(Outage(label)) if is_of_content(label) => {
                reading.problems.push(format!("the head of the log was changed: {label}"));
                Head::start()
            }
            Err(outage) => return Err(outage),
        };
        let mut previous = None;
        let mut is_after = false;
        let mut number = head.first;
        loop {
            // A long log leaves the processor to the logins between two blocks.
            tokio::task::yield_now().await;
            let block = match self.records.load::<Block>(&number.to_string(), now).await {
                Ok(Some(block)) => block,
                Ok(None) if number >= head.next => break,
                Ok(None) => {
                    // Old blocks expire, and only those.
                    if is_after || !head.has_expired(now) {
                        reading.problems.push(format!("block {number} is missing"));
                    }
                    previous = None;
                    number += 1;
                    continue;
                }
                Err(Outage(label)) if is_of_content(label) => {
                    reading.problems.push(format!("block {number} was changed: {label}"));
                    (previous, is_after) = (None, true);
                    number += 1;
                    continue;
                }
                Err(outage) => return Err(outage),
            };
            is_after = true;
            reading.is_whole |= number == 0;
            if previous.as_ref().is_some_and(|previous| *previous != block.previous) {
                reading.problems.push(format!("block {number} does not follow the block before it"));
            }
            reading.take(number, &block, &mut each);
            let hash = block.hash()?;
            reading.last = Some(Mark { number, hash: hash.clone() });
            previous = Some(hash);
            number += 1;
        }
        if head.next > 0
            && !head.is_over(now)
            && previous.is_none_or(|last| number == head.next && last != head.previous)
        {
            reading.problems.push("the last block is missing or changed".to_owned());
        }
        reading.end();
        Ok(reading)
    }

    /// Returns the problem of a head that was kept elsewhere, or `None` if the log still contains it.
    pub(crate) async fn contradiction(&self, mark: &Mark, now: UnixTime) -> Result<Option<String>, Outage> {
        let Mark { number, hash } = mark;
        Ok(match self.records.load::<Block>(&number.to_string(), now).await {
            Ok(Some(block)) if block.hash()? == *hash => None,
            Ok(Some(_)) => Some(format!("block {number} is not the one of the head that was kept")),
            Ok(None) => Some(format!("block {number} of the head that was kept is missing, or older than 24 months")),
            Err(Outage(label)) if is_of_content(label) => Some(format!("block {number} was changed: {label}")),
            Err(outage) => return Err(outage),
        })
    }
}

/// Returns `true` for the label of a record that is there and cannot be read.
fn is_of_content(label: &str) -> bool {
    matches!(label, "record_length" | "record_key" | "record_seal" | "record_json")
}
