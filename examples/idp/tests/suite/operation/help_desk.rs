//! The commands of the help desk.

use std::fs;

use super::commands::MARIA;
use crate::security::sign_in;
use crate::support::browser::Browser;
use crate::support::page::mails;
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, Service, request_object};
use crate::support::wait;

const BY: [&str; 4] = ["--operator", "anna", "--reason", "ticket 7"];

fn run(provider: &Provider, arguments: &[&str]) -> Result<String, String> {
    provider.command(&[&["admin"], arguments, &BY].concat())
}

#[test]
fn help_desk_works_by_commands() {
    let provider = Provider::start("");
    let mut maria = sign_in(&provider);
    Browser::lock_account(&provider);
    let locked = || provider.command(&["admin", "locked"]).unwrap();
    wait::until(|| locked().contains("Maria Rossi"));
    run(&provider, &["unlock", MARIA]).unwrap();
    assert_eq!(locked(), "0 accounts are locked.\n");
    let error = run(&provider, &["unlock", MARIA]).unwrap_err();
    assert!(error.contains("The identity is not locked."), "{error}");
    assert_eq!(mails(&provider, "Identità sbloccata"), 1);

    // The only device is suspended and not revoked, and an activation code replaces it.
    let error = run(&provider, &["revoke", MARIA, "--device", "1"]).unwrap_err();
    assert!(error.contains("only device"), "{error}");
    run(&provider, &["suspend", MARIA, "--device", "1"]).unwrap();
    // A thief may have signed in with the device, so the session has ended.
    maria.open("/security/add");
    assert!(maria.form("/password").is_some(), "{}", maria.page);
    run(&provider, &["suspend", MARIA, "--device", "9"]).unwrap_err();
    run(&provider, &["activation", MARIA]).unwrap();
    run(&provider, &["withdraw-activation", MARIA]).unwrap();
    run(&provider, &["withdraw-activation", MARIA]).unwrap_err();
    let said = run(&provider, &["activation", MARIA]).unwrap();
    let code = said.split(['\n', ',']).find_map(|part| part.strip_prefix("Code: ")).unwrap();
    let mut phone = Browser::new(&provider);
    phone.open("/security/activate");
    phone.give_password(&provider);
    phone.open("/security/activate");
    phone.submit("/security/activate", &[("code", code)]);
    phone.give_first_code(0);
    phone.open("/");
    phone.give_next_code(0);
    assert!(phone.form("/logout").is_some(), "{}", phone.page);
    run(&provider, &["resume", MARIA, "--device", "1"]).unwrap();
    run(&provider, &["revoke", MARIA, "--device", "1"]).unwrap();

    // A suspension ends the sessions.
    run(&provider, &["resume", MARIA]).unwrap_err();
    run(&provider, &["suspend", MARIA]).unwrap();
    for browser in [&mut maria, &mut phone] {
        browser.open("/security");
        assert!(browser.form("/password").is_some(), "{}", browser.page);
    }
    run(&provider, &["resume", MARIA]).unwrap();
    let error = run(&provider, &["unlock", "nobody@example.org"]).unwrap_err();
    assert!(error.contains("nobody has"), "{error}");
    for (operator, reason) in [("anna", " "), ("", "ticket 7")] {
        let by = ["--operator", operator, "--reason", reason];
        for action in [&["admin", "revoke", MARIA][..], &["erase", MARIA]] {
            let error = provider.command(&[action, &by].concat()).unwrap_err();
            assert!(error.contains("must not be empty"), "{error}");
        }
    }
    run(&provider, &["revoke", MARIA]).unwrap();
    run(&provider, &["resume", MARIA]).unwrap_err();
    assert_eq!(mails(&provider, "Identità revocata"), 1);

    let export = provider.file("log.json");
    let path = export.to_str().unwrap();
    provider.command(&["audit", "export", path, "--person", MARIA]).unwrap();
    let log = fs::read_to_string(&export).unwrap();
    for action in ["identity_unlock", "identity_suspend", "identity_resume", "identity_revoke"] {
        let line = log.lines().find(|line| line.contains(&format!("\"{action}\""))).unwrap();
        assert!(line.contains("\"anna\"") && line.contains("\"ticket 7\""), "{line}");
    }
    // The second unlock had nothing to end. The verifier has a line of the first one, too.
    for action in ["identity_unlock", "unlock"] {
        assert_eq!(log.matches(&format!("\"{action}\"")).count(), 1, "{log}");
    }
    fs::remove_file(&export).unwrap();
    let said = provider.command(&["audit", "export", path, "--person", "nobody"]).unwrap();
    assert!(said.starts_with("0 lines"), "{said}");
    assert!(!log.contains(code));
}

#[test]
fn find_and_locked_print_plain_words() {
    let provider = Provider::start("");
    let _maria = sign_in(&provider);
    let find = || provider.command(&["admin", "find", MARIA]).unwrap();
    let found = find();
    let lines: Vec<_> = found.lines().collect();
    assert!(lines[0].ends_with(": the identity is active"), "{found}");
    assert_eq!(lines[1], "5 attempts remain.", "{found}");
    assert!(lines[2].starts_with("1: telefono, App with codes, active, added 20"), "{found}");
    assert!(lines[2].contains("Z, last used 20"), "{found}");
    assert!(lines[3].starts_with("2: Recovery codes, active, 10 codes left, added 20"), "{found}");
    assert!(lines[3].ends_with("Z, never used"), "{found}");

    Browser::lock_account(&provider);
    let locked = || provider.command(&["admin", "locked"]).unwrap();
    wait::until(|| locked().contains("Maria Rossi"));
    let locked = locked();
    assert!(locked.contains(": locked until 20") && locked.contains("Z, last attempt 20"), "{locked}");
    assert!(locked.ends_with("\n1 account is locked.\n"), "{locked}");
    assert!(find().contains("\nThe account is locked until 20"), "{}", find());
    run(&provider, &["suspend", MARIA]).unwrap();
    let found = find();
    assert!(found.contains(": the identity is suspended\n") && found.contains("\nThe account is suspended.\n"));
    run(&provider, &["revoke", MARIA]).unwrap();
    assert!(find().ends_with(": the identity is revoked\nThe account is closed.\n"), "{}", find());
}

