use super::{after_password, messages};
use crate::support::browser::{Browser, agent};
use crate::support::outbox::wrong;
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_2, Service, request_object};
use crate::support::wait;

/// Waits until a number of activation codes was sent, and returns them, the newest first.
fn sent(provider: &Provider, count: usize) -> Vec<String> {
    let mut codes = Vec::new();
    wait::until(|| {
        let of_person = messages(provider).into_iter().filter(|(to, _)| to == super::MOBILE);
        codes = of_person.map(|(_, text)| text.split_once("a nessuno: ").unwrap().1[..6].to_owned()).collect();
        codes.len() >= count
    });
    assert_eq!(codes.len(), count);
    codes
}

fn has_key(browser: &Browser) -> bool {
    browser.form("/enrollment").is_some()
}

#[test]
fn password_alone_activates_no_app() {
    let provider = Provider::start("");
    let mut thief = after_password(&provider);
    assert!(!has_key(&thief) && thief.page.contains("*** 000"), "{}", thief.page);
    let code = sent(&provider, 1).remove(0);
    // No page of the person, no other form and no code of an app leads around it.
    for path in ["/security", "/security/add", "/security/activate", "/security/app", "/security/number", "/choice"] {
        thief.open(path);
        assert!(!has_key(&thief) && thief.form("/logout").is_none(), "{path}: {}", thief.page);
    }
    thief.open("/");
    let form = thief.form("/first-app").unwrap();
    for action in ["/enrollment", "/security/add", "/security/activate", "/code", "/choice", "/recovery-code"] {
        thief.post(action, &form, &[("code", &code), ("name", "x"), ("way", "code")]);
        thief.open("/");
        assert!(thief.form("/first-app").is_some() && !has_key(&thief), "{action}: {}", thief.page);
    }
    // After five wrong codes, the right one is refused too.
    for (by, left) in
        [(1, "rimanenti: 4"), (2, "rimanenti: 3"), (3, "rimanenti: 2"), (4, "rimanenti: 1"), (5, "più valido")]
    {
        thief.submit("/first-app", &[("code", &wrong(&code, by))]);
        assert!(thief.page.contains(left), "{left}: {}", thief.page);
    }
    thief.submit("/first-app", &[("code", &code)]);
    assert!(thief.is_refused() && !has_key(&thief), "{}", thief.page);
    // Neither has the person whom the thief was faster than lost anything.
    let mut maria = after_password(&provider);
    let theirs = sent(&provider, 2).remove(0);
    thief.submit("/first-app", &[("code", &theirs)]);
    assert!(!has_key(&thief), "{}", thief.page);
    maria.submit("/first-app", &[("code", &theirs)]);
    assert!(has_key(&maria), "{}", maria.page);
}

#[test]
fn activation_codes_are_limited() {
    let mut provider = Provider::start("");
    let mut browser = after_password(&provider);
    sent(&provider, 1);
    // The second of two clicks is no refusal. Another one is sent after a minute, and five in a day.
    browser.submit("/first-app/again", &[]);
    assert!(!browser.is_refused(), "{}", browser.page);
    provider.restart("+10s");
    browser.submit("/first-app/again", &[]);
    assert!(browser.page.contains("meno di un minuto fa"), "{}", browser.page);
    sent(&provider, 1);
    for count in 2..=5_u32 {
        provider.restart(&format!("+{}s", 61 * count));
        browser.submit("/first-app/again", &[]);
        sent(&provider, count as usize);
    }
    let mut other = after_password(&provider);
    assert!(other.is_refused() && other.page.contains("troppi codici"), "{}", other.page);
    other.open("/");
    assert!(other.form("/first-app").is_some());
    provider.restart("+25h");
    let mut next = after_password(&provider);
    next.give_activation_code();
    assert!(has_key(&next), "{}", next.page);
}

/// Asks for the key as the page of the phone does, which is in the same browser.
fn key_for_phone(browser: &Browser, provider: &Provider, login: &str, site: Option<&str>) -> (u16, String) {
    let request = agent().get(format!("{}/enrollment/key{login}", provider.origin)).header("Cookie", browser.cookie());
    let request = match site {
        Some(site) => request.header("Sec-Fetch-Site", site),
        None => request,
    };
    let mut response = request.call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

#[test]
fn only_pages_of_the_provider_fetch_the_key() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = after_password(&provider);
    browser.give_activation_code();
    assert!(
        browser.page.contains("href=\"/app#enrollment\"") && !browser.page.contains("otpauth:"),
        "{}",
        browser.page
    );
    let own = Some("same-origin");
    let (status, uri) = key_for_phone(&browser, &provider, "", own);
    let shown = browser.page.split_once("<code>").unwrap().1.split('<').next().unwrap();
    assert_eq!(status, 200);
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(&format!("secret={shown}")));
    for site in [None, Some("none"), Some("same-site"), Some("cross-site")] {
        assert_eq!(key_for_phone(&browser, &provider, "", site).0, 403, "{site:?}");
    }
    // Nobody else has it, and no other login.
    assert_eq!(key_for_phone(&Browser::new(&provider), &provider, "", own).0, 404);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_2)));
    let form = browser.form("/password").unwrap();
    let (_, request) = form.iter().find(|(name, _)| name == "request").unwrap();
    let of_login = format!("?request={request}");
    assert_eq!(key_for_phone(&browser, &provider, &of_login, own).0, 404);
    browser.give_password(&provider);
    browser.give_activation_code();
    assert!(browser.page.contains(&format!("href=\"/app#enrollment={request}\"")), "{}", browser.page);
    let (status, other) = key_for_phone(&browser, &provider, &of_login, own);
    assert!(status == 200 && other != uri, "{status}");
    assert_eq!(key_for_phone(&browser, &provider, "?request=x", own).0, 404);
    assert_eq!(key_for_phone(&browser, &provider, "", own).1, uri);
    // Once it is confirmed, it is never shown again.
    browser.post("/cancel", &form, &[]);
    browser.open("/");
    browser.confirm_app();
    assert_eq!(key_for_phone(&browser, &provider, "", own).0, 404);
}
