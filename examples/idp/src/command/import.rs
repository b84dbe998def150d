//! Authenticators of another system, for persons who are here already.
//!
//! [`secondo_import`] reads the file, record by record, and each record is imported as it comes. A file that was
//! imported in part can be imported again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use secondo::account::AccountError;
use secondo::audit::Operator;
use secondo::{AccountId, Digits, UnixTime, VerifierError};
use secondo_import::{Format, ImportError, Record, Unlock};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, channel};

use super::filled;
use super::output::{Output, counted};
use crate::app::App;
use crate::outage::Failure;
use crate::pages::Text;
use crate::person::Person;

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Arguments {
    /// The file, written after the other system has stopped.
    file: PathBuf,
    /// The format. Without it, the content of the file decides.
    #[arg(long, value_parser = PossibleValuesParser::new(FORMATS.map(|(name, _)| name)))]
    format: Option<String>,
    /// The person who has the authenticators, if the file does not name persons: an e-mail address, fiscal code or id.
    #[arg(long)]
    person: Option<String>,
    /// The file that tells who has which token: lines of a serial number, a comma and a person.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["person", "serial"])]
    persons: Option<PathBuf>,
    /// Imports only the accounts of this issuer. The backup of an app needs it, since it has accounts of other
    /// providers too. An empty text stands for accounts without an issuer.
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// Imports only the token with this serial number.
    #[arg(long, value_name = "NUMBER")]
    serial: Option<String>,
    /// The file with the passphrase of an encrypted file.
    #[arg(long, value_name = "FILE")]
    passphrase: Option<PathBuf>,
    /// The file with the AES key of an encrypted PSKC file, in hexadecimal.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    key: Option<PathBuf>,
    /// Imports secrets of a PSKC file that are not encrypted too, although there is a passphrase or key.
    #[arg(long)]
    plain_secrets: bool,
    /// The number of digits of the codes of a usersfile, for the lines without a last code.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(6..=9))]
    digits: Option<u8>,
    /// The name of the operator, for the audit log.
    #[arg(long, value_parser = filled)]
    operator: String,
}

impl Arguments {
    /// Returns the paths, which another process may have to open.
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.file].into_iter().chain(&mut self.passphrase).chain(&mut self.key).chain(&mut self.persons)
    }

    /// Returns `true` for a record with the issuer and the serial number that are wanted.
    fn select(&self, record: &Record) -> bool {
        let is_same = |wanted: &Option<String>, found: &Option<String>| {
            let found = found.as_deref().unwrap_or_default();
            wanted.as_ref().is_none_or(|wanted| folded(wanted) == folded(found))
        };
        is_same(&self.issuer, &record.issuer) && is_same(&self.serial, &record.serial)
    }
}

/// The formats with their names as arguments.
const FORMATS: [(&str, Format); 18] = [
    ("entra-csv", Format::EntraCsv),
    ("graph-json", Format::GraphJson),
    ("oath-csv", Format::OathCsv),
    ("yubico-csv", Format::YubicoCsv),
    ("safenet-xml", Format::SafeNetXml),
    ("pskc", Format::Pskc),
    ("aegis", Format::Aegis),
    ("2fas", Format::TwoFas),
    ("andotp", Format::AndOtp),
    ("freeotp-plus", Format::FreeOtpPlus),
    ("bitwarden-json", Format::BitwardenJson),
    ("bitwarden-csv", Format::BitwardenCsv),
    ("keepass-csv", Format::KeePassCsv),
    ("keepass-xml", Format::KeePassXml),
    ("json", Format::JsonLines),
    ("usersfile", Format::Usersfile),
    ("google-authenticator", Format::GoogleAuthenticator),
    ("otpauth", Format::KeyUris),
];

