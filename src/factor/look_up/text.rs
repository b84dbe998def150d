//! The text form of recovery codes.
//!
//! A code is a number of random symbols and a check symbol. The symbols are the elements of the field of 32 elements,
//! whose generator `a` is a root of `x^5 + x^2 + 1`. The symbols are the coefficients of a polynomial, the last one
//! that of 1, and the check symbol makes `a` a root of it. Each symbol has a weight of its own, since the order of `a`
//! is 31. A single wrong symbol and two symbols that are swapped therefore never leave a valid code, wherever they are.

use cmov::{Cmov, CmovEq};
use zeroize::Zeroizing;

use crate::ct::declassify::public;
use crate::types::{MalformedCode, for_each_character};

/// The symbols in the order of their values: the digits, and the letters without I, L, O and U (Crockford's base32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The letters that are read as digits.
const LOOKALIKES: [(u8, u8); 3] = [(b'I', 1), (b'L', 1), (b'O', 0)];

/// The maximum number of characters of a code with its check symbol.
pub(super) const MAX_LEN: usize = 31;

/// A recovery code as a claimant submitted it, without separators and in upper case. Full-width letters, and the digits
/// that a [`SubmittedCode`](crate::SubmittedCode) may have, are ASCII ones here.
///
/// Of a text that is longer than [`Self::MAX_LEN`] bytes, only the length is kept.
pub(crate) struct Entered {
    characters: Zeroizing<[u8; Self::MAX_LEN]>,
    len: usize,
}

impl Entered {
    /// The maximum length in bytes of a text that is read, which bounds the work that a hostile text causes.
    pub(crate) const MAX_LEN: usize = 64;

    /// Reads the text that a claimant submitted.
    pub(crate) fn new(text: &str) -> Self {
        let mut entered = Self { characters: Zeroizing::new([0; Self::MAX_LEN]), len: 0 };
        if text.len() > Self::MAX_LEN {
            entered.len = text.len();
            return entered;
        }
        for_each_character(text, |_, character| {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                if let Some(slot) = entered.characters.get_mut(entered.len) {
                    *slot = byte.to_ascii_uppercase();
                }
                entered.len += 1;
            }
        });
        entered
    }

    /// Returns the number of characters in bytes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the characters as text, to recognize it when it is submitted again. It is empty if the text is too long.
    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(self.characters()).unwrap_or_default()
    }

    /// Returns the characters. There are none if the text is too long.
    pub(super) fn characters(&self) -> &[u8] {
        self.characters.get(..self.len).unwrap_or_default()
    }

    /// Returns the canonical characters of a code of `len` characters, whose last one is the check symbol.
    pub(super) fn checked(&self, len: usize) -> Result<Zeroizing<[u8; MAX_LEN]>, MalformedCode> {
        if self.len != len {
            return Err(MalformedCode::RecoveryLength { expected: len, found: self.len });
        }
        let mut canonical = Zeroizing::new([0; MAX_LEN]);
        let mut remainder = 0;
        for (position, (slot, character)) in canonical.iter_mut().zip(self.characters()).enumerate() {
            let (symbol, is_symbol) = symbol(*character);
            if !public(is_symbol != 0) {
                return Err(MalformedCode::RecoveryCharacter { position });
            }
            *slot = character_of(symbol);
            remainder = times_generator(remainder) ^ symbol;
        }
        if public(remainder != 0) { Err(MalformedCode::RecoveryCheck) } else { Ok(canonical) }
    }
}

/// Writes the characters of a code: one for each random byte, and the check symbol last.
///
/// There must be one slot more than random bytes.
pub(super) fn write(code: &mut [u8], random: &[u8]) {
    let Some((check, symbols)) = code.split_last_mut() else { return };
    let mut remainder = 0;
    for (slot, random) in symbols.iter_mut().zip(random) {
        let symbol = random & 31;
        *slot = character_of(symbol);
        remainder = times_generator(remainder) ^ symbol;
    }
    *check = character_of(times_generator(remainder));
}

/// Returns the product of an element and the generator.
const fn times_generator(element: u8) -> u8 {
    (element << 1) ^ ((element >> 4) * 0b10_0101)
}

