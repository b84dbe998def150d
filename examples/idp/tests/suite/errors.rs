//! The answers to requests that no handler completes: pages for persons, in their language and with a way onward, and
//! short answers for programs.

use ureq::http::{HeaderMap, Response};

use crate::support::browser::{Browser, agent};
use crate::support::page::{assert_labels, assert_leads_onward};
use crate::support::provider::Provider;

const FORM: &str = "application/x-www-form-urlencoded";

/// Asserts that the answer is a page with this title, and returns it.
fn page(mut response: Response<ureq::Body>, status: u16, title: &str) -> String {
    assert_eq!(response.status().as_u16(), status, "{title}");
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8", "{title}");
    assert!(response.headers().contains_key("content-security-policy"), "{title}");
    let page = response.body_mut().read_to_string().unwrap();
    assert!(page.contains(&format!("<h1>{title}</h1>")), "{page}");
    assert_leads_onward(&page);
    assert_labels(&page);
    page
}

#[test]
fn errors_are_pages_in_both_languages() {
    let provider = Provider::start("");
    let titles = [
        ["Modulo non accettato", "Form not accepted"],
        ["Pagina non trovata", "Page not found"],
        ["Testo troppo lungo", "Text too long"],
        ["Richiesta non valida", "Invalid request"],
    ];
    for (n, (language, start)) in [("it", "Torna all'inizio"), ("en", "Back to the start")].into_iter().enumerate() {
        let [other_site, not_found, too_long, unreadable] = titles.map(|title| title[n]);
        let get = |path: &str| {
            agent().get(format!("{}{path}", provider.origin)).header("Accept-Language", language).call().unwrap()
        };
        let post = |path: &str, origin: &str, kind: &str, body: &str| {
            let request = agent().post(format!("{}{path}", provider.origin)).header("Accept-Language", language);
            request.header("Origin", origin).content_type(kind).send(body).unwrap()
        };
        let own = &provider.origin;
        for path in ["/nothing", "/app/nothing", "/admin/nothing/x", "/gepi/nothing"] {
            assert!(page(get(path), 404, not_found).contains(start), "{path}");
        }
        // An address with a slash at its end is not lost, and leads to no other site.
        for (path, target) in
            [("/gepi/", "/gepi"), ("/security/add/", "/security/add"), ("/nothing/?a=b", "/nothing?a=b")]
        {
            let response = get(path);
            assert_eq!((response.status().as_u16(), response.headers()["location"].to_str().unwrap()), (307, target));
        }
        for path in ["//attacker.example/", "/gepi//", "///", "/.well-known/", "/%5cattacker.example/"] {
            assert_eq!(get(path).status().as_u16(), 404, "{path}");
        }
        // An address that takes only forms, opened as a page.
        page(get("/password"), 405, not_found);
        page(get("/security/device/x"), 400, unreadable);
        for path in ["/password", "/gepi/pin"] {
            page(post(path, "https://attacker.example", FORM, "form=x"), 403, other_site);
            page(post(path, own, FORM, &"x".repeat(20_000)), 413, too_long);
            page(post(path, own, "application/json", "{}"), 415, unreadable);
            page(post(path, own, FORM, "user=x"), 422, unreadable);
        }
        // The link leads back to the form.
        let request = agent().post(format!("{own}/password")).header("Origin", own).content_type(FORM);
        let request = request.header("Referer", format!("{own}/register")).send("user=x").unwrap();
        assert!(request.into_body().read_to_string().unwrap().contains(&format!("href=\"{own}/register\"")));
    }
}

/// The page has the language that the person chose. Forms of another site come without the cookie, and the page must
/// not set another one.
#[test]
fn error_pages_keep_the_session() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.post("/language/en", &[], &[]);
    let before = browser.cookie();
    browser.open("/nothing");
    assert!(browser.page.contains("Page not found") && browser.status == 404, "{}", browser.page);
    assert_eq!(browser.cookie(), before);
    let request = agent().post(format!("{}/password", provider.origin)).header("Origin", "https://attacker.example");
    let response = request.content_type(FORM).send("form=x").unwrap();
    assert!(!response.headers().contains_key("set-cookie"));
}

