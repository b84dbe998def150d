//! The activation of an app, and thieves who see it.

use serde_json::json;

use super::phone::{Phone, begin, call, changed, enrolled, field, give_password, link};
use crate::support::provider::Provider;

#[test]
fn app_answers_and_its_code_confirms_it() {
    let provider = Provider::start("");
    let mut browser = enrolled(&provider);
    browser.open("/security/app");
    let form = browser.form("/security/app").unwrap();
    browser.submit("/security/app", &[]);
    let shown = link(&browser);
    assert!(browser.page.contains(&format!("/app#{shown}")));
    // The second of two clicks, and a page that is loaded again.
    browser.post("/security/app", &form, &[]);
    assert_eq!(link(&browser), shown);
    browser.open("/security/app");
    assert_eq!(link(&browser), shown);

    let confirmation = browser.form("/security/app/confirm").unwrap();
    browser.submit("/security/app/confirm", &[("code", "123456")]);
    assert!(browser.is_refused() && browser.page.contains("non ha ancora risposto"));
    let (phone, answer) = Phone::new(&shown, 1);
    assert_eq!(call(&provider, "activation", &answer), (200, json!({})));
    browser.open("/security/app");
    assert!(browser.page.contains("id=\"answered\"") && !browser.page.contains("secondo-push:"));
    let code = phone.confirmation_code();
    browser.submit("/security/app/confirm", &[("code", &code)]);
    assert!(browser.page.contains("<strong>app</strong>"), "{}", browser.page);
    browser.post("/security/app/confirm", &confirmation, &[("code", &code)]);
    assert!(!browser.is_refused() && browser.page.contains("<strong>app</strong>"));
    browser.open("/outbox");
    assert_eq!(browser.page.matches("approvare gli accessi</strong>").count(), 1);

    // An activation is answered once.
    let (_, other) = Phone::new(&shown, 2);
    assert_eq!(call(&provider, "activation", &other), (403, json!({ "error": "answered" })));
    // Another app can be activated beside it.
    assert_ne!(begin(&mut browser), shown);
}

#[test]
fn thief_who_sees_the_code_first_is_not_confirmed() {
    let provider = Provider::start("");
    let mut browser = enrolled(&provider);
    let shown = begin(&mut browser);
    let (thief, answer) = Phone::new(&shown, 1);
    assert_eq!(call(&provider, "activation", &answer).0, 200);
    let (phone, answer) = Phone::new(&shown, 2);
    assert_eq!(call(&provider, "activation", &answer), (403, json!({ "error": "answered" })));
    // The thief does not have the person's session.
    let mut other = give_password(&provider);
    other.open("/security/app");
    assert!(other.form("/security/app").is_none() && other.form("/code").is_some());
    // The person types the code of the own app.
    for _ in 0..2 {
        browser.submit("/security/app/confirm", &[("code", &phone.confirmation_code())]);
        assert!(browser.is_refused(), "{}", browser.page);
    }
    assert!(thief.challenges(&provider).is_empty());
    // No push can be sent to it.
    assert!(give_password(&provider).form("/push").is_none());
}

#[test]
fn answers_without_the_secret_change_nothing() {
    let provider = Provider::start("");
    let mut browser = enrolled(&provider);
    let shown = begin(&mut browser);
    let (phone, answer) = Phone::new(&shown, 1);
    let (_, other) = Phone::new(&shown, 2);
    let refused = |message: &str| {
        let (status, body) = call(&provider, "activation", message);
        assert_eq!(status, 403);
        body["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&changed(&answer, "proof", field(&other, "proof"))), "signature");
    // An account that does not exist, a record of another kind, and an activation of nobody.
    for account in ["nobody", &format!("idp.session.{}", "0".repeat(32)), "secondo"] {
        assert_eq!(refused(&changed(&answer, "account", account)), "unknown_challenge");
    }
    assert_eq!(refused(&changed(&answer, "id", "AAAAAAAAAAAAAAAAAAAAAA")), "unknown_challenge");
    assert_eq!(refused(&answer.replace("\"proof\"", "\"proofs\"")), "unknown_field");
    assert_eq!(call(&provider, "activation", "{").0, 403);
    assert_eq!(call(&provider, "activation", &" ".repeat(3000)).0, 413);
    assert_eq!(call(&provider, "activation", &answer).0, 200);
    browser.submit("/security/app/confirm", &[("code", &phone.confirmation_code())]);
    assert!(!browser.is_refused());
}

#[test]
fn activation_ends() {
    let mut provider = Provider::start("");
    let mut browser = enrolled(&provider);
    let (phone, answer) = Phone::new(&begin(&mut browser), 1);
    provider.restart("+601s");
    assert_eq!(call(&provider, "activation", &answer).0, 403);
    browser.submit("/security/app/confirm", &[("code", &phone.confirmation_code())]);
    assert!(browser.form("/security/app").is_some(), "{}", browser.page);
    // After this time, the person shows a second factor again.
    browser.submit("/security/app", &[]);
    assert!(browser.form("/security/again").is_some(), "{}", browser.page);
}
