use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::{KeyUri, Migration, MigrationAccountError};

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
    /// Creates a collection without batches.
    #[must_use]
    pub const fn new() -> Self {
        Self { by_index: BTreeMap::new() }
    }

    /// Adds a batch.
    ///
    /// # Errors
    ///
    /// Returns a [`BatchesError`] if the batch is already there or belongs to another export. It is then not added.
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

    /// Returns the indexes of the missing batches.
    ///
    /// The iterator is empty until the first batch is added, since the number of batches is unknown until then.
    pub fn missing(&self) -> impl Iterator<Item = u16> {
        let size = self.by_index.values().next().map_or(0, Migration::batch_size);
        (0..size).filter(|index| !self.by_index.contains_key(index))
    }

    /// Returns the accounts of all batches added so far, in the order of the export.
    #[must_use]
    pub fn into_accounts(self) -> Vec<Result<KeyUri, MigrationAccountError>> {
        self.by_index.into_values().flat_map(Migration::into_accounts).collect()
    }
}

/// An error for a batch that is not one of the missing ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchesError {
    /// The batch is already there.
    Duplicate {
        /// The index of the batch, from 0.
        index: u16,
    },
    /// The batch belongs to another export.
    OtherExport,
}

impl BatchesError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Duplicate { .. } => "duplicate",
            Self::OtherExport => "other_export",
        }
    }
}

impl fmt::Display for BatchesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { index } => write!(f, "the batch with index {index} is already there"),
            Self::OtherExport => f.write_str("the batch belongs to another export"),
        }
    }
}

impl core::error::Error for BatchesError {}
