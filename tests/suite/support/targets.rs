//! The fuzz targets. Each function takes bytes and panics on a defect.
//!
//! The fuzzer runs them, and so does the replay of its seeds on stable Rust.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pollster::block_on;
use secondo::account::{AccountView, RecordError};
use secondo::audit::Operator;
use secondo::factor::ocra::{Inputs, PinHash, Question, ResponseDigits, ResponseError, Suite};
use secondo::factor::{NewAuthenticator, RecoveryCodes};
#[cfg(feature = "json")]
use secondo::formats::json;
use secondo::formats::otpauth::{KeyUri, KeyUriError, Migration, MigrationError, Parameter};
use secondo::formats::{Imported, google_authenticator, usersfile};
use secondo::policy::Window;
#[cfg(feature = "push")]
use secondo::push::device::{Device, Unlock};
#[cfg(feature = "push")]
use secondo::push::{self, Activation, ActivationAnswer, Challenge, Details, Notification, SoftwareKey, Verdict};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Memory, Store, Value};
use secondo::types::{Counter, MalformedCode, SecretError};
use secondo::{
    AccountId, Code, Digits, Key, Policy, Refusal, Secret, State, SubmittedCode, Transaction, UnixTime, Verifier,
    VerifierError,
};

use super::sealed;

/// Checks that a text is a code if and only if it has at most 64 bytes and, besides separators, the required digits.
pub fn code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for digits in [Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine] {
        let is_code = |text: &str| text.len() == digits.count() && text.bytes().all(|byte| byte.is_ascii_digit());
        let bare = bare(text);
        same(SubmittedCode::new(text).code(digits), (text.len() <= 64 && is_code(&bare)).then_some(&bare));
    }
}

/// Returns what a person typed without separators, in compatibility form.
pub(super) fn bare(text: &str) -> String {
    text.chars().filter(|c| !is_separator(*c)).map(compatible).collect()
}

fn is_separator(character: char) -> bool {
    const OTHERS: &str = "-\u{ad}\u{61c}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\
        \u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{2065}\u{2066}\u{2067}\u{2068}\u{2069}\
        \u{2212}\u{fe63}\u{feff}\u{ff0d}";
    character.is_whitespace() || OTHERS.contains(character)
}

/// Returns the digits that the vectors have for this character, the letter for a full-width letter, or the character.
fn compatible(character: char) -> String {
    const WIDE: u32 = 'Ａ' as u32 - 'A' as u32;
    if let 'Ａ'..='Ｚ' | 'ａ'..='ｚ' = character {
        return char::from_u32(u32::from(character) - WIDE).unwrap().into();
    }
    let code_point = format!("{:X}", u32::from(character));
    let mut rows = include_str!("../../vectors/nfkc-digits.txt").lines().filter_map(|row| row.split_once(' '));
    rows.find(|(row, _)| **row == *code_point).map_or(character.into(), |(_, digits)| digits.to_owned())
}

fn same(parsed: Result<Code, MalformedCode>, expected: Option<&str>) {
    match (parsed, expected) {
        (Ok(code), Some(text)) => assert_eq!(code.as_str(), text),
        (Err(MalformedCode::Length { expected, found }), None) => assert_ne!(expected, found),
        (Err(MalformedCode::Character { .. }), None) => {}
        (parsed, expected) => panic!("{parsed:?}, but expected {expected:?}"),
    }
}

/// Checks that base32 decodes to the same bytes as with the `base32` crate, and is written and read back.
///
/// All other texts must be refused, with an error that names the true defect.
pub fn base32(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    check_base32(text, text, Secret::MIN_LEN, Secret::from_base32(text));
    let bare = text.replace([' ', '-'], "");
    check_base32(text, &bare, Secret::MIN_LEN, Secret::from_base32_grouped(text));
    check_base32(text, &bare, Secret::SHORT_LEN, Secret::import_short_base32(text));
}

