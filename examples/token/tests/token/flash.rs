//! Simulated flash, which can lose power at a chosen step and can be worn.

use std::cell::Cell;
use std::rc::Rc;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The number of bytes in the unit of writing, as on the nRF51.
const WORD: usize = 4;

/// Flash of three pages with `PAGE` bytes each. A step is a word written or a page erased.
pub(crate) struct Flash<const PAGE: usize> {
    bits: Vec<u8>,
    /// Bits that an interrupted step has left between 0 and 1. They read differently each time.
    unsettled: Vec<u8>,
    random: StdRng,
    power: Rc<Cell<bool>>,
    pub(crate) steps: usize,
    pub(crate) cut_at: Option<usize>,
    pub(crate) wear: Wear,
    /// The number of erasures of each page.
    pub(crate) erasures: [usize; 3],
    /// The number of writes to each word since it was erased.
    written: Vec<u8>,
}

/// The wear of the flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wear {
    No,
    /// The flash cannot be written or erased, and returns an error.
    Told,
    /// Some bits cannot be written, and the flash returns no error.
    Silent,
}

#[derive(Debug)]
pub(crate) struct Failed;

impl NorFlashError for Failed {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl<const PAGE: usize> Flash<PAGE> {
    pub(crate) fn blank(seed: u64) -> Self {
        Self {
            bits: vec![0xff; 3 * PAGE],
            unsettled: vec![0; 3 * PAGE],
            random: StdRng::seed_from_u64(seed),
            power: Rc::default(),
            steps: 0,
            cut_at: None,
            wear: Wear::No,
            erasures: [0; 3],
            written: vec![0; 3 * PAGE / WORD],
        }
    }

    /// Switches the power on. It goes off again at the step `cut_at`.
    pub(crate) fn power_on(&mut self) -> Rc<Cell<bool>> {
        self.power = Rc::new(Cell::new(true));
        Rc::clone(&self.power)
    }

    /// Flips a bit, which neither writing nor erasing does.
    pub(crate) fn flip(&mut self, bit: usize) {
        self.bits[bit / 8] ^= 1 << (bit % 8);
    }

    pub(crate) fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// Counts a step. Returns `true` if the power stays on during it.
    fn step(&mut self) -> bool {
        self.steps += 1;
        self.power.set(self.cut_at.is_none_or(|cut| self.steps <= cut));
        self.power.get()
    }

    /// Leaves each bit that an interrupted step was about to change as before, changed, or unsettled.
    fn interrupt(&mut self, at: usize, changing: u8, after: u8) {
        // The step had no effect, its full effect, or any mixture.
        let [changed, unsettled] = match self.random.random_range(0..4) {
            0 => [0, 0],
            1 => [0xff, 0],
            _ => self.random.random(),
        };
        let changed = changing & changed;
        self.bits[at] = self.bits[at] & !changed | after & changed;
        self.unsettled[at] = self.unsettled[at] & !changed | changing & unsettled & !changed;
    }
}

impl<const PAGE: usize> ErrorType for Flash<PAGE> {
    type Error = Failed;
}

impl<const PAGE: usize> ReadNorFlash for Flash<PAGE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Failed> {
        for (at, byte) in (offset as usize..).zip(bytes) {
            *byte = self.bits[at] ^ self.unsettled[at] & self.random.random::<u8>();
        }
        if self.power.get() { Ok(()) } else { Err(Failed) }
    }

    fn capacity(&self) -> usize {
        self.bits.len()
    }
}

impl<const PAGE: usize> NorFlash for Flash<PAGE> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Failed> {
        let (from, to) = (from as usize, to as usize);
        assert!(from.is_multiple_of(PAGE) && to == from + PAGE, "one page at a time: {from} to {to}");
        if self.wear != Wear::No || !self.power.get() {
            return Err(Failed);
        }
        self.erasures[from / PAGE] += 1;
        self.written[from / WORD..to / WORD].fill(0);
        if self.step() {
            self.bits[from..to].fill(0xff);
            self.unsettled[from..to].fill(0);
            return Ok(());
        }
        // Many chips write all bits to 0 before they set them to 1.
        let after = self.random.random();
        for at in from..to {
            let after = if after { 0xff } else { self.random.random() };
            self.interrupt(at, 0xff, after);
        }
        Err(Failed)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Failed> {
        let offset = offset as usize;
        assert!(offset.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD), "whole words: {offset}");
        if self.wear == Wear::Told || !self.power.get() {
            return Err(Failed);
        }
        for (word, bytes) in (offset / WORD..).zip(bytes.chunks_exact(WORD)) {
            self.written[word] += 1;
            // The nRF51 allows two writes. The token needs the second if the first was interrupted.
            assert!(self.written[word] <= 2, "word {word} is written too often");
            let whole = self.step();
            for (at, byte) in (word * WORD..).zip(bytes) {
                if self.wear == Wear::Silent {
                    self.bits[at] &= byte | 1;
                } else if whole {
                    self.bits[at] &= byte;
                    self.unsettled[at] &= byte;
                } else {
                    self.interrupt(at, !byte & (self.bits[at] | self.unsettled[at]), *byte);
                }
            }
            if !whole {
                return Err(Failed);
            }
        }
        Ok(())
    }
}
