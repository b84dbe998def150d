//! The pages of the administration, and the activation code that a person gets from it.

use crate::gepi::people::{BEFORE, PAOLO, case, enter_by_pin};
use crate::security::sign_in;
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;
use crate::support::wait;

/// Signs the operator in, and opens the first page of the administration.
fn open_administration(browser: &Chromium, provider: &Provider, code: &str) {
    let (user, password) = &provider.operator;
    browser.open(&provider.origin);
    browser.submit("/password", &[("user", user), ("password", password)]);
    browser.give_code(code);
    browser.click("a[href='/admin']");
}

/// Does an action on the identity of a person.
fn act(browser: &Chromium, action: &str, reason: &str) {
    browser.write("#reason", reason);
    browser.click(&format!("#identity button[value='{action}']"));
}

/// Opens a page until it has this text, since the audit log is written beside the requests.
fn open_until(browser: &Chromium, address: &str, text: &str) {
    wait::until(|| {
        browser.open(address);
        browser.text("main").contains(text)
    });
}

#[test]
fn operator_helps_a_person() {
    for reader in Reader::of_test() {
        let mut provider = Provider::start(BEFORE);
        let mut enrolled = Browser::new(&provider);
        enrolled.enroll_as(&provider.operator.0, &provider.operator.1);
        sign_in(&provider);
        Browser::lock_account(&provider);
        let mut paolo = enter_by_pin(&provider, PAOLO);
        let id = case(&mut paolo, "Patto di Paolo Verdi");
        paolo.open(&format!("/gepi/case/{id}"));

        let browser = Chromium::new(reader);
        open_administration(&browser, &provider, &enrolled.next_code());
        open_until(&browser, &format!("{}/admin", provider.origin), "Maria Rossi");
        browser.picture("admin-1-start");
        browser.click("#locked a");
        assert!(browser.has("#lock"));
        browser.picture("admin-2-person");
        let person = browser.address().to_string();
        act(&browser, "unlock", " ");
        assert!(!browser.alert().is_empty());
        act(&browser, "unlock", "ticket 7");
        assert!(!browser.has("#lock"));
        let standing = browser.text("#standing");
        act(&browser, "suspend", "ticket 7");
        assert_ne!(browser.text("#standing"), standing);
        browser.picture("admin-3-suspended");
        act(&browser, "resume", "ticket 8");
        assert_eq!(browser.text("#standing"), standing);
        browser.write("#reason-1", "borsa rubata");
        browser.click("#device-1 button[value='suspend_device']");
        act(&browser, "issue_activation", "borsa rubata");
        let code = browser.text("#code");
        browser.picture("admin-4-activation");
        browser.click("main a.button");

        read_audit_log(&browser, &provider, reader);
        leave(&browser, &provider);
        activate(&browser, &provider, &code);
        leave(&browser, &provider);

        provider.restart("+60s");
        open_administration(&browser, &provider, &enrolled.app().next_code_at(60));
        browser.submit("/admin/find", &[("person", "rssmra80b69h501u")]);
        assert_eq!(browser.address().to_string(), person);
        act(&browser, "revoke", "ticket 9");
        assert!(![standing, String::new()].contains(&browser.text("#standing")) && !browser.has("main form"));
    }
}

fn leave(browser: &Chromium, provider: &Provider) {
    browser.open(&format!("{}/security", provider.origin));
    browser.click("form[action='/logout'] button");
}

/// Searches the audit log by person, area and period.
fn read_audit_log(browser: &Chromium, provider: &Provider, reader: Reader) {
    browser.click("a[href^='/admin/audit?person=']");
    let of_person = browser.address().to_string();
    open_until(browser, &of_person, "identity_suspend");
    assert!(browser.text("main").contains(reader.say("motivo: ticket 7", "reason: ticket 7")));
    open_until(browser, &format!("{}/admin/audit?area=Roma+1", provider.origin), "case_open");
    assert!(!browser.text("main").contains("identity_suspend"));
    browser.picture("admin-5-audit");
    browser.set("#area", "");
    browser.set("#from", "2099-01-01");
    browser.click("main form button");
    assert!(!browser.has("table"));
    browser.set("#until", "2098-01-01");
    browser.click("main form button");
    assert!(!browser.alert().is_empty());
}

/// Activates another app with the code of the help desk, as the person does, and logs in with it.
fn activate(browser: &Chromium, provider: &Provider, code: &str) {
    browser.give_password(provider);
    assert!(!browser.has("form[action='/code']"));
    browser.click("a[href='/security/activate']");
    // A code with a wrong check character is not taken for a recovery code.
    browser.submit("/security/activate", &[("code", "K7QF-M2XA-9PTR-4WZNC")]);
    assert!(["Il codice di attivazione", "The activation code"].iter().any(|text| browser.alert().starts_with(text)));
    browser.picture("security-9-activation");
    browser.submit("/security/activate", &[("code", code)]);
    let mut app = App::new(&browser.text("main code"));
    browser.confirm_app(&mut app, 0);
    browser.give_code(&app.next_code_at(0));
    assert!(browser.is_at_own());
}
