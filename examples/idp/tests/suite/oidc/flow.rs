//! Logins at services that end well, or by the person's own choice.

use std::fs;

use serde_json::json;

use crate::support::browser::{Browser, agent};
use crate::support::provider::Provider;
use crate::support::service::{
    CALLBACK, FISCAL_NUMBER, ID, LEVEL_1, LEVEL_2, LEVEL_3, NONCE, STATE, Service, VERIFIER, challenge, claims,
    client_assertion, get, redeem, request_object, userinfo,
};

#[test]
fn login_of_level_2() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);

    let mut request = request_object(&provider, LEVEL_2);
    request["login_hint"] = json!("maria@example.org");
    request["ui_locales"] = json!("de en it");
    let request = service.url(&provider, &request);
    browser.open(&request);
    assert!(browser.page.contains("lang=\"en\"") && browser.page.contains("Signing in to <strong>Comune di Esempio"));
    assert!(browser.page.contains("value=\"maria@example.org\""));
    // A browser compares the answer to each form with this directive.
    let policy = browser.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' https://service.example") && policy.contains("default-src 'none'"));
    browser.give_password(&provider);
    browser.give_code();
    for name in ["First name", "Fiscal code", "Place and province of birth"] {
        assert!(browser.page.contains(&format!("<li>{name}</li>")), "{}", browser.page);
    }
    // The request names it, and the service is not registered for it.
    assert!(!browser.page.contains("<li>Sex</li>"));
    let form = browser.form("/consent").unwrap();
    browser.consent();
    let left = browser.left.clone().unwrap();
    assert!(left.as_str().starts_with(&format!("{CALLBACK}&code=")));
    assert_eq!(browser.answer("state").as_deref(), Some(STATE));
    assert_eq!(browser.answer("iss"), Some(provider.origin.clone()));
    // The second of two clicks gets the same answer.
    browser.post("/consent", &form, &[("consent", "yes")]);
    assert_eq!(browser.left, Some(left));

    let reply = service.exchange(&provider, &browser.answer("code").unwrap());
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.body["token_type"], "Bearer");
    let id_token = reply.body["id_token"].as_str().unwrap();
    let (header, id) = claims(&provider, id_token, ID);
    assert_eq!(format!("{:?}", header.alg), "RS256");
    // The audit log names both messages by their hashes.
    let (_, object) = request.rsplit_once("&request=").unwrap();
    let file = provider.file("audit.json");
    provider.command(&["audit", "export", file.to_str().unwrap()]).unwrap();
    let log = fs::read_to_string(file).unwrap();
    for (name, token) in [("request object", object), ("ID token", id_token)] {
        assert!(log.contains(&format!("{name} {}", challenge(token))), "{name}: {log}");
    }
    assert_eq!((&id["acr"], &id["amr"], &id["nonce"]), (&json!(LEVEL_2), &json!(["pwd", "otp", "mfa"]), &json!(NONCE)));
    assert!(!id.contains_key("given_name") && !id.contains_key(FISCAL_NUMBER));
    let access = reply.body["access_token"].as_str().unwrap();
    let (header, access_claims) = claims(&provider, access, &format!("{}/userinfo", provider.origin));
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!((&access_claims["client_id"], &access_claims["sub"]), (&json!(ID), &id["sub"]));

    let reply = userinfo(&provider, access);
    assert_eq!(reply.status, 200);
    let expected = json!({
        "sub": id["sub"], "given_name": "Maria", FISCAL_NUMBER: "TINIT-RSSMRA80B69H501U",
        "place_of_birth": { "locality": "H501", "region": "RM" },
    });
    assert_eq!(reply.body, expected);
    let posted = agent().post(format!("{}/userinfo", provider.origin));
    let posted = posted.header("Authorization", format!("Bearer {access}")).send_empty().unwrap();
    assert_eq!(posted.status(), 200);
    // No session of the login is left. The own pages still wait for a code.
    browser.open("/security");
    assert!(browser.form("/code").is_some());
}

