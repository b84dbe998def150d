//! A browser in the process of a test, which sees and changes what the provider keeps.
#![allow(clippy::unwrap_used, reason = "a test fails so")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use secondo::store::{Boxed, BoxedError, Entry, Enumerate, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime};
use tokio::sync::{Semaphore, SemaphorePermit};
use tower::ServiceExt;

use crate::app::{App, RECORDS};
use crate::key_file::KeyFile;
use crate::messages::Messages;
use crate::person::{Persons, hash};
use crate::records::{Record, Records, kind_of};
use crate::session::{self, Purpose, Second, Session};

pub(crate) const USER: &str = "maria.rossi@example.org";
const ORIGIN: &str = "http://localhost:8080";

/// Opens a provider in which the person has the password `password`.
pub(crate) async fn open(folder: &std::path::Path) -> Arc<App> {
    let registration = r#"
        [[client]]
        id = "wiki"
        name = "Wiki"
        profile = "plain"
        area = "Roma"
        redirect_uris = ["https://wiki.example/callback"]
        attributes = ["email"]
    "#;
    let mut config: crate::config::Config = toml::from_str(registration).unwrap();
    config.data = folder.join("idp.redb");
    let app = Arc::new(App::open(config, ORIGIN.to_owned()).await.unwrap());
    let password = hash("password").unwrap();
    change(&app, |person| person.password.clone_from(&password)).await;
    app
}

pub(crate) async fn change(app: &App, change: impl FnMut(&mut crate::person::Person) + Send) {
    let now = UnixTime::now().unwrap();
    let id = app.persons.named(USER, now).await.unwrap().unwrap().id;
    app.persons.change(&id, now, change).await.unwrap();
}

/// Returns a browser with a session of the person's own pages.
pub(crate) async fn sign_in(app: &Arc<App>) -> Browser {
    let now = UnixTime::now().unwrap();
    let person = app.persons.named(USER, now).await.unwrap().unwrap();
    let mut browser = Browser::new(app);
    browser.send("GET", "/", String::new(), None).await;
    let headers = browser.headers();
    let mut held = session::Browser::of(&app.records, &headers, Purpose::OwnPages, false, now).await.unwrap();
    held.sign_in(&person, now.as_secs());
    held.session.second = Some(Second { authenticator: 1, at: now.as_secs(), level: 2, amr: Vec::new() });
    held.renew(&app.records, now).await.unwrap();
    let [(_, cookie)] = held.set_cookie(false).unwrap();
    cookie.split(';').next().unwrap().clone_into(&mut browser.cookie);
    browser
}

/// Returns the provider with persons and messages that are out of reach until the gate has a permit. A request that
/// waits for them is not answered.
pub(crate) fn held(app: &App) -> (Arc<App>, Arc<Semaphore>) {
    let (records, gate, _) = gated(app, Gate::All);
    (Arc::new(App { persons: persons(app, &records), messages: Messages::new(records, None), ..app.clone() }), gate)
}

/// Returns the provider whose persons and other records are behind a gate without permits, the permits, and the numbers
/// of calls.
pub(crate) fn gated_app(app: &App, gate: Gate) -> (Arc<App>, Arc<Semaphore>, Arc<Seen>) {
    let (records, permits, seen) = gated(app, gate);
    (Arc::new(App { persons: persons(app, &records), records, ..app.clone() }), permits, seen)
}

/// Returns the persons of these records.
pub(crate) fn persons(app: &App, records: &Records) -> Persons {
    Persons::new(records.clone(), "nobody", 1, app.metrics.clone(), app.audit.clone()).unwrap()
}

/// The calls of a store that wait for a permit of its gate.
#[derive(Clone, Copy)]
pub(crate) enum Gate {
    All,
    /// Those that write a record of this kind, once this many were written.
    Writes(&'static str, usize),
}

impl Gate {
    fn holds(self, id: &AccountId, is_write: bool) -> bool {
        match self {
            Self::All => true,
            Self::Writes(kind, _) => is_write && kind_of(id) == Some(kind),
        }
    }
}

/// A store with a gate, which counts the calls.
struct Gated {
    store: Boxed,
    gate: Gate,
    permits: Arc<Semaphore>,
    seen: Arc<Seen>,
}

/// The numbers of calls that a store received.
#[derive(Default)]
pub(crate) struct Seen {
    /// The writes that the gate holds or counts.
    writes: AtomicUsize,
    /// The loads of sessions.
    loads: AtomicUsize,
    calls: AtomicUsize,
}

impl Seen {
    /// Returns the number of writes that the gate holds or counts.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    /// Returns the number of all loads and writes.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Gated {
    /// Waits for a permit, if the gate holds the call.
    async fn pass(&self, id: &AccountId, is_write: bool) -> Option<SemaphorePermit<'_>> {
        self.seen.calls.fetch_add(1, Ordering::Relaxed);
        if !self.gate.holds(id, is_write) {
            return None;
        }
        if is_write {
            let before = self.seen.writes.fetch_add(1, Ordering::Relaxed);
            if matches!(self.gate, Gate::Writes(_, written) if before < written) {
                return None;
            }
        }
        Some(self.permits.acquire().await.unwrap())
    }
}

