//! Tests of push: from the activation of an app to the login.
#![cfg(all(feature = "push", feature = "std"))]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::push;
use crate::support::refusals;
use crate::support::subscriber;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use enrolled::{FIRST, NOW, SECOND, after, keys};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use push::{
    CODE, accept, activate, activation, ask, bind_phone, details, device_error, key, other_than, push_refusal, random,
};
use refusals::{account_error, refusal, wrong};
use secondo::account::{AccountError, Status};
use secondo::assurance::{self, FirstFactor, Framework};
use secondo::audit::{Event, Sink};
use secondo::factor::{Kind, NewAuthenticator};
use secondo::push::device::{Device, DeviceError, PersonalCode, Unlock};
use secondo::push::{Activation, Answer, Details, Matching, MessageError, PushRefusal, Verdict};
use secondo::store::Memory;
use secondo::types::MalformedCode;
use secondo::{Policy, Refusal, State, Transaction, Verifier, VerifierError};
use subscriber::{bind, code_of, id, passkey, phone, roomy, stored};

fn verifier(store: &Memory) -> Verifier<&Memory> {
    Verifier::new(store, keys(), roomy())
}

#[test]
fn an_app_is_activated_and_accepts_a_login_once() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (enrollment, activation) = (fresh(), activation());
    let new = NewAuthenticator::from(&activation).named("telefono").unwrap();
    let enrolled = block_on(verifier.enroll_first(&id(), &enrollment, new, NOW)).unwrap();
    let (mut app, answer) = activate(&activation, 7);
    let code = app.confirmation_code();
    let confirm = |now| block_on(verifier.confirm(&id(), &enrollment, FIRST, code.as_str(), now));
    assert_eq!(refusal(confirm(NOW)), Refusal::Unconfirmed);
    assert_eq!(block_on(verifier.activate_push(&id(), &answer, NOW)).unwrap(), enrolled.number);
    // Nobody can be asked before the page has confirmed the app.
    assert_eq!(refusal(ask(&verifier, &fresh(), FIRST, NOW)), Refusal::Unconfirmed);
    assert!(confirm(NOW).unwrap().login().is_none());
    assert!(matches!(confirm(after(1)), Err(VerifierError::Repeated(repeated)) if !repeated.is_login));
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert_eq!((view.authenticators[0].kind, view.authenticators[0].status), (Kind::Push, Status::Active));

    let login = fresh();
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, NOW))), PushRefusal::Unknown);
    let sent = ask(&verifier, &login, FIRST, NOW).unwrap();
    assert_eq!((sent.number.len(), sent.name.as_str(), sent.expires), (6, "telefono", after(60)));
    assert!(!sent.message.contains(&sent.number) && !format!("{sent:?}").contains(&sent.number));
    // A double click shows the same number and message again, and changes nothing.
    let before = stored(&store);
    let again = ask(&verifier, &login, FIRST, after(3)).unwrap();
    assert_eq!((&again.number, &again.message), (&sent.number, &sent.message));
    let others = Details::new("INPS", "Lecce, Italia", "25 novembre 2026, 09:30").unwrap();
    let other = block_on(verifier.push(&id(), &login, FIRST, &others, after(3), &random()));
    assert_eq!(push_refusal(other), PushRefusal::Pending);
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, after(4)))), PushRefusal::Waiting);
    assert_eq!(stored(&store), before);

    let challenge = app.read(&sent.message, after(5)).unwrap();
    assert_eq!((challenge.relying_party(), challenge.place(), challenge.number()), ("INPS", "Bari, Italia", None));
    let answer = app.accept(&challenge, &sent.number, CODE, after(5)).unwrap();
    assert_eq!(Answer::parse(&answer).unwrap().account(), id().as_str());
    assert_eq!(block_on(verifier.answer_push(&id(), &answer, after(6))).unwrap(), Verdict::Accept);
    let accepted = block_on(verifier.poll(&id(), &login, after(7))).unwrap();
    assert_eq!((accepted.account(), accepted.authenticator(), accepted.failures_before()), (&id(), FIRST, 0));
    assert!(accepted.counts_for_aal2());
    let repeated = block_on(verifier.poll(&id(), &login, after(8)));
    assert!(matches!(repeated, Err(VerifierError::Repeated(repeated)) if repeated.is_login));
    assert_eq!(refusal(ask(&verifier, &login, FIRST, after(9))), Refusal::LoggedIn);
    // Minutes later, the outcome is forgotten, and the challenge is still used.
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, after(300)))), PushRefusal::Answered);
}

