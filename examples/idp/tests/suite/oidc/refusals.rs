//! Requests that the provider refuses, each with its error.

use std::fs;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::support::browser::{Browser, agent};
use crate::support::provider::Provider;
use crate::support::service::{
    CALLBACK, ID, LEVEL_1, LEVEL_2, Reply, STATE, Service, VERIFIER, challenge, client_assertion, now, redeem,
    request_object, token, url, userinfo,
};

/// A plain client with a secret, and one without.
const PLAIN: &str = r#"
[[client]]
id = "wiki"
name = "Wiki"
profile = "plain"
secret = "a secret of the wiki, of 32 characters"
redirect_uris = ["https://wiki.example/callback"]

[[client]]
id = "app"
name = "App"
profile = "plain"
redirect_uris = ["org.example.app:/callback"]
"#;

#[test]
fn request_of_an_unknown_sender_goes_nowhere() {
    let service = Service::new();
    let provider = Provider::start(&format!("{}{PLAIN}", service.registration()));
    let mut browser = Browser::new(&provider);
    let mut refused = |url: &str, reason: &str| {
        browser.open(url);
        assert_eq!((browser.status, &browser.left), (400, &None), "{reason}: {}", browser.page);
        assert!(browser.page.contains(reason), "{reason}: {}", browser.page);
    };
    let base = request_object(&provider, LEVEL_1);
    let changed = |name: &str, value: Value| {
        let mut request = base.clone();
        request[name] = value;
        service.url(&provider, &request)
    };
    let with = |token: &str| url(&provider, &[("client_id", ID), ("request", token)]);
    let is_not_right = "signature, issuer, audience or time is not right";
    refused(&url(&provider, &[("client_id", "nobody")]), "unknown client_id");
    refused(&format!("{}&client_id=wiki", url(&provider, &[("client_id", ID)])), "more than once");
    for uri in ["https://attacker.example/", "https://service.example/callback", &format!("{CALLBACK}&x=y")] {
        refused(&changed("redirect_uri", json!(uri)), "redirect_uri is not registered");
    }
    refused(&changed("aud", json!("https://another.example")), is_not_right);
    refused(&changed("iss", json!("wiki")), is_not_right);
    refused(&changed("exp", json!(now() - 120)), is_not_right);
    refused(&changed("exp", json!(now() + 100_000)), "lives too long");
    refused(&changed("iat", json!(now() + 600)), "of the future");
    refused(&changed("iat", Value::Null), "needs iat and exp");

    // Another key, and the tricks with algorithms: none, and the public key as a secret.
    refused(&with(&Service::new().sign(&base)), is_not_right);
    let signed = service.sign(&base);
    let payload = signed.split('.').nth(1).unwrap();
    refused(&with(&format!("eyJhbGciOiJub25lIn0.{payload}.")), "algorithm is not supported");
    let pair = aws_lc_rs::signature::RsaKeyPair::from_pkcs8(pem::parse(&service.pem).unwrap().contents()).unwrap();
    let public: PublicKeyX509Der<'_> = aws_lc_rs::signature::KeyPair::public_key(&pair).as_der().unwrap();
    let header = Header { kid: Some("key-1".into()), ..Header::new(Algorithm::HS256) };
    refused(&with(&encode(&header, &base, &EncodingKey::from_secret(public.as_ref())).unwrap()), is_not_right);
    let header = Header { kid: Some("key-2".into()), ..Header::new(Algorithm::RS256) };
    refused(&with(&encode(&header, &base, &service.key).unwrap()), "no key of this id");
    // An assertion for the token endpoint is no request.
    refused(&with(&service.sign(&client_assertion(&provider))), is_not_right);

    // A request object that another browser used.
    let other = agent().get(with(&signed)).header("User-Agent", "another").call().unwrap();
    assert_eq!(other.status().as_u16(), 303);
    refused(&with(&signed), "used before");
}

#[test]
fn same_browser_may_load_a_request_again() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    let url = service.url(&provider, &request_object(&provider, LEVEL_1));
    browser.open(&url);
    browser.open(&url);
    assert!(browser.form("/password").is_some());
}

