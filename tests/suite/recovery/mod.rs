//! Tests of recovery codes.
#![cfg(feature = "std")]

mod guesses;
mod imported;

use pollster::block_on;
use secondo::account::{AccountError, AccountView, RecordError};
use secondo::decision::Language;
#[cfg(feature = "push")]
use secondo::factor::Destination;
use secondo::factor::{ImportedRecoveryCodes, Kind, NewAuthenticator, RecoveryCodes};
use secondo::store::{Memory, Store};
use secondo::types::MalformedCode;
use secondo::verifier::Accepted;
use secondo::{AuthenticatorNumber, Policy, Refusal, State, Transaction, UnixTime, Verifier, VerifierError};

use crate::support::enrolled::{FIRST, NOW, SECOND, after, keys};
use crate::support::logins::{DESK, Logins, fresh};
#[cfg(feature = "push")]
use crate::support::push;
use crate::support::refusals::{account_error, refusal, replayed, wrong};
use crate::support::subscriber::{bind, code_of, id, passkey, phone, stored};

/// The failures that lock a set, and those in a row that end it.
const CAP: u8 = 5;
const LIMIT: u64 = 100;

/// The numbers of an account's phone and recovery codes.
const PHONE: AuthenticatorNumber = FIRST;
const CODES: AuthenticatorNumber = SECOND;

fn codes(random: u8) -> RecoveryCodes {
    RecoveryCodes::new(&[random; 32])
}

fn text(codes: &RecoveryCodes, at: usize) -> String {
    codes.texts().nth(at).unwrap().as_str().to_owned()
}

/// Returns codes of a set that nobody enrolls.
fn guess(at: u64) -> String {
    let mut random = [0xee; 32];
    random[..8].copy_from_slice(&(at / 10).to_be_bytes());
    text(&RecoveryCodes::new(&random), usize::try_from(at % 10).unwrap())
}

/// Creates an account with a phone, and enrolls these codes.
fn with_codes<S: Store>(store: S, policy: Policy, codes: &RecoveryCodes) -> Verifier<S> {
    let verifier = Verifier::new(store, keys(), policy);
    assert_eq!(bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap(), PHONE);
    let enrolled = block_on(verifier.enroll(&id(), &fresh(), codes, NOW)).unwrap();
    assert_eq!((enrolled.number, enrolled.replaced), (CODES, None));
    verifier
}

/// Creates an account with a phone, and imports these codes.
fn with_imported(policy: Policy, codes: ImportedRecoveryCodes) -> Verifier<Memory> {
    let verifier = Verifier::new(Memory::new(), keys(), policy);
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    verifier.add(&id(), codes, State::new().confirmed()).unwrap();
    verifier
}

fn recover<S: Store>(verifier: &Verifier<S>, text: &str, now: UnixTime) -> Result<Accepted, VerifierError<S::Error>> {
    block_on(verifier.recover(&id(), &fresh(), text, now))
}

fn view<S: Store>(verifier: &Verifier<S>, now: UnixTime) -> AccountView {
    block_on(verifier.view(&id(), now)).unwrap()
}

#[test]
fn each_code_is_accepted_once_in_any_order() {
    for codes in [codes(1), RecoveryCodes::long(&[1; 32])] {
        let verifier = with_codes(Memory::new(), Policy::new(), &codes);
        let order = [3, 9, 0, 1, 8, 2, 7, 4, 6, 5];
        for (used, at) in (1..).zip(order) {
            let accepted = recover(&verifier, &text(&codes, at), after(used)).unwrap();
            assert_eq!((accepted.account(), accepted.authenticator()), (&id(), CODES));
            let left = accepted.recovery_codes_left().unwrap();
            assert_eq!((i64::from(left.get()), left.are_few()), (10 - used, used >= 7));
            assert_eq!(refusal(recover(&verifier, &text(&codes, at), after(used))), replayed(4));
            let view = view(&verifier, after(used));
            assert_eq!(view.authenticators[1].codes_left, Some(left));
            assert_eq!(view.authenticators[1].last_used, Some(after(used)));
            let offered = block_on(verifier.options(&id(), &fresh(), after(used))).unwrap().recovery_codes;
            assert_eq!(
                offered.map(|offered| (offered.number, offered.codes_left, offered.refusal)),
                match used {
                    10 => None,
                    _ => Some((CODES, left, None)),
                }
            );
        }
        let accepted = verifier.log_in(&id(), &code_of(1, after(60)), after(60)).unwrap();
        assert_eq!((accepted.recovery_codes_left(), accepted.failures_before()), (None, 0));
    }
}

