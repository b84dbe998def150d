//! Tests of unknown ids, stores that fail or are contended, and records that cannot be read.

use pollster::block_on;
use secondo::account::{AccountError, RecordError};
use secondo::decision::Hold;
use secondo::seal::{KeyId, SealError};
use secondo::store::{Exchange, Memory, Store};
use secondo::types::DisplayName;
use secondo::verifier::Repeated;
use secondo::{Policy, PublicRefusal, Refusal, Totp, UnixTime, Verifier, VerifierError};

use super::account;
use crate::support::enrolled::{FIRST, NOW, SECOND, another, code_at, enroll, keys, verifier, wrong_code};
use crate::support::failing::{Fault, Outage, failing};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::refusals::{refusal, replayed};

#[test]
fn an_unknown_id_is_its_own_error() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (id, login) = (account("nobody"), fresh());
    for result in [
        block_on(verifier.verify(&id, &login, "123456", NOW)).map(drop),
        block_on(verifier.verify_with(&id, &login, FIRST, "123456", NOW)).map(drop),
        block_on(verifier.confirm(&id, &login, FIRST, "123456", NOW)).map(drop),
        block_on(verifier.resync(&id, &login, FIRST, &["123456", "123456"], NOW)).map(drop),
        block_on(verifier.suspend(&id, DESK, NOW)),
        block_on(verifier.resume(&id, DESK, NOW)),
        block_on(verifier.suspend_authenticator(&id, FIRST, DESK, NOW)),
        block_on(verifier.resume_authenticator(&id, FIRST, DESK, NOW)),
        block_on(verifier.rename(&id, FIRST, DisplayName::EMPTY, DESK, NOW)),
        block_on(verifier.unlock(&id, DESK, NOW)),
        block_on(verifier.lower_watermark(&id, FIRST, DESK, NOW)),
        block_on(verifier.forget_drift(&id, FIRST, DESK, NOW)),
        block_on(verifier.raise_watermarks(&id, DESK, NOW)),
        block_on(verifier.revoke(&id, FIRST, DESK, NOW)),
        block_on(verifier.close(&id, None, DESK, NOW)),
        block_on(verifier.view(&id, NOW)).map(drop),
        block_on(verifier.export(&id, DESK, NOW)).map(drop),
        block_on(verifier.reseal(&id)).map(drop),
    ] {
        match result {
            Err(error @ VerifierError::Unknown) => assert_eq!(error.public(), PublicRefusal::Unavailable),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_outage_is_neither_a_wrong_code_nor_a_right_one() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    let before = working.state(&id).unwrap();
    for fault in [Fault::Load, Fault::Exchange] {
        for entry in [code_at(0), wrong_code()] {
            match Verifier::new(failing(&store, fault), keys(), Policy::new()).log_in(&id, &entry, NOW) {
                Err(error @ VerifierError::Store(Outage)) => {
                    assert_eq!(error.public(), PublicRefusal::Unavailable);
                    assert!(!error.to_string().contains(&entry));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(working.state(&id).unwrap(), before);
}

/// Returns the messages of an error and its causes, as a log shows them.
fn causes(error: &VerifierError<Outage>) -> String {
    use std::error::Error;

    let mut messages = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        messages.push(error.to_string());
        cause = error.source();
    }
    messages.join(": ")
}

/// Checks the messages with their causes, for logs, and the public refusals, for pages.
#[test]
fn errors_say_what_is_wrong_and_why() {
    let wrong = |remaining, hold| Refusal::Wrong { remaining, hold };
    let until = UnixTime::from_secs(9).unwrap();
    for (hold, text) in [
        (Hold::Throttled(until), "the code is wrong; 1 attempt remains; the next is possible at 1970-01-01T00:00:09Z"),
        (Hold::LockedUntil(until), "the code is wrong; 1 attempt remains; locked until 1970-01-01T00:00:09Z"),
        (Hold::Locked, "the code is wrong; 1 attempt remains; locked until an operator unlocks"),
    ] {
        assert_eq!(wrong(1, hold).to_string(), text);
    }
    let wrong = wrong(3, Hold::None);
    for (error, text, public) in [
        (VerifierError::Refused(wrong), "the code is wrong; 3 attempts remain", wrong.public()),
        (
            VerifierError::Refused(Refusal::LoggedIn),
            "another code was accepted in this transaction",
            PublicRefusal::Unavailable,
        ),
        (VerifierError::Refused(Refusal::Closed), "the account is closed", PublicRefusal::Unavailable),
        (VerifierError::Store(Outage), "the store failed: the database is down", PublicRefusal::Unavailable),
        (
            VerifierError::Record(RecordError::Version(9)),
            "the stored record cannot be read: unknown record version 9; this library reads version 1",
            PublicRefusal::Unavailable,
        ),
        (
            VerifierError::Record(RecordError::Seal(SealError::UnknownKey(KeyId::new(7)))),
            "the stored record cannot be read: the record is sealed with key 7, which is not in the key ring",
            PublicRefusal::Unavailable,
        ),
        (
            VerifierError::Hsm(Box::new(Outage)),
            "the hardware security module failed: the database is down",
            PublicRefusal::Unavailable,
        ),
        (VerifierError::Unknown, "there is no account under this id", PublicRefusal::Unavailable),
        (VerifierError::Contended, "other writers kept changing this account", PublicRefusal::Unavailable),
    ] {
        assert_eq!(causes(&error), text);
        assert_eq!(error.public(), public);
    }
}

#[test]
fn an_error_of_an_account_is_said_once() {
    for (error, text) in [
        (AccountError::Last, "the authenticator is the last one that can be used"),
        (AccountError::UnknownAuthenticator(SECOND), "the account has no authenticator 2"),
        (AccountError::SecretInUse(FIRST), "authenticator 1 of the account has the same secret"),
    ] {
        let error = VerifierError::Account(error);
        assert_eq!(error.public(), PublicRefusal::Unavailable);
        assert!(!error.is_outage());
        assert_eq!(causes(&error), text);
    }
}

#[test]
fn a_code_of_unknown_outcome_is_not_accepted_twice() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    let interrupted = Verifier::new(failing(&store, Fault::AfterExchange), keys(), Policy::new());
    let login = fresh();
    let result = block_on(interrupted.verify(&id, &login, &code_at(0), NOW));
    assert!(matches!(result, Err(VerifierError::Store(Outage))));
    let again = block_on(working.verify(&id, &login, &code_at(0), NOW));
    assert!(matches!(again, Err(VerifierError::Repeated(Repeated { is_login: true, .. }))), "{again:?}");
    assert_eq!(refusal(working.log_in(&id, &code_at(0), NOW)), replayed(4));
}

#[test]
fn contention_ends_after_a_bounded_number_of_tries() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    let before = working.state(&id).unwrap();
    let contending = failing(&store, Fault::AlwaysConflict);
    let contended = Verifier::new(&contending, keys(), Policy::new());
    for entry in [code_at(0), wrong_code()] {
        match contended.log_in(&id, &entry, NOW) {
            Err(error @ VerifierError::Contended) => assert_eq!(error.public(), PublicRefusal::Unavailable),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(contending.exchanges.into_inner(), 2 * 80);
    assert_eq!(working.state(&id).unwrap(), before);
    assert!(working.log_in(&id, &code_at(0), NOW).is_ok());
}

#[test]
fn a_record_that_cannot_be_read_is_refused_and_left_alone() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    let id = enroll(&verifier, "rossi", Totp::default());
    let good = block_on(store.load(&id)).unwrap().unwrap().value.as_ref().to_vec();
    assert_eq!(good.len(), 92);
    let replace = |bytes: &[u8]| {
        let revision = block_on(store.load(&id)).unwrap().unwrap().revision;
        assert_eq!(
            block_on(store.compare_exchange(&id, Some(revision), bytes.into(), None)).unwrap(),
            Exchange::Stored
        );
    };
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let and = |more: &[u8]| [&good[..], more].concat();
    // A record of an unknown kind, which could have any length.
    let padded = |len| [&with(1, 0)[..], &[0; 4097]].concat()[..len].to_vec();
    // Two hashes and a time begin an outcome.
    let outcome = |rest: &[u8]| and(&[&[0; 16 + 8 + 5], rest].concat());
    let tombstone = |body: &[u8]| [&[1, 2, 0, 0, 0, 0, 0, 0, 0, 9], body].concat();
    let field = |offset| RecordError::Field { offset };
    for (bytes, expected) in [
        (vec![], RecordError::Length(0)),
        (padded(4096), field(1)),
        (padded(4097), RecordError::Length(4097)),
        (with(0, 2), RecordError::Version(2)),
        (with(1, 0), field(1)),
        (with(1, 3), RecordError::Length(good.len())),
        (with(1, 4), field(1)),
        (with(1, 129), RecordError::Seal(SealError::NoKeys)),
        (vec![1, 1], RecordError::Length(2)),
        (vec![1, 1, 0, 0], RecordError::Length(4)),
        (tombstone(&[0; 4]), RecordError::Length(14)),
        (tombstone(&[0; 6]), RecordError::Length(16)),
        (tombstone(&[0xfe; 5]), field(10)),
        // The limit of a destination.
        ([&[1, 3], &good[2..10], &[0; 5][..]].concat(), field(1)),
        ([&[1, 3], &good[2..10], &[0xff; 5][..]].concat(), field(10)),
        // The account: flags, failures, the end of the hold, the end of the last lock, the limit of enrollments, the
        // last number, the count.
        (with(10, 16), field(10)),
        // A limit of codes that were sent, but none were.
        ([&good[..10], &[8], &good[11..29], &[0; 5], &good[29..]].concat(), field(29)),
        (with(12, 1), field(12)),
        (with(14, 1), field(14)),
        (with(19, 0xff), field(19)),
        (with(24, 0xff), field(24)),
        (with(32, 0), field(35)),
        (with(33, 26), field(33)),
        (with(33, 2), RecordError::Length(good.len())),
        // The authenticator: kind, number, status, times, name, the length of its own state.
        (with(34, 0x7f), field(34)),
        (with(38, 0), field(35)),
        (with(39, 4), field(39)),
        (with(40, 0xff), field(40)),
        (with(45, 0xff), field(45)),
        (with(50, 1), field(51)),
        (with(50, 0xff), RecordError::Length(good.len())),
        (with(52, 0xff), RecordError::Length(good.len())),
        (with(52, 12), field(53)),
        (with(52, 28), field(72)),
        (with(52, 38), RecordError::Length(good.len())),
        // One-time passwords: flags, digits, period, T0, last used step, key.
        (with(53, 0), field(55)),
        (with(53, 0b1101), field(53)),
        (with(53, 0b11_0001), field(53)),
        (with(53, 0b01_0001), field(72)),
        (with(54, 10), field(54)),
        (with(53, 0b1000_0000), field(53)),
        (with(56, 0), field(55)),
        (with(57, 0xff), field(57)),
        (with(69, 1), field(62)),
        (good[..good.len() - 11].to_vec(), RecordError::Length(good.len() - 11)),
        // The outcomes, of which there are at most four.
        (and(&[0; 200]), RecordError::Length(good.len() + 200)),
        (and(&[0xff; 40]), field(116)),
        (outcome(&[4]), field(121)),
        (outcome(&[2, 0, 4, 0, 0, 0, 0, 0]), field(123)),
        (outcome(&[3, 0, 0, 0, 0, 0, 0, 1]), field(124)),
        (outcome(&[0, 0]), RecordError::Length(123)),
    ] {
        replace(&bytes);
        for result in [
            verifier.log_in(&id, &code_at(0), NOW).map(drop),
            block_on(verifier.enroll(&id, &fresh(), another(7, Totp::default()), NOW)).map(drop),
            block_on(verifier.view(&id, NOW)).map(drop),
        ] {
            match result {
                Err(VerifierError::Record(error)) => assert_eq!(error, expected, "{bytes:?}"),
                other => panic!("{expected:?}: {other:?}"),
            }
        }
        assert_eq!(block_on(store.load(&id)).unwrap().unwrap().value.as_ref(), bytes);
    }
    replace(&good);
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
    // An unreadable account can still be closed.
    replace(b"nonsense");
    block_on(verifier.close(&id, None, DESK, NOW)).unwrap();
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::Closed);
}