/// From an ECDSA signature (r, s), anybody can make (r, n - s), which is valid as well.
#[test]
fn request_with_another_form_of_its_signature_is_used() {
    // The order of P-256 (SEC 2, section 2.4.2).
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    let service = Service::with_curve();
    let provider = Provider::start(&service.registration());
    let request = service.sign(&request_object(&provider, LEVEL_1));
    let (claims, signature) = request.rsplit_once('.').unwrap();
    let mut signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
    let order = base16ct::lower::decode_vec(ORDER).unwrap();
    let mut borrow = 0;
    for (digit, of_order) in signature[32..].iter_mut().zip(order).rev() {
        let difference = i16::from(of_order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let other = format!("{claims}.{}", Base64UrlUnpadded::encode_string(&signature));
    for (request, status) in [(&request, 200), (&other, 400)] {
        let mut browser = Browser::new(&provider);
        let query = [("client_id", ID), ("response_type", "code"), ("scope", "openid"), ("request", request.as_str())];
        browser.open(&url(&provider, &query));
        assert_eq!(browser.status, status, "{}", browser.page);
    }
}

#[test]
fn wrong_request_of_a_known_service_gets_an_error() {
    let service = Service::new();
    let provider = Provider::start(&format!("{}{PLAIN}", service.registration()));
    let mut browser = Browser::new(&provider);
    let mut answered = |url: &str, error: &str, state: Option<&str>| {
        browser.open(url);
        assert_eq!(browser.answer("error").as_deref(), Some(error), "{url}");
        assert_eq!(browser.answer("state").as_deref(), state);
        assert_eq!(browser.answer("iss"), Some(provider.origin.clone()));
    };
    for (name, value, error) in [
        ("response_type", json!("id_token"), "invalid_request"),
        ("response_mode", json!("fragment"), "invalid_request"),
        ("scope", json!("profile"), "invalid_scope"),
        ("nonce", json!("short"), "invalid_request"),
        ("nonce", Value::Null, "invalid_request"),
        ("nonce", json!("n".repeat(257)), "invalid_request"),
        ("code_challenge", json!(""), "invalid_request"),
        ("code_challenge", json!("short"), "invalid_request"),
        ("code_challenge_method", json!("plain"), "invalid_request"),
        ("code_challenge_method", json!(""), "invalid_request"),
        ("acr_values", json!("https://www.spid.gov.it/SpidL4"), "invalid_request"),
        ("acr_values", json!(""), "invalid_request"),
        ("prompt", json!("none"), "invalid_request"),
        ("prompt", json!("login"), "invalid_request"),
        ("max_age", json!("old"), "invalid_request"),
        ("claims", json!("given_name"), "invalid_request"),
    ] {
        let mut request = request_object(&provider, LEVEL_1);
        request[name] = value;
        answered(&service.url(&provider, &request), error, Some(STATE));
    }
    let mut request = request_object(&provider, LEVEL_1);
    request["state"] = json!("short");
    answered(&service.url(&provider, &request), "invalid_request", Some("short"));
    let query = [("client_id", ID), ("redirect_uri", CALLBACK), ("response_type", "code"), ("scope", "openid")];
    answered(&url(&provider, &query), "invalid_request", None);
    let object = service.url(&provider, &request_object(&provider, LEVEL_1));
    answered(&format!("{object}&request_uri=https://service.example/"), "request_uri_not_supported", Some(STATE));
    let plain = [("client_id", "wiki"), ("redirect_uri", "https://wiki.example/callback"), ("scope", "openid")];
    answered(&url(&provider, &plain), "invalid_request", None);
    let token = [&plain[..], &[("response_type", "token")]].concat();
    answered(&url(&provider, &token), "unsupported_response_type", None);
    // PKCE is needed by plain clients too.
    answered(&url(&provider, &[&plain[..], &[("response_type", "code")]].concat()), "invalid_request", None);
    let challenge = challenge(VERIFIER);
    let silent = [
        ("response_type", "code"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("prompt", "none"),
    ];
    answered(&url(&provider, &[&plain[..], &silent].concat()), "consent_required", None);
}

#[test]
fn wrong_call_of_the_token_endpoint_gets_no_token() {
    let service = Service::new();
    let provider = Provider::start(&format!("{}{PLAIN}", service.registration()));
    let mut browser = Browser::new(&provider);
    let mut code = || {
        browser.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
        if browser.form("/password").is_some() {
            browser.give_password(&provider);
        }
        browser.consent();
        browser.answer("code").unwrap()
    };
    let error = |reply: Reply, status: u16, error: &str| {
        assert_eq!((reply.status, reply.body["error"].as_str()), (status, Some(error)), "{reply:?}");
        assert!(reply.body.get("access_token").is_none());
    };
    let first = code();
    let with = |name: &str, value: Value| {
        let mut assertion = client_assertion(&provider);
        assertion[name] = value;
        redeem(&provider, &service.sign(&assertion), &first, CALLBACK, VERIFIER)
    };
    let endpoint = format!("{}/token", provider.origin);
    error(with("aud", json!(provider.origin)), 401, "invalid_client");
    error(with("aud", json!([endpoint, "https://another.example"])), 401, "invalid_client");
    error(with("sub", json!("wiki")), 401, "invalid_client");
    error(with("iss", json!("wiki")), 401, "invalid_client");
    error(with("jti", Value::Null), 401, "invalid_client");
    error(with("exp", json!(now() - 120)), 401, "invalid_client");
    let foreign = Service::new().sign(&client_assertion(&provider));
    error(redeem(&provider, &foreign, &first, CALLBACK, VERIFIER), 401, "invalid_client");
    let form = [("grant_type", "authorization_code"), ("code", first.as_str()), ("redirect_uri", CALLBACK)];
    let form = [&form[..], &[("code_verifier", VERIFIER), ("client_id", ID)]].concat();
    error(token(&provider, &form), 401, "invalid_client");
    error(token(&provider, &[&form[..], &[("client_secret", "x")]].concat()), 401, "invalid_client");
    // The code of one client in the hands of another, which does not use it up.
    let as_app = [("grant_type", "authorization_code"), ("code", first.as_str()), ("redirect_uri", CALLBACK)];
    let as_app = [&as_app[..], &[("code_verifier", VERIFIER), ("client_id", "app")]].concat();
    error(token(&provider, &as_app), 400, "invalid_grant");
    // None of these used the code up. An assertion is taken once.
    let assertion = service.sign(&client_assertion(&provider));
    let reply = redeem(&provider, &assertion, &first, CALLBACK, VERIFIER);
    assert_eq!(reply.status, 200, "{reply:?}");
    let second = code();
    error(redeem(&provider, &assertion, &second, CALLBACK, VERIFIER), 401, "invalid_client");

    // A wrong verifier, or the redirect URI of another request, uses the code up.
    for (uri, verifier) in
        [(CALLBACK, "another-verifier-of-forty-three-characters-or-more"), ("https://x.example/", VERIFIER)]
    {
        let code = code();
        let assertion = service.sign(&client_assertion(&provider));
        error(redeem(&provider, &assertion, &code, uri, verifier), 400, "invalid_grant");
        error(service.exchange(&provider, &code), 400, "invalid_grant");
    }
    let assertion = service.sign(&client_assertion(&provider));
    error(redeem(&provider, &assertion, "no-code", CALLBACK, VERIFIER), 400, "invalid_grant");
    error(redeem(&provider, &assertion, "", CALLBACK, VERIFIER), 401, "invalid_client");
    for secret in ["", "a secret of the wiki, of 31 characters"] {
        error(token(&provider, &[("client_id", "wiki"), ("client_secret", secret)]), 401, "invalid_client");
    }
    let secret = "a secret of the wiki, of 32 characters";
    error(token(&provider, &[("client_id", "wiki"), ("client_secret", secret)]), 400, "unsupported_grant_type");
}

#[test]
fn wrong_token_reads_no_attributes() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let browser = service.log_in(&provider);
    let tokens = service.exchange(&provider, &browser.answer("code").unwrap()).body;
    let (access, id) = (tokens["access_token"].as_str().unwrap(), tokens["id_token"].as_str().unwrap());
    assert_eq!(userinfo(&provider, access).status, 200);
    // An ID token has the same key, and is no access token.
    for wrong in ["", "x", id, &access[..access.len() - 8]] {
        assert_eq!(userinfo(&provider, wrong).status, 401, "{wrong}");
    }
    let post = agent().post(format!("{}/userinfo", provider.origin)).send("").unwrap();
    assert_eq!(post.status().as_u16(), 401);
}

/// The parameters outside of the request object are only there for OAuth.
#[test]
fn parameters_inside_the_request_object_count() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    let outside = Serializer::new(String::new())
        .extend_pairs([
            ("redirect_uri", "https://attacker.example/"),
            ("state", "x"),
            ("acr_values", LEVEL_1),
            ("prompt", "consent"),
        ])
        .finish();
    let mut request = request_object(&provider, LEVEL_2);
    request["prompt"] = json!("consent login");
    browser.open(&format!("{}&{outside}", service.url(&provider, &request)));
    browser.give_password(&provider);
    assert!(browser.form("/code").is_some(), "{}", browser.page);
    browser.give_next_code(0);
    browser.consent();
    let left = browser.left.clone().unwrap();
    assert!(left.as_str().starts_with(CALLBACK), "{left}");
    assert_eq!(browser.answer("state").as_deref(), Some(STATE));
}

#[test]
fn wrong_passwords_end_the_login() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    for wrong in 0..4 {
        browser.submit("/password", &[("user", &provider.user), ("password", &format!("wrong {wrong}"))]);
        assert!(browser.form("/password").is_some());
    }
    let form = browser.form("/password").unwrap();
    // The second of two clicks gets the same answer.
    for _ in 0..2 {
        browser.post("/password", &form, &[("user", &provider.user), ("password", "wrong")]);
        assert!(browser.is_refused());
        let mut back = browser.clone();
        back.follow_link();
        assert_eq!(back.answer("error_description").as_deref(), Some("ErrorCode nr19"));
    }
}