#[test]
fn codes_of_different_random_bytes_differ() {
    let mut all: Vec<String> = (0..100)
        .flat_map(|random| [codes(random), RecoveryCodes::long(&[random; 32])])
        .flat_map(|codes| codes.texts().map(|text| text.as_str().to_owned()).collect::<Vec<_>>())
        .collect();
    assert_eq!((all.len(), all[0].len(), all[10].len()), (2_000, 20, 30));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 2_000);
    // Each of the 32 symbols at each place, all about as often.
    for at in (0..17).map(|at| at + usize::min(at / 4, 3)) {
        let mut seen = [0; 128];
        all.iter().filter(|text| text.len() == 20).for_each(|text| seen[usize::from(text.as_bytes()[at])] += 1);
        let seen: Vec<_> = seen.into_iter().filter(|seen| *seen > 0).collect();
        assert!(seen.len() == 32 && seen.iter().all(|seen| (10..60).contains(seen)), "{at}: {seen:?}");
    }
}

#[test]
fn the_page_has_every_code_on_a_line() {
    let codes = codes(1);
    let page = codes.to_page();
    let lines: Vec<&str> = page.as_str().lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert!(lines.iter().copied().eq(codes.texts().map(|text| text.as_str().to_owned())));
    assert!(lines.iter().all(|line| line.split('-').map(str::len).eq([4, 4, 4, 5])));
    assert!(page.as_str().starts_with(" 1  ") && page.as_str().contains("\n10  "));
    assert_eq!(format!("{codes:?} {page:?}"), "RecoveryCodes(..) SecretText(..)");
}

#[test]
fn a_code_may_be_typed_in_any_case_with_or_without_hyphens_and_with_lookalikes() {
    let codes = codes(2);
    let verifier = with_codes(Memory::new(), Policy::new(), &codes);
    let spellings: [fn(String) -> String; 6] = [
        |text| text.to_lowercase(),
        |text| text.replace('-', ""),
        |text| format!("  {} ", text.replace('-', " ")),
        |text| text.replace('0', "O").replace('1', "l"),
        |text| text.replace('0', "o").replace('1', "I"),
        |text| text.to_lowercase().replace('1', "i").replace('-', "--"),
    ];
    for (at, spell) in spellings.into_iter().enumerate() {
        assert!(recover(&verifier, &spell(text(&codes, at)), NOW).is_ok());
    }
    let all = codes.to_page();
    assert!(all.as_str()[4..].contains(['0', '1']), "the lookalikes are tried");
}

#[test]
fn a_typing_error_is_told_from_a_wrong_code_and_changes_nothing() {
    let (codes, store) = (codes(3), Memory::new());
    let verifier = with_codes(&store, Policy::new().with_counted_malformed(true), &codes);
    let before = stored(&store);
    let right = text(&codes, 0);
    let substituted = right.replacen(&right[..1], if right.starts_with('7') { "8" } else { "7" }, 1);
    let swapped: String = {
        let mut symbols: Vec<char> = right.chars().collect();
        let at = (0..3).find(|at| symbols[*at] != symbols[at + 1]).unwrap();
        symbols.swap(at, at + 1);
        symbols.into_iter().collect()
    };
    let error = |malformed| Refusal::Malformed(malformed);
    for (typed, malformed) in [
        (substituted.as_str(), MalformedCode::RecoveryCheck),
        (&swapped, MalformedCode::RecoveryCheck),
        (&right[1..], MalformedCode::RecoveryLength { expected: 17, found: 16 }),
        ("123456", MalformedCode::RecoveryLength { expected: 17, found: 6 }),
        (&"0".repeat(1_000), MalformedCode::RecoveryLength { expected: 17, found: 1_000 }),
        (&format!("{}U", &right[..19]), MalformedCode::RecoveryCharacter { position: 16 }),
        (&format!("{}é", &right[..18]), MalformedCode::RecoveryCharacter { position: 15 }),
    ] {
        for _ in 0..10 {
            let refused = refusal(recover(&verifier, typed, NOW));
            assert_eq!(refused, error(malformed), "{typed}");
            assert!(!refused.public().text(Language::Italian, |_| "").to_string().contains("cifre."), "{typed}");
        }
    }
    assert_eq!(stored(&store), before);
    // A text of 64 bytes is read to its end, and a longer one is not.
    let spaced = |len: usize| right.clone() + &" ".repeat(len - right.len());
    let too_long = error(MalformedCode::RecoveryLength { expected: 17, found: 65 });
    assert_eq!(refusal(recover(&verifier, &spaced(65), NOW)), too_long);
    assert_eq!(recover(&verifier, &spaced(64), NOW).unwrap().failures_before(), 0);
}

