//! Chromium, driven by `WebDriver`. Every page that it shows is checked for accessibility, for use without a mouse, for
//! its width and for violations of the provider's policy.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{self, Child, Stdio};
use std::sync::{LazyLock, Mutex};
use std::{env, fs, thread};

use base64ct::{Base64, Encoding};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::{Locator, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use url::{ParseError, Url};

use super::installed::{npm, source};
use super::wait;

/// The width and the height of a narrow phone.
const PHONE: (u32, u32) = (320, 640);

/// The checker of accessibility that others wrote.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let folder = npm("axe-core", &source("support/package.json"));
    fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js")).unwrap()
});

/// The shapes of the pages that [`AXE`] and the check of the keyboard have passed.
static PASSED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Returns the markup of a page without its values, its addresses and the words of its texts.
const SHAPE: &str = "const isFree = name => ['value', 'href', 'action', 'src', 'content'].includes(name); \
    const text = element => element.textContent.trim() === '' ? '' : 'text'; \
    const attributes = element => Array.from(element.attributes, at => at.name + (isFree(at.name) ? '' : at.value)); \
    return document.documentElement.lang + Array.from(document.querySelectorAll('*'), element => \
        element.tagName + attributes(element) + text(element)).join(' ');";

/// Returns `true` in a full run of the tests.
fn is_full() -> bool {
    env::var_os("TESTS_FULL").is_some()
}

/// A language, with the screen on which it is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Italian, in a window at a desk. The width of each page is checked on a narrow phone as well.
    Italian,
    /// English, on a narrow phone: Chromium without the frame of a window, which takes half of the processor's time.
    English,
}

impl Reader {
    pub(crate) const BOTH: [Self; 2] = [Self::Italian, Self::English];

    /// Returns those for whom this test runs: both in a full run. Otherwise it is one, which the name of the test
    /// decides, so that half of the tests are in each language.
    pub(crate) fn of_test() -> impl Iterator<Item = Self> {
        let thread = thread::current();
        let name = thread.name().unwrap_or_default();
        let one = Self::BOTH[usize::from(name.bytes().fold(0, u8::wrapping_add) % 2)];
        Self::BOTH.into_iter().filter(move |reader| is_full() || *reader == one)
    }

    /// Returns the text in the language.
    pub(crate) const fn say(self, italian: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Italian => italian,
            Self::English => english,
        }
    }

    const fn code(self) -> &'static str {
        self.say("it", "en")
    }
}

pub(crate) struct Chromium {
    runtime: Runtime,
    client: Client,
    driver: Child,
    folder: TempDir,
    reader: Reader,
}

/// A command of chromedriver that `WebDriver` does not have: its path and its body.
#[derive(Debug)]
struct Command(&'static str, Value);

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (ureq::http::Method, Option<String>) {
        (ureq::http::Method::POST, Some(self.1.to_string()))
    }
}

