//! Imports of files that PAM modules wrote after real logins: codes used there are refused here, later codes accepted.
#![cfg(feature = "std")]

use crate::support::commit;
use crate::support::pam;

use std::process::Command;
use std::thread;
use std::time::Duration;

use commit::commit;
use pam::{Pam, run};
use secondo::decision::Verified;
use secondo::factor::Method;
use secondo::formats::google_authenticator::{self, StateFile};
use secondo::formats::{Imported, Note, usersfile};
use secondo::policy::Window;
use secondo::types::Counter;
use secondo::{Code, Hotp, Policy, Refusal, State, SubmittedCode, Totp, UnixTime};

const HEX: &str = "3132333435363738393031323334353637383930";

fn now() -> UnixTime {
    UnixTime::now().unwrap()
}

/// Returns the authenticator's code at a counter or time step.
fn code_at(imported: &Imported, counter: u64) -> Code {
    let digits = imported.authenticator.method().digits();
    Hotp::new(digits).generate(&imported.authenticator.key().unwrap(), Counter::new(counter))
}

fn policy() -> Policy {
    Policy::new().with_window(Window::new(3, 3).unwrap())
}

/// Logs in with the code of a counter or time step, on a copy of the imported state.
fn login(imported: &Imported, counter: u64, now: UnixTime) -> Result<Verified, Refusal> {
    let (method, key) = (imported.authenticator.method(), imported.authenticator.key().unwrap());
    let code = SubmittedCode::from(&code_at(imported, counter));
    commit(method.verify(&key, &policy(), &imported.state, &code, now), &mut imported.state.clone())
}

/// Returns `true` if no other time step that the module or this library searches has the code of `step`.
fn is_unique(imported: &Imported, step: u64) -> bool {
    let code = code_at(imported, step);
    let same = |other: &u64| code_at(imported, *other).as_str() == code.as_str();
    (step - 3500..step + 3500).filter(same).count() == 1
}

fn is_replayed(login: &Result<Verified, Refusal>) -> bool {
    matches!(login, Err(Refusal::Replayed { .. }))
}

/// Checks that the code of the counter `used` is refused as replayed, and that the next code is accepted.
fn check_hotp(imported: &Imported, used: u64) {
    assert!(is_replayed(&login(imported, used, now())));
    assert_eq!(login(imported, used + 1, now()).unwrap().counter(), Counter::new(used + 1));
}

/// Checks that the code of the time step `used` is refused as replayed, and that the next code is accepted in its step.
fn check_totp(imported: &Imported, used: u64) {
    let Method::Totp(totp) = imported.authenticator.method() else { panic!("not a TOTP authenticator") };
    let start = |step| UnixTime::from_secs(step * u64::from(totp.period().as_secs())).unwrap();
    assert!(is_replayed(&login(imported, used, start(used))));
    assert!(is_replayed(&login(imported, used, start(used + 1))));
    assert_eq!(login(imported, used + 1, start(used + 1)).unwrap().counter(), Counter::new(used + 1));
}

/// Checks that only the watermark keeps the code of the time step `used` from being accepted at `now`.
fn check_unknown(imported: &Imported, used: u64, now: UnixTime) {
    let refusal = login(imported, used, now).unwrap_err();
    assert!(matches!(refusal, Refusal::Replayed { .. } | Refusal::ClockBehind), "{refusal:?}");
    let (method, key) = (imported.authenticator.method(), imported.authenticator.key().unwrap());
    let mut state = State::new().confirmed().with_drift(imported.state.drift());
    assert!(
        commit(method.verify(&key, &policy(), &state, &SubmittedCode::from(&code_at(imported, used)), now), &mut state)
            .is_ok()
    );
}

fn oath(test: &str) -> Pam {
    Pam::new(test, "pam_oath.so", |file| format!("usersfile={file} window=3 digits=6"))
}

