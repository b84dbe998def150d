//! Tests of accounts: their limits, bad input, and what is kept.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::naive;
use crate::support::refusals;
use crate::support::subscriber;

use enrolled::{FIRST, NOW, SECOND, after, another, authenticator, code_at, keys, wrong_code};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use refusals::{account_error, refusal, replayed};
use secondo::account::{AccountError, RecordError, Status};
use secondo::decision::Hold;
use secondo::factor::ocra::{Suite, Token};
use secondo::factor::{Kind, NewAuthenticator, RecoveryCodes};
use secondo::hsm::HsmKey;
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::types::{Counter, DisplayName, DisplayNameError, TimeError};
use secondo::verifier::Accepted;
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Hotp, Key, Policy, PublicRefusal, Refusal, Secret, State,
    Totp, Transaction, UnixTime, Verifier, VerifierError,
};
use subscriber::{bind, code_of, id, passkey, phone, roomy, secret, stored};

#[test]
fn an_account_has_at_most_sixteen_authenticators() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), roomy());
    for byte in 1..=12 {
        bind(&verifier, phone(byte), &code_of(byte, NOW), NOW).unwrap();
    }
    for byte in 13..=16 {
        block_on(verifier.enroll(&id(), &fresh(), phone(byte), NOW)).unwrap();
    }
    // An enrollment gives way, and a confirmed authenticator does not.
    let replacing = block_on(verifier.enroll(&id(), &fresh(), phone(17), NOW)).unwrap();
    assert_eq!(replacing.replaced, Some(AuthenticatorNumber::new(13)));
    let import =
        |new: NewAuthenticator| block_on(verifier.import(&id(), &[(new, State::new().confirmed())], DESK, NOW));
    assert_eq!(account_error(import(phone(18).into())), AccountError::TooMany);
    // The other enrollments expire after an hour.
    let later = after(3600);
    for byte in 21..=24 {
        bind(&verifier, phone(byte), &code_of(byte, later), later).unwrap();
    }
    let before = stored(&store);
    let enroll = |new: NewAuthenticator| block_on(verifier.enroll(&id(), &fresh(), new, later));
    for new in [|| phone(18).into(), || passkey(b"credential").into()] as [fn() -> NewAuthenticator; 2] {
        assert_eq!(account_error(enroll(new())), AccountError::TooMany);
        assert_eq!(account_error(import(new())), AccountError::TooMany);
    }
    assert_eq!(stored(&store), before);
    assert_eq!(block_on(verifier.view(&id(), later)).unwrap().authenticators.len(), 16);
}

/// Returns the greatest authenticator that there is, with the greatest name.
fn greatest(byte: u8) -> NewAuthenticator {
    let secret = Secret::from_bytes(&[byte; Secret::MAX_LEN]).unwrap();
    Authenticator::new(Totp::default(), Algorithm::Sha512, secret).named(&"n".repeat(64)).unwrap()
}

fn code_of_greatest(byte: u8, now: UnixTime) -> String {
    naive::code(Algorithm::Sha512, &[byte; Secret::MAX_LEN], Totp::default().step(now).unwrap().get(), 6)
}

/// A verification that fails because the value is full would let guesses go uncounted.
#[test]
fn a_verification_never_fails_in_a_full_account() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), roomy());
    let mut logins = Vec::new();
    for byte in 1..=16 {
        let login = fresh();
        let enrolled = block_on(verifier.enroll(&id(), &login, greatest(byte), NOW)).unwrap();
        if byte <= 12 {
            block_on(verifier.confirm(&id(), &login, enrolled.number, &code_of_greatest(byte, NOW), NOW)).unwrap();
        } else {
            logins.push((login, enrolled.number, byte));
        }
    }
    let mut most = 0;
    let mut check = |result: Result<Accepted, VerifierError<_>>| {
        most = most.max(stored(&store).len());
        assert!(matches!(result, Ok(_) | Err(VerifierError::Refused(_) | VerifierError::Repeated(_))), "{result:?}");
    };
    let mut now = after(10);
    for turn in 0..40_u8 {
        let device = 1 + turn % 12;
        let guess = format!("{turn:06}");
        check(verifier.log_in(&id(), &guess, now));
        check(block_on(verifier.verify_with(&id(), &fresh(), AuthenticatorNumber::new(device.into()), &guess, now)));
        check(verifier.log_in(&id(), &code_of_greatest(device, now), now));
        check(verifier.log_in(&id(), &code_of_greatest(device, now), now));
        if turn == 20 {
            for (login, number, byte) in &logins {
                refusal(block_on(verifier.confirm(&id(), login, *number, "x00000", now)));
                block_on(verifier.confirm(&id(), login, *number, &code_of_greatest(*byte, now), now)).unwrap();
            }
        }
        now = UnixTime::from_secs(now.as_secs() + if turn % 3 == 0 { 30 } else { 60 }).unwrap();
    }
    for guess in 0..10 {
        check(verifier.log_in(&id(), &format!("{guess:06}"), now));
    }
    assert!((3900..=Value::MAX_LEN).contains(&most), "{most} bytes");
    assert_eq!(refusal(verifier.log_in(&id(), &code_of_greatest(1, now), now)).label(), "locked");
}

