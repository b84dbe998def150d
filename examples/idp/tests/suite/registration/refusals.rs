//! Fields with problems, guessed codes, and attempts to learn who is registered.

use crate::registration::applicant::{Applicant, PASSWORD, fiscal_code};
use crate::support::browser::Browser;
use crate::support::outbox::{code, message, messages, wrong};
use crate::support::provider::Provider;

#[test]
fn personal_data() {
    let provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.browser.open("/register");
    let good = Applicant::new(&provider, "VRDLGU");
    let other = fiscal_code("VRDLGU90E17H501");
    let woman = fiscal_code("VRDLGU90E57F205");
    let earlier = fiscal_code("VRDLGU80E17F205");
    let changed = format!("{}A", &good.fiscal_code[..15]);
    let long = "a".repeat(61);
    for (field, value, text) in [
        ("name", "", "Scrivi il nome"),
        ("name", "R2D2", "Scrivi il nome"),
        ("name", &long, "Scrivi il nome"),
        ("family_name", "<b>", "Scrivi il cognome"),
        ("gender", "X", "Scegli il sesso"),
        ("date_of_birth", "1990-02-30", "Scrivi la data di nascita"),
        ("date_of_birth", "1890-02-20", "Scrivi la data di nascita"),
        ("date_of_birth", "2090-02-20", "Scrivi la data di nascita"),
        ("date_of_birth", "17/05/1990", "Scrivi la data di nascita"),
        ("date_of_birth", "2020-05-17", "solo dai 18 anni"),
        ("county_of_birth", "MIL", "la sigla della provincia"),
        ("place_of_birth", "Milano", "il codice del luogo"),
        ("place_of_birth", "à205", "il codice del luogo"),
        ("fiscal_code", "VRDLGU90E17", "ha 16 lettere e cifre"),
        ("fiscal_code", &changed, "L&#39;ultimo carattere"),
        ("fiscal_code", &earlier, "altra data di nascita"),
        ("fiscal_code", &woman, "altro sesso"),
        ("fiscal_code", &other, "altro luogo di nascita"),
    ] {
        let mut data = good.personal();
        for pair in &mut data {
            if pair.0 == field {
                pair.1 = value;
            }
        }
        person.browser.submit("/register/personal", &data);
        let page = person.browser.page.replace('\'', "&#39;");
        assert!(person.browser.is_refused(), "{field} {value}");
        assert!(page.contains(text), "{field} {value}: {page}");
        // The list of problems leads to the field, which names its problem, and all that was typed is still there.
        assert!(page.contains(&format!("<a href=\"#{field}\">")) && page.contains(&format!("id=\"{field}-error\"")));
        assert!(page.contains("aria-invalid=\"true\"") && page.contains("value=\"Luigi\"") == (field != "name"));
    }
    person.browser.submit("/register/personal", &[]);
    assert_eq!(person.browser.page.matches("<li><a href=\"#").count(), 7, "{}", person.browser.page);
    // Omocodia, small letters and spaces.
    let code = fiscal_code("VRDLGU90E17F20R").to_lowercase();
    let mut data = good.personal();
    (data[0].1, data[6].1) = ("  Luigi   Maria ", &code);
    person.browser.submit("/register/personal", &data);
    person.is_at("/register/email");
}

#[test]
fn email_password_mobile_and_terms() {
    let provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.give_personal();
    for (email, password, text) in [
        ("nobody", PASSWORD, "Scrivi un indirizzo e-mail"),
        ("a b@example.org", PASSWORD, "Scrivi un indirizzo e-mail"),
        ("a@example.org\nBcc: b@example.org", PASSWORD, "Scrivi un indirizzo e-mail"),
        ("a@example", PASSWORD, "Scrivi un indirizzo e-mail"),
        ("a@example.org", "Aa1-567", "da 8 a 64 caratteri"),
        ("a@example.org", "lowercase-1", "manca"),
        ("a@example.org", "UPPERCASE-1", "manca"),
        ("a@example.org", "No-Digits", "manca"),
        ("a@example.org", "NoSpecial1", "manca"),
        ("a@example.org", "Forza-VERDI-1", "non deve contenere"),
        ("fulano@example.org", "Di-Fulano-1", "non deve contenere"),
    ] {
        person.browser.submit("/register/email", &[("email", email), ("password", password)]);
        assert!(person.browser.is_refused(), "{email} {password}");
        assert!(person.browser.page.contains(text) && !person.browser.page.contains(&format!("\"{password}\"")));
    }
    let long = format!("Aa1-{}", "x".repeat(61));
    person.browser.submit("/register/email", &[("email", "a@example.org"), ("password", &long)]);
    assert!(person.browser.is_refused());
    assert!(messages(&provider, "a@example.org").is_empty());
    person.give_email(&provider);
    for mobile in ["", "02 1234567", "333", "+39 02 1234567", "333 12345x7", "+1234567890123456"] {
        person.browser.submit("/register/mobile", &[("mobile", mobile)]);
        assert!(person.browser.is_refused(), "{mobile}");
    }
    // Anybody can register, so that messages to other countries would be at the expense of the provider.
    for mobile in ["+44 7700 900123", "0044 7700 900123"] {
        person.browser.submit("/register/mobile", &[("mobile", mobile)]);
        let page = &person.browser.page;
        assert!(person.browser.is_refused() && page.contains("soltanto a numeri italiani"), "{page}");
    }
    assert!(messages(&provider, "+447700900123").is_empty());
    person.give_mobile(&provider);
    person.give_documents();
    person.browser.submit("/register/terms", &[("marketing", "yes")]);
    assert!(person.browser.is_refused() && person.browser.page.contains("devi accettare"));
    // A form of another session, and steps that are not due.
    let mut other = Applicant::new(&provider, "BNCMRA");
    other.browser.open("/register");
    let form = person.browser.form("/register/terms").unwrap();
    for path in ["personal", "email", "mobile", "terms", "summary", "code/email", "again/mobile"] {
        other.browser.post(&format!("/register/{path}"), &form, &[("terms", "yes"), ("code", "123456")]);
        assert!(other.browser.page.contains("Passo 1 di 6"), "{path}");
    }
    let form = other.browser.form("/register/personal").unwrap();
    for path in ["email", "mobile", "terms", "summary", "code/email", "again/mobile"] {
        other.browser.post(&format!("/register/{path}"), &form, &[("email", "a@example.org"), ("password", PASSWORD)]);
        assert!(other.browser.page.contains("Passo 1 di 6"), "{path}");
    }
}

