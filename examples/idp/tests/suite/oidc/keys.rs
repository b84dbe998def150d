//! Keys, codes, tokens and logins that time ends, with a clock that is ahead.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::service::{
    CALLBACK, ID, LEVEL_1, STATE, Service, VERIFIER, claims, client_assertion, get, now, redeem, request_object,
    userinfo,
};

const DAY: u64 = 24 * 60 * 60;

fn key_ids(provider: &Provider) -> BTreeSet<String> {
    let keys = get(provider, "/jwks").body["keys"].clone();
    keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn signing_key(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// Logs in by the clock of a provider that is this many seconds ahead, and returns the ID token.
fn id_token(service: &Service, provider: &Provider, ahead: u64) -> String {
    let at = |mut claims: Value| {
        (claims["iat"], claims["exp"]) = (json!(now() + ahead), json!(now() + ahead + 60));
        claims
    };
    let mut browser = Browser::new(provider);
    browser.open(&service.url(provider, &at(request_object(provider, LEVEL_1))));
    browser.give_password(provider);
    browser.consent();
    let assertion = service.sign(&at(client_assertion(provider)));
    let reply = redeem(provider, &assertion, &browser.answer("code").unwrap(), CALLBACK, VERIFIER);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body["id_token"].as_str().unwrap().to_owned()
}

#[test]
fn keys_are_kept_and_replaced() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let first = key_ids(&provider);
    assert_eq!(first.len(), 4, "each algorithm has a key in use, and the next one");
    let keys = get(&provider, "/jwks").body;
    for key in keys["keys"].as_array().unwrap() {
        assert!(key.get("d").is_none() && key["use"] == json!("sig") && key.get("kid").is_some());
    }
    let token = id_token(&service, &provider, 0);
    let old = signing_key(&token);
    assert!(first.contains(&old));

    provider.restart("+0s");
    assert_eq!(key_ids(&provider), first);
    // The old keys are still published when the next ones are used, and gone later.
    provider.restart("+90d");
    let second = key_ids(&provider);
    assert!(first.is_subset(&second) && second.len() == 6, "{second:?}");
    // The key that was published ahead signs from now on, and older tokens still verify.
    let later = id_token(&service, &provider, 90 * DAY);
    let new = signing_key(&later);
    assert!(new != old && first.contains(&new), "{new}");
    let subject = |token: &str| claims(&provider, token, ID).1["sub"].clone();
    assert_eq!(subject(&token), subject(&later));
    provider.restart("+92d");
    let third = key_ids(&provider);
    assert!(third.is_subset(&second) && third.len() == 4 && !third.contains(&old), "{third:?}");
    assert!(third.contains(&new), "{third:?}");
}

/// Somebody may know the keys. They are gone at once, in the provider that runs and on the data of one that is stopped.
#[test]
fn known_keys_are_replaced_at_once() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let browser = service.log_in(&provider);
    let old = service.exchange(&provider, &browser.answer("code").unwrap()).body;
    let (id, access) = (old["id_token"].as_str().unwrap(), old["access_token"].as_str().unwrap());
    assert_eq!(userinfo(&provider, access).status, 200);
    let first = key_ids(&provider);
    assert!(first.contains(&signing_key(id)));

    let said = provider.command(&["replace-signing-keys"]).unwrap();
    assert!(said.starts_with("4 keys are gone"), "{said}");
    let second = key_ids(&provider);
    assert!(second.is_disjoint(&first) && second.len() == 4, "{second:?}");
    assert_eq!(userinfo(&provider, access).status, 401);
    let token = id_token(&service, &provider, 0);
    assert!(second.contains(&signing_key(&token)));
    claims(&provider, &token, ID);

    provider.terminate();
    provider.command(&["replace-signing-keys"]).unwrap();
    provider.restart("+0s");
    let third = key_ids(&provider);
    assert!(third.is_disjoint(&second) && third.len() == 4, "{third:?}");
    claims(&provider, &id_token(&service, &provider, 0), ID);
}

#[test]
fn time_ends_logins_codes_and_tokens() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    let mut late = Browser::new(&provider);
    late.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    let mut code = |provider: &Provider| {
        browser.open(&service.url(provider, &request_object(provider, LEVEL_1)));
        if browser.form("/password").is_some() {
            browser.give_password(provider);
        }
        browser.consent();
        browser.answer("code").unwrap()
    };
    let (used, unused) = (code(&provider), code(&provider));
    let tokens = service.exchange(&provider, &used).body;
    let access = tokens["access_token"].as_str().unwrap();
    provider.restart("+59m");
    assert_eq!(userinfo(&provider, access).status, 401);
    late.give_password(&provider);
    late.follow_link();
    assert_eq!(late.answer("error_description").as_deref(), Some("ErrorCode nr21"));
    assert_eq!(late.answer("state").as_deref(), Some(STATE));
    let mut assertion = client_assertion(&provider);
    (assertion["iat"], assertion["exp"]) = (json!(now() + 3540), json!(now() + 3600));
    let assertion = service.sign(&assertion);
    let reply = redeem(&provider, &assertion, &unused, CALLBACK, VERIFIER);
    assert_eq!((reply.status, &reply.body["error"]), (400, &json!("invalid_grant")));
}
