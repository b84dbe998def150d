//! The pages about what goes wrong outside of the flows.

use crate::gepi::people::{BEFORE, PAOLO, maria};
use crate::security::sign_in;
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

#[test]
fn requests_that_are_refused() {
    for reader in Reader::BOTH {
        let provider = Provider::start(BEFORE);
        let browser = Chromium::new(reader);
        let open = |path: &str| browser.open(&format!("{}{path}", provider.origin));
        open("/authorize?client_id=nobody");
        assert!(browser.text("main").contains("unknown client_id") && browser.has("main a"));
        browser.picture("error-1-service");
        for (path, picture) in [("/nothing", "error-2-not-found"), ("/gepi/nothing", "error-3-not-found-service")] {
            open(path);
            assert_eq!(browser.text("h1"), reader.say("Pagina non trovata", "Page not found"));
            assert!(browser.has("main a"));
            browser.picture(picture);
        }
        open("/");
        let user = "x".repeat(20_000);
        browser.run(&format!("document.querySelector('#user').value = '{user}'"));
        browser.submit("/password", &[("password", "x")]);
        assert_eq!(browser.text("h1"), reader.say("Testo troppo lungo", "Text too long"));
        browser.picture("error-4-too-long");

        open("/admin");
        assert!(browser.has("form[action='/password'] [name='next']"));
        browser.picture("admin-0-sign-in");
        let session = sign_in(&provider);
        browser.run(&format!("document.cookie = '{}'", session.cookie().replace("; ", "'; document.cookie = '")));
        open("/admin");
        assert!(!browser.has("main form[action^='/admin']") && browser.has("main a"));
        browser.picture("error-5-not-operator");

        // The administrator of the area makes mistakes, and finds the way back.
        let (user, password) = maria(&provider);
        browser.forget();
        browser.come_from_service(&provider, "1");
        browser.submit("/password", &[("user", &user), ("password", &password)]);
        browser.consent();
        browser.click("main a[href^='/gepi/case/']");
        browser.write("#text", " ");
        browser.click("form[action$='/submit'] button");
        assert!(!browser.alert().is_empty());
        browser.picture("gepi-14-mistake");
        browser.click("main a[href^='/gepi/case/']");
        open("/gepi/cases");
        browser.click("a[href^='/gepi/staff']");
        browser.write("#operator", PAOLO);
        browser.set("#from", "2999-01-01");
        browser.set("#until", "2020-01-01");
        browser.click("form[action='/gepi/staff/accredit'] button");
        assert!(!browser.alert().is_empty());
        browser.picture("gepi-15-mistake-of-area");
        browser.click("main a[href^='/gepi/staff']");
    }
}

#[test]
fn too_many_requests_and_a_suspended_person() {
    for reader in Reader::BOTH {
        let provider = Provider::start("[limits]\npassword = 2\n");
        let browser = Chromium::new(reader);
        provider.command(&["admin", "suspend", &provider.user, "--operator", "anna", "--reason", "lost"]).unwrap();
        browser.come_from_service(&provider, "2");
        browser.give_password(&provider);
        browser.picture("suspended");
        browser.click("main a.button");
        assert!(browser.alert().contains("nr23"), "{}", browser.alert());
        browser.picture("suspended-service");
        browser.open(&provider.origin);
        browser.give_password(&provider);
        assert!(browser.has("form[action='/password']") && !browser.alert().is_empty());
        browser.give_password(&provider);
        assert_eq!(browser.text("h1"), reader.say("Troppe richieste", "Too many requests"));
        browser.picture("error-6-too-many");
    }
}
