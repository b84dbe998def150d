//! The first app with its recovery codes, and the login of a person who has lost the phone.

use crate::support::app::App;
use crate::support::chromium::{Chromium, Reader};
use crate::support::page::mails;
use crate::support::provider::Provider;

/// Reads the secret on the page into an app, and confirms it.
fn scan(browser: &Chromium) -> App {
    let mut app = App::new(&browser.text("main code"));
    browser.submit("/enrollment", &[("code", &app.next_code_at(0))]);
    app
}

#[test]
fn recovery_code_takes_the_place_of_a_lost_phone() {
    for reader in Reader::of_test() {
        let mut provider = Provider::start("");
        let browser = Chromium::new(reader);
        browser.open(&provider.origin);
        browser.give_password(&provider);
        browser.give_activation_code(&provider);
        let mut lost = scan(&browser);
        let recovery_code = browser.text(".codes code");
        browser.click("main a.button");
        assert!(browser.has("form[action='/code']"));

        browser.come_from_service(&provider, "2");
        browser.give_password(&provider);
        let choose = |way: &str| {
            browser.click("a[href='/choice']");
            browser.click(&format!("form[action='/choice'] button[value='{way}']"));
        };
        choose("recovery");
        browser.picture("lost-phone");
        browser.submit("/recovery-code", &[("code", &recovery_code)]);
        browser.picture("lost-phone-new-app");
        let mut next = scan(&browser);
        browser.consent();
        assert!(browser.is_at_service());
        let subject = reader.say("Accesso con un codice di recupero", "Sign-in with a recovery code");
        assert_eq!(mails(&provider, subject), 1);
        browser.click("form[action='/gepi/logout'] button");

        // The lost app and the used code are refused, and the next app is a login.
        provider.restart("+61s");
        browser.come_from_service(&provider, "2");
        browser.give_password(&provider);
        let refused = reader.say("Il codice non è corretto", "The code is not correct");
        browser.give_code(&lost.next_code_at(61));
        assert!(browser.alert().contains(refused), "{}", browser.alert());
        choose("recovery");
        browser.submit("/recovery-code", &[("code", &recovery_code)]);
        assert!(browser.alert().contains(refused), "{}", browser.alert());
        choose("code");
        browser.give_code(&next.next_code_at(61));
        browser.consent();
        assert!(browser.is_at_service());
    }
}
