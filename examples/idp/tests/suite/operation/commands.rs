//! The commands of the operator, in the running provider and on the data of one that is stopped.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::support::browser::Browser;
use crate::support::provider::Provider;

/// The person of the demonstration.
pub(super) const MARIA: &str = "maria.rossi@example.org";

#[test]
fn commands_run_in_the_provider_or_on_its_data() {
    let mut provider = Provider::start("");
    let mode = |name| fs::metadata(provider.file(name)).unwrap().mode() & 0o777;
    assert_eq!((mode("idp.sock"), mode("idp.key")), (0o600, 0o600));
    let running = provider.command(&["admin", "find", MARIA]).unwrap();
    assert!(running.contains("Maria Rossi") && running.contains("no authenticators"), "{running}");
    provider.stop();
    // A provider that was killed leaves its socket behind.
    assert!(provider.file("idp.sock").exists());
    assert_eq!(provider.command(&["admin", "find", "rssmra80b69h501u"]).unwrap(), running);
    let error = provider.command(&["admin", "find", "nobody@example.org"]).unwrap_err();
    assert!(error.contains("nobody has"), "{error}");
    provider.restart("+0s");
    assert_eq!(provider.command(&["admin", "find", MARIA]).unwrap(), running);
}

#[test]
fn check_tells_what_to_do() {
    let mut provider = Provider::start("");
    let report = provider.command(&["check"]).unwrap();
    assert!(report.contains("in use by the provider") && !report.contains("problem"), "{report}");
    provider.stop();
    let report = provider.command(&["check"]).unwrap();
    for name in ["configuration", "origin", "clients", "clock", "disk", "keys", "store"] {
        assert!(report.contains(&format!("ok       {name}: ")), "{report}");
    }
    let problem = |name: &str, text: &str| {
        let report = provider.command(&["check"]).unwrap_err();
        assert!(report.contains(&format!("problem  {name}: ")) && report.contains(text), "{report}");
    };
    let key = provider.file("idp.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    problem("keys", "chmod 600");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let right = fs::read(&key).unwrap();
    fs::write(&key, format!("1 {}\n", "0f".repeat(32))).unwrap();
    problem("store", "");
    fs::write(&key, right).unwrap();
    let toml = provider.file("idp.toml");
    fs::write(&toml, "origin = \"https://idp.example\"").unwrap();
    problem("origin", "trusted_proxy");
    fs::write(&toml, "[[client]]\nid = \"x\"\nname = \"x\"\nredirect_uris = []").unwrap();
    problem("clients", "redirect_uris");
    fs::write(&toml, "listen = 1").unwrap();
    problem("configuration", "idp.toml");
}

#[test]
fn imported_authenticators_log_in() {
    let provider = Provider::start("");
    // Two lines of a usersfile, of which one is of nobody.
    let file = provider.file("users");
    let secret = "3132333435363738393031323334353637383930";
    let lines = format!("HOTP/E/6\t{MARIA}\t-\t{secret}\t7\nHOTP/E/6\tnobody\t-\t{secret}\t0\nnonsense\n");
    fs::write(&file, lines).unwrap();
    let arguments = ["import", "--format", "usersfile", "--operator", "anna", file.to_str().unwrap()];
    let report = provider.command(&arguments).unwrap_err();
    assert!(report.contains("1 imported, 2 not") && report.contains("line 2: not imported: nobody"), "{report}");
    // A second time, nothing is imported twice.
    let report = provider.command(&arguments).unwrap_err();
    assert!(report.contains("0 imported, 3 not") && report.contains("imported before"), "{report}");

    let mut browser = Browser::new(&provider);
    browser.open("/outbox");
    assert!(browser.page.contains("Device moved"));
    browser.open("/");
    browser.give_password(&provider);
    // RFC 4226 appendix D: the codes of the counters 6 and 7, of which the first was used before.
    browser.submit("/code", &[("code", "287922")]);
    assert!(browser.is_refused());
    browser.submit("/code", &[("code", "162583")]);
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
}

#[test]
fn erased_person_is_nowhere_but_in_the_audit_log() {
    let mut provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    let found = provider.command(&["admin", "find", MARIA]).unwrap();
    let id = found.split_once("id ").unwrap().1.split(':').next().unwrap().to_owned();
    let by = ["--operator", "anna", "--reason", "letter of 1 November"];
    let erase = |person: &str| provider.command(&[&["erase", person], &by[..]].concat());
    let report = erase(MARIA).unwrap();
    assert!(report.contains("audit log stay") && report.contains("are erased"), "{report}");
    erase(MARIA).unwrap_err();
    erase(&id).unwrap_err();
    // Her session, her mails and her names are gone.
    browser.open("/");
    assert!(browser.form("/password").is_some(), "{}", browser.page);
    browser.give_password(&provider);
    assert!(browser.is_refused());
    browser.open("/outbox");
    assert!(!browser.page.contains(MARIA), "{}", browser.page);
    let export = provider.file("log.json");
    provider.command(&["audit", "export", export.to_str().unwrap()]).unwrap();
    let log = fs::read_to_string(export).unwrap();
    assert!(log.contains("\"erase\"") && log.contains(&id) && !log.contains("Maria") && !log.contains(MARIA));
    provider.command(&["audit", "verify"]).unwrap();
    // Others stay, and a restart does not make the person again.
    provider.restart("+0s");
    provider.command(&["admin", "find", &provider.operator.0]).unwrap();
    provider.command(&["admin", "find", MARIA]).unwrap_err();
}

#[test]
fn signal_ends_the_provider_in_order() {
    let mut provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    let lines = super::monitoring::events(&provider);
    let status = provider.terminate();
    assert!(status.success(), "{status}");
    assert!(!provider.file("idp.sock").exists());
    let report = provider.command(&["audit", "verify"]).unwrap();
    assert!(lines >= 2 && report.starts_with(&format!("{lines} lines")), "{report}");
    provider.restart("+0s");
    browser.open("/");
    assert!(browser.form("/password").is_none(), "the session is lost");
}
