//! The behavior of PAM modules beside that of this library: the tests of the table of differences in the guide's page
//! on moving.
#![cfg(feature = "std")]

use crate::support::commit::commit;
use crate::support::naive;
use crate::support::pam::{Pam, run};

use std::process::Command;

use secondo::policy::Window;
use secondo::types::Counter;
use secondo::{Algorithm, Hotp, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, Totp, UnixTime};

const SECRET: &[u8; 20] = b"12345678901234567890";
const HEX: &str = "3132333435363738393031323334353637383930";
const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// More failures than any count here permits.
const MANY: usize = 12;

fn code(counter: u64) -> String {
    naive::code(Algorithm::Sha1, SECRET, counter, 6)
}

fn now() -> u64 {
    UnixTime::now().unwrap().as_secs()
}

/// Returns a time step of now, around which no other step has the same code or that of [`wrong`].
fn step() -> u64 {
    loop {
        let step = now() / 30;
        let mut codes: Vec<_> = (step - 12..step + 12).map(code).chain([wrong()]).collect();
        codes.sort();
        if codes.windows(2).all(|pair| pair[0] != pair[1]) {
            return step;
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

fn wrong() -> String {
    "000000".to_owned()
}

/// Returns `pam_oath`, with the authenticator of `alice` in its file.
fn oath(test: &str, kind: &str) -> Pam {
    let pam = Pam::new(test, "pam_oath.so", |file| format!("usersfile={file} window=3 digits=6"));
    pam.write(&format!("{kind} alice - {HEX}\n"));
    pam
}

/// Returns `pam_google_authenticator`, with these lines in its file.
fn google(test: &str, lines: &[&str]) -> Pam {
    let id = String::from_utf8(run(Command::new("id").arg("-u"), "coreutils", "").stdout).unwrap();
    let arguments = |file: &str| format!("secret={file} user={} no_strict_owner", id.trim());
    let pam = Pam::new(test, "pam_google_authenticator.so", arguments);
    rewrite(&pam, lines);
    pam
}

fn rewrite(pam: &Pam, lines: &[&str]) {
    pam.write(&[&[BASE32], lines, &[""]].concat().join("\n"));
}

fn login(pam: &Pam, user: &str, response: &str) -> bool {
    pam.login(user, response, "UTC")
}

/// Logs in here, at a time step.
fn here(method: Method, policy: &Policy, state: &mut State, typed: &str, step: u64) -> Result<(), Refusal> {
    let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(SECRET).unwrap());
    let now = UnixTime::from_secs(step * 30).unwrap();
    commit(method.verify(&key, policy, state, &SubmittedCode::new(typed), now), state).map(drop)
}

fn totp_here(policy: &Policy, state: &mut State, typed: &str, step: u64) -> Result<(), Refusal> {
    here(Totp::default().into(), policy, state, typed, step)
}

fn confirmed() -> State {
    State::new().confirmed()
}

fn is_replayed(login: Result<(), Refusal>) -> bool {
    matches!(login, Err(Refusal::Replayed { .. }))
}

#[test]
fn a_used_code_is_accepted_again_only_by_google_without_disallow_reuse() {
    let step = step();
    let pam = oath("behavior-oath-reuse", "HOTP/T30/6");
    assert!(login(&pam, "alice", &code(step)));
    assert!(!login(&pam, "alice", &code(step)));

    let pam = google("behavior-google-reuse", &["\" DISALLOW_REUSE", "\" TOTP_AUTH"]);
    assert!(login(&pam, "root", &code(step)));
    assert!(!login(&pam, "root", &code(step)));
    rewrite(&pam, &["\" TOTP_AUTH"]);
    assert!(login(&pam, "root", &code(step)));
    assert!(login(&pam, "root", &code(step)));

    let mut state = confirmed();
    assert!(totp_here(&Policy::new(), &mut state, &code(step), step).is_ok());
    assert!(is_replayed(totp_here(&Policy::new(), &mut state, &code(step), step)));
}

#[test]
fn an_older_code_is_accepted_after_a_newer_one_only_by_google() {
    let step = step();
    let pam = oath("behavior-oath-older", "HOTP/T30/6");
    assert!(login(&pam, "alice", &code(step + 1)));
    assert!(!login(&pam, "alice", &code(step)));

    let pam = google("behavior-google-older", &["\" DISALLOW_REUSE", "\" WINDOW_SIZE 7", "\" TOTP_AUTH"]);
    assert!(login(&pam, "root", &code(step + 1)));
    assert!(login(&pam, "root", &code(step)));

    let (mut state, policy) = (confirmed(), Policy::new().with_window(Window::new(3, 3).unwrap()));
    assert!(totp_here(&policy, &mut state, &code(step + 1), step).is_ok());
    assert!(is_replayed(totp_here(&policy, &mut state, &code(step), step)));
}

#[test]
fn windows_of_the_modules_look_both_ways() {
    let step = step();
    // The clock may reach the next step during the test.
    for (at, is_accepted) in [(-5, false), (-2, true), (3, true), (5, false)] {
        let pam = oath(&format!("behavior-oath-window-{at}"), "HOTP/T30/6");
        assert_eq!(login(&pam, "alice", &code(step.checked_add_signed(at).unwrap())), is_accepted, "{at}");
    }
    for (at, is_accepted) in [(-3, false), (0, true), (1, true), (3, false)] {
        let pam = google(&format!("behavior-google-window-{at}"), &["\" DISALLOW_REUSE", "\" TOTP_AUTH"]);
        assert_eq!(login(&pam, "root", &code(step.checked_add_signed(at).unwrap())), is_accepted, "{at}");
    }
    for (at, is_accepted) in [(-2, false), (-1, true), (0, true), (1, false)] {
        let typed = code(step.checked_add_signed(at).unwrap());
        assert_eq!(totp_here(&Policy::new(), &mut confirmed(), &typed, step).is_ok(), is_accepted, "{at}");
    }
}

#[test]
fn only_google_with_rate_limit_limits_guesses_and_never_locks() {
    let step = step();
    let pam = oath("behavior-oath-guesses", "HOTP/T30/6");
    assert!((0..MANY).all(|_| !login(&pam, "alice", &wrong())));
    assert!(login(&pam, "alice", &code(step)));

    let pam = google("behavior-google-guesses", &["\" DISALLOW_REUSE", "\" TOTP_AUTH"]);
    assert!((0..MANY).all(|_| !login(&pam, "root", &wrong())));
    assert!(login(&pam, "root", &code(step)));
    // Two attempts an hour, right or wrong. When an hour is over, there are two more.
    rewrite(&pam, &["\" RATE_LIMIT 2 3600", "\" TOTP_AUTH"]);
    assert!((0..2).all(|_| !login(&pam, "root", &wrong())));
    assert!(!login(&pam, "root", &code(step)));
    let before = now() - 7_200;
    rewrite(&pam, &[&format!("\" RATE_LIMIT 2 3600 {before} {before}"), "\" TOTP_AUTH"]);
    assert!(login(&pam, "root", &code(step)));

    // Here, five failures lock. The lock ends by itself, and the next one lasts twice as long.
    let (mut state, policy) = (confirmed(), Policy::new());
    let lock = |state: &mut State, at: u64| {
        assert!((0..5).all(|_| matches!(totp_here(&policy, state, &wrong(), at), Err(Refusal::Wrong { .. }))));
        let Err(Refusal::Locked { until }) = totp_here(&policy, state, &code(at), at) else { panic!("no lock") };
        until.unwrap().as_secs() / 30 - at
    };
    assert_eq!(lock(&mut state, step), 30);
    assert_eq!(lock(&mut state, step + 30), 60);
}

#[test]
fn a_wrong_code_moves_the_counter_only_in_google() {
    let pam = oath("behavior-oath-counter", "HOTP");
    assert!(!login(&pam, "alice", &wrong()));
    assert!(login(&pam, "alice", &code(0)));

    let pam = google("behavior-google-counter", &["\" HOTP_COUNTER 1", "\" WINDOW_SIZE 3"]);
    assert!(!login(&pam, "root", &wrong()));
    assert!(!login(&pam, "root", &code(1)));
    rewrite(&pam, &["\" HOTP_COUNTER 1", "\" WINDOW_SIZE 3"]);
    assert!(login(&pam, "root", &code(1)));

    let (policy, mut state) = (Policy::new(), confirmed().starting_at(Counter::new(1)));
    let mut login = |typed: &str| here(Hotp::default().into(), &policy, &mut state, typed, 1);
    assert!(login(&wrong()).is_err());
    assert!(login(&code(1)).is_ok());
}

#[test]
fn scratch_codes_of_google_share_its_field_and_its_rate_limit() {
    let pam = google("behavior-google-scratch", &["\" TOTP_AUTH", "75032147", "83920147"]);
    assert!(login(&pam, "root", "83920147"));
    assert!(!login(&pam, "root", "83920147"));
    rewrite(&pam, &["\" RATE_LIMIT 2 3600", "\" TOTP_AUTH", "75032147", "83920147"]);
    assert!((0..2).all(|_| !login(&pam, "root", &wrong())));
    assert!(!login(&pam, "root", "83920147"));
}
