//! The person's own pages: devices, recovery codes, accesses, sessions and the password.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::page::{assert_labels, mails};
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_2, Service, request_object};
use crate::support::wait;

/// Enrolls an app and signs in.
pub(crate) fn sign_in(provider: &Provider) -> Browser {
    let mut browser = Browser::new(provider);
    browser.enroll(provider);
    browser.give_next_code(0);
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    browser
}

/// Signs in with the next code of the same app in another browser.
pub(crate) fn sign_in_again(provider: &mut Provider, first: &Browser) -> Browser {
    provider.restart("+30s");
    let mut browser = Browser::new(provider);
    first.lend(&mut browser);
    browser.open("/");
    browser.give_password(provider);
    browser.give_next_code(30);
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    browser
}

/// Returns the paths of the devices.
fn devices(browser: &mut Browser) -> Vec<String> {
    browser.open("/security");
    let links = browser.page.split("href=\"/security/device/").skip(1);
    links.map(|link| format!("/security/device/{}", link.split_once('"').unwrap().0)).collect()
}

/// Returns the recovery codes on the page.
fn codes(browser: &Browser) -> Vec<String> {
    let Some((_, list)) = browser.page.split_once("<ol class=\"codes\">") else { return Vec::new() };
    let items = list.split_once("</ol>").unwrap().0.split("<code>").skip(1);
    items.map(|item| item.split_once('<').unwrap().0.to_owned()).collect()
}

#[test]
fn pages_have_labels() {
    let provider = Provider::start("");
    let mut browser = sign_in(&provider);
    let device = devices(&mut browser).remove(0);
    for page in ["/security", "/security/add", "/security/codes", "/security/number", "/security/password", &device] {
        browser.open(page);
        assert!(!browser.is_refused(), "{page}");
        assert_labels(&browser.page);
    }
}

#[test]
fn pages_need_a_second_factor() {
    let provider = Provider::start("");
    let mut browser = sign_in(&provider);
    let device = devices(&mut browser).remove(0);
    let mut other = Browser::new(&provider);
    for has_password in [false, true] {
        if has_password {
            other.open("/");
            other.give_password(&provider);
        }
        let expected = if has_password { "/code" } else { "/password" };
        let (name, remove) = (format!("{device}/name"), format!("{device}/remove"));
        let pages =
            ["/security", "/security/add", "/security/codes", "/security/number", "/security/password", &device];
        let actions = ["/security/add", "/security/codes", "/security/password", "/security/sessions", &name, &remove];
        for page in pages {
            other.open(page);
            assert!(other.form(expected).is_some(), "{page}: {}", other.page);
        }
        let form = other.form(expected).unwrap();
        for action in actions {
            let fields = [("name", "x"), ("use", "1"), ("revision", "3"), ("session", "others"), ("old", "x")];
            other.post(action, &form, &[&fields[..], &[("new", "x"), ("again", "x")]].concat());
            assert!(other.form(expected).is_some(), "{action}: {}", other.page);
        }
    }
    assert_eq!(devices(&mut browser), [device]);
}

#[test]
fn recovery_codes_are_shown_once() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.begin_first_app(&provider.user, &provider.password);
    let form = browser.form("/enrollment").unwrap();
    browser.give_first_code(0);
    let first = codes(&browser);
    assert_eq!(first.len(), 10, "{}", browser.page);
    assert_labels(&browser.page);
    // Neither a reload nor the form again shows them.
    browser.open("/security/codes/new");
    assert!(browser.form("/code").is_some());
    browser.post("/enrollment", &form, &[("code", "123456")]);
    assert!(browser.form("/code").is_some());

    browser.give_next_code(0);
    browser.open("/security/codes");
    assert!(browser.page.contains("10</p>") && codes(&browser).is_empty());
    let form = browser.form("/security/codes").unwrap();
    browser.submit("/security/codes", &[]);
    let second = codes(&browser);
    assert!(second.len() == 10 && second.iter().all(|code| !first.contains(code)));
    browser.post("/security/codes", &form, &[]);
    assert!(codes(&browser).is_empty() && browser.form("/security/codes").is_some());
    assert_eq!(mails(&provider, "Nuovi codici di recupero"), 2);
    // A form without the session's token makes none.
    let revision = browser.form("/security/codes").unwrap().remove(1);
    browser.post("/security/codes", &[("form".into(), "0".into()), revision], &[]);
    browser.open("/security/codes/new");
    assert!(codes(&browser).is_empty());
    assert_eq!(mails(&provider, "Nuovi codici di recupero"), 2);
    // A set that was removed does not come back.
    let set = devices_and_codes(&mut browser).pop().unwrap();
    browser.open(&set);
    browser.submit(&format!("{set}/remove"), &[]);
    browser.open("/security/codes");
    browser.submit("/security/codes", &[]);
    let third = codes(&browser);
    assert!(third.len() == 10 && third.iter().all(|code| !first.contains(code) && !second.contains(code)));
}

