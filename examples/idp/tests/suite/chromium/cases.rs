//! The rules of the sample service about cases, as its pages show them.

use crate::gepi::people::{self, AMIR, ANNA, AREA, BEFORE, GIULIA, PAOLO, case, enter, enter_by_pin, maria, pin};
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

/// Enters with a login of Level 1, in a browser that was at the provider with nobody before.
fn log_in(browser: &Chromium, provider: &Provider, (user, password): (&str, &str)) {
    browser.forget();
    browser.come_from_service(provider, "1");
    browser.submit("/password", &[("user", user), ("password", password)]);
    browser.consent();
    assert!(browser.is_at_service());
}

/// Writes the days of a period.
fn give_period(browser: &Chromium) {
    browser.set("#from", "2020-01-01");
    browser.set("#until", "2999-01-01");
}

fn open_case(browser: &Chromium, provider: &Provider, id: &str) {
    browser.open(&format!("{}/gepi/case/{id}", provider.origin));
}

#[test]
fn each_profile_sees_its_own_cases() {
    for reader in Reader::BOTH {
        let provider = Provider::start(BEFORE);
        let mut anna = enter(&provider, &provider.operator);
        let paolo = case(&mut anna, "Patto di Paolo Verdi");
        let giulia = case(&mut anna, "Patto di Giulia Neri");
        let amir = case(&mut enter_by_pin(&provider, AMIR), "Patto di Amir Haddad");
        people::accredit(&mut enter(&provider, &maria(&provider)), GIULIA, "PactCoordinator");
        let rita = case(&mut enter_by_pin(&provider, GIULIA), "Patto di Rita Gallo");

        let browser = Chromium::new(reader);
        log_in(&browser, &provider, (&provider.user, &provider.password));
        browser.picture("gepi-5-cases");
        let cases = browser.text("main");
        assert!(cases.contains("Paolo Verdi") && cases.contains("Amir Haddad") && !cases.contains("Giulia Neri"));
        open_case(&browser, &provider, &giulia);
        assert!(!browser.alert().is_empty());
        browser.picture("gepi-6-refused");
        browser.click("a[href='/gepi/cases']");
        delegate(&browser, &provider, &amir);
        accredit(&browser);

        log_in(&browser, &provider, (&provider.operator.0, &provider.operator.1));
        assert!(!browser.text("main").contains("Rita Gallo"));
        browser.click(&format!("a[href='/gepi/case/{paolo}']"));
        assert!(!browser.has("#text"));
        browser.picture("gepi-9-volunteer");
        submit_as_volunteer(&browser, &paolo);
        open_case(&browser, &provider, &paolo);
        browser.click("a[href$='/print']");
        assert!(browser.text("main").contains(PAOLO) && !browser.text("main").contains("Domanda"));
        browser.picture("gepi-11-print");
        open_case(&browser, &provider, &rita);
        assert!(browser.alert().contains("30/09/2021"));
        browser.picture("gepi-12-delegation-over");
        browser.click("a[href='/gepi/cases']");
        assert!(browser.text("main").contains("Amir Haddad"), "the delegation that was entered");

        // A citizen sees their own file.
        browser.forget();
        browser.open(&format!("{}/gepi", provider.origin));
        browser.submit("/gepi/pin", &[("fiscal_code", PAOLO), ("pin", &pin(&provider, PAOLO))]);
        assert_eq!(browser.count("main a[href^='/gepi/case/']"), 1);

        log_in(&browser, &provider, (&provider.user, &provider.password));
        browser.click("a[href^='/gepi/traces']");
        // The newest is first: the print by the volunteer came before the refusal of Rita's case.
        let rows = browser.text("tbody");
        let places = [&rita, &paolo].map(|id| rows.find(id.as_str()));
        assert!(places.is_sorted() && places[0].is_some() && rows.contains(ANNA), "{rows}");
        browser.picture("gepi-13-traces");
    }
}

/// Submits a case manager's note, and enters a delegation.
fn delegate(browser: &Chromium, provider: &Provider, amir: &str) {
    open_case(browser, provider, amir);
    browser.write("#text", "Primo colloquio");
    browser.click("form[action$='/submit'] button");
    browser.picture("gepi-7-case");
    browser.write("#volunteer", ANNA);
    give_period(browser);
    browser.click("form[action$='/delegate'] button");
    assert!(!browser.has("[role=alert]"));
    browser.click("a[href='/gepi/cases']");
}

/// Accredits an operator, and ends the accreditation.
fn accredit(browser: &Chromium) {
    browser.click("a[href^='/gepi/staff']");
    browser.write("#operator", PAOLO);
    browser.set("#profile", "CaseManager");
    give_period(browser);
    browser.click("form[action='/gepi/staff/accredit'] button");
    assert!(browser.text("main").contains(PAOLO) && browser.address().query() == Some(&format!("area={AREA}")));
    browser.picture("gepi-8-staff");
    browser.click(&format!("form[action='/gepi/staff/end']:has([value='{PAOLO}']) button"));
    assert!(!browser.text("main").contains(PAOLO));
    browser.click("a[href='/gepi/cases']");
}

/// Sends a form that the page of a volunteer does not have.
fn submit_as_volunteer(browser: &Chromium, id: &str) {
    browser.run(&format!(
        "const form = document.querySelector(\"form[action='/gepi/logout']\"); form.action = '/gepi/case/{id}/submit'; \
         const text = document.createElement('input'); text.type = 'hidden'; text.name = 'text'; text.value = 'Domanda'; \
         form.append(text);"
    ));
    browser.click("form.who button");
    assert!(browser.alert().contains("patronato"));
    browser.picture("gepi-10-never-submits");
}
