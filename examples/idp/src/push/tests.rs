//! Apps of persons who are suspended, with the provider in the process of the test, which suspends them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails so")]

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use secondo::audit::Operator;
use secondo::factor::NewAuthenticator;
use secondo::push::device::{Device, Unlock};
use secondo::push::{Activation, Details, SoftwareKey};
use secondo::{AccountId, Transaction, UnixTime};
use tower::ServiceExt;

use crate::app::App;
use crate::config::Config;
use crate::person::Standing;

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