/// Returns the paths of the devices and of the recovery codes.
fn devices_and_codes(browser: &mut Browser) -> Vec<String> {
    let exists = |number: &u32| {
        browser.open(&format!("/security/device/{number}"));
        browser.form(&format!("/security/device/{number}/remove")).is_some()
    };
    (1..9).filter(exists).map(|number| format!("/security/device/{number}")).collect()
}

#[test]
fn devices_are_added_renamed_and_removed() {
    let provider = Provider::start("");
    let mut browser = sign_in(&provider);
    let first = devices(&mut browser).remove(0);
    // The last one stays.
    let remove = format!("{first}/remove");
    browser.open(&first);
    let name = browser.form(&format!("{first}/name")).unwrap();
    assert!(browser.form(&remove).is_none() && browser.page.contains("unico dispositivo"));
    browser.post(&remove, &name, &[]);
    assert!(browser.is_refused());
    assert!(browser.page.contains("role=\"alert\""));

    browser.open("/security/add");
    browser.submit("/security/add", &[("name", "riga\u{202e}storta")]);
    assert!(browser.is_refused() && browser.form("/security/add").is_some());
    let form = browser.form("/security/add").unwrap();
    browser.submit("/security/add", &[("name", "tablet")]);
    let secret = browser.page.clone();
    // The second of two clicks shows the same key.
    browser.post("/security/add", &form, &[("name", "tablet")]);
    browser.open("/");
    assert_eq!(browser.page.split("<code>").nth(1).map(|s| &s[..32]), secret.split("<code>").nth(1).map(|s| &s[..32]));
    let mut owner = Browser::new(&provider);
    browser.lend(&mut owner);
    browser.submit("/enrollment", &[("code", "000000")]);
    assert!(browser.is_refused() && browser.form("/enrollment").is_some());
    browser.give_first_code(0);
    assert_eq!(mails(&provider, "Nuova app attivata"), 2);
    // Recovery codes were there.
    assert!(codes(&browser).is_empty());
    let both = devices(&mut browser);
    assert_eq!(both.len(), 2);

    browser.open(&both[1]);
    browser.submit(&format!("{}/name", both[1]), &[("name", "tablet di casa")]);
    assert!(browser.page.contains("tablet di casa"));
    assert_eq!(mails(&provider, "Dispositivo rinominato"), 1);
    browser.open(&both[1]);
    // The same name changes nothing.
    browser.submit(&format!("{}/name", both[1]), &[("name", "tablet di casa")]);
    assert_eq!(mails(&provider, "Dispositivo rinominato"), 1);
    browser.open(&both[1]);
    browser.submit(&format!("{}/name", both[1]), &[("name", " ")]);
    assert!(browser.is_refused());

    browser.open(&first);
    assert!(browser.page.contains("id=\"warning\""));
    let form = browser.form(&remove).unwrap();
    browser.post(&remove, &[("form".into(), "0".into())], &[]);
    assert_eq!(devices(&mut browser).len(), 2);
    browser.post(&remove, &form, &[]);
    browser.post(&remove, &form, &[]);
    assert!(!browser.is_refused());
    assert_eq!(devices(&mut browser), [both[1].clone()]);
    assert_eq!(mails(&provider, "Dispositivo rimosso"), 1);
    browser.open("/security/device/99");
    assert!(browser.form("/logout").is_some());
}

