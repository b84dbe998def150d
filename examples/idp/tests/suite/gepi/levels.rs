//! The day from which Level 2 is compulsory, and the exceptions.

use super::people::{AMIR, BEFORE, GIULIA, PAOLO, RITA, case, enter, enter_by_pin, maria, titles};
use crate::support::provider::Provider;

#[test]
fn after_the_day_a_weak_login_is_refused() {
    let provider = Provider::start("");
    for person in [maria(&provider), provider.operator.clone()] {
        let mut browser = enter(&provider, &person);
        assert!(browser.is_refused());
        assert!(browser.page.contains("Serve il Livello 2"), "{}", browser.page);
        let says_what_to_do = browser.form("/gepi/login").is_some() && browser.page.contains("href=\"/\"");
        assert!(says_what_to_do, "{}", browser.page);
        browser.open("/gepi/cases");
        assert!(browser.form("/gepi/pin").is_some(), "{}", browser.page);
    }
}

#[test]
fn before_the_day_a_weak_login_is_enough() {
    let provider = Provider::start(BEFORE);
    let mut browser = enter(&provider, &maria(&provider));
    assert_eq!(titles(&mut browser), ["Patto di Amir Haddad", "Patto di Paolo Verdi"]);
    let mut browser = enter(&provider, &provider.operator);
    assert_eq!(titles(&mut browser), ["Patto di Giulia Neri", "Patto di Paolo Verdi"]);
    let mut browser = enter_by_pin(&provider, PAOLO);
    assert_eq!(titles(&mut browser), ["Patto di Paolo Verdi"]);
    // A PIN that is over is not.
    let browser = enter_by_pin(&provider, RITA);
    assert!(browser.is_refused() && browser.page.contains("30/09/2021"), "{}", browser.page);

    // The day of volunteers is one of its own.
    let provider = Provider::start("[gepi]\nlevel2_from = \"2999-01-01\"");
    assert_eq!(enter(&provider, &maria(&provider)).status, 200);
    let browser = enter(&provider, &provider.operator);
    assert!(browser.is_refused() && browser.page.contains("01/03/2017"), "{}", browser.page);
}

#[test]
fn pins_stay_valid_by_exception_and_open_the_own_file_only() {
    let provider = Provider::start("");
    let browser = enter_by_pin(&provider, RITA);
    assert!(browser.is_refused() && browser.page.contains("30/09/2021"), "{}", browser.page);
    let holders = [(PAOLO, "Paolo Verdi"), (GIULIA, "Giulia Neri"), (AMIR, "Amir Haddad")];
    let mut ids = Vec::new();
    for (holder, name) in holders {
        let mut browser = enter_by_pin(&provider, holder);
        let title = format!("Patto di {name}");
        assert_eq!(titles(&mut browser), std::slice::from_ref(&title));
        ids.push(case(&mut browser, &title));
        for (id, expected) in ids.iter().rev().zip([200, 403, 403]) {
            browser.open(&format!("/gepi/case/{id}"));
            assert_eq!(browser.status, expected, "{}", browser.page);
        }
        // A case that does not exist is refused in the same words.
        if ids.len() > 1 {
            let refused = browser.page.clone();
            browser.open("/gepi/case/000000000000");
            assert_eq!(browser.page, refused);
        }
    }
}
