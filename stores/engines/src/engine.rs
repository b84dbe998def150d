//! Entries and requests, the traits of an engine, and the rule by which each engine stores or refuses a request.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::{fjall, journal, redb, sqlite};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// The writing side of an engine. One thread has it.
pub(crate) trait Engine: Send {
    /// Performs the requests in order, and returns whether each one was stored. They are on disk then.
    fn apply(&mut self, requests: &[Request]) -> Result<Vec<bool>, Error>;
    fn close(self: Box<Self>) -> Result<(), Error>;
}

/// The reading side of an engine, for all callers.
pub(crate) trait Read: Send + Sync {
    fn load(&self, id: &str) -> Result<Option<Entry>, Error>;
    /// Returns the next entries after an id, in order.
    fn after(&self, id: &str, limit: usize) -> Result<Vec<(String, Entry)>, Error>;
}

pub(crate) type Opened = (Box<dyn Engine>, Arc<dyn Read>);

/// An engine and its setting.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Redb,
    /// Entries are merged from `high` entries in the journal on, until `low` are left.
    Journal {
        low: usize,
        high: usize,
    },
    /// The number of pages in the log from which on a commit makes a checkpoint.
    Sqlite {
        pages: u32,
    },
    /// The size of a table in memory before it is written out.
    Fjall {
        bytes: u64,
    },
}

impl Kind {
    pub(crate) fn open(self, folder: &Path) -> Result<Opened, Error> {
        match self {
            Self::Redb => redb::open(folder),
            Self::Journal { low, high } => journal::open(folder, low, high),
            Self::Sqlite { pages } => sqlite::open(folder, pages),
            Self::Fjall { bytes } => fjall::open(folder, bytes),
        }
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts: Vec<_> = text.split(':').collect();
        Ok(match parts[..] {
            ["redb"] => Self::Redb,
            ["journal", low, high] => Self::Journal { low: low.parse()?, high: high.parse()? },
            ["sqlite", pages] => Self::Sqlite { pages: pages.parse()? },
            ["fjall", bytes] => Self::Fjall { bytes: bytes.parse()? },
            _ => return Err(format!("no engine {text}").into()),
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redb => write!(f, "redb"),
            Self::Journal { low, high } => write!(f, "journal:{low}:{high}"),
            Self::Sqlite { pages } => write!(f, "sqlite:{pages}"),
            Self::Fjall { bytes } => write!(f, "fjall:{bytes}"),
        }
    }
}

pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) expected: Option<u64>,
    /// The new value and its expiry, or `None` to remove the entry.
    pub(crate) put: Option<(Vec<u8>, u64)>,
}

/// The expiry of an entry that does not expire.
pub(crate) const NEVER: u64 = i64::MAX.cast_unsigned();

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) revision: u64,
    pub(crate) expiry: u64,
    pub(crate) value: Vec<u8>,
}

impl Entry {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (revision, rest) = bytes.split_first_chunk().ok_or("a short entry")?;
        let (expiry, value) = rest.split_first_chunk().ok_or("a short entry")?;
        let (revision, expiry) = (u64::from_le_bytes(*revision), u64::from_le_bytes(*expiry));
        Ok(Self { revision, expiry, value: value.to_vec() })
    }
}

/// The revisions that were given out, and the bound of them that is on disk.
#[derive(Clone, Copy)]
pub(crate) struct Revisions {
    pub(crate) last: u64,
    pub(crate) reserved: u64,
}

impl Revisions {
    pub(crate) fn new(reserved: u64) -> Self {
        Self { last: reserved, reserved }
    }

    /// Reserves more revisions if these are used up, and returns the bound to write.
    pub(crate) fn reserve(&mut self) -> Option<u64> {
        (self.last > self.reserved).then(|| {
            self.reserved = self.last + (1 << 20);
            self.reserved
        })
    }
}

/// A table to which entries are written as bytes.
pub(crate) trait Table {
    fn revision(&self, id: &str) -> Result<Option<u64>, Error>;
    /// Writes the bytes of an entry. No bytes remove it.
    fn put(&mut self, id: &str, bytes: &[u8]) -> Result<(), Error>;
}

/// Performs the requests on a table in a transaction, and returns whether each one was stored.
pub(crate) fn perform(
    requests: &[Request],
    revisions: &mut Revisions,
    table: &mut impl Table,
) -> Result<Vec<bool>, Error> {
    let mut bytes = Vec::new();
    let mut perform = |request: &Request| {
        if table.revision(&request.id)? != request.expected {
            return Ok(false);
        }
        bytes.clear();
        if let Some((value, expiry)) = &request.put {
            revisions.last += 1;
            bytes.extend(revisions.last.to_le_bytes());
            bytes.extend(expiry.to_le_bytes());
            bytes.extend(value);
        }
        table.put(&request.id, &bytes)?;
        Ok(true)
    };
    requests.iter().map(&mut perform).collect()
}

/// Entries in memory by id. One without bytes is a removed one.
pub(crate) type Entries = BTreeMap<Box<str>, Arc<[u8]>>;

/// The changes of a batch over the entries before it.
pub(crate) struct Changes<F> {
    pub(crate) changed: Entries,
    pub(crate) before: F,
}

impl<F: Fn(&str) -> Result<Option<u64>, Error>> Table for Changes<F> {
    fn revision(&self, id: &str) -> Result<Option<u64>, Error> {
        self.changed.get(id).map_or_else(|| (self.before)(id), |bytes| revision_of(bytes))
    }

    fn put(&mut self, id: &str, bytes: &[u8]) -> Result<(), Error> {
        self.changed.insert(id.into(), bytes.into());
        Ok(())
    }
}

/// Returns the revision in the bytes of an entry, or `None` for a removed one.
pub(crate) fn revision_of(bytes: &[u8]) -> Result<Option<u64>, Error> {
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(u64::from_le_bytes(*bytes.first_chunk().ok_or("a short entry")?)))
}