#[test]
fn wrong_codes_end_the_login() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_2)));
    browser.give_password(&provider);
    for wrong in 0..5 {
        assert!(browser.form("/code").is_some(), "{}", browser.page);
        browser.submit("/code", &[("code", &format!("00000{wrong}"))]);
    }
    assert!(browser.page.contains("Potrai riprovare a partire da: "), "{}", browser.page);
    browser.follow_link();
    assert_eq!(browser.answer("error_description").as_deref(), Some("ErrorCode nr19"));
}

#[test]
fn blocked_credentials_end_the_login() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    // A token without recovery codes.
    let line = format!("HOTP/E/6\t{}\t-\t3132333435363738393031323334353637383930\t1\n", provider.user);
    fs::write(provider.file("tokens"), line).unwrap();
    provider.command(&["import", "tokens", "--operator", "anna"]).unwrap();
    let begin = |provider: &Provider| {
        let mut browser = Browser::new(provider);
        browser.open(&service.url(provider, &request_object(provider, LEVEL_2)));
        browser.give_password(provider);
        browser
    };
    let assert_blocked = |mut browser: Browser, reason: &str| {
        assert!(browser.page.contains(reason), "{}", browser.page);
        browser.follow_link();
        assert_eq!(browser.answer("error_description").as_deref(), Some("ErrorCode nr23"));
    };
    let by = |provider: &Provider, arguments: &[&str]| {
        provider.command(&[&["admin"], arguments, &["--operator", "anna", "--reason", "lost"]].concat()).unwrap();
    };
    by(&provider, &["suspend", &provider.user, "--device", "1"]);
    assert_blocked(begin(&provider), "sospese o revocate");
    by(&provider, &["resume", &provider.user, "--device", "1"]);

    let mut pending = begin(&provider);
    let mut own = Browser::new(&provider);
    own.open("/");
    own.give_password(&provider);
    for wrong in 0..5 {
        own.submit("/code", &[("code", &format!("00000{wrong}"))]);
    }
    let locked = "Potrai riprovare a partire da: ";
    assert!(own.page.contains(locked) && own.form("/code").is_none(), "{}", own.page);
    assert_blocked(begin(&provider), locked);
    pending.open("/choice");
    assert_blocked(pending, locked);
    // The lock does not close the recovery codes.
    provider.give_recovery_codes();
    let mut open = begin(&provider);
    open.open("/choice");
    open.submit("/choice", &[("way", "recovery")]);
    assert!(open.form("/recovery-code").is_some(), "{}", open.page);
    by(&provider, &["unlock", &provider.user]);
    assert!(begin(&provider).form("/code").is_some());
}

