//! Targets of files and key URIs of other products.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
#[cfg(feature = "json")]
use secondo::formats::json;
use secondo::formats::otpauth::{KeyUri, KeyUriError, Migration, MigrationError, Parameter};
use secondo::formats::{Imported, google_authenticator, usersfile};
use secondo::{Digits, Secret, State};

use super::MOVED_AT;

/// Checks that the lines of a usersfile are reported in order, and that imported authenticators can be stored.
pub fn usersfile(bytes: &[u8]) {
    let mut last = 0;
    for line in usersfile::read(bytes, MOVED_AT) {
        let number = line.as_ref().map_or_else(|error| error.line, |imported| imported.line);
        assert!(number > last);
        last = number;
        if let Ok(imported) = line {
            assert!(imported.state.is_confirmed());
            assert!(!imported.name.is_empty() && !imported.name.contains(char::is_whitespace));
            check_import(&imported);
        }
    }
    assert!(last <= bytes.split(|byte| *byte == b'\n').count());
}

/// Checks that a state file is read completely or refused.
pub fn google_authenticator(bytes: &[u8]) {
    match google_authenticator::read("alice", bytes, MOVED_AT) {
        Ok(read) => {
            assert!((1..=100).contains(&read.window_size));
            assert!(read.scratch_codes.iter().all(|code| code.as_str().len() == 8));
            check_import(&read.imported);
        }
        Err(error) => assert!((1..=bytes.split(|byte| *byte == b'\n').count()).contains(&error.line)),
    }
}

/// Checks that authenticators that are read from JSON are written and read back unchanged.
#[cfg(feature = "json")]
pub fn json_import(bytes: &[u8]) {
    for imported in json::read(bytes, MOVED_AT).flatten() {
        check_import(&imported);
    }
}

/// Checks that an imported state can be stored, and that JSON keeps the imported authenticator unchanged.
fn check_import(imported: &Imported) {
    assert_eq!(State::from_bytes(&imported.state.to_bytes()), Ok(imported.state));
    #[cfg(feature = "json")]
    {
        let line = json::write(&imported.name, &imported.authenticator, &imported.state).unwrap();
        let read = json::read(line.as_str().as_bytes(), MOVED_AT).next().unwrap().unwrap();
        assert_eq!(read.name, imported.name);
        assert_eq!(read.state, imported.state);
        assert_eq!(read.authenticator.method(), imported.authenticator.method());
        assert_eq!(read.authenticator.algorithm(), imported.authenticator.algorithm());
        let secret = |imported: &Imported| imported.authenticator.secret().map(|secret| secret.expose().to_vec());
        assert_eq!(secret(&read), secret(imported));
    }
}

