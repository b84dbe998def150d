//! Fuzz targets of the short texts of services, providers and browsers, and of the lines of recovery codes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use pollster::block_on;
use secondo::account::AccountError;
use secondo::assurance::{AcrValues, Comparison, Framework};
use secondo::audit::Operator;
use secondo::factor::{BrowserDays, Channel, Destination, DestinationError, NewAuthenticator};
use secondo::formats::{MAX_LINE, Problem, recovery_codes};
use secondo::seal::{LocalMasterKey, MasterKey, MasterKeyError};
use secondo::store::{Memory, Store};
use secondo::types::{DisplayName, Level};
use secondo::{AccountId, Algorithm, Authenticator, Policy, Secret, State, Totp, Transaction, Verifier, VerifierError};

use super::naive;
use super::targets::{MOVED_AT, bare};

/// Checks that each parser of a short text accepts what a naive reading accepts, and that its errors are true.
pub fn short_texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for framework in [Framework::Spid, Framework::Iso29115, Framework::Eidas, Framework::Nist] {
        levels(text, framework);
    }
    match text.parse::<Comparison>() {
        Ok(comparison) => assert_eq!(format!("{comparison:?}").to_lowercase(), text),
        Err(_) => assert!(!["exact", "minimum", "better", "maximum"].contains(&text)),
    }
    telephone_number(text);
    mail_address(text);
    master_key(text);
    token(text);
}

fn levels(text: &str, framework: Framework) {
    let all = [Level::One, Level::Two, Level::Three];
    let level_of = |name: &str| all.into_iter().find(|level| framework.name(*level) == name);
    assert_eq!(framework.parse(text).ok(), level_of(text));
    match AcrValues::parse(text, framework) {
        Ok(values) => {
            let mut expected = Vec::new();
            for level in text.split(' ').map(|name| level_of(name).unwrap()) {
                if !expected.contains(&level) {
                    expected.push(level);
                }
            }
            assert_eq!(values.levels(), expected);
            let written: Vec<_> = expected.iter().map(|level| framework.name(*level)).collect();
            assert_eq!(AcrValues::parse(&written.join(" "), framework), Ok(values));
        }
        Err(error) => {
            let (before, after) = text.split_at(error.position);
            assert!(before.split_terminator(' ').all(|name| level_of(name).is_some()));
            assert_eq!(after.split(' ').next().and_then(level_of), None);
        }
    }
}

fn telephone_number(text: &str) {
    let bare = text.replace([' ', '-'], "");
    let digits = bare.strip_prefix('+').unwrap_or_default();
    let is_short = text.len() <= Destination::MAX_LEN;
    let is_bare = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let sms = Destination::sms(text);
    match &sms {
        Ok(destination) => {
            assert!(is_short && is_bare && (7..=15).contains(&digits.len()));
            assert_eq!(destination.address(), bare);
            assert_eq!(destination.masked().as_str(), format!("•••{}", &digits[digits.len() - 3..]));
            assert_eq!(Destination::sms(destination.address()).as_ref(), Ok(destination));
        }
        Err(DestinationError::Length(found)) => assert!(!is_short && *found == text.len()),
        Err(DestinationError::Character { position }) => {
            let found = text[*position..].chars().next().unwrap();
            let is_first = text[..*position].trim_start_matches([' ', '-']).is_empty();
            assert!(!matches!(found, '0'..='9' | ' ' | '-') && (found != '+' || !is_first));
        }
        Err(DestinationError::CountryCode) => {
            assert!(digits.starts_with('0') || bare.starts_with(|first: char| first.is_ascii_digit()));
        }
        Err(DestinationError::Digits(found)) => assert!(is_bare && *found == digits.len()),
        Err(other) => panic!("{other:?}"),
    }
    let voice = Destination::voice(text);
    assert!(voice.iter().all(|voice| voice.channel() == Channel::Voice));
    let address = |parsed: Result<Destination, _>| parsed.map(|parsed| parsed.address().to_owned());
    assert_eq!(address(voice), address(sms));
}