#[test]
fn form_of_another_site_is_refused() {
    let service = Service::new();
    let provider = Provider::start(&service.registration());
    let send = |path: &str| {
        let request = agent().post(format!("{}{path}", provider.origin));
        let request = request.header("Origin", "https://attacker.example");
        request.content_type("application/x-www-form-urlencoded").send("client_id=x").unwrap().status().as_u16()
    };
    assert_eq!(send("/consent"), 403);
    assert_eq!(send("/cancel"), 403);
    // A service may send its request as a form.
    assert_eq!(send("/authorize"), 400);
    let long = "x".repeat(20_000);
    let request = agent().post(format!("{}/token", provider.origin));
    let request = request.content_type("application/x-www-form-urlencoded");
    assert_eq!(request.send(&long).unwrap().status().as_u16(), 413);
}

#[test]
fn wrong_registration_stops_the_start() {
    let service = Service::new();
    let wrong = |clients: &str, reason: &str| {
        let error = Provider::refuse(clients);
        assert!(error.contains(reason), "{reason}: {error}");
    };
    let plain = |more: &str| format!("[[client]]\nid = \"x\"\nname = \"X\"\nprofile = \"plain\"\n{more}");
    wrong(&service.registration().repeat(2), "registered twice");
    wrong(&service.registration_of(ID, "http://service.example/", ""), "must have https");
    wrong(&service.registration_of(ID, "https://service.example/#x", ""), "without a fragment");
    wrong(&service.registration_of(ID, "javascript:alert(1)", ""), "must have https");
    wrong(&service.registration_of(ID, CALLBACK, "secret = \"x\""), "keys, and no secret");
    wrong(&service.registration_of(ID, CALLBACK, "id_token_alg = \"HS256\""), "RS256 or ES256");
    wrong(&plain("redirect_uris = [\"https://a.example/\", \"https://b.example/\"]"), "need a sector");
    wrong(&plain("redirect_uris = [\"https://a.example/\"]\nsecret = \"short\""), "32 characters");
    wrong(&plain("redirect_uris = [\"https://a.example/\"]\nattributes = [\"nickname\"]"), "is no attribute");
    wrong(&plain("redirect_uris = []"), "redirect_uris is empty");
}

