//! The headers of responses, and the attributes of cookies.

use crate::security::sign_in;
use crate::support::browser::{Browser, agent};
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, Service, request_object};

/// Asserts that a response tells browsers to keep and guess nothing, and to show it in no frame.
fn assert_guarded(browser: &Browser, path: &str) {
    let header = |name: &str| browser.headers.get(name).unwrap_or_else(|| panic!("{path} has no {name}"));
    assert_eq!(header("cache-control"), "no-store", "{path}");
    assert_eq!(header("x-frame-options"), "DENY", "{path}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(header("referrer-policy"), "same-origin", "{path}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
    // The app scans codes. No page may have anything else.
    let permissions = header("permissions-policy").to_str().unwrap();
    let granted: Vec<_> = permissions.split(", ").filter(|permission| !permission.ends_with("=()")).collect();
    let expected: &[_] = if path == "/app" { &["camera=(self)"] } else { &[] };
    assert_eq!(granted, expected, "{path}");
    assert!(permissions.contains("camera=") && permissions.contains("geolocation="), "{path}");
    let policy = header("content-security-policy").to_str().unwrap();
    for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action '"] {
        assert!(policy.split("; ").any(|given| given.starts_with(directive)), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
}

/// Returns the cookies that the last response sets.
fn set_cookies(browser: &Browser) -> Vec<&str> {
    browser.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect()
}

/// Asserts that the last response sets one cookie of this name, with exactly these attributes.
fn assert_cookie(browser: &Browser, name: &str, attributes: &str) {
    let cookies = set_cookies(browser);
    let [cookie] = cookies.as_slice() else { panic!("{name}: {cookies:?}") };
    let (value, given) = cookie.split_once("; ").unwrap();
    assert!(value.starts_with(&format!("{name}=")), "{cookie}");
    assert_eq!(given, attributes, "{cookie}");
}

#[test]
fn pages_are_not_kept_and_not_framed() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = sign_in(&provider);
    let own = ["/security", "/security/number", "/security/codes", "/security/password", "/app"];
    for path in ["/", "/register", "/recover", "/outbox", "/gepi", "/nothing"].iter().chain(&own) {
        browser.open(path);
        assert_guarded(&browser, path);
        assert!(!browser.headers.contains_key("strict-transport-security"), "{path}");
    }
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    assert_guarded(&browser, "the login at a service");
    browser.give_password(&provider);
    assert!(browser.form("/consent").is_some());
    assert_guarded(&browser, "the consent");
    browser.consent();
    // The redirect has the code.
    assert_guarded(&browser, "the way back");
    let code = browser.answer("code").unwrap();
    let tokens = service.exchange(&provider, &code).body;
    let request = agent().get(format!("{}/userinfo", provider.origin));
    let access = tokens["access_token"].as_str().unwrap();
    let userinfo = request.header("Authorization", format!("Bearer {access}")).call().unwrap();
    assert_eq!((userinfo.status().as_u16(), &userinfo.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
}

#[test]
fn cookies_are_kept_from_scripts_and_other_sites() {
    let service = Service::new();
    let attributes = "Path=/; HttpOnly; SameSite=Lax";
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.open("/");
    assert_cookie(&browser, "idp", attributes);
    browser.open("/gepi");
    assert_cookie(&browser, "gepi", attributes);
    // The answer to the password, and that of a service, begin other sessions.
    let mut browser = Browser::new(&provider);
    browser.open("/");
    browser.hold = Some("/");
    browser.give_password(&provider);
    assert_cookie(&browser, "idp", attributes);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    assert_cookie(&browser, "idp-login", attributes);

    let provider = Provider::start_in_production(&service.registration());
    let attributes = "Path=/; HttpOnly; SameSite=Lax; Secure";
    for (path, name) in [("/", "__Host-idp"), ("/gepi", "__Host-gepi")] {
        let mut browser = Browser::new(&provider);
        browser.open(path);
        assert_cookie(&browser, name, attributes);
    }
    let mut browser = Browser::new(&provider);
    browser.hold = Some("/");
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    assert_cookie(&browser, "__Host-idp-login", attributes);
}

#[test]
fn production_is_kept_to_https() {
    let provider = Provider::start_in_production("");
    let mut browser = Browser::new(&provider);
    for path in ["/", "/gepi", "/security", "/style.css", "/jwks", "/nothing"] {
        browser.open(path);
        let kept = browser.headers.get("strict-transport-security");
        assert!(kept.is_some_and(|kept| kept == "max-age=31536000"), "{path}: {kept:?}");
    }
}
