//! A simulated person, who presses the token's button at given times and reads its display.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::ops::Range;
use std::rc::Rc;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin, OutputPin};
use max7219::MAX7219;
use token::{Error, SHOWN_MS, Token};

use crate::flash::Flash;
use crate::max7219::{Max7219, Wire};

/// The time from one press to the next, in milliseconds.
pub(crate) const PAUSE: u64 = SHOWN_MS as u64 + 1_000;

/// A text on the display, and the time in milliseconds from which and to which it was shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// The events from power on to power off.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) shown: Vec<Shown>,
    /// The result of each press that was served.
    pub(crate) served: Vec<Result<(), Error>>,
    /// The digits that the display's chip still holds at the end.
    pub(crate) left: String,
}

impl Session {
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.shown.iter().map(|shown| shown.text.as_str()).collect()
    }
}

/// Presses the button `times` times, each for 150 ms.
pub(crate) fn press<const PAGE: usize>(flash: &mut Flash<PAGE>, times: u64) -> Session {
    let presses: Vec<_> = (0..times).map(|n| n * PAUSE + 100..n * PAUSE + 250).collect();
    use_token(flash, &presses, times * PAUSE + 100)
}

/// Uses the token while the button is pressed in these ranges of milliseconds.
///
/// The power goes off at `end` if the flash has not cut it before.
pub(crate) fn use_token<const PAGE: usize>(flash: &mut Flash<PAGE>, presses: &[Range<u64>], end: u64) -> Session {
    let power = flash.power_on();
    let world =
        Rc::new(World { power, now: Cell::new(0), presses: presses.to_vec(), end, display: RefCell::default() });
    let wire = |wire| Pin(Rc::clone(&world), wire);
    let display = MAX7219::from_pins(1, wire(Wire::Din), wire(Wire::Cs), wire(Wire::Clk)).unwrap();
    let mut token = Token::new(Button(Rc::clone(&world)), display, Clock(Rc::clone(&world)), flash);
    let mut served = Vec::new();
    loop {
        let result = token.serve();
        if !world.power.get() {
            break;
        }
        served.push(result);
    }
    let mut display = world.display.take();
    // A text that was lit when the power went off was seen as well.
    display.end(world.now_ms().min(end));
    Session { shown: display.shown, served, left: display.chip.digits() }
}

struct World {
    /// The power. Nothing counts after it goes off.
    power: Rc<Cell<bool>>,
    /// The time in nanoseconds.
    now: Cell<u64>,
    presses: Vec<Range<u64>>,
    end: u64,
    display: RefCell<Display>,
}

impl World {
    fn now_ms(&self) -> u64 {
        self.now.get() / 1_000_000
    }
}

#[derive(Default)]
struct Display {
    chip: Max7219,
    showing: Option<(String, u64)>,
    shown: Vec<Shown>,
}

impl Display {
    fn look(&mut self, now: u64) {
        let text = self.chip.shown();
        if self.showing.as_ref().map(|(text, _)| text) != text.as_ref() {
            self.end(now);
            self.showing = text.map(|text| (text, now));
        }
    }

    fn end(&mut self, now: u64) {
        if let Some((text, from)) = self.showing.take() {
            self.shown.push(Shown { text, from, to: now });
        }
    }
}

struct Clock(Rc<World>);

impl DelayNs for Clock {
    fn delay_ns(&mut self, ns: u32) {
        let world = &self.0;
        world.now.set(world.now.get() + u64::from(ns));
        if world.now_ms() >= world.end {
            world.power.set(false);
        }
    }
}

struct Button(Rc<World>);

impl digital::ErrorType for Button {
    type Error = digital::ErrorKind;
}

impl InputPin for Button {
    fn is_low(&mut self) -> Result<bool, digital::ErrorKind> {
        if self.0.power.get() {
            Ok(self.0.presses.iter().any(|press| press.contains(&self.0.now_ms())))
        } else {
            Err(digital::ErrorKind::Other)
        }
    }

    fn is_high(&mut self) -> Result<bool, digital::ErrorKind> {
        self.is_low().map(|low| !low)
    }
}

struct Pin(Rc<World>, Wire);

impl digital::ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.set(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.set(true);
        Ok(())
    }
}

impl Pin {
    fn set(&self, level: bool) {
        if self.0.power.get() {
            let mut display = self.0.display.borrow_mut();
            display.chip.set(self.1, level);
            if self.1 == Wire::Cs {
                display.look(self.0.now_ms());
            }
        }
    }
}
