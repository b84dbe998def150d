//! Regression tests for defects of other libraries, known from public advisories and discussions.
#![cfg(feature = "std")]

use crate::support::commit;
use crate::support::enrolled;
use crate::support::failing;
use crate::support::logins;
use crate::support::refusals;

use std::sync::Mutex;
use std::time::Duration;

use commit::commit;
use enrolled::{FIRST, NOW, after, code_at, enroll, key, keys, verifier, wrong_code};
use failing::{Fault, Outage, failing};
use logins::{Logins, fresh};
use pollster::block_on;
use refusals::refusal;
use secondo::decision::{CommitError, Hold};
use secondo::policy::{BackOff, Lock, Window};
use secondo::store::{Entry, Exchange, Memory, Revision, Store, Value};
use secondo::types::{Counter, MalformedCode};
use secondo::{
    AccountId, Code, Digits, Hotp, Method, Policy, PublicRefusal, Refusal, State, SubmittedCode, Totp, UnixTime,
    Verifier, VerifierError,
};
use static_assertions::assert_not_impl_any;

/// Regression test for CVE-2025-6014, CVE-2025-55003, CVE-2026-33473, CVE-2026-61630 and CVE-2015-7225.
#[test]
fn replay_is_not_left_to_the_caller() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
    assert_eq!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::Replayed { remaining: 4, hold: Hold::None });

    // A caller without the verifier gets no verdict either until the state with the used code is stored.
    let code = SubmittedCode::new(&code_at(0));
    let decision = Method::Totp(Totp::default()).verify(&key(), &Policy::new(), &State::new().confirmed(), &code, NOW);
    assert_eq!(decision.commit(|_| Err("the disk is full")).unwrap_err(), CommitError::Store("the disk is full"));
}

/// A store that runs another login before its first compare-and-swap, so the caller always loses the race.
struct Overtaken<'a> {
    store: &'a Memory,
    other: Mutex<Option<Box<dyn FnOnce() + Send + 'a>>>,
}

impl Store for Overtaken<'_> {
    type Error = std::convert::Infallible;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Self::Error> {
        self.store.load(id).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Self::Error> {
        if let Some(other) = self.other.lock().unwrap().take() {
            other();
        }
        self.store.compare_exchange(id, expected, value, expiry).await
    }
}

fn overtaken_by<'a>(store: &'a Memory, id: AccountId, code: String, now: UnixTime) -> Verifier<Overtaken<'a>> {
    let other: Box<dyn FnOnce() + Send + 'a> = Box::new(move || {
        let other = Verifier::new(store, keys(), Policy::new());
        assert!(other.log_in(&id, &code, now).is_ok());
    });
    Verifier::new(Overtaken { store, other: Mutex::new(Some(other)) }, keys(), Policy::new())
}

/// Regression test for CVE-2026-20779 and GHSA-2299-ghjr-6vjp.
#[test]
fn two_parallel_logins_with_one_code() {
    let store = Memory::new();
    let (_, id) = verifier(&store, Policy::new());
    let slower = overtaken_by(&store, id, code_at(0), NOW);
    assert_eq!(refusal(slower.log_in(&id, &code_at(0), NOW)), Refusal::Replayed { remaining: 4, hold: Hold::None });
}

/// Regression test for CVE-2025-6014 and CVE-2025-6015.
#[test]
fn a_replay_in_another_spelling_is_a_replay() {
    let policy = Policy::new().with_counted_replays(false);
    let (verifier, id) = verifier(Memory::new(), policy);
    let code = code_at(0);
    assert!(verifier.log_in(&id, &code, NOW).is_ok());
    let forms = digit_forms();
    let in_forms = (0..20).map(|nth| {
        let forms_of = |digit: char| forms.iter().filter(move |(_, form)| form.chars().eq([digit]));
        code.chars().map(|digit| forms_of(digit).cycle().nth(nth).unwrap().0).collect::<String>()
    });
    let separated =
        ["\u{a0}", "\u{200b}", "\u{3000}", "\u{feff}", "\u{2060}", "\u{2011}", "\u{200f}", "\t", "\r\n", "-", " "]
            .map(|separator| format!("{separator}{}{separator}{}{separator}", &code[..3], &code[3..]));
    for spelling in in_forms.chain(separated) {
        let refused = refusal(verifier.log_in(&id, &spelling, NOW));
        assert!(matches!(refused, Refusal::Replayed { .. }), "{spelling:?}: {refused:?}");
    }
    for spelling in [format!("{code}\0"), format!("0{code}"), format!("０{code}"), format!("+{code}")] {
        assert!(matches!(refusal(verifier.log_in(&id, &spelling, NOW)), Refusal::Malformed(_)));
    }
}