#[test]
fn longest_request_fits_into_the_session() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut request = request_object(&provider, &format!("{LEVEL_3} {LEVEL_2} {LEVEL_1}"));
    // JSON and queries write these characters with others before them.
    let (state, nonce) = ("\"".repeat(512), "\\".repeat(256));
    (request["state"], request["nonce"]) = (json!(state), json!(nonce));
    request["login_hint"] = json!("\"".repeat(128));
    let mut browser = Browser::new(&provider);
    browser.open(&service.url(&provider, &request));
    // The name that a refused form shows again lies in the session as well.
    let user = "\u{1F600}".repeat(128);
    browser.submit("/password", &[("user", &user), ("password", "wrong")]);
    assert!(browser.is_refused() && browser.page.contains(&user), "{}", browser.page);
    browser.give_password(&provider);
    browser.consent();
    assert_eq!(browser.answer("state"), Some(state));
    let reply = service.exchange(&provider, &browser.answer("code").unwrap());
    let (_, id) = claims(&provider, reply.body["id_token"].as_str().unwrap(), ID);
    assert_eq!(id["nonce"], json!(nonce));
}

#[test]
fn second_use_of_a_code_revokes_the_tokens() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let browser = service.log_in(&provider);
    let code = browser.answer("code").unwrap();
    let reply = service.exchange(&provider, &code);
    let access = reply.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(userinfo(&provider, &access).status, 200);
    let reply = service.exchange(&provider, &code);
    assert_eq!((reply.status, &reply.body["error"]), (400, &json!("invalid_grant")));
    assert_eq!(userinfo(&provider, &access).status, 401);
}

#[test]
fn session_of_level_1_serves_level_1_only() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    let open = |browser: &mut Browser, acr_values, prompt, max_age| {
        let mut request = request_object(&provider, acr_values);
        (request["prompt"], request["max_age"]) = (json!(prompt), json!(max_age));
        browser.open(&service.url(&provider, &request));
    };
    // The session of the person's own pages is of Level 2, and serves no service.
    open(&mut browser, LEVEL_1, "consent", 3600);
    browser.give_password(&provider);
    browser.consent();
    let reply = service.exchange(&provider, &browser.answer("code").unwrap());
    let (_, id) = claims(&provider, reply.body["id_token"].as_str().unwrap(), ID);
    assert_eq!((&id["acr"], &id["amr"]), (&json!(LEVEL_1), &json!(["pwd"])));

    open(&mut browser, LEVEL_1, "consent", 3600);
    assert!(browser.form("/consent").is_some(), "{}", browser.page);
    browser.consent();
    let reply = service.exchange(&provider, &browser.answer("code").unwrap());
    let (_, again) = claims(&provider, reply.body["id_token"].as_str().unwrap(), ID);
    assert_eq!((&again["auth_time"], &again["sub"]), (&id["auth_time"], &id["sub"]));
    for (acr_values, prompt) in [(LEVEL_1, "consent login"), (LEVEL_2, "consent")] {
        open(&mut browser, acr_values, prompt, 3600);
        assert!(browser.form("/password").is_some() && browser.form("/consent").is_none());
    }
    // The person's own pages need a code as well.
    browser.submit("/cancel", &[]);
    browser.open("/security");
    assert!(browser.form("/code").is_some());
}

#[test]
fn preferred_level_that_the_person_can_reach() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    // Level 2 is preferred, and a person without an app can reach Level 1.
    browser.open(&service.url(&provider, &request_object(&provider, &format!("{LEVEL_2} {LEVEL_1}"))));
    browser.give_password(&provider);
    assert!(browser.form("/consent").is_some());
    // No app reaches Level 3.
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_3)));
    browser.give_password(&provider);
    assert!(browser.is_refused());
    browser.follow_link();
    assert_eq!(browser.answer("error").as_deref(), Some("access_denied"));
    assert_eq!(browser.answer("error_description").as_deref(), Some("ErrorCode nr20"));
    assert_eq!(browser.answer("state").as_deref(), Some(STATE));
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_3)));
    browser.give_password(&provider);
    browser.follow_link();
    assert_eq!(browser.answer("error_description").as_deref(), Some("ErrorCode nr20"));
}

/// The session of Level 1 is no way around the first app.
#[test]
fn level_2_after_level_1_activates_a_first_app() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = service.log_in(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_2)));
    assert!(browser.form("/password").is_some() && browser.form("/consent").is_none(), "{}", browser.page);
    browser.give_password(&provider);
    assert!(browser.form("/first-app").is_some() && browser.form("/consent").is_none(), "{}", browser.page);
}

