//! The micro:bit: the registers of its nRF51822 that the token uses (reference manual v3.0), with the hardware traits.
#![expect(unsafe_code, reason = "registers and flash are accessed by address, and sleeping is an instruction")]

use core::arch::asm;
use core::convert::Infallible;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

// Pins of port 0.
const BUTTON_A: u32 = 17;
const CS: u32 = 16;
const DIN: u32 = 21;
const CLK: u32 = 23;

/// The address of the last pages of the flash. `memory.x` keeps the program out of them.
const TOKEN_FLASH: u32 = 0x3_F400;
const TOKEN_FLASH_LEN: u32 = 3 * PAGE;
const PAGE: u32 = 1024;

// GPIO.
const OUTSET: Register = Register(0x5000_0508);
const OUTCLR: Register = Register(0x5000_050C);
const IN: Register = Register(0x5000_0510);
const PIN_CNF: u32 = 0x5000_0700;
const PIN_OUTPUT: u32 = 0b11;
const PIN_INPUT_PULLED_UP: u32 = 3 << 2;

// TIMER0.
const TIMER_START: Register = Register(0x4000_8000);
const TIMER_STOP: Register = Register(0x4000_8004);
const TIMER_CLEAR: Register = Register(0x4000_800C);
const TIMER_COMPARED: Register = Register(0x4000_8140);
const TIMER_INTENSET: Register = Register(0x4000_8304);
const TIMER_BITMODE: Register = Register(0x4000_8508);
const TIMER_PRESCALER: Register = Register(0x4000_8510);
const TIMER_COMPARE: Register = Register(0x4000_8540);

// The flash controller.
const NVMC_READY: Register = Register(0x4001_E400);
const NVMC_CONFIG: Register = Register(0x4001_E504);
const NVMC_ERASEPAGE: Register = Register(0x4001_E508);
const READ: u32 = 0;
const WRITE: u32 = 1;
const ERASE: u32 = 2;

// The processor's interrupts and reset.
const NVIC_ISER: Register = Register(0xE000_E100);
const NVIC_ICPR: Register = Register(0xE000_E280);
const TIMER_IRQ: u32 = 1 << 8;
const AIRCR: Register = Register(0xE000_ED0C);
const RESET: u32 = 0x05FA_0004;

/// The address of a register.
struct Register(u32);

impl Register {
    fn read(&self) -> u32 {
        // SAFETY: the constants above are aligned addresses of registers of this chip. Reading them has no effect on
        // memory.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    fn write(&self, value: u32) {
        // SAFETY: as in `read`. None of these registers makes the chip write to RAM, and the flash controller is used
        // only on the token's pages (`Nvmc::erase`).
        unsafe { (self.0 as *mut u32).write_volatile(value) }
    }
}

/// The parts of the token.
pub(crate) struct Board {
    pub(crate) button: Button,
    pub(crate) din: Output,
    pub(crate) clk: Output,
    pub(crate) cs: Output,
    pub(crate) timer: Timer,
    pub(crate) flash: Nvmc,
}

impl Board {
    /// Sets up the parts. Must be called once, as there is one of each.
    pub(crate) fn take() -> Self {
        Register(PIN_CNF + 4 * BUTTON_A).write(PIN_INPUT_PULLED_UP);
        let timer = Timer::new();
        Self { button: Button, din: Output::new(DIN), clk: Output::new(CLK), cs: Output::new(CS), timer, flash: Nvmc }
    }
}

/// Resets the chip.
pub(crate) fn reset() -> ! {
    AIRCR.write(RESET);
    loop {
        sleep();
    }
}

/// Sleeps until an interrupt is pending.
fn sleep() {
    // SAFETY: the instruction only waits.
    unsafe { asm!("wfi", options(nomem, nostack, preserves_flags)) }
}

/// Button A, which connects its pin to ground.
pub(crate) struct Button;

impl digital::ErrorType for Button {
    type Error = Infallible;
}