/// Every answer that anybody could send changes nothing and counts nothing, and is refused with its reason.
#[test]
fn answers_that_do_not_verify_change_nothing() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let (mut second, _) = bind_phone(&verifier, 8, NOW);
    let login = fresh();
    let sent = ask(&verifier, &login, number, NOW).unwrap();
    let answer = accept(&mut app, &sent.message, &sent.number, NOW);
    let with = |from: &str, to: &str| answer.replacen(from, to, 1);
    let field = |name: &str| answer.split(&format!("\"{name}\":\"")).nth(1).unwrap().split('"').next().unwrap();

    // Another enrolled device signs the same challenge, in its own name and in the other's.
    let device = |message: &str| message.split("\"device\":\"").nth(1).unwrap()[..22].to_owned();
    let sent_to_second = ask(&verifier, &fresh(), number_of_second(), NOW).unwrap();
    let for_second = sent.message.replace(&device(&sent.message), &device(&sent_to_second.message));
    let by_second = accept(&mut second, &for_second, &sent.number, NOW);
    let in_the_name_of_first = by_second
        .replace(&device(&sent_to_second.message), &device(&sent.message))
        .replace(Answer::parse(&by_second).map(|_| field_of(&by_second, "digest")).unwrap(), field("digest"));
    // The same login, shown with another relying party, and with another expiry.
    let retargeted = accept(&mut app, &sent.message.replace("INPS", "Casinò"), &sent.number, NOW);
    let longer = sent.message.replace(&sent.expires.as_secs().to_string(), &after(600).as_secs().to_string());
    let longer = accept(&mut app, &longer, &sent.number, NOW);
    let flipped = field("signature").replace(&field("signature")[..4], "AAAA");

    let before = stored(&store);
    for (answer, reason) in [
        (with(id().as_str(), "bianchi"), PushRefusal::OtherAccount),
        (with(field("id"), "AAAAAAAAAAAAAAAAAAAAAA"), PushRefusal::Unknown),
        (by_second, PushRefusal::OtherDevice),
        (in_the_name_of_first, PushRefusal::Signature),
        (retargeted, PushRefusal::OtherDetails),
        (longer, PushRefusal::OtherDetails),
        (with("accept", "deny"), PushRefusal::Signature),
        (with(&sent.number, &other_than(&sent.number)), PushRefusal::Signature),
        (with(field("signature"), &flipped), PushRefusal::Signature),
        (with(field("signature"), &"A".repeat(86)), PushRefusal::Signature),
        (with("\"v\":1", "\"v\":2"), PushRefusal::Message(MessageError::Version)),
    ] {
        assert_eq!(push_refusal(block_on(verifier.answer_push(&id(), &answer, NOW))), reason, "{answer}");
    }
    assert_eq!(push_refusal(block_on(verifier.answer_push(&id(), &answer, after(60)))), PushRefusal::Expired);
    assert_eq!(stored(&store), before);
    // The challenge is still pending: the right answer is taken, once.
    assert!(block_on(verifier.answer_push(&id(), &answer, after(59))).is_ok());
    let before = stored(&store);
    assert_eq!(push_refusal(block_on(verifier.answer_push(&id(), &answer, after(59)))), PushRefusal::Answered);
    assert_eq!(stored(&store), before);
}

fn number_of_second() -> secondo::AuthenticatorNumber {
    SECOND
}

fn field_of<'m>(message: &'m str, name: &str) -> &'m str {
    message.split(&format!("\"{name}\":\"")).nth(1).unwrap().split('"').next().unwrap()
}

#[test]
fn an_answer_is_for_one_transaction() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let (of_owner, of_thief) = (fresh(), fresh());
    let asked = ask(&verifier, &of_owner, number, NOW).unwrap();
    let stolen = ask(&verifier, &of_thief, number, NOW).unwrap();
    assert_ne!(asked.number, stolen.number);
    let answer = accept(&mut app, &asked.message, &asked.number, NOW);
    block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap();
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &of_thief, NOW))), PushRefusal::Waiting);
    // The owner's number in the thief's challenge is wrong, and ends it.
    let swapped = accept(&mut app, &stolen.message, &asked.number, NOW);
    assert_eq!(refusal(block_on(verifier.answer_push(&id(), &swapped, NOW))), wrong(4));
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &of_thief, NOW))), PushRefusal::WrongNumber);
    let right = accept(&mut app, &stolen.message, &stolen.number, NOW);
    assert_eq!(push_refusal(block_on(verifier.answer_push(&id(), &right, NOW))), PushRefusal::Answered);
    let accepted = block_on(verifier.poll(&id(), &of_owner, NOW)).unwrap();
    assert_eq!(accepted.failures_before(), 1);
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, 0);
}

/// A thief with the password and the phone's key has five guesses before a lock, however they are mixed.
#[test]
fn wrong_numbers_count_on_the_account_like_wrong_codes() {
    for pushes in 0..=5 {
        let store = Memory::new();
        let verifier = verifier(&store);
        let (mut app, number) = bind_phone(&verifier, 7, NOW);
        let token = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
        let mut guesses = 0;
        for guess in 0..5 {
            let refused = if guess < pushes {
                let sent = ask(&verifier, &fresh(), number, after(guess)).unwrap();
                let answer = accept(&mut app, &sent.message, &other_than(&sent.number), after(guess));
                refusal(block_on(verifier.answer_push(&id(), &answer, after(guess))))
            } else {
                refusal(block_on(verifier.verify_with(&id(), &fresh(), token, "000000", after(guess))))
            };
            guesses += u32::from(matches!(refused, Refusal::Wrong { .. }));
        }
        assert_eq!(guesses, 5);
        let locked = Refusal::Locked { until: Some(after(4 + 900)) };
        assert_eq!(refusal(ask(&verifier, &fresh(), number, after(5))), locked);
        assert_eq!(refusal(verifier.log_in(&id(), &code_of(1, after(30)), after(30))), locked);
    }
}