/// A first app reaches Level 2, which the service takes as well.
#[test]
fn level_3_or_2_is_level_2_with_a_first_app() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, &format!("{LEVEL_3} {LEVEL_2}"))));
    browser.give_password(&provider);
    browser.give_activation_code();
    browser.confirm_app();
    browser.give_code();
    browser.consent();
    let reply = service.exchange(&provider, &browser.answer("code").unwrap());
    let (_, id) = claims(&provider, reply.body["id_token"].as_str().unwrap(), ID);
    assert_eq!((&id["acr"], &id["amr"]), (&json!(LEVEL_2), &json!(["pwd", "otp", "mfa"])));
}

#[test]
fn identifiers_are_pairwise() {
    let service = Service::new();
    let other = "https://other.example/callback";
    let clients = [
        service.registration(),
        service.registration_of("https://other.example/", other, ""),
        service.registration_of(
            "https://sister.example/",
            "https://sister.example/callback",
            "sector = \"service.example\"",
        ),
    ];
    let provider = Provider::start(&clients.concat());
    let mut subjects = Vec::new();
    for (id, callback) in [
        (ID, CALLBACK),
        ("https://other.example/", other),
        ("https://sister.example/", "https://sister.example/callback"),
    ] {
        let mut browser = Browser::new(&provider);
        let mut request = request_object(&provider, LEVEL_1);
        (request["iss"], request["client_id"], request["redirect_uri"]) = (json!(id), json!(id), json!(callback));
        browser.open(&service.url(&provider, &request));
        browser.give_password(&provider);
        browser.consent();
        let mut assertion = client_assertion(&provider);
        (assertion["iss"], assertion["sub"]) = (json!(id), json!(id));
        let code = browser.answer("code").unwrap();
        let reply = redeem(&provider, &service.sign(&assertion), &code, callback, VERIFIER);
        let (_, claims) = claims(&provider, reply.body["id_token"].as_str().unwrap(), id);
        subjects.push(claims["sub"].clone());
    }
    assert_ne!(subjects[0], subjects[1]);
    assert_eq!(subjects[0], subjects[2]);
}

#[test]
fn refusal_and_cancel() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    let outcome = |browser: &Browser, expected: &str| {
        assert_eq!(browser.answer("error").as_deref(), Some("access_denied"));
        assert_eq!(browser.answer("error_description").as_deref(), Some(expected));
        assert_eq!(browser.answer("state").as_deref(), Some(STATE));
        assert_eq!(browser.answer("iss"), Some(provider.origin.clone()));
    };
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    let form = browser.form("/cancel").unwrap();
    browser.submit("/cancel", &[]);
    outcome(&browser, "ErrorCode nr25");
    browser.post("/cancel", &form, &[]);
    outcome(&browser, "ErrorCode nr25");

    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    browser.give_password(&provider);
    // The page of another tab is about another request.
    let (mut other, mut form) = (browser.form("/consent").unwrap(), browser.form("/consent").unwrap());
    for (name, value) in &mut other {
        if name == "request" {
            "another".clone_into(value);
        }
    }
    browser.post("/consent", &other, &[("consent", "yes")]);
    assert!(browser.left.is_none() && browser.form("/consent").is_some());
    // A form without the session's token.
    form.retain(|(name, _)| name == "request");
    browser.post("/consent", &form, &[("consent", "yes"), ("form", "0")]);
    assert!(browser.left.is_none());
    browser.submit("/consent", &[("consent", "no")]);
    outcome(&browser, "ErrorCode nr22");
}

#[test]
fn discovery_names_what_there_is() {
    let provider = Provider::start("");
    let document = get(&provider, "/.well-known/openid-configuration").body;
    assert_eq!(document["issuer"], json!(provider.origin));
    for name in ["token_endpoint", "userinfo_endpoint", "jwks_uri", "authorization_endpoint"] {
        let path = document[name].as_str().unwrap().strip_prefix(&provider.origin).unwrap().to_owned();
        assert_ne!(get(&provider, &path).status, 404, "{path}");
    }
    let none_is_symmetric = |name: &str| {
        let algorithms = document[name].as_array().unwrap();
        algorithms.iter().all(|algorithm| ["RS256", "ES256"].contains(&algorithm.as_str().unwrap()))
    };
    assert!(none_is_symmetric("id_token_signing_alg_values_supported"));
    assert!(none_is_symmetric("request_object_signing_alg_values_supported"));
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
}