/// Somebody else may have signed in with the removed device.
#[test]
fn removal_of_a_device_ends_other_sessions() {
    let mut provider = Provider::start("");
    let mut thief = sign_in(&provider);
    let mut browser = sign_in_again(&mut provider, &thief);
    let first = devices(&mut browser).remove(0);
    browser.open("/security/add");
    browser.submit("/security/add", &[("name", "tablet")]);
    browser.give_first_code(30);
    browser.open(&first);
    browser.submit(&format!("{first}/remove"), &[]);
    assert!(devices(&mut browser).len() == 1 && browser.form("/logout").is_some(), "{}", browser.page);
    thief.open("/security/add");
    assert!(thief.form("/password").is_some(), "{}", thief.page);
}

#[test]
fn enrollment_of_a_further_app_is_cancelled() {
    let provider = Provider::start("");
    let mut browser = sign_in(&provider);
    browser.open("/security/add");
    browser.submit("/security/add", &[("name", "tablet")]);
    let form = browser.form("/security/add/cancel").unwrap();
    browser.submit("/security/add/cancel", &[]);
    assert_eq!(devices(&mut browser).len(), 1);
    browser.post("/security/add/cancel", &form, &[]);
    assert!(browser.form("/logout").is_some());
    // Five wrong codes end an enrollment as well.
    browser.open("/security/add");
    browser.submit("/security/add", &[("name", "tablet")]);
    for code in ["000000", "000001", "000002", "000003", "000004"] {
        browser.submit("/enrollment", &[("code", code)]);
    }
    browser.open("/");
    assert!(browser.form("/logout").is_some(), "{}", browser.page);
    assert_eq!(devices(&mut browser).len(), 1);
}

#[test]
fn changes_need_a_second_factor_of_the_last_minutes() {
    let mut provider = Provider::start("");
    let mut browser = sign_in(&provider);
    let first = devices(&mut browser).remove(0);
    browser.open("/security/codes");
    let codes_form = browser.form("/security/codes").unwrap();
    browser.open("/security");
    assert!(browser.page.contains("href=\"/security/number\""));
    browser.open("/security/number");
    let number_form = browser.form("/security/number").unwrap();
    browser.open("/security/password");
    let password_form = browser.form("/security/password").unwrap();
    provider.restart("+301s");
    // The page itself and another name need none.
    browser.open(&first);
    browser.submit(&format!("{first}/name"), &[("name", "nuovo")]);
    assert!(browser.page.contains("nuovo"));
    let change = [("old", provider.password.as_str()), ("new", "Nuova-Parola-1"), ("again", "Nuova-Parola-1")];
    browser.post("/security/password", &password_form, &change);
    assert!(browser.form("/security/again").is_some());
    browser.post(&format!("{first}/remove"), &password_form, &[]);
    assert!(browser.form("/security/again").is_some());
    browser.post("/security/number", &number_form, &[("number", "+393331234567")]);
    assert!(browser.form("/security/again").is_some());
    browser.post("/security/codes", &codes_form, &[]);
    assert!(browser.form("/security/again").is_some());
    assert_labels(&browser.page);
    // Another site cannot choose the page.
    let form = browser.form("/security/again").unwrap();
    let token = form.first().cloned().unwrap();
    for next in ["//evil.example", "https://evil.example", "/security\\..", "/outbox"] {
        browser.post("/security/again", std::slice::from_ref(&token), &[("next", next)]);
        assert!(browser.form("/logout").is_some(), "{next}");
    }
    browser.post("/security/again", &form, &[]);
    assert!(browser.form("/code").is_some());
    // Until the code is there, the other pages are closed.
    browser.open("/security");
    assert!(browser.form("/code").is_some());
    browser.submit("/code", &[("code", "000000")]);
    assert!(browser.is_refused());
    let (form, mut click) = (browser.form("/code").unwrap(), browser.twin());
    let code = browser.app().next_code_at(301);
    // The second of two clicks leads to the page as well.
    for tab in [&mut browser, &mut click] {
        tab.post("/code", &form, &[("code", &code)]);
        assert!(tab.form("/security/codes").is_some(), "{}", tab.page);
    }
    browser.submit("/security/codes", &[]);
    assert_eq!(codes(&browser).len(), 10);
}