/// Numbers are never used again, so that they can run out.
#[test]
fn an_account_without_numbers_left_is_full() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let mut bytes = stored(&store);
    assert_eq!(bytes[29..33], [0, 0, 0, 1]);
    bytes[29..33].copy_from_slice(&[0xff; 4]);
    let revision = block_on(store.load(&id())).unwrap().unwrap().revision;
    let exchanged = block_on(store.compare_exchange(&id(), Some(revision), bytes[..].into(), None)).unwrap();
    assert_eq!(exchanged, Exchange::Stored);
    assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), phone(2), NOW))), AccountError::Full);
    assert_eq!(account_error(verifier.add(&id(), phone(2), State::new().confirmed())), AccountError::Full);
    assert_eq!(stored(&store), bytes);
    assert!(verifier.log_in(&id(), &code_of(1, after(30)), after(30)).is_ok());
}

#[test]
fn a_small_account_is_small() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    bind(&verifier, authenticator(Totp::default()).named("telefono").unwrap(), &code_at(0), NOW).unwrap();
    let confirmed = stored(&store).len();
    assert!(confirmed <= 160, "{confirmed} bytes after the confirmation");
    assert!(verifier.log_in(&id(), &code_at(1), after(30)).is_ok());
    let used = stored(&store).len();
    assert!(used <= 200, "{used} bytes after a login");
    assert!(verifier.log_in(&id(), &code_at(30), after(900)).is_ok());
    assert_eq!(stored(&store).len(), confirmed);
}

#[test]
fn a_name_is_short_and_printable() {
    let named = |name: &str| (DisplayName::new(name), phone(1).named(name).map(drop));
    for name in [String::new(), "n".repeat(64), "è".repeat(32), "il mio \"telefono\" 📱".to_owned()] {
        let (parsed, named) = named(&name);
        assert_eq!((parsed.unwrap().as_str(), named), (name.as_str(), Ok(())));
    }
    for (name, error) in [
        ("n".repeat(65), DisplayNameError::Length(65)),
        ("è".repeat(33), DisplayNameError::Length(66)),
        ("n".repeat(10_000), DisplayNameError::Length(10_000)),
        ("a\nb".to_owned(), DisplayNameError::Character { position: 1 }),
        ("\0".to_owned(), DisplayNameError::Character { position: 0 }),
        ("tab\t".to_owned(), DisplayNameError::Character { position: 3 }),
        ("è\u{7f}".to_owned(), DisplayNameError::Character { position: 2 }),
        ("\u{85}".to_owned(), DisplayNameError::Character { position: 0 }),
        ("\u{1b}[31m".to_owned(), DisplayNameError::Character { position: 0 }),
        ("a\u{2028}".to_owned(), DisplayNameError::Character { position: 1 }),
        ("a\u{202e}b".to_owned(), DisplayNameError::Character { position: 1 }),
        ("\u{2066}".to_owned(), DisplayNameError::Character { position: 0 }),
    ] {
        assert_eq!(named(&name), (Err(error), Err(error)), "{name:?}");
    }
}

