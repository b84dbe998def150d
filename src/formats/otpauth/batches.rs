use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::{AccountError, KeyUri, Migration};

/// The batches of an export, gathered as they are scanned, in any order.
///
/// ```
/// use secondo::formats::otpauth::{Batches, KeyUri, Migration};
///
/// let uri = |n| KeyUri::parse(&format!("otpauth://totp/rossi{n}?secret=GEZDGNBVGY3TQOJQ"));
/// let accounts = (0..12).map(uri).collect::<Result<Vec<_>, _>>()?;
/// let pictures = Migration::write(&accounts, 271_828)?;
///
/// let mut batches = Batches::new();
/// batches.insert(Migration::parse(pictures[1].as_str())?)?;
/// assert_eq!(batches.missing().collect::<Vec<_>>(), [0]);
/// batches.insert(Migration::parse(pictures[0].as_str())?)?;
/// assert_eq!(batches.missing().count(), 0);
/// assert_eq!(batches.into_accounts().len(), 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Batches {
    by_index: BTreeMap<u16, Migration>,
}

impl Batches {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { by_index: BTreeMap::new() }
    }

    /// Adds a batch.
    ///
    /// # Errors
    ///
    /// [`BatchesError`] if it is there already or belongs to another export; it is then left out.
    pub fn insert(&mut self, batch: Migration) -> Result<(), BatchesError> {
        let export = |batch: &Migration| (batch.batch_id(), batch.batch_size(), batch.version());
        if self.by_index.values().next().is_some_and(|first| export(first) != export(&batch)) {
            return Err(BatchesError::OtherExport);
        }
        if self.by_index.contains_key(&batch.batch_index()) {
            return Err(BatchesError::Duplicate { index: batch.batch_index() });
        }
        self.by_index.insert(batch.batch_index(), batch);
        Ok(())
    }

    /// The indexes of the batches that are missing; of nothing, as long as no batch says how many there are.
    pub fn missing(&self) -> impl Iterator<Item = u16> {
        let size = self.by_index.values().next().map_or(0, Migration::batch_size);
        (0..size).filter(|index| !self.by_index.contains_key(index))
    }

    /// The accounts of all batches that are there, in their order.
    #[must_use]
    pub fn into_accounts(self) -> Vec<Result<KeyUri, AccountError>> {
        self.by_index.into_values().flat_map(Migration::into_accounts).collect()
    }
}

/// A batch is not one of those still missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchesError {
    /// It is there already.
    Duplicate {
        /// Its index, from 0.
        index: u16,
    },
    /// It belongs to another export.
    OtherExport,
}

impl fmt::Display for BatchesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { index } => write!(f, "the batch of index {index} is there already"),
            Self::OtherExport => f.write_str("the batch belongs to another export"),
        }
    }
}

impl core::error::Error for BatchesError {}