#[test]
fn recovery_codes_are_no_codes_of_the_login_field() {
    let codes = codes(4);
    let verifier = with_codes(Memory::new(), Policy::new(), &codes);
    let typed = block_on(verifier.verify(&id(), &fresh(), &text(&codes, 0), NOW));
    assert!(matches!(refusal(typed), Refusal::Malformed(_)));
    let named = block_on(verifier.verify_with(&id(), &fresh(), CODES, &text(&codes, 0), NOW));
    assert_eq!(refusal(named), Refusal::NoCodes);
    assert!(recover(&verifier, &text(&codes, 0), NOW).is_ok());
}

#[test]
fn a_new_set_ends_the_old_one() {
    let (old, new) = (codes(5), codes(6));
    let verifier = with_codes(Memory::new(), Policy::new(), &old);
    let named = NewAuthenticator::from(&new).named("carta").unwrap();
    let enrolled = block_on(verifier.enroll(&id(), &fresh(), named, NOW)).unwrap();
    assert_eq!((enrolled.number, enrolled.replaced), (AuthenticatorNumber::new(3), Some(CODES)));
    assert_eq!(refusal(recover(&verifier, &text(&old, 0), NOW)), wrong(4));
    assert_eq!(recover(&verifier, &text(&new, 0), NOW).unwrap().authenticator(), enrolled.number);
    let listed = view(&verifier, NOW).authenticators;
    assert_eq!(listed.iter().map(|listed| listed.kind).collect::<Vec<_>>(), [Kind::Totp, Kind::LookUp]);
    assert_eq!(listed[1].name.as_str(), "carta");

    let imported = ImportedRecoveryCodes::from_texts(["12345678"], 26, &[7; 16]).unwrap();
    verifier.add(&id(), imported, State::new().confirmed()).unwrap();
    assert_eq!(view(&verifier, NOW).authenticators.len(), 2);
    assert!(recover(&verifier, "1234-5678", NOW).is_ok());
}

#[test]
fn codes_need_an_account_with_a_confirmed_authenticator() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let enroll = || account_error(block_on(verifier.enroll(&id(), &fresh(), &codes(7), NOW)));
    assert_eq!(enroll(), AccountError::NoneConfirmed);
    let login = fresh();
    let number = block_on(verifier.enroll(&id(), &login, phone(1), NOW)).unwrap().number;
    assert_eq!(enroll(), AccountError::NoneConfirmed);
    block_on(verifier.confirm(&id(), &login, number, &code_of(1, NOW), NOW)).unwrap();
    assert_eq!(account_error(recover(&verifier, &guess(0), NOW)), AccountError::NoRecoveryCodes);
    block_on(verifier.enroll(&id(), &fresh(), &codes(7), NOW)).unwrap();
    let first = block_on(verifier.enroll_first(&id(), &fresh(), &codes(8), NOW));
    assert_eq!(account_error(first), AccountError::NotFirst);
}

