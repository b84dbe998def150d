//! Apps of persons who are suspended, and clicks at once, with the provider in the process of the test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails so")]

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use base64ct::{Base64UrlUnpadded, Encoding};
use secondo::audit::Operator;
use secondo::factor::NewAuthenticator;
use secondo::push::device::{Device, Unlock};
use secondo::push::{Activation, Details, SoftwareKey};
use secondo::{AccountId, Transaction, UnixTime};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use crate::app::App;
use crate::config::Config;
use crate::http::Visit;
use crate::person::Standing;
use crate::push::Asked;
use crate::session::Session;
use crate::test_browser::{self, Browser, USER, click_twice};

const BIOMETRICS: Unlock<'_> = Unlock::Biometrics { is_recognized: true };
const OPERATOR: Operator<'_> = Operator { name: "anna", reason: "test" };

async fn call(app: &Arc<App>, path: &str, message: String) -> (StatusCode, String) {
    let request = Request::post(format!("/api/app/{path}")).body(Body::from(message)).unwrap();
    let response = crate::http::router(Arc::clone(app)).oneshot(request).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(to_bytes(response.into_body(), 4096).await.unwrap().to_vec()).unwrap())
}

#[test]
fn browsers_have_names() {
    let place = |agent: &str| {
        let agent = HeaderValue::from_str(agent).unwrap();
        super::login::place(&HeaderMap::from_iter([(header::USER_AGENT, agent)]))
    };
    for (agent, expected) in [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1", "Safari, iPhone"),
        ("INPS, a town that the attacker names", "?, ?"),
    ] {
        assert_eq!(place(agent), expected);
    }
}

#[tokio::test]
async fn app_of_a_suspended_person() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { data: folder.path().join("idp.redb"), ..Config::default() };
    let app = Arc::new(App::open(config, "http://localhost:8080".to_owned()).await.unwrap());
    let now = UnixTime::now().unwrap();
    let person = app.persons.named("maria.rossi@example.org", now).await.unwrap().unwrap();
    let account = AccountId::new(&person.id).unwrap();
    let login = Transaction::new(&[1; 16]).unwrap();
    let stand =
        async |standing| app.persons.change(&person.id, now, |person| person.standing = standing).await.unwrap();
    let refused = (StatusCode::FORBIDDEN, r#"{"error":"suspended"}"#.to_owned());

    let activation = Activation::new(&account, "Secondo", "Maria Rossi", &[2; 32]).unwrap();
    let number = app.verifier.enroll(&account, &login, NewAuthenticator::from(&activation), now).await.unwrap().number;
    let key = SoftwareKey::from_bytes(&[3; 32]).unwrap();
    let (mut device, answer) = Device::activate(&activation, key, None).unwrap();
    stand(Standing::Suspended).await;
    assert_eq!(call(&app, "activation", answer.clone()).await, refused);
    stand(Standing::Active).await;
    assert_eq!(call(&app, "activation", answer).await.0, StatusCode::OK);
    app.verifier.confirm(&account, &login, number, device.confirmation_code().as_str(), now).await.unwrap();

    let login = Transaction::new(&[4; 16]).unwrap();
    let details = Details::new("INPS", "Firefox, Linux", "09:30").unwrap();
    let sent = app.verifier.push(&account, &login, number, &details, now, &[5; 32]).await.unwrap();
    let challenge = device.read(&sent.message, now).unwrap();
    let accepted = device.accept(&challenge, &sent.number, BIOMETRICS, now).unwrap();
    // The identity is suspended, or only its account.
    stand(Standing::Suspended).await;
    assert_eq!(call(&app, "answer", accepted.clone()).await, refused);
    stand(Standing::Active).await;
    app.verifier.suspend(&account, OPERATOR, now).await.unwrap();
    assert_eq!(call(&app, "answer", accepted.clone()).await, refused);
    app.verifier.resume(&account, OPERATOR, now).await.unwrap();
    assert_eq!(call(&app, "answer", accepted).await.0, StatusCode::OK);
    assert!(app.verifier.poll(&account, &login, now).await.is_ok());
}