pub(super) async fn import(app: &App, arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let now = UnixTime::now()?;
    let by = Operator::new(&arguments.operator, "imported from another system");
    let source = Source::open(arguments)?;
    source.check(arguments)?;
    let mut persons = Persons::read(arguments.persons.as_deref())?;
    output.say(format!("The format is: {}.", source.format));
    let mut records = source.read(now);
    let (mut imported, mut failed, mut left_out) = (0, 0, 0);
    while let Some((percent, record)) = records.recv().await {
        output.progress(percent, 100);
        let (place, result) = match record {
            Ok(record) if !arguments.select(&record) => {
                left_out += 1;
                continue;
            }
            Ok(record) => {
                let (place, notes) = (record.place, record.notes.clone());
                let named = persons.find(&record).or_else(|| arguments.person.clone()).or_else(|| name_of(&record));
                let problem = match named {
                    Some(name) => take(app, &name, record, by, now).await?,
                    None => Some("nothing tells whose it is: add --persons, or --person with --serial".to_owned()),
                };
                (place, problem.map_or(Ok(notes), Err))
            }
            Err(ImportError { place, problem, .. }) => (place, Err(problem.to_string())),
        };
        let place = capitalized(&place.to_string());
        match result {
            Ok(notes) => {
                imported += 1;
                output.say(format!("{place} was imported."));
                for note in notes {
                    output.say(format!("{place}: {note}."));
                }
            }
            Err(problem) => {
                failed += 1;
                output.say(format!("{place} was not imported: {problem}."));
            }
        }
    }
    output.progress(100, 100);
    if left_out > 0 {
        let count = counted(left_out, "record was", "records were");
        output.say(format!("{count} left out, with another issuer or serial number."));
    }
    let left = persons.left();
    if !left.is_empty() {
        let count = counted(left.len(), "serial number", "serial numbers");
        let (shown, more) = left.split_at(left.len().min(SHOWN_SERIALS));
        let more = if more.is_empty() { "" } else { ", …" };
        output.say(format!("{count} of the list had no token in the file: {}{more}.", shown.join(", ")));
    }
    output.say(format!(
        "{} imported, {failed} {} not.",
        counted(imported, "record was", "records were"),
        if failed == 1 { "was" } else { "were" }
    ));
    output.say("Delete the file as soon as you no longer need it: it contains secrets.");
    match (imported, failed) {
        (0, 0) => Err("the file has no record to import".into()),
        (_, 0) => Ok(()),
        (_, failed) => Err(format!("{} not imported", counted(failed, "record was", "records were")).into()),
    }
}

/// The serial numbers that a report names at most.
const SHOWN_SERIALS: usize = 10;

/// The persons who have tokens, by the serial numbers of these.
#[derive(Default)]
struct Persons(BTreeMap<String, Holder>);

struct Holder {
    person: String,
    /// `true` once a token with the serial number was found.
    is_found: bool,
}

impl Persons {
    /// Reads the list that an operator wrote. The first line may name the columns.
    fn read(path: Option<&Path>) -> Result<Self, Failure> {
        /// The length of some 100,000 lines.
        const MAX_BYTES: usize = 8 * 1024 * 1024;
        let Some(path) = path else { return Ok(Self::default()) };
        let text = read_text(path, MAX_BYTES)?;
        let mut by_serial = BTreeMap::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let wrong = |why: &str| format!("{}: line {}: {why}", path.display(), number + 1);
            let cells = line.split_once([',', ';', '\t']).map(|(serial, person)| {
                let cell = |text: &str| text.trim().trim_matches('"').to_owned();
                (folded(&cell(serial)), cell(person))
            });
            match cells {
                None if line.trim().is_empty() => {}
                Some((serial, _)) if number == 0 && serial.starts_with("serial") => {}
                Some((serial, person)) if !serial.is_empty() && !person.is_empty() => {
                    if by_serial.insert(serial, Holder { person, is_found: false }).is_some() {
                        return Err(wrong("the serial number is in the list twice").into());
                    }
                }
                _ => return Err(wrong("there must be a serial number, a comma and a person").into()),
            }
        }
        Ok(Self(by_serial))
    }

    /// Returns the person who has a token.
    fn find(&mut self, record: &Record) -> Option<String> {
        let holder = self.0.get_mut(&folded(record.serial.as_deref()?))?;
        holder.is_found = true;
        Some(holder.person.clone())
    }

    /// Returns the serial numbers of which no token was found.
    fn left(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, holder)| !holder.is_found).map(|(serial, _)| serial.as_str()).collect()
    }
}