/// In one transaction, the same code in another spelling is the same answer.
#[test]
fn an_answer_in_another_spelling_is_the_same_answer() {
    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let wide = |code: &str| code.chars().map(full_width).collect::<String>() + "\n";
    let (login, code) = (fresh(), code_at(0));
    let verify = |code: &str| block_on(verifier.verify(&id, &login, code, NOW));
    let wrong = wrong_code();
    assert!(verify(&wrong).is_err());
    assert!(matches!(refusal(verify(&wide(&wrong))), Refusal::Wrong { remaining: 4, .. }));
    assert!(verify(&code).is_ok());
    assert!(matches!(verify(&wide(&code)), Err(VerifierError::Repeated(_))));
}

fn full_width(digit: char) -> char {
    char::from_u32(u32::from(digit) - u32::from('0') + u32::from('０')).unwrap()
}

/// Returns the characters that are digits in Unicode's compatibility form, with this form.
fn digit_forms() -> Vec<(char, &'static str)> {
    let row = |row: &'static str| {
        let (code_point, form) = row.split_once(' ').unwrap();
        (char::from_u32(u32::from_str_radix(code_point, 16).unwrap()).unwrap(), form)
    };
    include_str!("../vectors/nfkc-digits.txt").lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

#[test]
fn a_slower_writer_cannot_lower_the_watermark() {
    let store = Memory::new();
    let (verifier, id) = verifier(&store, Policy::new());
    let step = Totp::default().step(NOW).unwrap();
    // The slower login has the code of the previous step. The current code is accepted before its compare-and-swap.
    let slower = overtaken_by(&store, id, code_at(0), NOW);
    assert_eq!(refusal(slower.log_in(&id, &code_at(-1), NOW)), Refusal::Replayed { remaining: 4, hold: Hold::None });
    assert_eq!(verifier.state(&id).unwrap().watermark(), Some(step));
    assert!(matches!(refusal(verifier.log_in(&id, &code_at(0), NOW)), Refusal::Replayed { .. }));
}

/// Other libraries forgot used codes after 60 s, within a window of 90 s, or when the clock was set back.
#[test]
fn neither_time_nor_a_clock_set_back_reopens_a_code() {
    let policy = Policy::new().with_window(Window::new(5, 5).unwrap()).with_counted_replays(false);
    let (verifier, id) = verifier(Memory::new(), policy);
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
    for secs in -150..180 {
        let refusal = refusal(verifier.log_in(&id, &code_at(0), after(secs)));
        assert_eq!(refusal, Refusal::Replayed { remaining: 5, hold: Hold::None }, "after {secs} s");
    }
    for secs in [-3600, -86_400] {
        let unused = code_at(secs / 30);
        assert_eq!(refusal(verifier.log_in(&id, &unused, after(secs))), Refusal::ClockBehind);
        assert_eq!(Refusal::ClockBehind.public(), PublicRefusal::Unavailable);
    }
    // A known limit: an unused code of a later step is valid whenever the clock says so.
    assert!(verifier.log_in(&id, &code_at(100), after(3000)).is_ok());
    assert!(matches!(refusal(verifier.log_in(&id, &code_at(90), after(2700))), Refusal::ClockBehind));
    let seen = code_at(200);
    assert!(matches!(refusal(verifier.log_in(&id, &seen, after(9000))), Refusal::Wrong { .. }));
    assert!(verifier.log_in(&id, &seen, after(6000)).is_ok());
}

