//! The recovery of credentials.

use std::thread;

use crate::support::browser::Browser;
use crate::support::outbox::{code, message, messages, wrong};
use crate::support::provider::Provider;

pub(crate) const NUMBER: &str = "+393330000000";
pub(crate) const NEW: &str = "Nuova-1984";

/// Gives the user name and the code by mail.
fn begin(browser: &mut Browser, provider: &Provider, user: &str) {
    let count = messages(provider, &provider.user).len();
    browser.open("/recover?again");
    browser.submit("/recover", &[("user", user)]);
    let code = code(&message(provider, &provider.user, count + 1));
    browser.submit("/recover/code", &[("code", &code)]);
}

#[test]
fn new_password_and_the_second_factor_as_it_was() {
    let mut provider = Provider::start("");
    let mut app = Browser::new(&provider);
    app.enroll(&provider);
    app.give_code();
    assert!(app.form("/logout").is_some());
    let mut half = Browser::new(&provider);
    half.open("/");
    half.give_password(&provider);
    // Somebody has locked the name.
    let mut login = Browser::new(&provider);
    login.open("/");
    for _ in 0..5 {
        login.submit("/password", &[("user", &provider.user), ("password", "wrong")]);
    }
    let sent = messages(&provider, &provider.user).len();

    let mut browser = Browser::new(&provider);
    browser.open("/");
    assert!(browser.page.contains("<a href=\"/recover\">Recupero credenziali</a>"));
    browser.open("/recover");
    let form = browser.form("/recover").unwrap();
    for _ in 0..2 {
        browser.post("/recover", &form, &[("user", " rssmra80b69h501u ")]);
        assert!(browser.page.contains("<h1>Codice per e-mail</h1>"));
    }
    let mail = message(&provider, &provider.user, sent + 1);
    // A user name that was forgotten is in the mail.
    assert!(mail.contains(&format!("nome utente è {}.", provider.user)), "{mail}");
    let form = browser.form("/recover/code").unwrap();
    for _ in 0..2 {
        browser.post("/recover/code", &form, &[("code", &code(&mail))]);
        assert!(browser.page.contains("*** 000") && !browser.page.contains(NUMBER), "{}", browser.page);
    }
    let by_sms = code(&message(&provider, NUMBER, 2));
    browser.submit("/recover/code", &[("code", &wrong(&by_sms, 1))]);
    assert!(browser.is_refused() && browser.page.contains("Tentativi rimanenti: 4"));
    browser.submit("/recover/code", &[("code", &by_sms)]);
    for (password, text) in [("short", "da 8 a 64"), ("Maria-1984", "non deve contenere")] {
        browser.submit("/recover/password", &[("password", password)]);
        assert!(browser.is_refused() && browser.page.contains(text), "{}", browser.page);
    }
    // Everything is as it was until here.
    app.open("/");
    assert!(app.form("/logout").is_some());
    let form = browser.form("/recover/password").unwrap();
    let tabs = [browser.twin(), browser.twin()];
    thread::scope(|scope| {
        for mut tab in tabs {
            let form = &form;
            scope.spawn(move || tab.post("/recover/password", form, &[("password", NEW)]));
        }
    });
    // Another password is not that of the second click, and changes nothing.
    browser.twin().post("/recover/password", &form, &[("password", "Altra-1984")]);
    browser.post("/recover/password", &form, &[("password", NEW)]);
    assert!(browser.page.contains("<h1>Password cambiata</h1>"), "{}", browser.page);
    assert!(message(&provider, &provider.user, sent + 2).contains("recuperata"));

    for ended in [&mut app, &mut half] {
        ended.open("/");
        assert!(ended.form("/password").is_some(), "{}", ended.page);
    }
    let old = provider.password.clone();
    login.submit("/password", &[("user", &provider.user), ("password", &old)]);
    assert!(login.is_refused());
    provider.password = NEW.to_owned();
    login.give_password(&provider);
    assert!(login.form("/code").is_some() && login.form("/enrollment").is_none(), "{}", login.page);
    app.lend(&mut login);
    login.give_code();
    assert!(login.form("/logout").is_some(), "{}", login.page);
}