#[test]
fn an_unknown_number_changes_nothing() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let before = stored(&store);
    for number in [0, 2, u32::MAX].map(AuthenticatorNumber::new) {
        let code = code_of(1, after(30));
        for result in [
            block_on(verifier.verify_with(&id(), &fresh(), number, &code, after(30))).map(drop),
            block_on(verifier.confirm(&id(), &fresh(), number, &code, after(30))).map(drop),
            block_on(verifier.resync(&id(), &fresh(), number, &[&code, &code], after(30))).map(drop),
            block_on(verifier.rename(&id(), number, DisplayName::EMPTY, DESK, NOW)),
            block_on(verifier.revoke(&id(), number, DESK, NOW)),
            block_on(verifier.suspend_authenticator(&id(), number, DESK, NOW)),
            block_on(verifier.resume_authenticator(&id(), number, DESK, NOW)),
            block_on(verifier.lower_watermark(&id(), number, DESK, NOW)),
            block_on(verifier.forget_drift(&id(), number, DESK, NOW)),
        ] {
            assert_eq!(account_error(result), AccountError::UnknownAuthenticator(number));
            assert_eq!(stored(&store), before);
        }
    }
}

#[test]
fn a_secret_is_enrolled_once_in_whatever_form() {
    let prepared = |algorithm| Authenticator::from_key(Totp::default(), Key::new(algorithm, &secret(1)));
    let in_hsm = || Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, HsmKey::new(&[1]).unwrap());
    let sha256 = || Authenticator::new(Totp::default(), Algorithm::Sha256, secret(1));
    let external = || NewAuthenticator::from(passkey(b"credential"));
    let token = || {
        let suite = Suite::parse("OCRA-1:HOTP-SHA1-6:C-QN08").unwrap();
        NewAuthenticator::from(Token::new(suite, secret(1), None).unwrap())
    };
    for (held, second) in [
        (phone(1).into(), phone(1).into()),
        (phone(1).into(), another(1, Hotp::default()).into()),
        (phone(1).into(), sha256().into()),
        (phone(1).into(), prepared(Algorithm::Sha1).into()),
        (phone(1).into(), prepared(Algorithm::Sha256).into()),
        (prepared(Algorithm::Sha1).into(), phone(1).into()),
        (prepared(Algorithm::Sha1).into(), prepared(Algorithm::Sha1).into()),
        (in_hsm().into(), in_hsm().into()),
        (external(), external()),
        (token(), token()),
        (token(), phone(1).into()),
        (phone(1).into(), token()),
        (sha256().into(), token()),
        (prepared(Algorithm::Sha1).into(), token()),
        (token(), prepared(Algorithm::Sha1).into()),
    ] as [(NewAuthenticator, NewAuthenticator); 15]
    {
        let store = Memory::new();
        let verifier = Verifier::new(&store, keys(), Policy::new());
        block_on(verifier.enroll(&id(), &fresh(), held, NOW)).unwrap();
        let before = stored(&store);
        let second = [(second, State::new().confirmed())];
        assert_eq!(
            account_error(block_on(verifier.import(&id(), &second, DESK, NOW))),
            AccountError::SecretInUse(FIRST)
        );
        let [(second, _)] = second;
        let again = block_on(verifier.enroll(&id(), &fresh(), second, NOW));
        assert_eq!(account_error(again), AccountError::SecretInUse(FIRST));
        assert_eq!(stored(&store), before);
        block_on(verifier.enroll(&id(), &fresh(), phone(2), NOW)).unwrap();
        // Another account may have the same secret.
        let other = AccountId::new("bianchi").unwrap();
        block_on(verifier.enroll(&other, &fresh(), phone(1), NOW)).unwrap();
    }
}

#[test]
fn no_more_codes_are_right_than_the_policy_permits() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), roomy().with_right_codes(16).unwrap());
    for byte in 1..=8 {
        bind(&verifier, phone(byte), &code_of(byte, NOW), NOW).unwrap();
    }
    let before = stored(&store);
    for (new, found) in [(phone(9), 18), (another(9, Hotp::default()), 22)] {
        let error = AccountError::TooManyRightCodes { most: 16, found };
        let imported = [((&new).into(), State::new().confirmed())];
        assert_eq!(account_error(block_on(verifier.import(&id(), &imported, DESK, NOW))), error);
        assert_eq!(account_error(block_on(verifier.enroll(&id(), &fresh(), new, NOW))), error);
    }
    assert_eq!(stored(&store), before);
    block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap();
    // A suspended phone may be resumed, so that its codes count too.
    block_on(verifier.suspend_authenticator(&id(), FIRST, DESK, NOW)).unwrap();
    assert!(block_on(verifier.enroll(&id(), &fresh(), phone(9), NOW)).is_err());
    block_on(verifier.revoke(&id(), FIRST, DESK, NOW)).unwrap();
    block_on(verifier.enroll(&id(), &fresh(), phone(9), NOW)).unwrap();
    // An account that has more than a stricter policy permits gets what has no such codes.
    let stricter = Verifier::new(&store, keys(), Policy::new().with_right_codes(8).unwrap());
    let error = account_error(block_on(stricter.enroll(&id(), &fresh(), phone(10), NOW)));
    assert!(matches!(error, AccountError::TooManyRightCodes { .. }), "{error:?}");
    block_on(stricter.enroll(&id(), &fresh(), &RecoveryCodes::new(&[1; 32]), NOW)).unwrap();
}

