use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroize;

use crate::store::Revision;
use crate::types::UnixTime;

/// A set of items side by side in chunks of memory. An item takes its bytes and a header, but no allocation of its own.
///
/// A chunk is never reallocated, because that would leave copies of secrets behind. Each is twice as long as the one
/// before, up to 64 KiB, so that the addresses of the chunks are few and stay in the processor's caches. Memory is
/// wiped when an item is removed or replaced, and when the arena is dropped.
#[derive(Default)]
pub(super) struct Arena {
    chunks: Vec<Box<[u8]>>,
    /// The first unit that was never handed out, counted from the start of the first chunk.
    end: usize,
    /// The free places, by their number of units.
    free: BTreeMap<usize, Vec<Place>>,
    free_units: usize,
}

/// The start of an item, in units from the start of the first chunk. 32 bits reach 32 GiB.
#[derive(Clone, Copy)]
pub(super) struct Place(u32);

/// An entry of the store, with its id.
///
/// Its form in memory is: the length of the id (1 byte), the length of the value (2 bytes), 1 if there is an expiry and
/// 0 otherwise (1 byte), the revision (8 bytes), the expiry if there is one (8 bytes), the id, the value, and zeros up
/// to a whole unit. Numbers are little-endian.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) id: &'a [u8],
    pub(super) revision: Revision,
    pub(super) expiry: Option<UnixTime>,
    pub(super) value: &'a [u8],
}

/// The number of bytes in a unit. An item begins at a unit, and never straddles two chunks.
const UNIT: usize = 8;
/// The number of units in the first chunk, and in the longest ones.
const FIRST_UNITS: usize = 1 << 10;
const MAX_UNITS: usize = 1 << 13;

impl Arena {
    pub(super) fn get(&self, place: Place) -> Option<Item<'_>> {
        let Position { chunk, unit, .. } = Position::of(place.0 as usize);
        let bytes = self.chunks.get(chunk)?.get(unit * UNIT..)?;
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

    /// Reads a byte in each of the first four of the processor's cache lines of an item, so that the waits for them
    /// overlap. A usual item takes no more.
    pub(super) fn touch(&self, place: Place) {
        const LINE: usize = 64;

        let Position { chunk, unit, .. } = Position::of(place.0 as usize);
        if let Some(bytes) = self.chunks.get(chunk).and_then(|chunk| chunk.get(unit * UNIT..)) {
            for line in 0..4 {
                core::hint::black_box(bytes.get(line * LINE).copied());
            }
        }
    }

    /// Returns `true` if the item at this place has this id.
    pub(super) fn holds(&self, place: Place, id: &[u8]) -> bool {
        // The value's lines are not to wait for the header, which says where the value begins.
        self.touch(place);
        self.get(place).is_some_and(|item| item.id == id)
    }

    /// Stores an item, and returns its place. Returns `None` and changes nothing if there is no room for the item.
    pub(super) fn insert(&mut self, item: &Item<'_>) -> Option<Place> {
        let place = self.take(item.units())?;
        self.write(place, item)?;
        Some(place)
    }

    /// Replaces the item at a place, and returns the place of the new item. Returns `None` as [`Self::insert`] does.
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

    /// Returns `true` if more than an eighth of the memory is free, so that moving the items together is worthwhile.
    pub(super) fn is_sparse(&self) -> bool {
        self.free_units > self.end / 8
    }

    /// Returns `true` if so much memory is free that it is worth the pause to move the items together at a write.
    pub(super) fn is_wasteful(&self) -> bool {
        const WORTHWHILE: usize = MAX_UNITS * 2;

        self.free_units > WORTHWHILE && self.is_sparse()
    }