#[test]
fn a_lock_or_a_suspension_stops_a_push_at_every_step() {
    type Stop = fn(&Verifier<&Memory>);
    let lock: Stop = |verifier| {
        for _ in 0..5 {
            assert!(matches!(refusal(verifier.log_in(&id(), "000000", NOW)), Refusal::Wrong { .. }));
        }
    };
    let suspend: Stop = |verifier| block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    let suspend_app: Stop = |verifier| block_on(verifier.suspend_authenticator(&id(), FIRST, DESK, NOW)).unwrap();
    let locked = Refusal::Locked { until: Some(after(900)) };
    for (stop, reason) in [(lock, locked), (suspend, Refusal::Suspended), (suspend_app, Refusal::Suspended)] {
        for answered in [false, true] {
            let store = Memory::new();
            let verifier = verifier(&store);
            let (mut app, number) = bind_phone(&verifier, 7, NOW);
            bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
            let login = fresh();
            let sent = ask(&verifier, &login, number, NOW).unwrap();
            let answer = accept(&mut app, &sent.message, &sent.number, NOW);
            if answered {
                block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap();
            }
            stop(&verifier);
            let before = stored(&store);
            if answered {
                assert_eq!(refusal(block_on(verifier.poll(&id(), &login, NOW))), reason);
            } else {
                assert_eq!(refusal(block_on(verifier.answer_push(&id(), &answer, NOW))), reason);
                assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, NOW))), PushRefusal::Waiting);
            }
            assert_eq!(refusal(ask(&verifier, &fresh(), number, NOW)), reason);
            assert_eq!(stored(&store), before);
        }
    }
}

#[test]
fn denials_and_reports_hold_pushes_off() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (app, number) = bind_phone(&verifier, 7, NOW);
    let (second, other) = bind_phone(&verifier, 8, NOW);
    // The apps of the account share the count.
    for (place, (app, number)) in [(&app, number), (&second, other), (&app, number)].into_iter().enumerate() {
        let login = fresh();
        let now = after(i64::try_from(place).unwrap());
        let sent = ask(&verifier, &login, number, now).unwrap();
        let denied = app.deny(&app.read(&sent.message, now).unwrap(), now).unwrap();
        assert_eq!(block_on(verifier.answer_push(&id(), &denied, now)).unwrap(), Verdict::Deny);
        assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, now))), PushRefusal::Denied);
    }
    let held = PushRefusal::Held { until: after(2 + 900) };
    for number in [number, other] {
        assert_eq!(push_refusal(ask(&verifier, &fresh(), number, after(3))), held);
    }
    let options = block_on(verifier.options(&id(), &fresh(), after(3))).unwrap();
    assert!(options.pushes.is_empty());
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, 0);
    // A denial after the wait doubles it.
    let now = after(1000);
    assert_eq!(block_on(verifier.options(&id(), &fresh(), now)).unwrap().pushes.len(), 2);
    let sent = ask(&verifier, &fresh(), number, now).unwrap();
    let denied = app.deny(&app.read(&sent.message, now).unwrap(), now).unwrap();
    block_on(verifier.answer_push(&id(), &denied, now)).unwrap();
    let held = push_refusal(ask(&verifier, &fresh(), number, now));
    assert_eq!(held, PushRefusal::Held { until: after(1000 + 1800) });
    // The help desk ends the wait.
    block_on(verifier.unlock(&id(), DESK, now)).unwrap();
    let (login, sent) = (fresh(), ask(&verifier, &fresh(), number, now).unwrap());
    let report = app.not_me(&app.read(&sent.message, now).unwrap(), now).unwrap();
    assert_eq!(block_on(verifier.answer_push(&id(), &report, now)).unwrap(), Verdict::NotMe);
    assert_eq!(push_refusal(ask(&verifier, &login, other, now)), PushRefusal::Held { until: after(1000 + 3600) });
    let held = ask(&verifier, &login, other, now).unwrap_err().public();
    assert_eq!(held, secondo::PublicRefusal::Throttled { retry_at: after(4600) });
}

/// Old denials do not hold pushes off for ever: each day without one halves their number.
#[test]
fn old_denials_are_forgotten() {
    let verifier = Verifier::new(Memory::new(), keys(), roomy());
    let (app, number) = bind_phone(&verifier, 7, NOW);
    let deny = |now| {
        let sent = ask(&verifier, &fresh(), number, now).unwrap();
        let denied = app.deny(&app.read(&sent.message, now).unwrap(), now).unwrap();
        block_on(verifier.answer_push(&id(), &denied, now)).unwrap();
    };
    let held = |now| match ask(&verifier, &fresh(), number, now) {
        Err(VerifierError::Push(PushRefusal::Held { until })) => until.as_secs() - now.as_secs(),
        other => panic!("{other:?}"),
    };
    for now in [0, 1, 2, 902] {
        deny(after(now));
    }
    assert_eq!(held(after(902)), 1800);
    // Almost a day after the wait, the four still count.
    let day = 2702 + 86_400;
    deny(after(day - 1));
    assert_eq!(held(after(day - 1)), 3600);
    // Two days and an hour later, one of five is left.
    let later = day - 1 + 3600 + 2 * 86_400;
    deny(after(later));
    deny(after(later + 1));
    assert_eq!(held(after(later + 1)), 900);
}

/// A restored backup may hold an approval that was used after it.
#[test]
fn watermarks_that_are_raised_end_challenges() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let login = fresh();
    let sent = ask(&verifier, &login, number, NOW).unwrap();
    let answer = accept(&mut app, &sent.message, &sent.number, NOW);
    block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap();
    block_on(verifier.raise_watermarks(&id(), DESK, NOW)).unwrap();
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, NOW))), PushRefusal::Unknown);
    assert_eq!(push_refusal(block_on(verifier.answer_push(&id(), &answer, NOW))), PushRefusal::Unknown);
}

