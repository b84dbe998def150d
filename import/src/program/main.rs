//! `secondo-import FILE`: what a file with authenticators is, and what would be imported from it.
//!
//! It changes nothing, and writes no secret. A provider imports with the library.
#![forbid(unsafe_code)]

mod report;

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use secondo::{Digits, UnixTime};
use secondo_import::{Format, Unlock};
use zeroize::Zeroizing;

use report::Report;

/// Shows the format of a file, the authenticators that would be imported, and the reasons for the rest.
///
/// No secret is written. The exit code is 0 if every authenticator is readable, 1 if some are not, and 2 if the file is
/// not readable to its end.
#[derive(Parser)]
#[command(name = "secondo-import", version)]
struct Arguments {
    /// The file, from a vendor, an app or another system.
    file: PathBuf,
    /// The file with the passphrase of an encrypted file.
    #[arg(long, value_name = "FILE")]
    passphrase: Option<PathBuf>,
    /// The file with the AES key of an encrypted PSKC file, in hexadecimal: 32, 48 or 64 digits.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    key: Option<PathBuf>,
    /// Accepts secrets in a PSKC file that are not encrypted, although a passphrase or key is given. Whoever can change
    /// the file can put known secrets in it.
    #[arg(long)]
    plain_secrets: bool,
    /// The number of digits of the codes of a usersfile, for the lines without a last code: 6 to 8.
    #[arg(long, value_name = "NUMBER", value_parser = digits)]
    digits: Option<Digits>,
    /// The limit on PBKDF2 iterations, which an encrypted file chooses.
    #[arg(long, value_name = "NUMBER", default_value_t = Unlock::MAX_ITERATIONS)]
    max_iterations: u32,
    /// The limit on N·r·p of scrypt, which an encrypted file chooses. Each takes 128 bytes of memory.
    #[arg(long, value_name = "NUMBER", default_value_t = Unlock::MAX_SCRYPT)]
    max_scrypt: u64,
    /// The limit on the codes that are computed for a usersfile, to find those of the last logins.
    #[arg(long, value_name = "NUMBER", default_value_t = Unlock::MAX_CODES)]
    max_codes: u64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) if report.is_whole() => ExitCode::SUCCESS,
        Ok(report) if report.has_read_file() => ExitCode::from(1),
        Ok(_) => ExitCode::from(2),
        Err(error) => {
            eprintln!("secondo-import: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report, String> {
    let named = |path: &Path, error: &dyn core::fmt::Display| format!("{}: {error}", path.display());
    let failed = |error: io::Error| named(&arguments.file, &error);
    // Opening a pipe would wait for its writer.
    if !fs::metadata(&arguments.file).map_err(failed)?.is_file() {
        return Err(named(&arguments.file, &"it must be a file, not a folder or a pipe"));
    }
    let mut file = File::open(&arguments.file).map_err(failed)?;
    let mut start = Zeroizing::new(Vec::with_capacity(Format::START));
    file.by_ref().take(Format::START as u64).read_to_end(&mut start).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let format = Format::recognize(&start).ok_or_else(|| named(&arguments.file, &unknown(&start)))?;

    let read_with = |path: &Option<PathBuf>| match path {
        Some(path) => read_line(path).map(Some).map_err(|error| named(path, &error)),
        None => Ok(None),
    };
    let passphrase = read_with(&arguments.passphrase)?;
    let key = match (read_with(&arguments.key)?, &arguments.key) {
        (Some(text), Some(path)) => Some(key(&text).map_err(|error| named(path, &error))?),
        _ => None,
    };
    let mut unlock = Unlock::new()
        .with_max_iterations(arguments.max_iterations)
        .with_max_scrypt(arguments.max_scrypt)
        .with_max_codes(arguments.max_codes);
    if let Some(passphrase) = &passphrase {
        unlock = unlock.with_passphrase(passphrase);
    }
    if let Some(key) = &key {
        unlock = unlock.with_key(key);
    }
    if arguments.plain_secrets {
        unlock = unlock.with_plain_secrets();
    }
    if let Some(digits) = arguments.digits {
        unlock = unlock.with_digits(digits);
    }
    let now = UnixTime::now().map_err(|error| error.to_string())?;
    let bar = bar(file.metadata().map_err(failed)?.len());
    let mut report = Report::new(&format!("{}: {format}", arguments.file.display()))?;
    for record in format.read(BufReader::new(bar.wrap_read(file)), &unlock, now) {
        bar.suspend(|| report.add(&record))?;
    }
    bar.finish_and_clear();
    report.finish()?;
    Ok(report)
}

/// Returns the reason why a file that begins like this is not recognized.
fn unknown(start: &[u8]) -> &'static str {
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b' '..=b'~', 0, ..] | [0, b' '..=b'~', 0, ..] = start {
        return "the text is in UTF-16: save it as UTF-8";
    }
    let with_commas = start.iter().map(|byte| if *byte == b';' { b',' } else { *byte });
    match Format::recognize(&Zeroizing::new(with_commas.collect::<Vec<_>>())) {
        Some(_) => "the fields are separated by semicolons: save it as CSV with commas",
        None => "no known format of authenticators",
    }
}

/// Returns the progress bar, on standard error. It is shown for a long file on a terminal.
fn bar(len: u64) -> ProgressBar {
    const LONG: u64 = 256 * 1024;

    if len < LONG {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}");
    style.map_or_else(|_| ProgressBar::new(len), |style| ProgressBar::new(len).with_style(style))
}

/// Reads the one line of a file: a passphrase, or a key.
fn read_line(path: &Path) -> Result<Zeroizing<String>, String> {
    const MAX_LEN: u64 = 4096;

    let mut text = Zeroizing::new(String::with_capacity(4096 + 1));
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_LEN + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_LEN {
        return Err(format!("a passphrase or key must have at most {MAX_LEN} bytes"));
    }
    let line = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_end_matches(['\r', '\n']);
    if line.contains('\n') {
        return Err("a passphrase or key must be one line".to_owned());
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn digits(text: &str) -> Result<Digits, String> {
    let digits = text.parse::<u8>().ok().and_then(|count| Digits::try_from(count).ok());
    digits.filter(|digits| *digits != Digits::Nine).ok_or_else(|| "it must be 6, 7 or 8".to_owned())
}

/// Returns an AES key.
fn key(hex: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut key = Zeroizing::new(vec![0; hex.len() / 2]);
    let is_key = matches!(hex.len(), 32 | 48 | 64) && base16ct::mixed::decode(hex, &mut key).is_ok();
    is_key.then_some(key).ok_or_else(|| "a key must be 32, 48 or 64 hexadecimal digits".to_owned())
}