/// HMAC pads a secret with zeros to the block of the hash.
#[test]
fn a_secret_with_zeros_at_its_end_is_the_same_secret() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let device =
        |bytes: &[u8]| Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(bytes).unwrap());
    block_on(verifier.enroll(&id(), &fresh(), device(&[7; 20]), NOW)).unwrap();
    let longer = [&[7; 20][..], &[0; 2]].concat();
    let again = block_on(verifier.enroll(&id(), &fresh(), device(&longer), NOW));
    assert_eq!(account_error(again), AccountError::SecretInUse(FIRST));
}

#[test]
fn nothing_is_added_to_a_suspended_account() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    block_on(verifier.import(&id(), &[(phone(1).into(), State::new().confirmed())], DESK, NOW)).unwrap();
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    let imported = block_on(verifier.import(&id(), &[(phone(2).into(), State::new().confirmed())], DESK, NOW));
    assert!(matches!(imported, Err(VerifierError::Refused(Refusal::Suspended))));
    let enrolled = block_on(verifier.enroll(&id(), &fresh(), phone(2), NOW));
    assert!(matches!(enrolled, Err(VerifierError::Refused(Refusal::Suspended))));
}

#[test]
fn the_login_page_learns_what_it_can_offer() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let token = Authenticator::new(Hotp::default(), Algorithm::Sha1, secret(2));
    let devices = [
        (NewAuthenticator::from(authenticator(Totp::default())).named("telefono").unwrap(), State::new().confirmed()),
        (token.into(), State::new().confirmed()),
        (passkey(b"credential").into(), State::new().confirmed()),
    ];
    block_on(verifier.import(&id(), &devices, DESK, NOW)).unwrap();
    block_on(verifier.enroll(&id(), &fresh(), phone(9), NOW)).unwrap();
    let login = fresh();
    let options = |now| block_on(verifier.options(&id(), &login, now)).unwrap();

    let offered = options(NOW);
    let kinds: Vec<_> = offered.authenticators.iter().map(|offered| (offered.kind, offered.name.as_str())).collect();
    assert_eq!(kinds, [(Kind::Totp, "telefono"), (Kind::Hotp, "")]);
    assert_eq!((offered.remaining, offered.hold, offered.accepted), (5, Hold::None, None));
    assert_eq!(offered.refusal, None);

    block_on(verifier.verify(&id(), &login, &wrong_code(), NOW)).unwrap_err();
    assert_eq!(options(NOW).remaining, 4);
    let accepted = block_on(verifier.verify(&id(), &login, &code_at(0), NOW)).unwrap();
    assert_eq!(options(NOW).accepted, Some(accepted.authenticator()));
    assert_eq!(block_on(verifier.options(&id(), &fresh(), NOW)).unwrap().accepted, None);
    assert_eq!(options(after(121)).accepted, None);

    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    assert!(options(NOW).is_suspended && options(NOW).authenticators.is_empty());
    assert_eq!(options(NOW).refusal, Some(PublicRefusal::Suspended));
    block_on(verifier.resume(&id(), DESK, NOW)).unwrap();
    for guess in 0..5 {
        assert_eq!(options(NOW).refusal, None);
        let _ = block_on(verifier.verify(&id(), &fresh(), &format!("{guess:06}"), NOW));
    }
    assert_eq!(options(NOW).refusal, Some(PublicRefusal::Locked { until: Some(after(900)) }));
    assert_eq!(options(after(900)).refusal, None);
    for number in [FIRST, SECOND] {
        block_on(verifier.suspend_authenticator(&id(), number, DESK, NOW)).unwrap();
    }
    assert_eq!(options(after(900)).refusal, Some(PublicRefusal::Suspended));
}

