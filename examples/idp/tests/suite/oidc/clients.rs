//! Logins with clients that others wrote: `openidconnect` of Rust, Authlib of Python, and `openid-client` of Node.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse,
};
use serde_json::{Value, json};

use crate::support::browser::{Browser, agent};
use crate::support::installed::{installed, npm, source, succeed};
use crate::support::provider::Provider;
use crate::support::service::{FISCAL_NUMBER, LEVEL_1, LEVEL_2, Service};

/// Sends a request of `openidconnect`.
fn http(request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let mut response = agent().run(request)?;
    let body = response.body_mut().read_to_vec()?;
    Ok(response.map(|_| body))
}

#[test]
fn openidconnect() {
    let secret = "a secret: with / and + & of 32 characters";
    let provider = Provider::start(&format!(
        r#"
        [[client]]
        id = "wiki"
        name = "Wiki"
        profile = "plain"
        secret = "{secret}"
        redirect_uris = ["https://wiki.example/callback"]
        attributes = ["given_name", "family_name", "email"]
        id_token_alg = "ES256"
        "#
    ));
    let issuer = IssuerUrl::new(provider.origin.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover(&issuer, &http).unwrap();
    let secret = ClientSecret::new(secret.to_owned());
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new("wiki".to_owned()), Some(secret))
        .set_redirect_uri(RedirectUrl::new("https://wiki.example/callback".to_owned()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();

    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    browser.open(url.as_str());
    browser.give_password(&provider);
    // Level 2 is the default of plain clients.
    browser.give_code();
    browser.consent();
    assert_eq!(browser.answer("state").as_ref(), Some(state.secret()));

    let code = AuthorizationCode::new(browser.answer("code").unwrap());
    let tokens = client.exchange_code(code).unwrap().set_pkce_verifier(verifier).request(&http).unwrap();
    let id_token = tokens.id_token().unwrap();
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &nonce).unwrap();
    let (alg, key) = (id_token.signing_alg().unwrap(), id_token.signing_key(&verifier).unwrap());
    let hash = AccessTokenHash::from_token(tokens.access_token(), alg, key).unwrap();
    assert_eq!(claims.access_token_hash(), Some(&hash));
    assert_eq!(claims.auth_context_ref().map(|acr| acr.as_str()), Some(LEVEL_2));
    let subject = claims.subject().clone();
    let request = client.user_info(tokens.access_token().clone(), Some(subject)).unwrap();
    let userinfo: CoreUserInfoClaims = request.request(&http).unwrap();
    assert_eq!(userinfo.email().map(|email| email.as_str()), Some("maria.rossi@example.org"));
    assert!(userinfo.given_name().is_none());
}

/// Runs a program as a service, with a browser that logs in for it, and returns the claims that it got.
fn run(mut command: Command, arguments: [&str; 4], log_in: impl FnOnce(&mut Browser), provider: &Provider) -> Value {
    let pipes = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = pipes.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let url = lines.next().expect("the client ended").unwrap();
    let mut browser = Browser::new(provider);
    browser.open(&url);
    log_in(&mut browser);
    let left = browser.left.unwrap_or_else(|| panic!("{}", browser.page));
    writeln!(process.stdin.take().unwrap(), "{left}").unwrap();
    let claims = lines.next().expect("the client refused the answer").unwrap();
    assert!(process.wait().unwrap().success());
    serde_json::from_str(&claims).unwrap()
}

fn python() -> Command {
    let list = source("oidc/clients/requirements.txt");
    let folder = installed("authlib", &list, |folder| {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let pip = ["-m", "pip", "install", "--quiet", "--requirement"];
        succeed(Command::new(folder.join("bin/python")).args(pip).arg(&list));
    });
    let mut command = Command::new(folder.join("bin/python"));
    command.arg(source("oidc/clients/authlib_client.py"));
    command
}

fn node() -> Command {
    let folder = npm("openid-client", &source("oidc/clients/package.json"));
    // Modules are found beside the program.
    let program = folder.join("openid_client.mjs");
    fs::copy(source("oidc/clients/openid_client.mjs"), &program).unwrap();
    let mut command = Command::new("node");
    command.arg(program);
    command
}

#[test]
fn authlib() {
    let service = Service::new();
    let secret = "a secret of the plain client, for Authlib";
    let (spid, plain) = ("https://authlib.example/callback", "https://plain.example/callback");
    let provider = Provider::start(&format!(
        r#"
        {}
        [[client]]
        id = "authlib"
        name = "Authlib"
        profile = "plain"
        secret = "{secret}"
        redirect_uris = ["{plain}"]
        attributes = ["given_name", "family_name", "email", "gender"]
        "#,
        service.registration_of("https://authlib.example/", spid, "")
    ));
    let mut first = Browser::new(&provider);
    first.enroll(&provider);
    let claims = run(
        python(),
        ["spid", &provider.origin, spid, &service.pem],
        |browser| {
            first.lend(browser);
            browser.give_password(&provider);
            browser.give_code();
            browser.consent();
            browser.lend(&mut first);
        },
        &provider,
    );
    assert_eq!((&claims["alg"], &claims["acr"]), (&json!("RS256"), &json!(LEVEL_2)));
    assert_eq!(claims["userinfo"][FISCAL_NUMBER], "TINIT-RSSMRA80B69H501U");

    let claims = run(
        python(),
        ["plain", &provider.origin, plain, secret],
        |browser| {
            first.lend(browser);
            browser.give_password(&provider);
            browser.give_code();
            browser.consent();
        },
        &provider,
    );
    assert_eq!(claims["userinfo"]["gender"], "female");
    assert_eq!(claims["userinfo"]["email"], "maria.rossi@example.org");
}

#[test]
fn openid_client() {
    let service = Service::with_curve();
    let (spid, plain) = ("https://openid-client.example/callback", "https://plain.example/callback");
    let provider = Provider::start(&format!(
        r#"
        {}
        [[client]]
        id = "openid-client"
        name = "Openid-client"
        profile = "plain"
        redirect_uris = ["{plain}"]
        attributes = ["family_name"]
        "#,
        service.registration_of("https://openid-client.example/", spid, "id_token_alg = \"ES256\"")
    ));
    let log_in = |browser: &mut Browser| {
        browser.give_password(&provider);
        browser.consent();
    };
    let claims = run(node(), ["spid", &provider.origin, spid, &service.pem], log_in, &provider);
    assert_eq!((&claims["alg"], &claims["acr"]), (&json!("ES256"), &json!(LEVEL_1)));
    assert_eq!(claims["userinfo"]["given_name"], "Maria");

    let mut first = Browser::new(&provider);
    first.enroll(&provider);
    let log_in = |browser: &mut Browser| {
        first.lend(browser);
        browser.give_password(&provider);
        browser.give_code();
        browser.consent();
    };
    let claims = run(node(), ["plain", &provider.origin, plain, ""], log_in, &provider);
    assert_eq!((&claims["alg"], &claims["acr"]), (&json!("RS256"), &json!(LEVEL_2)));
    assert_eq!(claims["userinfo"]["family_name"], "Rossi");
}
