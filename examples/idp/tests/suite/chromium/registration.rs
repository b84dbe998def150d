//! The ways to an identity: with documents, by hand-over, and back out of an application.

use std::fs;

use crate::registration::applicant::{Applicant, PASSWORD, PDF, PNG, fiscal_code};
use crate::registration::handover::{self, credential, device};
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::chromium::{Chromium, Reader};
use crate::support::outbox::{code, message, messages, wrong};
use crate::support::provider::Provider;

/// Gives a wrong code, and then the right one.
fn confirm(browser: &Chromium, action: &str, right: &str) {
    browser.submit(action, &[("code", &wrong(right, 1))]);
    assert!(browser.alert().contains('4'));
    browser.submit(action, &[("code", right)]);
}

/// Writes the data of birth.
fn give_birth(browser: &Chromium, date: &str) {
    browser.set("#gender", "M");
    browser.set("#date_of_birth", date);
    browser.write("#county_of_birth", "MI");
    browser.write("#place_of_birth", "F205");
}

/// Gives the address with a password, and the code that comes by mail.
fn give_email(browser: &Chromium, provider: &Provider, email: &str) {
    browser.submit("/register/email", &[("email", email), ("password", PASSWORD)]);
    confirm(browser, "/register/code/email", &code(&message(provider, email, 1)));
}

/// Accepts the terms, and keeps the answer about marketing, which is no.
fn accept_terms(browser: &Chromium) {
    browser.press("#terms");
    assert!(browser.has("#marketing-no:checked"));
    browser.click("form[action='/register/terms'] button");
}

#[test]
fn six_steps_and_the_first_login() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let browser = Chromium::new(reader);
        let person = Applicant::new(&provider, "VRDLGU");
        browser.open(&provider.origin);
        browser.click("a[href='/register']");
        browser.picture("registration-1-personal");
        let changed = format!("{}A", &person.fiscal_code[..15]);
        let fields = [("name", "Luigi"), ("family_name", "Verdi"), ("fiscal_code", &changed)];
        give_birth(&browser, "2015-05-17");
        browser.submit("/register/personal", &fields);
        assert!(browser.text("#date_of_birth-error").contains("18"));
        browser.picture("registration-1-minor");
        give_birth(&browser, "1990-05-17");
        browser.submit("/register/personal", &fields);
        assert!(browser.has("[role=alert] a[href='#fiscal_code']") && browser.has("#fiscal_code-error"));
        browser.picture("registration-1-refused");
        browser.submit("/register/personal", &[("fiscal_code", &person.fiscal_code)]);

        browser.submit("/register/email", &[("email", &person.email), ("password", "Luigi-Verdi-1")]);
        assert!(browser.has("#password-error"));
        browser.picture("registration-2-email");
        give_email(&browser, &provider, &person.email);

        browser.submit("/register/mobile", &[("mobile", "02 1234567")]);
        assert!(browser.has("#mobile-error"));
        browser.picture("registration-3-mobile");
        browser.submit("/register/mobile", &[("mobile", &person.mobile)]);
        browser.picture("registration-3-code");
        confirm(&browser, "/register/code/mobile", &code(&message(&provider, &person.mobile, 1)));

        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (text, card) = (file("note.txt", b"a text"), file("card.png", PNG));
        browser.submit("/register/documents", &[("identity_document", &text), ("health_card", &card)]);
        assert!(browser.has("#identity_document-error") && !browser.has("#health_card-error"));
        browser.picture("registration-4-documents");
        let document = file("document.pdf", PDF);
        browser.submit("/register/documents", &[("identity_document", &document), ("health_card", &card)]);

        // The browser itself asks for the terms, and the provider as well.
        browser.run("document.querySelector(\"form[action='/register/terms']\").noValidate = true");
        browser.click("form[action='/register/terms'] button");
        assert!(browser.has("#terms-error"));
        browser.picture("registration-5-terms");
        accept_terms(&browser);
        browser.picture("registration-6-summary");
        browser.click("form[action='/register/summary'] button");
        assert!(!browser.has("main form"));
        browser.picture("registration-7-sent");
        let procedure = message(&provider, &person.email, 2);
        browser.open(&format!("{}/outbox", provider.origin));
        assert!(procedure.contains("/register/withdraw/") && browser.text("main").contains("/register/withdraw/"));
        browser.picture("registration-8-mail");

        open_request(&browser, &provider);
        browser.click("form[action$='/accept'] button");
        assert!(!browser.has("a[href^='/admin/requests/']"));
        browser.open(&format!("{}/security", provider.origin));
        browser.click("form[action='/logout'] button");
        assert!(message(&provider, &person.email, 3).contains(if reader == Reader::Italian {
            "attiva"
        } else {
            "active"
        }));
        log_in_first(&browser, &provider, &person.email);
    }
}

