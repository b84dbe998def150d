//! The first steps, exactly as the README tells them.

use super::phone::{CODE, section, shown_code};
use crate::support::app::App;
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

const README: &str = include_str!("../../../README.md");
const OF_REPOSITORY: &str = include_str!("../../../../../README.md");
const COMMAND: &str = "cargo run --release -p idp";
const ORIGIN: &str = "http://localhost:8080";

/// Returns the words of the README between two marks.
fn words(before: &str, after: &str) -> &'static str {
    let (_, words) = README.split_once(before).unwrap_or_else(|| panic!("the README has no {before}"));
    words.split_once(after).unwrap().0
}

/// The reading and clicking of a first user.
#[derive(Default)]
struct Pace {
    words: usize,
    acts: usize,
}

impl Pace {
    /// Reads a text, and does a number of things: clicks, and fields that are filled.
    fn add(&mut self, text: &str, acts: usize) {
        self.words += text.split_whitespace().count();
        self.acts += acts;
    }

    /// Returns the seconds of a reader of 230 words a minute, who needs five seconds for each act.
    fn seconds(&self) -> usize {
        self.words * 60 / 230 + self.acts * 5
    }
}

#[test]
fn first_steps() {
    assert!(OF_REPOSITORY.contains(COMMAND) && README.contains(COMMAND));
    for reader in Reader::BOTH {
        let provider = Provider::start("");
        assert_eq!(provider.user, words("Demonstration: user name ", ","));
        assert!(
            provider.password.starts_with(words("Demonstration: user name maria.rossi@example.org, password ", "…"))
        );
        assert_eq!(provider.operator.0, words("Operator: user name ", ","));
        let browser = Chromium::new(reader);
        let open = |url: &str| browser.open(&url.replace(ORIGIN, &provider.origin));

        // The first page of the repository, with the commands that clone it and start the program.
        let mut pace = Pace::default();
        let (first_page, _) = OF_REPOSITORY.split_once("](examples/idp)").unwrap();
        assert!(first_page.contains("\ngit clone ") && first_page.contains(COMMAND));
        pace.add(first_page, 2);
        // The lines that the program printed, of which the last one is opened.
        pace.add(words("```text", "```"), 1);
        open(words("\nOpen ", "\n"));
        pace.add(&browser.text("main"), 1);
        let button = "form[action='/gepi/login'] button[value='2']";
        let [start, end] = match reader {
            Reader::English => [words("Choose **", "**"), words("** at ", "\n")],
            Reader::Italian => [words("(\"", "…"), words("…, ", "\")")],
        };
        let text = browser.text(button);
        assert!(text.starts_with(start) && text.ends_with(end), "{text}");
        browser.click(button);
        pace.add(&browser.text("main"), 3);
        browser.give_password(&provider);
        // The message is in another tab, from which the code is copied.
        pace.add(&browser.text("main"), 4);
        let link = reader.say("Messaggi inviati (altra scheda)", "Messages sent (another tab)");
        assert_eq!(browser.text("main a[href='/outbox']"), link);
        browser.give_activation_code(&provider);
        let qr = browser.read_qr();
        pace.add(&browser.text("main"), 1);
        browser.press("main a[href^='/app#']");
        browser.switch_tab();
        section(&browser, "add");
        pace.add(&browser.text("main"), 3);
        assert!(browser.address().fragment().is_none() && browser.has("#add-hint[hidden]"));
        browser.write("#code", CODE);
        browser.write("#repeated-code", CODE);
        // The personal code was just given.
        shown_code(&browser, || browser.press("#add-form button"));
        section(&browser, "home");
        pace.add(&browser.text("main"), 0);
        browser.switch_tab();
        let secret = qr.split_once("secret=").unwrap().1.split('&').next().unwrap();
        browser.confirm_app(&mut App::new(secret), 0);
        assert_eq!(browser.count(".codes code"), 10);
        pace.add(&browser.text("main"), 3);
        browser.click("main a.button");
        pace.add(&browser.text("main"), 0);
        browser.switch_tab();
        browser.write(".token input", CODE);
        let code = shown_code(&browser, || browser.press(".token button"));
        browser.switch_tab();
        browser.give_code(&code);
        pace.add(&browser.text("main"), 4 + 1);
        browser.consent();
        assert!(browser.is_at_service() && browser.text(".who").contains("Maria Rossi"));
        assert!(pace.seconds() < 5 * 60, "{} words, {} acts: {} s", pace.words, pace.acts, pace.seconds());

        // Each address of the README is that of a page.
        for link in README.split(&format!("]({ORIGIN}")).skip(1) {
            let path = link.split_once(')').unwrap().0;
            open(&format!("{ORIGIN}{path}"));
            assert_ne!(browser.text("h1"), reader.say("Pagina non trovata", "Page not found"), "{path}");
            assert!(path != "/outbox" || browser.text("main").contains("PIN: "));
        }
    }
}
