//! The answers to requests that no handler completes, such as one for a page that does not exist. A person reads a
//! page, with a way onward, and a program reads JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use crate::app::App;
use crate::gepi;
use crate::http::{Visit, is_sight};
use crate::limits::WAITING;
use crate::monitoring::page_before;
use crate::pages::{self, Language, Page};
use crate::problem::Refused;

/// A failure of a request, as the person reads about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestError {
    /// A form of another site.
    OtherSite,
    /// There is no page at the address, or it takes only forms.
    NotFound,
    TooLong,
    /// The form is not whole, or of another type.
    Unreadable,
    Unavailable,
}

impl RequestError {
    /// Returns the failure with this status, or `None` for a success.
    fn of(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::FORBIDDEN => Some(Self::OtherSite),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(Self::NotFound),
            StatusCode::PAYLOAD_TOO_LARGE => Some(Self::TooLong),
            _ if status.is_client_error() => Some(Self::Unreadable),
            _ if status.is_server_error() => Some(Self::Unavailable),
            _ => None,
        }
    }
}

/// The reader of an answer.
#[derive(PartialEq, Eq)]
enum Reader {
    Person,
    /// A program that reads JSON.
    Json,
    /// A program that reads the status.
    Status,
}

impl Reader {
    fn of(path: &str) -> Self {
        match path.split('/').nth(1).unwrap_or_default() {
            "token" | "api" | "jwks" | ".well-known" => Self::Json,
            "userinfo" | "health" | "ready" | "metrics" => Self::Status,
            _ if path == WAITING => Self::Status,
            _ => Self::Person,
        }
    }
}

/// Gives a page, or JSON for a program, to each failure that has none.
pub(crate) async fn explain(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (asked, body) = request.into_parts();
    let response = next.run(Request::from_parts(asked.clone(), body)).await;
    let Some(error) = RequestError::of(response.status()).filter(|_| !is_explained(&response)) else { return response };
    let explanation = match Reader::of(asked.uri.path()) {
        Reader::Status => return response,
        Reader::Json => Json(json!({
            "error": if error == RequestError::Unavailable { "temporarily_unavailable" } else { "invalid_request" },
            "error_description": response.status().canonical_reason(),
        }))
        .into_response(),
        Reader::Person => page(&app, &asked, error).await,
    };
    // The status, its headers and the label of an outage stay.
    let (mut parts, _) = response.into_parts();
    let (explained, body) = explanation.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(explained.headers);
    Response::from_parts(parts, body)
}

/// Returns `true` for a page or for JSON.
fn is_explained(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"text/html") || kind.starts_with(b"application/json")
}

/// Returns the page about a failure. It sets no cookie: a form of another site comes without the session's, which must
/// not be replaced.
async fn page(app: &Arc<App>, asked: &Parts, error: RequestError) -> Response {
    // The request may have failed before it reached a page.
    let again = page_before(app, asked).filter(|_| !is_sight(&asked.method) && error != RequestError::OtherSite);
    let is_of_gepi = asked.uri.path() == "/gepi" || asked.uri.path().starts_with("/gepi/");
    if is_of_gepi && app.config.gepi.enabled {
        return gepi::explain(app, &asked.headers, error, again.as_deref()).await.into_response();
    }
    let page = |page: &Page<'_>| pages::request_error(page, error, again.as_deref());
    // The store may be the reason of an outage.
    if error != RequestError::Unavailable
        && let Ok(visit) = Visit::of_pending(Arc::clone(app), &asked.headers).await
    {
        return ([(header::CONTENT_SECURITY_POLICY, visit.policy())], visit.render(page)).into_response();
    }
    let (language, refused) = (Language::accepted(&asked.headers), Refused::default());
    let provider = &app.config.name;
    let (service, request) = (None, None);
    page(&Page { language, provider, form_token: "", refused: &refused, service, request, outbox: None })
        .into_response()
}

/// Leads a browser that opened a page of a demonstration by another name of this machine to the provider's own address,
/// since forms are taken only from there.
///
/// With a proxy in front, the host may be the proxy's own name for the provider, and the proxy has to choose.
pub(crate) async fn own_host(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).map(HeaderValue::as_bytes);
    let own = app.origin.split_once("://").map(|(_, host)| host.as_bytes());
    let path = request.uri().path();
    // The messages are shown by all names, and only by those, of this machine.
    let is_page = is_sight(request.method()) && path != "/outbox" && Reader::of(path) == Reader::Person;
    if !app.is_demonstration() || !is_page || host.is_none() || host == own {
        return next.run(request).await;
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    Redirect::temporary(&format!("{}{target}", app.origin)).into_response()
}

/// Leads an address with a slash at its end to the one without. There is no page at other addresses.
pub(crate) async fn without_slash(method: Method, uri: Uri) -> Response {
    // Browsers take an address that begins with two slashes, or with a backslash, for one of another site.
    let is_plain = |path: &&str| {
        path.split('/')
            .skip(1)
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    };
    match uri.path().strip_suffix('/').filter(is_plain).filter(|_| is_sight(&method)) {
        Some(path) => {
            let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
            Redirect::temporary(&format!("{path}{query}")).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::config::Config;
    use crate::outage::Outage;

    async fn open(folder: &tempfile::TempDir, origin: &str) -> Arc<App> {
        let config = Config { data: folder.path().join("idp.redb"), ..Config::default() };
        Arc::new(App::open(config, origin.to_owned()).await.unwrap())
    }

    #[tokio::test]
    async fn outage_is_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let app = open(&folder, "http://localhost:8080").await;
        let fail = || get(|| async { Outage("test") });
        let router = Router::new().route("/", fail()).route("/gepi", fail()).route("/token", fail());
        let router = router.layer(from_fn_with_state(app, explain));
        for (path, title) in
            [("/", "<h1>Service not available</h1>"), ("/gepi", "GePI</title>"), ("/token", "temporarily_unavailable")]
        {
            let request = Request::get(path).header(header::ACCEPT_LANGUAGE, "en").body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.extensions().get::<Outage>().unwrap().0, "test");
            let text = to_bytes(response.into_body(), 1 << 16).await.unwrap();
            assert!(String::from_utf8_lossy(&text).contains(title), "{path}");
        }
    }

    /// The proxy in front of a provider may call it by another name.
    #[tokio::test]
    async fn host_is_free_behind_a_proxy() {
        let folder = tempfile::tempdir().unwrap();
        let router = crate::http::router(open(&folder, "https://idp.example.it").await);
        let request = Request::get("/").header(header::HOST, "127.0.0.1:8080").body(Body::empty()).unwrap();
        assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::OK);
    }
}
