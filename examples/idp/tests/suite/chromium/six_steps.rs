//! Logins at the sample service with an app's code, and the ways in which a person ends one.

use serde_json::json;

use crate::gepi::people::BEFORE;
use crate::support::chromium::{Chromium, Reader};
use crate::support::login::enrolled_app;
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, LEVEL_3, Service, request_object};

/// The lines with the eleven attributes. The place and the province of birth stand in one line.
const ATTRIBUTES: [&str; 2] = [
    "Codice identificativo SPID\nCodice fiscale\nNome\nCognome\nSesso\nData di nascita\nLuogo e provincia di nascita\n\
     Numero di cellulare\nIndirizzo e-mail\nDomicilio digitale",
    "SPID identifier\nFiscal code\nFirst name\nFamily name\nSex\nDate of birth\nPlace and province of birth\n\
     Mobile number\nE-mail address\nDigital address",
];

#[test]
fn code_consent_refusal_cancel_and_time_out() {
    for reader in Reader::of_test() {
        let mut provider = Provider::start("");
        let mut app = enrolled_app(&provider);
        let browser = Chromium::new(reader);
        browser.come_from_service(&provider, "2");
        assert!(browser.text("main").contains(reader.say("Tentativi rimanenti: 5", "Attempts left: 5")));
        browser.give_password(&provider);
        // The only way is shown at once.
        browser.picture("3-code");
        browser.give_code(&app.next_code_at(0));
        assert_eq!(browser.text("main ul"), reader.say(ATTRIBUTES[0], ATTRIBUTES[1]));
        browser.consent();
        assert!(browser.is_at_service() && browser.text(".who").contains("Maria Rossi"));

        // The provider asks for both factors again at the next request.
        browser.click("form[action='/gepi/logout'] button");
        provider.restart("+61s");
        browser.come_from_service(&provider, "2");
        browser.give_password(&provider);
        browser.give_code(&app.next_code_at(61));
        browser.click("form[action='/consent'] button[value='no']");
        assert!(browser.alert().contains("nr22"), "{}", browser.alert());
        browser.picture("consent-refused");

        browser.come_from_service(&provider, "2");
        browser.click("form[action='/cancel'] button");
        assert!(browser.alert().contains("nr25"), "{}", browser.alert());

        browser.come_from_service(&provider, "2");
        browser.give_password(&provider);
        provider.restart("+662s");
        browser.open(&provider.origin);
        browser.picture("login-timed-out");
        browser.click("main a.button");
        assert!(browser.alert().contains("nr21"), "{}", browser.alert());
    }
}

#[test]
fn other_levels_no_attributes_and_a_revoked_person() {
    for reader in Reader::of_test() {
        let service = Service::new();
        let provider = Provider::start(&format!("{BEFORE}{}", service.registration()));
        let browser = Chromium::new(reader);
        browser.open(&service.url(&provider, &request_object(&provider, LEVEL_3)));
        browser.give_password(&provider);
        assert!(browser.alert().contains(reader.say("livello di sicurezza", "level of security")));
        browser.picture("level-3");

        // One password serves two logins of Level 1.
        browser.come_from_service(&provider, "1");
        browser.give_password(&provider);
        browser.consent();
        assert!(browser.is_at_service());
        browser.click("form[action='/gepi/logout'] button");
        browser.come_from_service(&provider, "1");
        browser.consent();
        assert!(browser.is_at_service());
        browser.click("form[action='/gepi/logout'] button");

        let mut request = request_object(&provider, LEVEL_1);
        request["claims"] = json!({ "userinfo": {} });
        browser.open(&service.url(&provider, &request));
        let nothing = reader.say("nessun dato personale", "No personal data");
        assert!(browser.text("main").contains(nothing) && browser.count("main ul") == 0, "{}", browser.text("main"));
        browser.picture("6-consent-without-attributes");

        provider.command(&["admin", "revoke", &provider.user, "--operator", "anna", "--reason", "asked"]).unwrap();
        browser.forget();
        browser.come_from_service(&provider, "1");
        browser.give_password(&provider);
        browser.click("main a.button");
        assert!(browser.alert().contains("nr23"), "{}", browser.alert());
    }
}
