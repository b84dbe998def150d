//! A first app in two tabs of one browser: in two logins at services, or in one and on the person's own pages.

use serde_json::json;

use crate::second_factor::MOBILE;
use crate::support::browser::Browser;
use crate::support::outbox::{code, message};
use crate::support::page::mails;
use crate::support::provider::Provider;
use crate::support::service::{ID, LEVEL_2, Service, claims, request_object};

type Form = Vec<(String, String)>;

/// Begins a login of Level 2 at the service, in whichever tab is open.
fn begin(browser: &mut Browser, service: &Service, provider: &Provider) {
    browser.open(&service.url(provider, &request_object(provider, LEVEL_2)));
    assert!(browser.form("/password").is_some() && !browser.is_refused(), "{}", browser.page);
}

/// Begins a first app on the person's own pages, and then one in a login at the service. Returns the browser in the
/// login, the form of each tab, and the code that was sent to each.
fn begin_both(service: &Service, provider: &Provider) -> (Browser, [(Form, String); 2]) {
    let mut browser = Browser::new(provider);
    browser.open("/");
    browser.give_password(provider);
    let own = (browser.form("/first-app").unwrap(), code(&message(provider, MOBILE, 1)));
    begin(&mut browser, service, provider);
    browser.give_password(provider);
    let login = (browser.form("/first-app").unwrap(), code(&message(provider, MOBILE, 2)));
    (browser, [own, login])
}

/// Returns the key on the page.
fn key(browser: &Browser) -> Option<String> {
    Some(browser.page.split_once("<code>")?.1.split('<').next()?.to_owned())
}

/// Returns the number of apps that were confirmed.
fn apps(provider: &Provider) -> usize {
    mails(provider, "Nuova app attivata")
}

/// Ends a login by a code of the app, and asserts that it reached Level 2.
fn finish(browser: &mut Browser, service: &Service, provider: &Provider) {
    browser.give_code();
    browser.consent();
    let reply = service.exchange(provider, &browser.answer("code").unwrap());
    let (_, id) = claims(provider, reply.body["id_token"].as_str().unwrap(), ID);
    assert_eq!((&id["acr"], &id["amr"]), (&json!(LEVEL_2), &json!(["pwd", "otp", "mfa"])));
}

#[test]
fn first_apps_of_a_login_and_of_the_own_pages_do_not_mix() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let (mut browser, [(own, own_code), (login, login_code)]) = begin_both(&service, &provider);
    // Neither takes the code that was sent for the other.
    for (form, code) in [(&own, &login_code), (&login, &own_code)] {
        browser.post("/first-app", form, &[("code", code)]);
        assert!(browser.form("/first-app").as_ref() == Some(&login) && key(&browser).is_none(), "{}", browser.page);
    }
    // The own pages have a key now, and the login does not.
    browser.post("/first-app", &own, &[("code", &own_code)]);
    assert_eq!(browser.form("/first-app").as_ref(), Some(&login), "{}", browser.page);
    browser.post("/first-app", &login, &[("code", &login_code)]);
    let shown = key(&browser).unwrap();
    // Neither the key of one confirms the other's.
    browser.scan();
    let first = browser.app().first_code(0);
    browser.post("/enrollment", &own, &[("code", &first)]);
    assert_eq!((key(&browser).as_deref(), apps(&provider)), (Some(shown.as_str()), 0), "{}", browser.page);
    browser.confirm_app();
    assert!(browser.form("/code").is_some(), "{}", browser.page);
    // The enrollment of the own pages has ended, and their forms lose nothing of the login.
    browser.post("/enrollment", &own, &[("code", &first)]);
    assert!(browser.form("/code").is_some() && browser.page.contains("Comune di Esempio"), "{}", browser.page);
    finish(&mut browser, &service, &provider);
    browser.open("/");
    assert!(browser.form("/code").is_some() && browser.page.contains("altra app"), "{}", browser.page);
    assert_eq!(apps(&provider), 1);
}

