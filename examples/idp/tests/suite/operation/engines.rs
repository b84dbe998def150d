//! The same program on the stores on servers.

use store_testing::{Authority, Postgres, Redis, Server};

use crate::support::browser::{Browser, agent};
use crate::support::provider::Provider;

fn log_in_and_restart(store: &str) -> Provider {
    let mut provider = Provider::start_on(store);
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    browser.give_code();
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    let used = browser.used_code();
    // It waits for the lines that are not written yet, which the restart would lose.
    provider.command(&["audit", "verify"]).unwrap();
    provider.restart("+0s");
    browser.open("/");
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    let mut other = Browser::new(&provider);
    other.open("/");
    other.give_password(&provider);
    other.submit("/code", &[("code", &used)]);
    assert!(other.is_refused());
    provider.command(&["audit", "verify"]).unwrap();
    let refused = provider.command(&["backup", "/nonexistent/backup"]).unwrap_err();
    assert!(refused.contains("database server"), "{refused}");

    // After the server has put its own backup back.
    let refused = provider.command(&["restore"]).unwrap_err();
    assert!(refused.contains("stop the provider"), "{refused}");
    provider.stop();
    let said = provider.command(&["restore"]).unwrap();
    assert!(said.contains("1 account accepts no code"), "{said}");
    provider.restart("+0s");
    browser.open("/");
    assert!(browser.form("/password").is_some(), "a session of before is there");
    provider
}

/// Rotates the keys, of which the old one opens nothing any more, and erases a person.
fn rotate(provider: &mut Provider) {
    let said = provider.command(&["rotate-keys"]).unwrap_err();
    assert!(said.contains("the next step is `idp rotate-keys add`"), "{said}");
    for step in ["add", "seal"] {
        let said = provider.command(&["rotate-keys", step]).unwrap();
        assert!(said.contains("Copy the key file to the other machines."), "{said}");
    }
    let said = provider.command(&["rotate-keys", "drop"]).unwrap();
    assert!(said.contains("entries were sealed with key"), "{said}");
    provider.restart("+0s");
    provider.command(&["audit", "verify"]).unwrap();
    let mut browser = Browser::new(provider);
    browser.open("/");
    browser.give_password(provider);
    assert!(browser.form("/code").is_some(), "{}", browser.page);
    let user = provider.user.clone();
    let erased = provider.command(&["erase", &user, "--operator", "desk", "--reason", "asked for"]).unwrap();
    assert!(erased.contains("records are erased"), "{erased}");
}

#[test]
fn postgres() {
    let server = Postgres::start(&[]);
    rotate(&mut log_in_and_restart(&server.url()));
}

/// A server on another host is reached by TLS only.
#[test]
fn postgres_by_tls() {
    let (server, authority, another) = (Postgres::start(&[]), Authority::new(), Authority::new());
    server.demand_tls(&authority);
    let store = format!("postgres://postgres@localhost:{}/postgres", server.address().port());
    let with_ca = |authority: &Authority| {
        format!("store = {store:?}\nstore_ca = {:?}\n", authority.certificate().to_str().unwrap())
    };
    let said = Provider::refuse(&with_ca(&another));
    assert!(said.contains("certificate"), "{said}");
    assert!(Provider::refuse("store = \"postgres://idp@192.0.2.1/idp\"\n").contains("TLS"));

    let provider = Provider::start(&with_ca(&authority));
    let mut browser = Browser::new(&provider);
    browser.open("/security");
    assert!(browser.form("/password").is_some(), "{}", browser.page);
}

/// A load balancer asks `/ready`, and a supervisor `/health`.
#[test]
fn provider_without_its_store_is_alive_and_not_ready() {
    let server = Redis::start(&[]);
    let provider = Provider::start_on(&server.url());
    let status = |path: &str| agent().get(format!("{}{path}", provider.origin)).call().unwrap().status().as_u16();
    assert_eq!((status("/health"), status("/ready")), (200, 200));
    drop(server);
    assert_eq!((status("/health"), status("/ready")), (200, 503));
}

#[test]
fn redis() {
    let server = Redis::start(&[]);
    rotate(&mut log_in_and_restart(&server.url()));
}