#[test]
fn equal_codes_in_neighboring_steps() {
    // These two steps, found by search, have the same code.
    let (first, second) = (910_737, 910_738);
    let totp = Totp::default();
    let at = |step: u64| UnixTime::from_secs(step * 30).unwrap();
    assert_eq!(totp.generate(&key(), at(first)).unwrap().as_str(), "911617");
    assert_eq!(totp.generate(&key(), at(second)).unwrap().as_str(), "911617");

    let (verifier, id) = verifier(Memory::new(), Policy::new());
    let accepted = verifier.log_in(&id, "911617", at(first)).unwrap();
    assert_eq!(accepted.counter(), Counter::new(first));
    assert!(matches!(refusal(verifier.log_in(&id, "911617", at(first))), Refusal::Replayed { .. }));
    // The window of the next step contains both. The unused one is accepted, once.
    let accepted = verifier.log_in(&id, "911617", at(second)).unwrap();
    assert_eq!(accepted.counter(), Counter::new(second));
    assert!(matches!(refusal(verifier.log_in(&id, "911617", at(second))), Refusal::Replayed { .. }));

    // If both are unused, the older step is used up, so that the newer stays usable.
    let mut state = State::new().confirmed();
    let code = SubmittedCode::new("911617");
    let accepted = commit(Method::Totp(totp).verify(&key(), &Policy::new(), &state, &code, at(second)), &mut state);
    assert_eq!(accepted.unwrap().counter(), Counter::new(first));
}

/// Regression test for CVE-2026-35597 and CVE-2024-0227.
#[test]
fn the_failure_is_stored_before_the_verdict() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    let locked = Hold::LockedUntil(after(15 * 60));
    for failures in 1..=5_u8 {
        assert_eq!(
            refusal(working.log_in(&id, &wrong_code(), NOW)),
            Refusal::Wrong { remaining: 5 - failures, hold: if failures == 5 { locked } else { Hold::None } }
        );
        assert_eq!(working.state(&id).unwrap().failures(), failures);
    }
    let until = Some(after(15 * 60));
    assert_eq!(refusal(working.log_in(&id, &code_at(0), NOW)), Refusal::Locked { until });

    // If the failure cannot be stored, the caller does not learn whether the guess was correct.
    let other = enroll(&working, "bianchi", Totp::default());
    let rolled_back = Verifier::new(failing(&store, Fault::Exchange), keys(), Policy::new());
    for entry in [wrong_code(), code_at(0)] {
        assert!(matches!(rolled_back.log_in(&other, &entry, NOW), Err(VerifierError::Store(Outage))));
    }
}

