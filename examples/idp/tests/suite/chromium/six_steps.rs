//! The login at the sample service with an app, step by step.

use crate::support::chromium::{Chromium, Reader};
use crate::support::login::enrolled_app;
use crate::support::provider::Provider;

#[test]
fn login_with_an_app_code() {
    for reader in Reader::ALL {
        let provider = Provider::start("");
        let mut app = enrolled_app(&provider);
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/gepi", provider.origin));
        browser.picture("1-service");
        browser.come_from_service(&provider, "2");
        browser.picture("2-password");
        browser.give_password(&provider);
        browser.picture("4-code");
        browser.give_code(&mut app);
        browser.picture("6-consent");
        browser.consent();
        assert!(browser.is_at_service());
        browser.picture("7-back");
    }
}