/// The first day allows twelve pushes to a person who answers none, and each further day three.
#[test]
fn a_person_who_does_not_answer_is_left_alone() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (_, number) = bind_phone(&verifier, 7, NOW);
    let mut days = [0; 4];
    let mut now = 0;
    while now < 4 * 86_400 {
        match ask(&verifier, &fresh(), number, after(now)) {
            Ok(_) => days[usize::try_from(now / 86_400).unwrap()] += 1,
            Err(VerifierError::Push(PushRefusal::Held { until })) => {
                now = i64::try_from(until.as_secs() - NOW.as_secs()).unwrap();
            }
            Err(VerifierError::Push(PushRefusal::TooMany)) => now += 20,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(days, [12, 3, 3, 3]);
}

#[test]
fn at_most_three_are_pending_in_an_account() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let apps = [bind_phone(&verifier, 7, NOW).1, bind_phone(&verifier, 8, NOW).1];
    for place in 0..3 {
        ask(&verifier, &fresh(), apps[place % 2], NOW).unwrap();
    }
    let before = stored(&store);
    for app in apps {
        assert_eq!(push_refusal(ask(&verifier, &fresh(), app, NOW)), PushRefusal::TooMany);
    }
    assert_eq!(stored(&store), before);
}

/// A clock that is set back opens nothing that was used, and one that was ahead blocks nothing.
#[test]
fn clocks_that_jump() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let login = fresh();
    let sent = ask(&verifier, &login, number, NOW).unwrap();
    let answer = accept(&mut app, &sent.message, &sent.number, NOW);
    block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap();
    assert!(block_on(verifier.poll(&id(), &login, NOW)).is_ok());
    for back in [-1, -60, -86_400, -30_000_000] {
        let refused = push_refusal(block_on(verifier.answer_push(&id(), &answer, after(back))));
        assert_eq!(refused, PushRefusal::Answered);
        let polled = block_on(verifier.poll(&id(), &login, after(back)));
        assert!(matches!(polled, Err(VerifierError::Repeated(_))), "{polled:?}");
    }
    // Three challenges and a wait of a clock that was a year ahead.
    let ahead = after(31_536_000);
    for _ in 0..3 {
        let sent = ask(&verifier, &fresh(), number, ahead).unwrap();
        let denied = app.deny(&app.read(&sent.message, ahead).unwrap(), ahead).unwrap();
        block_on(verifier.answer_push(&id(), &denied, ahead)).unwrap();
    }
    assert!(matches!(push_refusal(ask(&verifier, &fresh(), number, ahead)), PushRefusal::Held { .. }));
    let login = fresh();
    let sent = ask(&verifier, &login, number, after(1)).unwrap();
    let answer = accept(&mut app, &sent.message, &sent.number, after(1));
    block_on(verifier.answer_push(&id(), &answer, after(1))).unwrap();
    assert!(block_on(verifier.poll(&id(), &login, after(1))).is_ok());
    // The implausible wait does not keep the next wait from being stored.
    let sent = ask(&verifier, &fresh(), number, after(2)).unwrap();
    let reported = app.not_me(&app.read(&sent.message, after(2)).unwrap(), after(2)).unwrap();
    block_on(verifier.answer_push(&id(), &reported, after(2))).unwrap();
    let held = PushRefusal::Held { until: after(3602) };
    assert_eq!(push_refusal(ask(&verifier, &fresh(), number, after(2))), held);
}

/// Anybody can send answers for accounts that do not exist. That is no outage.
#[test]
fn an_answer_for_no_account_is_unknown() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    let answer = accept(&mut app, &sent.message, &sent.number, NOW);
    let other = secondo::AccountId::new("bianchi").unwrap();
    let unknown = block_on(verifier.answer_push(&other, &answer, NOW));
    assert_eq!(push_refusal(unknown), PushRefusal::Unknown);
    block_on(verifier.close(&id(), None, DESK, NOW)).unwrap();
    let closed = block_on(verifier.answer_push(&id(), &answer, NOW));
    assert_eq!(push_refusal(closed), PushRefusal::Unknown);
}

#[test]
fn an_approval_must_be_fetched_in_time() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    for (late, is_login) in [(118, true), (119, false)] {
        let login = fresh();
        let sent = ask(&verifier, &login, number, NOW).unwrap();
        let answer = accept(&mut app, &sent.message, &sent.number, after(59));
        block_on(verifier.answer_push(&id(), &answer, after(59))).unwrap();
        let polled = block_on(verifier.poll(&id(), &login, after(late)));
        assert_eq!(polled.is_ok(), is_login, "{polled:?}");
        if !is_login {
            assert_eq!(push_refusal(polled), PushRefusal::Expired);
        }
    }
}

#[test]
fn weaker_modes_say_so() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    for matching in [Matching::TwoDigits, Matching::Compare] {
        let details = details().with_matching(matching);
        let login = fresh();
        let sent = block_on(verifier.push(&id(), &login, number, &details, NOW, &random())).unwrap();
        let challenge = app.read(&sent.message, NOW).unwrap();
        assert_eq!(challenge.matching(), matching);
        let typed = if matching == Matching::Compare {
            assert_eq!(challenge.number(), Some(&*sent.number));
            assert_eq!(device_error(app.accept(&challenge, &sent.number, CODE, NOW)), DeviceError::Number);
            ""
        } else {
            assert_eq!((challenge.number(), sent.number.len()), (None, 2));
            assert_eq!(device_error(app.accept(&challenge, "123456", CODE, NOW)), DeviceError::Number);
            &sent.number
        };
        let answer = app.accept(&challenge, typed, CODE, NOW).unwrap();
        block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap();
        let accepted = block_on(verifier.poll(&id(), &login, NOW)).unwrap();
        assert!(!accepted.counts_for_aal2());
        assert_eq!(assurance::acr(Framework::Nist, FirstFactor::Password, &accepted), "AAL1");
        assert_eq!(assurance::acr(Framework::Iso29115, FirstFactor::Password, &accepted), "LoA3");
        assert!(!matching.counts_for_aal2());
        // The message of a weaker mode cannot stand in for the other.
        assert!(!sent.message.contains("type-6"));
    }
}

