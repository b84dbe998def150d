use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use redis::cmd;
use secondo::AccountId;

use crate::RedisStoreError;
use crate::connection::Request;

/// The number of ids in a list.
const AT_ONCE: usize = 10_000;
/// The number of keys that the server looks at for one answer. It does nothing else meanwhile.
const KEYS_AT_ONCE: u32 = 1_000;

/// A scan of the whole database for the first ids after one.
///
/// Redis lists keys in an order of its own, with a cursor that is good for one server. The ids of a list are therefore
/// those that come first in the order of their bytes, so that the next list needs no cursor. A scan returns each key
/// that is there from its start to its end, some more than once.
pub(crate) struct Scan<'a> {
    prefix: &'a str,
    after: Option<&'a AccountId>,
    pattern: String,
    /// The first ids so far. There are never more than [`AT_ONCE`].
    ids: BTreeSet<AccountId>,
}

/// The cursor of the next request, or 0 at the end, and some keys.
pub(crate) type Answer = (u64, Vec<Vec<u8>>);

impl<'a> Scan<'a> {
    pub(crate) fn new(prefix: &'a str, after: Option<&'a AccountId>) -> Self {
        let mut pattern = String::with_capacity(2 * prefix.len() + 1);
        for character in prefix.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('*');
        Self { prefix, after, pattern, ids: BTreeSet::new() }
    }

    /// Takes an answer, and returns the next request, or `None` at the end.
    pub(crate) fn next(&mut self, answer: Option<Answer>) -> Result<Option<Request>, RedisStoreError> {
        let cursor = match answer {
            None => 0,
            Some((cursor, keys)) => {
                keys.iter().try_for_each(|key| self.add(key))?;
                if cursor == 0 {
                    return Ok(None);
                }
                cursor
            }
        };
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(&self.pattern).arg("COUNT").arg(KEYS_AT_ONCE);
        Ok(Some(Request::One(scan)))
    }

    fn add(&mut self, key: &[u8]) -> Result<(), RedisStoreError> {
        let id = key.strip_prefix(self.prefix.as_bytes()).and_then(|id| core::str::from_utf8(id).ok());
        let id = id.and_then(|id| AccountId::new(id).ok()).ok_or(RedisStoreError::Corrupt)?;
        if self.after.is_none_or(|after| id > *after) {
            self.ids.insert(id);
            if self.ids.len() > AT_ONCE {
                self.ids.pop_last();
            }
        }
        Ok(())
    }

    pub(crate) fn into_ids(self) -> Vec<AccountId> {
        self.ids.into_iter().collect()
    }
}
