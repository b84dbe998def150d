//! Answers of apps to challenges, and the logins that they become.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pollster::block_on;
use secondo::assurance::{FirstFactor, Framework};
use secondo::audit::{Event, Sink};
use secondo::push::device::DeviceError;
use secondo::push::{Answer, Matching, MessageError, PushRefusal};
use secondo::store::Memory;
use secondo::{UnixTime, Verifier, assurance};

use super::{field_of, verifier};
use crate::support::enrolled::{NOW, SECOND, after, keys};
use crate::support::logins::{DESK, fresh};
use crate::support::push::{CODE, accept, ask, bind_phone, details, device_error, other_than, push_refusal};
use crate::support::random::random;
use crate::support::refusals::{refusal, wrong};
use crate::support::subscriber::{bind, code_of, id, phone, roomy, stored};

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
    let sent_to_second = ask(&verifier, &fresh(), SECOND, NOW).unwrap();
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
    // The longest challenge is completed within ten minutes (NIST SP 800-63B-4 section 3.1.3.2).
    for (last, late, is_login) in [(59_i64, 118, true), (59, 119, false), (539, 598, true), (539, 599, false)] {
        let (login, time) = (fresh(), Duration::from_secs(last.unsigned_abs() + 1));
        let details = details().lasting(time).unwrap();
        let sent = block_on(verifier.push(&id(), &login, number, &details, NOW, &random())).unwrap();
        let answer = accept(&mut app, &sent.message, &sent.number, after(last));
        block_on(verifier.answer_push(&id(), &answer, after(last))).unwrap();
        let polled = block_on(verifier.poll(&id(), &login, after(late)));
        assert_eq!(polled.is_ok(), is_login, "{polled:?}");
        if !is_login {
            assert_eq!(push_refusal(polled), PushRefusal::Expired);
        }
    }
}

/// A code ends the push of its own login. Those of other logins go on, and what was denied stays so.
#[test]
fn a_code_ends_the_push_of_its_login() {
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys(), roomy());
    let (mut app, number) = bind_phone(&verifier, 7, NOW);
    bind(&verifier, phone(1), &code_of(1, NOW), NOW).unwrap();
    let now = after(60);
    let [by_code, other, denied] = [fresh(), fresh(), fresh()];
    let [of_code, of_other, of_denied] =
        [&by_code, &other, &denied].map(|login| ask(&verifier, login, number, now).unwrap());
    let answer = app.deny(&app.read(&of_denied.message, now).unwrap(), now).unwrap();
    block_on(verifier.answer_push(&id(), &answer, now)).unwrap();
    let _accepted = block_on(verifier.verify(&id(), &by_code, &code_of(1, now), now)).unwrap();

    let late = accept(&mut app, &of_code.message, &of_code.number, now);
    assert_eq!(push_refusal(block_on(verifier.answer_push(&id(), &late, now))), PushRefusal::Answered);
    assert_eq!(push_refusal(block_on(verifier.poll(&id(), &denied, now))), PushRefusal::Denied);
    let answer = accept(&mut app, &of_other.message, &of_other.number, now);
    block_on(verifier.answer_push(&id(), &answer, now)).unwrap();
    assert!(block_on(verifier.poll(&id(), &other, now)).is_ok());
}

/// Whatever else is asked and answered, the page of a login learns how its own challenge ended.
#[test]
fn the_end_of_a_challenge_is_told_until_its_expiry() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (app, number) = bind_phone(&verifier, 7, NOW);
    let (denied, ignored) = (fresh(), fresh());
    let sent = ask(&verifier, &denied, number, NOW).unwrap();
    let answer = app.deny(&app.read(&sent.message, NOW).unwrap(), NOW).unwrap();
    block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap();
    let poll = |login, now| push_refusal(block_on(verifier.poll(&id(), login, now)));
    let last = UnixTime::from_secs(sent.expires.as_secs() - 1).unwrap();
    ask(&verifier, &ignored, number, last).unwrap();
    assert_eq!(poll(&denied, last), PushRefusal::Denied);
    ask(&verifier, &fresh(), number, sent.expires).unwrap();
    assert_eq!(poll(&denied, last), PushRefusal::Unknown);
    assert_eq!(poll(&ignored, sent.expires), PushRefusal::Waiting);
    assert_eq!(poll(&ignored, after(200)), PushRefusal::Expired);
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