#[test]
fn numbers_are_spread_evenly() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), roomy());
    let (_, number) = bind_phone(&verifier, 7, NOW);
    let of = |random: [u8; 8], matching, now| {
        let mut bytes = [7; 32];
        bytes[16..24].copy_from_slice(&random);
        let details = details().with_matching(matching).lasting(Duration::from_secs(1)).unwrap();
        let sent = block_on(verifier.push(&id(), &fresh(), number, &details, now, &bytes)).unwrap();
        block_on(verifier.unlock(&id(), DESK, now)).unwrap();
        sent.number
    };
    assert_eq!(of([0; 8], Matching::SixDigits, after(10)), "000000");
    assert_eq!(of([255; 8], Matching::SixDigits, after(20)), "999999");
    assert_eq!(of([255; 8], Matching::TwoDigits, after(30)), "99");
    assert_eq!(of([128, 0, 0, 0, 0, 0, 0, 0], Matching::SixDigits, after(40)), "500000");
}

#[test]
fn activations_that_do_not_prove_themselves_change_nothing() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (login, first) = (fresh(), activation());
    let number = block_on(verifier.enroll(&id(), &login, &first, NOW)).unwrap().number;
    let (app, answer) = activate(&first, 7);
    // The same activation with another secret, and with the key of another answer.
    let link = first.link();
    let (head, bytes) = link.split_at("secondo-push:".len());
    let mut bytes = base64_url(bytes);
    bytes[17] ^= 1;
    let guessed = Activation::parse(&format!("{head}{}", to_base64_url(&bytes))).unwrap();
    let (_, without_secret) = activate(&guessed, 7);
    let (_, other) = activate(&activation(), 7);
    let (_, of_other_key) = activate(&first, 9);
    let mixed = answer.replace(field_of(&answer, "key"), field_of(&of_other_key, "key"));
    let off_curve = answer.replace(field_of(&answer, "key"), &to_base64_url(&[4; 65]));
    let before = stored(&store);
    let activate = |answer: &str, now| block_on(verifier.activate_push(&id(), answer, now));
    assert_eq!(push_refusal(activate(&without_secret, NOW)), PushRefusal::Signature);
    assert_eq!(push_refusal(activate(&mixed, NOW)), PushRefusal::Signature);
    assert_eq!(push_refusal(activate(&off_curve, NOW)), PushRefusal::Signature);
    assert_eq!(push_refusal(activate(&other, NOW)), PushRefusal::Unknown);
    assert_eq!(push_refusal(activate(&answer.replace("rossi", "verdi"), NOW)), PushRefusal::OtherAccount);
    assert_eq!(push_refusal(activate(&answer, after(600))), PushRefusal::Expired);
    assert_eq!(stored(&store), before);
    activate(&answer, after(599)).unwrap();
    let before = stored(&store);
    for late in [&answer, &of_other_key] {
        assert_eq!(push_refusal(activate(late, after(599))), PushRefusal::Answered);
    }
    let code = app.confirmation_code();
    let confirm = |login: &Transaction, code: &str, now| block_on(verifier.confirm(&id(), login, number, code, now));
    assert_eq!(account_error(confirm(&fresh(), code.as_str(), after(599))), AccountError::OtherTransaction);
    assert_eq!(account_error(confirm(&login, code.as_str(), after(600))), AccountError::Expired);
    assert_eq!(stored(&store), before);
    confirm(&login, code.as_str(), after(599)).unwrap();
    // The same key cannot be a second device of the account.
    let again = activation();
    block_on(verifier.enroll(&id(), &fresh(), &again, NOW)).unwrap();
    let (_, answer) = push::activate(&again, 7);
    assert_eq!(account_error(activate(&answer, NOW)), AccountError::SecretInUse(number));
}

fn base64_url(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn to_base64_url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A thief who began an activation when the account had no second factor gains nothing from the owner's.
#[test]
fn a_first_app_ends_the_activations_beside_it() {
    for policy in [Policy::new(), Policy::new().with_confirmation_login(true)] {
        let verifier = Verifier::new(Memory::new(), keys(), policy);
        let (of_owner, of_thief) = (fresh(), fresh());
        let (owners, thiefs) = (activation(), activation());
        let owner = block_on(verifier.enroll_first(&id(), &of_owner, &owners, NOW)).unwrap().number;
        let thief = block_on(verifier.enroll_first(&id(), &of_thief, &thiefs, NOW)).unwrap().number;
        let [of_owners_app, of_thiefs_app] = [(&owners, 1), (&thiefs, 66)].map(|(activation, key)| {
            let (app, answer) = activate(activation, key);
            block_on(verifier.activate_push(&id(), &answer, NOW)).unwrap();
            app.confirmation_code()
        });
        let confirmed = block_on(verifier.confirm(&id(), &of_owner, owner, of_owners_app.as_str(), NOW)).unwrap();
        assert_eq!(confirmed.login().is_some(), policy == Policy::new().with_confirmation_login(true));
        let late = block_on(verifier.confirm(&id(), &of_thief, thief, of_thiefs_app.as_str(), NOW));
        assert_eq!(account_error(late), AccountError::UnknownAuthenticator(thief));
        let first = block_on(verifier.enroll_first(&id(), &fresh(), &activation(), NOW));
        assert_eq!(account_error(first), AccountError::NotFirst);
    }
}

/// A thief who sees the activation on the page answers it first.
#[test]
fn the_page_does_not_confirm_the_app_of_somebody_else() {
    let store = Memory::new();
    let verifier = verifier(&store);
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let (login, activation) = (fresh(), activation());
    let number = block_on(verifier.enroll(&id(), &login, &activation, NOW)).unwrap().number;
    let (_, of_thief) = activate(&activation, 66);
    block_on(verifier.activate_push(&id(), &of_thief, NOW)).unwrap();
    let (owners, of_owner) = activate(&activation, 7);
    assert_eq!(push_refusal(block_on(verifier.activate_push(&id(), &of_owner, NOW))), PushRefusal::Answered);
    // The owner's app shows the code of its own key. Wrong codes end the enrollment.
    let shown = owners.confirmation_code();
    let confirm = |code: &str| block_on(verifier.confirm(&id(), &login, number, code, NOW));
    assert_eq!(refusal(confirm(shown.as_str())), wrong(4));
    assert_eq!(refusal(confirm(shown.as_str())), wrong(4));
    assert_eq!(refusal(confirm("12345")), Refusal::Malformed(MalformedCode::Length { expected: 6, found: 5 }));
    let mut other = shown.as_str().to_owned();
    for remaining in (0..4).rev() {
        other = other_than(&other);
        assert_eq!(refusal(confirm(&other)), wrong(remaining));
    }
    assert_eq!(account_error(confirm(shown.as_str())), AccountError::UnknownAuthenticator(number));
    // The account's own count is as before.
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, 0);
}

