//! Logins with the provider in the process of the test, which sees the audit log and changes persons.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails so")]

use std::sync::Arc;
use std::time::Duration;

use secondo::UnixTime;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::audit::Line;
use crate::http::Visit;
use crate::person::Standing;
use crate::records::Record;
use crate::session::Session;
use crate::test_browser::{Browser, Gate, USER, change, gated, open};

const AUTHORIZE: &str = "/authorize?client_id=wiki&response_type=code&scope=openid+email&state=secret-state\
    &redirect_uri=https://wiki.example/callback&acr_values=https://www.spid.gov.it/SpidL1\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
/// The verifier of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn log_in(app: &Arc<App>) -> Browser {
    let mut browser = Browser::new(app);
    browser.send("GET", AUTHORIZE, String::new(), None).await;
    browser.send("GET", "/", String::new(), None).await;
    let (form, request) = (browser.hidden("form"), browser.hidden("request"));
    let fields = format!("form={form}&request={request}&user={USER}&password=password");
    browser.send("POST", "/password", fields, None).await;
    browser
}

#[tokio::test]
async fn audit_log_has_each_step_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let mut browser = log_in(&app).await;
    browser.send("GET", "/", String::new(), None).await;
    let (form, request) = (browser.hidden("form"), browser.hidden("request"));
    browser.send("POST", "/consent", format!("form={form}&request={request}&consent=yes"), None).await;
    let (_, code) = browser.location.split_once("code=").unwrap();
    let code = code.split('&').next().unwrap().to_owned();
    let body = format!(
        "grant_type=authorization_code&client_id=wiki&redirect_uri=https://wiki.example/callback&code={code}\
         &code_verifier={VERIFIER}"
    );
    let mut service = Browser::new(&app);
    service.send("POST", "/token", body, None).await;
    let (_, token) = service.page.split_once("\"access_token\":\"").unwrap_or_else(|| panic!("{}", service.page));
    let token = token.split('"').next().unwrap().to_owned();
    let (_, id_token) = service.page.split_once("\"id_token\":\"").unwrap();
    let id_token = format!("ID token {}", super::request::hash(id_token.split('"').next().unwrap()));
    service.send("GET", "/userinfo", String::new(), Some(&token)).await;
    assert!(service.page.contains(USER));

    let expected = [
        ("request", "done", None),
        ("consent", "done", Some("email")),
        ("service_login", "done", Some("level 1")),
        ("token", "done", Some(id_token.as_str())),
        ("attributes", "done", Some("email")),
    ];
    let lines = lines(&app, expected.len()).await;
    for (line, (action, outcome, detail)) in lines.iter().zip(expected) {
        assert_eq!((line.action.as_str(), line.outcome.as_str(), line.detail.as_deref()), (action, outcome, detail));
        assert_eq!((line.subject.as_deref(), line.area.as_deref()), (Some("wiki"), Some("Roma")));
        assert_eq!(line.person.is_some(), action != "request");
    }
    let all = serde_json::to_string(&lines).unwrap();
    for value in [USER, "secret-state", &code, &token, VERIFIER, "password"] {
        assert!(!all.contains(value), "{value}");
    }
}

/// A form that was read before the login was cancelled in another tab, and is stored after it.
#[tokio::test]
async fn late_form_does_not_bring_an_answered_request_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    for is_moving in [false, true] {
        let mut browser = log_in(&app).await;
        browser.send("GET", "/", String::new(), None).await;
        let (form, request) = (browser.hidden("form"), browser.hidden("request"));
        let headers = browser.headers();
        let mut late = Visit::of_service(Arc::clone(&app), &headers).await.unwrap();
        assert!(late.awaits_consent(Some(&request)));
        browser.send("POST", "/cancel", format!("form={form}&request={request}"), None).await;
        let answer = browser.location.clone();
        assert!(answer.contains("ErrorCode+nr25"), "{answer}");
        if is_moving {
            late.browser.renew(&app.records, late.now).await.unwrap();
            assert!(late.browser.session.request.is_none() && late.browser.session.person.is_none());
            assert!(late.browser.set_cookie(false).is_none());
        } else {
            late.browser.keep(&app.records, late.now).await.unwrap();
        }
        for path in ["/consent", "/cancel", "/password"] {
            let fields = format!("form={form}&request={request}&consent=yes&user={USER}&password=password");
            browser.send("POST", path, fields, None).await;
            assert_eq!(browser.location, answer, "{path}");
        }
        browser.send("GET", "/", String::new(), None).await;
        assert!(!browser.page.contains("Wiki"), "{}", browser.page);
    }
}

