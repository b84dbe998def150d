//! A browser, as far as a login needs one.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::form_urlencoded::Serializer;

use super::people::{PASSWORD, Person};
use crate::outage::Failure;

/// The greatest length of a page.
const PAGE_BYTES: usize = 256 * 1024;

pub(super) struct Browser {
    address: SocketAddr,
    connection: SendRequest<Body>,
    pub(super) cookie: Option<String>,
    pub(super) page: String,
}

impl Browser {
    /// Opens the first page.
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Failure> {
        Self::with_cookie(address, None).await
    }

    /// Opens the page of the step where a session is.
    pub(super) async fn with_cookie(address: SocketAddr, cookie: Option<String>) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (connection, io) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(io);
        let mut browser = Self { address, connection, cookie, page: String::new() };
        browser.get("/").await?;
        Ok(browser)
    }

    /// Returns `true` on the person's own pages.
    pub(super) fn is_in(&self) -> bool {
        self.page.contains("action=\"/logout\"")
    }

    pub(super) async fn give_password(&mut self, person: &Person) -> Result<(), Failure> {
        self.post("/password", &[("user", &person.user), ("password", PASSWORD)]).await?;
        if self.form("/code").is_some() { Ok(()) } else { Err(format!("no page for a code: {}", self.page).into()) }
    }

    pub(super) async fn give_code(&mut self, code: &str) -> Result<(), Failure> {
        self.post("/code", &[("code", code)]).await
    }

    /// Returns the number of attempts that the page tells.
    pub(super) fn remaining(&self) -> Option<u8> {
        let (_, rest) = self.page.split_once("Attempts left: ")?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }

    async fn get(&mut self, path: &str) -> Result<(), Failure> {
        let request = self.request(path).body(Body::empty())?;
        self.send(request).await
    }

    async fn post(&mut self, action: &str, fields: &[(&str, &str)]) -> Result<(), Failure> {
        let token = self.form(action).ok_or_else(|| format!("no form {action} on the page: {}", self.page))?;
        let body = Serializer::new(String::new()).append_pair("form", &token).extend_pairs(fields).finish();
        let request = self.request(action).method("POST").header(header::ORIGIN, self.origin());
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.into())?;
        self.send(request).await
    }

    fn request(&self, path: &str) -> axum::http::request::Builder {
        let request = Request::get(path).header(header::HOST, format!("localhost:{}", self.address.port()));
        let request = request.header(header::ACCEPT_LANGUAGE, "en");
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    fn origin(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    /// Sends a request, and follows a redirect to the page of the next step.
    async fn send(&mut self, request: Request<Body>) -> Result<(), Failure> {
        self.connection.ready().await?;
        let response = self.connection.send_request(request).await?;
        let cookie = response.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        if let Some(cookie) = cookie.and_then(|cookie| cookie.split(';').next()) {
            self.cookie = Some(cookie.to_owned());
        }
        let next = response.headers().get(header::LOCATION).and_then(|path| path.to_str().ok()).map(ToOwned::to_owned);
        let body = to_bytes(Body::new(response.into_body()), PAGE_BYTES).await?;
        if let Some(next) = next {
            return Box::pin(self.get(&next)).await;
        }
        self.page = String::from_utf8(body.to_vec())?;
        Ok(())
    }

    /// Returns the token of a form on the page.
    fn form(&self, action: &str) -> Option<String> {
        let (_, form) = self.page.split_once(&format!("action=\"{action}\""))?;
        let (_, token) = form.split_once("name=\"form\" value=\"")?;
        Some(token.split('"').next()?.to_owned())
    }
}
