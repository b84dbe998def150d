//! The audit log on disk, with lines that someone has removed or put back.

use std::fs;

use secondo::AccountId;
use secondo::store::{Enumerate, Exchange, Store, Value};
use secondo_redb::RedbStore;

use crate::support::browser::Browser;
use crate::support::provider::Provider;

/// Runs a future of the store.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Replaces the value of an entry.
fn put(store: &RedbStore, id: &AccountId, value: Vec<u8>, expiry: Option<u64>) {
    let revision = wait(store.load(id)).unwrap().map(|entry| entry.revision);
    let expiry = expiry.map(|secs| secondo::UnixTime::from_secs(secs).unwrap());
    let stored = wait(store.compare_exchange(id, revision, Value::from(value), expiry)).unwrap();
    assert_eq!(stored, Exchange::Stored);
}

#[test]
fn removed_and_replaced_lines_are_found() {
    let mut provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    // Each command waits for the lines before it, so that they are in blocks of their own.
    for _ in 0..3 {
        provider.command(&["audit", "verify"]).unwrap();
        browser.open("/");
        browser.submit("/code", &[("code", "000000")]);
    }
    provider.command(&["audit", "verify"]).unwrap();
    provider.terminate();

    let data = provider.file("idp.redb");
    let whole = fs::read(&data).unwrap();
    let store = RedbStore::open(&data).unwrap();
    let ids = wait(store.ids_after(None)).unwrap();
    let blocks: Vec<_> = ids.into_iter().filter(|id| id.as_str().starts_with("idp.audit.")).collect();
    assert!(blocks.len() >= 3, "{blocks:?}");
    drop(store);
    for block in &blocks {
        // A block that is removed from the store.
        let store = RedbStore::open(&data).unwrap();
        let value = wait(store.load(block)).unwrap().unwrap().value.as_ref().to_vec();
        put(&store, block, value.clone(), Some(1));
        assert_eq!(wait(store.purge(secondo::UnixTime::from_secs(2).unwrap())).unwrap(), 1);
        drop(store);
        let report = provider.command(&["audit", "verify"]).unwrap_err();
        assert!(report.contains("block") && report.contains("the audit log has"), "{report}");
        fs::write(&data, &whole).unwrap();
        // A block with another content, which is sealed for another place.
        let store = RedbStore::open(&data).unwrap();
        let other = blocks.iter().find(|other| *other != block).unwrap();
        let other = wait(store.load(other)).unwrap().unwrap().value.as_ref().to_vec();
        put(&store, block, other, None);
        drop(store);
        provider.command(&["audit", "verify"]).unwrap_err();
        fs::write(&data, &whole).unwrap();
    }
    provider.command(&["audit", "verify"]).unwrap();
}

#[test]
fn export_is_of_an_area_and_a_period() {
    let service = crate::support::service::Service::new();
    let provider = Provider::start(&service.registration());
    service.log_in(&provider);
    let export = |name: &str, arguments: &[&str]| {
        let file = provider.file(name);
        provider.command(&[&["audit", "export", file.to_str().unwrap()], arguments].concat()).unwrap();
        fs::read_to_string(file).unwrap()
    };
    let lines = export("rome.json", &["--area", "Roma", "--from", "2026-01-01", "--to", "2099-12-31"]);
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["action"] == "service_login" && line["area"] == "Roma"), "{lines:?}");
    assert_eq!(export("milan.json", &["--area", "Milano"]), "");
    assert_eq!(export("past.json", &["--to", "2020-12-31"]), "");
    let csv = export("all.csv", &[]);
    assert_eq!(csv.lines().count(), lines.len() + 1, "{csv}");
    assert!(csv.starts_with("time,person,action,outcome,") && csv.contains(",\"service_login\",\"done\","), "{csv}");
    // A file that is there stays, and a day must be one.
    let refused = |name: &str, day: &str| {
        let file = provider.file(name);
        provider.command(&["audit", "export", file.to_str().unwrap(), "--from", day]).unwrap_err()
    };
    refused("all.csv", "2026-01-01");
    assert!(refused("new.json", "2026-13-01").contains("is not a day"));
    assert!(!provider.file("new.json").exists());
}