/// Returns the character of a symbol, without an address that depends on it.
fn character_of(symbol: u8) -> u8 {
    let mut character = 0;
    for (value, candidate) in (0..).zip(ALPHABET) {
        let mut is_same = 0;
        symbol.cmoveq(&value, 1, &mut is_same);
        character.cmovnz(candidate, is_same);
    }
    character
}

/// Returns the symbol of a character in upper case, and 1 if there is one, without an address that depends on it.
fn symbol(character: u8) -> (u8, u8) {
    let (mut symbol, mut is_symbol) = (0, 0);
    let symbols = ALPHABET.iter().copied().zip(0..);
    for (candidate, value) in symbols.chain(LOOKALIKES) {
        let mut is_same = 0;
        character.cmoveq(&candidate, 1, &mut is_same);
        symbol.cmovnz(&value, is_same);
        is_symbol |= is_same;
    }
    (symbol, is_symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(characters: &[u8]) -> Result<(), MalformedCode> {
        let text = core::str::from_utf8(characters).unwrap();
        Entered::new(text).checked(characters.len()).map(drop)
    }

    const ISSUED: [usize; 2] = [17, 25];

    /// Returns a code whose symbols are these numbers and the check symbol.
    fn code(symbols: &[u8]) -> Vec<u8> {
        let mut code = vec![0; symbols.len() + 1];
        write(&mut code, symbols);
        assert_eq!(check(&code), Ok(()));
        code
    }

    #[test]
    fn every_single_substitution_is_caught() {
        for len in ISSUED {
            for symbol in 0..32 {
                let code = code(&vec![symbol; len - 1]);
                for (at, other) in (0..len).flat_map(|at| ALPHABET.iter().map(move |other| (at, *other))) {
                    let mut typed = code.clone();
                    typed[at] = other;
                    let expected = if other == code[at] { Ok(()) } else { Err(MalformedCode::RecoveryCheck) };
                    assert_eq!(check(&typed), expected);
                }
            }
        }
    }

    /// Swaps all pairs of symbols at all pairs of neighbors, and some pairs of symbols at all other pairs of places.
    #[test]
    fn every_transposition_is_caught() {
        for len in ISSUED {
            for (at, with) in (0..len).flat_map(|at| (at + 1..len).map(move |with| (at, with))) {
                for (first, second) in (0..32).flat_map(|first| (0..32).map(move |second| (first, second))) {
                    if with > at + 1 && second != first ^ 0x15 {
                        continue;
                    }
                    let mut symbols = vec![9; len - 1];
                    symbols[at] = first;
                    // The last place has the check symbol.
                    if let Some(symbol) = symbols.get_mut(with) {
                        *symbol = second;
                    }
                    let mut typed = code(&symbols);
                    let is_same = typed[at] == typed[with];
                    typed.swap(at, with);
                    assert_eq!(check(&typed).is_ok(), is_same);
                }
            }
        }
    }

    #[test]
    fn lookalikes_and_lower_case_are_read() {
        let canonical = |text: &str| Entered::new(text).checked(17).map(|canonical| canonical[..17].to_vec());
        let mut code = [0; 17];
        write(&mut code, &[1, 0, 1, 0, 31, 30, 20, 10, 1, 0, 1, 0, 31, 30, 20, 10]);
        let text = core::str::from_utf8(&code).unwrap().to_owned();
        let spelled = text.replacen('1', "I", 1).replacen('1', "l", 1).replacen('0', "o", 1).replacen('0', "O", 1);
        let spelled = format!("{}-{} ", &spelled[..4], &spelled[4..]).to_lowercase();
        assert_ne!(spelled, text);
        assert_eq!(canonical(&spelled).unwrap(), code);
        let full_width: String = spelled
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { char::from_u32(u32::from(c) + 0xfee0).unwrap() } else { c })
            .collect();
        assert_eq!(canonical(&format!("\u{feff}{full_width}\r\n")).unwrap(), code);
        assert_eq!(canonical("").unwrap_err(), MalformedCode::RecoveryLength { expected: 17, found: 0 });
        let with_u = text.replace('Z', "U");
        let position = text.find('Z').unwrap();
        assert_eq!(canonical(&with_u).unwrap_err(), MalformedCode::RecoveryCharacter { position });
        assert_eq!(Entered::new(&"0".repeat(65)).characters(), b"");
    }
}
