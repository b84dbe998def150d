//! Chromium, driven by `WebDriver`. Every page that it shows is checked for accessibility, for its width and for
//! violations of the provider's policy.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fantoccini::wd::{Locator, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use url::{ParseError, Url};

use super::installed::{npm, source};

/// The time in which a page must come.
const TIME: Duration = Duration::from_secs(30);

/// The checker of accessibility that others wrote.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let folder = npm("axe-core", &source("support/package.json"));
    fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js")).unwrap()
});

/// A language, with the screen on which it is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Italian, at a desk.
    Italian,
    /// English, on a narrow phone.
    English,
}

impl Reader {
    pub(crate) const ALL: [Self; 2] = [Self::Italian, Self::English];

    fn code(self) -> &'static str {
        match self {
            Self::Italian => "it",
            Self::English => "en",
        }
    }
}

pub(crate) struct Chromium {
    runtime: Runtime,
    client: Client,
    driver: Child,
    _folder: TempDir,
    reader: Reader,
}

/// Requests the messages of the console since the last request.
#[derive(Debug)]
struct Messages;

impl WebDriverCompatibleCommand for Messages {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap()))
    }

    fn method_and_body(&self, _: &Url) -> (ureq::http::Method, Option<String>) {
        (ureq::http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

impl Chromium {
    pub(crate) fn new(reader: Reader) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("Debian's package chromium-driver");
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let folder = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--window-size=1024,900".to_owned(),
        ];
        arguments.push(format!("--accept-lang={}", reader.code()));
        arguments.push(format!("--user-data-dir={}", folder.path().display()));
        let mut options = json!({ "args": arguments });
        if reader == Reader::English {
            let metrics = json!({ "width": 320, "height": 640, "pixelRatio": 1.0 });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let mut capabilities = Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "WARNING" }));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let address = format!("http://127.0.0.1:{}", port.expect("chromedriver did not start"));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = runtime.block_on(builder.capabilities(capabilities).connect(&address)).unwrap();
        Self { runtime, client, driver, _folder: folder, reader }
    }

    pub(crate) fn open(&self, url: &str) {
        self.runtime.block_on(self.client.goto(url)).unwrap();
        self.check();
    }

    /// Writes into the field with this selector.
    pub(crate) fn write(&self, selector: &str, text: &str) {
        self.runtime.block_on(async {
            let field = self.client.wait().at_most(TIME).for_element(Locator::Css(selector)).await.unwrap();
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        });
    }

    /// Clicks what this selector selects, and checks the page that comes.
    pub(crate) fn click(&self, selector: &str) {
        self.run("window.isLeft = true");
        self.press(selector);
        self.arrive(selector);
    }

    /// Clicks twice what this selector selects, unless the page comes before, and checks the page that comes.
    pub(crate) fn click_twice(&self, selector: &str) {
        self.text(selector);
        let target = json!(selector);
        self.run(&format!(
            "window.isLeft = true; const target = document.querySelector({target}); target.click(); \
             setTimeout(() => target.click(), 5)"
        ));
        self.arrive(selector);
    }

    /// Waits for the page after the one that is marked, and checks it.
    fn arrive(&self, after: &str) {
        let end = Instant::now() + TIME;
        while self.run("return window.isLeft || document.readyState !== 'complete'") == true {
            assert!(Instant::now() < end, "no page came after {after}");
            sleep(Duration::from_millis(20));
        }
        self.check();
    }

    /// Loads the page again, twice: the first of two clicks may end after the second one, and its alert comes then.
    pub(crate) fn reload(&self) {
        for _ in 0..2 {
            self.runtime.block_on(self.client.refresh()).unwrap();
            self.assert_shown();
        }
    }

    /// Goes back through all pages to the first one, and checks each.
    pub(crate) fn go_back_to_start(&self) {
        let pages = self.run("return history.length").as_u64().unwrap();
        // The first one is empty.
        for _ in 2..pages {
            self.runtime.block_on(self.client.back()).unwrap();
            self.assert_shown();
        }
    }

    /// Asserts that the browser shows a page of the provider, and neither an error nor a question.
    fn assert_shown(&self) {
        let (address, text) = (self.address(), self.text("body"));
        assert!(address.scheme().starts_with("http") && !text.contains("ERR_"), "{address}: {text}");
        self.check();
    }

    /// Clicks what this selector selects, which stays on the page.
    pub(crate) fn press(&self, selector: &str) {
        self.runtime.block_on(async {
            let target = self.client.wait().at_most(TIME).for_element(Locator::Css(selector)).await.unwrap();
            target.click().await.unwrap();
        });
    }

    /// Waits for an element, and returns its text.
    pub(crate) fn text(&self, selector: &str) -> String {
        self.runtime.block_on(async {
            let element = self.client.wait().at_most(TIME).for_element(Locator::Css(selector)).await;
            match element {
                Ok(element) => element.text().await.unwrap(),
                Err(error) => panic!("{selector}: {error}\n{}", self.client.source().await.unwrap()),
            }
        })
    }

    pub(crate) fn has(&self, selector: &str) -> bool {
        match self.runtime.block_on(self.client.find(Locator::Css(selector))) {
            Ok(_) => true,
            Err(error) if error.is_no_such_element() => false,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn address(&self) -> Url {
        self.runtime.block_on(self.client.current_url()).unwrap()
    }

    pub(crate) fn run(&self, script: &str) -> Value {
        self.runtime.block_on(self.client.execute(script, Vec::new())).unwrap()
    }

    /// Checks the page, once it is loaded.
    pub(crate) fn check(&self) {
        let address = self.address();
        if !address.scheme().starts_with("http") {
            return;
        }
        assert_eq!(self.run("return document.documentElement.lang"), self.reader.code(), "{address}");
        let width = self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(width, 0, "{address} is wider than the screen");
        let axe = format!(
            "const done = arguments[arguments.length - 1]; {} axe.run().then(found => done(found.violations), error => \
             done(String(error)));",
            *AXE
        );
        let found = self.runtime.block_on(self.client.execute_async(&axe, Vec::new())).unwrap();
        assert_eq!(found, json!([]), "{address}: {found:#}");
        let messages = self.runtime.block_on(self.client.issue_cmd(Messages)).unwrap();
        // A page that is not there or not permitted is an error, which the console repeats.
        let messages: Vec<_> = messages.as_array().unwrap().iter().map(|message| &message["message"]).collect();
        let is_status = |message: &&&Value| message.as_str().unwrap().contains("Failed to load resource");
        let others: Vec<_> = messages.iter().filter(|message| !is_status(message)).collect();
        assert!(others.is_empty(), "{address}: {others:?}");
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let closed = self.runtime.block_on(self.client.clone().close());
        if !std::thread::panicking() {
            closed.unwrap();
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