#[test]
fn app_of_the_own_pages_ends_that_of_a_login() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.begin_first_app(&provider.user, &provider.password);
    let own = browser.form("/enrollment").unwrap();
    browser.scan();
    let mut first = browser.clone();
    begin(&mut browser, &service, &provider);
    browser.give_password(&provider);
    let sent = code(&message(&provider, MOBILE, 2));
    browser.submit("/first-app", &[("code", &sent)]);
    let login = browser.form("/enrollment").unwrap();
    assert_ne!(key(&browser), key(&first));
    browser.scan();
    let second = browser.app().first_code(0);

    // The form of the own pages confirms their key while the login waits.
    let confirming = first.app().first_code(0);
    browser.post("/enrollment", &own, &[("code", &confirming)]);
    assert_eq!(browser.page.matches("<li><code>").count(), 10, "{}", browser.page);
    browser.post("/enrollment", &login, &[("code", &second)]);
    assert!(browser.form("/code").is_some() && browser.page.contains("altra app"), "{}", browser.page);
    assert_eq!(apps(&provider), 1);
    // The login goes on with the app that was confirmed, and with no other.
    let other = browser.next_code();
    browser.submit("/code", &[("code", &other)]);
    assert!(browser.is_refused() && browser.form("/code").is_some(), "{}", browser.page);
    first.lend(&mut browser);
    finish(&mut browser, &service, &provider);
}

/// A form of the first tab, after the second one has begun a login: it is about a request that is not there any more.
#[test]
fn forms_of_an_earlier_login_do_nothing_in_a_later_one() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut sent = 0;
    for is_enrolling in [false, true] {
        let mut browser = Browser::new(&provider);
        begin(&mut browser, &service, &provider);
        browser.give_password(&provider);
        sent += 1;
        let mut given = code(&message(&provider, MOBILE, sent));
        if is_enrolling {
            browser.submit("/first-app", &[("code", &given)]);
            browser.scan();
            given = browser.app().first_code(0);
        }
        let earlier = browser.form(if is_enrolling { "/enrollment" } else { "/first-app" }).unwrap();
        // A form that was under way when the later login began has the earlier cookie.
        let mut late = browser.twin();
        begin(&mut browser, &service, &provider);
        let later = browser.form("/password").unwrap();
        assert_ne!(later, earlier);
        for action in ["/first-app", "/first-app/again", "/enrollment", "/code", "/consent", "/cancel"] {
            let fields = [("code", given.as_str()), ("consent", "yes")];
            browser.post(action, &earlier, &fields);
            assert_eq!((browser.status, &browser.left), (200, &None), "{action}: {}", browser.page);
            assert_eq!(browser.form("/password").as_ref(), Some(&later), "{action}: {}", browser.page);
            assert!(!browser.is_refused(), "{action}: {}", browser.page);
            late.hold = Some("/");
            late.post(action, &earlier, &fields);
            assert!(late.left.is_some() && !late.headers.contains_key("set-cookie"), "{action}: {:?}", late.headers);
        }
        // Nor after the password of the later one.
        browser.give_password(&provider);
        sent += 1;
        let first_app = browser.form("/first-app").unwrap();
        let of_later = code(&message(&provider, MOBILE, sent));
        browser.post("/first-app", &earlier, &[("code", &of_later)]);
        assert_eq!(browser.form("/first-app").as_ref(), Some(&first_app), "{}", browser.page);
        browser.submit("/first-app", &[("code", &of_later)]);
        browser.scan();
        let (shown, of_later) = (key(&browser), browser.app().first_code(0));
        browser.post("/enrollment", &earlier, &[("code", &of_later)]);
        assert_eq!((key(&browser), browser.is_refused()), (shown, false), "{}", browser.page);
        assert_eq!(apps(&provider), 0);
        if is_enrolling {
            browser.confirm_app();
            finish(&mut browser, &service, &provider);
            assert_eq!(apps(&provider), 1);
        }
    }
}

/// Before the password, both tabs have the same cookie. The page names the service that the person logs in to.
#[test]
fn password_of_an_earlier_login_does_not_lead_to_the_later_one() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    begin(&mut browser, &service, &provider);
    let earlier = browser.form("/password").unwrap();
    begin(&mut browser, &service, &provider);
    let later = browser.form("/password").unwrap();
    browser.post("/password", &earlier, &[("user", &provider.user), ("password", &provider.password)]);
    assert_eq!(browser.form("/password"), Some(later), "{}", browser.page);
    browser.give_password(&provider);
    assert!(browser.form("/first-app").is_some(), "{}", browser.page);
}
