//! The display's chip according to its data sheet, from the levels of its wires to the text that a person reads.

/// The characters that the token shows, with their lit segments.
const FONT: [(&str, char); 13] = [
    ("", ' '),
    ("ABCDEF", '0'),
    ("BC", '1'),
    ("ABDEG", '2'),
    ("ABCDG", '3'),
    ("BCFG", '4'),
    ("ACDFG", '5'),
    ("ACDEFG", '6'),
    ("ABC", '7'),
    ("ABCDEFG", '8'),
    ("ABCDFG", '9'),
    ("ADEFG", 'E'),
    ("EG", 'r'),
];

// The addresses of the registers in use, besides those of the digits, which are 1 to 8.
const DECODE_MODE: usize = 0x9;
const SCAN_LIMIT: usize = 0xb;
const SHUTDOWN: usize = 0xc;
const DISPLAY_TEST: usize = 0xf;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Din,
    Clk,
    Cs,
}

#[derive(Debug, Default)]
pub(crate) struct Max7219 {
    /// The levels of the wires, indexed by [`Wire`].
    levels: [bool; 3],
    shifted: u16,
    registers: [u8; 16],
}

impl Max7219 {
    /// Sets the level of a wire.
    pub(crate) fn set(&mut self, wire: Wire, level: bool) {
        let rises = level && !self.levels[wire as usize];
        self.levels[wire as usize] = level;
        match wire {
            Wire::Clk if rises => self.shifted = self.shifted << 1 | u16::from(self.levels[Wire::Din as usize]),
            Wire::Cs if rises => {
                let [address, data] = self.shifted.to_be_bytes();
                self.registers[usize::from(address & 0xf)] = data;
            }
            _ => {}
        }
    }

    /// Returns the text on the display, from left to right, or `None` while it is dark.
    pub(crate) fn shown(&self) -> Option<String> {
        if self.registers[SHUTDOWN] & 1 == 0 {
            return None;
        }
        assert_eq!(self.registers[DISPLAY_TEST], 0, "all segments are lit");
        assert_eq!((self.registers[DECODE_MODE], self.registers[SCAN_LIMIT]), (0, 7), "segments of eight digits");
        Some(self.digits())
    }

    /// Returns the text in the registers, lit or not.
    pub(crate) fn digits(&self) -> String {
        self.registers[1..=8].iter().rev().map(|segments| letter(*segments)).collect()
    }
}

fn letter(segments: u8) -> char {
    let lit: String =
        ('A'..='G').enumerate().filter(|(n, _)| segments << (n + 1) & 0x80 != 0).map(|(_, name)| name).collect();
    let known = FONT.iter().find(|(letter, _)| *letter == lit && segments & 0x80 == 0);
    known.unwrap_or_else(|| panic!("segments {lit} are no letter")).1
}