/// Returns the registration of a service with an RSA key that has this modulus.
fn with_modulus(modulus: &[u8]) -> String {
    let modulus = Base64UrlUnpadded::encode_string(modulus);
    format!(
        r#"
        [[client]]
        id = "{ID}"
        name = "X"
        redirect_uris = ["{CALLBACK}"]
        jwks = {{ keys = [{{ kid = "key-7", kty = "RSA", n = "{modulus}", e = "AQAB" }}] }}
        "#
    )
}

/// RFC 7518 section 3.3: RSA keys have 2,048 bits or more.
#[test]
fn short_rsa_key_of_a_client_stops_the_start() {
    let first = |byte: u8, length: usize| [&[byte][..], &vec![0xC5; length - 1]].concat();
    for (modulus, bits) in [(first(0xC5, 128), 1024), (first(0x7F, 256), 2047), (first(0x00, 256), 2040)] {
        let error = Provider::refuse(&with_modulus(&modulus));
        let expected = format!("client {ID}: the RSA key key-7 of jwks has {bits} bits, and needs 2048");
        assert!(error.contains(&expected), "{error}");
    }
    // Zeros before the number are no bits of it.
    let provider = Provider::start(&with_modulus(&[&[0], first(0x80, 256).as_slice()].concat()));
    assert!(provider.command(&["check"]).unwrap().contains("1 service"));
    fs::write(provider.file("idp.toml"), with_modulus(&first(0xC5, 128))).unwrap();
    let problem = provider.command(&["check"]).unwrap_err();
    assert!(problem.contains(ID) && problem.contains("1024 bits"), "{problem}");
}

/// RFC 6749 section 5.2: a malformed request gets `invalid_request` in JSON, whatever its type.
#[test]
fn token_request_of_another_type() {
    let provider = Provider::start("");
    let request = agent().post(format!("{}/token", provider.origin)).content_type("application/json");
    let mut response = request.send("{}").unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.body_mut().read_to_string().unwrap().contains("\"error\":\"invalid_request\""));
}