/// Opens the application as an operator does.
fn open_request(browser: &Chromium, provider: &Provider) {
    let (user, password) = &provider.operator;
    let mut enrolled = Browser::new(provider);
    enrolled.enroll_as(user, password);
    browser.open(&provider.origin);
    browser.submit("/password", &[("user", user), ("password", password)]);
    browser.give_code(&enrolled.app().next_code_at(0));
    browser.click("a[href='/admin']");
    browser.click("a[href='/admin/requests']");
    browser.picture("requests-1-list");
    browser.click("a[href^='/admin/requests/']");
    browser.picture("requests-2-request");
}

/// Activates an app by the QR code at the first login, and logs in with it.
fn log_in_first(browser: &Chromium, provider: &Provider, email: &str) {
    browser.submit("/password", &[("user", email), ("password", PASSWORD)]);
    browser.picture("registration-9-number");
    browser.give_activation_code(provider);
    browser.picture("registration-10-app");
    let link = browser.read_qr();
    let secret = link.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(secret, browser.text("main code"));
    let mut app = App::new(secret);
    browser.confirm_app(&mut app, 0);
    assert_eq!(browser.count(".codes code"), 10);
    browser.picture("registration-11-recovery-codes");
    browser.show_as("print");
    let seen = |selector: &str| {
        let heights =
            format!("return [...document.querySelectorAll('{selector}')].filter(e => e.offsetHeight > 0).length");
        browser.run(&heights)
    };
    assert_eq!((seen(".codes code"), seen("header, footer, main a.button")), (10.into(), 0.into()));
    browser.picture("registration-12-printed-codes");
    browser.show_as("");
    // They are shown once.
    browser.open(&format!("{}/security/codes/new", provider.origin));
    assert!(!browser.has(".codes code"));
    browser.give_code(&app.next_code_at(0));
    assert!(browser.is_at_own());
}

#[test]
fn identity_is_handed_over() {
    for reader in Reader::of_test() {
        let holder = fiscal_code("VRDLGU90E17F205");
        let provider = Provider::start(&credential(&holder, "12345678", "2099-12-31"));
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/register", provider.origin));
        browser.click("a[href='/register/handover']");
        browser.press("#consent");
        browser.submit("/register/handover", &[("fiscal_code", &holder), ("pin", "87654321")]);
        assert!(!browser.alert().is_empty());
        browser.picture("handover-1-credential");
        if !browser.has("#consent:checked") {
            browser.press("#consent");
        }
        browser.submit("/register/handover", &[("fiscal_code", &holder), ("pin", "12345678")]);
        assert!(browser.text("main").contains("*** 223") && !browser.text("main").contains("Luigi"));
        browser.picture("handover-2-code");
        confirm(&browser, "/register/code/mobile", &code(&message(&provider, handover::NUMBER, 1)));

        assert!(browser.text("main").contains("Luigi Verdi") && !browser.has("input#fiscal_code"));
        give_birth(&browser, "1990-05-18");
        browser.click("form[action='/register/personal'] button");
        assert!(!browser.alert().is_empty());
        browser.picture("handover-3-personal");
        browser.set("#date_of_birth", "1990-05-17");
        browser.click("form[action='/register/personal'] button");
        give_email(&browser, &provider, "luigi@example.org");
        browser.press("#terms");
        browser.press("#marketing-yes");
        browser.click("form[action='/register/terms'] button");
        browser.picture("handover-4-summary");
        browser.click("form[action='/register/summary'] button");
        browser.picture("handover-5-active");
        browser.click("main a.button");
        browser.submit("/password", &[("user", &holder), ("password", PASSWORD)]);
        browser.give_activation_code(&provider);
        assert!(browser.has(".qr"));
    }
}

