//! A registration from its first page to the login.

use crate::registration::applicant::{Applicant, PASSWORD, PDF, PNG, open_first, operator};
use crate::support::browser::Browser;
use crate::support::outbox::{code, message, messages};
use crate::support::provider::Provider;

#[test]
fn with_documents() {
    let provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.browser.open("/");
    assert!(person.browser.page.contains("<a href=\"/register\">Registrati</a>"));
    person.browser.open("/register");
    assert!(person.browser.page.contains("Passo 1 di 6"), "{}", person.browser.page);
    person.give_personal();
    let form = person.browser.form("/register/email").unwrap();
    let fields = [("email", person.email.as_str()), ("password", PASSWORD)];
    person.browser.submit("/register/email", &fields);
    assert!(person.browser.page.contains("Passo 2 di 6"));
    // The second of two clicks sends no other mail.
    person.browser.post("/register/email", &form, &fields);
    let digits = code(&message(&provider, &person.email, 1));
    let form = person.browser.form("/register/code/email").unwrap();
    person.browser.submit("/register/code/email", &[("code", &digits)]);
    person.is_at("/register/mobile");
    person.browser.post("/register/code/email", &form, &[("code", &digits)]);
    person.is_at("/register/mobile");
    // A page that is loaded again, and the way back.
    person.browser.open("/register?step=personal");
    assert!(person.browser.page.contains("value=\"1990-05-17\""));
    person.browser.open("/register?step=documents");
    person.is_at("/register/mobile");
    person.give_mobile(&provider);
    person.give_documents();
    // Marketing is refused, which stops nothing.
    person.browser.submit("/register/terms", &[("terms", "yes"), ("marketing", "no")]);
    for text in ["Passo 6 di 6", "1990-05-17", "F205 (MI)", &person.fiscal_code, &person.email, &person.mobile] {
        assert!(person.browser.page.contains(text), "{}", person.browser.page);
    }
    let form = person.browser.form("/register/summary").unwrap();
    for _ in 0..2 {
        person.browser.post("/register/summary", &form, &[]);
        assert!(person.browser.page.contains("<h1>Richiesta inviata</h1>"), "{}", person.browser.page);
        assert!(person.browser.page.contains("<a href=\"/\">"), "no way onward: {}", person.browser.page);
    }
    assert_eq!(messages(&provider, &person.email).len(), 2);
    // There is no identity yet.
    let mut login = Browser::new(&provider);
    let credentials = [("user", person.email.as_str()), ("password", PASSWORD)];
    login.open("/");
    login.submit("/password", &credentials);
    assert!(login.is_refused());

    let mut operator = operator(&provider);
    let path = open_first(&mut operator);
    assert!(operator.page.contains(&person.fiscal_code) && operator.page.contains("Luigi"));
    for (kind, media, bytes) in [("identity_document", "application/pdf", PDF), ("health_card", "image/png", PNG)] {
        operator.open(&path);
        assert_eq!(operator.download(&format!("{path}/documents/{kind}")), bytes);
        assert_eq!(operator.headers["content-type"], media);
        assert!(operator.headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename="));
        assert_eq!(operator.headers["content-security-policy"], "default-src 'none'; sandbox");
        assert_eq!(operator.headers["x-content-type-options"], "nosniff");
    }
    operator.open(&path);
    let form = operator.form(&format!("{path}/accept")).unwrap();
    for _ in 0..2 {
        operator.post(&format!("{path}/accept"), &form, &[]);
        assert!(operator.page.contains("Nessuna richiesta"), "{}", operator.page);
    }
    assert!(message(&provider, &person.email, 3).contains("attiva"));
    // The documents are gone.
    operator.open(&format!("{path}/documents/health_card"));
    assert_eq!(operator.status, 404);

    for user in [&person.email, &person.fiscal_code] {
        let mut login = Browser::new(&provider);
        login.open("/");
        login.submit("/password", &[("user", user), ("password", PASSWORD)]);
        assert!(login.form("/first-app").is_some(), "{}", login.page);
    }
    let mut login = Browser::new(&provider);
    login.enroll_as(&person.email, PASSWORD);
    login.give_code();
    assert!(login.form("/logout").is_some(), "{}", login.page);
}

#[test]
fn in_english() {
    let provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.browser.open("/register");
    person.browser.submit("/language/en", &[]);
    person.browser.open("/register");
    assert!(person.browser.page.contains("Step 1 of 6") && person.browser.page.contains("<h1>Your data</h1>"));
    person.browser.submit("/register/personal", &[]);
    assert!(person.browser.page.contains("Choose the sex."), "{}", person.browser.page);
}