fn mail_address(text: &str) {
    let parts = text.rsplit_once('@').filter(|(name, domain)| (1..=64).contains(&name.len()) && !domain.is_empty());
    match Destination::mail(text) {
        Ok(destination) => {
            let (name, domain) = parts.unwrap();
            let domain = domain.to_ascii_lowercase();
            assert!(text.len() <= Destination::MAX_LEN && !text.contains(char::is_whitespace));
            assert_eq!(destination.address(), format!("{name}@{domain}"));
            assert_eq!(Destination::mail(destination.address()).as_ref(), Ok(&destination));
            // At most the first character of the name is shown, and never the whole name.
            let masked = destination.masked();
            let (first, end) = masked.as_str().split_once("•••@").unwrap();
            let shown = if name.chars().count() > 1 { &name[..name.chars().next().unwrap().len_utf8()] } else { "" };
            assert_eq!(first, shown);
            assert!(!end.is_empty() && domain.ends_with(end));
        }
        Err(DestinationError::Length(found)) => assert!(found == text.len() && found > Destination::MAX_LEN),
        Err(DestinationError::Character { position }) => {
            let found = text[position..].chars().next().unwrap();
            assert!(found.is_whitespace() || found.is_control() || !found.is_ascii());
        }
        Err(DestinationError::Domain) => assert_eq!(parts, None),
        Err(other) => panic!("{other:?}"),
    }
}

fn master_key(text: &str) {
    let digits = text.trim_ascii();
    let is_hex = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_zero = digits.bytes().all(|byte| byte == b'0');
    match LocalMasterKey::from_hex(text) {
        Ok(key) => {
            assert!(is_hex && !is_zero);
            let bytes: Vec<_> = (0..32).map(|at| u8::from_str_radix(&digits[2 * at..][..2], 16).unwrap()).collect();
            let (message, mut found) = (b"message", [0; 32]);
            key.hmac_sha256(message, &mut found).unwrap();
            let expected = Hmac::<sha2::Sha256>::new_from_slice(&bytes).unwrap().chain_update(message);
            assert_eq!(expected.finalize().into_bytes()[..], found);
        }
        Err(MasterKeyError::Zero) => assert!(is_hex && is_zero),
        Err(MasterKeyError::Text { len }) => assert!(!is_hex && len == digits.len()),
        Err(other) => panic!("{other:?}"),
    }
}