fn only_line(pam: &Pam) -> Imported {
    let mut lines = usersfile::read(&pam.read(), now()).collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

#[test]
fn liboath_hotp() {
    let pam = oath("liboath-hotp");
    for fresh in [format!("HOTP/E alice - {HEX} 5\n"), format!("HOTP alice + {HEX} 5\n")] {
        pam.write(&fresh);
        let imported = only_line(&pam);
        assert_eq!(imported.state.watermark(), Some(Counter::new(4)));
        for used in [5, 7, 8] {
            let code = code_at(&imported, used);
            assert!(pam.login("alice", code.as_str(), "UTC"), "{used}");
            assert!(!pam.login("alice", code.as_str(), "UTC"), "{used} again");
            check_hotp(&only_line(&pam), used);
        }
    }
}

#[test]
fn liboath_totp_in_any_time_zone() {
    let pam = oath("liboath-totp");
    for (zone, period) in [("UTC", 30), ("Asia/Kolkata", 30), ("Etc/GMT+12", 60), ("Etc/GMT-14", 30)] {
        pam.write(&format!("HOTP/T{period}/6 alice 1234 {HEX}\n"));
        let imported = only_line(&pam);
        assert_eq!(imported.notes, [Note::PinNotImported, Note::DigitsOfType, Note::LastUseUnknown]);
        let step = now().as_secs() / period;
        assert!(imported.state.watermark().unwrap().get() >= step);
        // A current code and one ahead: the watermark is the code's step, not the step of the login.
        for used in (step..step + 3).filter(|step| is_unique(&imported, *step)).take(2) {
            let response = format!("1234{}", code_at(&imported, used).as_str());
            assert!(pam.login("alice", &response, zone), "{zone}");
            let imported = only_line(&pam);
            assert_eq!(imported.notes, [Note::PinNotImported]);
            check_totp(&imported, used);
        }
    }
}

fn google(test: &str) -> Pam {
    let id = run(Command::new("id").arg("-u"), "coreutils", "");
    let user = String::from_utf8(id.stdout).unwrap();
    Pam::new(test, "pam_google_authenticator.so", |file| format!("secret={file} user={} no_strict_owner", user.trim()))
}

/// Creates a state file with the module's own program.
fn make(pam: &Pam, options: &str) -> StateFile {
    let mut program = Command::new("google-authenticator");
    program.arg("-s").arg(pam.file()).args(["-f", "-q", "-C"]).args(options.split(' '));
    let output = run(&mut program, "libpam-google-authenticator", "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    state_file(pam)
}

fn state_file(pam: &Pam) -> StateFile {
    google_authenticator::read("alice", &pam.read(), now()).unwrap()
}

#[test]
fn google_totp() {
    let pam = google("google-totp");
    let fresh = make(&pam, "-t -d -r 7 -R 45 -w 5 -e 3");
    assert_eq!(fresh.imported.authenticator.method(), Totp::default().into());
    assert_eq!(fresh.imported.notes, [Note::LastUseUnknown]);
    assert_eq!(fresh.window_size, 5);
    assert_eq!(fresh.window().map(|window| (window.past(), window.future())), Some((2, 2)));
    let limit = fresh.rate_limit.unwrap();
    assert_eq!((limit.attempts, limit.secs), (7, 45));
    assert_eq!(fresh.scratch_codes.len(), 3);

    let step = now().as_secs() / 30;
    for used in [step, step + 1, step + 2] {
        assert!(pam.login("root", code_at(&fresh.imported, used).as_str(), "UTC"));
        let read = state_file(&pam);
        assert_eq!(read.imported.notes, []);
        check_totp(&read.imported, used);
    }
    // The module still accepts an earlier code that was not used. This library does not, as later codes were used.
    assert!(pam.login("root", code_at(&fresh.imported, step - 1).as_str(), "UTC"));
    check_totp(&state_file(&pam).imported, step + 2);

    assert!(pam.login("root", fresh.scratch_codes[1].as_str(), "UTC"));
    let left: Vec<String> = state_file(&pam).scratch_codes.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(left, [fresh.scratch_codes[0].as_str(), fresh.scratch_codes[2].as_str()]);
}

#[test]
fn google_totp_where_reuse_is_allowed() {
    let pam = google("google-reuse");
    let fresh = make(&pam, "-t -D -u -w 5");
    let ahead = now().as_secs() / 30 + 2;
    assert!(pam.login("root", code_at(&fresh.imported, ahead).as_str(), "UTC"));
    let read = state_file(&pam);
    assert_eq!(read.imported.notes, [Note::LastUseUnknown]);
    check_unknown(&read.imported, ahead, UnixTime::from_secs(ahead * 30).unwrap());
}

#[test]
fn google_hotp() {
    let pam = google("google-hotp");
    let fresh = make(&pam, "-c -u -w 4 -e 2");
    assert_eq!(fresh.imported.authenticator.method(), Hotp::default().into());
    assert_eq!(fresh.imported.state.watermark(), Some(Counter::new(0)));
    // The module's window is the next counter plus the look-ahead.
    let look_ahead = u64::from(fresh.window_size) - 1;
    assert!(!pam.login("root", code_at(&fresh.imported, 1 + look_ahead + 1).as_str(), "UTC"));
    for used in [2 + look_ahead, 3 + look_ahead] {
        assert!(pam.login("root", code_at(&fresh.imported, used).as_str(), "UTC"), "{used}");
        check_hotp(&state_file(&pam).imported, used);
    }
}

/// The module learns the clock's skew from three codes. The third code logs in, but is not listed as used.
#[test]
fn google_time_skew() {
    const SKEW: u64 = 8;

    let pam = google("google-skew");
    let fresh = make(&pam, "-t -d -u -w 3 -S 1");
    assert!((0..10).any(|_| pam.login("root", code_at(&fresh.imported, now().as_secs()).as_str(), "UTC")));
    assert_eq!(state_file(&pam).imported.notes, [Note::PeriodIsUnusual]);

    // The three codes must arrive within two seconds of each other. A busy machine may need several tries.
    let mut tries = 0;
    let used = loop {
        assert!(tries < 60);
        thread::sleep(Duration::from_millis(1050));
        let step = now().as_secs() + SKEW;
        if is_unique(&fresh.imported, step) {
            tries += 1;
            if pam.login("root", code_at(&fresh.imported, step).as_str(), "UTC") {
                break step;
            }
        }
    };
    assert!(tries >= 3);
    let file = pam.read();
    let text = String::from_utf8_lossy(&file);
    assert!(text.contains("\" TIME_SKEW ") && !text.contains(&used.to_string()), "{text}");

    let imported = google_authenticator::read("alice", &file, now()).unwrap().imported;
    assert_eq!(imported.notes, [Note::LastUseUnknown, Note::PeriodIsUnusual]);
    // The imported drift keeps the authenticator's clock ahead.
    let later = now().as_secs() + 100;
    assert!(login(&imported, later + SKEW, UnixTime::from_secs(later).unwrap()).is_ok());
    // The code that was used for the login is refused, even at the time at which its step is expected.
    check_unknown(&imported, used, UnixTime::from_secs(used - SKEW).unwrap());
}