#[test]
fn sessions_are_ended() {
    let mut provider = Provider::start("");
    let mut browser = sign_in(&provider);
    let mut other = sign_in_again(&mut provider, &browser);
    browser.open("/security");
    assert_eq!(browser.page.matches("name=\"session\"").count(), 2, "one, and all others");
    assert_eq!(browser.page.matches("questa sessione").count(), 1);
    let form = browser.form("/security/sessions").unwrap();
    // Only the person's own sessions, and only with the token.
    browser.post("/security/sessions", &[("form".into(), "0".into()), form[1].clone()], &[]);
    other.open("/security");
    assert!(other.form("/logout").is_some());
    browser.post("/security/sessions", &form, &[]);
    browser.post("/security/sessions", &form, &[]);
    assert!(browser.form("/logout").is_some() && browser.form("/security/sessions").is_none());
    assert_eq!(mails(&provider, "Sessioni chiuse"), 1);
    other.open("/security");
    assert!(other.form("/password").is_some());
    other.post("/language/en", &[], &[]);
    assert!(other.form("/password").is_some());

    let mut half = Browser::new(&provider);
    half.open("/");
    half.give_password(&provider);
    browser.open("/security");
    let token = browser.form("/logout").unwrap().remove(0);
    browser.post("/security/sessions", &[token], &[("session", "others")]);
    assert!(browser.form("/logout").is_some());
    // A login that has begun is over, too.
    half.open("/");
    assert!(half.form("/password").is_some());
}

#[test]
fn session_ends_after_twelve_hours_of_use() {
    let mut provider = Provider::start("");
    let mut browser = sign_in(&provider);
    for minutes in (50..720).step_by(50) {
        provider.restart(&format!("+{minutes}m"));
        browser.open("/security");
        assert!(browser.form("/logout").is_some(), "{minutes}");
    }
    provider.restart("+721m");
    browser.open("/security");
    assert!(browser.form("/password").is_some());
}

#[test]
fn last_use_of_each_device_is_shown() {
    let provider = Provider::start("");
    let mut browser = sign_in(&provider);
    browser.open("/security");
    let (_, devices) = browser.page.split_once("<ul class=\"items\">").unwrap();
    let device = devices.split_once("</li>").unwrap().0;
    // The time is shown as the time of the addition is.
    let (_, added) = device.split_once("Aggiunto il ").unwrap_or_else(|| panic!("{device}"));
    let (added, used) = added.split_once(". Ultimo uso: ").unwrap_or_else(|| panic!("{device}"));
    let form = |time: &str| time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
    assert_eq!(form(used.split_once(".<").unwrap().0), form(added), "{device}");
}

#[test]
fn session_ends_after_an_hour_without_use() {
    let mut provider = Provider::start("");
    let mut browser = sign_in(&provider);
    for (minutes, is_there) in [(58, true), (116, true), (178, false)] {
        provider.restart(&format!("+{minutes}m"));
        browser.open("/security");
        assert_eq!(browser.form("/logout").is_some(), is_there, "{minutes}: {}", browser.page);
    }
    assert!(browser.form("/password").is_some());
}

#[test]
fn password_is_changed() {
    let mut provider = Provider::start("");
    let mut browser = sign_in(&provider);
    let mut other = sign_in_again(&mut provider, &browser);
    let old = provider.password.clone();
    browser.open("/security/password");
    let form = browser.form("/security/password").unwrap();
    let change = |browser: &mut Browser, old: &str, new: &str, again: &str| {
        browser.post("/security/password", &form, &[("old", old), ("new", new), ("again", again)]);
    };
    for new in ["Corta-1", "senza-maiuscole-1", "SENZA-MINUSCOLE-1", "Senza-cifre", "SenzaSpeciali1", "Maria-Rossi-1"] {
        change(&mut browser, &old, new, new);
        assert!(browser.is_refused(), "{new}");
    }
    change(&mut browser, &old, "Nuova-Parola-1", "Nuova-Parola-2");
    assert!(browser.is_refused());
    change(&mut browser, "another", "Nuova-Parola-1", "Nuova-Parola-1");
    assert!(browser.is_refused() && browser.page.contains("non è corretta"));
    change(&mut browser, &old, "Nuova-Parola-1", "Nuova-Parola-1");
    assert!(browser.form("/logout").is_some() && !browser.is_refused(), "{}", browser.page);
    // The second of two clicks.
    change(&mut browser, &old, "Nuova-Parola-1", "Nuova-Parola-1");
    assert!(browser.form("/logout").is_some() && !browser.is_refused());
    assert_eq!(mails(&provider, "Password cambiata"), 1);
    other.open("/security");
    assert!(other.form("/password").is_some());
    other.give_password(&provider);
    assert!(other.is_refused() && other.page.contains("rimanenti: 4"), "{}", other.page);
    "Nuova-Parola-1".clone_into(&mut provider.password);
    other.give_password(&provider);
    assert!(other.form("/code").is_some());

    // Wrong old passwords count as at a login.
    browser.open("/security/password");
    for old in ["a", "b", "c", "d", "e"] {
        browser.submit("/security/password", &[("old", old), ("new", "Altra-Parola-1"), ("again", "Altra-Parola-1")]);
        assert!(browser.is_refused());
    }
    assert!(browser.page.contains("riprovare a partire da: "));
    let mut thief = Browser::new(&provider);
    thief.open("/");
    thief.give_password(&provider);
    assert!(thief.page.contains("riprovare a partire da: "));
}