#[test]
fn unknown_names_have_the_same_answers() {
    let provider = Provider::start("");
    let mut seen = Vec::new();
    for user in [&provider.user, "nobody@example.org", "RSSMRA80B69H501U", "BNCMRA90E17F205X"] {
        let mut browser = Browser::new(&provider);
        let mut pages = Vec::new();
        browser.open("/recover");
        browser.submit("/recover", &[("user", user)]);
        for digits in ["", "111111", "111111", "222222", "333333", "444444", "555555", "666666"] {
            if !digits.is_empty() {
                browser.submit("/recover/code", &[("code", digits)]);
            }
            let token = browser.form("/recover/code").unwrap()[0].1.clone();
            pages.push((browser.status, browser.page.replace(&token, "")));
        }
        seen.push(pages);
    }
    assert!(seen.iter().all(|pages| *pages == seen[0]));
    assert!(seen[0][7].1.contains("non è più valido"));
    assert!(messages(&provider, "nobody@example.org").is_empty());
}

#[test]
fn codes_are_limited_and_steps_cannot_be_left_out() {
    let mut provider = Provider::start("trusted_proxy = \"127.0.0.1\"");
    let mut browser = Browser::new(&provider);
    browser.open("/recover");
    let form = browser.form("/recover").unwrap();
    for (path, field) in [("code", "code"), ("password", "password"), ("again", "again")] {
        browser.post(&format!("/recover/{path}"), &form, &[(field, NEW)]);
        assert!(browser.form("/recover").is_some());
    }
    // The code of one browser is of no use in another one.
    browser.submit("/recover", &[("user", &provider.user)]);
    let digits = code(&message(&provider, &provider.user, 1));
    let mut other = Browser::new(&provider);
    other.open("/recover");
    other.submit("/recover", &[("user", "nobody@example.org")]);
    other.submit("/recover/code", &[("code", &digits)]);
    assert!(other.is_refused());
    let form = browser.form("/recover/code").unwrap();
    browser.post("/recover/password", &form, &[("password", NEW)]);
    assert!(browser.form("/recover/code").is_some());
    browser.post("/recover/code", &[], &[("code", &digits), ("form", "0")]);
    assert!(browser.page.contains("<h1>Codice per e-mail</h1>"));
    // Five mails an hour for a person, by both names, from one address.
    for user in [&provider.user, "RSSMRA80B69H501U", &provider.user, "RSSMRA80B69H501U"] {
        let count = messages(&provider, &provider.user).len();
        let mut other = Browser::new(&provider);
        other.open("/recover");
        other.submit("/recover", &[("user", user)]);
        message(&provider, &provider.user, count + 1);
    }
    let mut sixth = Browser::new(&provider);
    sixth.open("/recover");
    sixth.submit("/recover", &[("user", &provider.user)]);
    assert!(!sixth.is_refused() && sixth.page.contains("<h1>Codice per e-mail</h1>"));
    browser.submit("/recover/code", &[("code", &digits)]);
    assert!(browser.page.contains("<h1>Codice via SMS</h1>"));
    assert_eq!(messages(&provider, &provider.user).len(), 5);
    let digits = code(&message(&provider, NUMBER, 1));
    // They do not keep the person at another address from the recovery.
    let mut elsewhere = Browser::new(&provider);
    elsewhere.from = Some("192.0.2.1");
    begin(&mut elsewhere, &provider, &provider.user);
    assert!(elsewhere.page.contains("<h1>Codice via SMS</h1>"), "{}", elsewhere.page);
    // The code by SMS expires.
    message(&provider, NUMBER, 2);
    provider.restart("+601s");
    browser.open("/recover");
    assert!(browser.form("/recover").is_some(), "{}", browser.page);
    browser.open("/");
    provider.restart("+7200s");
    begin(&mut browser, &provider, "RSSMRA80B69H501U");
    browser.submit("/recover/code", &[("code", &digits)]);
    assert!(browser.is_refused());
    // The second of two clicks, and the link for another code, send nothing within a minute.
    message(&provider, NUMBER, 3);
    provider.restart("+7210s");
    browser.submit("/recover/again", &[]);
    assert!(browser.page.contains("meno di un minuto fa"), "{}", browser.page);
    assert_eq!(messages(&provider, NUMBER).len(), 3);
}