/// Returns a text by which issuers and serial numbers are compared.
fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Returns the name of the person. A reader puts the serial number or the issuer in the place of a name that is
/// missing.
fn name_of(record: &Record) -> Option<String> {
    let Record { name, serial, issuer, .. } = record;
    let is_name = !name.is_empty() && ![serial, issuer].into_iter().flatten().any(|other| other == name);
    is_name.then(|| name.clone())
}

/// Imports one authenticator. Returns the reason if it cannot be imported.
async fn take(
    app: &App,
    name: &str,
    record: Record,
    by: Operator<'_>,
    now: UnixTime,
) -> Result<Option<String>, Failure> {
    let Some(person) = app.persons.find(name, now).await? else {
        return Ok(Some("nobody has this e-mail address, fiscal code or id".to_owned()));
    };
    let id = AccountId::new(&person.id)?;
    match app.verifier.import(&id, &[(record.authenticator.into(), record.state)], by, now).await {
        Ok(()) => {}
        Err(VerifierError::Account(AccountError::SecretInUse(_))) => {
            return Ok(Some("it was imported before".to_owned()));
        }
        Err(error) if error.is_outage() => return Err(error.into()),
        Err(error) => return Ok(Some(error.to_string())),
    }
    app.persons.change(&person.id, now, |person: &mut Person| person.note_second_factor(now)).await?;
    let (subject, text) = (format!("{} / {}", SUBJECT.0, SUBJECT.1), format!("{}\n\n{}", TEXT.0, TEXT.1));
    app.messages.mail(&person.email, &subject, &text, now).await?;
    Ok(None)
}

const SUBJECT: Text = Text("Dispositivo trasferito", "Device moved");
const TEXT: Text = Text(
    "Un tuo dispositivo per i codici è stato trasferito da un altro sistema alla tua identità digitale.",
    "One of your devices for codes was moved from another system to your digital identity.",
);

/// A file whose format is known.
struct Source {
    file: File,
    bytes: u64,
    format: Format,
    /// `true` for the backup of an app, which has accounts at many providers.
    is_of_app: bool,
    passphrase: Option<String>,
    key: Option<Vec<u8>>,
    takes_plain_secrets: bool,
    digits: Option<Digits>,
}

