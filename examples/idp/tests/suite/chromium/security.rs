//! The person's own pages: devices, sessions, the password and recovery codes.

use crate::security::sign_in;
use crate::support::app::App;
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

#[test]
fn person_changes_devices_and_credentials() {
    for reader in Reader::of_test() {
        let mut provider = Provider::start("");
        let mut other = sign_in(&provider);
        provider.restart("+30s");
        let browser = Chromium::new(reader);
        browser.open(&provider.origin);
        browser.give_password(&provider);
        browser.give_code(&other.app().next_code_at(30));
        assert!(browser.is_at_own());
        browser.picture("security-1-overview");

        // One of the two sessions ends.
        browser.click("#others button");
        assert!(!browser.has("#others"));
        other.open("/security");
        assert!(other.form("/password").is_some());

        let mut tablet = add_device(&browser);
        remove_first_device(&browser);

        browser.click("a[href='/security/password']");
        let new = "Nuova-Parola-1";
        let change = |old: &str, again: &str| {
            browser.submit("/security/password", &[("old", old), ("new", new), ("again", again)]);
        };
        change(&provider.password, "Altra-Parola-1");
        assert!(!browser.alert().is_empty());
        change("wrong", new);
        assert!(!browser.alert().is_empty());
        browser.picture("security-5-password");
        change(&provider.password, new);
        assert!(browser.is_at_own());

        // More than five minutes after the login, a change needs another code.
        provider.restart("+361s");
        browser.click("a[href='/security/codes']");
        browser.picture("security-6-again");
        browser.click("form[action='/security/again'] button");
        browser.give_code(&tablet.next_code_at(361));
        browser.picture("security-7-codes");
        browser.click("form[action='/security/codes'] button");
        assert_eq!(browser.count(".codes code"), 10);
        browser.picture("security-8-new-codes");
        browser.click("main a.button");
        browser.click("form[action='/logout'] button");
        assert!(browser.has("form[action='/password']"));
    }
}

/// Adds a device and gives it another name. Returns its app.
fn add_device(browser: &Chromium) -> App {
    browser.click("a[href='/security/add']");
    browser.picture("security-2-add");
    browser.submit("/security/add", &[("name", "tablet")]);
    let mut tablet = App::new(&browser.text("main code"));
    browser.submit("/enrollment", &[("code", "000000")]);
    assert!(!browser.alert().is_empty());
    browser.picture("security-3-app");
    browser.confirm_app(&mut tablet, 30);
    assert_eq!(browser.count("a[href^='/security/device/']"), 2);
    browser.click("li:last-of-type > a[href^='/security/device/']");
    browser.write("#name", " ");
    browser.click("form[action$='/name'] button");
    assert!(!browser.alert().is_empty());
    browser.write("#name", "tablet di casa");
    browser.click("form[action$='/name'] button");
    tablet
}

/// Removes the app with which the person logged in. The other one stays, since it is the last.
fn remove_first_device(browser: &Chromium) {
    browser.click("li:first-of-type > a[href^='/security/device/']");
    assert!(browser.has("#warning"));
    browser.picture("security-4-device");
    browser.click("form[action$='/remove'] button");
    assert_eq!(browser.count("a[href^='/security/device/']"), 1);
    browser.click("a[href^='/security/device/']");
    assert_eq!(browser.text("h1"), "tablet di casa");
    assert!(!browser.has("form[action$='/remove']"));
    browser.click("a[href='/security']");
}