#[test]
fn programs_get_no_pages() {
    let provider = Provider::start("");
    let is_page =
        |headers: &HeaderMap| headers.get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8");
    for (path, status) in [("/api/nothing", 404), ("/token", 405), ("/jwks/x", 404), ("/.well-known/x", 404)] {
        let mut response = agent().get(format!("{}{path}", provider.origin)).call().unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (status, &"application/json".parse().unwrap())
        );
        assert!(response.body_mut().read_to_string().unwrap().contains("\"error\":\"invalid_request\""), "{path}");
    }
    for (path, status) in [("/userinfo", 401), ("/health/x", 404), ("/metrics/x", 404)] {
        let response = agent().get(format!("{}{path}", provider.origin)).call().unwrap();
        assert!(response.status().as_u16() == status && !is_page(response.headers()), "{path}");
    }
    // The script of the page asks.
    let request = agent().post(format!("{}/push/state", provider.origin)).header("Origin", &provider.origin);
    assert!(!is_page(request.content_type(FORM).send("x").unwrap().headers()));
}

/// Forms of another name of this machine would be refused. Nobody but the provider chooses where a page leads.
#[test]
fn pages_of_another_host_lead_to_the_own_one() {
    let provider = Provider::start("");
    let port = provider.origin.rsplit_once(':').unwrap().1;
    let get =
        |path: &str, host: &str| agent().get(format!("{}{path}", provider.origin)).header("Host", host).call().unwrap();
    for host in [&format!("127.0.0.1:{port}"), "attacker.example"] {
        for path in ["/gepi", "/security?x=1", "//attacker.example/x"] {
            let response = get(path, host);
            assert_eq!(response.status(), 307, "{host} {path}");
            assert_eq!(response.headers()["location"], format!("{}{path}", provider.origin));
        }
        assert_eq!(get("/health", host).status(), 200);
    }
    assert_eq!(get("/gepi", &format!("localhost:{port}")).status(), 200);
}

/// The person stays on the page, and nobody else chooses where the form leads.
#[test]
fn language_leads_back_to_its_page() {
    let provider = Provider::start("");
    let own = &provider.origin;
    let target = |path: &str, referer: &str| {
        let request = agent().post(format!("{own}{path}")).header("Origin", own).header("Referer", referer);
        let response = request.content_type(FORM).send("form=x").unwrap();
        assert_eq!(response.status(), 303, "{path} {referer}");
        response.headers()["location"].to_str().unwrap().to_owned()
    };
    for page in ["/admin", "/register/handover", "/recover?again"] {
        assert_eq!(target("/language/en", &format!("{own}{page}")), format!("{own}{page}"));
    }
    for page in ["/gepi/cases", "/gepi/staff?area=Roma+1"] {
        assert_eq!(target("/gepi/language/en", &format!("{own}{page}")), format!("{own}{page}"));
    }
    assert_eq!(target("/gepi/language/en", &format!("{own}/gepi/callback?state=1&code=2")), "/gepi");
    assert_eq!(target("/gepi/language/en", &format!("{own}/")), "/gepi");
    for referer in ["https://attacker.example/admin", &format!("{own}.attacker.example/"), "//attacker.example"] {
        assert_eq!(
            (target("/language/en", referer), target("/gepi/language/en", referer)),
            ("/".into(), "/gepi".into())
        );
    }
    // A form on the page about a form that failed would lead back to an address that is no page.
    let failed =
        agent().post(format!("{own}/password")).header("Origin", own).content_type(FORM).send("user=x").unwrap();
    assert_eq!(failed.headers()["referrer-policy"], "strict-origin");
}

/// Programs that check links or watch a service ask for the headers alone.
#[test]
fn headers_of_pages_need_no_origin() {
    let provider = Provider::start("");
    for (path, status) in [("/", 200), ("/register", 200), ("/gepi", 200), ("/security", 303), ("/nothing", 404)] {
        assert_eq!(agent().head(format!("{}{path}", provider.origin)).call().unwrap().status(), status, "{path}");
    }
}
