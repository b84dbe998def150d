//! Codes that are no login, and those of a dedicated device.

use crate::support::chromium::{Chromium, Reader};
use crate::support::login::enrolled_app;
use crate::support::provider::Provider;

fn assert_left(browser: &Chromium, reader: Reader, left: u8) {
    let text = browser.text("form[action='/code'] .hint");
    assert_eq!(text, format!("{} {left}", reader.say("Tentativi rimanenti:", "Attempts left:")));
}

#[test]
fn used_code_in_a_second_browser_and_five_wrong_codes() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let mut app = enrolled_app(&provider);
        let (mine, theirs) = (Chromium::new(reader), Chromium::new(reader));
        mine.open(&provider.origin);
        mine.give_password(&provider);
        mine.give_code(&app.next_code_at(0));
        assert!(mine.is_at_own());

        // Somebody who knows the password has seen the code.
        theirs.come_from_service(&provider, "2");
        theirs.give_password(&provider);
        assert_left(&theirs, reader, 5);
        theirs.give_code(&app.used_code());
        let valid_once = reader.say("Ogni codice vale una volta sola", "Each code is valid once");
        assert!(theirs.alert().contains(valid_once), "{}", theirs.alert());
        assert_left(&theirs, reader, 4);
        theirs.picture("code-used");
        mine.open(&provider.origin);
        assert!(mine.is_at_own());

        for left in (1..4).rev() {
            theirs.give_code(&format!("00000{left}"));
            assert_left(&theirs, reader, left);
        }
        theirs.give_code("000000");
        theirs.picture("tries-exhausted");
        theirs.click("main a.button");
        assert!(theirs.alert().contains("nr19"), "{}", theirs.alert());
        theirs.picture("tries-exhausted-service");

        // The person's own pages say when another code is taken, and which way is left.
        theirs.open(&provider.origin);
        theirs.give_password(&provider);
        let from = reader.say("Potrai riprovare a partire da", "You can try again from");
        assert!(theirs.alert().contains(from), "{}", theirs.alert());
        assert!(theirs.has("a[href='/choice']") && !theirs.has("form[action='/code']"));
        theirs.picture("code-locked");
    }
}

/// A token that shows codes of a counter, as an operator imports it for a person.
#[test]
fn dedicated_device() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        // The secret of RFC 4226 appendix D, whose next code is that of counter 1.
        let line = format!("HOTP/E/6\t{}\t-\t3132333435363738393031323334353637383930\t1\n", provider.user);
        std::fs::write(provider.file("tokens"), line).unwrap();
        provider.command(&["import", "tokens", "--operator", "anna"]).unwrap();
        let browser = Chromium::new(reader);
        browser.come_from_service(&provider, "2");
        browser.give_password(&provider);
        browser.give_code("287082");
        browser.consent();
        assert!(browser.is_at_service());
        browser.open(&format!("{}/security", provider.origin));
        browser.give_password(&provider);
        browser.give_code("359152");
        assert!(browser.is_at_own());
    }
}