/// A text for at least the shortest imported secret may have bits after the last whole byte.
fn check_base32(text: &str, bare: &str, min: usize, parsed: Result<Secret, SecretError>) {
    let symbols = bare.trim_end_matches('=');
    let padding = bare.len() - symbols.len();
    let is_symbol = |c: char| c.is_ascii_alphabetic() || ('2'..='7').contains(&c);
    let well_formed = symbols.chars().all(is_symbol)
        && (min == Secret::SHORT_LEN || matches!(symbols.len() % 8, 0 | 2 | 4 | 5 | 7))
        && (padding == 0 || padding == 8 - symbols.len() % 8 && padding < 7);
    let len = symbols.len() * 5 / 8;
    match parsed {
        Ok(secret) => {
            assert!(well_formed && (min..=Secret::MAX_LEN).contains(&len));
            let alphabet = base32::Alphabet::Rfc4648 { padding: false };
            let whole = symbols.len() - usize::from(matches!(symbols.len() % 8, 1 | 3 | 6));
            let expected = base32::decode(alphabet, &symbols[..whole].to_ascii_uppercase()).unwrap();
            assert_eq!(secret.expose(), expected);
            let written = secret.to_base32();
            assert_eq!(written.as_str(), base32::encode(alphabet, &expected));
            let read = Secret::import_short_base32(written.as_str()).unwrap();
            assert_eq!(read.expose(), expected);
        }
        Err(SecretError::Base32Character { position }) => {
            assert!(!well_formed);
            assert!(
                !text[position..].starts_with(is_symbol),
                "the character at position {position} is a base32 symbol"
            );
        }
        Err(SecretError::Base32Length) => assert!(!well_formed || len > Secret::MAX_LEN),
        Err(SecretError::Length { found, .. }) => {
            assert!(well_formed && found == len && !(min..=Secret::MAX_LEN).contains(&len));
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Checks that bytes that are read as a state are the stored form of that state.
pub fn state(bytes: &[u8]) {
    if let Ok(state) = State::from_bytes(bytes) {
        assert_eq!(state.to_bytes(), bytes);
    }
}

/// Checks that a stored value is read as a record or refused.
///
/// A change of a record must replace only what it is about, and a refused value must stay as it is. A verifier that
/// seals must refuse the value in either case, and must read and change the sealed record like the plain one.
pub fn record(bytes: &[u8]) {
    const REVISION: std::ops::Range<usize> = 2..10;
    const FLAGS: usize = 10;
    const SUSPENDED: u8 = 4;

    let id = AccountId::new("record").unwrap();
    let (plain, raw) = (Memory::new(), Memory::new());
    let viewed = suspend(&Verifier::unsealed(&plain, Policy::new()), &plain, &id, bytes);
    if let Ok(view) = &viewed {
        let mut expected = bytes.to_vec();
        expected[REVISION].copy_from_slice(&view.revision.wrapping_add(1).to_be_bytes());
        expected[FLAGS] |= SUSPENDED;
        assert_eq!(stored(&plain, &id).as_ref(), expected);
    }
    assert!(suspend(&Verifier::new(&raw, keys(), Policy::new()), &raw, &id, bytes).is_err());
    // Sealing makes it 20 bytes longer.
    let is_short = bytes.len() + 20 <= Value::MAX_LEN;
    if let Some(record) = sealed::record(bytes, &id).filter(|_| is_short) {
        let store = Memory::new();
        let of_sealed = suspend(&Verifier::new(&store, keys(), Policy::new()), &store, &id, &record);
        match (of_sealed, viewed) {
            (Ok(view), Ok(of_plain)) => assert_eq!(view, of_plain),
            (Err(VerifierError::Record(error)), Err(VerifierError::Record(of_plain))) => {
                // The number of the key is before the body.
                let expected = match of_plain {
                    RecordError::Field { offset } if offset >= FLAGS => RecordError::Field { offset: offset + 4 },
                    RecordError::Length(length) => RecordError::Length(length + 4),
                    other => other,
                };
                assert_eq!(error, expected);
            }
            (error, of_plain) => assert_eq!(format!("{error:?}"), format!("{of_plain:?}")),
        }
        assert_eq!(Some(stored(&store, &id).as_ref()), sealed::record(stored(&plain, &id).as_ref(), &id).as_deref());
    }
}

/// Stores a value, and suspends the account that it is. A value that is not viewed must stay as it is.
fn suspend<S: Store<Error = E>, E: std::fmt::Debug>(
    verifier: &Verifier<S>,
    store: &Memory,
    id: &AccountId,
    value: &[u8],
) -> Result<AccountView, VerifierError<E>> {
    let _stored = block_on(store.compare_exchange(id, None, value.into(), None)).unwrap();
    let viewed = block_on(verifier.view(id, MOVED_AT));
    let suspended = block_on(verifier.suspend(id, Operator::new("desk", "test"), MOVED_AT));
    assert_eq!(suspended.is_ok(), viewed.is_ok());
    if viewed.is_err() {
        assert_eq!(stored(store, id).as_ref(), value);
    }
    viewed
}

fn stored(store: &Memory, id: &AccountId) -> Value {
    block_on(store.load(id)).unwrap().unwrap().value
}

fn keys() -> KeyRing {
    let (master, deployment) = (LocalMasterKey::from_hex(&"5e".repeat(32)), Deployment::new(sealed::DEPLOYMENT));
    let key = SealingKey::derive(&deployment.unwrap(), KeyId::new(sealed::KEY), &master.unwrap()).unwrap();
    KeyRing::new(key, []).unwrap()
}

/// Checks that sequences of operations have the same outcomes as in the model.
pub fn operations(bytes: &[u8]) {
    super::model::run(bytes, &mut super::model::Seen::new());
}

/// Checks that a text is read as a recovery code if and only if it is one by a naive reading, and that only a code of the
/// set is accepted.
pub fn recovery_code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (store, id) = (Memory::new(), AccountId::new("rossi").unwrap());
    let verifier = Verifier::unsealed(&store, Policy::new());
    // Long codes have a fast hash.
    let codes = RecoveryCodes::long(&[7; 32]);
    let (desk, login) = (Operator::new("desk", "test"), Transaction::new(&[7; 16]).unwrap());
    let imported = [(NewAuthenticator::from(&codes), State::new().confirmed())];
    block_on(verifier.import(&id, &imported, desk, MOVED_AT)).unwrap();

    let symbols = recovery_symbols(text);
    let is_right =
        |symbols: &Vec<u8>| codes.texts().any(|code| recovery_symbols(code.as_str()).as_ref() == Ok(symbols));
    match (block_on(verifier.recover(&id, &login, text, MOVED_AT)), symbols) {
        (Ok(accepted), Ok(symbols)) => {
            assert!(is_right(&symbols));
            assert_eq!(accepted.recovery_codes_left().unwrap().get(), 9);
        }
        (Err(VerifierError::Refused(Refusal::Wrong { remaining: 4, .. })), Ok(symbols)) => assert!(!is_right(&symbols)),
        (Err(VerifierError::Refused(Refusal::Malformed(found))), Err(expected)) => assert_eq!(found, expected),
        (found, expected) => panic!("{found:?}, but {expected:?}"),
    }
}

/// Reads the values of the symbols of a long recovery code, and checks them by multiplication in the field of 32
/// elements.
fn recovery_symbols(text: &str) -> Result<Vec<u8>, MalformedCode> {
    const LEN: usize = 25;

    let product = |a: u8, b: u8| {
        let mut product = (0..5).filter(|at| b >> at & 1 == 1).fold(0_u16, |sum, at| sum ^ u16::from(a) << at);
        for at in (5..=8).rev() {
            if product >> at & 1 == 1 {
                product ^= 0b10_0101 << (at - 5);
            }
        }
        u8::try_from(product).unwrap()
    };
    let bare = bare(text);
    let found = if text.len() > 64 { text.len() } else { bare.len() };
    if found != LEN {
        return Err(MalformedCode::RecoveryLength { expected: LEN, found });
    }
    let value = |character: u8| match character.to_ascii_uppercase() {
        b'O' => Some(0),
        b'I' | b'L' => Some(1),
        other => b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".iter().position(|symbol| *symbol == other),
    };
    let mut symbols = Vec::new();
    for (position, character) in bare.bytes().enumerate() {
        let value = value(character).ok_or(MalformedCode::RecoveryCharacter { position })?;
        symbols.push(u8::try_from(value).unwrap());
    }
    let mut power = 1;
    let mut sum = 0;
    for symbol in symbols.iter().rev() {
        sum ^= product(*symbol, power);
        power = product(power, 2);
    }
    if sum == 0 { Ok(symbols) } else { Err(MalformedCode::RecoveryCheck) }
}

/// The account with an app for [`push_answer`] and [`push_activation`], with one challenge and one activation.
#[cfg(feature = "push")]
pub(super) fn with_app(
    store: &Memory,
) -> (Verifier<&Memory>, AccountId, Transaction, Device<SoftwareKey>, Notification) {
    let verifier = Verifier::unsealed(store, Policy::new());
    let (id, login) = (AccountId::new("rossi").unwrap(), Transaction::new(&[1; 16]).unwrap());
    let activation = |byte| Activation::new(&id, "idp.example.it", "Maria Rossi", &[byte; 32]).unwrap();
    let app = block_on(verifier.enroll(&id, &login, &activation(5), MOVED_AT)).unwrap().number;
    let (device, answer) = Device::activate(&activation(5), SoftwareKey::from_bytes(&[7; 32]).unwrap(), None).unwrap();
    block_on(verifier.activate_push(&id, &answer, MOVED_AT)).unwrap();
    block_on(verifier.confirm(&id, &login, app, device.confirmation_code().as_str(), MOVED_AT)).unwrap();
    block_on(verifier.enroll(&id, &login, &activation(6), MOVED_AT)).unwrap();
    let details = Details::new("INPS", "Bari, Italia", "25 novembre 2026, 09:30").unwrap();
    let login = Transaction::new(&[2; 16]).unwrap();
    let sent = block_on(verifier.push(&id, &login, app, &details, MOVED_AT, &[40; 32])).unwrap();
    (verifier, id, login, device, sent)
}

/// Checks that an answer is taken only if it is one of the app's own, and changes nothing otherwise. With the app's
/// signature, the person's answer decides.
#[cfg(feature = "push")]
pub fn push_answer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let store = Memory::new();
    let (verifier, id, login, mut device, sent) = with_app(&store);
    let stored = || block_on(store.load(&id)).unwrap().unwrap().value;
    let before = stored();
    let read = push::Answer::parse(text);
    if read.is_ok() {
        sealed::push_answer(text);
    }
    let judged = block_on(verifier.answer_push(&id, text, MOVED_AT));
    if let Ok(verdict) = judged {
        // Signatures are deterministic, so that only one answer can have been signed for each verdict.
        let challenge = device.read(&sent.message, MOVED_AT).unwrap();
        let unlock = Unlock::Biometrics { is_recognized: true };
        let own = match verdict {
            Verdict::Accept => device.accept(&challenge, &sent.number, unlock, MOVED_AT).unwrap(),
            Verdict::Deny => device.deny(&challenge, MOVED_AT).unwrap(),
            _ => device.not_me(&challenge, MOVED_AT).unwrap(),
        };
        assert_eq!(read.unwrap(), push::Answer::parse(&own).unwrap());
    } else {
        // Only a number that the app has signed is counted.
        let is_counted = matches!(judged, Err(VerifierError::Refused(Refusal::Wrong { .. })));
        assert_eq!(stored().as_ref() != before.as_ref(), is_counted);
        assert!(block_on(verifier.poll(&id, &login, MOVED_AT)).is_err());
    }
}

/// Checks that no answer activates an app without the secret, and that a link is written as it is read.
#[cfg(feature = "push")]
pub fn push_activation(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(activation) = Activation::parse(text) {
        assert_eq!(*activation.link(), text);
    }
    let store = Memory::new();
    let (verifier, id, ..) = with_app(&store);
    let before = block_on(store.load(&id)).unwrap().unwrap().value;
    if block_on(verifier.activate_push(&id, text, MOVED_AT)).is_err() {
        assert_eq!(block_on(store.load(&id)).unwrap().unwrap().value.as_ref(), before.as_ref());
    } else {
        assert!(ActivationAnswer::parse(text).is_ok());
    }
}

/// Checks that a device answers only what it has read, and that its own state is written as it is read.
#[cfg(feature = "push")]
pub fn push_challenge(bytes: &[u8]) {
    let key = || SoftwareKey::from_bytes(&[7; 32]).unwrap();
    if let Ok(device) = Device::decode(bytes, key()) {
        assert_eq!(device.encode(), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(challenge) = Challenge::parse(text) else { return };
    assert_eq!(Challenge::parse(text), Ok(challenge.clone()));
    let store = Memory::new();
    let (verifier, id, _, device, sent) = with_app(&store);
    if let Ok(challenge) = device.read(text, MOVED_AT) {
        let answer = device.deny(&challenge, MOVED_AT).unwrap();
        let is_own = challenge == Challenge::parse(&sent.message).unwrap();
        assert_eq!(block_on(verifier.answer_push(&id, &answer, MOVED_AT)).is_ok(), is_own);
    }
}

/// The time at which the imported files were moved.
pub(super) const MOVED_AT: UnixTime = match UnixTime::from_secs(1_795_500_000) {
    Ok(time) => time,
    Err(_) => panic!(),
};

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

    use super::sealed::pskc;

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

/// Checks that a suite is kept as it is written or refused, and that it accepts its own response only.
///
/// The first line is the suite, the rest is a submitted response.
pub fn ocra(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (suite, submitted) = text.split_once('\n').unwrap_or((text, ""));
    match Suite::parse(suite) {
        Ok(parsed) => {
            assert_eq!(parsed.as_str(), suite);
            check_responses(&parsed, submitted);
        }
        Err(error) => assert!(suite.is_char_boundary(error.position)),
    }
}

fn check_responses(suite: &Suite, submitted: &str) {
    let key = Key::new(suite.algorithm(), &Secret::from_bytes(&[7; 20]).unwrap());
    let question = Question::from_random(suite.question(), &[0x5e; 32]);
    let session = vec![7; suite.session_len().unwrap_or_default()];
    let pin_hash = suite.pin_hash().map(|algorithm| PinHash::new(algorithm, "1234"));
    let mut inputs = Inputs::one_way(&question);
    if suite.has_counter() {
        inputs = inputs.with_counter(Counter::new(9));
    }
    if let Some(pin_hash) = &pin_hash {
        inputs = inputs.with_pin_hash(pin_hash);
    }
    if !session.is_empty() {
        inputs = inputs.with_session(&session);
    }
    if suite.time_step_secs().is_some() {
        inputs = inputs.with_time(MOVED_AT);
    }
    let policy = Policy::new().with_window(Window::new(0, 0).unwrap()).with_look_ahead(0).unwrap();
    let right = suite.response(&key, &inputs).unwrap();
    assert!(suite.verify(&key, &inputs, right.as_str(), &policy).is_ok());

    let is_whole = suite.digits() == ResponseDigits::Whole;
    let is_digit = |byte: u8| byte.is_ascii_digit() || is_whole && byte.is_ascii_hexdigit();
    let bare = bare(submitted).to_ascii_lowercase();
    match suite.verify(&key, &inputs, submitted, &policy) {
        Ok(_) => assert_eq!(bare, right.as_str()),
        Err(ResponseError::Wrong) => {
            assert!(bare != right.as_str() && bare.len() == right.as_str().len() && bare.bytes().all(is_digit));
        }
        Err(ResponseError::Malformed(MalformedCode::Length { expected, found })) => {
            assert!(expected == right.as_str().len() && (expected != found || submitted.len() > 256));
        }
        Err(ResponseError::Malformed(MalformedCode::Character { position })) => {
            let found = submitted[position..].chars().next().unwrap();
            assert!(!is_separator(found) && !compatible(found).bytes().all(is_digit));
        }
        Err(other) => panic!("{other:?}"),
    }
}
