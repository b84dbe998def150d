//! A walk through the provider with browsers of the test's own, on a real PostgreSQL.
//!
//! The provider's clock stands still until a test moves it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use secondo_postgres::tokio_postgres::{self, NoTls};
use store_testing::{Postgres, Server};
use tokio::runtime::Runtime;
use ureq::Agent;
use ureq::http::Response;

/// The demonstration person's provider, with a database of its own.
struct Site {
    program: Child,
    server: Postgres,
    origin: String,
    password: String,
    clock: PathBuf,
}

impl Site {
    fn start() -> Self {
        let library = format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", std::env::consts::ARCH);
        assert!(fs::exists(&library).unwrap(), "Debian's package faketime");
        let server = Postgres::start(&["fsync=off"]);
        let clock = server.data().join("clock");
        set(&clock, 0);
        let mut program = Command::new(env!("CARGO_BIN_EXE_web"))
            .env("IDP_DATABASE", server.url())
            .env("IDP_MASTER_KEY", "5e".repeat(32))
            .env("IDP_LISTEN", "127.0.0.1:0")
            .envs([("LD_PRELOAD", &*library), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("FAKETIME_NO_CACHE", "1")])
            .env("FAKETIME_TIMESTAMP_FILE", &clock)
            .env("TZ", "UTC")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let mut after = |start: &str| {
            let line = lines.next().expect("a line of the program").unwrap();
            line.strip_prefix(start).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        let (password, origin) = (after("The password of rossi is "), after("Listening on "));
        Self { program, server, origin, password, clock }
    }

    /// Moves the provider's clock to a time step.
    fn set_step(&self, step: u32) {
        set(&self.clock, step);
    }

    fn browser(&self) -> Browser<'_> {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
        Browser { site: self, agent: config.into(), cookie: None, language: "en" }
    }

    /// Enrolls the person's first device, and logs in with it. Returns the browser and the secret.
    fn enrolled(&self) -> (Browser<'_>, String) {
        let mut browser = self.browser();
        browser.sign_in();
        let secret = secret_of(&browser.get());
        assert_eq!(browser.code(&code(&secret, 0)).0, 303);
        (browser, secret)
    }

    fn sql(&self, statement: &str) -> i64 {
        Runtime::new().unwrap().block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.server.url(), NoTls).await.unwrap();
            tokio::spawn(connection);
            let rows = client.query(statement, &[]).await.unwrap();
            rows.first().map_or(0, |row| row.get(0))
        })
    }

    fn sessions(&self) -> i64 {
        self.sql("SELECT count(*) FROM session WHERE device IS NOT NULL")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// A browser that keeps one cookie and follows no redirect.
#[derive(Clone)]
struct Browser<'a> {
    site: &'a Site,
    agent: Agent,
    cookie: Option<String>,
    language: &'static str,
}

impl Browser<'_> {
    fn get(&self) -> String {
        let (status, page) = self.read();
        assert_eq!(status, 200, "{page}");
        page
    }

    fn read(&self) -> (u16, String) {
        let request = self.agent.get(&self.site.origin).header("cookie", self.cookie.as_deref().unwrap_or("none=1"));
        take(request.header("accept-language", self.language).call().unwrap()).0
    }

    fn post(&mut self, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let origin = self.site.origin.clone();
        self.post_from(Some(&origin), path, form)
    }

    fn post_from(&mut self, origin: Option<&str>, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let request = self.agent.post(format!("{}{path}", self.site.origin));
        let request = request.header("cookie", self.cookie.as_deref().unwrap_or("none=1"));
        let mut request = request.header("accept-language", self.language);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let (answer, cookie) = take(request.send_form(form.iter().copied()).unwrap());
        self.cookie = cookie.or(self.cookie.take());
        answer
    }

    fn sign_in(&mut self) {
        let password = self.site.password.clone();
        assert_eq!(self.post("/password", &[("name", "rossi"), ("password", &password)]).0, 303);
    }

    fn code(&mut self, code: &str) -> (u16, String) {
        self.post("/code", &[("code", code)])
    }

    fn is_logged_in(&self) -> bool {
        self.get().contains("You are logged in")
    }
}

/// Returns the status, the page, and the cookie that the answer sets.
fn take(mut answer: Response<ureq::Body>) -> ((u16, String), Option<String>) {
    let set = answer.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
    let cookie = set.map(|set| {
        let (cookie, attributes) = set.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax");
        cookie.to_owned()
    });
    ((answer.status().as_u16(), answer.body_mut().read_to_string().unwrap()), cookie)
}

