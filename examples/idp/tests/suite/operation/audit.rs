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

/// Removes an entry.
fn remove(store: &RedbStore, id: &AccountId) {
    put(store, id, vec![0], Some(1));
    assert_eq!(wait(store.purge(secondo::UnixTime::from_secs(2).unwrap())).unwrap(), 1);
}

/// Returns the entries of a kind of record.
pub(crate) fn entries(store: &RedbStore, kind: &str) -> Vec<AccountId> {
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let ids = wait(store.ids_after(last.as_ref())).unwrap();
        last = ids.last().copied();
        if last.is_none() {
            return found;
        }
        found.extend(ids.into_iter().filter(|id| id.as_str().starts_with(&format!("idp.{kind}."))));
    }
}

/// Returns the head that a report of `audit verify` prints.
fn head(report: &str) -> String {
    report.lines().find_map(|line| line.strip_prefix("Head: ")).unwrap_or_else(|| panic!("{report}")).to_owned()
}

#[test]
fn lines_removed_together_with_the_head_are_found() {
    let mut provider = Provider::start("");
    // There is no line yet, and nothing is missing.
    provider.command(&["audit", "verify"]).unwrap();
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    let earlier = head(&provider.command(&["audit", "verify"]).unwrap());
    provider.terminate();
    let data = provider.file("idp.redb");
    let store = RedbStore::open(&data).unwrap();
    let blocks = entries(&store, "audit");
    let [record] = entries(&store, "audit-head")[..] else { panic!("one head") };
    let earlier_record = wait(store.load(&record)).unwrap().unwrap().value.as_ref().to_vec();
    drop(store);

    provider.restart("+0s");
    browser.open("/");
    browser.submit("/code", &[("code", "000000")]);
    let later = head(&provider.command(&["audit", "verify"]).unwrap());
    provider.terminate();
    for kept in [&earlier, &later] {
        provider.command(&["audit", "verify", "--head", kept]).unwrap();
    }
    let error = provider.command(&["audit", "verify", "--head", "7"]).unwrap_err();
    assert!(error.contains("a number, a colon and 64"), "{error}");

    let store = RedbStore::open(&data).unwrap();
    for block in entries(&store, "audit").iter().filter(|block| !blocks.contains(block)) {
        remove(&store, block);
    }
    let verify = |head: &[&str]| provider.command(&[&["audit", "verify"], head].concat()).unwrap_err();
    drop(store);
    assert!(verify(&[]).contains("block"));
    // Without the head as well.
    let store = RedbStore::open(&data).unwrap();
    remove(&store, &record);
    drop(store);
    assert!(verify(&[]).contains("the head of the log is missing"));
    // An older head fits the blocks that are left, but not the account, nor the head that was kept elsewhere.
    let store = RedbStore::open(&data).unwrap();
    put(&store, &record, earlier_record, None);
    drop(store);
    let report = verify(&[]);
    assert!(report.contains("the log tells of") && report.contains("the account has revision"), "{report}");
    assert!(report.contains("has 1 problem in "), "{report}");
    let report = verify(&["--head", &later]);
    assert!(report.contains("of the head that was kept is missing") && report.contains("has 2 problems"), "{report}");
}

#[test]
fn account_that_is_an_older_copy_is_found_by_the_log() {
    let mut provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    provider.terminate();
    let data = provider.file("idp.redb");
    let store = RedbStore::open(&data).unwrap();
    let is_account = |id: &AccountId| !id.as_str().contains('.') && !id.as_str().starts_with("secondo-");
    let account = wait(store.ids_after(None)).unwrap().into_iter().rfind(is_account).unwrap();
    let older = wait(store.load(&account)).unwrap().unwrap().value.as_ref().to_vec();
    drop(store);
    provider.restart("+0s");
    browser.open("/");
    browser.submit("/code", &[("code", "000000")]);
    provider.command(&["audit", "verify"]).unwrap();
    provider.terminate();
    let store = RedbStore::open(&data).unwrap();
    put(&store, &account, older, None);
    drop(store);
    let report = provider.command(&["audit", "verify"]).unwrap_err();
    assert!(report.contains("the account is an older copy"), "{report}");
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

#[test]
fn csv_has_the_attempts_that_remain_and_readable_times() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    browser.open("/");
    browser.submit("/code", &[("code", "000000")]);
    let export = |name: &str| {
        let file = provider.file(name);
        provider.command(&["audit", "export", file.to_str().unwrap()]).unwrap();
        fs::read_to_string(file).unwrap()
    };
    let lines: Vec<serde_json::Value> =
        export("log.json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let csv = export("log.csv");
    let mut rows = csv.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let column = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let mut wrong = 0;
    for (line, row) in lines.iter().zip(rows) {
        let time: jiff::Timestamp = row[column("time")].parse().unwrap();
        assert_eq!(time.as_second(), line["time"].as_i64().unwrap());
        assert!(row[column("time")].ends_with('Z'), "{row:?}");
        let remaining = line.get("remaining").map(ToString::to_string).unwrap_or_default();
        assert_eq!(row[column("remaining")], remaining, "{row:?}");
        wrong += usize::from(remaining == "4");
    }
    assert_eq!(wrong, 1, "{csv}");
}
