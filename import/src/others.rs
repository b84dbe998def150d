//! The formats that `secondo` reads, as records.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::rc::Rc;

use secondo::formats::otpauth::{KeyUri, Migration};
use secondo::formats::pskc::{self, PskcError, Token};
use secondo::formats::{self, Imported, Note, google_authenticator, json, usersfile};
use secondo::types::Period;
use secondo::{Algorithm, Authenticator, Digits, Secret, UnixTime};

use crate::record::{Fields, Moving, secret_from_base32, state, text};
use crate::{ImportError, Place, Problem, Record, Unlock, document, lines};

type Found = Result<Record, ImportError>;

pub(crate) fn json_lines<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Found> {
    lines::records(read, move |line, place| json::read(line, now).map(|item| of_line(item, place)).collect())
}

pub(crate) fn usersfile<R: BufRead>(
    read: R,
    unlock: &Unlock<'_>,
    now: UnixTime,
) -> impl Iterator<Item = Found> + use<R> {
    let (mut budget, digits) = (unlock.max_codes(), unlock.digits());
    lines::records(read, move |line, place| {
        let reader = usersfile::read(line, now).with_budget(budget);
        let mut reader = digits.into_iter().fold(reader, usersfile::Reader::with_digits);
        let items = reader.by_ref().map(|item| of_line(item, place)).collect();
        budget = reader.remaining_budget();
        items
    })
}

fn of_line(item: Result<Imported, formats::ImportError>, place: Place) -> Found {
    let Imported { name, authenticator, state, notes, .. } =
        item.map_err(|error| ImportError::of_record(place, Problem::Field(error.problem)))?;
    Ok(Record { place, name, issuer: None, serial: None, authenticator, state, notes })
}

/// Reads the state file of one person, whom it does not name.
pub(crate) fn google_authenticator<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Found> {
    let record = document::whole(read).map_err(ImportError::of_file).and_then(|bytes| {
        let file = google_authenticator::read("", &bytes, now).map_err(|error| {
            let place = Place::Line(error.line as u64);
            ImportError { place, problem: Problem::Field(error.problem), ends_file: true }
        })?;
        let mut record = of_line(Ok(file.imported), Place::File)?;
        if !file.scratch_codes.is_empty() {
            record.notes.push(Note::RecoveryCodesNotImported);
        }
        Ok(record)
    });
    core::iter::once(record)
}

/// The batches that were read of each export: its number and size, and the indexes.
type Exports = BTreeMap<(i32, u16), BTreeSet<u16>>;

/// Reads key URIs and batches of Google Authenticator, one a line. The last item is an error if batches are missing.
pub(crate) fn uris<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Found> {
    let exports = Rc::new(RefCell::new(Exports::new()));
    let read_exports = Rc::clone(&exports);
    let missing = core::iter::once_with(move || {
        let exports = exports.borrow();
        let missing = |((_, of), read): (&(i32, u16), &BTreeSet<u16>)| {
            (0..*of).find(|index| !read.contains(index)).map(|index| Problem::BatchMissing { index, of: *of })
        };
        exports.iter().find_map(missing).map(|problem| Err(ImportError::of_file(problem)))
    });
    lines::records(read, move |line, place| {
        let error = |problem| ImportError::of_record(place, problem);
        let text = match str::from_utf8(line) {
            Ok(text) if text.trim().is_empty() => return Vec::new(),
            Ok(text) => text,
            Err(wrong) => {
                let position = wrong.valid_up_to();
                return vec![Err(error(Problem::Field(formats::Problem::NotText { position })))];
            }
        };
        if !text.trim_start().get(..18).is_some_and(|start| start.eq_ignore_ascii_case("otpauth-migration:")) {
            let record = KeyUri::parse(text).map_err(Problem::KeyUri).and_then(|uri| of_uri(&uri, place, now));
            return vec![record.map_err(error)];
        }
        match Migration::parse(text.trim()) {
            Ok(batch) => {
                let mut exports = read_exports.borrow_mut();
                let export = exports.entry((batch.batch_id(), batch.batch_size())).or_default();
                if !export.insert(batch.batch_index()) {
                    return vec![Err(error(Problem::Field(formats::Problem::Duplicate("the batch"))))];
                }
                let unknown: Vec<_> = batch.unknown_fields().iter().map(|field| field.account).collect();
                let accounts = batch.into_accounts().into_iter().enumerate();
                let record = |(n, account): (usize, Result<KeyUri, _>)| {
                    let uri = account.map_err(Problem::MigrationAccount);
                    let mut record = uri.and_then(|uri| of_uri(&uri, place, now)).map_err(error)?;
                    if unknown.iter().any(|account| account.is_none_or(|account| account == n)) {
                        record.notes.push(Note::ParameterUnknown);
                    }
                    Ok(record)
                };
                accounts.map(record).collect()
            }
            Err(problem) => vec![Err(error(Problem::Migration(problem)))],
        }
    })
    .chain(missing.flatten())
}

