//! A browser in the process of a test, which sees and changes what the provider keeps.
#![allow(clippy::unwrap_used, reason = "a test fails so")]

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use secondo::UnixTime;
use tower::ServiceExt;

use crate::app::App;
use crate::person::hash;

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
        let text = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        if let Some(cookie) = text(header::SET_COOKIE) {
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
        self.location = text(header::LOCATION).unwrap_or_default();
        self.page = String::from_utf8(to_bytes(response.into_body(), 100_000).await.unwrap().to_vec()).unwrap();
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