fn set(clock: &PathBuf, step: u32) {
    // The file is replaced as a whole, since the provider may be reading it.
    let next = clock.with_extension("next");
    fs::write(&next, time(step)).unwrap();
    fs::rename(next, clock).unwrap();
}

fn time(step: u32) -> String {
    let (minutes, seconds) = (step / 2, step % 2 * 30);
    format!("2030-01-01 {:02}:{:02}:{seconds:02}", 10 + minutes / 60, minutes % 60)
}

fn secret_of(page: &str) -> String {
    let (_, rest) = page.split_once("<code>").unwrap_or_else(|| panic!("{page}"));
    rest.split_once("</code>").unwrap().0.to_owned()
}

fn code(secret: &str, step: u32) -> String {
    let now = format!("{} UTC", time(step));
    let output = Command::new("oathtool").args(["--totp", "--base32", secret, "--now", &now]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Returns a code that is not right at the step or beside it.
fn wrong(secret: &str, step: u32) -> String {
    let right: Vec<_> = (step.saturating_sub(2)..step + 3).map(|step| code(secret, step)).collect();
    (0..10).map(|number| format!("{number:06}")).find(|code| !right.contains(code)).unwrap()
}

#[test]
fn a_person_enrolls_and_logs_in() {
    let mut site = Site::start();
    let mut browser = site.browser();
    assert!(browser.get().contains("Sign in"));
    assert_eq!(browser.post("/password", &[("name", "rossi"), ("password", "guess")]).0, 403);
    assert_eq!(browser.post("/password", &[("name", "nobody"), ("password", "guess")]).0, 403);
    assert_eq!(browser.cookie, None);

    browser.sign_in();
    let page = browser.get();
    assert!(page.contains("data:image/svg+xml;base64,"));
    assert_eq!(page, browser.get(), "a reload shows another secret");
    let (before, secret) = (browser.clone(), secret_of(&page));
    let (status, refused) = browser.code(&wrong(&secret, 0));
    assert!(status == 403 && refused.contains("4 attempts remain") && secret_of(&refused) == secret, "{refused}");
    assert_eq!(browser.code(&code(&secret, 0)).0, 303);
    let page = browser.get();
    assert!(page.contains("You are logged in") && page.contains("telefono"), "{page}");
    assert!(page.contains("2030-01-01T10:00:00Z"), "{page}");
    assert_ne!(browser.cookie, before.cookie);
    assert!(!before.is_logged_in(), "the cookie of before the code is one of a login");

    assert_eq!(browser.post("/logout", &[]).0, 303);
    assert!(browser.get().contains("Sign in"));

    browser.sign_in();
    assert!(browser.get().contains("Attempts left: 5"));
    browser.language = "it-IT,it;q=0.9";
    assert!(browser.code("12").1.contains("Inserisci un codice di 6 cifre."));
    site.set_step(1);
    assert_eq!(browser.code(&code(&secret, 1)).0, 303);
    assert!(browser.is_logged_in());
    assert_eq!(site.sessions(), 1);
    // The enrollment, a wrong code, the confirmation, a malformed and a right code: each was committed with its event.
    assert_eq!(site.sql("SELECT last_value FROM secondo_outbox_id_seq"), 5);

    let interrupt = Command::new("kill").args(["-INT", &site.program.id().to_string()]).status().unwrap();
    assert!(interrupt.success() && site.program.wait().unwrap().success());
}

#[test]
fn a_form_sent_twice_opens_one_session() {
    let site = Site::start();
    let (mut enrolled, secret) = site.enrolled();
    enrolled.post("/logout", &[]);
    site.set_step(1);
    let (mut browser, mut other) = (site.browser(), site.browser());
    browser.sign_in();
    other.sign_in();
    let right = code(&secret, 1);
    let clicks = [browser.clone(), browser.clone()];
    let clicks = thread::scope(|scope| {
        let right = &right;
        clicks.map(|mut click| scope.spawn(move || (click.code(right).0, click))).map(|click| click.join().unwrap())
    });
    for (status, click) in &clicks {
        assert!(*status == 303 && click.is_logged_in());
    }
    let [(_, first), (_, second)] = clicks;
    assert_eq!(first.cookie, second.cookie);
    assert_eq!(site.sessions(), 1);

    // In another browser, the same code is refused.
    let (status, page) = other.code(&right);
    assert!(status == 403 && page.contains("4 attempts remain"), "{page}");
    assert!(!other.is_logged_in());

    // Later, the form may be in other hands.
    site.set_step(2);
    let mut stolen = browser.clone();
    assert_eq!(stolen.code(&right).0, 303);
    assert!(!stolen.is_logged_in() && first.is_logged_in());

    // After the person has logged out, the form that is sent once more opens nothing.
    first.clone().post("/logout", &[]);
    browser.code(&right);
    assert!(!browser.is_logged_in());
    assert_eq!(site.sessions(), 0);
}

#[test]
fn guesses_are_counted_and_lock() {
    let site = Site::start();
    let (_, secret) = site.enrolled();
    site.set_step(1);
    let mut thief = site.browser();
    thief.sign_in();
    let first = wrong(&secret, 1);
    assert!(thief.code(&first).1.contains("4 attempts remain"));
    assert!(thief.code(&first).1.contains("4 attempts remain"), "a reload is counted");
    assert!(thief.get().contains("Attempts left: 4"));
    for remaining in ["3 attempts remain", "2 attempts remain", "1 attempt remains", "You can try again from"] {
        let mut thief = site.browser();
        thief.sign_in();
        let (status, page) = thief.code(&first);
        assert!(status == 403 && page.contains(remaining), "{page}");
    }
    assert!(thief.get().contains("2030-01-01T10:15:30Z"));
    assert_eq!(thief.code(&code(&secret, 1)).0, 403);
    assert!(!thief.is_logged_in());

    // Neither does the time of an attempt outlast ten minutes, nor the lock a quarter of an hour.
    site.set_step(32);
    assert!(thief.get().contains("Sign in"));
    let mut person = site.browser();
    person.sign_in();
    assert_eq!(person.code(&code(&secret, 32)).0, 303);
    assert!(person.is_logged_in());
}

#[test]
fn enrollments_are_limited_and_the_person_learns_until_when() {
    let site = Site::start();
    for _ in 0..8 {
        site.browser().sign_in();
    }
    let password = [("name", "rossi"), ("password", &*site.password)];
    let (status, page) = site.browser().post("/password", &password);
    assert!(status == 403 && page.contains("2030-01-01T22:00:00Z"), "{page}");
}

#[test]
fn only_the_providers_own_forms_are_taken() {
    let site = Site::start();
    let (_, secret) = site.enrolled();
    site.set_step(1);
    let mut browser = site.browser();
    browser.sign_in();
    let form = [("code", &*code(&secret, 1))];
    for origin in [Some("https://evil.example"), Some("null"), Some("http://127.0.0.1"), None] {
        assert_eq!(browser.post_from(origin, "/code", &form).0, 403, "{origin:?}");
    }
    assert!(browser.get().contains("Attempts left: 5"));
    assert_eq!(browser.post("/code", &form).0, 303);
}

#[test]
fn a_missing_account_is_an_outage() {
    let site = Site::start();
    let (_, secret) = site.enrolled();
    site.set_step(1);
    let mut browser = site.browser();
    browser.sign_in();
    site.sql("DELETE FROM secondo_entry");
    assert_eq!(browser.read().0, 503);
    assert_eq!(browser.code(&code(&secret, 1)).0, 503);
    let password = [("name", "rossi"), ("password", &*site.password)];
    assert_eq!(site.browser().post("/password", &password).0, 503);
    site.server.kill();
    assert_eq!(browser.read().0, 503);
    assert_eq!(browser.code(&code(&secret, 1)).0, 503);
    site.server.restart();
    assert_eq!(browser.read().0, 503);
}

#[test]
fn a_device_counts_although_the_provider_failed_to_note_it() {
    let site = Site::start();
    let (mut thief, mut person) = (site.browser(), site.browser());
    thief.sign_in();
    person.sign_in();
    let (stolen, secret) = (secret_of(&thief.get()), secret_of(&person.get()));
    // The code is used up and the device confirmed, but the rows of the provider fail.
    site.sql("ALTER TABLE session ADD CHECK (device IS NULL)");
    assert_eq!(person.code(&code(&secret, 0)).0, 503);
    assert_eq!(site.sql("SELECT count(second_factor_since) FROM person"), 0);
    site.sql("ALTER TABLE session DROP CONSTRAINT session_device_check");
    // The confirmation has ended the other enrollment.
    assert_eq!(thief.code(&code(&stolen, 0)).0, 403);
    assert!(!thief.is_logged_in());
    // The person is asked for a code and not offered another enrollment. The login then notes the device.
    site.set_step(1);
    person.sign_in();
    assert!(person.get().contains("Attempts left"));
    assert_eq!(person.code(&code(&secret, 1)).0, 303);
    assert!(person.is_logged_in());
    assert_eq!(site.sql("SELECT count(second_factor_since) FROM person"), 1);
}