#[test]
fn a_lost_phone_is_erased_by_the_code_that_is_accepted() {
    let (codes, store) = (codes(14), Memory::new());
    let verifier = with_codes(&store, Policy::new(), &codes);
    let with =
        |login: &Transaction, text: &str, lost| block_on(verifier.recover_and_revoke(&id(), login, text, lost, NOW));
    let before = stored(&store);
    let unknown = AuthenticatorNumber::new(9);
    assert_eq!(account_error(with(&fresh(), &text(&codes, 0), unknown)), AccountError::UnknownAuthenticator(unknown));
    assert_eq!(account_error(with(&fresh(), &text(&codes, 0), CODES)), AccountError::Last);
    assert_eq!(stored(&store), before);
    assert_eq!(refusal(with(&fresh(), &guess(0), PHONE)), wrong(4));
    assert_eq!(view(&verifier, NOW).authenticators.len(), 2);

    let login = fresh();
    let accepted = with(&login, &text(&codes, 0), PHONE).unwrap();
    assert_eq!((accepted.authenticator(), accepted.recovery_codes_left().unwrap().get()), (CODES, 9));
    assert_eq!(view(&verifier, NOW).authenticators.len(), 1);
    assert_eq!(refusal(verifier.log_in(&id(), &code_of(1, after(60)), after(60))), Refusal::NoCodes);
    // The form is sent again, as it was and with a change.
    assert!(matches!(
        with(&login, &text(&codes, 0), PHONE),
        Err(VerifierError::Repeated(repeated)) if repeated.is_login && repeated.authenticator == CODES
    ));
    let other = block_on(verifier.recover(&id(), &login, &text(&codes, 0), NOW));
    assert_eq!(refusal(other), Refusal::LoggedIn);

    // The account is not a new one.
    let first = block_on(verifier.enroll_first(&id(), &fresh(), phone(66), NOW));
    assert_eq!(account_error(first), AccountError::NotFirst);
    assert_eq!(account_error(block_on(verifier.revoke(&id(), CODES, DESK, NOW))), AccountError::Last);
    let number = block_on(verifier.enroll(&id(), &login, phone(2), NOW)).unwrap().number;
    let confirmed = block_on(verifier.confirm(&id(), &login, number, &code_of(2, NOW), NOW)).unwrap();
    assert!(confirmed.into_login().is_none());
    assert!(verifier.log_in(&id(), &code_of(2, after(60)), after(60)).is_ok());
}

#[test]
fn a_repeated_recovery_code_is_recognized() {
    let codes = codes(15);
    let verifier = with_codes(Memory::new(), Policy::new(), &codes);
    let login = fresh();
    let recover = |text: &str, secs| block_on(verifier.recover(&id(), &login, text, after(secs)));
    for secs in [0, 60, 120] {
        assert_eq!(refusal(recover(&guess(0), secs)), wrong(4));
    }
    assert_eq!(refusal(recover(&guess(0), 121)), wrong(3));
    assert!(recover(&text(&codes, 0), 122).is_ok());
    let again = |typed: &str| match recover(typed, 123) {
        Err(VerifierError::Repeated(repeated)) => (repeated.authenticator, repeated.at, repeated.is_login),
        other => panic!("{other:?}"),
    };
    assert_eq!(again(&text(&codes, 0)), (CODES, after(122), true));
    assert_eq!(again(&text(&codes, 0).replace('-', " ").to_lowercase()), (CODES, after(122), true));
    assert_eq!(refusal(recover(&text(&codes, 1), 123)), Refusal::LoggedIn);
    // The login has ended for a one-time password too.
    let verify = block_on(verifier.verify(&id(), &login, &code_of(1, after(123)), after(123)));
    assert_eq!(refusal(verify), Refusal::LoggedIn);
}

#[test]
fn codes_are_never_all_that_an_operator_leaves() {
    let codes = codes(16);
    let verifier = with_codes(Memory::new(), Policy::new(), &codes);
    let revoke = |number| block_on(verifier.revoke(&id(), number, DESK, NOW));
    assert_eq!(account_error(revoke(PHONE)), AccountError::Last);
    revoke(CODES).unwrap();
    block_on(verifier.enroll(&id(), &fresh(), &codes, NOW)).unwrap();
    block_on(verifier.enroll(&id(), &fresh(), passkey(b"key"), NOW)).unwrap();
    revoke(PHONE).unwrap();
    assert!(recover(&verifier, &text(&codes, 0), NOW).is_ok());
}

/// Without the seal, a reader of the store finds the secret of a phone, and no recovery code as text or as its bits.
#[test]
fn no_code_is_stored() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    let codes = codes(19);
    for new in [phone(1).into(), NewAuthenticator::from(&codes)] {
        verifier.add(&id(), new, State::new().confirmed()).unwrap();
    }
    let stored = stored(&store);
    let is_stored = |bytes: &[u8]| stored.windows(bytes.len()).any(|window| window == bytes);
    assert!(is_stored(phone(1).secret().unwrap().expose()));
    for code in codes.texts() {
        let symbols: String = code.as_str().chars().filter(|symbol| *symbol != '-').collect();
        // 16 symbols of 5 bits, and a check symbol.
        let bits = symbols.bytes().take(16).fold(0_u128, |bits, symbol| {
            let value = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".iter().position(|one| *one == symbol).unwrap();
            bits << 5 | value as u128
        });
        for bytes in [code.as_str().as_bytes(), symbols.as_bytes(), &symbols.as_bytes()[..16], &bits.to_be_bytes()[6..]]
        {
            assert!(!is_stored(bytes));
        }
    }
}

