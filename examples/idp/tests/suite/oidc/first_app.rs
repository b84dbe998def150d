//! The first app of a person, activated in a login at a service.

use serde_json::json;

use crate::second_factor::MOBILE;
use crate::support::browser::Browser;
use crate::support::outbox::{code, message, wrong};
use crate::support::page::mails;
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
    browser.begin_first_app(&provider.user, &provider.password);
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

/// Asserts that the page says why the login ended, and leads back to the service with this outcome.
fn assert_ended(browser: &mut Browser, outcome: &str) {
    assert!(browser.is_refused(), "{}", browser.page);
    browser.follow_link();
    assert_eq!(browser.answer("error_description").as_deref(), Some(outcome));
}

/// Asserts that the person still has no app.
fn assert_nothing_is_activated(provider: &Provider) {
    assert_eq!(mails(provider, "Nuova app attivata"), 0);
    let mut browser = Browser::new(provider);
    browser.open("/");
    browser.give_password(provider);
    assert!(browser.form("/first-app").is_some(), "{}", browser.page);
}

#[test]
fn a_login_that_took_too_long_activates_nothing() {
    let service = Service::new();
    for action in ["/first-app", "/first-app/again", "/enrollment"] {
        let mut provider = Provider::start(&service.registration());
        let mut browser = after_password(&service, &provider);
        message(&provider, MOBILE, 1);
        // The second code is still valid when the login is not.
        provider.restart("+300s");
        browser.submit("/first-app/again", &[]);
        let mut code = code(&message(&provider, MOBILE, 2));
        if action == "/enrollment" {
            browser.submit("/first-app", &[("code", &code)]);
            browser.scan();
            code = browser.app().next_code_at(601);
        }
        provider.restart("+601s");
        browser.submit(action, &[("code", &code)]);
        assert_ended(&mut browser, "ErrorCode nr21");
        // Neither is a code sent, nor does an enrollment begin.
        message(&provider, MOBILE, 2);
        let found = provider.command(&["admin", "find", &provider.user]).unwrap();
        assert_eq!(found.contains("no authenticators"), action != "/enrollment", "{found}");
        assert_nothing_is_activated(&provider);
    }
}

/// The suspension ends the session, and the password says why.
#[test]
fn a_person_who_is_suspended_meanwhile_activates_nothing() {
    let service = Service::new();
    for action in ["/first-app", "/enrollment"] {
        let provider = Provider::start(&service.registration());
        let help_desk = |action| {
            let arguments = ["admin", action, &provider.user, "--operator", "anna", "--reason", "ticket 7"];
            provider.command(&arguments).unwrap()
        };
        let mut browser = after_password(&service, &provider);
        let mut code = code(&message(&provider, MOBILE, 1));
        if action == "/enrollment" {
            browser.submit("/first-app", &[("code", &code)]);
            browser.scan();
            code = browser.app().first_code(0);
        }
        help_desk("suspend");
        browser.submit(action, &[("code", &code)]);
        assert!(browser.form("/password").is_some() && browser.left.is_none(), "{action}: {}", browser.page);
        browser.give_password(&provider);
        assert_ended(&mut browser, "ErrorCode nr23");
        help_desk("resume");
        assert_nothing_is_activated(&provider);
    }
}

/// Five codes are sent in a day, however many browsers ask for them.
#[test]
fn too_many_codes_end_the_login() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let mut browser = after_password(&service, &provider);
    for _ in 1..5 {
        assert!(after_password(&service, &provider).form("/first-app").is_some());
    }
    message(&provider, MOBILE, 5);
    assert_ended(&mut after_password(&service, &provider), "ErrorCode nr19");
    provider.restart("+61s");
    // The code that was sent stays valid, until it is guessed at.
    browser.submit("/first-app/again", &[]);
    assert!(browser.page.contains("troppi codici") && browser.form("/first-app").is_some(), "{}", browser.page);
    let digits = code(&message(&provider, MOBILE, 5));
    for by in 1..=5 {
        browser.submit("/first-app", &[("code", &wrong(&digits, by))]);
    }
    let form = browser.form("/first-app/again").unwrap();
    browser.submit("/first-app/again", &[]);
    let mut click = browser.twin();
    assert_ended(&mut browser, "ErrorCode nr19");
    // The second of two clicks gets the same answer.
    click.post("/first-app/again", &form, &[]);
    assert_ended(&mut click, "ErrorCode nr19");
    message(&provider, MOBILE, 5);
}

/// Eight enrollments can begin at once. Five wrong codes end each.
#[test]
fn too_many_enrollments_end_the_login() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = after_password(&service, &provider);
    browser.give_activation_code();
    for count in 0..8 * 5 {
        assert!(browser.form("/enrollment").is_some(), "{count}: {}", browser.page);
        browser.submit("/enrollment", &[("code", &format!("{count:06}"))]);
    }
    assert_ended(&mut browser, "ErrorCode nr19");
    assert_nothing_is_activated(&provider);
}
