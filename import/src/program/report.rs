//! The report of a file: a line for each record.

use std::io::{self, BufWriter, StdoutLock, Write};

use base64ct::{Base64, Encoding};
use secondo::formats::may_be_secret;
use secondo::formats::pskc::PskcErrorKind;
use secondo::{Method, Secret};
use secondo_import::{ImportError, Problem, Record};
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
                self.file_failed |= error.ends_file;
                self.line(&format!("{}: not imported: {}{}", error.place, error.problem, hint(&error.problem)))
            }
        }
    }

    pub(crate) fn finish(&mut self) -> Result<(), String> {
        let Self { read, failed, .. } = *self;
        if read + failed == 0 {
            self.line("the file has no authenticator")?;
        }
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

/// Returns the option of the program that helps, in parentheses.
fn hint(problem: &Problem) -> &'static str {
    let kind = if let Problem::Pskc { kind, .. } = problem { Some(kind) } else { None };
    match (problem, kind) {
        (Problem::PassphraseMissing, _) | (_, Some(PskcErrorKind::PassphraseMissing)) => " (--passphrase FILE)",
        (_, Some(PskcErrorKind::KeyMissing)) => " (--key FILE)",
        (_, Some(PskcErrorKind::PlainSecret)) => " (--plain-secrets)",
        (_, Some(PskcErrorKind::Iterations(_))) => " (--max-iterations)",
        (Problem::Cost { .. }, _) => " (--max-iterations or --max-scrypt)",
        (Problem::Field(secondo::formats::Problem::Budget), _) => " (--max-codes)",
        _ => "",
    }
}

/// Returns the line of a record, which has everything but the secret. Other fields are not shown if they may be one.
fn describe(record: &Record) -> String {
    let secret = record.authenticator.secret().map(forms);
    let shown = |text: &str| shown(text, secret.as_ref());
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
fn shown(text: &str, secret: Option<&[Plain; 3]>) -> String {
    if may_be_secret(text) || secret.is_some_and(|forms| has_or_is_part(text, forms)) {
        return format!("({} characters that may be a secret)", text.chars().count());
    }
    // Quotation marks and backslashes stay as they are.
    text.chars()
        .map(|c| if c.is_ascii() && !c.is_control() { c.into() } else { c.escape_debug().to_string() })
        .collect()
}

/// The letters and digits of a text, in small letters.
type Plain = Zeroizing<Vec<u8>>;

fn plain(text: &str) -> Plain {
    let letters = text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    Zeroizing::new(letters.collect())
}

/// Returns a secret in base32, hexadecimal and base64.
fn forms(secret: &Secret) -> [Plain; 3] {
    let (mut hex, mut base64) = (Zeroizing::new([0; 2 * Secret::MAX_LEN]), Zeroizing::new([0; 2 * Secret::MAX_LEN]));
    let hex = base16ct::lower::encode_str(secret.expose(), hex.as_mut_slice()).unwrap_or_default();
    let base64 = Base64::encode(secret.expose(), base64.as_mut_slice()).unwrap_or_default();
    [secret.to_base32().as_str(), hex, base64].map(plain)
}

/// Returns whether the text has the secret of its record, or is a part of it, in any case and with any separators.
fn has_or_is_part(text: &str, secret: &[Plain; 3]) -> bool {
    const MIN_LEN: usize = 8;

    let text = plain(text);
    let has = |text: &[u8], part: &[u8]| !part.is_empty() && text.windows(part.len()).any(|window| window == part);
    text.len() >= MIN_LEN && secret.iter().any(|form| has(&text, form) || has(form, &text))
}
