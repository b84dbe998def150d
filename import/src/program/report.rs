//! The report of a file: a line for each record.

use std::io::{self, BufWriter, StdoutLock, Write};

use secondo::Method;
use secondo::formats::may_be_secret;
use secondo_import::{ImportError, Place, Record};

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
