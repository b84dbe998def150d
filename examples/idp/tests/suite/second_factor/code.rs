use super::{after_password, is_logged_in, with_number};
use crate::support::browser::Browser;
use crate::support::provider::Provider;

#[test]
fn only_way_is_shown_at_once() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    assert!(browser.form("/code").is_some(), "{}", browser.page);
    let mut second = browser.clone();
    let form = browser.form("/code").unwrap();
    let code = browser.next_code();
    browser.post("/code", &form, &[("code", &code)]);
    assert!(is_logged_in(&browser), "{}", browser.page);
    // A double click, and the back button.
    second.post("/code", &form, &[("code", &code)]);
    assert!(is_logged_in(&second), "{}", second.page);
    // The same code in another browser.
    let mut other = after_password(&provider);
    other.submit("/code", &[("code", &code)]);
    assert!(other.is_refused() && other.page.contains("Il codice non è corretto"), "{}", other.page);
    assert!(other.page.contains("Ogni codice vale una volta sola"));
}

#[test]
fn five_wrong_codes_lock() {
    let (provider, _) = with_number();
    let mut browser = after_password(&provider);
    browser.submit("/choice", &[("way", "code")]);
    browser.submit("/code", &[("code", "12345")]);
    assert!(browser.page.contains("Inserisci un codice di 6 cifre") && browser.page.contains("rimanenti: 5"));
    for wrong in 0..5 {
        browser.submit("/code", &[("code", &format!("00000{wrong}"))]);
    }
    assert!(browser.page.contains("Potrai riprovare a partire da"), "{}", browser.page);
    assert!(browser.form("/code").is_none() && browser.page.contains("href=\"/choice\""));
    // No other way of codes helps, and no code is sent.
    super::choose_sms(&mut browser);
    assert!(browser.is_refused() && browser.form("/sms").is_none(), "{}", browser.page);
    assert_eq!(super::codes(&provider, super::MOBILE).len(), 1);
}

#[test]
fn five_wrong_first_codes_begin_again() {
    let provider = Provider::start("");
    let mut browser = after_password(&provider);
    browser.give_activation_code();
    let key = |browser: &Browser| browser.page.split_once("<code>").unwrap().1.split('<').next().unwrap().to_owned();
    let first = key(&browser);
    for wrong in 0..5 {
        assert_eq!(key(&browser), first);
        browser.submit("/enrollment", &[("code", &format!("00000{wrong}"))]);
    }
    assert!(key(&browser) != first && browser.page.contains("ricominciata"), "{}", browser.page);
    browser.confirm_app();
    assert!(browser.form("/code").is_some());
}
