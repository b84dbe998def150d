//! Tests of the output of a running provider.

use std::fs;

use crate::support::browser::Browser;
use crate::support::outbox::messages;
use crate::support::provider::Provider;
use crate::support::service::{
    CALLBACK, LEVEL_2, Service, VERIFIER, client_assertion, redeem, request_object, userinfo,
};

const MOBILE: &str = "+393330000000";

#[test]
fn output_has_no_secret_of_a_whole_login() {
    let service = Service::new();
    let mut provider = Provider::start_logged(&service.registration());
    let mut secrets = vec![provider.password.clone(), provider.operator.1.clone(), "wrong-password-7".to_owned()];
    let shown = |browser: &Browser| -> Vec<String> {
        browser.page.split("<code>").skip(1).map(|code| code.split('<').next().unwrap().to_owned()).collect()
    };
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    secrets.push(browser.used_code());
    let mut other = Browser::new(&provider);
    other.open("/");
    other.submit("/password", &[("user", &provider.user), ("password", "wrong-password-7")]);
    browser.submit("/code", &[("code", "000001")]);
    browser.submit("/code", &[("code", "12345x")]);
    browser.give_next_code(0);
    secrets.push(browser.used_code());
    browser.open("/security/codes");
    browser.submit("/security/codes", &[]);
    secrets.extend(shown(&browser));
    browser.open("/security/add");
    browser.submit("/security/add", &[("name", "tablet")]);
    secrets.extend(shown(&browser));
    assert_eq!(secrets.len(), 16, "{}", browser.page);
    browser.submit("/enrollment", &[("code", "000000")]);
    browser.give_first_code(0);
    secrets.push(browser.used_code());
    browser.open("/security/number");
    browser.submit("/security/number", &[("number", MOBILE)]);
    let sent = messages(&provider, MOBILE).remove(0);
    let sent = sent.split_once(": ").unwrap().1.get(..6).unwrap();
    secrets.extend([sent.to_owned(), "000002".to_owned()]);
    browser.submit("/security/number/code", &[("code", "000002")]);
    browser.submit("/security/number/code", &[("code", sent)]);
    assert!(browser.form("/logout").is_some(), "{}", browser.page);

    provider.restart("+30s");
    let mut login = Browser::new(&provider);
    browser.lend(&mut login);
    login.open(&service.url(&provider, &request_object(&provider, LEVEL_2)));
    login.give_password(&provider);
    login.submit("/choice", &[("way", "code")]);
    login.submit("/code", &[("code", "000003")]);
    login.give_next_code(30);
    secrets.extend(["000001", "12345x", "000003", "000000", &login.used_code()].map(ToOwned::to_owned));
    login.consent();
    let code = login.answer("code").unwrap();
    let tokens = service.exchange(&provider, &code).body;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!((userinfo(&provider, access).status, userinfo(&provider, "x").status), (200, 401));
    let assertion = service.sign(&client_assertion(&provider));
    assert_eq!(redeem(&provider, &assertion, &code, CALLBACK, VERIFIER).status, 400);
    secrets.extend([access, tokens["id_token"].as_str().unwrap()].map(ToOwned::to_owned));
    secrets.extend([code, assertion, VERIFIER.to_owned()]);
    for browser in [&browser, &login] {
        secrets.extend(browser.cookie().split("; ").map(|cookie| cookie.split_once('=').unwrap().1.to_owned()));
    }

    assert!(provider.terminate().success());
    let log = fs::read_to_string(provider.file("log")).unwrap();
    // The passwords of the demonstration are written once, before the address to open.
    let (_, log) = log.split_once("Open ").unwrap();
    for secret in secrets {
        assert!(secret.len() >= 6 && !log.contains(&secret), "{secret} is in the output: {log}");
    }
}
