//! The attributes that a service gets, with SPID's names and forms of values.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, Service, request_object, userinfo};

const SPID: &str = "https://attributes.eid.gov.it/";

/// Logs a person in at a service that asks for all eleven attributes, and returns the answer of userinfo.
fn all_attributes(provider: &Provider, service: &Service, user: &str, password: &str) -> Value {
    let mut request = request_object(provider, LEVEL_1);
    request["claims"]["userinfo"] = names().into_iter().map(|name| (name, Value::Null)).collect();
    let mut browser = Browser::new(provider);
    browser.open(&service.url(provider, &request));
    browser.submit("/password", &[("user", user), ("password", password)]);
    browser.consent();
    let tokens = service.exchange(provider, &browser.answer("code").unwrap()).body;
    let reply = userinfo(provider, tokens["access_token"].as_str().unwrap());
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

/// Returns the names of the eleven attributes.
fn names() -> Vec<String> {
    let of_spid = ["spid_code", "fiscal_number", "e_delivery_service", "eid_exp_date"];
    let standard = ["given_name", "family_name", "gender", "birthdate", "place_of_birth", "phone_number", "email"];
    of_spid.into_iter().map(|name| format!("{SPID}{name}")).chain(standard.map(ToOwned::to_owned)).collect()
}

/// Returns a text of the answer, which differs from provider to provider.
fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned()
}

#[test]
fn all_eleven_attributes_in_one_login() {
    let service = Service::new();
    let registration = service.registration();
    let (before, rest) = registration.split_once("attributes = [").unwrap();
    let registration = format!("{before}attributes = {:?}\n{}", names(), rest.split_once(']').unwrap().1);
    let provider = Provider::start(&registration);
    let answer = all_attributes(&provider, &service, &provider.user, &provider.password);
    let code = text(&answer, &format!("{SPID}spid_code"));
    let (issuer, number) = code.split_at(4);
    assert!(issuer.bytes().all(|letter| letter.is_ascii_uppercase()), "{code}");
    assert_eq!(number.len(), 10, "{code}");
    assert!(number.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{code}");
    let expected = json!({
        "sub": text(&answer, "sub"),
        "https://attributes.eid.gov.it/spid_code": code,
        "https://attributes.eid.gov.it/fiscal_number": "TINIT-RSSMRA80B69H501U",
        "given_name": "Maria",
        "family_name": "Rossi",
        "gender": "female",
        "birthdate": "1980-02-29",
        "place_of_birth": { "locality": "H501", "region": "RM" },
        "phone_number": "+393330000000",
        "email": "maria.rossi@example.org",
        "https://attributes.eid.gov.it/e_delivery_service": "maria.rossi@pec.example.org",
        "https://attributes.eid.gov.it/eid_exp_date": "2036-12-31",
    });
    assert_eq!(answer, expected);

    // A person without a digital address has no such attribute, and no empty one.
    let (user, password) = &provider.operator;
    let other = all_attributes(&provider, &service, user, password);
    assert_eq!((other.as_object().unwrap().len(), &other["given_name"]), (11, &json!("Anna")));
    assert!(other.get(format!("{SPID}e_delivery_service")).is_none());
    assert!(text(&other, "sub") != text(&answer, "sub") && text(&other, &format!("{SPID}spid_code")) != code);
}
