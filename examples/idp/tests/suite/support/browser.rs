//! A browser without JavaScript, as far as the forms of the provider need one.

use std::collections::BTreeMap;

use ureq::Agent;
use ureq::http::{HeaderMap, Response};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::support::app::App;
use crate::support::outbox;
use crate::support::page::{assert_leads_onward, assert_leads_onward_or_out};
use crate::support::provider::Provider;

/// Returns a client that follows no redirects, and takes every status.
pub(crate) fn agent() -> Agent {
    Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into()
}

/// A copy is another tab, or the second of two clicks: it has the same cookie.
#[derive(Clone)]
pub(crate) struct Browser {
    agent: Agent,
    origin: String,
    /// The address that takes connections.
    address: String,
    /// The page that the browser shows, which it names to the provider with each form.
    shown: String,
    /// The cookies by name.
    cookies: BTreeMap<String, String>,
    app: Option<App>,
    /// The address that a proxy in front would name.
    pub(crate) from: Option<&'static str>,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) page: String,
    /// The address at a service to which the browser was sent.
    pub(crate) left: Option<Url>,
    /// A path of the provider that is not opened, as if it were at another service.
    pub(crate) hold: Option<&'static str>,
}

impl Browser {
    pub(crate) fn new(provider: &Provider) -> Self {
        let (cookies, app, from, left, hold) = Default::default();
        let (page, headers, shown) = Default::default();
        let (origin, address) = (provider.origin.clone(), provider.address.clone());
        Self { agent: agent(), origin, address, shown, cookies, app, from, status: 0, headers, page, left, hold }
    }

    /// Returns a second connection of the same browser, for two clicks at once.
    pub(crate) fn twin(&self) -> Self {
        Self { agent: agent(), left: None, ..self.clone() }
    }

    /// Gives the person's app to another browser.
    pub(crate) fn lend(&self, other: &mut Self) {
        other.app.clone_from(&self.app);
    }

    /// Opens an address of the provider.
    pub(crate) fn open(&mut self, url: &str) {
        self.left = None;
        let path = url.strip_prefix(&self.origin).unwrap_or(url);
        let is_ours = path.starts_with('/') || path.is_empty();
        let url = if is_ours { format!("{}{path}", self.address) } else { url.to_owned() };
        self.shown = url.replacen(&self.address, &self.origin, 1);
        let mut request = self.agent.get(&url);
        if !self.cookies.is_empty() {
            request = request.header("Cookie", self.cookie());
        }
        let response = request.call().unwrap();
        self.take(response);
    }

    /// Sends the form with this action on the page, with its hidden fields and with these.
    pub(crate) fn submit(&mut self, action: &str, fields: &[(&str, &str)]) {
        let form = self.form(action).unwrap_or_else(|| panic!("no form {action} on the page: {}", self.page));
        self.post(action, &form, fields);
    }

    /// Returns the hidden fields of a form.
    pub(crate) fn form(&self, action: &str) -> Option<Vec<(String, String)>> {
        let (_, form) = self.page.split_once(&format!("action=\"{action}\""))?;
        let (form, _) = form.split_once("</form>")?;
        let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
        let field = |input: &str| {
            let (name, rest) = input.split_once("\" value=\"")?;
            Some((name.to_owned(), rest.split_once('"')?.0.to_owned()))
        };
        inputs.map(field).collect()
    }

    pub(crate) fn post(&mut self, action: &str, form: &[(String, String)], fields: &[(&str, &str)]) {
        self.left = None;
        let body = Serializer::new(String::new()).extend_pairs(form).extend_pairs(fields).finish();
        let mut request = self.agent.post(format!("{}{action}", self.address)).header("Origin", &self.origin);
        request = request.header("Referer", &self.shown);
        if let Some(from) = self.from {
            request = request.header("X-Forwarded-For", from);
        }
        if !self.cookies.is_empty() {
            request = request.header("Cookie", self.cookie());
        }
        let response = request.content_type("application/x-www-form-urlencoded").send(body).unwrap();
        self.take_answer(response);
    }

