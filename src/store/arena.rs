use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroize;

use crate::store::Revision;
use crate::types::UnixTime;

/// Items side by side in chunks of memory, so that an item costs its bytes and a header, and no allocation of its own.
///
/// A chunk is never reallocated, which would leave copies of secrets behind; what is removed, replaced or dropped is wiped.
#[derive(Default)]
pub(super) struct Arena {
    chunks: Vec<Box<[u8]>>,
    /// How many units of the chunks have been handed out, counted from the first chunk's first.
    end: usize,
    /// Places to be used again, by their number of units.
    free: BTreeMap<usize, Vec<Place>>,
    free_units: usize,
}

/// Where an item begins, in units. Four bytes reach 32 GiB.
#[derive(Clone, Copy)]
pub(super) struct Place(u32);

/// What is kept: an entry of the store with its id.
///
/// In memory: the lengths of the id (1 byte) and the value (2), whether there is an expiry (1), the revision (8), the
/// expiry if there is one (8), the id, the value, and zeros up to a whole unit. Numbers are little-endian.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) id: &'a [u8],
    pub(super) revision: Revision,
    pub(super) expiry: Option<UnixTime>,
    pub(super) value: &'a [u8],
}

/// Items begin at whole units and never straddle two chunks.
const UNIT: usize = 8;
const CHUNK_UNITS: usize = 1024;

impl Arena {
    pub(super) fn get(&self, place: Place) -> Option<Item<'_>> {
        let (chunk, offset) = place.position();
        let bytes = self.chunks.get(chunk)?.get(offset..)?;
        let ([id, value @ .., has_expiry], bytes) = bytes.split_first_chunk::<4>()?;
        let (revision, bytes) = bytes.split_first_chunk()?;
        let (expiry, bytes) = match has_expiry {
            0 => (None, bytes),
            _ => bytes.split_first_chunk().map(|(expiry, bytes)| (Some(expiry), bytes))?,
        };
        let (id, bytes) = bytes.split_at_checked(usize::from(*id))?;
        Some(Item {
            id,
            revision: Revision::new(u64::from_le_bytes(*revision)),
            expiry: expiry.map(|expiry| UnixTime::EPOCH.saturating_add(u64::from_le_bytes(*expiry))),
            value: bytes.get(..usize::from(u16::from_le_bytes(*value)))?,
        })
    }

    /// Whether the item at this place has this id.
    pub(super) fn holds(&self, place: Place, id: &[u8]) -> bool {
        self.get(place).is_some_and(|item| item.id == id)
    }

    /// `None` if there is no place for it, and then nothing has changed.
    pub(super) fn insert(&mut self, item: &Item<'_>) -> Option<Place> {
        let place = self.take(item.units())?;
        self.write(place, item)?;
        Some(place)
    }

    /// Where the item is that replaces the one at this place. `None` as in [`Self::insert`].
    pub(super) fn replace(&mut self, place: Place, item: &Item<'_>) -> Option<Place> {
        if self.get(place)?.units() == item.units() {
            self.write(place, item)?;
            return Some(place);
        }
        let new = self.insert(item)?;
        self.remove(place);
        Some(new)
    }

    pub(super) fn remove(&mut self, place: Place) {
        let Some(units) = self.get(place).map(|item| item.units()) else { return };
        if let Some(slot) = self.slot(place, units) {
            slot.zeroize();
        }
        self.free.entry(units).or_default().push(place);
        self.free_units += units;
    }

    /// Whether more than a quarter of the memory is free, so that moving what is left pays.
    pub(super) fn is_sparse(&self) -> bool {
        self.free_units > self.end / 4
    }

    fn take(&mut self, units: usize) -> Option<Place> {
        if let Some(place) = self.free.get_mut(&units).and_then(Vec::pop) {
            self.free_units -= units;
            return Some(place);
        }
        let mut start = self.end;
        if start % CHUNK_UNITS + units > CHUNK_UNITS {
            start = start.next_multiple_of(CHUNK_UNITS);
        }
        let place = u32::try_from(start).ok().filter(|_| units <= CHUNK_UNITS).map(Place)?;
        if start / CHUNK_UNITS == self.chunks.len() {
            self.chunks.push(vec![0; CHUNK_UNITS * UNIT].into());
        }
        self.end = start + units;
        Some(place)
    }

    fn write(&mut self, place: Place, item: &Item<'_>) -> Option<()> {
        let id_len = u8::try_from(item.id.len()).ok()?;
        let [v0, v1] = u16::try_from(item.value.len()).ok()?.to_le_bytes();
        let expiry = item.expiry.map(|expiry| expiry.as_secs().to_le_bytes());
        let header = [id_len, v0, v1, u8::from(expiry.is_some())];
        let revision = item.revision.get().to_le_bytes();

        let mut slot = self.slot(place, item.units())?;
        for part in [&header[..], &revision, expiry.as_slice().as_flattened(), item.id, item.value] {
            let (here, rest) = slot.split_at_mut_checked(part.len())?;
            here.copy_from_slice(part);
            slot = rest;
        }
        // The end of a longer value that was here.
        slot.zeroize();
        Some(())
    }

    fn slot(&mut self, place: Place, units: usize) -> Option<&mut [u8]> {
        let (chunk, offset) = place.position();
        self.chunks.get_mut(chunk)?.get_mut(offset..)?.get_mut(..units * UNIT)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for chunk in &mut self.chunks {
            // As a slice: a box's own wiping goes byte by byte.
            (**chunk).zeroize();
        }
    }
}

