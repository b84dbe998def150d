//! The rules of the sample service about cases, as its pages show them.

use crate::gepi::people::{
    self, AMIR, ANNA, AREA, BEFORE, GIULIA, MARIA, PAOLO, case, enter, enter_by_pin, maria, pin, titles,
};
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
    for reader in Reader::of_test() {
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
        enter_with_pin(&browser, &provider, PAOLO);
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

/// A citizen is an operator of each profile in turn, and keeps the sight of the own file.
#[test]
fn each_profile_has_its_own_actions() {
    const OF_RITA: &str = "Verifica della residenza di Rita Gallo";
    const OF_AMIR: &str = "Verifica del nucleo familiare di Amir Haddad";
    for reader in Reader::of_test() {
        let provider = Provider::start(BEFORE);
        let mut admin = enter(&provider, &maria(&provider));
        let browser = Chromium::new(reader);
        enter_with_pin(&browser, &provider, PAOLO);
        // The registry and the household have no other operator to whom a case could be assigned.
        for (profile, title, actions) in [
            ("PactCoordinator", "Patto di Rita Gallo", vec!["assign", "delegate"]),
            ("CaseManager", "Patto di Paolo Verdi", vec!["submit"]),
            ("RegistryCoordinator", OF_RITA, vec![]),
            ("RegistryOfficer", OF_RITA, vec!["submit"]),
            ("HouseholdCoordinator", OF_AMIR, vec![]),
            ("HouseholdOfficer", OF_AMIR, vec!["submit"]),
            ("ProjectOfficer", "Cura del parco di via Esempio", vec!["submit"]),
        ] {
            people::accredit(&mut admin, PAOLO, profile);
            browser.open(&format!("{}/gepi/cases", provider.origin));
            browser.click(&format!("a[href='{}']", link(&browser, title)));
            let has = |action: &&str| browser.has(&format!("form[action$='/{action}']"));
            assert_eq!(
                ["submit", "assign", "delegate"].into_iter().filter(has).collect::<Vec<_>>(),
                actions,
                "{profile}"
            );
            people::end(&mut admin, PAOLO);
        }
        // A coordinator assigns a case to its manager, who then sees it.
        people::accredit(&mut admin, PAOLO, "PactCoordinator");
        browser.open(&format!("{}/gepi/cases", provider.origin));
        browser.click(&format!("a[href='{}']", link(&browser, "Patto di Giulia Neri")));
        browser.set("form[action$='/assign'] [name='operator']", MARIA);
        browser.click("form[action$='/assign'] button");
        assert!(!browser.has("[role=alert]"));
        assert!(titles(&mut admin).contains(&"Patto di Giulia Neri".to_owned()));
        // Nobody accredits themselves, and a delegation begins on its first day.
        log_in(&browser, &provider, (&provider.user, &provider.password));
        let giulia = link(&browser, "Patto di Giulia Neri");
        browser.click(&format!("a[href='{giulia}']"));
        browser.write("#volunteer", PAOLO);
        browser.set("#from", "2998-01-01");
        browser.set("#until", "2999-01-01");
        browser.click("form[action$='/delegate'] button");
        browser.click("a[href='/gepi/cases']");
        browser.click("a[href^='/gepi/staff']");
        browser.write("#operator", MARIA);
        browser.set("#profile", "PactCoordinator");
        give_period(&browser);
        browser.click("form[action='/gepi/staff/accredit'] button");
        assert!(!browser.alert().is_empty());
        browser.picture("gepi-16-own-accreditation");
        people::end(&mut admin, PAOLO);
        enter_with_pin(&browser, &provider, PAOLO);
        browser.open(&format!("{}{giulia}", provider.origin));
        assert!(browser.alert().contains("01/01/2998"), "{}", browser.alert());
        browser.picture("gepi-17-delegation-to-come");
    }
}

/// Enters with the PIN of a citizen, in a browser that was at the service with nobody before.
fn enter_with_pin(browser: &Chromium, provider: &Provider, holder: &str) {
    browser.forget();
    browser.open(&format!("{}/gepi", provider.origin));
    browser.submit("/gepi/pin", &[("fiscal_code", holder), ("pin", &pin(provider, holder))]);
    assert!(browser.is_at_service());
}

/// Returns the address of the case with this title on the page of cases.
fn link(browser: &Chromium, title: &str) -> String {
    let of_title = format!(
        "return [...document.querySelectorAll('main a')].find(link => link.textContent === '{title}')?.getAttribute('href')"
    );
    browser.run(&of_title).as_str().unwrap_or_else(|| panic!("{title}: {}", browser.text("main"))).to_owned()
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
