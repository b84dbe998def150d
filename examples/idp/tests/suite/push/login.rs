//! Logins that an app approves.

use serde_json::json;

use super::phone::{Phone, call, changed, enrolled, field, give_password, number, other_than};
use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::service::{ID, LEVEL_2, Service, claims, request_object};

/// The state of a login that leads to the first page.
const DONE: &str = r#"{"page":"/","state":"done"}"#;

/// Activates an app.
fn bound(provider: &Provider) -> Phone {
    Phone::bind(provider, &mut enrolled(provider), 1)
}

/// Asks for the state of the login as the script of the page does.
fn state(browser: &mut Browser) -> String {
    let form = browser.form("/push/approved").unwrap();
    let page = browser.page.clone();
    browser.post("/push/state", &form, &[]);
    assert_eq!(browser.status, 200);
    std::mem::replace(&mut browser.page, page)
}

#[test]
fn login_at_a_service() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut phone = bound(&provider);
    let mut browser = Browser::new(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_2)));
    browser.give_password(&provider);
    browser.submit("/push", &[]);
    let policy = browser.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'; connect-src 'self'") && policy.contains("https://service.example"));
    let shown = number(&browser);
    assert_eq!(state(&mut browser), r#"{"state":"waiting"}"#);
    let challenge = phone.challenge(&provider);
    assert!(challenge.contains(r#""relying_party":"Comune di Esempio""#) && !challenge.contains(&shown));
    assert_eq!(phone.accept(&provider, &shown), (200, json!({ "verdict": "accept" })));
    assert!(phone.challenges(&provider).is_empty());
    let form = browser.form("/push/approved").unwrap();
    assert_eq!(state(&mut browser), DONE);
    // The answer was lost, or the person presses the button as well.
    assert_eq!(state(&mut browser), DONE);
    browser.post("/push/approved", &form, &[]);
    browser.open("/");
    browser.consent();
    let reply = service.exchange(&provider, &browser.answer("code").unwrap());
    let (_, id) = claims(&provider, reply.body["id_token"].as_str().unwrap(), ID);
    assert_eq!((&id["acr"], &id["amr"]), (&json!(LEVEL_2), &json!(["pwd", "pop", "mfa"])));
}

#[test]
fn login_without_javascript() {
    let provider = Provider::start("");
    let mut phone = bound(&provider);
    let mut browser = give_password(&provider);
    let form = browser.form("/push").unwrap();
    browser.submit("/push", &[]);
    let shown = number(&browser);
    browser.submit("/push/approved", &[]);
    assert!(browser.page.contains("non ha ancora risposto"));
    // The second of two clicks, the back button, and a page that is loaded again.
    browser.post("/push", &form, &[]);
    assert_eq!(number(&browser), shown);
    browser.open("/");
    browser.submit("/push", &[]);
    assert_eq!(number(&browser), shown);
    browser.open("/push");
    assert_eq!(number(&browser), shown);
    assert_eq!(phone.challenges(&provider).len(), 1);
    let challenge = phone.challenge(&provider);
    assert_eq!(phone.accept(&provider, &shown).0, 200);
    // An approval counts for the browser that began the login, and for no other.
    let mut other = give_password(&provider);
    other.submit("/push", &[]);
    other.submit("/push/approved", &[]);
    assert!(other.form("/push/approved").is_some());
    let approved = browser.form("/push/approved").unwrap();
    // The same form was refused a moment ago.
    browser.submit("/push/approved", &[]);
    assert!(browser.form("/logout").is_some() && !browser.is_refused(), "{}", browser.page);
    browser.post("/push/approved", &approved, &[]);
    assert!(browser.form("/logout").is_some() && !browser.is_refused(), "{}", browser.page);
    browser.open("/push");
    assert!(browser.form("/logout").is_some());
    let late = phone.denial(&challenge);
    assert_eq!(call(&provider, "answer", &late), (403, json!({ "error": "answered" })));
}

#[test]
fn wrong_number_is_a_failure() {
    let provider = Provider::start("");
    let mut phone = bound(&provider);
    let mut browser = give_password(&provider);
    browser.submit("/push", &[]);
    let shown = number(&browser);
    let challenge = phone.challenge(&provider);
    let wrong = phone.acceptance(&challenge, &other_than(&shown));
    assert_eq!(call(&provider, "answer", &wrong), (403, json!({ "error": "wrong" })));
    let right = phone.acceptance(&challenge, &shown);
    assert_eq!(call(&provider, "answer", &right), (403, json!({ "error": "answered" })));
    assert_eq!(state(&mut browser), r#"{"state":"ended"}"#);
    browser.submit("/push/approved", &[]);
    assert!(browser.page.contains("non è quello mostrato") && browser.page.contains("Tentativi rimanenti: 4"));
    browser.submit("/push", &[]);
    assert_eq!(phone.accept(&provider, &number(&browser)).0, 200);
    browser.submit("/push/approved", &[]);
    assert!(browser.form("/logout").is_some());
}

#[test]
fn forged_answers_change_nothing() {
    let provider = Provider::start("");
    let mut phone = bound(&provider);
    let mut operator = Browser::new(&provider);
    operator.enroll_as(&provider.operator.0, &provider.operator.1);
    operator.give_code();
    let mut other = Phone::bind(&provider, &mut operator, 2);
    let mut browser = give_password(&provider);
    browser.submit("/push", &[]);
    let shown = number(&browser);
    let challenge = phone.challenge(&provider);
    assert!(other.challenges(&provider).is_empty());
    // The other person's app signs the challenge as its own.
    let mut asking = Browser::new(&provider);
    asking.open("/");
    asking.submit("/password", &[("user", &provider.operator.0), ("password", &provider.operator.1)]);
    asking.submit("/push", &[]);
    let message = other.challenge(&provider);
    let own = other.acceptance(&message, &number(&asking));
    let theirs = phone.acceptance(&challenge, &shown);
    let refused = |message: &str, error: &str| {
        assert_eq!(call(&provider, "answer", message), (403, json!({ "error": error })));
    };
    let swapped = changed(&theirs, "signature", field(&own, "signature"));
    refused(&swapped, "signature");
    refused(&changed(&swapped, "device", field(&own, "device")), "other_device");
    refused(&changed(&own, "account", field(&theirs, "account")), "unknown_challenge");
    refused(&changed(&theirs, "verdict", "deny"), "signature");
    assert_eq!(state(&mut browser), r#"{"state":"waiting"}"#);
    assert_eq!(phone.accept(&provider, &shown).0, 200);
    assert_eq!(state(&mut browser), r#"{"page":"/security","state":"done"}"#);
}

/// The script goes on to the page that asked for the login, as the button does.
#[test]
fn script_leads_to_the_page_that_asked() {
    let provider = Provider::start("");
    let (user, password) = &provider.operator;
    let mut operator = Browser::new(&provider);
    operator.enroll_as(user, password);
    operator.give_code();
    let mut phone = Phone::bind(&provider, &mut operator, 1);
    let mut browser = Browser::new(&provider);
    browser.open("/admin");
    browser.submit("/password", &[("user", user), ("password", password)]);
    browser.submit("/push", &[]);
    assert_eq!(phone.accept(&provider, &number(&browser)).0, 200);
    assert_eq!(state(&mut browser), r#"{"page":"/admin","state":"done"}"#);
    browser.open("/admin");
    assert!(browser.form("/admin/find").is_some(), "{}", browser.page);
}

/// Returns the numbers of the apps on the page, and the texts of their buttons.
fn apps(browser: &Browser) -> Vec<(String, String)> {
    let forms = browser.page.split("name=\"device\" value=\"").skip(1);
    let app = |form: &str| {
        let (number, rest) = form.split_once("\"><button>").unwrap();
        (number.to_owned(), rest.split('<').next().unwrap().to_owned())
    };
    forms.map(app).collect()
}

/// Sends a push to the app with this number.
fn choose(browser: &mut Browser, number: &str) {
    let form = browser.form("/push").unwrap().into_iter().filter(|(name, _)| name != "device").collect::<Vec<_>>();
    browser.post("/push", &form, &[("device", number)]);
}

#[test]
fn person_chooses_among_several_apps() {
    let provider = Provider::start("");
    let mut own = enrolled(&provider);
    let mut first = Phone::bind(&provider, &mut own, 1);
    let mut browser = give_password(&provider);
    // A single app needs no name.
    assert!(browser.page.contains("<button>Notifica nell'app</button>"), "{}", browser.page);
    let mut second = Phone::bind(&provider, &mut own, 2);
    browser.open("/");
    let texts = |browser: &Browser| apps(browser).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(texts(&browser), ["Notifica nell'app: app", "Notifica nell'app: app 2"]);
    browser.submit("/language/en", &[]);
    assert_eq!(texts(&browser), ["Notification in the app: app", "Notification in the app: app 2"]);
    let numbers: Vec<_> = apps(&browser).into_iter().map(|(number, _)| number).collect();
    let rename = format!("/security/device/{}", numbers[1]);
    own.open(&rename);
    own.submit(&format!("{rename}/name"), &[("name", "Telefono di lavoro")]);
    browser.open("/");
    assert_eq!(texts(&browser)[1], "Notification in the app: Telefono di lavoro");

    choose(&mut browser, &numbers[1]);
    assert!(browser.page.contains("Device: Telefono di lavoro."), "{}", browser.page);
    assert!(first.challenges(&provider).is_empty());
    // The button of the other app sends no other push.
    let shown = number(&browser);
    browser.open("/");
    choose(&mut browser, &numbers[0]);
    assert_eq!(number(&browser), shown);
    assert!(first.challenges(&provider).is_empty());
    assert_eq!(second.accept(&provider, &shown).0, 200);
    browser.submit("/push/approved", &[]);
    assert!(browser.form("/logout").is_some(), "{}", browser.page);

    let mut browser = give_password(&provider);
    choose(&mut browser, &numbers[0]);
    assert!(second.challenges(&provider).is_empty());
    assert_eq!(first.accept(&provider, &number(&browser)).0, 200);
    browser.submit("/push/approved", &[]);
    // An app that is no longer there gets no push, and neither does another one in its place.
    own.open(&rename);
    own.submit(&format!("{rename}/remove"), &[]);
    let mut browser = give_password(&provider);
    choose(&mut browser, &numbers[1]);
    assert!(browser.is_refused() && first.challenges(&provider).is_empty(), "{}", browser.page);
}
