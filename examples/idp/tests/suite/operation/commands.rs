//! The commands of the operator, in the running provider and on the data of one that is stopped.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, SystemTime};

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use secondo::store::{Enumerate, Store};
use secondo_redb::RedbStore;
use sha2::{Digest, Sha256};

use crate::registration::applicant::Applicant;
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
    const OF_GEPI: &str = "[[client]]\nid = \"http://localhost:8080/gepi\"\nname = \"Another one\"\nprofile = \"plain\"\n\
        redirect_uris = [\"https://service.example/\"]";
    const GATEWAY: &str = "[sms]\nurl = \"http://sms.example/send\"\ntoken = \"token\"\nsender = \"Example\"";
    let mut provider = Provider::start("");
    let report = provider.command(&["check"]).unwrap();
    assert!(report.contains("in use by the provider") && !report.contains("problem"), "{report}");
    provider.stop();
    let report = provider.command(&["check"]).unwrap();
    for name in ["configuration", "secrets", "origin", "clients", "clock", "disk", "keys", "store"] {
        assert!(report.contains(&format!("ok       {name}: ")), "{report}");
    }
    let problem = |name: &str, text: &str| {
        let report = provider.command(&["check"]).unwrap_err();
        assert!(report.contains(&format!("problem  {name}: ")) && report.contains(text), "{report}");
        assert!(report.ends_with("idp: 1 problem\n"), "{report}");
    };
    let data = provider.file("idp.redb");
    let (now, hour) = (SystemTime::now(), Duration::from_secs(60 * 60));
    let set_changed = |time| File::options().write(true).open(&data).unwrap().set_modified(time).unwrap();
    set_changed(now + hour);
    problem("clock", "behind the last change of the data: set it by NTP");
    set_changed(now);
    for (name, table, text) in [
        ("clients", OF_GEPI, "the sample service has this id"),
        ("sms", GATEWAY, "must begin with https://"),
        ("origin", "origin = \"https://idp.example.it/\"", "must be as browsers write it"),
    ] {
        fs::write(provider.file("idp.toml"), table).unwrap();
        problem(name, text);
    }
    fs::write(provider.file("idp.toml"), "").unwrap();
    let folder = data.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    problem("disk", "run `chmod o-w`");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let key = provider.file("idp.key");
    let right = fs::read(&key).unwrap();
    for exposed in [0o444, 0o644, 0o620] {
        fs::set_permissions(&key, fs::Permissions::from_mode(exposed)).unwrap();
        problem("keys", "chmod 600");
        problem("keys", "`defaultMode: 0440` and `fsGroup`");
    }
    // The advice for containers, followed.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o440)).unwrap();
    assert!(provider.command(&["check"]).unwrap().contains("ok       keys: "));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, format!("1 {}\n", "0".repeat(64))).unwrap();
    problem("keys", "line 1: a master key must be random");
    fs::write(&key, "1 0f\n").unwrap();
    problem("keys", "line 1: a master key must be 64 hexadecimal digits, but the text of length 2 is not");
    fs::write(&key, format!("1 {}\n", "0f".repeat(32))).unwrap();
    problem("store", "");
    fs::write(&key, right).unwrap();
    let toml = provider.file("idp.toml");
    fs::set_permissions(&toml, fs::Permissions::from_mode(0o644)).unwrap();
    problem("secrets", "(mode 0644): run `chmod 600`");
    fs::set_permissions(&toml, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(&toml, "origin = \"https://idp.example\"").unwrap();
    problem("origin", "trusted_proxy");
    fs::write(&toml, "[[client]]\nid = \"x\"\nname = \"x\"\nredirect_uris = []").unwrap();
    problem("clients", "redirect_uris");
    fs::write(&toml, "listen = 1").unwrap();
    problem("configuration", "idp.toml");
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

/// Returns the contents of all records, with their kinds.
pub(crate) fn contents(provider: &Provider) -> Vec<(String, String)> {
    let keys = fs::read_to_string(provider.file("idp.key")).unwrap();
    let key = keys.trim().split_once(' ').unwrap().1;
    let key: [u8; 32] = Sha256::new().chain_update("idp records").chain_update(key).finalize().into();
    let cipher = Aes256GcmSiv::new(&key.into());
    let store = RedbStore::open(provider.file("idp.redb")).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let (mut contents, mut last) = (Vec::new(), None);
        loop {
            let ids = store.ids_after(last.as_ref()).await.unwrap();
            last = ids.last().copied();
            if last.is_none() {
                return contents;
            }
            for id in ids.iter().filter(|id| id.as_str().starts_with("idp.")) {
                let value = store.load(id).await.unwrap().unwrap().value.as_ref().to_vec();
                let (nonce, sealed) = value[4..].split_first_chunk::<12>().unwrap();
                let payload = Payload { msg: sealed, aad: id.as_str().as_bytes() };
                let opened = cipher.decrypt(&Nonce::from(*nonce), payload).unwrap();
                contents.push((id.to_string(), String::from_utf8(opened).unwrap()));
            }
        }
    })
}

