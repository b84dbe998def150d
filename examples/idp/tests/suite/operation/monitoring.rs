use std::net::TcpStream;

use url::form_urlencoded::Serializer;

use crate::support::browser::{Browser, agent};
use crate::support::page::assert_labels;
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, Service, request_object};

/// Returns the status and the text of a page.
fn get(provider: &Provider, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = agent().get(format!("{}{path}", provider.origin));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

/// Returns the number of events that the provider has counted since its start.
pub(super) fn events(provider: &Provider) -> u64 {
    let (_, text) = get(provider, "/metrics", &[]);
    let counts = text.lines().filter(|line| line.starts_with("idp_events_total{"));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn metrics_count_without_names() {
    let provider = Provider::start("metrics_token = \"t0ken\"");
    let mut browser = Browser::new(&provider);
    browser.open("/");
    browser.submit("/password", &[("user", &provider.user), ("password", "wrong")]);
    browser.enroll(&provider);
    browser.submit("/code", &[("code", "000000")]);
    assert_eq!(get(&provider, "/health", &[]), (200, "ok".into()));
    assert_eq!(get(&provider, "/ready", &[]), (200, "ready".into()));
    let (status, text) = get(&provider, "/metrics", &[]);
    assert_eq!(status, 200);
    for line in [
        "idp_passwords_total{label=\"wrong\"} 1",
        "idp_passwords_total{label=\"right\"} 1",
        "idp_events_total{action=\"confirm\",outcome=\"done\"} 1",
        "idp_request_seconds_count{path=\"/password\",status=\"303\"} 2",
        "idp_audit_lost_total 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(text.contains("idp_events_total{action=\"verify\",outcome=\"wrong"), "{text}");
    assert!(!text.contains(&provider.user));
    // Somebody behind a proxy on this machine sees them with the token only.
    let from = ("X-Forwarded-For", "192.0.2.1");
    for header in [from, ("Forwarded", "for=192.0.2.1"), ("Via", "1.1 proxy"), ("X-Real-IP", "192.0.2.1")] {
        assert_eq!(get(&provider, "/metrics", &[header]).0, 404);
    }
    assert_eq!(get(&provider, "/metrics", &[from, ("Authorization", "Bearer t0kem")]).0, 404);
    assert_eq!(get(&provider, "/metrics", &[from, ("Authorization", "Bearer t0ken")]).0, 200);
}

/// Scrapers and supervisors use the address of the machine, or any name of it.
#[test]
fn metrics_and_health_need_no_host_of_ours() {
    let provider = Provider::start("");
    let port = provider.origin.rsplit_once(':').unwrap().1;
    for host in [format!("127.0.0.1:{port}"), "10.0.0.7:9100".into(), "metrics.example".into()] {
        for path in ["/metrics", "/health", "/ready"] {
            assert_eq!(get(&provider, path, &[("Host", &host)]).0, 200, "{host} {path}");
        }
    }
}

/// Programs get what they can read.
#[test]
fn limit_of_a_program_is_json() {
    let provider = Provider::start("[limits]\napi = 1\n");
    for path in ["/token", "/api/app/inbox", "/userinfo"] {
        let post = || agent().post(format!("{}{path}", provider.origin)).send("x").unwrap();
        let mut response = post();
        while response.status() != 429 {
            response = post();
        }
        assert_eq!(response.headers()["content-type"], "application/json", "{path}");
        assert!(response.headers().contains_key("retry-after"));
        assert!(response.body_mut().read_to_string().unwrap().contains("\"error\":\"temporarily_unavailable\""));
    }
}

#[test]
fn addresses_are_limited() {
    let provider = Provider::start("trusted_proxy = \"127.0.0.1\"\n[limits]\npassword = 3\n");
    let post = |from: &str| {
        let request = agent().post(format!("{}/password", provider.origin)).header("Origin", &provider.origin);
        let request = request.header("X-Forwarded-For", from).header("Accept-Language", "en");
        request.content_type("application/x-www-form-urlencoded").send("form=x&user=x&password=x").unwrap()
    };
    for _ in 0..3 {
        assert_eq!(post("10.0.0.9, 192.0.2.1").status(), 303);
    }
    let mut response = post("10.0.0.8, 192.0.2.1");
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait));
    assert!(response.headers().contains_key("content-security-policy"));
    let page = response.body_mut().read_to_string().unwrap();
    assert!(page.contains("Too many requests") && page.contains("<h1>"), "{page}");
    assert_eq!(post("192.0.2.2").status(), 303);
    // Pages are not limited.
    assert_eq!(get(&provider, "/", &[("X-Forwarded-For", "192.0.2.1")]).0, 200);
}

/// The page of a limit is in the language that the person chose, and leads back to the form, or out of the login.
#[test]
fn page_of_a_limit_leads_onward() {
    let service = Service::new();
    let provider = Provider::start(&format!("{}[limits]\npassword = 1\n", service.registration()));
    let mut browser = Browser::new(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    browser.submit("/language/en", &[]);
    let form = browser.form("/password").unwrap();
    let post = |referer: &str, language: &str| {
        let request = agent().post(format!("{}/password", provider.origin)).header("Origin", &provider.origin);
        let request = request.header("Referer", referer).header("Cookie", browser.cookie());
        let fields = [("user", "x"), ("password", "x")];
        let body = Serializer::new(String::new()).extend_pairs(&form).extend_pairs(fields).finish();
        let request = request.header("Accept-Language", language);
        let mut response = request.content_type("application/x-www-form-urlencoded").send(body).unwrap();
        let wait = response.headers().get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
        (response.status().as_u16(), wait, response.body_mut().read_to_string().unwrap())
    };
    let own = format!("{}/?a=1&b=2", provider.origin);
    assert_eq!(post(&own, "it").0, 303);
    let (status, wait, page) = post(&own, "it");
    assert_eq!(status, 429);
    let wait = wait.unwrap();
    assert!(page.contains(&format!("Try again in {wait} seconds.")), "{page}");
    let back = format!("class=\"button\" href=\"{}/?a=1&amp;b=2\">Try again</a>", provider.origin);
    assert!(page.contains(&back) && page.contains("href=\"/\">Back to the start</a>"), "{page}");
    // The login at the service can be cancelled, and the language changed.
    assert!(page.contains("Comune di Esempio") && page.contains("action=\"/cancel\""), "{page}");
    assert!(page.contains(&format!("name=\"form\" value=\"{}\"", form[0].1)), "{page}");
    assert_labels(&page);
    // No other site chooses where the link leads.
    for referer in ["https://evil.example/", &format!("{}.evil.example/", provider.origin), "javascript:alert(1)"] {
        let (status, _, page) = post(referer, "it");
        assert!(status == 429 && !page.contains("Try again</a>") && !page.contains("evil"), "{page}");
    }
    // Without a session, the browser's language decides.
    let request = agent().post(format!("{}/password", provider.origin)).header("Origin", &provider.origin);
    let request = request.header("Accept-Language", "it").content_type("application/x-www-form-urlencoded");
    let page = request.send("form=x&user=x&password=x").unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("Troppe richieste") && page.contains("Torna all'inizio"), "{page}");
}

#[test]
fn signal_waits_for_no_idle_connection() {
    let mut provider = Provider::start("");
    let address = provider.origin.replace("http://localhost", "127.0.0.1");
    let _idle = TcpStream::connect(address).unwrap();
    let status = provider.terminate();
    assert!(status.success(), "{status}");
}