/// Returns the record of a key URI, which does not tell the last used time step.
pub(crate) fn of_uri(uri: &KeyUri, place: Place, now: UnixTime) -> Result<Record, Problem> {
    let (name, issuer, start) = (uri.account().to_owned(), uri.issuer().map(str::to_owned), uri.state());
    let held = uri.authenticator();
    let secret = held.secret().ok_or(Problem::missing("secret"))?;
    // The URI keeps its secret until it is dropped, here.
    let secret = Secret::import_short(secret.expose())?;
    let authenticator = Authenticator::new(held.method(), held.algorithm(), secret);
    let mut notes = Vec::new();
    let state = state(authenticator.method(), start, now, &mut notes);
    notes.extend(Note::of(&authenticator, &state));
    Ok(Record { place, name, issuer, serial: None, authenticator, state, notes })
}

/// An item of a password manager.
pub(crate) struct Item<'a> {
    pub(crate) name: &'a str,
    pub(crate) issuer: &'a str,
    /// The name of the field that has the authenticator key.
    pub(crate) field: &'static str,
}

/// Returns the record of an authenticator key: a key URI, or a secret in base32 with the defaults of apps.
pub(crate) fn of_key(key: &str, item: &Item<'_>, place: Place, now: UnixTime) -> Result<Record, Problem> {
    let key = key.trim();
    let begins = |scheme: &str| key.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if begins("steam://") {
        return Err(Problem::Unsupported("codes of Steam"));
    }
    if !begins("otpauth://") {
        let fields = Fields {
            name: item.name,
            issuer: Some(item.issuer),
            serial: None,
            secret: secret_from_base32(key, item.field)?,
            algorithm: Algorithm::Sha1,
            moving: Moving::Time(Period::default()),
            digits: Some(Digits::Six),
            notes: Vec::new(),
        };
        return fields.record(place, now);
    }
    let uri = KeyUri::parse(key).map_err(Problem::KeyUri)?;
    let mut record = of_uri(&uri, place, now)?;
    if record.name.is_empty() {
        text(Some(item.name), "name")?.unwrap_or_default().clone_into(&mut record.name);
    }
    if record.issuer.is_none() {
        record.issuer = text(Some(item.issuer), "issuer")?.map(str::to_owned);
    }
    Ok(record)
}

pub(crate) fn pskc<'a, R: BufRead + 'a>(
    read: R,
    unlock: &Unlock<'a>,
    now: UnixTime,
) -> impl Iterator<Item = Found> + use<'a, R> {
    let mut reader = pskc::Reader::new(read, unlock.credential(), now).with_max_iterations(unlock.max_iterations());
    if unlock.takes_plain_secrets() {
        reader = reader.with_plain_secrets();
    }
    reader.zip(1..).map(|(token, n)| of_token(token, n))
}

fn of_token(token: Result<Token, PskcError>, n: u64) -> Found {
    let token = token.map_err(|error| {
        let place = if error.key().is_some() { Place::Entry(n) } else { Place::File };
        let problem = Problem::Pskc { kind: error.kind(), line: error.line() };
        ImportError { place, problem, ends_file: error.ends_document() }
    })?;
    Ok(Record {
        place: Place::Entry(n),
        name: token.user_id.or(token.device.user_id).unwrap_or_default(),
        issuer: token.issuer,
        serial: token.device.serial.or(Some(token.key_id)),
        authenticator: token.authenticator,
        state: token.state,
        notes: token.notes,
    })
}
