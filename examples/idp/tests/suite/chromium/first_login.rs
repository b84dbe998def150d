use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

#[test]
fn wrong_password_and_first_app() {
    for reader in Reader::BOTH {
        let provider = Provider::start("");
        let browser = Chromium::new(reader);
        browser.open(&provider.origin);
        browser.submit("/password", &[("user", &provider.user), ("password", "wrong")]);
        assert!(browser.alert().contains("password"));
        browser.give_password(&provider);
        browser.submit("/first-app", &[("code", "00000x")]);
        assert!(browser.alert().ends_with('5'), "{}", browser.alert());
        browser.give_activation_code(&provider);
        assert!(!browser.text("code").is_empty());
        browser.open(&provider.origin);
        assert!(browser.has("form[action='/enrollment']"));
    }
}