impl Source {
    fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let named = |error: io::Error| format!("{}: {error}", arguments.file.display());
        let mut file = File::open(&arguments.file).map_err(named)?;
        let mut start = Vec::with_capacity(Format::START);
        file.by_ref().take(Format::START as u64).read_to_end(&mut start).map_err(named)?;
        file.rewind().map_err(named)?;
        let bytes = file.metadata().map_err(named)?.len();
        let wanted = arguments.format.as_deref();
        let format = match wanted {
            Some(wanted) => FORMATS.iter().find(|(name, _)| *name == wanted).map(|(_, format)| *format),
            None => Format::recognize(&start),
        };
        let format = format.ok_or("the format of the file is unknown: add --format")?;
        let is_of_app = match format {
            Format::KeyUris => start.trim_ascii_start().to_ascii_lowercase().starts_with(b"otpauth-migration:"),
            format => is_of_app(format),
        };
        let passphrase = arguments.passphrase.as_deref().map(read_line).transpose()?;
        let key = arguments.key.as_deref().map(read_key).transpose()?;
        let digits = arguments.digits.map(Digits::try_from).transpose()?;
        let takes_plain_secrets = arguments.plain_secrets;
        Ok(Self { file, bytes, format, is_of_app, passphrase, key, takes_plain_secrets, digits })
    }

    /// Returns what the arguments say about the reading of the file.
    fn unlock(&self) -> Unlock<'_> {
        let mut unlock = Unlock::new();
        if let Some(passphrase) = &self.passphrase {
            unlock = unlock.with_passphrase(passphrase);
        }
        if let Some(key) = &self.key {
            unlock = unlock.with_key(key);
        }
        if self.takes_plain_secrets {
            unlock = unlock.with_plain_secrets();
        }
        self.digits.map_or(unlock, |digits| unlock.with_digits(digits))
    }

    /// Checks that the arguments tell what the file does not.
    fn check(&self, arguments: &Arguments) -> Result<(), Failure> {
        let Arguments { person, issuer, serial, .. } = arguments;
        let is_of_tokens = matches!(self.format, Format::OathCsv | Format::YubicoCsv | Format::SafeNetXml);
        if is_of_tokens && person.is_some() && serial.is_none() {
            return Err("the file may have tokens of several persons: add --serial to --person".into());
        }
        if self.format == Format::GoogleAuthenticator && person.is_none() {
            return Err("the file does not name the person: add --person".into());
        }
        if self.is_of_app && issuer.is_none() {
            return Err("the backup of an app has accounts of other providers too: add --issuer".into());
        }
        Ok(())
    }

    /// Reads the records on a thread of their own, since decryption may take a second. Each comes with the part of the
    /// file in percent that is read.
    fn read(self, now: UnixTime) -> Receiver<(usize, Result<Record, ImportError>)> {
        /// The records that wait to be imported.
        const WAITING: usize = 16;
        let (sender, receiver) = channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let Self { ref file, bytes, format, .. } = self;
            let position = file.try_clone();
            for record in format.read(BufReader::new(file), &self.unlock(), now) {
                let read = position.as_ref().ok().and_then(|mut file| file.stream_position().ok()).unwrap_or(0);
                let percent = usize::try_from(read * 100 / bytes.max(1)).unwrap_or(100).min(100);
                if sender.blocking_send((percent, record.map(|record| confirmed(record, format)))).is_err() {
                    return;
                }
            }
        });
        receiver
    }
}

const fn is_of_app(format: Format) -> bool {
    matches!(
        format,
        Format::Aegis
            | Format::TwoFas
            | Format::AndOtp
            | Format::FreeOtpPlus
            | Format::BitwardenJson
            | Format::BitwardenCsv
            | Format::KeePassCsv
            | Format::KeePassXml
    )
}

/// Confirms an authenticator whose file does not tell of it: tokens were handed out, and apps are in use.
fn confirmed(mut record: Record, format: Format) -> Record {
    if !matches!(format, Format::JsonLines | Format::Usersfile | Format::GoogleAuthenticator) {
        record.state = record.state.confirmed();
    }
    record
}

/// Reads the one line of a file: a passphrase, or a key.
fn read_line(path: &Path) -> Result<String, Failure> {
    const MAX_BYTES: usize = 4096;
    let mut text = read_text(path, MAX_BYTES)?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

fn read_key(path: &Path) -> Result<Vec<u8>, Failure> {
    let key = base16ct::mixed::decode_vec(read_line(path)?).ok().filter(|key| matches!(key.len(), 16 | 24 | 32));
    key.ok_or_else(|| format!("{}: a key must be 32, 48 or 64 hexadecimal symbols", path.display()).into())
}

/// Reads a file of at most this many bytes.
fn read_text(path: &Path, most: usize) -> Result<String, Failure> {
    let named = |error: io::Error| format!("{}: {error}", path.display());
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_string(&mut text)).map_err(named)?;
    if text.len() > most {
        return Err(format!("{}: the file may have at most {most} bytes", path.display()).into());
    }
    Ok(text)
}

/// Returns a text that begins with a capital letter.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