impl Store for Gated {
    type Error = BoxedError;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, BoxedError> {
        let _permit = self.pass(id, false).await;
        let entry = self.store.load(id).await;
        if kind_of(id) == Some(Session::KIND) {
            self.seen.loads.fetch_add(1, Ordering::Relaxed);
        }
        entry
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expires: Option<UnixTime>,
    ) -> Result<Exchange, BoxedError> {
        let _permit = self.pass(id, true).await;
        self.store.compare_exchange(id, expected, value, expires).await
    }
}

impl Enumerate for Gated {
    async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, BoxedError> {
        self.store.ids_after(after).await
    }
}

/// Returns the records of the provider behind a gate without permits, the permits, and the numbers of calls.
pub(crate) fn gated(app: &App, gate: Gate) -> (Records, Arc<Semaphore>, Arc<Seen>) {
    let (permits, seen) = (Arc::new(Semaphore::new(0)), Arc::<Seen>::default());
    let store = Gated { store: app.engine.boxed(), gate, permits: Arc::clone(&permits), seen: Arc::clone(&seen) };
    let keys = KeyFile::read(&app.config.key_path()).unwrap().derived(RECORDS);
    (Records::new(Boxed::new(store), &keys), permits, seen)
}

/// Sends two forms, as a double click does. While the first one waits to write a record of type `R`, the second one
/// goes as far as it can. The browser gets the answer to the second one, which must lead where the first one leads.
pub(crate) async fn click_twice<R: Record>(app: &App, browser: &mut Browser, path: &str, forms: [String; 2]) {
    click_after::<R>(app, 0, browser, path, forms).await;
}

/// Clicks twice, and holds the first form after it has written this many records of type `R`.
pub(crate) async fn click_after<R: Record>(
    app: &App,
    written: usize,
    browser: &mut Browser,
    path: &str,
    forms: [String; 2],
) {
    let (gated, gate, seen) = gated_app(app, Gate::Writes(R::KIND, written));
    let click = |form: String| {
        let (mut tab, path) = (Browser::new(&gated), path.to_owned());
        tab.cookie.clone_from(&browser.cookie);
        tokio::spawn(async move {
            tab.send("POST", &path, form, None).await;
            let location = tab.location.clone();
            tab.follow().await;
            (location, tab)
        })
    };
    let loads = || seen.loads.load(Ordering::Relaxed);
    let [first, second] = forms;
    let first = click(first);
    while seen.writes() <= written {
        assert!(!first.is_finished(), "the first form writes no record of this type");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let before = loads();
    let second = click(second);
    // It looks again and again what the first one has done, or waits to write as well.
    while !second.is_finished() && seen.writes() == written + 1 && loads() < before + 5 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gate.add_permits(Semaphore::MAX_PERMITS);
    let (second, first) = (second.await.unwrap(), first.await.unwrap());
    assert_eq!((&second.0, &second.1.cookie), (&first.0, &first.1.cookie), "{}", second.1.page);
    (browser.cookie, browser.page) = (second.1.cookie, second.1.page);
}

/// Waits for the activation code that was sent to a number, and returns it.
pub(crate) async fn activation_code(app: &App) -> String {
    loop {
        let messages = app.messages.all(UnixTime::now().unwrap()).await.unwrap();
        let mut codes = messages.iter().filter_map(|message| message.text.split_once("a nessuno: "));
        match codes.next() {
            Some((_, code)) => return code.to_owned(),
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Returns `true` if a mail with this subject was sent to an address.
pub(crate) async fn is_sent(app: &App, to: &str, subject: &str) -> bool {
    let messages = app.messages.all(UnixTime::now().unwrap()).await.unwrap();
    messages.iter().any(|message| message.to == to && message.subject.as_deref() == Some(subject))
}

/// Waits for a mail with this subject to an address.
pub(crate) async fn wait_for_mail(app: &App, to: &str, subject: &str) {
    while !is_sent(app, to, subject).await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A browser, as far as these tests need one.
pub(crate) struct Browser {
    app: Arc<App>,
    pub(crate) cookie: String,
    pub(crate) page: String,
    pub(crate) location: String,
}

impl Browser {
    pub(crate) async fn send(&mut self, method: &str, path: &str, body: String, token: Option<&str>) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ORIGIN, ORIGIN)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = crate::http::router(Arc::clone(&self.app)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = |name| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        if let Some(cookie) = text(header::SET_COOKIE) {
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
        self.location = text(header::LOCATION).unwrap_or_default();
        self.page = String::from_utf8(to_bytes(body, 100_000).await.unwrap().to_vec()).unwrap();
    }

    pub(crate) fn new(app: &Arc<App>) -> Self {
        Self { app: Arc::clone(app), cookie: String::new(), page: String::new(), location: String::new() }
    }

    /// Returns the headers of its requests.
    pub(crate) fn headers(&self) -> HeaderMap {
        [(header::COOKIE, self.cookie.parse().unwrap())].into_iter().collect()
    }

    /// Opens the page to which the browser was sent.
    pub(crate) async fn follow(&mut self) {
        while self.location.starts_with('/') {
            let path = self.location.clone();
            self.send("GET", &path, String::new(), None).await;
        }
    }

    pub(crate) fn hidden(&self, name: &str) -> String {
        let (_, value) = self.page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        value.split('"').next().unwrap().to_owned()
    }
}