    /// Returns `true` if the page says why something is refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.page.contains("role=\"alert\"")
    }

    /// Returns its cookies as the header has them.
    pub(crate) fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Sends a form with files, whose names are those of their fields.
    pub(crate) fn upload(&mut self, action: &str, form: &[(String, String)], files: &[(&str, &[u8])]) {
        self.left = None;
        let mut body = Vec::new();
        for (name, value) in form {
            let head = format!("--boundary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(head.as_bytes());
        }
        for (name, bytes) in files {
            let head = "--boundary\r\nContent-Type: image/png\r\nContent-Disposition: form-data";
            body.extend(format!("{head}; name=\"{name}\"; filename=\"{name}.png\"\r\n\r\n").as_bytes());
            body.extend(*bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--boundary--\r\n");
        let mut request = self.agent.post(format!("{}{action}", self.address)).header("Origin", &self.origin);
        if !self.cookies.is_empty() {
            request = request.header("Cookie", self.cookie());
        }
        let response = request.content_type("multipart/form-data; boundary=boundary").send(&body[..]).unwrap();
        self.take_answer(response);
    }

    /// Downloads a file.
    pub(crate) fn download(&mut self, path: &str) -> Vec<u8> {
        let request = self.agent.get(format!("{}{path}", self.address));
        let mut response = request.header("Cookie", self.cookie()).call().unwrap();
        self.status = response.status().as_u16();
        self.headers = response.headers().clone();
        response.body_mut().read_to_vec().unwrap()
    }

    /// Takes the answer to a form, which is a page only for a form that failed: the back button could not show it
    /// again.
    fn take_answer(&mut self, response: Response<ureq::Body>) {
        let is_page = response.headers().get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8");
        assert!(!is_page || response.status().as_u16() >= 400, "a form is answered with a page");
        if is_page {
            // It has no other address than the form, which only the origin is named of.
            self.shown = format!("{}/", self.origin);
        }
        self.take(response);
    }

    fn take(&mut self, mut response: Response<ureq::Body>) {
        self.status = response.status().as_u16();
        self.headers = response.headers().clone();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        self.page = response.body_mut().read_to_string().unwrap();
        if self.status >= 400 {
            assert_leads_onward(&self.page);
        } else if self.page.contains("<main id=\"content\">") {
            assert_leads_onward_or_out(&self.page);
        }
        let Some(location) = response.headers().get("location") else { return };
        let target = Url::parse(&self.origin).unwrap().join(location.to_str().unwrap()).unwrap();
        let is_held = self.hold.is_some_and(|path| target.path() == path);
        if target.as_str().starts_with(&self.origin) && !is_held {
            self.open(target.as_str());
        } else {
            self.left = Some(target);
        }
    }

    /// Returns a parameter of the answer that the service got.
    pub(crate) fn answer(&self, name: &str) -> Option<String> {
        let left = self.left.as_ref().unwrap_or_else(|| panic!("the browser is at the provider: {}", self.page));
        left.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Follows the link back to the service.
    pub(crate) fn follow_link(&mut self) {
        let (_, link) = self.page.split_once("class=\"button\" href=\"").unwrap();
        self.left = Some(Url::parse(&link.split_once('"').unwrap().0.replace("&amp;", "&")).unwrap());
    }

    pub(crate) fn give_password(&mut self, provider: &Provider) {
        self.submit("/password", &[("user", &provider.user), ("password", &provider.password)]);
    }

    /// Activates an authenticator app on the person's own pages.
    ///
    /// It uses the code of the step before, so that the current one is left for a login.
    pub(crate) fn enroll(&mut self, provider: &Provider) {
        self.enroll_as(&provider.user, &provider.password);
    }

    /// Activates an app for a person with this user name and password.
    pub(crate) fn enroll_as(&mut self, user: &str, password: &str) {
        self.begin_first_app(user, password);
        self.confirm_app();
        assert!(self.page.contains("action=\"/code\""), "{}", self.page);
    }

    /// Opens the page with the key of a first app, on the person's own pages.
    pub(crate) fn begin_first_app(&mut self, user: &str, password: &str) {
        self.open("/");
        self.submit("/password", &[("user", user), ("password", password)]);
        self.give_activation_code();
    }

    /// Gives the code that was sent to the certified number, after which an app can be activated.
    pub(crate) fn give_activation_code(&mut self) {
        let outbox = Self { cookies: BTreeMap::new(), ..self.clone() };
        outbox::give_activation_code(outbox, |code| {
            self.submit("/first-app", &[("code", code)]);
            self.form("/first-app").is_none()
        });
    }

    /// Scans the key on the page, and gives the first code of the app.
    pub(crate) fn confirm_app(&mut self) {
        self.scan();
        // The step can end before the code arrives.
        for _ in 0..3 {
            let code = self.app().first_code(0);
            self.submit("/enrollment", &[("code", &code)]);
            if self.page.contains("action=\"/logout\"") {
                return;
            }
            self.open("/");
            if !self.page.contains("<code>") {
                return;
            }
        }
    }

    /// Locks the account of the demonstration's person, as somebody does who has the password and guesses codes.
    pub(crate) fn lock_account(provider: &Provider) {
        let mut thief = Self::new(provider);
        thief.open("/");
        thief.give_password(provider);
        for code in ["000000", "000001", "000002", "000003", "000004"] {
            thief.submit("/code", &[("code", code)]);
        }
    }

    /// Locks the user name of the demonstration's person with wrong passwords, and returns the browser that gave them.
    pub(crate) fn lock_password(provider: &Provider) -> Self {
        let mut thief = Self::new(provider);
        thief.open("/");
        for password in ["a", "b", "c", "d", "e"] {
            thief.submit("/password", &[("user", &provider.user), ("password", password)]);
        }
        thief
    }

    /// Gives the next code that was not used.
    pub(crate) fn give_code(&mut self) {
        let code = self.next_code();
        self.submit("/code", &[("code", &code)]);
    }

    /// Returns the next code of the app that was not used.
    pub(crate) fn next_code(&mut self) -> String {
        self.app().next_code()
    }

    /// Returns the last code that was used.
    pub(crate) fn used_code(&self) -> String {
        self.app.as_ref().expect("no app is enrolled").used_code()
    }

    /// Gives the next code of a clock that is this many seconds ahead. It does not wait for the code's step.
    pub(crate) fn give_next_code(&mut self, ahead: u64) {
        let code = self.app().next_code_at(ahead);
        self.submit("/code", &[("code", &code)]);
    }

    /// Reads the secret of the app that is enrolled on the page, and gives its first code.
    pub(crate) fn give_first_code(&mut self, ahead: u64) {
        self.scan();
        let code = self.app().first_code(ahead);
        self.submit("/enrollment", &[("code", &code)]);
    }

    /// Reads the secret of an app on the page.
    pub(crate) fn scan(&mut self) {
        let page = &self.page;
        let (_, secret) = page.split_once("<code>").unwrap_or_else(|| panic!("no secret on the page: {page}"));
        self.app = Some(App::new(secret.split_once('<').unwrap().0));
    }

    /// Returns the person's app.
    pub(crate) fn app(&mut self) -> &mut App {
        self.app.as_mut().expect("no app is enrolled")
    }

    pub(crate) fn consent(&mut self) {
        self.submit("/consent", &[("consent", "yes")]);
    }
}