#[test]
fn accesses_are_listed() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let mut browser = sign_in(&provider);
    // A second factor that is shown again is no other access.
    provider.restart("+301s");
    browser.open("/security/password");
    browser.submit("/security/again", &[]);
    browser.give_next_code(301);
    assert!(browser.form("/security/password").is_some(), "{}", browser.page);
    provider.restart("+331s");
    let mut login = Browser::new(&provider);
    browser.lend(&mut login);
    let mut request = request_object(&provider, LEVEL_2);
    request["exp"] = json!(request["exp"].as_u64().unwrap() + 331);
    login.open(&service.url(&provider, &request));
    login.give_password(&provider);
    login.give_next_code(331);
    login.consent();
    // The log is written beside the logins.
    wait::until(|| {
        browser.open("/security");
        browser.page.contains("<td>Comune di Esempio</td>")
    });
    let (_, table) = browser.page.split_once("id=\"accesses\"").unwrap();
    let services: Vec<_> = table.split("<tr>").skip(2).map(|row| row.split("<td>").nth(2).unwrap()).collect();
    assert!(services.len() == 2 && services[0].starts_with("Comune di Esempio<") && services[1].starts_with("La mia"));
    assert!(table.contains("<td>2</td>"));
    // A login at a service leaves no session.
    assert!(browser.form("/security/sessions").is_none());
}

#[test]
fn two_clicks_at_once_do_a_thing_once() {
    let provider = Provider::start("");
    let mut browser = sign_in(&provider);
    let twice = |browser: &mut Browser, page: &str, fields: &[(&str, &str)]| {
        browser.open(page);
        let form = browser.form(page).unwrap();
        let mut twin = browser.twin();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| browser.post(page, &form, fields));
            twin.post(page, &form, fields);
            first.join().unwrap();
        });
        assert_eq!((browser.status, twin.status), (200, 200), "{}", twin.page);
        twin
    };
    let change = [("old", provider.password.as_str()), ("new", "Nuova-Parola-1"), ("again", "Nuova-Parola-1")];
    let mut twin = twice(&mut browser, "/security/password", &change);
    twin.open("/security");
    assert!(twin.form("/logout").is_some());
    assert_eq!(mails(&provider, "Password cambiata"), 1);
    let mut other = Browser::new(&provider);
    other.open("/");
    other.submit("/password", &[("user", &provider.user), ("password", "x")]);
    assert!(other.page.contains("rimanenti: 4"), "{}", other.page);

    // At least one of the two answers has the codes, and they are those of the account.
    let twin = twice(&mut browser, "/security/codes", &[]);
    let shown: Vec<_> = [codes(&browser), codes(&twin)].into_iter().filter(|codes| !codes.is_empty()).collect();
    assert!(!shown.is_empty() && shown.iter().all(|codes| *codes == shown[0]));
    assert_eq!(mails(&provider, "Nuovi codici di recupero"), 2);
    browser.open("/security");
    assert!(browser.page.contains("ancora validi: 10"), "{}", browser.page);

    twice(&mut browser, "/security/add", &[("name", "tablet")]);
    browser.open("/");
    browser.give_first_code(0);
    assert_eq!(devices(&mut browser).len(), 2);
}