#[test]
fn identity_is_handed_over_with_a_regional_one_time_password() {
    for reader in Reader::of_test() {
        let holder = fiscal_code("VRDLGU90E17F205");
        let (line, one_time) = device();
        let provider = Provider::start(&(credential(&holder, "12345678", "2099-12-31") + &line));
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/register/handover", provider.origin));
        for otp in ["", &one_time] {
            if !browser.has("#consent:checked") {
                browser.press("#consent");
            }
            browser.submit("/register/handover", &[("fiscal_code", &holder), ("pin", "12345678"), ("otp", otp)]);
            assert_eq!(browser.has("form[action='/register/handover']"), otp.is_empty());
        }
        confirm(&browser, "/register/code/mobile", &code(&message(&provider, handover::NUMBER, 1)));
        assert!(browser.text("main").contains("Luigi Verdi"));
    }
}

#[test]
fn application_is_withdrawn() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let browser = Chromium::new(reader);
        let mut person = Applicant::new(&provider, "VRDLGU");
        let (procedure, path) = person.apply(&provider);
        browser.open(&format!("{}{path}", provider.origin));
        browser.submit(&path, &[("procedure", "AAAA-AAAA")]);
        assert!(!browser.alert().is_empty());
        browser.picture("withdrawal-1-code");
        browser.submit(&path, &[("procedure", &procedure)]);
        assert!(!browser.has("main form"));
        browser.picture("withdrawal-2-done");
        assert_eq!(messages(&provider, &person.email).len(), 3);
    }
}

#[test]
fn application_is_rejected() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let browser = Chromium::new(reader);
        let mut person = Applicant::new(&provider, "VRDLGU");
        let (procedure, path) = person.apply(&provider);
        open_request(&browser, &provider);
        browser.write("[name='reason']", "Il documento non si legge.");
        browser.click("form[action$='/reject'] button");
        assert!(!browser.has("a[href^='/admin/requests/']"));
        assert!(message(&provider, &person.email, 3).contains("Il documento non si legge."));
        // Nothing is left to withdraw.
        browser.open(&format!("{}{path}", provider.origin));
        browser.submit(&path, &[("procedure", &procedure)]);
        assert!(!browser.alert().is_empty());
        browser.picture("registration-13-nothing-left");
        browser.forget();
        browser.open(&provider.origin);
        browser.submit("/password", &[("user", &person.email), ("password", PASSWORD)]);
        assert!(browser.has("form[action='/password']") && !browser.alert().is_empty());
    }
}

/// An application that nobody completes is forgotten after 30 days.
#[test]
fn application_expires() {
    for reader in Reader::of_test() {
        let mut provider = Provider::start("");
        let browser = Chromium::new(reader);
        let mut person = Applicant::new(&provider, "VRDLGU");
        let (procedure, path) = person.apply(&provider);
        provider.restart("+31d");
        browser.open(&format!("{}{path}", provider.origin));
        browser.submit(&path, &[("procedure", &procedure)]);
        assert!(!browser.alert().is_empty());
        browser.open(&provider.origin);
        browser.submit("/password", &[("user", &person.email), ("password", PASSWORD)]);
        assert!(browser.has("form[action='/password']") && !browser.alert().is_empty());
    }
}
