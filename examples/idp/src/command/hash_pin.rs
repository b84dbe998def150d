//! The hash of a PIN, for a table `[[handover]]` of the configuration.

use std::io::{IsTerminal, Read};

use crate::outage::Failure;
use crate::person::hash;

/// Reads a line with a PIN from the standard input, and prints its hash. An argument would be seen by others.
pub(crate) fn hash_pin() -> Result<(), Failure> {
    const MAX_BYTES: u64 = 256;
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("Type the PIN and Enter:");
    }
    let mut line = Vec::new();
    for byte in input.lock().take(MAX_BYTES + 1).bytes() {
        match byte? {
            b'\n' => break,
            byte => line.push(byte),
        }
    }
    let text = String::from_utf8(line)?;
    let pin = text.trim_end_matches('\r');
    if pin.is_empty() || pin.len() as u64 > MAX_BYTES {
        return Err(format!("a PIN has 1 to {MAX_BYTES} bytes").into());
    }
    println!("{}", hash(pin)?);
    Ok(())
}