#[tokio::test]
async fn suspended_identity_logs_in_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    for standing in [Standing::Suspended, Standing::Revoked] {
        change(&app, |person| person.standing = standing).await;
        let mut browser = log_in(&app).await;
        browser.follow().await;
        assert!(browser.page.contains("error_description=ErrorCode+nr23"), "{standing:?}: {}", browser.page);
    }
    let lines = lines(&app, 4).await;
    assert_eq!(lines.iter().filter(|line| line.outcome == "outcome_23").count(), 2);
}

#[tokio::test]
async fn expired_identity_logs_in_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let today = crate::registration::today(UnixTime::now().unwrap());
    let days = [today.tomorrow().unwrap(), today.yesterday().unwrap()];
    for (day, is_over) in days.into_iter().zip([false, true]) {
        change(&app, |person| person.expiration_date = day.to_string()).await;
        let mut browser = log_in(&app).await;
        browser.follow().await;
        assert_eq!(browser.page.contains("error_description=ErrorCode+nr23"), is_over, "{}", browser.page);
        let mut own = Browser::new(&app);
        own.send("GET", "/", String::new(), None).await;
        let form = own.hidden("form");
        own.send("POST", "/password", format!("form={form}&user={USER}&password=password"), None).await;
        own.follow().await;
        assert_eq!(own.page.contains("è scaduta"), is_over, "{}", own.page);
    }
}

#[tokio::test]
async fn suspended_identity_has_no_pages_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let give_password = async |browser: &mut Browser| {
        browser.send("GET", "/", String::new(), None).await;
        let form = browser.hidden("form");
        browser.send("POST", "/password", format!("form={form}&user={USER}&password=password"), None).await;
        browser.follow().await;
    };
    let is_refused = |browser: &Browser| browser.page.contains("sospese o revocate");
    let mut before = Browser::new(&app);
    give_password(&mut before).await;
    assert!(!is_refused(&before));
    change(&app, |person| person.standing = Standing::Suspended).await;
    // A session that has begun ends as well.
    for _ in 0..2 {
        before.send("GET", "/", String::new(), None).await;
        before.follow().await;
        assert!(before.page.contains("name=\"password\""), "{}", before.page);
    }
    let mut after = Browser::new(&app);
    give_password(&mut after).await;
    assert!(is_refused(&after), "{}", after.page);
    // With a wrong password, nobody learns of it.
    let form = after.hidden("form");
    after.send("POST", "/password", format!("form={form}&user={USER}&password=wrong"), None).await;
    after.follow().await;
    assert!(!is_refused(&after));
}

/// The second click has not ended the login of the first one when the third one comes.
#[tokio::test]
async fn third_click_on_a_signed_link_is_answered_as_the_second_one() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let mut browser = Browser::new(&app);
    browser.send("GET", "/gepi", String::new(), None).await;
    browser.send("POST", "/gepi/login", format!("form={}&level=1", browser.hidden("form")), None).await;
    let link = browser.location.strip_prefix(&app.origin).unwrap().to_owned();
    Browser::new(&app).send("GET", &link, String::new(), None).await;

    let (records, gate, seen) = gated(&app, Gate::Writes(Session::KIND, 0));
    let gated = Arc::new(App { records, ..App::clone(&app) });
    let click = || {
        let (mut tab, link) = (Browser::new(&gated), link.clone());
        tokio::spawn(async move {
            tab.send("GET", &link, String::new(), None).await;
            tab
        })
    };
    let second = click();
    while seen.writes() == 0 {
        assert!(!second.is_finished(), "the second click ends no login");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (before, third) = (seen.calls(), click());
    while !third.is_finished() && seen.writes() == 1 && seen.calls() < before + 10 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gate.add_permits(Semaphore::MAX_PERMITS);
    let (second, mut third) = (second.await.unwrap(), third.await.unwrap());
    for tab in [&second, &third] {
        assert_eq!(tab.location, "/", "{}", tab.page);
    }
    third.follow().await;
    assert!(third.page.contains("name=\"request\""), "{}", third.page);
}

/// Waits until this number of lines is written, and returns them.
async fn lines(app: &App, count: usize) -> Vec<Line> {
    loop {
        let mut lines = Vec::new();
        let reading = app.audit.read(|line| lines.push(line.clone()), UnixTime::now().unwrap()).await.unwrap();
        assert_eq!(reading.problems, Vec::<String>::new());
        if lines.len() >= count {
            assert_eq!(lines.len(), count);
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