/// An app of the person.
struct Phone {
    device: Device<SoftwareKey>,
    /// The number of the authenticator.
    number: u32,
    /// The name of its inbox: the start of the hash of its key, as a compressed point.
    inbox: String,
}

/// Gives the person an app with the key of this byte.
async fn bind(app: &App, byte: u8) -> Phone {
    let now = UnixTime::now().unwrap();
    let person = app.persons.named(USER, now).await.unwrap().unwrap();
    let (account, login) = (AccountId::new(&person.id).unwrap(), Transaction::new(&[byte; 16]).unwrap());
    let activation = Activation::new(&account, "Secondo", "Maria Rossi", &[byte; 32]).unwrap();
    let number = app.verifier.enroll(&account, &login, NewAuthenticator::from(&activation), now).await.unwrap().number;
    let (device, answer) = Device::activate(&activation, SoftwareKey::from_bytes(&[byte; 32]).unwrap(), None).unwrap();
    app.verifier.activate_push(&account, &answer, now).await.unwrap();
    app.verifier.confirm(&account, &login, number, device.confirmation_code().as_str(), now).await.unwrap();
    test_browser::change(app, |person| person.note_second_factor(now)).await;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let point = Base64UrlUnpadded::decode_vec(answer["key"].as_str().unwrap()).unwrap();
    let hash = Sha256::new().chain_update([2 + point[64] % 2]).chain_update(&point[1..33]).finalize();
    Phone { device, number: number.get(), inbox: Base64UrlUnpadded::encode_string(&hash[..16]) }
}

/// The first of two clicks has sent the push, or has fetched its approval, and has not stored the session.
#[tokio::test]
async fn double_click_on_the_forms_of_a_push_leads_on() {
    let folder = tempfile::tempdir().unwrap();
    let app = test_browser::open(folder.path()).await;
    let mut phone = bind(&app, 1).await;
    let other = bind(&app, 2).await.number;
    let now = UnixTime::now().unwrap();
    // The same button twice, and the buttons of two apps: one push is sent. One of before may have expired.
    for (clicked, has_expired) in
        [([phone.number; 2], false), ([phone.number, other], false), ([phone.number, other], true)]
    {
        let mut browser = Browser::new(&app);
        browser.send("GET", "/", String::new(), None).await;
        let fields = format!("form={}&user={USER}&password=password", browser.hidden("form"));
        browser.send("POST", "/password", fields, None).await;
        browser.follow().await;
        if has_expired {
            let mut visit = Visit::of(Arc::clone(&app), &browser.headers()).await.unwrap();
            let (device, number) = ("app".to_owned(), "old number".to_owned());
            visit.browser.session.push = Some(Asked { device, number, expires: now.as_secs() });
            visit.browser.keep(&app.records, now).await.unwrap();
        }
        let token = browser.hidden("form");
        let forms = clicked.map(|device| format!("form={token}&device={device}"));
        click_twice::<Session>(&app, &mut browser, "/push", forms).await;
        assert!(browser.page.contains("action=\"/push/approved\""), "{}", browser.page);

        let visit = Visit::of(Arc::clone(&app), &browser.headers()).await.unwrap();
        let shown = visit.browser.session.push.unwrap().number;
        assert!(browser.page.contains(&shown), "{}", browser.page);
        let sent = super::inbox::waiting(&app.records, &phone.inbox, now).await.unwrap();
        assert_eq!(sent.len(), 1);
        let challenge = phone.device.read(&sent[0], now).unwrap();
        let accepted = phone.device.accept(&challenge, &shown, BIOMETRICS, now).unwrap();
        assert_eq!(call(&app, "answer", accepted).await.0, StatusCode::OK);
        let form = format!("form={}", browser.hidden("form"));
        click_twice::<Session>(&app, &mut browser, "/push/approved", [form.clone(), form]).await;
        assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    }
}