#[cfg(feature = "serde")]
#[test]
fn ids_are_text_and_numbers_in_other_formats() {
    let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").unwrap();
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<AccountId>(&format!("\"{id}\"")).unwrap(), id);
    assert!(serde_json::from_str::<AccountId>("\"a b\"").is_err());
    assert_eq!(serde_json::to_string(&FIRST).unwrap(), "1");
    assert_eq!(serde_json::from_str::<AuthenticatorNumber>("1").unwrap(), FIRST);
    assert!(serde_json::from_str::<AuthenticatorNumber>("-1").is_err());
    assert_eq!("1".parse::<AuthenticatorNumber>().unwrap(), FIRST);
    assert_eq!("rossi".parse::<AccountId>().unwrap().as_str(), "rossi");
}

#[test]
fn numbers_and_times_fit_the_integers_of_databases() {
    let greatest = AuthenticatorNumber::new(u32::MAX);
    assert_eq!((i64::from(FIRST), i64::from(greatest)), (1, 4_294_967_295));
    assert_eq!(AuthenticatorNumber::try_from(4_294_967_295_i64), Ok(greatest));
    assert!([-1, 4_294_967_296_i64].into_iter().all(|number| AuthenticatorNumber::try_from(number).is_err()));
    assert_eq!((i64::from(NOW), UnixTime::try_from(1_700_000_010_i64)), (1_700_000_010, Ok(NOW)));
    assert_eq!(UnixTime::try_from(-1_i64), Err(TimeError::Before1970));
    assert_eq!(UnixTime::try_from(i64::MAX), Err(TimeError::TooLate(i64::MAX.cast_unsigned())));
}

#[test]
fn a_pending_secret_can_be_shown_again() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (login, other) = (fresh(), fresh());
    let number = block_on(verifier.enroll(&id(), &login, phone(1), NOW)).unwrap().number;
    let pending = |login: &Transaction, now| block_on(verifier.pending(&id(), login, number, now));

    let shown = pending(&login, NOW).unwrap();
    assert_eq!(shown.secret().unwrap().expose(), secret(1).expose());
    assert_eq!(account_error(pending(&other, NOW)), AccountError::OtherTransaction);
    assert_eq!(account_error(pending(&login, after(3600))), AccountError::Expired);
    block_on(verifier.confirm(&id(), &login, number, &code_of(1, NOW), NOW)).unwrap();
    assert_eq!(refusal(pending(&login, NOW)), Refusal::AlreadyConfirmed);
}

#[test]
fn a_suspension_of_an_account_without_confirmed_authenticators_does_not_expire() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    block_on(verifier.enroll(&id(), &fresh(), phone(1), NOW)).unwrap();
    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    store.purge(after(1_000_000));
    assert_eq!(refusal(block_on(verifier.enroll(&id(), &fresh(), phone(2), NOW))), Refusal::Suspended);

    block_on(verifier.resume(&id(), DESK, NOW)).unwrap();
    store.purge(after(1_000_000));
    assert!(matches!(block_on(verifier.view(&id(), NOW)), Err(VerifierError::Unknown)));
}

#[test]
fn a_closed_account_cannot_be_closed_for_a_shorter_time() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    for keep_until in [None, Some(UnixTime::EPOCH), Some(after(60))] {
        let id = AccountId::new(&format!("closed-{}", keep_until.map_or(0, |time| time.as_secs() + 1))).unwrap();
        block_on(verifier.enroll(&id, &fresh(), phone(1), NOW)).unwrap();
        block_on(verifier.close(&id, keep_until, DESK, NOW)).unwrap();
        assert_eq!(refusal(block_on(verifier.close(&id, Some(NOW), DESK, NOW))), Refusal::Closed);
        store.purge(after(60));
        let view = block_on(verifier.view(&id, NOW));
        match keep_until {
            None => assert_eq!(refusal(view), Refusal::Closed),
            Some(_) => assert!(matches!(view, Err(VerifierError::Unknown))),
        }
    }
}

#[test]
fn an_import_does_not_lower_the_counter() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let token = NewAuthenticator::from(another(1, Hotp::default())).starting_at(Counter::new(1000));
    block_on(verifier.import(&id(), &[(token, State::new().confirmed())], DESK, NOW)).unwrap();
    assert_eq!(verifier.state(&id()).unwrap().watermark(), Some(Counter::new(999)));
}

