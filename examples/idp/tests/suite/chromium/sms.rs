//! Codes by text message, and the number that they go to.

use crate::second_factor::{MOBILE, codes, messages, other_than, with_number};
use crate::support::chromium::{Chromium, Reader};
use crate::support::login::enrolled_app;
use crate::support::outbox;
use crate::support::provider::Provider;

const OTHER: &str = "+393331112222";

#[test]
fn code_by_text_message() {
    for reader in Reader::of_test() {
        let (provider, _) = with_number();
        let browser = Chromium::new(reader);
        browser.come_from_service(&provider, "2");
        browser.give_password(&provider);
        assert!(browser.text("form[action='/sms'] button").ends_with("•••000"));
        browser.click("form[action='/sms'] button");
        assert!(browser.text("#hint").contains("•••000"));
        browser.picture("3-sms");
        browser.open(&format!("{}/outbox", provider.origin));
        let message = browser.text(".message .text");
        browser.picture("outbox");
        browser.open(&provider.origin);
        browser.give_code(&message.split_once(": ").unwrap().1[..6]);
        browser.consent();
        assert!(browser.is_at_service());
    }
}

#[test]
fn new_number() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let mut app = enrolled_app(&provider);
        let browser = Chromium::new(reader);
        browser.open(&provider.origin);
        browser.give_password(&provider);
        browser.give_code(&app.next_code_at(0));
        let number = format!("{}/security/number", provider.origin);
        for mobile in [MOBILE, OTHER] {
            browser.open(&number);
            browser.submit("/security/number", &[("number", mobile)]);
            let sent = codes(&provider, mobile);
            browser.submit("/security/number/code", &[("code", &other_than(&sent, 0))]);
            assert!(browser.alert().contains(reader.say("Restano 4 tentativi", "4 attempts remain")));
            browser.picture("number-code");
            browser.submit("/security/number/code", &[("code", &sent[0])]);
            browser.open(&number);
            assert!(browser.text("#hint").contains(mobile));
        }
        browser.picture("number");
        // The number before was told, and the person by mail.
        let changed = reader.say("è stato cambiato", "was changed");
        assert!(outbox::messages(&provider, MOBILE)[0].contains(changed));
        let confirmed = reader.say("Numero di cellulare confermato", "Mobile number confirmed");
        assert_eq!(messages(&provider).iter().filter(|(_, text)| text.contains(confirmed)).count(), 2);
        browser.open(&provider.origin);
        browser.click("form[action='/logout'] button");
        browser.give_password(&provider);
        assert!(browser.text("form[action='/sms'] button").ends_with("•••222"));
    }
}
