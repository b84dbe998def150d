//! Logins that an app does not approve.

use serde_json::json;

use super::phone::{Phone, call, enrolled, give_password, number, other_than};
use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_2, Service, request_object};

fn bound(provider: &Provider) -> Phone {
    Phone::bind(provider, &mut enrolled(provider), 1)
}

/// Begins a login at the service, up to the number.
fn asked(service: &Service, provider: &Provider) -> Browser {
    let mut browser = Browser::new(provider);
    browser.open(&service.url(provider, &request_object(provider, LEVEL_2)));
    browser.give_password(provider);
    browser.submit("/push", &[]);
    browser
}

#[test]
fn denied() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let phone = bound(&provider);
    let mut browser = asked(&service, &provider);
    let denial = phone.denial(&phone.challenge(&provider));
    assert_eq!(call(&provider, "answer", &denial), (200, json!({ "verdict": "deny" })));
    assert_eq!(call(&provider, "answer", &denial), (403, json!({ "error": "answered" })));
    browser.submit("/push/approved", &[]);
    assert_eq!(browser.answer("error_description").as_deref(), Some("ErrorCode nr25"));

    let mut browser = give_password(&provider);
    browser.submit("/push", &[]);
    call(&provider, "answer", &phone.denial(&phone.challenge(&provider)));
    let form = browser.form("/push/approved").unwrap();
    for _ in 0..2 {
        browser.post("/push/approved", &form, &[]);
        assert!(browser.page.contains("Hai rifiutato") && browser.form("/push").is_some());
    }
}

#[test]
fn reported() {
    let provider = Provider::start("");
    let phone = bound(&provider);
    let mut browser = give_password(&provider);
    browser.submit("/push", &[]);
    let report = phone.report(&phone.challenge(&provider));
    assert_eq!(call(&provider, "answer", &report), (200, json!({ "verdict": "not-me" })));
    let form = browser.form("/push/approved").unwrap();
    // The second of two clicks finds no login, and still reads why.
    for _ in 0..2 {
        browser.post("/push/approved", &form, &[]);
        assert!(browser.form("/password").is_some() && browser.is_refused(), "{}", browser.page);
    }
    browser.open("/");
    assert!(browser.form("/password").is_some());
    browser.open("/outbox");
    assert!(browser.page.contains("Accesso segnalato"));
    // Pushes wait now, and no page offers one.
    let mut browser = give_password(&provider);
    assert!(browser.form("/push").is_none());
    let form = browser.form("/code").unwrap();
    browser.post("/push", &form, &[]);
    assert!(browser.is_refused() && browser.form("/code").is_some() && phone.challenges(&provider).is_empty());
}

#[test]
fn not_answered_in_time() {
    let mut provider = Provider::start("");
    let mut phone = bound(&provider);
    let mut browser = give_password(&provider);
    browser.submit("/push", &[]);
    let late = phone.acceptance(&phone.challenge(&provider), &number(&browser));
    provider.restart("+121s");
    assert!(phone.challenges(&provider).is_empty());
    assert_eq!(call(&provider, "answer", &late), (403, json!({ "error": "challenge_expired" })));
    browser.submit("/push/approved", &[]);
    assert!(browser.page.contains("non ha risposto in tempo"));
    browser.submit("/push", &[]);
    assert_eq!(phone.accept(&provider, &number(&browser)).0, 200);
    // An approval that the page does not fetch is lost.
    provider.restart("+190s");
    browser.submit("/push/approved", &[]);
    assert!(browser.page.contains("non ha risposto in tempo"), "{}", browser.page);
}

#[test]
fn fifth_wrong_number_ends_the_login() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut phone = bound(&provider);
    let mut browser = asked(&service, &provider);
    for left in (0..5).rev() {
        let wrong = other_than(&number(&browser));
        assert_eq!(phone.accept(&provider, &wrong), (403, json!({ "error": "wrong" })));
        browser.submit("/push/approved", &[]);
        if left > 0 {
            browser.submit("/push", &[]);
        }
    }
    assert!(browser.page.contains("Potrai riprovare a partire da: "), "{}", browser.page);
    browser.follow_link();
    assert_eq!(browser.answer("error_description").as_deref(), Some("ErrorCode nr19"));
}
