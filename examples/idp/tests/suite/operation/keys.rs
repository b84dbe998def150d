use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use store_testing::Redis;

use crate::support::browser::Browser;
use crate::support::busy::{UNLIMITED, while_people_log_in};
use crate::support::provider::Provider;
use crate::support::service::{Service, get};
use crate::support::wait;

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

/// Puts a key file in the place of a machine's own, and waits until the machine says something about it.
fn put_keys(machine: &Provider, keys: &Path, said: &str) {
    let beside = machine.file("copied");
    fs::copy(keys, &beside).unwrap();
    fs::rename(beside, machine.file("idp.key")).unwrap();
    wait::until(|| fs::read_to_string(machine.file("log")).unwrap().contains(said));
}

#[test]
fn machines_on_one_store_take_each_step_of_a_rotation_together() {
    let server = Redis::start(&[]);
    let first = Provider::start_on(&server.url());
    let second = first.start_beside();
    let key_file = first.file("idp.key");
    let step = |step| first.command(&["rotate-keys", step]).unwrap();
    let log_in = |provider: &Provider| {
        let mut browser = Browser::new(provider);
        browser.open("/");
        browser.give_password(provider);
        assert!(browser.form("/code").is_some(), "{}", browser.page);
    };
    let mut enrolled = Browser::new(&first);
    enrolled.enroll(&first);
    log_in(&second);
    let refused = first.command(&["rotate-keys", "seal"]).unwrap_err();
    assert!(refused.contains("the next step is `idp rotate-keys add`"), "{refused}");

    step("add");
    put_keys(&second, &key_file, "keys: key 1 seals, and key 2 opens");
    step("seal");
    // Each machine opens what the other one seals now.
    enrolled.give_code();
    assert!(enrolled.form("/logout").is_some(), "{}", enrolled.page);
    for machine in [&second, &first] {
        log_in(machine);
    }
    // A file that is wrong changes nothing.
    let own = fs::read_to_string(second.file("idp.key")).unwrap();
    let wrong = second.file("wrong");
    for (text, said) in [(&own[..own.len() - 9], "line 2"), ("7", "line 1")] {
        fs::write(&wrong, text).unwrap();
        fs::set_permissions(&wrong, Permissions::from_mode(0o600)).unwrap();
        put_keys(&second, &wrong, said);
        log_in(&second);
    }
    let of_another = Provider::start("");
    put_keys(&second, &of_another.file("idp.key"), "keys: the file has lost key 1, which seals");
    log_in(&second);

    put_keys(&second, &key_file, "keys: key 2 seals, and key 1 opens");
    log_in(&second);
    let said = step("drop");
    assert!(said.contains("sealed with key 2") && key_numbers(&first) == [2], "{said}");
    log_in(&second);
    put_keys(&second, &key_file, "keys: key 2 seals\n");
    for machine in [&first, &second] {
        log_in(machine);
        machine.command(&["audit", "verify"]).unwrap();
    }
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
