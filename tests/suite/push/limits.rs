//! Limits of challenges: counts, locks, waits, and clocks.

use std::time::Duration;

use pollster::block_on;
use secondo::push::{Details, PushRefusal, Verdict};
use secondo::store::Memory;
use secondo::{AuthenticatorNumber, Policy, Refusal, Verifier, VerifierError};

use super::verifier;
use crate::support::enrolled::{FIRST, NOW, after, keys};
use crate::support::logins::{DESK, Logins, fresh};
use crate::support::push::{accept, ask, bind_phone, details, other_than, push_refusal};
use crate::support::random::random;
use crate::support::refusals::refusal;
use crate::support::subscriber::{bind, code_of, id, phone, roomy, stored};

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

/// A challenge that ended long ago is counted late, when the next one is requested.
#[test]
fn a_wait_is_not_shortened_by_an_older_challenge() {
    let verifier = Verifier::new(Memory::new(), keys(), roomy());
    let (app, number) = bind_phone(&verifier, 7, NOW);
    let long = details().lasting(Duration::from_secs(90)).unwrap();
    let ask_long = |now| block_on(verifier.push(&id(), &fresh(), number, &long, now, &random()));
    let mut now = 0;
    // Until the wait is a day.
    let until = loop {
        match ask_long(after(now)) {
            Ok(_) => now += 91,
            Err(VerifierError::Push(PushRefusal::Held { until })) => {
                if until.as_secs() - after(now).as_secs() > 86_000 {
                    break i64::try_from(until.as_secs() - NOW.as_secs()).unwrap();
                }
                now = i64::try_from(until.as_secs() - NOW.as_secs()).unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    };
    // Two challenges at once: the second is denied before the first is counted.
    ask_long(after(until)).unwrap();
    let second = ask_long(after(until + 88)).unwrap();
    let denied = app.deny(&app.read(&second.message, after(until + 170)).unwrap(), after(until + 170)).unwrap();
    block_on(verifier.answer_push(&id(), &denied, after(until + 170))).unwrap();
    let held = push_refusal(ask_long(after(until + 171)).map(drop));
    assert_eq!(held, PushRefusal::Held { until: after(until + 170 + 86_400) });
    // Nor by a clock that is set back: the challenge that it finds unanswered holds pushes off as long.
    let held = push_refusal(ask_long(after(until - 3600)).map(drop));
    assert_eq!(held, PushRefusal::Held { until: after(until - 3600 + 86_400) });
}

/// Several apps share one count, whichever is asked.
#[test]
fn many_apps_get_no_more_pushes_than_one() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let apps = [7, 8, 9].map(|byte| bind_phone(&verifier, byte, NOW).1);
    let days: [_; 6] = pushes_by_day(&verifier, &apps);
    assert!(days[0] <= 12 && days[1..].iter().all(|pushes| *pushes <= 3), "{days:?}");
}

/// The page offers no app that would not be asked.
#[test]
fn options_know_of_challenges_that_nobody_answered() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (_, number) = bind_phone(&verifier, 7, NOW);
    let offered = |now| block_on(verifier.options(&id(), &fresh(), now)).unwrap().pushes.len();
    for now in 0..3 {
        ask(&verifier, &fresh(), number, after(now)).unwrap();
    }
    assert_eq!((offered(after(3)), offered(after(63))), (1, 0));
    assert!(matches!(push_refusal(ask(&verifier, &fresh(), number, after(63))), PushRefusal::Held { .. }));
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

/// Asks the apps as often as the account permits, another one after each wait. Returns the number of pushes on each
/// day.
fn pushes_by_day<const DAYS: usize>(verifier: &Verifier<&Memory>, apps: &[AuthenticatorNumber]) -> [u32; DAYS] {
    let (mut days, mut now, mut waits) = ([0; DAYS], 0, 0);
    while let Some(day) = days.get_mut(usize::try_from(now / 86_400).unwrap()) {
        match ask(verifier, &fresh(), apps[waits % apps.len()], after(now)) {
            Ok(_) => *day += 1,
            Err(VerifierError::Push(PushRefusal::Held { until })) => {
                now = i64::try_from(until.as_secs() - NOW.as_secs()).unwrap();
                waits += 1;
            }
            Err(VerifierError::Push(PushRefusal::TooMany)) => now += 20,
            Err(error) => panic!("{error}"),
        }
    }
    days
}

/// The first day allows twelve pushes to a person who answers none, and each further day three.
#[test]
fn a_person_who_does_not_answer_is_left_alone() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let (_, number) = bind_phone(&verifier, 7, NOW);
    assert_eq!(pushes_by_day(&verifier, &[number]), [12, 3, 3, 3]);
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

/// A challenge that would last longer than any comes from a clock that was ahead.
#[test]
fn the_longest_challenge_may_come_from_a_clock_that_is_a_minute_ahead() {
    let longest = details().lasting(Duration::from_secs(Details::MAX_SECS.into())).unwrap();
    for ahead in [60, 61] {
        let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
        let (mut app, number) = bind_phone(&verifier, 7, NOW);
        let login = fresh();
        let sent = block_on(verifier.push(&id(), &login, number, &longest, after(ahead), &random())).unwrap();
        let answer = accept(&mut app, &sent.message, &sent.number, after(ahead));
        let answered = block_on(verifier.answer_push(&id(), &answer, NOW));
        assert_eq!(answered.is_ok(), ahead == 60, "{answered:?}");
    }
}