#[test]
fn slow_guessing_under_a_lock_that_ends_is_capped() {
    let policy = Policy::new()
        .with_lock(Lock::lasting(Duration::from_secs(900)).unwrap())
        .with_back_off(BackOff::new(Duration::from_secs(1), Duration::from_secs(60)).unwrap());
    let (verifier, id) = verifier(Memory::new(), policy);
    // One guess a day never has to wait, but every guess counts.
    let mut evaluated = 0;
    for day in 0..365 {
        let now = after(day * 86_400);
        match refusal(verifier.log_in(&id, "000000", now)) {
            Refusal::Wrong { .. } => evaluated += 1,
            Refusal::Locked { until: None } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(evaluated, i32::from(Policy::CONSECUTIVE_LIMIT));
}

/// Passing time does not reset the failure count, and an attempt after a lock counts like any other.
#[test]
fn the_attempt_after_a_lock_is_counted() {
    let policy = Policy::new().with_lock(Lock::lasting(Duration::from_secs(60)).unwrap()).with_failure_cap(3).unwrap();
    let (verifier, id) = verifier(Memory::new(), policy);
    for round in 0..4_u8 {
        let now = after(i64::from(round) * 61);
        let until = UnixTime::from_secs(now.as_secs() + 60).unwrap();
        for (remaining, hold) in [(2, Hold::None), (1, Hold::None), (0, Hold::LockedUntil(until))] {
            let wrong = refusal(verifier.log_in(&id, &wrong_code(), now));
            assert_eq!(wrong, Refusal::Wrong { remaining, hold });
        }
        let until = Some(until);
        assert_eq!(refusal(verifier.log_in(&id, &wrong_code(), now)), Refusal::Locked { until });
        assert_eq!(verifier.state(&id).unwrap().failures(), 3 * (round + 1));
    }
}

#[test]
fn resynchronization_takes_no_old_codes_and_moves_no_further_than_allowed() {
    let policy = Policy::new().with_counted_replays(false).with_failure_cap(100).unwrap();
    let (verifier, id) = verifier(Memory::new(), policy);
    let resync =
        |first: i64| block_on(verifier.resync(&id, &fresh(), FIRST, &[&code_at(first), &code_at(first + 1)], NOW));
    assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());

    // Codes from before the last login, and a pair that spans it.
    for first in [-9, -2, -1] {
        assert!(matches!(refusal(resync(first)), Refusal::Replayed { .. }), "from {first}");
    }
    // Pairs that reach beyond the drift limit of 10 steps.
    for first in [-40, 40, 10] {
        assert!(matches!(refusal(resync(first)), Refusal::Wrong { .. }), "from {first}");
    }
    // Codes that are not consecutive, and a single code.
    assert!(matches!(
        refusal(block_on(verifier.resync(&id, &fresh(), FIRST, &[&code_at(4), &code_at(6)], NOW))),
        Refusal::Wrong { .. }
    ));
    assert_eq!(
        refusal(block_on(verifier.resync(&id, &fresh(), FIRST, &[&code_at(4)], NOW))),
        Refusal::Malformed(MalformedCode::Count { expected: 2, found: 1 })
    );
    assert_eq!(verifier.state(&id).unwrap().drift(), 0);

    assert_eq!(resync(4).unwrap().drift, 5);
    assert_eq!(verifier.state(&id).unwrap().drift(), 5);
    assert!(matches!(refusal(verifier.log_in(&id, &code_at(5), NOW)), Refusal::Replayed { .. }));
    assert_eq!(verifier.log_in(&id, &code_at(6), after(30)).unwrap().drift(), 5);
}

/// A code that arrives one step late must not be taken for drift: later punctual codes would be refused.
#[test]
fn a_late_code_is_not_taken_for_drift() {
    for learn in [false, true] {
        // The default window has one past step for the delay.
        let (verifier, id) = verifier(Memory::new(), Policy::new().with_learned_drift(learn));
        let resynchronized =
            block_on(verifier.resync(&id, &fresh(), FIRST, &[&code_at(0), &code_at(1)], after(60))).unwrap();
        assert_eq!(resynchronized.drift, -1);
        // Late and punctual codes in turn are all accepted.
        for (at, late) in [(2, 1), (3, 0), (4, 1), (6, 1), (7, 0)] {
            let accepted = verifier.log_in(&id, &code_at(at), after((at + late) * 30)).unwrap();
            assert_eq!(accepted.drift(), -late);
            assert_eq!(verifier.state(&id).unwrap().drift(), 0);
        }
    }
}

/// One late code, or a server that is a second slow, must not move the window away from exact clocks.
#[test]
fn learned_drift_keeps_the_current_step_in_the_window() {
    let window = |past, future| Policy::new().with_learned_drift(true).with_window(Window::new(past, future).unwrap());
    let drift = |verifier: &Verifier<Memory>, id: &AccountId| verifier.state(id).unwrap().drift();

    // A code submitted a minute late, and then correct codes of an exact clock.
    let (late, id) = verifier(Memory::new(), window(2, 0));
    assert_eq!(late.log_in(&id, &code_at(0), after(60)).unwrap().drift(), -2);
    for at in 3..8 {
        assert!(late.log_in(&id, &code_at(at), after(30 * at)).is_ok(), "{at}");
    }
    assert_eq!(drift(&late, &id), 0);

    // One of two servers is a second slow, so the code of a new step appears to come from the future.
    let (slow, id) = verifier(Memory::new(), window(0, 1));
    assert_eq!(slow.log_in(&id, &code_at(1), after(29)).unwrap().drift(), 1);
    for at in 2..7 {
        assert!(slow.log_in(&id, &code_at(at), after(30 * at)).is_ok(), "{at}");
    }

    // Drift within the window is learned: of a clock that is two steps ahead, and then four.
    let (learning, id) = verifier(Memory::new(), window(2, 2));
    let followed = [(0, 2, 2), (10, 4, 2), (20, 0, 1), (30, -1, 0), (40, -2, -1), (50, -3, -2), (60, -4, -2)];
    for (at, ahead, learned) in followed {
        assert_eq!(learning.log_in(&id, &code_at(at + ahead), after(30 * at)).unwrap().drift(), ahead);
        assert_eq!(drift(&learning, &id), learned, "{ahead} ahead");
    }
    // Drift is learned no further than the limit, and only if the policy says so.
    for (policy, learned) in [(window(2, 2).with_max_drift(1).unwrap(), 1), (window(2, 2).with_learned_drift(false), 0)]
    {
        let (limited, id) = verifier(Memory::new(), policy);
        assert!(limited.log_in(&id, &code_at(2), NOW).is_ok());
        assert_eq!(drift(&limited, &id), learned);
    }
}

/// A clock that is corrected after a resynchronization must not need a second resynchronization.
#[test]
fn a_resynchronized_clock_may_be_put_right() {
    for learn in [false, true] {
        let policy = Policy::new().with_learned_drift(learn).with_window(Window::new(1, 1).unwrap());
        let (verifier, id) = verifier(Memory::new(), policy);
        let state = || verifier.state(&id).unwrap();
        assert_eq!(block_on(verifier.resync(&id, &fresh(), FIRST, &[&code_at(8), &code_at(9)], NOW)).unwrap().drift, 9);
        assert_eq!(state().drift(), 9);
        // The window follows the drifted clock, and a wrong code counts once although there are two windows.
        assert_eq!(verifier.log_in(&id, &code_at(20), after(30 * 10)).unwrap().drift(), 10);
        assert_eq!(state().drift(), if learn { 10 } else { 9 });
        refusal(verifier.log_in(&id, &wrong_code(), after(30 * 20)));
        assert_eq!(state().failures(), 1);
        // Codes between the two windows are wrong.
        for between in [2, 5, 7] {
            let now = after(30 * 30);
            let refused = refusal(verifier.log_in(&id, &code_at(30 + between), now));
            assert!(matches!(refused, Refusal::Wrong { .. }), "{between}: {refused:?}");
        }
        // After the clock is corrected, punctual, late and early codes are accepted at once.
        for (at, late) in [(40, 0), (50, 1), (60, -1)] {
            let accepted = verifier.log_in(&id, &code_at(at), after(30 * (at + late))).unwrap();
            assert_eq!(accepted.drift(), -late);
            assert_eq!(state().drift(), if learn { i16::from(late < 0) } else { 9 });
        }
    }
}

#[test]
fn the_number_of_digits_comes_from_the_parameters() {
    let totp = Totp::new(Digits::Eight, secondo::types::Period::default());
    let code = totp.generate(&key(), NOW).unwrap();
    let six = SubmittedCode::new(&code.as_str()[2..]);
    let method = Method::Totp(totp);
    let mut state = State::new().confirmed();
    assert_eq!(
        commit(method.verify(&key(), &Policy::new(), &state, &six, NOW), &mut state).unwrap_err(),
        Refusal::Malformed(MalformedCode::Length { expected: 8, found: 6 })
    );
    assert!(
        commit(method.verify(&key(), &Policy::new(), &state, &SubmittedCode::from(&code), NOW), &mut state).is_ok()
    );
}

/// Python's `int` and JavaScript's `Number` read many more texts as numbers.
#[test]
fn only_digits_of_the_compatibility_form_are_digits() {
    for (form, digits) in digit_forms() {
        let text = format!("{form}{}", &"123456"[digits.len()..]);
        let code = SubmittedCode::new(&text).code(Digits::Six).unwrap();
        assert_eq!(code.as_str(), format!("{digits}{}", &"123456"[digits.len()..]), "{form}");
    }
    for (text, position) in [("١٢٣٤٥٦", 0), ("+12345", 0), ("12_345", 2), ("1e5000", 1), ("1２x456", 4), ("12345½", 5)]
    {
        let malformed = SubmittedCode::new(text).code(Digits::Six).unwrap_err();
        assert_eq!(malformed, MalformedCode::Character { position }, "{text}");
    }
    // No other character is a digit.
    let forms = digit_forms();
    for character in ('\u{80}'..=char::MAX).filter(|character| forms.iter().all(|(form, _)| form != character)) {
        let text = format!("12345{character}");
        assert!(SubmittedCode::new(&text).code(Digits::Six).is_err(), "{character:?}");
    }
}

/// The example of pasted codes: a newline, no-break and zero-width spaces, full-width digits.
#[test]
fn a_pasted_code_is_read() {
    for text in [
        "123456\n",
        "\r\n123456",
        "123\u{a0}456",
        "\u{200b}123456\u{200b}",
        "１２３４５６",
        "１２３　４５６",
        "\u{202a}123456\u{202c}",
    ] {
        assert_eq!(SubmittedCode::new(text).code(Digits::Six).unwrap().as_str(), "123456", "{text:?}");
    }
}

#[test]
fn leading_zeros_are_kept() {
    let hotp = Hotp::default();
    let code = hotp.generate(&key(), Counter::new(44));
    assert_eq!(code.as_str(), "000152");
    let method = Method::Hotp(hotp);
    let mut state = State::new().starting_at(Counter::new(44)).confirmed();
    for short in ["152", "0152", "00152"] {
        let code = SubmittedCode::new(short);
        assert!(commit(method.verify(&key(), &Policy::new(), &state, &code, NOW), &mut state).is_err());
    }
    assert!(
        commit(method.verify(&key(), &Policy::new(), &state, &SubmittedCode::from(&code), NOW), &mut state).is_ok()
    );
}

#[test]
fn windows_at_both_ends_of_time() {
    let period = secondo::types::Period::from_secs(1).unwrap();
    let method = Method::Totp(Totp::new(Digits::Six, period));
    let policy = Policy::new().with_window(Window::new(5, 5).unwrap());
    let end = UnixTime::MAX.as_secs();
    for now in [0, 1, 4, end - 4, end - 1, end] {
        for step in now.saturating_sub(5)..=now.saturating_add(5) {
            for drift in [0, -10, 10] {
                let mut state = State::new().confirmed().with_drift(drift);
                let code = SubmittedCode::from(&Hotp::default().generate(&key(), Counter::new(step)));
                let decision = method.verify(&key(), &policy, &state, &code, UnixTime::from_secs(now).unwrap());
                match commit(decision, &mut state) {
                    Ok(accepted) => assert_eq!(accepted.counter(), Counter::new(step)),
                    Err(refusal) => assert!(drift != 0 && matches!(refusal, Refusal::Wrong { .. }), "{refusal:?}"),
                }
            }
        }
    }
    // The highest possible counter is accepted, and no code after it.
    let (hotp, method) = (Hotp::default(), Method::Hotp(Hotp::default()));
    let mut state = State::new().starting_at(Counter::new(u64::MAX)).confirmed();
    let last = SubmittedCode::from(&hotp.generate(&key(), Counter::new(u64::MAX)));
    assert!(commit(method.verify(&key(), &policy, &state, &last, NOW), &mut state).is_ok());
    let again = commit(method.verify(&key(), &policy, &state, &last, NOW), &mut state);
    assert_eq!(again.unwrap_err(), Refusal::Replayed { remaining: 4, hold: Hold::None });
    let first = SubmittedCode::from(&hotp.generate(&key(), Counter::new(0)));
    assert!(commit(method.verify(&key(), &policy, &state, &first, NOW), &mut state).is_err());
}

/// A return type of `Result<bool>`, as in another library, makes `is_ok()` true for a wrong code.
#[test]
fn ok_is_an_accepted_code_and_nothing_else() {
    let store = Memory::new();
    let (working, id) = verifier(&store, Policy::new());
    assert!(working.log_in(&id, &wrong_code(), NOW).is_err());
    assert!(working.log_in(&id, "", NOW).is_err());
    assert!(
        Verifier::new(failing(&store, Fault::Exchange), keys(), Policy::new()).log_in(&id, &code_at(0), NOW).is_err()
    );
    assert!(working.log_in(&AccountId::new("nobody").unwrap(), &code_at(0), NOW).is_err());
    assert!(working.log_in(&id, &code_at(0), NOW).is_ok());
}

/// Swapped arguments of type `u64` compile: a time in the place of a counter, or a period in the place of a time.
#[test]
fn numbers_of_different_meaning_cannot_be_swapped() {
    assert_not_impl_any!(UnixTime: From<u64>, From<Counter>);
    assert_not_impl_any!(Counter: From<u64>, From<UnixTime>);
    assert_not_impl_any!(secondo::types::Period: From<u64>, From<UnixTime>);
    // Each type takes its number through a constructor named after the unit or meaning.
    assert_eq!(UnixTime::from_secs(30).unwrap().as_secs(), Counter::new(30).get());
}

/// CVE-2022-29185: `==` on codes returns at the first difference, which leaks its position through timing.
#[test]
fn codes_cannot_be_compared() {
    assert_not_impl_any!(Code: PartialEq, PartialEq<str>, PartialEq<&'static str>, AsRef<str>, AsRef<[u8]>);
    assert_eq!(Hotp::default().generate(&key(), Counter::new(0)).as_str(), "755224");
}

/// The public refusal of a replayed code is identical to that of a wrong code.
#[test]
fn a_replay_does_not_tell_that_the_code_was_right() {
    let show = |entry: &str| {
        let (verifier, id) = verifier(Memory::new(), Policy::new());
        assert!(verifier.log_in(&id, &code_at(0), NOW).is_ok());
        let public = verifier.log_in(&id, entry, NOW).unwrap_err().public();
        (public, public.to_string(), format!("{public:?}"))
    };
    assert_eq!(show(&code_at(0)), show(&wrong_code()));
}