#[test]
fn an_authenticator_is_confirmed_in_the_transaction_of_a_login() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    block_on(verifier.import(&id(), &[(phone(1).into(), State::new().confirmed())], DESK, NOW)).unwrap();
    let login = fresh();
    let accepted = block_on(verifier.verify(&id(), &login, &code_of(1, NOW), NOW)).unwrap();
    let number = block_on(verifier.enroll(&id(), &login, phone(2), NOW)).unwrap().number;
    assert!(block_on(verifier.confirm(&id(), &login, number, &code_of(2, NOW), NOW)).unwrap().into_login().is_none());
    assert_ne!(accepted.authenticator(), number);
}

#[test]
fn the_hash_of_a_long_secret_is_the_same_key() {
    use sha1::Digest;

    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let device =
        |bytes: &[u8]| Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(bytes).unwrap());
    block_on(verifier.enroll(&id(), &fresh(), device(&[7; 80]), NOW)).unwrap();
    let hashed = sha1::Sha1::digest([7; 80]);
    let again = block_on(verifier.enroll(&id(), &fresh(), device(&hashed), NOW));
    assert_eq!(account_error(again), AccountError::SecretInUse(FIRST));
}

#[test]
fn a_restore_reopens_no_code_of_a_drift_that_was_found_after_the_backup() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    block_on(verifier.import(&id(), &[(phone(1).into(), State::new().confirmed())], DESK, NOW)).unwrap();
    // The restored account does not know that the clock was 10 steps ahead when this code was accepted.
    let accepted_before_the_restore = code_of(1, after(300));
    block_on(verifier.raise_watermarks(&id(), DESK, NOW)).unwrap();
    let result = block_on(verifier.verify(&id(), &fresh(), &accepted_before_the_restore, after(300)));
    assert_eq!(refusal(result), replayed(4));
}

#[test]
fn the_data_of_an_external_authenticator_is_shown() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap();
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert_eq!(view.authenticators[0].external, Some(passkey(b"credential")));
}

#[test]
fn an_external_authenticator_lets_others_be_revoked_only_while_it_is_active() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), Policy::new());
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let passkey = block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap().number;
    let listed = || {
        let view = block_on(verifier.view(&id(), NOW)).unwrap();
        view.authenticators.iter().map(|listed| (listed.number, listed.kind, listed.status)).collect::<Vec<_>>()
    };
    let phone = (FIRST, Kind::Totp, Status::Active);
    let revoke = |number| block_on(verifier.revoke(&id(), number, DESK, NOW));

    block_on(verifier.suspend_authenticator(&id(), passkey, DESK, NOW)).unwrap();
    assert_eq!(listed(), [phone, (passkey, Kind::External, Status::Suspended)]);
    let before = stored(&store);
    assert_eq!(account_error(revoke(FIRST)), AccountError::Last);
    assert_eq!(stored(&store), before);

    block_on(verifier.resume_authenticator(&id(), passkey, DESK, NOW)).unwrap();
    assert_eq!(listed(), [phone, (passkey, Kind::External, Status::Active)]);
    revoke(FIRST).unwrap();
    let before = stored(&store);
    assert_eq!(account_error(revoke(passkey)), AccountError::Last);
    assert_eq!(stored(&store), before);
    assert_eq!(listed(), [(passkey, Kind::External, Status::Active)]);
}

/// An account keeps the outcomes of at most four answers, so that a record with five is refused.
#[test]
fn a_record_has_at_most_four_outcomes() {
    const LEN: usize = 37;

    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    verifier.add(&id(), phone(1), State::new().confirmed()).unwrap();
    let before = stored(&store).len();
    for _ in 0..4 {
        let _ = refusal(verifier.log_in(&id(), "000000", NOW));
    }
    let mut bytes = stored(&store);
    assert_eq!(bytes.len(), before + 4 * LEN);
    bytes.extend_from_within(before..before + LEN);
    let longer = Memory::new();
    let value = Value::from(bytes.as_slice());
    assert_eq!(block_on(longer.compare_exchange(&id(), None, value, None)).unwrap(), Exchange::Stored);
    let refused = Verifier::unsealed(&longer, Policy::new()).log_in(&id(), "000000", NOW);
    assert!(
        matches!(refused, Err(VerifierError::Record(RecordError::Length(len))) if len == bytes.len()),
        "{refused:?}"
    );
}