    fn take(&mut self, units: usize) -> Option<Place> {
        if let Some(place) = self.free.get_mut(&units).and_then(Vec::pop) {
            self.free_units -= units;
            return Some(place);
        }
        let Position { chunk, len, unit } = Position::of(self.end);
        let (start, chunk, len) = if unit + units > len {
            let next = self.end - unit + len;
            (next, chunk + 1, Position::of(next).len)
        } else {
            (self.end, chunk, len)
        };
        let place = u32::try_from(start).ok().filter(|_| units <= FIRST_UNITS).map(Place)?;
        if chunk == self.chunks.len() {
            self.chunks.push(vec![0; len * UNIT].into());
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
        // The rest of the last unit may still hold the end of an earlier, longer value.
        slot.zeroize();
        Some(())
    }

    fn slot(&mut self, place: Place, units: usize) -> Option<&mut [u8]> {
        let Position { chunk, unit, .. } = Position::of(place.0 as usize);
        self.chunks.get_mut(chunk)?.get_mut(unit * UNIT..)?.get_mut(..units * UNIT)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for chunk in &mut self.chunks {
            // A slice is wiped faster than a box, which `zeroize` wipes byte by byte.
            (**chunk).zeroize();
        }
    }
}

/// The chunk of a unit, the number of units in the chunk, and the number of units in it before this one.
struct Position {
    chunk: usize,
    len: usize,
    unit: usize,
}

impl Position {
    fn of(unit: usize) -> Self {
        // With this sum, each chunk begins at a multiple of its length.
        let unit = unit + FIRST_UNITS;
        let bits = unit.ilog2().min(MAX_UNITS.ilog2());
        let chunk = (bits - FIRST_UNITS.ilog2()) as usize + (unit >> bits) - 1;
        Self { chunk, len: 1 << bits, unit: unit & ((1 << bits) - 1) }
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

        // The longest and the shortest value that take the same number of units.
        let longest = [&[b'-'; 3][..], SECRET].concat();
        let place = arena.insert(&item(&longest)).unwrap();
        let end = arena.end;
        arena.replace(place, &item(&[b'-'; 16])).unwrap();
        assert_eq!(arena.end, end);
        assert!(!has_part_of_secret(&arena), "replaced in place");
    }

    /// The tags of two ids may be the same.
    #[test]
    fn a_place_holds_the_id_of_its_item() {
        let mut arena = Arena::default();
        let place = arena.insert(&item(SECRET)).unwrap();
        assert!(arena.holds(place, b"rossi"));
        for other in [b"rossa".as_slice(), b"ross", b"rossi2", b""] {
            assert!(!arena.holds(place, other));
        }
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
    fn items_lie_in_chunks_that_double_up_to_64_kib() {
        let mut arena = Arena::default();
        let value = |n: usize| n.to_le_bytes().repeat(n % 512);
        let places: Vec<_> = (0..500).map(|n| arena.insert(&item(&value(n))).unwrap()).collect();
        for (n, place) in places.into_iter().enumerate() {
            assert_eq!(arena.get(place).unwrap().value, value(n));
        }
        let lengths: Vec<_> = arena.chunks.iter().map(|chunk| chunk.len() >> 10).collect();
        assert_eq!(lengths[..5], [8, 16, 32, 64, 64]);
        assert_eq!(lengths.last(), Some(&64));
    }

    #[test]
    fn what_is_longer_than_a_chunk_is_refused_and_changes_nothing() {
        let mut arena = Arena::default();
        let place = arena.insert(&item(SECRET)).unwrap();
        let longest = FIRST_UNITS * UNIT - Item::HEADER_LEN - b"rossi".len();
        let too_long = vec![0; longest + 1];
        assert!(arena.insert(&item(&too_long)).is_none());
        assert!(arena.replace(place, &item(&too_long)).is_none());
        assert_eq!(arena.get(place).unwrap().value, SECRET);
        assert_eq!((arena.chunks.len(), arena.free_units), (1, 0));
        assert!(arena.insert(&item(&vec![0; longest])).is_some());
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn what_is_beyond_the_reach_of_a_place_is_refused_and_changes_nothing() {
        let mut arena = Arena::default();
        let place = arena.insert(&item(SECRET)).unwrap();
        arena.end = u32::MAX as usize + 1;
        assert!(arena.insert(&item(SECRET)).is_none());
        assert!(arena.replace(place, &item(b"of another size")).is_none());
        assert!(arena.replace(place, &item(SECRET)).is_some(), "an item of the same size needs no new place");
        assert_eq!(arena.get(place).unwrap().value, SECRET);
        assert_eq!((arena.chunks.len(), arena.free_units), (1, 0));
    }
}
