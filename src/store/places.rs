use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::arena::Place;

/// A hash table of the places of items, by the hashes of their ids.
///
/// A slot holds a part of the hash and the place beside each other, so that a lookup mostly reads one cache line. With
/// separate arrays for the two, it would read a line of each. The table is open-addressed with linear probing. Removing
/// places rebuilds it.
#[derive(Clone, Default)]
pub(super) struct Places {
    /// A power of two, or none. At most seven eighths are taken.
    slots: Box<[Option<Slot>]>,
    len: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    tag: NonZeroU32,
    place: Place,
}

impl Places {
    const MIN_SLOTS: usize = 16;

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the place of an item whose id has this hash, if `is_it` returns `true` for it.
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(Place) -> bool) -> Option<Place> {
        self.slot(tag(hash), is_it).and_then(|at| self.slots.get(at).copied()?).map(|slot| slot.place)
    }

    /// Returns the place as [`Self::find`] does, to change it.
    pub(super) fn find_mut(&mut self, hash: u64, is_it: impl Fn(Place) -> bool) -> Option<&mut Place> {
        self.slot(tag(hash), is_it).and_then(|at| self.slots.get_mut(at)?.as_mut()).map(|slot| &mut slot.place)
    }

    /// Adds the place of a new item.
    pub(super) fn insert(&mut self, hash: u64, place: Place) {
        let slots = self.slots.len();
        if self.len >= slots / 8 * 7 {
            *self = Self::filled((slots * 2).max(Self::MIN_SLOTS), self.slots.iter().flatten());
        }
        self.put(Slot { tag: tag(hash), place });
    }

    /// Keeps the places for which `is_kept` returns `true`.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(Place) -> bool) {
        let kept: Vec<_> = self.slots.iter().flatten().filter(|slot| is_kept(slot.place)).copied().collect();
        if kept.len() < self.len {
            let sparse = kept.len() < self.slots.len() / 8 * 3;
            let slots = if sparse { (kept.len() * 2).next_power_of_two() } else { self.slots.len() };
            *self = Self::filled(slots.max(Self::MIN_SLOTS), &kept);
        }
    }

    /// Returns the places, in the order of the slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = Place> {
        self.slots.iter().flatten().map(|slot| slot.place)
    }

    /// Puts what `replace` returns for a place in its stead, for all places. Ends with `None` as soon as `replace`
    /// does.
    pub(super) fn replace(&mut self, mut replace: impl FnMut(Place) -> Option<Place>) -> Option<()> {
        self.slots.iter_mut().flatten().try_for_each(|slot| {
            slot.place = replace(slot.place)?;
            Some(())
        })
    }

    fn filled<'a>(slots: usize, with: impl IntoIterator<Item = &'a Slot>) -> Self {
        let mut filled = Self { slots: vec![None; slots].into(), len: 0 };
        with.into_iter().for_each(|slot| filled.put(*slot));
        filled
    }

    fn put(&mut self, new: Slot) {
        let is_free = |at: &usize| matches!(self.slots.get(*at), Some(None));
        if let Some(slot) = self.probed(new.tag).find(is_free).and_then(|at| self.slots.get_mut(at)) {
            *slot = Some(new);
            self.len += 1;
        }
    }

    fn slot(&self, tag: NonZeroU32, is_it: impl Fn(Place) -> bool) -> Option<usize> {
        for at in self.probed(tag) {
            let slot = self.slots.get(at).copied()??;
            if slot.tag == tag && is_it(slot.place) {
                return Some(at);
            }
        }
        None
    }

    /// Returns the slots that a tag can be in, in the order in which they are filled.
    fn probed(&self, tag: NonZeroU32) -> impl Iterator<Item = usize> + use<> {
        let slots = self.slots.len();
        // The lowest bit of a tag says nothing.
        let first = (tag.get() >> 1) as usize;
        (0..slots).map(move |distance| first.wrapping_add(distance) & (slots - 1))
    }
}

/// Returns the part of a hash that is kept.
fn tag(hash: u64) -> NonZeroU32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    NonZeroU32::MIN | u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Revision;
    use crate::store::arena::{Arena, Item};

    fn places(arena: &mut Arena, count: u64) -> Vec<Place> {
        let item = |n| Item { id: b"rossi", revision: Revision::new(n), expiry: None, value: b"" };
        (0..count).map(|n| arena.insert(&item(n)).unwrap()).collect()
    }

    /// Returns the number of each found item, by a search that accepts this item alone.
    fn found(table: &Places, arena: &Arena, hashes: &[u64]) -> Vec<Option<u64>> {
        let number = |place| arena.get(place).unwrap().revision.get();
        let find = |(hash, n): (&u64, u64)| table.find(*hash, |place| number(place) == n).map(number);
        hashes.iter().zip(0..).map(find).collect()
    }

    #[test]
    fn every_place_is_found_whatever_its_hash() {
        for distinct in [1, 2, 3, u64::MAX] {
            let (mut table, mut arena) = (Places::default(), Arena::default());
            // The end of the table, the start of the next and the numbers between collide.
            let hash = |n: u64| (n % distinct).wrapping_mul(2).wrapping_sub(4);
            let hashes: Vec<_> = (0..300).map(hash).collect();
            for (place, hash) in places(&mut arena, 300).into_iter().zip(&hashes) {
                assert!(
                    table
                        .find(*hash, |found| arena.get(found).unwrap().revision == arena.get(place).unwrap().revision)
                        .is_none()
                );
                table.insert(*hash, place);
                assert!(table.len() * 8 <= table.slots.len() * 7);
            }
            assert_eq!(found(&table, &arena, &hashes), (0..300).map(Some).collect::<Vec<_>>());
            assert_eq!((table.len(), table.iter().count()), (300, 300));

            let number = |place| arena.get(place).unwrap().revision.get();
            table.retain(|place| number(place) % 100 == 7);
            let kept = |n: u64| (n % 100 == 7).then_some(n);
            assert_eq!(found(&table, &arena, &hashes), (0..300).map(kept).collect::<Vec<_>>());
            assert_eq!((table.len(), table.slots.len()), (3, Places::MIN_SLOTS));
        }
    }

    #[test]
    fn a_slot_takes_eight_bytes() {
        assert_eq!(size_of::<Option<Slot>>(), 8);
    }
}
