//! The first app of a person, activated in a login at a service.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::service::{ID, LEVEL_2, Service, claims, request_object};

const CODES: &str = "/security/codes/new";

/// Returns a browser that was asked for the code to the certified number.
fn after_password(service: &Service, provider: &Provider) -> Browser {
    let mut browser = Browser::new(provider);
    browser.open(&service.url(provider, &request_object(provider, LEVEL_2)));
    browser.give_password(provider);
    browser
}

fn has_codes(browser: &Browser) -> bool {
    browser.page.matches("<li><code>").count() == 10
}

/// A person without an app activates one in the login, with the code that is sent to the certified number.
#[test]
fn first_app_within_a_login() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_2)));
    browser.give_password(&provider);
    // Neither the password nor a code that was not sent leads on.
    let form = browser.form("/first-app").unwrap();
    browser.submit("/first-app", &[("code", "00000x")]);
    for action in ["/consent", "/enrollment", "/code", "/choice"] {
        browser.post(action, &form, &[("consent", "yes"), ("code", "000000"), ("way", "code")]);
        browser.open("/");
        assert!(browser.form("/first-app").is_some() && browser.left.is_none(), "{action}: {}", browser.page);
    }
    browser.give_activation_code();
    // Coming back to the page, and another language, lose nothing.
    browser.open("/");
    let request = browser.form("/enrollment").unwrap();
    browser.post("/language/en", &request, &[]);
    assert!(browser.page.contains("lang=\"en\"") && browser.form("/enrollment").is_some(), "{}", browser.page);
    browser.confirm_app();
    assert!(browser.form("/code").is_some(), "{}", browser.page);
    // The code that confirmed the app is no login.
    let used = browser.used_code();
    browser.submit("/code", &[("code", &used)]);
    assert!(browser.is_refused(), "{}", browser.page);
    browser.give_code();
    browser.consent();
    let reply = service.exchange(&provider, &browser.answer("code").unwrap());
    let (_, id) = claims(&provider, reply.body["id_token"].as_str().unwrap(), ID);
    assert_eq!((&id["acr"], &id["amr"]), (&json!(LEVEL_2), &json!(["pwd", "otp", "mfa"])));
    // The person's own pages have no session of it.
    browser.open("/security");
    assert!(browser.form("/password").is_some(), "{}", browser.page);
}

/// The browser leaves the page of the first click before anybody has seen it.
#[test]
fn double_click_on_the_first_code_loses_no_recovery_codes() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = after_password(&service, &provider);
    browser.give_activation_code();
    let form = browser.form("/enrollment").unwrap();
    browser.hold = Some(CODES);
    browser.confirm_app();
    assert_eq!(browser.left.as_ref().map(url::Url::path), Some(CODES));
    browser.hold = None;
    let code = browser.used_code();
    browser.post("/enrollment", &form, &[("code", &code)]);
    assert!(has_codes(&browser), "{}", browser.page);
    // They are shown once.
    browser.open(CODES);
    assert!(browser.form("/code").is_some() && !has_codes(&browser), "{}", browser.page);
}

/// After another cookie, the same secret cannot be computed, and no other codes are shown in its place.
#[test]
fn codes_that_were_not_seen_are_not_shown_after_the_login() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.open("/");
    browser.give_password(&provider);
    browser.give_activation_code();
    let form = browser.form("/enrollment").unwrap();
    browser.hold = Some(CODES);
    browser.confirm_app();
    browser.hold = None;
    let code = browser.next_code();
    browser.post("/code", &form, &[("code", &code)]);
    assert!(browser.form("/logout").is_some(), "{}", browser.page);
    browser.open(CODES);
    assert!(!has_codes(&browser), "{}", browser.page);
}

/// Forms of a login that was cancelled in another tab get the service's answer, and activate nothing.
#[test]
fn nothing_is_activated_after_the_end_of_the_login() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = after_password(&service, &provider);
    let mut other = browser.twin();
    other.submit("/cancel", &[]);
    assert_eq!(other.answer("error_description").as_deref(), Some("ErrorCode nr25"));
    let form = browser.form("/first-app").unwrap();
    for action in ["/first-app", "/first-app/again", "/enrollment"] {
        browser.post(action, &form, &[("code", "000000")]);
        assert_eq!(browser.left, other.left, "{action}: {}", browser.page);
    }
    // A person with an app gets no other one by the same forms.
    let mut browser = after_password(&service, &provider);
    assert!(browser.form("/first-app").is_some(), "{}", browser.page);
    let form = browser.form("/first-app").unwrap();
    Browser::new(&provider).enroll(&provider);
    browser.open("/");
    assert!(browser.form("/code").is_some(), "{}", browser.page);
    for action in ["/first-app", "/first-app/again"] {
        browser.post(action, &form, &[("code", "000000")]);
        assert!(browser.form("/code").is_some(), "{action}: {}", browser.page);
    }
}

#[test]
fn a_login_that_took_too_long_activates_nothing() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let mut browser = after_password(&service, &provider);
    browser.give_activation_code();
    let form = browser.form("/enrollment").unwrap();
    browser.scan();
    provider.restart("+601s");
    let code = browser.app().next_code_at(601);
    browser.post("/enrollment", &form, &[("code", &code)]);
    browser.follow_link();
    assert_eq!(browser.answer("error_description").as_deref(), Some("ErrorCode nr21"));
}