impl Chromium {
    pub(crate) fn new(reader: Reader) -> Self {
        let mut driver = process::Command::new("chromedriver")
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
        let mut capabilities = Map::new();
        if reader == Reader::English {
            options["binary"] = json!("/usr/bin/chromium-headless-shell");
            capabilities.insert("browserName".to_owned(), json!("chrome-headless-shell"));
            let metrics = json!({ "width": PHONE.0, "height": PHONE.1, "pixelRatio": 1.0 });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let longest = wait::TIME.as_millis();
        capabilities.insert("timeouts".to_owned(), json!({ "script": longest, "pageLoad": longest }));
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "WARNING" }));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let address = format!("http://127.0.0.1:{}", port.expect("chromedriver did not start"));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = runtime.block_on(builder.capabilities(capabilities).connect(&address)).unwrap();
        Self { runtime, client, driver, folder, reader }
    }

    pub(crate) fn open(&self, url: &str) {
        self.runtime.block_on(self.client.goto(url)).unwrap();
        self.check();
    }

    /// Writes into the field with this selector.
    pub(crate) fn write(&self, selector: &str, text: &str) {
        self.runtime.block_on(async {
            let field = self.element(selector).await;
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        });
    }

    /// Sets the value of a list or of a date, whose keys depend on the language.
    pub(crate) fn set(&self, selector: &str, value: &str) {
        let script = "document.querySelector(arguments[0]).value = arguments[1]";
        self.runtime.block_on(self.client.execute(script, vec![json!(selector), json!(value)])).unwrap();
    }

    /// Writes into the fields of the form with this action, sends it, and checks the page that comes.
    pub(crate) fn submit(&self, action: &str, fields: &[(&str, &str)]) {
        let form = format!("form[action='{action}']");
        for (name, text) in fields {
            self.write(&format!("{form} [name='{name}']"), text);
        }
        self.click(&format!("{form} button"));
    }

    /// Clicks what this selector selects, and checks the page that comes.
    pub(crate) fn click(&self, selector: &str) {
        self.leave(|| self.press(selector));
    }

    /// Waits for the page that follows an act, and checks it.
    fn leave(&self, act: impl FnOnce()) {
        self.run("window.isLeft = true");
        act();
        self.arrive();
    }

    /// Clicks twice what this selector selects, unless the page comes before, and checks the page that comes.
    pub(crate) fn click_twice(&self, selector: &str) {
        self.text(selector);
        let target = json!(selector);
        self.run(&format!(
            "window.isLeft = true; const target = document.querySelector({target}); target.click(); \
             setTimeout(() => target.click(), 5)"
        ));
        self.arrive();
    }

    /// Waits for the page after the one that is marked, and checks it.
    fn arrive(&self) {
        wait::until(|| self.run("return window.isLeft || document.readyState !== 'complete'") != true);
        self.check();
    }

    /// Loads the page again until it shows no alert. The first of two clicks may end after the second one, and its
    /// alert comes then.
    pub(crate) fn reload(&self) {
        wait::until(|| {
            self.runtime.block_on(self.client.refresh()).unwrap();
            self.assert_shown();
            !self.has("[role=alert]")
        });
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
        self.runtime.block_on(async { self.element(selector).await.click().await }).unwrap();
    }

    /// Waits for an element, and returns its text.
    pub(crate) fn text(&self, selector: &str) -> String {
        self.runtime.block_on(async { self.element(selector).await.text().await }).unwrap()
    }

    /// Waits for an element.
    async fn element(&self, selector: &str) -> Element {
        match self.client.wait().at_most(wait::TIME).for_element(Locator::Css(selector)).await {
            Ok(element) => element,
            Err(error) => panic!("{selector}: {error}\n{}", self.client.source().await.unwrap()),
        }
    }

    pub(crate) fn has(&self, selector: &str) -> bool {
        match self.runtime.block_on(self.client.find(Locator::Css(selector))) {
            Ok(_) => true,
            Err(error) if error.is_no_such_element() => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the number of elements with this selector.
    pub(crate) fn count(&self, selector: &str) -> usize {
        self.runtime.block_on(self.client.find_all(Locator::Css(selector))).unwrap().len()
    }

    /// Reads the only QR code of the page, as it is on the screen.
    pub(crate) fn read_qr(&self) -> String {
        let picture = self.folder.path().join("qr.png");
        fs::write(&picture, self.screenshot()).unwrap();
        let output = process::Command::new("zbarimg").args(["--quiet", "--raw"]).arg(picture).output();
        String::from_utf8(output.expect("Debian's package zbar-tools").stdout).unwrap().trim().to_owned()
    }

    /// Deletes the cookies.
    pub(crate) fn forget(&self) {
        self.runtime.block_on(self.client.delete_all_cookies()).unwrap();
    }

    /// Goes from one of two tabs to the other.
    pub(crate) fn switch_tab(&self) {
        let other = || {
            self.runtime.block_on(async {
                let (here, tabs) = (self.client.window().await.unwrap(), self.client.windows().await.unwrap());
                tabs.into_iter().find(|tab| *tab != here)
            })
        };
        wait::until(|| other().is_some());
        self.runtime.block_on(self.client.switch_to_window(other().unwrap())).unwrap();
    }

    pub(crate) fn address(&self) -> Url {
        self.runtime.block_on(self.client.current_url()).unwrap()
    }

    pub(crate) fn run(&self, script: &str) -> Value {
        self.runtime.block_on(self.client.execute(script, Vec::new())).unwrap()
    }

    /// Waits until a script returns `true`, and checks the page.
    pub(crate) fn wait(&self, script: &str) {
        wait::until(|| self.run(&format!("return {script}")) == true);
        self.check();
    }

    /// Waits for an element that this selector selects, and checks the page.
    pub(crate) fn wait_for(&self, selector: &str) {
        self.wait(&format!("document.readyState === 'complete' && document.querySelector(\"{selector}\") !== null"));
    }

    /// Types into the element that has the focus.
    pub(crate) fn keys(&self, keys: &str) {
        self.runtime.block_on(async { self.client.active_element().await.unwrap().send_keys(keys).await }).unwrap();
    }

    /// Presses the tabulator until an element that this selector selects has the focus, which is visible at each stop.
    pub(crate) fn tab_to(&self, selector: &str) {
        for _ in 0..50 {
            self.keys(&Key::Tab.to_string());
            let is_visible = "const at = document.activeElement; return at === document.body \
                || getComputedStyle(at).outlineStyle !== 'none' && at.getBoundingClientRect().left >= 0";
            assert_eq!(self.run(is_visible), true, "{}", self.run("return document.activeElement.outerHTML"));
            if self.run(&format!("return document.activeElement.matches(\"{selector}\")")) == true {
                return;
            }
        }
        panic!("{selector} cannot be reached on {}", self.address());
    }

    /// Presses Enter, and checks the page that comes.
    pub(crate) fn enter(&self) {
        self.leave(|| self.keys(&Key::Enter.to_string()));
    }

    /// Runs a command of the `DevTools`, and returns its result.
    pub(super) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let asked = json!({ "cmd": command, "params": parameters });
        self.runtime.block_on(self.client.issue_cmd(Command("goog/cdp/execute", asked))).unwrap()
    }

    /// Returns the reasons for which the page cannot be installed as an app.
    pub(crate) fn installability_errors(&self) -> Vec<String> {
        let answer = self.devtools("Page.getInstallabilityErrors", &json!({}));
        let errors = answer["installabilityErrors"].as_array().unwrap_or_else(|| panic!("{answer}"));
        errors.iter().map(|error| error["errorId"].to_string()).collect()
    }

    /// Shows the page as it is printed. An empty name shows it on the screen again.
    pub(crate) fn show_as(&self, medium: &str) {
        self.devtools("Emulation.setEmulatedMedia", &json!({ "media": medium }));
    }

    /// Writes a picture of the whole page into the folder that the environment variable `IDP_PICTURES` names, if it is
    /// set. The name begins at the root of the repository. With `TESTS_FULL`, all pictures are in both languages.
    pub(crate) fn picture(&self, name: &str) {
        let Some(folder) = env::var_os("IDP_PICTURES") else { return };
        let picture = self.screenshot();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
        fs::write(folder.join(format!("{name}.{}.png", self.reader.code())), picture).unwrap();
    }

    /// Returns a picture of the whole page.
    fn screenshot(&self) -> Vec<u8> {
        let picture = self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        Base64::decode_vec(picture["data"].as_str().unwrap()).unwrap()
    }

    /// Checks the page, once it is loaded.
    pub(crate) fn check(&self) {
        let address = self.address();
        if !address.scheme().starts_with("http") {
            return;
        }
        assert_eq!(self.run("return document.documentElement.lang"), self.reader.code(), "{address}");
        self.check_width(&address);
        if self.reader == Reader::Italian {
            // Phones are Italian, too.
            let narrow = json!({ "width": PHONE.0, "height": PHONE.1, "deviceScaleFactor": 1, "mobile": true });
            self.devtools("Emulation.setDeviceMetricsOverride", &narrow);
            self.check_width(&address);
            self.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
        }
        self.check_accessibility(&address);
        let messages =
            self.runtime.block_on(self.client.issue_cmd(Command("se/log", json!({ "type": "browser" })))).unwrap();
        // A page that is not there or not permitted is an error, which the console repeats.
        let messages: Vec<_> = messages.as_array().unwrap().iter().map(|message| &message["message"]).collect();
        let is_status = |message: &&&Value| message.as_str().unwrap().contains("Failed to load resource");
        let others: Vec<_> = messages.iter().filter(|message| !is_status(message)).collect();
        assert!(others.is_empty(), "{address}: {others:?}");
    }

    /// Asserts that the page is as wide as the screen.
    fn check_width(&self, address: &Url) {
        let width = self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(width, 0, "{address} is wider than a screen of {}", self.run("return innerWidth"));
    }

    /// Checks the page for accessibility and use without a mouse. In a full run, pages of a shape that has passed are
    /// checked too.
    fn check_accessibility(&self, address: &Url) {
        let shape = self.run(SHAPE).as_str().unwrap().to_owned();
        if !is_full() && PASSED.lock().unwrap().contains(&shape) {
            return;
        }
        let axe = format!(
            "const done = arguments[arguments.length - 1]; {} axe.run().then(found => done(found.violations), error => \
             done(String(error)));",
            *AXE
        );
        let found = self.runtime.block_on(self.client.execute_async(&axe, Vec::new())).unwrap();
        assert_eq!(found, json!([]), "{address}: {found:#}");
        let faults = self.keyboard_faults();
        assert!(faults.is_empty(), "{address}: {faults:#?}");
        PASSED.lock().unwrap().insert(shape);
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let closed = self.runtime.block_on(self.client.clone().close());
        if !thread::panicking() {
            closed.unwrap();
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
