use super::{after_password, messages};
use crate::gepi::people::PAOLO;
use crate::registration::applicant::fiscal_code;
use crate::support::browser::Browser;
use crate::support::provider::Provider;

const HANDOVER: &str = "/register/handover";

#[test]
fn double_click_is_one_attempt() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.open("/");
    let form = browser.form("/password").unwrap();
    let mut give = |password: &str| {
        browser.post("/password", &form, &[("user", &provider.user), ("password", password)]);
        browser.page.clone()
    };
    for (wrong, left) in [("a", 4), ("b", 3), ("c", 2), ("d", 1), ("e", 0)] {
        let first = give(wrong);
        assert!(first.contains(&format!("Tentativi rimanenti: {left}")), "{first}");
        assert_eq!(give(wrong), first);
    }
    // The lock refuses even the right password, also after the last wrong one was sent again.
    assert!(give(&provider.password).contains("riprovare a partire da: "));
    // A page that is loaded again does not know the name, and shows the attempts of none.
    browser.open("/");
    assert!(!browser.page.contains("Tentativi") && !browser.is_refused(), "{}", browser.page);
    // Another name has its own ones, whether somebody has it or not.
    for user in ["nobody@example.org", &provider.operator.0] {
        browser.submit("/password", &[("user", user), ("password", "a")]);
        assert!(browser.page.contains("Tentativi rimanenti: 4") && browser.page.contains(user), "{}", browser.page);
    }
    assert!(after_password(&provider).is_refused());
}

/// Guards against fixation: somebody who knows the cookie from before the password gets nothing of the login.
#[test]
fn old_cookie_does_not_lead_to_the_new_session() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.open("/");
    let form = browser.form("/password").unwrap();
    let mut thief = browser.clone();
    browser.give_password(&provider);
    assert!(browser.form("/first-app").is_some());
    let known = thief.cookie();
    thief.open("/");
    assert!(thief.form("/password").is_some(), "{}", thief.page);
    assert_eq!(thief.cookie(), known, "a late request replaces the cookie of the browser");
    thief.post("/password", &form, &[("user", &provider.user), ("password", "another")]);
    assert!(thief.form("/password").is_some(), "{}", thief.page);
}

#[test]
fn right_password_twice_is_one_login() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.open("/");
    let mut click = browser.clone();
    browser.give_password(&provider);
    click.give_password(&provider);
    assert!(click.form("/first-app").is_some(), "{}", click.page);
    let mut code = browser.clone();
    browser.give_activation_code();
    click.open("/");
    let key = |browser: &Browser| browser.page.split_once("<code>").unwrap().1.split('<').next().unwrap().to_owned();
    assert_eq!(key(&browser), key(&click));
    // One code was sent, and it is used up.
    assert_eq!(messages(&provider).iter().filter(|(_, text)| text.contains("attivazione")).count(), 1);
    code.give_activation_code();
    assert_eq!(key(&browser), key(&code));
}

/// Neither the answers nor the work behind them tell whether somebody has a user name.
#[test]
fn unknown_names_have_the_same_answers() {
    let provider = Provider::start("");
    let (mut seen, mut work) = (Vec::new(), Vec::new());
    for user in [&provider.user, "nobody@example.org", "RSSMRA80B69H501U", "BNCMRA90E17F205X"] {
        let mut browser = Browser::new(&provider);
        browser.open("/");
        let form = browser.form("/password").unwrap();
        let (mut pages, begun) = (Vec::new(), provider.processor_ticks());
        for password in ["a", "b", "c", "d", "e", "f"] {
            browser.hold = Some("/");
            browser.post("/password", &form, &[("user", user), ("password", password)]);
            pages.push((browser.status, browser.left.take().unwrap().to_string()));
            browser.hold = None;
            browser.open("/");
            let page = browser.page.replace(&form[0].1, "").replace(user, "");
            // The time of the lock, to the minute, is a little later for the next name.
            let page = match page.split_once("a partire da: ") {
                Some((before, after)) => before.to_owned() + &after["28/11/2026 08:35".len()..],
                None => page,
            };
            pages.push((browser.status, page));
        }
        assert!(browser.page.contains("riprovare a partire da: "), "{}", browser.page);
        seen.push(pages);
        work.push(provider.processor_ticks() - begun);
    }
    assert!(seen.iter().all(|pages| *pages == seen[0]), "{seen:?}");
    // Five hashes take most of the work, and a name without one would show by a fraction of it.
    let (least, greatest) = (work.iter().min().unwrap(), work.iter().max().unwrap());
    assert!(*least * 3 > *greatest, "{work:?}");
}

/// PINs are compared as passwords are, whether somebody has the fiscal code or not.
#[test]
fn unknown_fiscal_codes_take_the_same_work() {
    const LUIGI: &str = "VRDLGU90E17F205";
    let provider = Provider::start("");
    let luigi = fiscal_code(LUIGI);
    for (path, form, known) in [("/gepi", "/gepi/pin", PAOLO), (HANDOVER, HANDOVER, &luigi)] {
        let work = [known, "BNCMRA90E17F205X"].map(|code| {
            let mut browser = Browser::new(&provider);
            browser.open(path);
            let form_fields = browser.form(form).unwrap();
            let begun = provider.processor_ticks();
            for pin in ["1", "2", "3", "4", "5"] {
                browser.post(form, &form_fields, &[("fiscal_code", code), ("pin", pin), ("consent", "yes")]);
                assert!(browser.is_refused(), "{}", browser.page);
            }
            provider.processor_ticks() - begun
        });
        assert!(work[0].min(work[1]) * 3 > work[0].max(work[1]), "{path}: {work:?}");
    }
}