#[test]
fn a_replaced_phone_is_refused() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut old, number) = bind_phone(&verifier, 7, NOW);
    assert_eq!(account_error(block_on(verifier.revoke(&id(), number, DESK, NOW))), AccountError::Last);
    let login = fresh();
    let sent = ask(&verifier, &login, number, NOW).unwrap();
    let (_, new) = bind_phone(&verifier, 8, NOW);
    block_on(verifier.revoke(&id(), number, DESK, NOW)).unwrap();
    let answer = accept(&mut old, &sent.message, &sent.number, NOW);
    assert_eq!(push_refusal(block_on(verifier.answer_push(&id(), &answer, NOW))), PushRefusal::Unknown);
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, NOW))), PushRefusal::Unknown);
    // The old app cannot answer what is sent to the new one.
    let sent = ask(&verifier, &fresh(), new, NOW).unwrap();
    assert_eq!(device_error(old.read(&sent.message, NOW)), DeviceError::OtherDevice);
}

#[test]
fn other_kinds_are_not_asked_and_apps_are_not_imported() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let token = bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    assert_eq!(push_refusal(ask(&verifier, &fresh(), token, NOW)), PushRefusal::Unknown);
    let external = block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap().number;
    assert_eq!(push_refusal(ask(&verifier, &fresh(), external, NOW)), PushRefusal::Unknown);
    let imported = verifier.add(&id(), &activation(), State::new().confirmed());
    assert_eq!(account_error(imported), AccountError::NotConfirmed);
    let (_, number) = bind_phone(&verifier, 7, NOW);
    // Its challenges are no codes.
    assert_eq!(refusal(block_on(verifier.verify_with(&id(), &fresh(), number, "123456", NOW))), Refusal::Unconfirmed);
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, 0);
}

/// Each decision has an event, and only a report must reach the person.
#[test]
fn every_step_is_an_event() {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<(String, bool)>>>);

    impl Sink for Lines {
        fn record(&self, event: &Event<'_>) {
            let revision = event.revision.map_or("-".into(), |revision| revision.to_string());
            let outcome = event.problem.unwrap_or("done");
            let of = event.authenticator.map_or("-".into(), |number| number.to_string());
            let line = format!("{} {outcome} {of} {revision} {:?}", event.action.label(), event.remaining);
            self.0.lock().unwrap().push((line, event.must_notify()));
        }
    }

    let lines = Lines::default();
    let verifier = Verifier::new(Memory::new(), keys(), roomy()).with_sink(lines.clone());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let login = fresh();
    let sent = ask(&verifier, &login, number, NOW).unwrap();
    // A page that waits has no event.
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &login, NOW))), PushRefusal::Waiting);
    let challenge = app.read(&sent.message, NOW).unwrap();
    assert!(block_on(verifier.answer_push(&id(), "{}", NOW)).is_err());
    let answer = app.accept(&challenge, &sent.number, CODE, NOW).unwrap();
    block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap();
    assert!(block_on(verifier.answer_push(&id(), &answer, NOW)).is_err());
    assert!(block_on(verifier.poll(&id(), &login, NOW)).is_ok());
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    let wrong = accept(&mut app, &sent.message, &other_than(&sent.number), NOW);
    assert!(block_on(verifier.answer_push(&id(), &wrong, NOW)).is_err());
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    let denied = app.deny(&app.read(&sent.message, NOW).unwrap(), NOW).unwrap();
    block_on(verifier.answer_push(&id(), &denied, NOW)).unwrap();
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    let report = app.not_me(&app.read(&sent.message, NOW).unwrap(), NOW).unwrap();
    block_on(verifier.answer_push(&id(), &report, NOW)).unwrap();
    assert!(ask(&verifier, &fresh(), number, NOW).is_err());
    let expected = [
        ("enroll done 1 1 None", false),
        ("activate_push done 1 2 None", false),
        ("confirm done 1 3 None", true),
        ("push done 1 4 None", false),
        ("answer_push push_message - - None", false),
        ("accept_push done 1 5 None", false),
        ("answer_push answered - - None", false),
        ("poll done 1 6 None", false),
        ("push done 1 7 None", false),
        ("accept_push wrong 1 8 Some(4)", false),
        ("push done 1 9 None", false),
        ("deny_push done 1 10 None", false),
        ("push done 1 11 None", false),
        ("report_push done 1 12 None", true),
        ("push pushes_held 1 - None", false),
    ];
    let expected: Vec<_> = expected.map(|(line, is_notified)| (line.to_owned(), is_notified)).into();
    assert_eq!(*lines.0.lock().unwrap(), expected);
}