/// The hashes were computed with Python's `hashlib`: PBKDF2-HMAC-SHA256 of 10,000 iterations below 112 bits, and
/// SHA-256 from there. Another salt gives another hash.
#[test]
fn codes_below_112_bits_are_kept_under_a_password_hash_with_a_salt() {
    let imported = |bits, salt| ImportedRecoveryCodes::from_texts(["geo3x2ab"], bits, &[salt; 16]).unwrap();
    for (codes, hash) in [
        (imported(40, 7).into(), 0x9961_7959_260d_ca93_3348_b8ea_fa21_507f),
        (imported(111, 8).into(), 0xb589_a636_6b94_0cdc_bd90_1d2f_e920_22a8),
        (imported(112, 7).into(), 0x8dce_67fe_389b_6696_190c_84f0_67b8_96ee),
        (NewAuthenticator::from(&codes(19)), 0x17c9_1179_216b_872e_c1e6_7df7_404f_f12a),
        ((&RecoveryCodes::long(&[19; 32])).into(), 0xd543_23e4_928e_c32f_258a_0c28_3135_bb75_u128),
    ] {
        let store = Memory::new();
        let verifier = Verifier::unsealed(&store, Policy::new());
        for new in [phone(1).into(), codes] {
            verifier.add(&id(), new, State::new().confirmed()).unwrap();
        }
        // The record ends with the hash of the last code.
        assert!(stored(&store).ends_with(&hash.to_be_bytes()), "{hash:x}");
    }
}

#[test]
fn a_set_that_cannot_be_read_is_an_outage() {
    const OWN_LEN: usize = 39 + 10 * 16;

    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    for new in [phone(1).into(), NewAuthenticator::from(&codes(19))] {
        verifier.add(&id(), new, State::new().confirmed()).unwrap();
    }
    let good = stored(&store);
    let own = good.len() - OWN_LEN;
    let with = |at: usize, byte| {
        let mut bytes = good.clone();
        bytes[own + at] = byte;
        bytes
    };
    let shorter = {
        let mut bytes = good[..good.len() - 1].to_vec();
        bytes[own - 1] -= 1;
        bytes
    };
    for (bytes, at) in [
        (with(0, 3), 0),
        (with(3, 1), 3),
        (with(8, 1), 8),
        (with(10, 4), 10),
        (with(15, 1), 11),
        (with(16, 0xff), 16),
        (shorter, OWN_LEN - 1),
    ] {
        block_on(async {
            let revision = store.load(&id()).await.unwrap().map(|entry| entry.revision);
            let _stored = store.compare_exchange(&id(), revision, bytes.as_slice().into(), None).await.unwrap();
        });
        match recover(&verifier, &text(&codes(19), 0), NOW) {
            Err(VerifierError::Record(error)) => assert_eq!(error, RecordError::Field { offset: own + at }),
            other => panic!("{at}: {other:?}"),
        }
        assert_eq!(stored(&store), bytes);
    }
    // The codes themselves are not in a record that is not sealed either.
    for text in codes(19).texts() {
        let plain = text.as_str().replace('-', "");
        let is_there = |of: &str| good.windows(of.len()).any(|bytes| bytes == of.as_bytes());
        assert!(!is_there(&plain) && !is_there(text.as_str()));
    }
}

/// An account with a phone, ten codes, a mobile number and an app for push.
#[test]
#[cfg(feature = "push")]
fn an_account_with_everything_is_small() {
    let (store, codes) = (Memory::new(), codes(18));
    let verifier = with_codes(&store, Policy::new(), &codes);
    // An operator's call leaves no outcome of a login behind.
    block_on(verifier.unlock(&id(), DESK, after(1_000))).unwrap();
    let with_phone = stored(&store).len();
    let number = NewAuthenticator::from(Destination::sms("+393331234567").unwrap()).named("telefono").unwrap();
    verifier.add(&id(), number, State::new().confirmed()).unwrap();
    push::bind_phone(&verifier, 7, after(1_000));
    let with_all = stored(&store).len();
    assert!(with_phone <= 400 && with_all <= 560, "{with_phone} {with_all}");
}
