//! Logins at services beside the person's own pages in the same browser.

use crate::security::sign_in;
use crate::support::browser::{Browser, agent};
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, LEVEL_3, challenge, url};

const PLAIN: &str = "[[client]]\nid = \"wiki\"\nname = \"Wiki\"\nprofile = \"plain\"\n\
    redirect_uris = [\"https://wiki.example/callback\"]\nsecret = \"0123456789abcdef0123456789abcdef\"\n";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more-than-that";

/// Returns the link of a plain client, which any site can have.
fn link(provider: &Provider, acr_values: Option<&str>) -> String {
    let challenge = challenge(VERIFIER);
    let mut query = vec![
        ("client_id", "wiki"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("redirect_uri", "https://wiki.example/callback"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    query.extend(acr_values.map(|values| ("acr_values", values)));
    url(provider, &query)
}

#[test]
fn login_at_a_service_leaves_the_own_session() {
    let mut provider = Provider::start(PLAIN);
    let mut browser = sign_in(&provider);
    provider.restart("+30s");
    browser.open(&link(&provider, None));
    // The service is no way past the password, and the own pages go on meanwhile.
    assert!(browser.page.contains("Wiki") && browser.form("/password").is_some(), "{}", browser.page);
    let mut tab = browser.clone();
    tab.open("/security");
    assert!(tab.form("/logout").is_some() && !tab.page.contains("Wiki"), "{}", tab.page);
    browser.give_password(&provider);
    assert!(browser.form("/code").is_some());
    tab.open("/security/password");
    assert!(tab.form("/security/password").is_some());
    browser.give_next_code(30);
    browser.consent();
    assert!(browser.answer("code").is_some());
    browser.open("/security");
    assert!(browser.form("/logout").is_some(), "{}", browser.page);

    // A login that is cancelled, and one that nobody ends.
    browser.open(&link(&provider, None));
    browser.submit("/cancel", &[]);
    assert_eq!(browser.answer("error").as_deref(), Some("access_denied"));
    browser.open(&link(&provider, None));
    browser.open("/security");
    assert!(browser.form("/logout").is_some(), "{}", browser.page);
}

/// A form of the service comes without the cookies of the browser. Its answer must not replace them.
#[test]
fn form_of_a_service_leaves_the_own_session() {
    let provider = Provider::start(PLAIN);
    let mut browser = sign_in(&provider);
    let link = link(&provider, None);
    let (path, query) = link.split_once('?').unwrap();
    let request = agent().post(path).content_type("application/x-www-form-urlencoded");
    let response = request.send(query).unwrap();
    assert_eq!(response.status(), 303);
    let set = response.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    assert!(set.into_iter().all(|cookie| !browser.cookie().contains(cookie.split('=').next().unwrap())));
    browser.open("/security");
    assert!(browser.form("/logout").is_some());
}

/// While a login at a service waits, the steps of the own pages go on by their forms.
#[test]
fn steps_of_both_do_not_mix() {
    let mut provider = Provider::start(PLAIN);
    let mut own = sign_in(&provider);
    own.submit("/logout", &[]);
    own.give_password(&provider);
    assert!(own.form("/code").is_some());
    let mut login = own.twin();
    login.open(&link(&provider, None));
    assert!(login.form("/password").is_some());
    provider.restart("+30s");
    own.give_next_code(30);
    assert!(own.form("/logout").is_some(), "{}", own.page);
    login.give_password(&provider);
    assert!(login.form("/code").is_some() && login.page.contains("Wiki"));
}

#[test]
fn another_language_after_the_end_of_a_login_leaves_the_own_session() {
    let provider = Provider::start(PLAIN);
    let mut browser = sign_in(&provider);
    // The service's language comes before that of the own pages.
    browser.open(&format!("{}&ui_locales=it", link(&provider, Some(LEVEL_3))));
    browser.give_password(&provider);
    assert!(browser.is_refused() && browser.page.contains("lang=\"it\""), "{}", browser.page);
    let ended = |browser: &Browser, text: &str| {
        assert!(browser.is_refused() && browser.page.contains(text), "{}", browser.page);
        assert!(browser.page.contains("nr20") && browser.page.contains("Wiki"), "{}", browser.page);
    };
    browser.submit("/language/en", &[]);
    ended(&browser, "The service requires a level");
    browser.open("/ended");
    ended(&browser, "The service requires a level");
    browser.submit("/language/it", &[]);
    ended(&browser, "Il servizio richiede un livello");
    // The own pages have not gone over to it, and are still open.
    browser.open("/security");
    assert!(browser.form("/logout").is_some(), "{}", browser.page);
}

#[test]
fn logout_ends_the_single_sign_on() {
    let provider = Provider::start(PLAIN);
    let mut browser = sign_in(&provider);
    browser.open(&link(&provider, Some(LEVEL_1)));
    browser.give_password(&provider);
    browser.consent();
    browser.open(&link(&provider, Some(LEVEL_1)));
    assert!(browser.form("/consent").is_some(), "{}", browser.page);
    browser.submit("/cancel", &[]);
    browser.open("/security");
    browser.submit("/logout", &[]);
    browser.open(&link(&provider, Some(LEVEL_1)));
    assert!(browser.form("/password").is_some(), "{}", browser.page);
}