#[test]
fn guessed_codes() {
    let mut provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.give_personal();
    person.browser.submit("/register/email", &[("email", &person.email), ("password", PASSWORD)]);
    let right = code(&message(&provider, &person.email, 1));
    let mut left = 5;
    for by in [1, 1, 2, 3, 4] {
        if by != 1 || left == 5 {
            left -= 1;
        }
        person.browser.submit("/register/code/email", &[("code", &wrong(&right, by))]);
        let text = format!("Tentativi rimanenti: {left}");
        assert!(person.browser.is_refused() && person.browser.page.contains(&text), "{}", person.browser.page);
    }
    // It is no attempt.
    person.browser.submit("/register/code/email", &[("code", "12345")]);
    assert!(person.browser.page.contains("Tentativi rimanenti: 1"));
    for digits in [wrong(&right, 5), right] {
        person.browser.submit("/register/code/email", &[("code", &digits)]);
        assert!(person.browser.page.contains("non è più valido"), "{}", person.browser.page);
    }
    // No other code is sent within a minute.
    provider.restart("+10s");
    person.browser.submit("/register/again/email", &[]);
    assert!(person.browser.page.contains("meno di un minuto fa"), "{}", person.browser.page);
    assert_eq!(messages(&provider, &person.email).len(), 1);
    // The code to one address does not confirm another one.
    let mut other = Applicant::new(&provider, "BNCMRA");
    other.give_personal();
    other.browser.submit("/register/email", &[("email", &other.email), ("password", PASSWORD)]);
    let code = code(&message(&provider, &other.email, 1));
    other.browser.open("/register?step=email");
    other.browser.submit("/register/email", &[("email", "another@example.org"), ("password", PASSWORD)]);
    other.browser.submit("/register/code/email", &[("code", &code)]);
    assert!(other.browser.is_refused() && other.browser.page.contains("Tentativi"), "{}", other.browser.page);
}

#[test]
fn codes_expire_and_are_limited() {
    let mut provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.give_personal();
    person.browser.submit("/register/email", &[("email", &person.email), ("password", PASSWORD)]);
    let first = code(&message(&provider, &person.email, 1));
    provider.restart("+601s");
    person.browser.submit("/register/code/email", &[("code", &first)]);
    assert!(person.browser.page.contains("non è più valido"));
    person.browser.submit("/register/again/email", &[]);
    person.browser.submit("/register/code/email", &[("code", &code(&message(&provider, &person.email, 2)))]);
    person.is_at("/register/mobile");
    // A number gets ten codes in an hour, whoever asks for them.
    for count in 1..=12 {
        let mut other = Applicant::new(&provider, "BNCMRA");
        other.give_personal();
        other.browser.submit("/register/email", &[("email", "many@example.org"), ("password", PASSWORD)]);
        assert_eq!(other.browser.is_refused(), count > 10, "{count}");
    }
    // The draft is forgotten an hour after its last step.
    provider.restart("+4300s");
    person.browser.open("/register");
    assert!(person.browser.page.contains("Passo 1 di 6") && !person.browser.page.contains("Luigi"));
}

#[test]
fn known_addresses_are_not_told() {
    let provider = Provider::start("");
    let mut pages = Vec::new();
    let (known, unknown) = (provider.user.clone(), "maria.bianchi@example.org".to_owned());
    for email in [&known, &unknown] {
        let mut person = Applicant::new(&provider, "VRDLGU");
        person.give_personal();
        let mut seen = Vec::new();
        let mut see = |browser: &Browser| {
            let token = browser.form("/register/code/email").unwrap()[0].1.clone();
            seen.push((browser.status, browser.page.replace(&token, "").replace(email, "")));
        };
        person.browser.submit("/register/email", &[("email", email), ("password", PASSWORD)]);
        see(&person.browser);
        let sent = message(&provider, email, 1);
        assert_eq!(sent.contains("già un'identità"), *email == known, "{sent}");
        for digits in ["111111", "222222", "333333", "444444", "555555", "666666"] {
            person.browser.submit("/register/code/email", &[("code", digits)]);
            see(&person.browser);
        }
        pages.push(seen);
    }
    assert_eq!(pages[0], pages[1]);
    // A fiscal code that has an identity is taken like every other one.
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.browser.open("/register");
    let mut data = person.personal().into_iter().map(|(name, _)| (name, "")).collect::<Vec<_>>();
    let maria = ["Maria", "Rossi", "F", "1980-02-29", "RM", "H501", "RSSMRA80B69H501U"];
    for (pair, value) in data.iter_mut().zip(maria) {
        pair.1 = value;
    }
    let data: Vec<(String, String)> = data.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    let data: Vec<(&str, &str)> = data.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    person.browser.submit("/register/personal", &data);
    person.is_at("/register/email");
}
