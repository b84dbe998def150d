//! The routes, and the checks of every request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use maud::Markup;
use secondo::UnixTime;
use sha2::{Digest, Sha256};

use crate::admin;
use crate::app::App;
use crate::consent;
use crate::credentials;
use crate::enrollment;
use crate::errors;
use crate::first_app;
use crate::gepi;
use crate::login;
use crate::monitoring;
use crate::oidc;
use crate::outage::Outage;
use crate::outbox;
use crate::pages::{Alert, Language, Page, STYLE, Text};
use crate::person::Person;
use crate::problem::Refused;
use crate::registration;
use crate::second_factor;
use crate::security;
use crate::session::{Browser, FORM_HASH, Purpose};
use crate::{phone, push};

/// The greatest length of a form.
pub(crate) const FORM_BYTES: usize = 16 * 1024;
/// The longest time of a request.
const TIME: Duration = Duration::from_secs(20);

/// No frame, no script, no style but the provider's own, and forms only to the provider.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
    frame-ancestors 'none'; form-action 'self'";

/// Denies to pages what a browser can ask its person for, with or without the camera.
macro_rules! permissions {
    ($camera:literal) => {
        concat!(
            "camera=",
            $camera,
            ", display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), ",
            "publickey-credentials-get=(), serial=(), usb=()"
        )
    };
}

pub(crate) const PERMISSIONS: header::HeaderName = header::HeaderName::from_static("permissions-policy");
const NO_CAMERA: &str = permissions!("()");
/// The permissions of the app, which scans codes.
pub(crate) const CAMERA: &str = permissions!("(self)");

