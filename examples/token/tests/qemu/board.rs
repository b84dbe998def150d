//! QEMU's micro:bit with the firmware, wired to a button and to a display.
//!
//! QEMU's test protocol sets the levels of pins, reports each level that the firmware sets, and reads the flash. Time
//! in the machine is counted in instructions and skips ahead while the processor sleeps, so the tests do not wait for
//! the display to go dark.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::gdb::Gdb;
use crate::max7219::{Max7219, Wire};

/// A time limit that is longer than any step takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The addresses of the token's pages: the one of the secret, and those of the log.
pub(crate) const TOKEN_FLASH: Range<u32> = 0x3_F400..0x4_0000;
pub(crate) const PAGE: usize = 1024;

/// Two registers of the flash controller. The firmware writes to the first one before and after each word and each
/// page, and to the second one to erase a page.
const NVMC: Range<u32> = 0x4001_E504..0x4001_E50C;

/// The register of the timer that the firmware sets before each time it reads the button.
const TIMER_COMPARE: Range<u32> = 0x4000_8540..0x4000_8544;
/// A number of reads of the button that is enough to find it steady.
const LOOKS: u32 = 25;

const BUTTON_A: u32 = 17;
const WIRES: [(u32, Wire); 3] = [(16, Wire::Cs), (21, Wire::Din), (23, Wire::Clk)];

/// A running micro:bit.
pub(crate) struct Board {
    qemu: Child,
    gdb: Gdb,
    qtest: UnixStream,
    lines: Receiver<String>,
    display: Max7219,
    showing: Option<String>,
    /// Every text that the display showed, in order.
    shown: Vec<String>,
    _directory: TempDir,
}

impl Board {
    /// Switches the power on, with these contents of the token's pages.
    pub(crate) fn start(flash: &[u8]) -> Self {
        let firmware = env::var_os("TOKEN_FIRMWARE").expect("examples/token/run builds the firmware and names it");
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        fs::write(path("flash"), flash).unwrap();
        let [gdb, qtest] = ["gdb", "qtest"].map(|name| UnixListener::bind(path(name)).unwrap());
        let qemu = Command::new("qemu-system-arm")
            .args(["-M", "microbit", "-display", "none", "-monitor", "none", "-serial", "none", "-no-reboot", "-S"])
            .args(["-accel", "tcg", "-icount", "shift=0,sleep=off"])
            .arg("-kernel")
            .arg(firmware)
            .args(["-device", &format!("loader,file={},addr={:#x},force-raw=on", path("flash"), TOKEN_FLASH.start)])
            .args(["-gdb", &format!("unix:{}", path("gdb"))])
            .args(["-qtest", &format!("unix:{}", path("qtest")), "-qtest-log", "none"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("qemu-system-arm is installed");
        let gdb = Gdb::new(connection(&gdb));
        let qtest = connection(&qtest);
        let (sender, lines) = mpsc::channel();
        let reader = BufReader::new(qtest.try_clone().unwrap());
        // QEMU blocks if its output is not read.
        thread::spawn(move || reader.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut board = Self {
            qemu,
            gdb,
            qtest,
            lines,
            display: Max7219::default(),
            showing: None,
            shown: Vec::new(),
            _directory: directory,
        };
        board.command("irq_intercept_out /machine/nrf51");
        board.hold_button(false);
        board.gdb.resume();
        board
    }

    /// Presses and releases the button, and returns the text that the display shows until it is dark again.
    pub(crate) fn press(&mut self) -> String {
        let before = self.shown.len();
        self.start_press();
        assert!(self.look_until(|board| board.showing.is_some()), "a press shows something");
        self.hold_button(false);
        let is_dark = |board: &Self| board.showing.is_none() && board.display.digits().trim().is_empty();
        assert!(self.look_until(is_dark), "the display goes dark and is wiped");
        assert_eq!(self.shown.len(), before + 1, "one press, one code: {:?}", self.shown);
        self.shown[before].clone()
    }

    /// Presses the button and holds it.
    pub(crate) fn start_press(&mut self) {
        self.wait_for_release();
        self.hold_button(true);
        self.gdb.resume();
    }

    /// Presses the button and waits until the firmware has written `writes` times to the flash controller.
    pub(crate) fn press_until_write(&mut self, writes: usize) {
        self.wait_for_release();
        self.hold_button(true);
        for _ in 0..writes {
            self.gdb.run_until_write(&NVMC);
        }
    }

    /// Waits until the firmware has seen that the button is not pressed, and stops the processor.
    fn wait_for_release(&mut self) {
        self.gdb.interrupt();
        for _ in 0..LOOKS {
            self.gdb.run_until_write(&TIMER_COMPARE);
        }
    }

    /// Cuts the power. Returns the contents of the flash and all texts that were shown until then.
    pub(crate) fn cut(mut self) -> (Vec<u8>, Vec<String>) {
        let read = self.command(&format!("read {:#x} {:#x}", TOKEN_FLASH.start, TOKEN_FLASH.len()));
        self.qemu.kill().unwrap();
        let digits = read.strip_prefix("OK 0x").expect("the flash as hexadecimal digits").as_bytes();
        let flash = digits.chunks(2).map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 16).unwrap());
        (flash.collect(), std::mem::take(&mut self.shown))
    }

    fn hold_button(&mut self, pressed: bool) {
        self.command(&format!("set_irq_in /machine/nrf51 unnamed-gpio-in {BUTTON_A} {}", u8::from(!pressed)));
    }

    /// Sends a command and returns its answer. Levels of pins that are reported before the answer were set before it.
    fn command(&mut self, command: &str) -> String {
        writeln!(self.qtest, "{command}").unwrap();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("QEMU answers");
            if !self.take_level(&line) {
                assert!(line.starts_with("OK"), "{command}: {line}");
                return line;
            }
        }
    }

    /// Returns `true` if the condition becomes true before [`PATIENCE`] ends.
    fn look_until(&mut self, done: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => assert!(self.take_level(&line), "{line}"),
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => panic!("QEMU has ended: the firmware has panicked"),
            }
        }
        true
    }

    /// Takes the level of a pin from a line of QEMU. Returns `true` if the line has one.
    fn take_level(&mut self, line: &str) -> bool {
        let Some((level, pin)) = line.strip_prefix("IRQ ").and_then(|line| line.split_once(' ')) else { return false };
        let pin: u32 = pin.parse().unwrap();
        if let Some((_, wire)) = WIRES.into_iter().find(|(number, _)| *number == pin) {
            self.display.set(wire, level == "raise");
            let showing = self.display.shown();
            if showing.is_some() && showing != self.showing {
                self.shown.extend(showing.clone());
            }
            self.showing = showing;
        }
        true
    }
}

/// Accepts QEMU's connection.
fn connection(listener: &UnixListener) -> UnixStream {
    listener.set_nonblocking(true).unwrap();
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match listener.accept() {
            Ok((stream, _)) => return stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(5)),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("QEMU does not start");
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}