#[test]
fn no_record_names_a_person_who_was_erased() {
    let mut provider = Provider::start(crate::gepi::people::BEFORE);
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    // She works at the sample service, and others' cases and traces name her.
    browser.open("/gepi");
    browser.submit("/gepi/login", &[("level", "1")]);
    browser.give_password(&provider);
    browser.consent();
    let case = crate::gepi::people::case(&mut browser, "Patto di Paolo Verdi");
    browser.open(&format!("/gepi/case/{case}"));
    browser.submit(&format!("/gepi/case/{case}/submit"), &[("text", "Chiamare Maria Rossi, RSSMRA80B69H501U")]);
    assert!(!browser.is_refused(), "{}", browser.page);
    provider.command(&["erase", MARIA, "--operator", "anna", "--reason", "letter"]).unwrap();
    provider.command(&["audit", "verify"]).unwrap();
    provider.terminate();
    let contents = contents(&provider);
    assert!(contents.iter().any(|(id, _)| id.starts_with("idp.audit.")));
    for (id, content) in contents {
        let content = content.to_lowercase();
        for name in ["rssmra80b69h501u", "maria rossi", "maria.rossi", "393330000000"] {
            assert!(!content.contains(name), "{id} has {name}: {content}");
        }
    }
}

#[test]
fn documents_of_an_application_are_erased_with_the_person() {
    let mut provider = Provider::start("");
    // Maria has an identity, and has applied for another one with the same fiscal code.
    let mut applicant = Applicant::new(&provider, "RSSMRA");
    applicant.browser.open("/register");
    let personal = [("name", "Maria"), ("family_name", "Rossi"), ("gender", "F"), ("date_of_birth", "1980-02-29")];
    let place = [("county_of_birth", "RM"), ("place_of_birth", "H501"), ("fiscal_code", "RSSMRA80B69H501U")];
    applicant.browser.submit("/register/personal", &[&personal[..], &place].concat());
    applicant.give_email(&provider);
    applicant.give_mobile(&provider);
    applicant.give_documents();
    applicant.browser.submit("/register/terms", &[("terms", "yes")]);
    applicant.browser.submit("/register/summary", &[]);
    assert!(applicant.browser.page.contains("<h1>Richiesta inviata</h1>"), "{}", applicant.browser.page);
    let documents = |provider: &mut Provider| {
        provider.terminate();
        let contents = contents(provider).into_iter().filter(|(id, _)| id.starts_with("idp.document."));
        contents.filter(|(_, content)| !content.contains("\"record\":null")).count()
    };
    assert_eq!(documents(&mut provider), 2);
    provider.command(&["erase", MARIA, "--operator", "anna", "--reason", "letter"]).unwrap();
    provider.restart("+0s");
    assert_eq!(documents(&mut provider), 0);
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
