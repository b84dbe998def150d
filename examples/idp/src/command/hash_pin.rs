//! The hash of a PIN, for a table `[[handover]]` of the configuration.

use std::io::{self, IsTerminal, Read, Stdin};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::outage::Failure;
use crate::person::hash;

/// The shortest PIN, of which patient guessing finds one in many years, and the longest line.
const MIN_CHARS: usize = 6;
const MAX_BYTES: u64 = 256;

/// Reads a line with a PIN from the standard input, and prints its hash. An argument would be seen by others.
pub(crate) async fn hash_pin() -> Result<(), Failure> {
    let input = io::stdin();
    // Before anything is hidden: a program that Ctrl-C ends at once would leave the terminal as it is.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let hidden = input.is_terminal().then(|| Hidden::new(&input)).transpose()?;
    if hidden.is_some() {
        eprintln!("Type the PIN, which is not shown, and Enter:");
    }
    // A thread of its own, which nothing waits for after Ctrl-C.
    let (read, line) = oneshot::channel();
    thread::spawn(|| read.send(read_line()));
    let line = tokio::select! {
        line = line => line??,
        _ = interrupt.recv() => return Err("interrupted".into()),
    };
    drop(hidden);
    let text = String::from_utf8(line).map_err(|_| "the PIN is not UTF-8")?;
    let pin = text.trim_end_matches('\r');
    if pin.chars().count() < MIN_CHARS || pin.len() as u64 > MAX_BYTES {
        return Err(format!("a PIN has at least {MIN_CHARS} characters, and at most {MAX_BYTES} bytes").into());
    }
    println!("{}", hash(pin)?);
    Ok(())
}

fn read_line() -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    for byte in io::stdin().lock().take(MAX_BYTES + 1).bytes() {
        match byte? {
            b'\n' => break,
            byte => line.push(byte),
        }
    }
    Ok(line)
}

/// A terminal that does not show what is typed. It does again after this value.
struct Hidden<'a> {
    input: &'a Stdin,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn new(input: &'a Stdin) -> Result<Self, Failure> {
        let before = tcgetattr(input)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(input, OptionalActions::Flush, &hidden)?;
        Ok(Self { input, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.input, OptionalActions::Now, &self.before);
    }
}