/// An account that is full keeps room for every challenge of every app.
#[test]
fn nothing_fails_for_room_after_enrollment() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let mut apps = vec![number];
    for byte in 8.. {
        let (login, activation) = (fresh(), activation());
        let new = NewAuthenticator::from(&activation).named(&"n".repeat(64)).unwrap();
        let enrolled = match block_on(verifier.enroll(&id(), &login, new, NOW)) {
            Ok(enrolled) => enrolled.number,
            Err(error) => {
                assert!(matches!(error, VerifierError::Account(AccountError::Full)), "{error}");
                break;
            }
        };
        let (app, answer) = activate(&activation, byte);
        block_on(verifier.activate_push(&id(), &answer, NOW)).unwrap();
        block_on(verifier.confirm(&id(), &login, enrolled, app.confirmation_code().as_str(), NOW)).unwrap();
        apps.push(enrolled);
    }
    assert!(apps.len() >= 8, "{}", apps.len());
    // Every app is asked until it keeps three challenges.
    for (round, app) in (0..).zip(apps.iter().flat_map(|app| [app; 3])) {
        let now = after(1000 * round);
        let short = details().lasting(Duration::from_secs(600)).unwrap();
        block_on(verifier.push(&id(), &fresh(), *app, &short, now, &random())).unwrap();
        block_on(verifier.unlock(&id(), DESK, now)).unwrap();
    }
    let now = after(100_000);
    let login = fresh();
    let sent = ask(&verifier, &login, number, now).unwrap();
    let answer = accept(&mut app, &sent.message, &sent.number, now);
    block_on(verifier.answer_push(&id(), &answer, now)).unwrap();
    assert!(block_on(verifier.poll(&id(), &login, now)).is_ok());
}

#[test]
fn an_answer_is_taken_once_by_many_threads() {
    let verifier = Verifier::new(Memory::new(), keys(), roomy());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    for _ in 0..20 {
        let login = fresh();
        let sent = ask(&verifier, &login, number, NOW).unwrap();
        let answer = accept(&mut app, &sent.message, &sent.number, NOW);
        let race = || {
            let taken = block_on(verifier.answer_push(&id(), &answer, NOW)).is_ok();
            [usize::from(taken), usize::from(block_on(verifier.poll(&id(), &login, NOW)).is_ok())]
        };
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(race)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let sums = results.iter().fold([0, 0], |[a, b], [taken, accepted]| [a + taken, b + accepted]);
        assert_eq!(sums, [1, 1]);
    }
}

#[test]
fn a_device_is_unlocked_by_its_owner() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    let challenge = app.read(&sent.message, NOW).unwrap();
    let recognized = |is_recognized| Unlock::Biometrics { is_recognized };
    for remaining in (0..5).rev() {
        let refused = device_error(app.accept(&challenge, &sent.number, recognized(false), NOW));
        assert_eq!(refused, DeviceError::NotUnlocked { remaining });
    }
    assert_eq!(device_error(app.accept(&challenge, &sent.number, recognized(true), NOW)), DeviceError::Blocked);
    // The personal code makes biometrics available again.
    assert!(app.accept(&challenge, &sent.number, CODE, NOW).is_ok());
    assert!(app.accept(&challenge, &sent.number, recognized(true), NOW).is_ok());
    for remaining in (0..5).rev() {
        let refused = device_error(app.accept(&challenge, &sent.number, Unlock::Code("271829"), NOW));
        assert_eq!(refused, DeviceError::NotUnlocked { remaining });
        // The stored state keeps the count.
        app = Device::decode(&app.encode(), key(7)).unwrap();
    }
    for unlock in [CODE, recognized(true)] {
        assert_eq!(device_error(app.accept(&challenge, &sent.number, unlock, NOW)), DeviceError::Blocked);
    }
    // It can still deny.
    assert!(app.deny(&challenge, NOW).is_ok());
    assert_eq!((app.account(), app.issuer(), app.user()), ("rossi", "idp.example.it", "Maria Rossi"));

    let (mut without_code, _) = Device::activate(&activation(), key(9), None).unwrap();
    assert_eq!(device_error(without_code.read(&sent.message, NOW)), DeviceError::OtherDevice);
    assert_eq!(device_error(without_code.accept(&challenge, "", CODE, NOW)), DeviceError::OtherDevice);
    for code in ["", "12345", "1234567", "12345a", "１２３４"] {
        assert!(PersonalCode::new(code, [9; 16]).is_err(), "{code}");
    }
}

#[test]
fn a_device_reads_its_own_challenges_in_time() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    assert!(app.read(&sent.message, after(60 + 29)).is_ok());
    assert_eq!(device_error(app.read(&sent.message, after(60 + 30))), DeviceError::Expired);
    let challenge = app.read(&sent.message, NOW).unwrap();
    let late = app.accept(&challenge, &sent.number, CODE, after(90));
    assert_eq!(device_error(late), DeviceError::Expired);
    for number in ["", "12345", "1234567", "12345a"] {
        assert_eq!(device_error(app.accept(&challenge, number, CODE, NOW)), DeviceError::Number);
    }
    let other = sent.message.replace("rossi", "verdi");
    assert_eq!(device_error(app.read(&other, NOW)), DeviceError::OtherDevice);
}