/// The headers of every response that does not set them by itself.
const HEADERS: [(header::HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    // With `no-referrer`, browsers send the origin `null` with our own forms.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // A site that opens a page in a window of its own keeps no hold of it.
    (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (PERMISSIONS, NO_CAMERA),
];

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(login::show))
        .route("/password", post(login::take_password))
        .route("/enrollment", post(enrollment::confirm))
        .route("/enrollment/key", get(enrollment::key))
        .route("/consent", post(consent::take_consent))
        .route("/cancel", post(consent::cancel))
        .route("/ended", get(consent::show_ended))
        .route("/logout", post(login::log_out))
        .route("/language/{code}", post(login::set_language))
        .route("/outbox", get(outbox::show))
        .merge(security::routes())
        .merge(admin::routes())
        .merge(first_app::routes())
        .merge(second_factor::routes())
        .merge(registration::routes())
        .merge(credentials::routes())
        .route("/style.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], STYLE) }))
        .merge(push::routes())
        .merge(if app.config.gepi.enabled { gepi::routes() } else { Router::new() })
        .layer(from_fn_with_state(Arc::clone(&app), own_forms))
        .merge(oidc::routes())
        .merge(push::api())
        .merge(phone::routes())
        .merge(monitoring::routes())
        .fallback(errors::without_slash)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(from_fn_with_state(Arc::clone(&app), monitoring::limit))
        .layer(from_fn_with_state(Arc::clone(&app), errors::own_host))
        .layer(from_fn_with_state(Arc::clone(&app), guard))
        .layer(from_fn_with_state(Arc::clone(&app), errors::explain))
        .layer(from_fn_with_state(Arc::clone(&app), monitoring::observe))
        .with_state(app)
}

/// Refuses forms of other sites, and brings the others to their end.
async fn own_forms(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    // Browsers send the origin with every form.
    let is_ours = request.headers().get(header::ORIGIN).is_some_and(|origin| *origin == app.origin);
    request.headers_mut().remove(FORM_HASH);
    if is_sight(request.method()) {
        return next.run(request).await;
    }
    if is_ours {
        let request = match with_hash(request).await {
            Ok(request) => request,
            Err(status) => return status.into_response(),
        };
        // The second of two clicks cancels the first one, which must not stop after half of its work.
        let form = tokio::spawn(next.run(request));
        return form.await.unwrap_or_else(|_| Outage("form").into_response());
    }
    // The form is read first, since a connection with an unread form is reset, and the answer may be lost.
    let _ = to_bytes(request.into_body(), FORM_BYTES).await;
    StatusCode::FORBIDDEN.into_response()
}

/// Returns `true` for the methods by which a page is only looked at. Programs that check links ask for the headers
/// alone.
pub(crate) fn is_sight(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// Adds the hash of a form, by which a session knows the second of two clicks. Documents are left as they are.
async fn with_hash(request: Request) -> Result<Request, StatusCode> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| *kind != "application/x-www-form-urlencoded") {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, FORM_BYTES).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let hash = base16ct::lower::encode_string(&Sha256::digest(&body));
    parts.headers.insert(FORM_HASH, HeaderValue::try_from(hash).map_err(|_| StatusCode::BAD_REQUEST)?);
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Limits the time of a request, and sets the headers of the response.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let time = if request.uri().path() == registration::UPLOAD { registration::UPLOAD_TIME } else { TIME };
    let is_form = !is_sight(request.method());
    let response = tokio::time::timeout(time, next.run(request)).await;
    let mut response = response.unwrap_or_else(|_| Outage("timeout").into_response());
    // A page that answers a form has the address of the form, to which none of its own forms can lead back.
    if is_form && !response.status().is_redirection() {
        let origin_only = HeaderValue::from_static("strict-origin");
        response.headers_mut().entry(header::REFERRER_POLICY).or_insert(origin_only);
    }
    // The certificate of a demonstration is not kept, and its name may be that of other programs.
    if app.is_secure() && !app.is_demonstration() {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

impl IntoResponse for Outage {
    fn into_response(self) -> Response {
        eprintln!("outage: {}", self.0);
        // The label is for the metrics.
        (StatusCode::SERVICE_UNAVAILABLE, Extension(self)).into_response()
    }
}

/// The result of a handler.
pub(crate) type Answer = Result<Response, Outage>;

/// A request of a browser: its session, its language and the time.
pub(crate) struct Visit {
    pub(crate) app: Arc<App>,
    pub(crate) browser: Browser,
    /// The person of the session, as the request began.
    pub(crate) person: Option<Box<Person>>,
    pub(crate) language: Language,
    pub(crate) now: UnixTime,
    /// The refusal of the last form, for a page that is shown.
    pub(crate) refused: Refused,
}

impl Visit {
    /// Returns the request for one of the person's own pages, which shows the refusal of the last form.
    pub(crate) async fn of_page(app: Arc<App>, headers: &HeaderMap) -> Result<Self, Outage> {
        let mut visit = Self::of(app, headers).await?;
        visit.refused = visit.browser.take_refused(&visit.app.records, visit.now).await?;
        Ok(visit)
    }

    /// Returns the request for one of the person's own pages.
    pub(crate) async fn of(app: Arc<App>, headers: &HeaderMap) -> Result<Self, Outage> {
        Self::with(app, headers, Purpose::OwnPages).await
    }

    /// Returns the request for a page of a login at a service.
    pub(crate) async fn of_service(app: Arc<App>, headers: &HeaderMap) -> Result<Self, Outage> {
        Self::with(app, headers, Purpose::Service).await
    }

    /// Returns a form of a step that logins at services and the person's own pages share. In a login at a service, it
    /// names the service's request.
    pub(crate) async fn of_step(app: Arc<App>, headers: &HeaderMap, request: Option<&str>) -> Result<Self, Outage> {
        let purpose = if request.is_some() { Purpose::Service } else { Purpose::OwnPages };
        Self::with(app, headers, purpose).await
    }

    /// Returns the request for the page of a step, which is that of a login at a service while there is one.
    pub(crate) async fn of_step_page(app: Arc<App>, headers: &HeaderMap) -> Result<Self, Outage> {
        let mut visit = Self::of_pending(app, headers).await?;
        visit.refused = visit.browser.take_refused(&visit.app.records, visit.now).await?;
        Ok(visit)
    }

    /// Returns the request with the session of a login at a service, if there is one, or with that of the own pages.
    pub(crate) async fn of_pending(app: Arc<App>, headers: &HeaderMap) -> Result<Self, Outage> {
        let visit = Self::of_service(Arc::clone(&app), headers).await?;
        if visit.browser.session.request.is_some() { Ok(visit) } else { Self::of(app, headers).await }
    }

    async fn with(app: Arc<App>, headers: &HeaderMap, purpose: Purpose) -> Result<Self, Outage> {
        let now = UnixTime::now()?;
        let mut browser = Browser::of(&app.records, headers, purpose, app.is_secure(), now).await?;
        let person = match &browser.session.person {
            Some(id) => app.persons.load(id, now).await?.map(Box::new),
            None => None,
        };
        let is_over = browser.sign_out(person.as_deref(), now);
        let person = person.filter(|_| !is_over);
        browser.note_use(&app.records, now).await?;
        browser.put_back_refused(&app.records, now).await?;
        let mut chosen = browser.session.language.clone();
        if chosen.is_none() {
            let other = Browser::of(&app.records, headers, purpose.other(), app.is_secure(), now).await?;
            chosen = other.session.language;
        }
        let chosen = chosen.as_deref().and_then(Language::of_code);
        let language = chosen.unwrap_or_else(|| Language::accepted(headers));
        Ok(Self { app, browser, person, language, now, refused: Refused::default() })
    }

    /// Returns a text in the language of the browser.
    pub(crate) const fn say(&self, text: Text) -> &'static str {
        text.in_language(self.language)
    }

    /// Returns a text for the top of a page.
    pub(crate) fn warning(&self, text: Text) -> Alert {
        Alert(self.say(text).to_owned())
    }

    /// Shows a page, with a cookie for a session that is new or has moved.
    pub(crate) fn show(&self, status: StatusCode, page: impl FnOnce(&Page<'_>) -> Markup) -> Response {
        let cookie = self.browser.set_cookie(self.app.is_secure());
        let policy = [(header::CONTENT_SECURITY_POLICY, self.policy())];
        (status, cookie, policy, self.render(page)).into_response()
    }

    /// Returns the markup of a page for this browser.
    pub(crate) fn render(&self, page: impl FnOnce(&Page<'_>) -> Markup) -> Markup {
        let form_token = self.browser.form_token();
        let service = self.client().map(|client| client.name.as_str());
        let request = self.browser.session.last_request();
        let provider = &self.app.config.name;
        let refused = &self.refused;
        let outbox = self.app.outbox();
        page(&Page {
            language: self.language,
            provider,
            form_token: &form_token,
            refused,
            service,
            request,
            outbox: outbox.as_deref(),
        })
    }

    /// Shows a page that has a script of the provider, which may call the provider.
    pub(crate) fn show_with_script(&self, status: StatusCode, page: impl FnOnce(&Page<'_>) -> Markup) -> Response {
        let policy = format!("{}; script-src 'self'; connect-src 'self'", self.policy());
        ([(header::CONTENT_SECURITY_POLICY, policy)], self.show(status, page)).into_response()
    }

    /// Permits forms whose answer sends the browser back to the service that it logs in to.
    pub(crate) fn policy(&self) -> String {
        let request = self.browser.session.request.as_ref();
        let target = request.and_then(|request| oidc::form_target(&request.back.uri));
        target.map_or_else(|| POLICY.to_owned(), |target| format!("{POLICY} {target}"))
    }

    /// Sends the browser to a page that shows the refusal of a form.
    pub(crate) async fn refuse(&self, path: &str, refused: impl Into<Refused>) -> Answer {
        self.browser.refuse(&self.app.records, refused.into(), self.now).await?;
        Ok(self.go_to(path))
    }

    /// Sends the browser to another page, after a form.
    pub(crate) fn go_to(&self, path: &str) -> Response {
        let cookie = self.browser.set_cookie(self.app.is_secure());
        (cookie, Redirect::to(path)).into_response()
    }
}

impl Language {
    /// Returns the first language of the browser that the provider has, or Italian.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        accepted.split([',', ';']).find_map(|code| Self::of_code(code.trim())).unwrap_or(Self::Italian)
    }
}
