//! The entries of a JSON document, which is read as a whole: an encrypted one can be checked only at its end.

use core::fmt;
use core::ops::{Deref, Range};
use std::borrow::Cow;
use std::io::BufRead;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

use crate::{ImportError, Place, Problem, Record};

/// The maximum length in bytes of a JSON document: an app's backup with some hundred pictures, or 100,000 tokens.
pub const MAX_DOCUMENT: usize = 32 * 1024 * 1024;

/// The maximum number of entries of a document.
pub const MAX_ENTRIES: usize = 250_000;

/// Reads the whole file, whose copies in memory are wiped.
pub(crate) fn whole<R: BufRead>(mut read: R) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
    loop {
        let part = read.fill_buf().map_err(|error| Problem::io(&error))?;
        if part.is_empty() {
            return Ok(bytes);
        }
        let len = bytes.len() + part.len();
        if len > MAX_DOCUMENT {
            return Err(Problem::TooLarge(MAX_DOCUMENT));
        }
        if len > bytes.capacity() {
            // A `Vec` that grows by itself leaves its old memory as it was.
            let mut larger = Zeroizing::new(Vec::with_capacity(len.next_power_of_two()));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(part);
        let taken = part.len();
        read.consume(taken);
    }
}

/// The byte-order mark.
pub(crate) const MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns the text of a document, without a byte-order mark.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    str::from_utf8(bytes).map_err(|error| {
        let position = error.valid_up_to();
        Problem::Field(secondo::formats::Problem::NotText { position })
    })
}

/// A document, and where its entries are.
pub(crate) struct Document {
    bytes: Zeroizing<Vec<u8>>,
    entries: Vec<Range<usize>>,
}

impl Document {
    /// Finds the entries of a document with `find`.
    pub(crate) fn new(
        bytes: Zeroizing<Vec<u8>>,
        find: impl for<'a> FnOnce(&'a str) -> Result<Entries<'a>, Problem>,
    ) -> Result<Self, Problem> {
        let start = bytes.as_ptr().addr();
        let Entries { entries, is_whole } = find(text(&bytes)?)?;
        if !is_whole {
            return Err(Problem::TooMany(MAX_ENTRIES));
        }
        let range = |entry: &RawValue| {
            let at = entry.get().as_ptr().addr() - start;
            at..at + entry.get().len()
        };
        let entries = entries.into_iter().map(range).collect();
        Ok(Self { bytes, entries })
    }
}

/// The entries of an array, unparsed, up to [`MAX_ENTRIES`].
pub(crate) struct Entries<'a> {
    pub(crate) entries: Vec<&'a RawValue>,
    pub(crate) is_whole: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;

        impl<'de> Visitor<'de> for Array {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while entries.len() < MAX_ENTRIES {
                    match array.next_element()? {
                        Some(entry) => entries.push(entry),
                        None => return Ok(Entries { entries, is_whole: true }),
                    }
                }
                let is_whole = array.next_element::<IgnoredAny>()?.is_none();
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Entries { entries, is_whole })
            }
        }

        deserializer.deserialize_seq(Array)
    }
}

/// A string of a document. It is borrowed unless it has escapes; the copy without them is wiped.
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Text<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(copy) = &mut self.0 {
            copy.zeroize();
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Str;

        impl<'de> Visitor<'de> for Str {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Str)
    }
}

/// Returns the records of a document's entries. `entry` returns `None` for an entry that is no authenticator.
pub(crate) fn records(
    document: Result<Document, Problem>,
    mut entry: impl FnMut(&str, Place) -> Result<Option<Record>, Problem>,
) -> impl Iterator<Item = Result<Record, ImportError>> {
    let (document, failed) = match document {
        Ok(document) => (Some(document), None),
        Err(problem) => (None, Some(Err(ImportError::of_file(problem)))),
    };
    let (bytes, entries) = document.map(|document| (document.bytes, document.entries)).unwrap_or_default();
    let records = entries.into_iter().zip(1..).filter_map(move |(range, n)| {
        let place = Place::Entry(n);
        let text = bytes.get(range).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default();
        entry(text, place).map_err(|problem| ImportError::of_record(place, problem)).transpose()
    });
    failed.into_iter().chain(records)
}
