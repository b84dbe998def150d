use super::{MOBILE, after_password, choose_sms, codes, is_logged_in, messages, other_than, sms_number, with_number};
use crate::support::browser::{Browser, agent};
use crate::support::provider::Provider;

#[test]
fn choice_offers_what_the_person_has() {
    let (provider, _) = with_number();
    let mut browser = after_password(&provider);
    // Two ways: the person chooses. The number is masked.
    assert!(browser.page.contains("Come vuoi confermare") && browser.page.contains("•••000"), "{}", browser.page);
    assert!(!browser.page.contains(MOBILE) && browser.page.contains("value=\"recovery\""));
    browser.submit("/choice", &[("way", "code")]);
    assert!(browser.form("/code").is_some() && browser.page.contains("Codice dell'app"));
    assert!(browser.page.contains("href=\"/choice\""));
    // The way stays chosen, until another one is.
    browser.open("/");
    assert!(browser.form("/code").is_some());
    choose_sms(&mut browser);
    assert!(browser.page.contains("Abbiamo inviato") && browser.page.contains("•••000"), "{}", browser.page);
    // A way that the person has not is no way.
    browser.open("/choice");
    let form = browser.form("/choice").unwrap();
    browser.post("/choice", &form, &[("way", "another")]);
    assert!(browser.page.contains("Come vuoi confermare"));
    let form: Vec<_> = browser.form("/sms").unwrap().into_iter().filter(|(name, _)| name == "form").collect();
    browser.post("/sms", &form, &[("number", "1")]);
    assert!(browser.is_refused(), "{}", browser.page);
    assert_eq!(codes(&provider, MOBILE).len(), 2);
}

#[test]
fn sent_code_logs_in_once() {
    let (provider, _) = with_number();
    let mut browser = after_password(&provider);
    choose_sms(&mut browser);
    let sent = codes(&provider, MOBILE);
    assert_eq!(sent.len(), 2);
    let (_, text) = &messages(&provider)[0];
    assert!(text.contains("Il tuo codice per Secondo") && text.contains("Non comunicarlo a nessuno"), "{text}");
    // The code of the confirmation, and a wrong one.
    browser.submit("/code", &[("code", &sent[1])]);
    assert!(browser.is_refused() && browser.page.contains("Restano 4 tentativi"), "{}", browser.page);
    assert!(browser.page.contains("Usa il codice dell'ultimo messaggio"));
    let form = browser.form("/code").unwrap();
    // The wrong code twice is one attempt, as are a reload and the back button.
    for _ in 0..2 {
        browser.post("/code", &form, &[("code", &other_than(&sent, 1))]);
        assert!(browser.page.contains("Restano 3 tentativi"), "{}", browser.page);
    }
    browser.open("/");
    assert!(browser.page.contains("Tentativi rimanenti: 3"), "{}", browser.page);
    let mut click = browser.clone();
    browser.submit("/code", &[("code", &sent[0])]);
    assert!(is_logged_in(&browser), "{}", browser.page);
    // The second of two clicks, and the page of before.
    click.submit("/code", &[("code", &sent[0])]);
    assert!(is_logged_in(&click), "{}", click.page);
    browser.post("/code", &form, &[("code", &sent[0])]);
    assert!(is_logged_in(&browser));
    // The code is used up.
    let mut other = after_password(&provider);
    choose_sms(&mut other);
    other.submit("/code", &[("code", &sent[0])]);
    assert!(other.is_refused() && !is_logged_in(&other));
}

#[test]
fn code_is_of_one_browser() {
    let (provider, _) = with_number();
    let (mut mine, mut theirs) = (after_password(&provider), after_password(&provider));
    choose_sms(&mut mine);
    choose_sms(&mut theirs);
    let sent = codes(&provider, MOBILE);
    theirs.submit("/code", &[("code", &sent[1])]);
    assert!(theirs.is_refused() && theirs.page.contains("non è corretto"), "{}", theirs.page);
    // A browser that asked for none.
    let mut third = after_password(&provider);
    third.submit("/choice", &[("way", "code")]);
    third.submit("/code", &[("code", &sent[1])]);
    assert!(third.is_refused() && !is_logged_in(&third), "{}", third.page);
    mine.submit("/code", &[("code", &sent[1])]);
    assert!(is_logged_in(&mine), "{}", mine.page);
}

#[test]
fn code_expires_and_is_sent_again() {
    let (mut provider, _) = with_number();
    let mut browser = after_password(&provider);
    choose_sms(&mut browser);
    // Too early, and by a double click.
    let mut click = browser.clone();
    for tab in [&mut browser, &mut click] {
        tab.submit("/sms", &[]);
        assert!(tab.page.contains("Secondi prima di poter chiedere"), "{}", tab.page);
    }
    assert_eq!(codes(&provider, MOBILE).len(), 2);
    provider.restart("+31s");
    browser.submit("/sms", &[]);
    let sent = codes(&provider, MOBILE);
    assert_eq!(sent.len(), 3);
    browser.submit("/code", &[("code", &sent[1])]);
    assert!(browser.page.contains("Restano 4 tentativi"), "the code before is replaced: {}", browser.page);
    provider.restart("+340s");
    browser.submit("/code", &[("code", &sent[0])]);
    assert!(browser.is_refused() && browser.page.contains("Il tempo è scaduto"), "{}", browser.page);
    assert!(browser.page.contains("Tentativi rimanenti: 4"));
}

#[test]
fn codes_that_are_sent_are_limited() {
    let (provider, _) = with_number();
    // The confirmation was the first of five.
    for _ in 0..4 {
        choose_sms(&mut after_password(&provider));
    }
    let mut browser = after_password(&provider);
    choose_sms(&mut browser);
    assert!(browser.is_refused() && browser.page.contains("Potrai riprovare a partire da"), "{}", browser.page);
    assert_eq!(codes(&provider, MOBILE).len(), 5);
    // The other ways are still there.
    assert!(browser.form("/choice").is_some());
}

#[test]
fn only_a_form_of_the_session_sends() {
    let (provider, _) = with_number();
    let browser = after_password(&provider);
    let (number, form) = (sms_number(&browser), browser.form("/sms").unwrap());
    let without_token = [("form".to_owned(), "0".to_owned()), ("number".to_owned(), number)];
    browser.clone().post("/sms", &without_token, &[]);
    // Nobody without the password.
    let mut stranger = Browser::new(&provider);
    stranger.open("/");
    stranger.post("/sms", &form, &[]);
    stranger.open("/choice");
    assert!(stranger.form("/password").is_some());
    assert_eq!(codes(&provider, MOBILE).len(), 1);
}

#[test]
fn outbox_is_for_this_machine() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.open("/outbox");
    assert!(!browser.is_refused());
    // A name that leads to loopback, as a hostile site can have one.
    let request = agent().get(format!("{}/outbox", provider.origin)).header("Host", "another.example");
    assert_eq!(request.call().unwrap().status(), 404);
}
