use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::support::browser::Browser;
use crate::support::busy::{UNLIMITED, while_people_log_in};
use crate::support::provider::Provider;
use crate::support::service::{Service, get};

fn key_numbers(provider: &Provider) -> Vec<u32> {
    let text = fs::read_to_string(provider.file("idp.key")).unwrap();
    text.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn keys_are_rotated_while_people_log_in() {
    let service = Service::new();
    let mut provider = Provider::start(&format!("{UNLIMITED}{}", service.registration()));
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    let jwks = get(&provider, "/jwks").body;
    let rounds = while_people_log_in(&provider, &service, |round| {
        let text = provider.command(&["rotate-keys"]).unwrap();
        assert!(text.contains(&format!("Key {} seals from now on.", round + 2)), "{text}");
        // The second factor, after a rotation and before the next one.
        if round == 1 {
            browser.give_code();
            assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
        }
    });
    let last = u32::try_from(rounds).unwrap() + 1;
    assert_eq!(key_numbers(&provider), [last]);
    // Accounts, sessions and signing keys are there, before and after a restart.
    browser.open("/");
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    // It waits for the lines that are not written yet, which the restart would lose.
    provider.command(&["audit", "verify"]).unwrap();
    provider.restart("+0s");
    browser.open("/");
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    assert_eq!(get(&provider, "/jwks").body, jwks);
    // Once more, on the data of a provider that is stopped.
    provider.stop();
    provider.command(&["rotate-keys"]).unwrap();
    assert_eq!(key_numbers(&provider), [last + 1]);
    provider.restart("+0s");
    browser.open("/");
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    provider.command(&["audit", "verify"]).unwrap();
}

#[test]
fn rotation_that_is_killed_goes_on() {
    let mut provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    provider.stop();
    for round in 0..12_u64 {
        let mut rotation = provider.begin(&["rotate-keys"]);
        sleep(Duration::from_millis(20 + 15 * round));
        rotation.kill().unwrap();
        rotation.wait().unwrap();
        let check = provider.command(&["check"]).unwrap();
        assert!(check.contains("ok       store"), "{check}");
    }
    provider.command(&["rotate-keys"]).unwrap();
    assert_eq!(key_numbers(&provider).len(), 1);
    provider.restart("+0s");
    browser.open("/");
    browser.give_code();
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
}