/// A text is the token of a browser, or changes nothing.
fn token(text: &str) {
    let (store, id) = (Memory::new(), AccountId::new("rossi").unwrap());
    let verifier = Verifier::unsealed(&store, Policy::new());
    let (desk, login) = (Operator::new("desk", "test"), Transaction::new(&[7; 16]).unwrap());
    let secret = Secret::from_bytes(&[7; 20]).unwrap();
    let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    block_on(verifier.import(&id, &[(phone.into(), State::new().confirmed())], desk, MOVED_AT)).unwrap();
    let code = naive::code(Algorithm::Sha1, &[7; 20], MOVED_AT.as_secs() / 30, 6);
    let accepted = block_on(verifier.verify(&id, &login, &code, MOVED_AT)).unwrap();
    let (name, days) = (DisplayName::new("Firefox").unwrap(), BrowserDays::new(30).unwrap());
    let browser = block_on(verifier.remember(&accepted, name, days, &[9; 32], MOVED_AT)).unwrap();

    let stored = || block_on(store.load(&id)).unwrap().unwrap().value;
    let before = stored();
    match block_on(verifier.recall(&id, text, &[10; 32], MOVED_AT)) {
        Ok(known) => {
            assert_eq!(text, browser.token.as_str());
            assert_eq!(known.browser(), browser.number);
        }
        Err(VerifierError::Account(AccountError::UnknownBrowser)) => {
            assert_ne!(text, browser.token.as_str());
            assert_eq!(stored().as_ref(), before.as_ref());
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Checks that lines of recovery codes are reported in order, that their errors are true, and that the codes of a line
/// are accepted after the import.
pub fn recovery_sets(bytes: &[u8]) {
    // A code takes milliseconds to hash.
    const LINES: usize = 3;

    let lines: Vec<_> = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).split(|byte| *byte == b'\n').collect();
    let mut last = 0;
    for read in recovery_codes::read(bytes, &[7; 32]).take(LINES) {
        let number = read.as_ref().map_or_else(|error| error.line, |set| set.line);
        assert!(number > last);
        last = number;
        let line = lines[number - 1];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match read {
            Ok(set) => {
                let fields: Vec<_> = std::str::from_utf8(line).unwrap().split('\t').collect();
                let [name, bits, form, codes] = fields[..] else { panic!("{fields:?}") };
                assert_eq!(set.name, name);
                assert!(is_name(name) && is_bits(bits) && is_form(form) && are_codes(form, codes));
                check_set(set, bits.parse().unwrap(), form, codes);
            }
            Err(error) => check_problem(line, error.problem),
        }
    }
}

fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
}

fn is_bits(bits: &str) -> bool {
    bits.parse::<u8>().is_ok_and(|parsed| parsed > 0) && !bits.starts_with('+')
}

fn is_form(form: &str) -> bool {
    let len = form.strip_prefix("sha512:");
    form == "text" || len.is_some_and(|len| len.parse::<u8>().is_ok() && !len.starts_with('+'))
}

fn are_codes(form: &str, codes: &str) -> bool {
    let codes: Vec<_> = codes.split(' ').filter(|code| !code.is_empty()).collect();
    let is_code = |code: &&str| match form.strip_prefix("sha512:") {
        None => code.len() <= 64 && !bare(code).is_empty(),
        Some(len) => {
            (1..=64).contains(&len.parse().unwrap_or(0)) && STANDARD.decode(code).is_ok_and(|hash| hash.len() == 64)
        }
    };
    (1..=16).contains(&codes.len()) && codes.iter().all(is_code)
}

fn check_problem(line: &[u8], problem: Problem) {
    let text = std::str::from_utf8(line);
    if let Problem::TooLong(found) = problem {
        return assert!(found == line.len() && found > MAX_LINE);
    }
    if let Problem::NotText { position } = problem {
        return match text {
            Ok(text) => assert!(text[position..].starts_with(char::is_control)),
            Err(error) => assert_eq!(error.valid_up_to(), position),
        };
    }
    let fields: Vec<_> = text.unwrap().split('\t').collect();
    match problem {
        Problem::Missing(field) => assert_eq!(["name", "bits", "form", "codes"].get(fields.len()), Some(&field)),
        Problem::Unknown => assert!(fields.len() > 4),
        Problem::Invalid("name") => assert!(!is_name(fields[0])),
        Problem::Invalid("bits") => assert!(!is_bits(fields[1])),
        Problem::Invalid("form") => assert!(!is_form(fields[2])),
        Problem::Invalid("codes") => assert!(!are_codes(fields[2], fields[3])),
        other => panic!("{other:?}"),
    }
}

fn check_set(set: recovery_codes::ImportedSet, bits: u8, form: &str, codes: &str) {
    let (store, id) = (Memory::new(), AccountId::new("rossi").unwrap());
    let verifier = Verifier::unsealed(&store, Policy::new());
    let imported = [(NewAuthenticator::from(set.codes), State::new().confirmed())];
    block_on(verifier.import(&id, &imported, Operator::new("desk", "test"), MOVED_AT)).unwrap();
    // Longer codes have a fast hash.
    if form == "text" && bits >= 112 {
        let code = codes.split(' ').find(|code| !code.is_empty()).unwrap();
        let login = Transaction::new(&[7; 16]).unwrap();
        let accepted = block_on(verifier.recover(&id, &login, code, MOVED_AT)).unwrap();
        let others = codes.split(' ').filter(|code| !code.is_empty()).count() - 1;
        assert_eq!(accepted.recovery_codes_left().unwrap().get(), u8::try_from(others).unwrap());
    }
}
