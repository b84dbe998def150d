use alloc::format;
use alloc::string::String;

use super::{Harness, NotApplicable};
use crate::store::{Entry, Exchange, Revision, Store, Value};
use crate::types::{AccountId, UnixTime};

/// The outcome of a check: `Err` describes a violation, and `Ok(Err(_))` means that the check does not apply.
pub(super) type Outcome = Result<Result<(), NotApplicable>, String>;

pub(super) struct Bench<'h, H> {
    pub(super) harness: &'h H,
    pub(super) name: &'static str,
}

impl<'h, H: Harness> Bench<'h, H> {
    pub(super) fn handle(&self) -> Handle<'h, H> {
        Handle { harness: self.harness, store: self.harness.connect() }
    }

    /// Returns the `n`th id of this check, which no other check uses.
    pub(super) fn id(&self, n: usize) -> Result<AccountId, String> {
        let text = format!("conformance/{}/{n}", self.name.replace(' ', "-"));
        AccountId::new(&text).map_err(|error| format!("{error}"))
    }
}

pub(super) struct Handle<'h, H: Harness + 'h> {
    pub(super) harness: &'h H,
    pub(super) store: H::Store<'h>,
}

impl<H: Harness> Handle<'_, H> {
    pub(super) fn try_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: &[u8],
        expiry: Option<UnixTime>,
    ) -> Result<bool, String> {
        let exchange = self.store.compare_exchange(id, expected, Value::from(value), expiry);
        match self.harness.block_on(exchange) {
            Ok(exchange) => Ok(exchange == Exchange::Stored),
            Err(error) => Err(format!("compare_exchange failed: {error}")),
        }
    }

    pub(super) fn must_store(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: &[u8],
        expiry: Option<UnixTime>,
    ) -> Result<(), String> {
        ensure(self.try_exchange(id, expected, value, expiry)?, "an exchange with the current revision conflicted")
    }

    pub(super) fn must_conflict(&self, id: &AccountId, expected: Option<Revision>, why: &str) -> Result<(), String> {
        ensure(!self.try_exchange(id, expected, b"must not be stored", None)?, why)
    }

    pub(super) fn load(&self, id: &AccountId) -> Result<Option<Entry>, String> {
        self.harness.block_on(self.store.load(id)).map_err(|error| format!("load failed: {error}"))
    }

    /// Returns the revision of an entry, and fails if the entry does not have this value.
    pub(super) fn must_hold(&self, id: &AccountId, value: &[u8]) -> Result<Revision, String> {
        match self.load(id)? {
            Some(entry) if entry.value.as_ref() == value => Ok(entry.revision),
            Some(_) => Err("a load returned a value other than the one stored last".into()),
            None => Err("a stored entry is missing".into()),
        }
    }

    pub(super) fn must_be_absent(&self, id: &AccountId, why: &str) -> Result<(), String> {
        ensure(self.load(id)?.is_none(), why)
    }
}

pub(super) fn ensure(holds: bool, else_seen: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(else_seen.into()) }
}