/// Checks that a key URI that is read is written and read back, and that the position of an error is in the text.
pub fn key_uri(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match KeyUri::parse(text) {
        Ok(uri) => {
            for written in [uri.to_uri(), uri.to_short_uri()] {
                let read = KeyUri::parse(written.as_str()).unwrap();
                assert_eq!((described(&read), read.image()), (described(&uri), uri.image()));
                assert_eq!(read.label_issuer(), None);
            }
        }
        Err(
            KeyUriError::Type { position }
            | KeyUriError::Encoding { position }
            | KeyUriError::Label { position }
            | KeyUriError::Value { position, .. }
            | KeyUriError::Secret { position, .. },
        ) => assert!(position <= text.len()),
        Err(KeyUriError::Duplicate { parameter, position }) => {
            // Around the name may be spaces, and before it an escaped ampersand. Its letters may be escaped too.
            let found = text[position..].split(['=', '&']).next().unwrap_or_default().to_ascii_lowercase();
            let is_blank = |c: char| c.is_whitespace() || c == '+';
            let is_named = found.split_once(&parameter.to_string()).is_some_and(|(before, after)| {
                let before = before.replace("amp;", "");
                matches!(before.trim_matches(is_blank), "" | "amp") && after.trim_matches(is_blank).is_empty()
            });
            assert!(found.contains('%') || is_named, "{found}");
        }
        Err(KeyUriError::TooLong { found }) => assert_eq!(found, text.len()),
        Err(KeyUriError::Scheme | KeyUriError::Missing(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// Checks that an export is written and read back, with the bytes as the whole text and as a payload.
pub fn migration(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_migration(Migration::parse(text));
    }
    check_migration(Migration::parse(&format!("otpauth-migration://offline?data={}", STANDARD.encode(bytes))));
}

fn check_migration(parsed: Result<Migration, MigrationError>) {
    let Ok(migration) = parsed else { return };
    assert!(migration.batch_index() < migration.batch_size());
    let id = migration.batch_id();
    let accounts: Vec<_> = migration.into_accounts().into_iter().filter_map(Result::ok).collect();
    let written = match Migration::write(&accounts, id) {
        Ok(written) => written,
        Err(MigrationError::Inexpressible { account, parameter: Parameter::Digits }) => {
            assert_eq!(accounts[account].authenticator().method().digits(), Digits::Seven);
            return;
        }
        Err(other) => panic!("{other:?}"),
    };
    let batches = written.iter().map(|batch| Migration::parse(batch.as_str()).unwrap());
    let read: Vec<_> = batches.flat_map(Migration::into_accounts).map(Result::unwrap).collect();
    assert!(read.iter().map(described).eq(accounts.iter().map(described)));
}

fn described(uri: &KeyUri) -> impl PartialEq + std::fmt::Debug + use<'_> {
    let authenticator = uri.authenticator();
    let secret = authenticator.secret().unwrap().expose();
    (authenticator.method(), authenticator.algorithm(), secret, uri.counter(), uri.account(), uri.issuer())
}

/// Checks that tokens read from a key file are written, plain and encrypted, and read back unchanged.
#[cfg(feature = "pskc")]
pub fn pskc(bytes: &[u8]) {
    use secondo::formats::pskc::{Credential, Protection, Reader, Token};

    // The key of RFC 6030, figure 6.
    let key = [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12];
    for credential in [Credential::None, Credential::Key(&key), Credential::Passphrase("qwerty")] {
        let mut reader = Reader::new(bytes, credential, MOVED_AT).with_max_iterations(10_000);
        let mut tokens: Vec<Token> = Vec::new();
        while let Some(item) = reader.next() {
            match item {
                Ok(mut token) => {
                    token.notes.clear();
                    tokens.push(token);
                }
                Err(error) => {
                    assert!(error.position() <= bytes.len() as u64);
                    assert!(!error.ends_document() || reader.next().is_none());
                }
            }
        }
        assert!(reader.next().is_none());
        rewrite(&tokens, Protection::Plain, Credential::None);
        rewrite(&tokens, Protection::Key { name: "name", key: &key }, Credential::Key(&key));
    }
}

/// Checks that an encrypted value of a key file is read like the same value in plain, and that its padding is checked.
///
/// The first byte chooses the element. The rest is the padded value, whose MAC is always right.
#[cfg(feature = "pskc")]
pub fn pskc_values(bytes: &[u8]) {
    use secondo::formats::pskc::PskcErrorKind;

    use super::super::sealed::pskc;

    const NAMES: [&str; 5] = ["Secret", "Counter", "Time", "TimeInterval", "TimeDrift"];

    let Some((element, padded)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(*element) % NAMES.len()];
    let padded = padded.as_chunks::<16>().0;
    let read = pskc::read(name, &pskc::encrypted(padded));
    let padding = padded.last().map_or(0, |last| last[15]);
    if !(1..=16).contains(&padding) {
        assert_eq!(read.unwrap_err(), PskcErrorKind::Authentication);
        return;
    }
    let value = &padded.as_flattened()[..16 * padded.len() - usize::from(padding)];
    if name == "Secret" {
        let is_secret = (Secret::SHORT_LEN..=Secret::MAX_LEN).contains(&value.len());
        let secret = read.ok().map(|token| token.authenticator.secret().unwrap().expose().to_vec());
        assert_eq!(secret, is_secret.then(|| value.to_vec()));
    } else if let Some(number) = pskc::number(value) {
        let plain = pskc::read(name, &format!("<PlainValue>{number}</PlainValue>"));
        assert_eq!(format!("{read:?}"), format!("{plain:?}"));
    } else {
        assert_eq!(read.unwrap_err(), PskcErrorKind::Value(name));
    }
}

#[cfg(feature = "pskc")]
fn rewrite(
    tokens: &[secondo::formats::pskc::Token],
    protection: secondo::formats::pskc::Protection<'_>,
    credential: secondo::formats::pskc::Credential<'_>,
) {
    use rand::SeedableRng;
    use secondo::formats::pskc::{Reader, Writer};

    let mut writer = Writer::new(Vec::new(), protection, rand::rngs::StdRng::seed_from_u64(0)).unwrap();
    for token in tokens {
        writer.write(token).unwrap();
    }
    let document = writer.finish().unwrap();
    let mut read: Vec<_> = Reader::new(&document[..], credential, MOVED_AT).map(Result::unwrap).collect();
    for token in &mut read {
        token.notes.clear();
    }
    assert_eq!(format!("{read:?}"), format!("{tokens:?}"));
    for (read, token) in read.iter().zip(tokens) {
        let [a, b] = [read, token].map(|token| token.authenticator.secret().unwrap().expose());
        assert_eq!(a, b);
    }
}
