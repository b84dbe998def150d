//! The reading of codes that people type and paste: which characters are separators, and which stand for others.
//!
//! A text that is one code in Unicode's compatibility form (NFKC) is that code. Input methods write full-width digits,
//! and the clipboard brings line breaks, no-break spaces and marks of no width. A person cannot see that these differ
//! from what the page asks for, so refusing them only costs a login. It is safe, because no text can be read as two
//! codes, and because codes are compared as numbers: another spelling of a used code is the used code.
//!
//! Digits of other scripts stay refused. They have no compatibility form, and a page that shows them can convert them.

use crate::ct::declassify::public;
use crate::ct::division::{quotient, remainder};

/// Calls `each` with every character that is no separator, in its ASCII form if it has one, and with the position in
/// bytes at which it begins.
///
/// Separators are white space, hyphens and dashes, and marks of no width. A circled number is one or two digits. Of an
/// ASCII text, only the places of separators and of letters decide the time, and not which digits it has.
#[inline]
pub(crate) fn for_each_character(text: &str, mut each: impl FnMut(usize, char)) {
    for (position, byte) in text.bytes().enumerate() {
        if public(byte >= 0x80) {
            let rest = text.get(position..).unwrap_or_default();
            return for_each_of_unicode(rest, |place, character| each(position + place, character));
        }
        // Every separator is below the digits.
        let is_separator = public(byte < b'0')
            && (public(byte == b' ') || public(byte == b'-') || public(byte.wrapping_sub(b'\t') < 5));
        if !is_separator {
            each(position, char::from(byte));
        }
    }
}

fn for_each_of_unicode(text: &str, mut each: impl FnMut(usize, char)) {
    for (position, character) in text.char_indices().filter(|(_, character)| !is_separator(*character)) {
        match Compatible::of(character) {
            Compatible::Itself => each(position, character),
            Compatible::One(ascii) => each(position, ascii.into()),
            Compatible::Two(digits) => digits.iter().for_each(|digit| each(position, (*digit).into())),
        }
    }
}

fn is_separator(character: char) -> bool {
    let is_dash = matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}');
    let has_no_width = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    );
    character.is_whitespace() || is_dash || has_no_width
}

/// The ASCII form of a character in NFKC.
enum Compatible {
    Itself,
    One(u8),
    Two([u8; 2]),
}

/// Runs of characters whose compatibility forms are consecutive numbers: the first character, its number, and the
/// count. The full-width digits come first, since they are typed.
const NUMBERS: [(u32, u32, u32); 17] = [
    (0xff10, 0, 10),
    (0xb2, 2, 2),
    (0xb9, 1, 1),
    (0x2070, 0, 1),
    (0x2074, 4, 6),
    (0x2080, 0, 10),
    (0x2460, 1, 20),
    (0x24ea, 0, 1),
    (0x3251, 21, 15),
    (0x32b1, 36, 15),
    (0x1_ccf0, 0, 10),
    (0x1_d7ce, 0, 10),
    (0x1_d7d8, 0, 10),
    (0x1_d7e2, 0, 10),
    (0x1_d7ec, 0, 10),
    (0x1_d7f6, 0, 10),
    (0x1_fbf0, 0, 10),
];

impl Compatible {
    /// Returns the form of a character. Of letters, only full-width ones have one: no keyboard writes the others.
    fn of(character: char) -> Self {
        let code_point = u32::from(character);
        if let 'Ａ'..='Ｚ' | 'ａ'..='ｚ' = character {
            let [.., low] = code_point.to_be_bytes();
            return Self::One(low + 0x20);
        }
        for (first, number, count) in NUMBERS {
            let at = code_point.wrapping_sub(first);
            if at < count {
                return Self::number(number + at);
            }
        }
        Self::Itself
    }

    /// Returns the digits of a number below 100.
    fn number(number: u32) -> Self {
        let number = number.into();
        let [tens, ones] = [quotient::<10>(number), remainder::<10>(number)].map(|digit| digit.to_le_bytes()[0] + b'0');
        if tens == b'0' { Self::One(ones) } else { Self::Two([tens, ones]) }
    }
}
