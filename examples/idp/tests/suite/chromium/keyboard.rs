//! A login without a mouse.

use crate::support::chromium::{Chromium, Reader};
use crate::support::login::enrolled_app;
use crate::support::provider::Provider;

/// Asserts that screen readers say the alert: as the first words of the page's title, too.
fn assert_announced(browser: &Chromium, reader: Reader) {
    assert!(!browser.alert().is_empty());
    let title = browser.run("return document.title");
    assert!(title.as_str().unwrap().starts_with(reader.say("Errore: ", "Error: ")), "{title}");
}

#[test]
fn six_steps_by_keyboard() {
    for reader in Reader::BOTH {
        let provider = Provider::start("");
        let mut app = enrolled_app(&provider);
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/gepi", provider.origin));
        browser.tab_to(".skip");
        browser.tab_to("button[value='2']");
        browser.enter();
        // The first field has the focus.
        browser.keys(&provider.user);
        for password in ["wrong", &provider.password] {
            browser.tab_to("#password");
            browser.keys(password);
            browser.enter();
            if password == "wrong" {
                assert_announced(&browser, reader);
            }
        }
        browser.keys("000000");
        browser.enter();
        assert_announced(&browser, reader);
        browser.keys(&app.next_code_at(0));
        browser.enter();
        browser.tab_to("button[value='yes']");
        browser.enter();
        assert!(browser.is_at_service());
        browser.tab_to("a[href^='/gepi/case/']");
        browser.tab_to("footer button");
    }
}
