//! The display's chip as its data sheet has it, from the levels of its wires to what a person reads.

/// The letters and digits that the token shows, by their lit segments.
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

/// The registers' addresses that are used besides those of the digits, 1 to 8.
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
    /// By [`Wire`].
    levels: [bool; 3],
    shifted: u16,
    registers: [u8; 16],
}

impl Max7219 {
    /// A wire has this level now.
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

    /// What can be read on it, from left to right; nothing while it is dark.
    pub(crate) fn shown(&self) -> Option<String> {
        if self.registers[SHUTDOWN] & 1 == 0 {
            return None;
        }
        assert_eq!(self.registers[DISPLAY_TEST], 0, "all segments are lit");
        assert_eq!((self.registers[DECODE_MODE], self.registers[SCAN_LIMIT]), (0, 7), "segments of eight digits");
        Some(self.digits())
    }

    /// What its registers hold, lit or not.
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