impl Place {
    /// The chunk, and the byte in it.
    fn position(self) -> (usize, usize) {
        let units = self.0 as usize;
        (units / CHUNK_UNITS, units % CHUNK_UNITS * UNIT)
    }
}

impl Item<'_> {
    const HEADER_LEN: usize = 12;
    const EXPIRY_LEN: usize = 8;

    fn units(&self) -> usize {
        let expiry = if self.expiry.is_some() { Self::EXPIRY_LEN } else { 0 };
        (Self::HEADER_LEN + expiry + self.id.len() + self.value.len()).div_ceil(UNIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"a very secret secret";

    fn item(value: &[u8]) -> Item<'_> {
        Item { id: b"rossi", revision: Revision::new(7), expiry: None, value }
    }

    fn has_part_of_secret(arena: &Arena) -> bool {
        let part_of_secret = |bytes: &[u8]| SECRET.windows(4).any(|part| part == bytes);
        arena.chunks.iter().any(|chunk| chunk.windows(4).any(part_of_secret))
    }

    #[test]
    fn what_is_removed_or_replaced_is_wiped() {
        let mut arena = Arena::default();
        let place = arena.insert(&item(SECRET)).unwrap();
        assert!(has_part_of_secret(&arena));
        arena.remove(place);
        assert!(!has_part_of_secret(&arena), "removed");

        let place = arena.insert(&item(SECRET)).unwrap();
        let place = arena.replace(place, &item(&[b'+'; 40])).unwrap();
        assert!(!has_part_of_secret(&arena), "replaced elsewhere");
        assert_eq!(arena.get(place).unwrap().value, [b'+'; 40]);

        // The longest and the shortest value of one size.
        let longest = [&[b'-'; 3][..], SECRET].concat();
        let place = arena.insert(&item(&longest)).unwrap();
        let end = arena.end;
        arena.replace(place, &item(&[b'-'; 16])).unwrap();
        assert_eq!(arena.end, end);
        assert!(!has_part_of_secret(&arena), "replaced in its place");
    }

    #[test]
    fn free_places_are_used_again() {
        let mut arena = Arena::default();
        let values = [[1; 100].as_slice(), &[2; 300], &[3; 2]];
        let mut places: Vec<Place> = (0..1000).map(|_| arena.insert(&item(values[0])).unwrap()).collect();
        let mut grown = None;
        for round in 0..30 {
            for place in &mut places {
                *place = arena.replace(*place, &item(values[round % 3])).unwrap();
            }
            if round == 2 {
                grown = Some(arena.end);
            }
        }
        assert_eq!(grown, Some(arena.end));
        assert!(arena.is_sparse());
        places.drain(..).for_each(|place| arena.remove(place));
        assert_eq!(arena.free_units, arena.free.iter().map(|(units, places)| units * places.len()).sum::<usize>());
    }

    #[test]
    fn what_is_longer_than_a_chunk_is_refused_and_changes_nothing() {
        let mut arena = Arena::default();
        let place = arena.insert(&item(SECRET)).unwrap();
        let too_long = vec![0; CHUNK_UNITS * UNIT];
        assert!(arena.insert(&item(&too_long)).is_none());
        assert!(arena.replace(place, &item(&too_long)).is_none());
        assert_eq!(arena.get(place).unwrap().value, SECRET);
        assert_eq!((arena.chunks.len(), arena.free_units), (1, 0));
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn what_is_beyond_the_reach_of_a_place_is_refused_and_changes_nothing() {
        let mut arena = Arena::default();
        let place = arena.insert(&item(SECRET)).unwrap();
        arena.end = u32::MAX as usize + 1;
        assert!(arena.insert(&item(SECRET)).is_none());
        assert!(arena.replace(place, &item(b"of another size")).is_none());
        assert!(arena.replace(place, &item(SECRET)).is_some(), "in its place there is room");
        assert_eq!(arena.get(place).unwrap().value, SECRET);
        assert_eq!((arena.chunks.len(), arena.free_units), (1, 0));
    }
}
