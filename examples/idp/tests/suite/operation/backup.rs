use std::fs;

use crate::operation::commands::contents;
use crate::support::browser::Browser;
use crate::support::busy::{UNLIMITED, while_people_log_in};
use crate::support::provider::Provider;
use crate::support::service::Service;

#[test]
fn restored_backup_accepts_no_code_of_before() {
    let mut provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    // A code that was sent, and may be used after the backup.
    let mut forgetful = Browser::new(&provider);
    forgetful.open("/recover");
    forgetful.submit("/recover", &[("user", &provider.user)]);
    let backup = provider.file("backup.redb");
    let backup = backup.to_str().unwrap();
    let text = provider.command(&["backup", backup]).unwrap();
    assert!(text.contains("The key file is not."), "{text}");
    let taken = provider.command(&["backup", backup]).unwrap_err();
    assert!(taken.contains("backup.redb"), "{taken}");
    // A login after the backup, whose code and session the backup does not know.
    browser.give_code();
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    let used = browser.used_code();

    let there = provider.command(&["restore", backup]).unwrap_err();
    assert!(there.contains("there is data"), "{there}");
    provider.stop();
    let (data, away) = (provider.file("idp.redb"), provider.file("away.redb"));
    fs::rename(&data, away).unwrap();
    let text = provider.command(&["restore", backup]).unwrap();
    assert!(text.contains("1 account accepts no code"), "{text}");
    assert!(text.contains("The last line of the audit log is of: 20"), "{text}");
    for kind in ["session", "challenge"] {
        let records: Vec<_> =
            contents(&provider).into_iter().filter(|(id, _)| id.starts_with(&format!("idp.{kind}."))).collect();
        assert!(!records.is_empty() && records.iter().all(|(_, content)| content.contains("\"record\":null")));
    }
    provider.restart("+0s");
    browser.open("/");
    assert!(browser.form("/password").is_some(), "a session of before is there");
    browser.give_password(&provider);
    browser.submit("/code", &[("code", &used)]);
    assert!(browser.is_refused());
    provider.command(&["audit", "verify"]).unwrap();
}

#[test]
fn backup_is_made_while_people_log_in() {
    let service = Service::new();
    let mut provider = Provider::start(&format!("{UNLIMITED}{}", service.registration()));
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    let file = |round: usize| provider.file(&format!("backup-{round}.redb")).to_str().unwrap().to_owned();
    let rounds = while_people_log_in(&provider, &service, |round| {
        provider.command(&["backup", &file(round)]).unwrap();
    });
    let backup = file(rounds - 1);
    provider.stop();
    fs::rename(provider.file("idp.redb"), provider.file("away.redb")).unwrap();
    provider.command(&["restore", &backup]).unwrap();
    // The copy is whole: its log fits the accounts, and people log in again.
    provider.restart("+0s");
    provider.command(&["audit", "verify"]).unwrap();
    browser.open("/");
    browser.give_password(&provider);
    assert!(browser.form("/code").is_some(), "{}", browser.page);
    let again = service.log_in(&provider);
    assert!(again.answer("code").is_some());
}

#[test]
fn backup_needs_its_key_file() {
    let mut provider = Provider::start("");
    let backup = provider.file("backup.redb");
    provider.command(&["backup", backup.to_str().unwrap()]).unwrap();
    provider.stop();
    fs::rename(provider.file("idp.redb"), provider.file("away.redb")).unwrap();
    fs::write(provider.file("idp.key"), format!("1 {}\n", "0f".repeat(32))).unwrap();
    let problem = provider.command(&["restore", backup.to_str().unwrap()]).unwrap_err();
    assert!(problem.contains("put the key file of its time there"), "{problem}");
    assert!(!provider.file("idp.redb").exists() && !provider.file("idp.restored").exists());
    let problem = provider.command(&["check"]).unwrap_err();
    assert!(problem.contains("idp.redb is missing"), "{problem}");
    assert!(!provider.file("idp.redb").exists());
}