#[test]
fn locks_by_wrong_passwords_are_found_and_ended() {
    let provider = Provider::start("");
    let locked = || provider.command(&["admin", "locked"]).unwrap();
    // A name that nobody has is locked as well, and is no person's lock.
    let mut stranger = Browser::new(&provider);
    stranger.open("/");
    for password in ["a", "b", "c", "d", "e"] {
        stranger.submit("/password", &[("user", "nobody@example.org"), ("password", password)]);
    }
    assert!(stranger.page.contains("Tentativi rimanenti: 0"), "{}", stranger.page);
    assert_eq!(locked(), "0 accounts are locked.\n");
    let mut thief = Browser::lock_password(&provider);
    wait::until(|| locked().contains("Maria Rossi"));
    let said = locked();
    assert!(said.contains(": password locked until 20") && said.contains("Z, last attempt 20"), "{said}");
    assert!(said.ends_with("\n1 account is locked.\n"), "{said}");
    let find = || provider.command(&["admin", "find", MARIA]).unwrap();
    assert!(find().contains("\nThe password is locked until 20"), "{}", find());
    // The attempts during the lock are no other locks.
    thief.give_password(&provider);
    assert!(thief.is_refused());

    run(&provider, &["unlock", MARIA]).unwrap();
    assert_eq!(locked(), "0 accounts are locked.\n");
    assert!(!find().contains("locked"), "{}", find());
    thief.give_password(&provider);
    assert!(!thief.is_refused(), "{}", thief.page);

    let export = provider.file("log.json");
    provider.command(&["audit", "export", export.to_str().unwrap(), "--person", MARIA]).unwrap();
    let log = fs::read_to_string(&export).unwrap();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("\"action\":\"password\"")).collect();
    assert!(lines.len() == 1 && lines[0].contains("\"outcome\":\"locked\""), "{log}");
}

#[test]
fn operators_are_appointed_and_dismissed() {
    let provider = Provider::start("");
    let anna = provider.operator.0.as_str();
    let mut maria = sign_in(&provider);
    maria.open("/admin");
    assert!(maria.is_refused(), "{}", maria.page);
    let error = run(&provider, &["dismiss", MARIA]).unwrap_err();
    assert!(error.contains("no operator"), "{error}");
    run(&provider, &["appoint", MARIA]).unwrap();
    maria.open("/admin");
    assert!(maria.form("/admin/find").is_some(), "{}", maria.page);
    assert_eq!(mails(&provider, "Sei un operatore"), 1);
    let error = run(&provider, &["appoint", MARIA]).unwrap_err();
    assert!(error.contains("an operator already"), "{error}");
    provider.command(&["admin", "appoint", MARIA, "--operator", "anna", "--reason", " "]).unwrap_err();
    provider.command(&["admin", "appoint", MARIA, "--reason", "ticket 7"]).unwrap_err();
    run(&provider, &["appoint", "nobody@example.org"]).unwrap_err();

    // The last operator can be dismissed, at once, and another one appointed.
    let said = run(&provider, &["dismiss", anna]).unwrap();
    assert!(!said.contains("No operator is left"), "{said}");
    let said = run(&provider, &["dismiss", MARIA]).unwrap();
    assert!(said.contains("No operator is left"), "{said}");
    maria.open("/admin");
    assert!(maria.is_refused(), "{}", maria.page);
    run(&provider, &["suspend", anna]).unwrap();
    let error = run(&provider, &["appoint", anna]).unwrap_err();
    assert!(error.contains("not active"), "{error}");
    run(&provider, &["resume", anna]).unwrap();
    run(&provider, &["appoint", anna]).unwrap();

    let export = provider.file("log.json");
    provider.command(&["audit", "export", export.to_str().unwrap()]).unwrap();
    let log = fs::read_to_string(&export).unwrap();
    let count = |action: &str| {
        let lines = log.lines().filter(|line| line.contains(&format!("\"{action}\"")));
        lines.filter(|line| line.contains("\"anna\"") && line.contains("\"ticket 7\"")).count()
    };
    assert_eq!((count("operator_appoint"), count("operator_dismiss")), (2, 2), "{log}");
}

#[test]
fn log_is_printed_by_person_area_and_period() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let log = |arguments: &[&str]| provider.command(&[&["admin", "audit"], arguments].concat());
    run(&provider, &["suspend", MARIA]).unwrap();
    run(&provider, &["resume", MARIA]).unwrap();
    let said = log(&["--person", MARIA, "--from", "2026-01-01"]).unwrap();
    let [resumed, suspended, count] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(resumed.contains("Z identity_resume done, person: "), "{said}");
    assert!(suspended.contains("identity_suspend done") && suspended.contains("reason: ticket 7"), "{said}");
    assert_eq!(count, "2 lines were found.");
    // More than fit on a page of the administration.
    for _ in 0..51 {
        Browser::new(&provider).open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    }
    assert_eq!(log(&["--area", "Roma"]).unwrap().matches(" request done, area: Roma").count(), 51);
    for nothing in [["--area", "Milano"], ["--to", "2020-12-31"], ["--person", "nobody"]] {
        assert_eq!(log(&nothing).unwrap(), "0 lines were found.\n");
    }
    assert!(log(&["--from", "2026-13-01"]).unwrap_err().contains("is not a day"));
}
