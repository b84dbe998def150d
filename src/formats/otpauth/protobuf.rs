//! A reader and a writer of the wire format of Protocol Buffers, for the two messages of an export.
//!
//! This is less code than a dependency with generated code, and it is stricter. A general reader lets the last of two
//! values win, and skips a known field that has another type.

use alloc::vec::Vec;

/// A sequence of bytes, with its position in the payload.
#[derive(Clone, Copy)]
pub(super) struct Slice<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    pub(super) offset: usize,
    value: Value<'a>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(Slice<'a>),
    /// A value of a wire type that no known field has.
    Other,
}

/// The offset of a field that has a broken encoding, occurs twice, or has the wrong type.
#[derive(Clone, Copy)]
pub(super) struct Malformed(pub(super) usize);

impl<'a> Field<'a> {
    /// Returns the value of an `int32`, an `int64` or an enumeration. All of them are encoded as 64 bits.
    pub(super) fn number(&self) -> Result<i64, Malformed> {
        match self.value {
            Value::Number(bits) => Ok(bits.cast_signed()),
            Value::Bytes(_) | Value::Other => Err(Malformed(self.offset)),
        }
    }

    /// Returns the content of a `string`, a `bytes` or a message.
    pub(super) fn bytes(&self) -> Result<Slice<'a>, Malformed> {
        match self.value {
            Value::Bytes(slice) => Ok(slice),
            Value::Number(_) | Value::Other => Err(Malformed(self.offset)),
        }
    }
}

/// The fields of a message that occur at most once, indexed by numbers below `N`. An absent field has its default.
pub(super) struct Fields<'a, const N: usize>([Option<Field<'a>>; N]);

impl<'a, const N: usize> Fields<'a, N> {
    pub(super) const fn new() -> Self {
        Self([None; N])
    }

    /// Adds a field, or returns `false` if its number is not below `N`. A second field of a number is an error.
    pub(super) fn insert(&mut self, field: Field<'a>) -> Result<bool, Malformed> {
        let slot = usize::try_from(field.number).ok().and_then(|number| self.0.get_mut(number));
        match slot.map(|slot| slot.replace(field)) {
            Some(Some(_)) => Err(Malformed(field.offset)),
            Some(None) => Ok(true),
            None => Ok(false),
        }
    }

    pub(super) fn number(&self, number: usize) -> Result<i64, Malformed> {
        self.get(number).map_or(Ok(0), Field::number)
    }

    pub(super) fn bytes(&self, number: usize) -> Result<&'a [u8], Malformed> {
        self.get(number).map_or(Ok(&[][..]), |field| field.bytes().map(|slice| slice.bytes))
    }

    fn get(&self, number: usize) -> Option<&Field<'a>> {
        self.0.get(number)?.as_ref()
    }
}

/// Returns the fields of a message in order, up to and including the first broken one.
pub(super) fn fields(message: Slice<'_>) -> impl Iterator<Item = Result<Field<'_>, Malformed>> {
    let mut rest = message;
    core::iter::from_fn(move || {
        let offset = rest.offset;
        let broken = || (Err(Malformed(offset)), Slice { bytes: &[], offset });
        let (field, after) = match rest.bytes {
            [] => return None,
            _ => field(rest).map_or_else(broken, |(field, after)| (Ok(field), after)),
        };
        rest = after;
        Some(field)
    })
}

fn field(message: Slice<'_>) -> Option<(Field<'_>, Slice<'_>)> {
    const MAX_NUMBER: u32 = (1 << 29) - 1;
    let (tag, rest) = varint(message)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| (1..=MAX_NUMBER).contains(number))?;
    let (value, rest) = match tag & 7 {
        0 => varint(rest).map(|(bits, rest)| (Value::Number(bits), rest))?,
        1 => (Value::Other, split(rest, 8)?.1),
        2 => {
            let (length, rest) = varint(rest)?;
            let (slice, rest) = split(rest, usize::try_from(length).ok()?)?;
            (Value::Bytes(slice), rest)
        }
        5 => (Value::Other, split(rest, 4)?.1),
        _ => return None,
    };
    Some((Field { number, offset: message.offset, value }, rest))
}

/// Reads an integer of seven bits per byte, lowest bits first. Returns it with the bytes after it.
fn varint(from: Slice<'_>) -> Option<(u64, Slice<'_>)> {
    let last = from.bytes.iter().position(|byte| *byte < 0x80)?;
    let (digits, rest) = split(from, last + 1)?;
    let value = digits
        .bytes
        .iter()
        .rev()
        .try_fold(0_u64, |value, byte| (value <= u64::MAX >> 7).then_some(value << 7 | u64::from(byte & 0x7f)))?;
    (digits.bytes.len() <= 10).then_some((value, rest))
}

fn split(slice: Slice<'_>, at: usize) -> Option<(Slice<'_>, Slice<'_>)> {
    let (before, after) = slice.bytes.split_at_checked(at)?;
    Some((Slice { bytes: before, offset: slice.offset }, Slice { bytes: after, offset: slice.offset + at }))
}

/// The maximum number of bytes of a field besides its content, for a field number below 16.
pub(super) const OVERHEAD: usize = 11;

pub(super) fn push_number(message: &mut Vec<u8>, field: u8, value: u64) {
    message.push(field << 3);
    push_varint(message, value);
}

pub(super) fn push_bytes(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    message.push(field << 3 | 2);
    push_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn push_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    message.push(value.to_le_bytes()[0]);
}