impl InputPin for Button {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(IN.read() >> BUTTON_A & 1 == 1)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

/// A pin that drives its wire.
pub(crate) struct Output(u32);

impl Output {
    fn new(pin: u32) -> Self {
        Register(PIN_CNF + 4 * pin).write(PIN_OUTPUT);
        Self(1 << pin)
    }
}

impl digital::ErrorType for Output {
    type Error = Infallible;
}

impl OutputPin for Output {
    fn set_low(&mut self) -> Result<(), Infallible> {
        OUTCLR.write(self.0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        OUTSET.write(self.0);
        Ok(())
    }
}

/// TIMER0, which counts microseconds while the processor sleeps.
pub(crate) struct Timer;

impl Timer {
    fn new() -> Self {
        // SAFETY: no code relies on interrupts. The timer's interrupt ends the sleep while masked, and needs no
        // handler.
        unsafe { asm!("cpsid i", options(nomem, nostack, preserves_flags)) }
        TIMER_BITMODE.write(3); // 32 bits
        TIMER_PRESCALER.write(4); // 16 MHz divided by 2^4
        TIMER_INTENSET.write(1 << 16); // interrupt at the value of the first compare register
        NVIC_ISER.write(TIMER_IRQ);
        Self
    }
}

impl DelayNs for Timer {
    fn delay_ns(&mut self, ns: u32) {
        self.delay_us(ns.div_ceil(1_000));
    }

    fn delay_us(&mut self, us: u32) {
        if us == 0 {
            return;
        }
        TIMER_COMPARE.write(us);
        TIMER_CLEAR.write(1);
        TIMER_START.write(1);
        while TIMER_COMPARED.read() == 0 {
            sleep();
        }
        TIMER_STOP.write(1);
        TIMER_COMPARED.write(0);
        NVIC_ICPR.write(TIMER_IRQ);
    }

    fn delay_ms(&mut self, ms: u32) {
        // 32 bits of microseconds are more than an hour.
        self.delay_us(ms.saturating_mul(1_000));
    }
}

/// The token's pages, accessed through the flash controller. The processor halts while the controller works.
pub(crate) struct Nvmc;

/// An access outside of the token's pages, or not in whole units.
#[derive(Debug)]
pub(crate) struct OutOfPlace;

impl NorFlashError for OutOfPlace {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl Nvmc {
    /// Returns the address of `len` bytes at an offset, if they lie in the token's pages and in whole units.
    fn address(offset: u32, len: usize, unit: u32) -> Result<u32, OutOfPlace> {
        let len = u32::try_from(len).map_err(|_| OutOfPlace)?;
        let end = offset.checked_add(len).ok_or(OutOfPlace)?;
        if end <= TOKEN_FLASH_LEN && offset.is_multiple_of(unit) && len.is_multiple_of(unit) {
            Ok(TOKEN_FLASH + offset)
        } else {
            Err(OutOfPlace)
        }
    }

    /// Runs `work` with the controller in this mode, and returns it to reading.
    fn allow(what: u32, work: impl FnOnce()) {
        NVMC_CONFIG.write(what);
        work();
        while NVMC_READY.read() & 1 == 0 {}
        NVMC_CONFIG.write(READ);
    }
}

impl ErrorType for Nvmc {
    type Error = OutOfPlace;
}

impl ReadNorFlash for Nvmc {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfPlace> {
        let address = Self::address(offset, bytes.len(), 1)?;
        for (at, byte) in (address..).zip(bytes) {
            // SAFETY: the address is in the token's pages, which are readable and have no references to them.
            *byte = unsafe { (at as *const u8).read_volatile() };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        TOKEN_FLASH_LEN as usize
    }
}

impl NorFlash for Nvmc {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), OutOfPlace> {
        let len = to.checked_sub(from).ok_or(OutOfPlace)?;
        let address = Self::address(from, len as usize, PAGE)?;
        for page in (address..address + len).step_by(Self::ERASE_SIZE) {
            Self::allow(ERASE, || NVMC_ERASEPAGE.write(page));
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfPlace> {
        let address = Self::address(offset, bytes.len(), 4)?;
        for (at, word) in (address..).step_by(4).zip(bytes.as_chunks::<4>().0) {
            // SAFETY: as in `read`, and the address is that of an aligned word.
            Self::allow(WRITE, || unsafe { (at as *mut u32).write_volatile(u32::from_le_bytes(*word)) });
        }
        Ok(())
    }
}
