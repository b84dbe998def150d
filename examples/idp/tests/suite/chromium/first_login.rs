use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

#[test]
fn wrong_password_and_first_app() {
    for reader in Reader::ALL {
        let provider = Provider::start("");
        let browser = Chromium::new(reader);
        browser.open(&provider.origin);
        browser.write("#user", &provider.user);
        browser.write("#password", "wrong");
        browser.click("form[action='/password'] button");
        assert!(browser.text("[role=alert]").contains("password"));
        browser.write("#password", &provider.password);
        browser.click("form[action='/password'] button");
        assert!(!browser.text("code").is_empty());
        browser.open(&provider.origin);
        assert!(browser.has("form[action='/enrollment']"));
    }
}
