//! The report of a file: a line for each record.

use std::io::{self, BufWriter, StdoutLock, Write};

use secondo::Method;
use secondo_import::{ImportError, Place, Record};
use zeroize::Zeroizing;

pub(crate) struct Report {
    output: BufWriter<StdoutLock<'static>>,
    read: u64,
    failed: u64,
    file_failed: bool,
}

impl Report {
    pub(crate) fn new(title: &str) -> Result<Self, String> {
        let mut report = Self { output: BufWriter::new(io::stdout().lock()), read: 0, failed: 0, file_failed: false };
        report.line(title)?;
        Ok(report)
    }

    /// Writes the line of a record.
    pub(crate) fn add(&mut self, record: &Result<Record, ImportError>) -> Result<(), String> {
        match record {
            Ok(record) => {
                self.read += 1;
                self.line(&describe(record))
            }
            Err(error) => {
                self.failed += 1;
                self.file_failed |= error.place == Place::File;
                self.line(&format!("{}: not imported: {}", error.place, error.problem))
            }
        }
    }

    pub(crate) fn finish(&mut self) -> Result<(), String> {
        let Self { read, failed, .. } = *self;
        self.line(&format!("{read} would be imported, {failed} not"))?;
        self.output.flush().map_err(|error| format!("standard output: {error}"))
    }

    /// Returns whether every authenticator of the file was readable, and there was one.
    pub(crate) fn is_whole(&self) -> bool {
        self.failed == 0 && self.read > 0
    }

    pub(crate) fn has_read_file(&self) -> bool {
        !self.file_failed && self.read + self.failed > 0
    }

    fn line(&mut self, text: &str) -> Result<(), String> {
        writeln!(self.output, "{text}").map_err(|error| format!("standard output: {error}"))
    }
}

/// Returns the line of a record, which has everything but the secret. Other fields are not shown if they may be one.
fn describe(record: &Record) -> String {
    let name = if record.name.is_empty() { "no name".into() } else { shown(&record.name) };
    let mut parts = vec![format!("{}: {name}", record.place)];
    for (what, text) in [("issuer", &record.issuer), ("serial", &record.serial)] {
        parts.extend(text.as_ref().map(|text| format!("{what} {}", shown(text))));
    }
    let (method, algorithm) = (record.authenticator.method(), record.authenticator.algorithm());
    let digits = method.digits().count();
    let codes = if let Method::Totp(totp) = method {
        format!("TOTP, {algorithm}, {digits} digits, {} s", totp.period().as_secs())
    } else {
        let next = record.state.watermark().map_or(0, |used| used.get().saturating_add(1));
        format!("HOTP, {algorithm}, {digits} digits, next counter {next}")
    };
    let mut remarks = vec![format!("{}: {codes}", parts.join(", "))];
    remarks.extend(record.state.is_suspended().then(|| "suspended".to_owned()));
    remarks.extend(record.notes.iter().map(ToString::to_string));
    remarks.join("; ")
}

/// Returns a text of the file, unless it may be a secret that stands in the wrong column.
fn shown(text: &str) -> String {
    if may_be_secret(text) {
        return format!("({} characters that may be a secret)", text.chars().count());
    }
    text.escape_debug().to_string()
}

/// Returns whether a part of the text may be a secret in hexadecimal, base32 or base64.
fn may_be_secret(text: &str) -> bool {
    let without = |separators: &[char]| Zeroizing::new(text.replace(separators, ""));
    let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '='));
    parts.any(|part| is_hex(part) || is_base32(part) || is_base64(part))
        || is_hex(&without(&[' ']))
        || is_base32(&without(&[' ', '-']))
}

/// Returns whether the text has ten bytes or more in hexadecimal.
fn is_hex(text: &str) -> bool {
    text.len() >= 20 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns whether the text has ten bytes or more in base32. A word of small letters is a name.
fn is_base32(text: &str) -> bool {
    let symbols = text.trim_end_matches('=');
    let all_are = |is: fn(u8) -> bool| symbols.bytes().all(is);
    let is_upper = all_are(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
    let is_lower = all_are(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    symbols.len() >= 16 && (is_upper || is_lower && symbols.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Returns whether the text has ten bytes or more in base64.
fn is_base64(text: &str) -> bool {
    let symbols = text.trim_end_matches('=');
    let any_is = |is: fn(&u8) -> bool| symbols.bytes().any(|byte| is(&byte));
    symbols.len() >= 14
        && any_is(u8::is_ascii_uppercase)
        && any_is(u8::is_ascii_lowercase)
        && any_is(u8::is_ascii_digit)
}
