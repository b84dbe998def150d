//! The way in by a provider, its outcomes, and answers that are not taken.

use super::people::{BEFORE, MARIA, PAOLO, RITA, case, enter_by_pin, give_pin, log_in, maria, pin};
use crate::support::browser::Browser;
use crate::support::provider::Provider;

/// Logs in with an app, and returns the browser before the answer to the service.
fn held(provider: &Provider) -> Browser {
    let mut browser = Browser::new(provider);
    browser.enroll(provider);
    browser.hold = Some("/gepi/callback");
    answer(&mut browser, provider);
    browser
}

fn answer(browser: &mut Browser, provider: &Provider) {
    log_in(browser, &maria(provider), "2");
    browser.give_code();
    browser.consent();
}

fn is_in(browser: &Browser) -> bool {
    browser.page.contains("action=\"/gepi/logout\"")
}

#[test]
fn login_of_level_2_and_its_end() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    browser.open("/gepi");
    assert!(browser.page.contains("GePI") && browser.page.contains("servizio di esempio"), "{}", browser.page);
    assert!(browser.page.contains("Gestore Alfa"), "{}", browser.page);
    assert!(!browser.page.contains("value=\"1\""), "Level 1 is offered: {}", browser.page);
    answer(&mut browser, &provider);
    assert!(is_in(&browser) && browser.page.contains("Maria Rossi"), "{}", browser.page);
    case(&mut browser, "Patto di Paolo Verdi");
    // The cookie of the service and that of the provider are two. The own pages still wait for a code.
    browser.open("/security");
    assert!(browser.form("/code").is_some());
    browser.open("/gepi");
    let old = browser.clone();
    browser.submit("/gepi/logout", &[]);
    for mut left in [browser, old] {
        left.open("/gepi/cases");
        assert!(!is_in(&left) && left.form("/gepi/login").is_some(), "{}", left.page);
    }
}

#[test]
fn answer_is_taken_once_and_from_the_browser_that_asked() {
    let provider = Provider::start("");
    let mut browser = held(&provider);
    let url = browser.left.clone().unwrap();
    let refused = |browser: &mut Browser, url: &str| {
        browser.open(url);
        assert!(!is_in(browser) && browser.form("/gepi/login").is_some(), "{}", browser.page);
    };
    // Somebody else's browser, with a login of its own under way or not.
    let mut other = Browser::new(&provider);
    refused(&mut other, url.as_str());
    assert_eq!(other.status, 400);
    other.open("/gepi");
    other.hold = Some("/");
    other.submit("/gepi/login", &[("level", "2")]);
    refused(&mut other, url.as_str());
    // Another state.
    let state = browser.answer("state").unwrap();
    refused(&mut browser.clone(), &url.as_str().replace(&state, &"0".repeat(64)));

    let mut twin = browser.clone();
    browser.open(url.as_str());
    assert!(is_in(&browser), "{}", browser.page);
    // The second of two clicks, and the back button.
    twin.open(url.as_str());
    assert!(is_in(&twin), "{}", twin.page);
    browser.open(url.as_str());
    assert!(is_in(&browser) && browser.status == 200, "{}", browser.page);
    // A session has another cookie than the browser had before.
    let mut thief = Browser::new(&provider);
    thief.open(url.as_str());
    assert!(!is_in(&thief));
}

#[test]
fn answer_of_another_issuer_or_with_another_code_is_not_taken() {
    let provider = Provider::start(BEFORE);
    let mut browser = Browser::new(&provider);
    browser.hold = Some("/gepi/callback");
    let answer = |browser: &mut Browser| {
        browser.open("/gepi");
        browser.submit("/gepi/login", &[("level", "1")]);
        // The provider keeps a session of Level 1 after the first login.
        if browser.form("/password").is_some() {
            browser.give_password(&provider);
        }
        browser.consent();
        (browser.left.clone().unwrap().to_string(), browser.answer("code").unwrap())
    };
    let (url, _) = answer(&mut browser);
    let issuer = url.split("iss=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    browser.open(&url.replace(&issuer, "https%3A%2F%2Fattacker.example"));
    assert_eq!((browser.status, is_in(&browser)), (400, false));
    // The state is used up.
    browser.open(&url);
    assert!(!is_in(&browser));

    // A code of another login, which the nonce and the code verifier do not fit.
    let (_, first) = answer(&mut browser);
    let (url, second) = answer(&mut browser);
    browser.open(&url.replace(&second, &first));
    assert_eq!((browser.status, is_in(&browser)), (400, false));
}

#[test]
fn outcomes_say_what_to_do_next() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    // Five wrong passwords lock one of her user names.
    for wrong in ["a", "b", "c", "d", "e"] {
        log_in(&mut browser, &(MARIA.to_owned(), wrong.to_owned()), "2");
    }
    browser.follow_link();
    let back = browser.left.take().unwrap();
    browser.open(back.as_str());
    assert!(browser.page.contains("il gestore ti aiuta a entrare"), "{}", browser.page);
    assert!(browser.page.contains("(ErrorCode nr19)") && browser.form("/gepi/login").is_some(), "{}", browser.page);

    browser.open("/gepi");
    browser.submit("/gepi/language/en", &[]);
    browser.submit("/gepi/login", &[("level", "2")]);
    assert!(browser.page.contains("lang=\"en\""), "{}", browser.page);
    browser.submit("/cancel", &[]);
    assert!(browser.page.contains("You cancelled the sign-in.") && browser.page.contains("nr25"), "{}", browser.page);
    // Level 1 comes to the consent.
    log_in(&mut browser, &maria(&provider), "1");
    browser.submit("/consent", &[("consent", "no")]);
    assert!(browser.page.contains("Sign in again and agree") && browser.page.contains("nr22"), "{}", browser.page);
    assert!(!is_in(&browser));
}

#[test]
fn pins_are_counted_and_limited() {
    let provider = Provider::start("");
    let right = pin(&provider, PAOLO);
    let mut browser = Browser::new(&provider);
    // A fiscal code without a PIN is refused in the same words.
    for holder in [PAOLO, "XXXXXX00A00X000X"] {
        for left in (0..5).rev() {
            // The second of two clicks is the same attempt.
            for _ in 0..2 {
                give_pin(&mut browser, holder, &format!("wrong {left}"));
                assert!(browser.page.contains(&format!("Tentativi rimanenti: {left}")), "{}", browser.page);
            }
        }
        give_pin(&mut browser, holder, &right);
        assert!(!is_in(&browser) && browser.page.contains("Troppi tentativi"), "{}", browser.page);
    }
    // Others are not locked.
    give_pin(&mut browser, RITA, "wrong");
    assert!(browser.page.contains("Tentativi rimanenti: 4"), "{}", browser.page);
}

#[test]
fn forms_of_another_session_do_nothing() {
    let provider = Provider::start("");
    let mut browser = enter_by_pin(&provider, PAOLO);
    let id = case(&mut browser, "Patto di Paolo Verdi");
    browser.open(&format!("/gepi/case/{id}"));
    let action = format!("/gepi/case/{id}/submit");
    let mut form = browser.form(&action).unwrap();
    form[0].1 = "0".repeat(64);
    browser.post(&action, &form, &[("text", "Domanda di un altro")]);
    browser.post("/gepi/logout", &form, &[]);
    browser.open(&format!("/gepi/case/{id}"));
    assert!(is_in(&browser) && !browser.page.contains("Domanda di un altro"), "{}", browser.page);
}
