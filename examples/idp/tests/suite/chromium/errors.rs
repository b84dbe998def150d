//! The pages about what goes wrong outside of the flows.

use store_testing::Redis;

use crate::gepi::people::{BEFORE, PAOLO, maria};
use crate::security::sign_in;
use crate::support::browser::Browser;
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, Service, request_object};

#[test]
fn requests_that_are_refused() {
    for reader in Reader::of_test() {
        let service = Service::new();
        let provider = Provider::start(&format!("{BEFORE}{}", service.registration()));
        let browser = Chromium::new(reader);
        let open = |path: &str| browser.open(&format!("{}{path}", provider.origin));
        // Another program has begun a login by the request.
        let url = service.url(&provider, &request_object(&provider, LEVEL_1));
        Browser::new(&provider).open(&url);
        browser.open(&url);
        assert_eq!(browser.text("h1"), reader.say("Richiesta già usata", "Request used already"));
        browser.picture("error-10-used");
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

/// Forms that no page has, answers that belong to no login, and a store that is away.
#[test]
fn forms_of_others_and_a_store_that_is_away() {
    for reader in Reader::of_test() {
        let server = Redis::start(&[]);
        let provider = Provider::start_on(&server.url());
        let browser = Chromium::new(reader);
        let open = |path: &str| browser.open(&format!("{}{path}", provider.origin));
        let form = format!("<form method=post action={}/password><button>x</button></form>", provider.origin);
        browser.open(&format!("data:text/html,{form}"));
        browser.click("button");
        assert_eq!(browser.text("h1"), reader.say("Modulo non accettato", "Form not accepted"));
        browser.picture("error-7-other-site");
        open("/");
        browser.run("document.querySelector('#password').removeAttribute('name')");
        browser.run("document.querySelector(\"form[action='/password']\").noValidate = true");
        browser.click("form[action='/password'] button");
        assert_eq!(browser.text("h1"), reader.say("Richiesta non valida", "Invalid request"));
        browser.picture("error-8-unreadable");
        open("/gepi/callback?code=x&state=y&iss=z");
        assert!(!browser.alert().is_empty() && browser.has("form[action='/gepi/login']"));
        browser.picture("gepi-18-unknown-answer");
        for digit in 0..6 {
            browser.submit("/gepi/pin", &[("fiscal_code", PAOLO), ("pin", &digit.to_string().repeat(16))]);
        }
        let alert = browser.alert();
        assert!(alert.contains(reader.say("riprova a partire da: ", "try again from: ")), "{alert}");
        browser.picture("gepi-19-pin-locked");
        drop(server);
        for path in ["/", "/gepi"] {
            open(path);
            assert_eq!(browser.text("h1"), reader.say("Servizio non disponibile", "Service not available"));
        }
        open("/");
        browser.picture("error-9-unavailable");
    }
}

#[test]
fn too_many_requests_and_a_suspended_person() {
    for reader in Reader::of_test() {
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
