//! Double clicks on the link of a service that leads to the provider.

use std::thread;

use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, Service, request_object};

/// Returns `true` if the browser is asked for the password of a login at the service.
fn is_at_login(browser: &mut Browser) -> bool {
    browser.open("/");
    browser.form("/password").is_some() && browser.page.contains("Comune di Esempio")
}

fn assert_used(browser: &Browser) {
    assert_eq!(browser.status, 400, "{}", browser.page);
    assert!(browser.page.contains("used before") && browser.page.contains("Torna al servizio"), "{}", browser.page);
}

#[test]
fn second_click_begins_the_login_and_the_first_one_ends() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    for are_at_once in [false, true] {
        let url = service.url(&provider, &request_object(&provider, LEVEL_1));
        let (mut first, mut second) = (Browser::new(&provider), Browser::new(&provider));
        if are_at_once {
            thread::scope(|scope| {
                scope.spawn(|| first.open(&url));
                second.open(&url);
            });
            if is_at_login(&mut first) {
                std::mem::swap(&mut first, &mut second);
            }
        } else {
            first.open(&url);
            let form = first.form("/password").unwrap();
            second.open(&url);
            first.post("/password", &form, &[("user", &provider.user), ("password", &provider.password)]);
        }
        assert_eq!((first.status, second.status), (200, 200), "{}", second.page);
        assert!(!is_at_login(&mut first) && is_at_login(&mut second), "{}", second.page);
        second.give_password(&provider);
        second.consent();
        let reply = service.exchange(&provider, &second.answer("code").unwrap());
        assert_eq!(reply.status, 200, "{reply:?}");
        // A third one is no click on the same page.
        let mut third = Browser::new(&provider);
        third.open(&url);
        assert_used(&third);
    }
}

#[test]
fn request_is_not_begun_again_after_the_password_or_some_seconds() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let urls = [(); 2].map(|()| service.url(&provider, &request_object(&provider, LEVEL_1)));
    for url in &urls {
        let mut first = Browser::new(&provider);
        first.open(url);
        assert!(is_at_login(&mut first));
        if url == &urls[0] {
            first.give_password(&provider);
        } else {
            provider.restart("+4s");
        }
        let mut second = Browser::new(&provider);
        second.open(url);
        assert_used(&second);
        first.open("/");
        assert!(first.page.contains("Comune di Esempio"), "{}", first.page);
    }
}

#[test]
fn double_click_uses_a_login_of_level_1_again() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut first = service.log_in(&provider);
    let [earlier, url] = [(); 2].map(|()| service.url(&provider, &request_object(&provider, LEVEL_1)));
    // Another login is under way.
    first.open(&earlier);
    let mut second = first.twin();
    for click in [&mut first, &mut second] {
        click.open(&url);
        assert!(click.form("/consent").is_some(), "{}", click.page);
    }
    second.consent();
    let reply = service.exchange(&provider, &second.answer("code").unwrap());
    assert_eq!(reply.status, 200, "{reply:?}");
}
