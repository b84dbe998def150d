use super::{MOBILE, after_password, codes, is_logged_in, messages, other_than, with_number};
use crate::support::browser::Browser;
use crate::support::provider::Provider;

const OTHER: &str = "+393331112222";

#[test]
fn number_is_changed() {
    let (provider, mut browser) = with_number();
    browser.open("/security/number");
    assert!(browser.page.contains(MOBILE));
    for (wrong, text) in [("12", "per esempio"), ("+44 7700 900123", "soltanto a numeri italiani")] {
        browser.submit("/security/number", &[("number", wrong)]);
        assert!(browser.is_refused() && browser.page.contains(text), "{}", browser.page);
    }
    browser.submit("/security/number", &[("number", MOBILE)]);
    assert!(browser.is_refused() && browser.page.contains("già attivo"), "{}", browser.page);
    // Two clicks send one code.
    let mut click = browser.clone();
    let form = browser.form("/security/number").unwrap();
    browser.post("/security/number", &form, &[("number", "333 111-2222")]);
    click.post("/security/number", &form, &[("number", "333 111-2222")]);
    let sent = codes(&provider, OTHER);
    assert_eq!(sent.len(), 1);
    // Until the confirmation, logins have the number before.
    assert!(after_password(&provider).page.contains("•••000"));
    browser.submit("/security/number/code", &[("code", &other_than(&sent, 0))]);
    assert!(browser.is_refused() && browser.page.contains("Restano 4 tentativi"), "{}", browser.page);
    // Another session does not take the code.
    let mut other = after_password(&provider);
    let form: Vec<_> = other.form("/sms").unwrap().into_iter().filter(|(name, _)| name == "form").collect();
    other.post("/security/number/code", &form, &[("code", &sent[0])]);
    assert!(!is_logged_in(&other));
    let form = browser.form("/security/number/code").unwrap();
    for _ in 0..2 {
        browser.post("/security/number/code", &form, &[("code", &sent[0])]);
        assert!(!browser.is_refused(), "{}", browser.page);
    }
    let messages = messages(&provider);
    let of =
        |address: &str, text: &str| messages.iter().filter(|(to, sent)| to == address && sent.contains(text)).count();
    assert_eq!(of(&provider.user, "Numero di cellulare confermato"), 2);
    assert_eq!(of(MOBILE, "è stato cambiato"), 1);
    assert_eq!(of(OTHER, "è stato cambiato"), 0);
    browser.open("/security/number");
    assert!(browser.page.contains(OTHER), "{}", browser.page);
    let login = after_password(&provider);
    assert!(login.page.contains("•••222") && !login.page.contains("•••000"), "{}", login.page);
}

#[test]
fn five_wrong_codes_end_the_enrollment() {
    let (provider, mut browser) = with_number();
    browser.open("/security/number");
    browser.submit("/security/number", &[("number", OTHER)]);
    let sent = codes(&provider, OTHER);
    for wrong in 0..5 {
        browser.submit("/security/number/code", &[("code", &other_than(&sent, wrong))]);
        assert!(browser.is_refused());
    }
    assert!(browser.page.contains("non è stato confermato"), "{}", browser.page);
    let form = browser.form("/security/number").unwrap();
    browser.post("/security/number/code", &form, &[("code", &sent[0])]);
    assert!(browser.page.contains(MOBILE));
    // They do not count for logins.
    assert!(after_password(&provider).page.contains("Tentativi rimanenti: 5"));
    // The person can give up, too.
    browser.submit("/security/number", &[("number", OTHER)]);
    assert_eq!(codes(&provider, OTHER).len(), 2);
    browser.submit("/security/number/cancel", &[]);
    browser.open("/security/number");
    assert!(browser.form("/security/number").is_some() && browser.page.contains(MOBILE));
}

#[test]
fn number_needs_a_second_factor() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    for mut browser in [browser, Browser::new(&provider)] {
        browser.open("/security/number");
        assert!(browser.form("/security/number").is_none());
        let form = browser.form("/code").or_else(|| browser.form("/password")).unwrap();
        browser.post("/security/number", &form, &[("number", OTHER)]);
        assert!(browser.form("/security/number/code").is_none(), "{}", browser.page);
    }
    assert!(codes(&provider, OTHER).is_empty());
}
