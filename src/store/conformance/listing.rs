use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use core::mem;

use super::bench::{Bench, Handle, ensure};
use super::{Harness, Violation};
use crate::store::Enumerate;
use crate::types::{AccountId, UnixTime};

/// Checks that the store lists its ids, in addition to [`check`](super::check).
///
/// It creates 1,500 entries. A list should have fewer ids, so that the listing has to go on.
///
/// # Errors
///
/// Returns [`Violation`] if the store leaves out an id, lists an id that it does not have, or fails.
pub fn check_listing<'h, H: Harness>(harness: &'h H) -> Result<(), Violation>
where
    H::Store<'h>: Enumerate,
{
    let bench = Bench { harness, name: "listing" };
    listing(&bench).map_err(|seen| Violation { check: bench.name, seen })
}

const ENTRIES: usize = 1500;

fn listing<'h, H: Harness>(bench: &Bench<'h, H>) -> Result<(), String>
where
    H::Store<'h>: Enumerate,
{
    let store = bench.handle();
    let soon = UnixTime::from_secs(1).map_err(|error| format!("{error}"))?;
    let (mut lasting, mut expiring) = (BTreeSet::new(), BTreeSet::new());
    for n in 0..ENTRIES {
        let id = bench.id(n)?;
        let expires = n % 3 == 0;
        store.must_store(&id, None, b"value", expires.then_some(soon))?;
        if expires {
            expiring.insert(id)
        } else {
            lasting.insert(id)
        };
    }
    let all: BTreeSet<_> = lasting.union(&expiring).copied().collect();
    let listed = list(&store, || ())?;
    // A store may remove the others as soon as they are written.
    ensure(listed.is_superset(&lasting), "an id was not listed")?;
    ensure(listed.iter().all(|id| all.contains(id) || is_of_another_check(id)), "an id was listed that has no entry")?;
    // The entry of the id at which the listing continues may be gone.
    let mut is_first = true;
    let listed = list(&store, || {
        if mem::take(&mut is_first) {
            bench.harness.forget_expired(soon);
        }
    })?;
    ensure(listed.is_superset(&lasting), "an id was not listed while entries expired")?;
    let listed = list(&store, || ())?;
    ensure(listed.is_disjoint(&expiring), "an id was listed whose entry has expired")
}

/// Lists all ids, and calls `between` after each list.
fn list<'h, H: Harness>(handle: &Handle<'h, H>, mut between: impl FnMut()) -> Result<BTreeSet<AccountId>, String>
where
    H::Store<'h>: Enumerate,
{
    let (mut listed, mut after) = (BTreeSet::new(), None);
    loop {
        let ids = handle.harness.block_on(handle.store.ids_after(after.as_ref()));
        let ids = ids.map_err(|error| format!("ids_after failed: {error}"))?;
        let Some(last) = ids.last() else { return Ok(listed) };
        after = Some(*last);
        let before = listed.len();
        listed.extend(ids);
        ensure(listed.len() > before, "a list has no new id, so that a listing does not end")?;
        between();
    }
}

fn is_of_another_check(id: &AccountId) -> bool {
    !id.as_str().starts_with("conformance/listing/")
}
