use crate::gepi::people::{BEFORE, PAOLO};
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

#[test]
fn pages_of_the_sample_service() {
    for reader in Reader::of_test() {
        let provider = Provider::start(BEFORE);
        let browser = Chromium::new(reader);
        let open = |path: &str| browser.open(&format!("{}{path}", provider.origin));
        open("/gepi");
        browser.write("#fiscal_code", PAOLO);
        browser.write("#pin", "wrong");
        browser.click("form[action='/gepi/pin'] button");
        assert!(browser.text("[role=alert]").ends_with(": 4"));
        browser.click("form[action='/gepi/login'] button[value='1']");
        browser.write("#user", &provider.user);
        browser.write("#password", &provider.password);
        browser.click("form[action='/password'] button");
        browser.click("form[action='/consent'] button[value='yes']");
        assert_eq!(browser.address().path(), "/gepi/cases");
        browser.click("a[href^='/gepi/case/']");
        browser.write("#text", "Primo colloquio");
        browser.click("form[action$='/submit'] button");
        assert_eq!(browser.text(".message .text"), "Primo colloquio");
        browser.click("a[href$='/print']");
        assert!(browser.has(".message .text"));
        for path in ["/gepi/staff?area=Roma+1", "/gepi/traces?area=Roma+1"] {
            open(path);
            assert!(!browser.has("[role=alert]"), "{path}");
        }
        open("/gepi/case/000000000000");
        assert!(browser.has("[role=alert]"));
        browser.click("form[action='/gepi/logout'] button");
        assert!(browser.has("form[action='/gepi/pin']"));
        // The button of Level 2 asks for an app, since none is enrolled.
        browser.click("form[action='/gepi/login'] button[value='2']");
        browser.write("#user", &provider.user);
        browser.write("#password", &provider.password);
        browser.click("form[action='/password'] button");
        assert!(browser.has("form[action='/first-app']"));
        browser.click("form[action='/cancel'] button");
        assert!(browser.text("[role=alert]").contains("nr25"));
    }
}

#[test]
fn page_after_a_login_that_is_too_weak() {
    for reader in Reader::of_test() {
        let provider = Provider::start("[gepi]\nlevel2_from = \"2999-01-01\"");
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/gepi", provider.origin));
        browser.click("form[action='/gepi/login'] button[value='1']");
        let (user, password) = &provider.operator;
        browser.write("#user", user);
        browser.write("#password", password);
        browser.click("form[action='/password'] button");
        browser.click("form[action='/consent'] button[value='yes']");
        assert!(browser.text("[role=alert]").contains("01/03/2017"));
        assert!(browser.has("form[action='/gepi/login'] button[value='2']"));
    }
}
