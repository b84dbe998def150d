//! The age that a service allows for the session of a login of Level 1.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, Service, now, request_object};

/// Sends a request with this `max_age`, for a clock that is this many seconds ahead. Returns `true` if the password is
/// asked for, and `false` if the session is used.
fn asks_again(browser: &mut Browser, service: &Service, provider: &Provider, max_age: u64, ahead: u64) -> bool {
    let mut request = request_object(provider, LEVEL_1);
    (request["iat"], request["exp"]) = (json!(now() + ahead), json!(now() + ahead + 60));
    request["max_age"] = json!(max_age);
    browser.open(&service.url(provider, &request));
    let is_asked = browser.form("/password").is_some();
    assert_ne!(is_asked, browser.form("/consent").is_some(), "{}", browser.page);
    is_asked
}

#[test]
fn session_that_is_older_than_the_age_asks_again() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let mut browser = service.log_in(&provider);
    // The session is some seconds old.
    assert!(!asks_again(&mut browser, &service, &provider, 300, 0));
    provider.restart("+600s");
    assert!(asks_again(&mut browser, &service, &provider, 599, 600));
    assert!(!asks_again(&mut browser, &service, &provider, 1200, 600));
    // A session that serves a login is not younger by that.
    browser.consent();
    assert!(asks_again(&mut browser, &service, &provider, 599, 600));
    // The password is, from now on.
    browser.give_password(&provider);
    browser.consent();
    assert!(!asks_again(&mut browser, &service, &provider, 300, 600));
}

#[test]
fn age_0_asks_again_in_the_second_of_the_login() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    // A second can end between the two requests.
    for _ in 0..20 {
        let begun = now();
        let mut browser = service.log_in(&provider);
        assert!(asks_again(&mut browser, &service, &provider, 0, 0));
        if now() == begun {
            return;
        }
    }
    panic!("no login and its next request were in one second");
}