#[test]
fn bad_messages_are_refused_with_the_field() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    let sent = ask(&verifier, &fresh(), number, NOW).unwrap();
    let good = accept(&mut app, &sent.message, &sent.number, NOW);
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    let field = |name: &str| field_of(&good, name).to_owned();
    for (message, expected) in [
        (String::new(), MessageError::NotJson { column: 0 }),
        ("[1]".into(), MessageError::NotJson { column: 0 }),
        (with("{", "["), MessageError::NotJson { column: 0 }),
        (format!("{good}x"), MessageError::NotJson { column: good.len() + 1 }),
        ("x".repeat(2049), MessageError::TooLong(2049)),
        (with("\"v\":1", "\"v\":2"), MessageError::Version),
        (with("\"v\":1", "\"v\":\"1\""), MessageError::Version),
        (with("\"v\":1,", ""), MessageError::Version),
        (with("\"answer\"", "\"challenge\""), MessageError::Invalid("type")),
        (with("\"number\"", "\"nummer\""), MessageError::UnknownField { column: 0 }),
        (
            with("\"verdict\":\"accept\"", "\"verdict\":\"accept\",\"verdict\":\"accept\""),
            MessageError::Duplicate("verdict"),
        ),
        (with("\"verdict\"", "\"v\":1,\"verdict\""), MessageError::Duplicate("v")),
        (with("\"verdict\":\"accept\",", ""), MessageError::Missing("verdict")),
        (with("\"accept\"", "\"yes\""), MessageError::Invalid("verdict")),
        (with("\"accept\"", "null"), MessageError::Invalid("verdict")),
        (with("\"accept\"", "[[[]]]"), MessageError::Invalid("verdict")),
        (with(&sent.number, "1234567"), MessageError::Invalid("number")),
        (with(&sent.number, "-12345"), MessageError::Invalid("number")),
        (with(&field("id"), &field("id")[1..]), MessageError::Invalid("id")),
        (with(&field("digest"), &field("id")), MessageError::Invalid("digest")),
        (with(&field("signature"), &format!("{}=", field("signature"))), MessageError::Invalid("signature")),
        (with("rossi", "ros si"), MessageError::Invalid("account")),
    ] {
        let error = Answer::parse(&message).unwrap_err();
        match expected {
            MessageError::NotJson { column: 0 } | MessageError::UnknownField { .. } => {
                assert_eq!(error.label(), expected.label(), "{message}");
            }
            _ => assert_eq!(error, expected, "{message}"),
        }
        assert!(!error.to_string().contains(&sent.number) && !format!("{error:?}").contains(&sent.number));
    }
    // Space around the object is no part of it.
    assert_eq!(Answer::parse(&format!(" {good}\n")), Answer::parse(&good));
    for (from, to, expected) in [
        ("INPS", "", MessageError::Invalid("relying_party")),
        ("INPS", "IN\\u202ePS", MessageError::Invalid("relying_party")),
        ("INPS", &*"x".repeat(129), MessageError::Invalid("relying_party")),
        ("type-6", "type-7", MessageError::Invalid("matching")),
        ("type-6", "compare", MessageError::Missing("number")),
        ("\"matching\"", "\"number\":\"123456\",\"matching\"", MessageError::Invalid("number")),
        ("\"expires\":1", "\"expires\":-1", MessageError::Invalid("expires")),
        ("\"expires\":1", "\"expires\":1000000000000", MessageError::Invalid("expires")),
    ] {
        let message = sent.message.replacen(from, to, 1);
        assert_eq!(device_error(app.read(&message, NOW)), DeviceError::Message(expected), "{message}");
    }
    let link = activation().link().to_string();
    let mut other_version = base64_url(link.strip_prefix("secondo-push:").unwrap());
    other_version[0] = 2;
    for (link, expected) in [
        ("otpauth://totp/x".to_owned(), MessageError::NotActivation),
        (format!("{link}="), MessageError::NotActivation),
        (format!("secondo-push:{}", to_base64_url(&other_version)), MessageError::Version),
        (format!("{link}AAAA"), MessageError::UnknownField { column: 0 }),
        ("secondo-push:".into(), MessageError::Version),
        ("secondo-push:Ag".into(), MessageError::Version),
        (link[..41].into(), MessageError::Missing("secret")),
        ("secondo-push:".to_owned() + &"A".repeat(600), MessageError::TooLong(613)),
    ] {
        let error = Activation::parse(&link).unwrap_err();
        match expected {
            MessageError::UnknownField { .. } => assert_eq!(error.label(), expected.label()),
            _ => assert_eq!(error, expected, "{link}"),
        }
    }
    let device = app.encode();
    for len in 0..device.len() {
        assert!(Device::decode(&device[..len], key(7)).is_err());
    }
    assert!(Device::decode(&[&device[..], &[0]].concat(), key(7)).is_err());
    assert!(Details::new("INPS", "Bari", "09:30").unwrap().lasting(Duration::from_secs(601)).is_err());
}

/// A record with a byte changed in an app's own state is an error or another state, and never a panic.
#[test]
fn stored_states_are_read_back() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, roomy());
    let (_, number) = bind_phone(&verifier, 7, NOW);
    for _ in 0..3 {
        ask(&verifier, &fresh(), number, NOW).unwrap();
    }
    let bytes = stored(&store);
    let mut refused = BTreeSet::new();
    for at in 10..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] = 0xff;
        let other = Memory::new();
        let value = secondo::store::Value::from(&changed[..]);
        let _stored = block_on(secondo::store::Store::compare_exchange(&other, &id(), None, value, None)).unwrap();
        let verifier = Verifier::unsealed(&other, roomy());
        if let Err(error) = ask(&verifier, &fresh(), number, NOW) {
            refused.insert(error.label());
        }
    }
    assert!(refused.contains("record") && refused.contains("too_many_pushes"), "{refused:?}");
}
