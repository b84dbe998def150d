//! The recovery of credentials, which leaves the second factor as it was.

use crate::credentials::{NEW, NUMBER};
use crate::support::chromium::{Chromium, Reader};
use crate::support::login::enrolled_app;
use crate::support::outbox::{code, message, messages, wrong};
use crate::support::provider::Provider;

#[test]
fn new_password_by_mail_and_sms() {
    for reader in Reader::of_test() {
        let mut provider = Provider::start("");
        let mut app = enrolled_app(&provider);
        let sent = messages(&provider, &provider.user).len();
        let browser = Chromium::new(reader);
        browser.open(&provider.origin);
        browser.click("a[href='/recover']");
        browser.picture("recovery-1-user");
        browser.submit("/recover", &[("user", "RSSMRA80B69H501U")]);
        let by_mail = code(&message(&provider, &provider.user, sent + 1));
        browser.submit("/recover/code", &[("code", &wrong(&by_mail, 1))]);
        assert!(browser.alert().contains('4'));
        browser.picture("recovery-2-mail");
        browser.submit("/recover/code", &[("code", &by_mail)]);
        assert!(browser.text("main").contains("*** 000"));
        browser.picture("recovery-3-sms");
        browser.submit("/recover/code", &[("code", &code(&message(&provider, NUMBER, 2)))]);
        browser.submit("/recover/password", &[("password", "Maria-1984")]);
        assert!(browser.has("#password-error"));
        browser.picture("recovery-4-password");
        browser.submit("/recover/password", &[("password", NEW)]);
        browser.picture("recovery-5-done");
        browser.click("main a.button");
        browser.give_password(&provider);
        assert!(browser.has("form[action='/password']"));
        provider.password = NEW.to_owned();
        browser.give_password(&provider);
        assert!(!browser.has(".qr"));
        browser.give_code(&app.next_code_at(0));
        assert!(browser.is_at_own());
    }
}
