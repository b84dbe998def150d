//! Authenticators of another system, for persons who are here already.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secondo::account::AccountError;
use secondo::audit::Operator;
use secondo::factor::{Method, NewAuthenticator};
use secondo::formats::otpauth::KeyUri;
use secondo::formats::pskc::{Credential, Reader};
use secondo::formats::{ImportError, Imported, google_authenticator, json, usersfile};
use secondo::types::Counter;
use secondo::{AccountId, State, UnixTime, VerifierError};
use serde::{Deserialize, Serialize};

use super::output::Output;
use crate::app::App;
use crate::outage::Failure;
use crate::pages::Text;
use crate::person::Person;

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Arguments {
    /// The file, written after the other system has stopped.
    pub(super) file: PathBuf,
    #[arg(long, value_enum)]
    format: Format,
    /// The person, if the file is of one person and does not name them.
    #[arg(long)]
    person: Option<String>,
    /// The file with the passphrase of a PSKC file that is encrypted.
    #[arg(long, value_name = "FILE")]
    passphrase: Option<PathBuf>,
    /// The name of the operator, for the audit log.
    #[arg(long)]
    operator: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
enum Format {
    /// Lines of JSON, as from the tables of privacyIDEA, django-otp and Keycloak.
    Json,
    /// The usersfile of liboath and `pam_oath`.
    Usersfile,
    /// The state file of google-authenticator-libpam, which is of one person.
    GoogleAuthenticator,
    /// A key file of a token vendor (RFC 6030), whose tokens have user ids.
    Pskc,
    /// Key URIs, one a line: `otpauth://…`.
    Otpauth,
}

/// An authenticator of the file.
struct Found {
    /// The place in the file, for the report.
    place: String,
    /// The user name, as the file has it.
    name: String,
    authenticator: NewAuthenticator,
    state: State,
    notes: Vec<String>,
}

pub(super) async fn import(app: &App, arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let now = UnixTime::now()?;
    let by = Operator::new(&arguments.operator, "imported from another system");
    let found = read(arguments, now)?;
    let total = found.len();
    let (mut imported, mut failed) = (0, 0);
    for (n, found) in found.into_iter().enumerate() {
        output.progress(n, total);
        match found {
            Ok(found) => {
                let (place, notes) = (found.place.clone(), found.notes.clone());
                if let Some(problem) = take(app, found, by, now).await? {
                    failed += 1;
                    output.say(format!("{place}: not imported: {problem}"));
                    continue;
                }
                imported += 1;
                for note in notes {
                    output.say(format!("{place}: {note}"));
                }
            }
            Err(problem) => {
                failed += 1;
                output.say(format!("not imported: {problem}"));
            }
        }
    }
    output.progress(total, total);
    output.say(format!("{imported} imported, {failed} not. Erase the file now: it has the secrets."));
    if failed > 0 { Err("some authenticators were not imported".into()) } else { Ok(()) }
}

/// Imports one authenticator. Returns the reason if it cannot be imported.
async fn take(app: &App, found: Found, by: Operator<'_>, now: UnixTime) -> Result<Option<String>, Failure> {
    let Some(person) = app.persons.find(&found.name, now).await? else {
        return Ok(Some("nobody has this e-mail address, fiscal code or id".to_owned()));
    };
    let id = AccountId::new(&person.id)?;
    let authenticator = (found.authenticator, found.state);
    match app.verifier.import(&id, &[authenticator], by, now).await {
        Ok(()) => {}
        Err(VerifierError::Account(AccountError::SecretInUse(_))) => {
            return Ok(Some("it was imported before".to_owned()));
        }
        Err(error) if error.is_outage() => return Err(error.into()),
        Err(error) => return Ok(Some(error.to_string())),
    }
    let since = |person: &mut Person| {
        person.second_factor_since.get_or_insert(now.as_secs());
    };
    app.persons.change(&person.id, now, since).await?;
    let (subject, text) = (format!("{} / {}", SUBJECT.0, SUBJECT.1), format!("{}\n\n{}", TEXT.0, TEXT.1));
    app.messages.mail(&person.email, &subject, &text, now).await?;
    Ok(None)
}

const SUBJECT: Text = Text("Dispositivo trasferito", "Device moved");
const TEXT: Text = Text(
    "Un tuo dispositivo per i codici è stato trasferito da un altro sistema alla tua identità digitale.",
    "One of your devices for codes was moved from another system to your digital identity.",
);

/// Reads the whole file before anything is imported.
fn read(arguments: &Arguments, now: UnixTime) -> Result<Vec<Result<Found, String>>, Failure> {
    let open = |path: &PathBuf| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let file = open(&arguments.file)?;
    let mut found: Vec<_> = match arguments.format {
        Format::Json => json::read(&file, now).map(of_line).collect(),
        Format::Usersfile => usersfile::read(&file, now).map(of_line).collect(),
        Format::GoogleAuthenticator => {
            let person = arguments.person.as_deref().ok_or("the file names nobody: add --person")?;
            vec![of_line(google_authenticator::read(person, &file, now).map(|state| state.imported))]
        }
        Format::Pskc => {
            let passphrase = arguments.passphrase.as_ref().map(open).transpose()?;
            let passphrase = passphrase.map(String::from_utf8).transpose()?;
            let credential =
                passphrase.as_deref().map_or(Credential::None, |text| Credential::Passphrase(text.trim_end()));
            Reader::new(file.as_slice(), credential, now)
                .zip(1..)
                .map(|(token, n)| {
                    let token = token.map_err(|error| error.to_string())?;
                    let name = token.user_id.unwrap_or_default();
                    let place = format!("token {n}");
                    // The vendor's file is of tokens that were handed out.
                    let (authenticator, state) = (token.authenticator.into(), token.state.confirmed());
                    Ok(Found {
                        place,
                        name,
                        authenticator,
                        state,
                        notes: token.notes.iter().map(ToString::to_string).collect(),
                    })
                })
                .collect()
        }
        Format::Otpauth => {
            let lines = std::str::from_utf8(&file)?.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
            lines.map(|(line, n)| of_uri(line.trim(), n, now)).collect()
        }
    };
    if let Some(person) = &arguments.person {
        for found in found.iter_mut().flatten() {
            found.name.clone_from(person);
        }
    }
    Ok(found)
}

fn of_line(line: Result<Imported, ImportError>) -> Result<Found, String> {
    let Imported { line, name, authenticator, state, notes, .. } = line.map_err(|error| error.to_string())?;
    let (authenticator, notes) = (authenticator.into(), notes.iter().map(ToString::to_string).collect());
    Ok(Found { place: format!("line {line}"), name, authenticator, state, notes })
}

/// Reads a key URI, which does not tell the last use: all codes up to now count as used.
fn of_uri(line: &str, n: usize, now: UnixTime) -> Result<Found, String> {
    /// The time steps that the other system may have looked ahead.
    const AHEAD: u64 = 10;
    let uri = KeyUri::parse(line).map_err(|error| format!("line {n}: {error}"))?;
    let mut state = uri.state().confirmed();
    if let Method::Totp(totp) = uri.authenticator().method() {
        let step = totp.step(now).map_err(|error| format!("line {n}: {error}"))?;
        state = state.starting_at(Counter::new(step.get() + AHEAD + 1));
    }
    let (name, authenticator) = (uri.account().to_owned(), uri.authenticator().into());
    Ok(Found { place: format!("line {n}"), name, authenticator, state, notes: Vec::new() })
}
