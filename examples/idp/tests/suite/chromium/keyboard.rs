//! The pages without a mouse.

use crate::support::chromium::{Chromium, Reader};
use crate::support::login::enrolled_app;
use crate::support::provider::Provider;

/// Asserts that screen readers say the alert: as the first words of the page's title, too.
fn assert_announced(browser: &Chromium, reader: Reader) {
    assert!(!browser.alert().is_empty());
    let title = browser.run("return document.title");
    assert!(title.as_str().unwrap().starts_with(reader.say("Errore: ", "Error: ")), "{title}");
}

#[test]
fn six_steps_by_keyboard() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let mut app = enrolled_app(&provider);
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/gepi", provider.origin));
        browser.tab_to(".skip");
        browser.tab_to("button[value='2']");
        browser.enter();
        // The first field has the focus.
        browser.keys(&provider.user);
        for password in ["wrong", &provider.password] {
            browser.tab_to("#password");
            browser.keys(password);
            browser.enter();
            if password == "wrong" {
                assert_announced(&browser, reader);
            }
        }
        browser.keys("000000");
        browser.enter();
        assert_announced(&browser, reader);
        browser.keys(&app.next_code_at(0));
        browser.enter();
        browser.tab_to("button[value='yes']");
        browser.enter();
        assert!(browser.is_at_service());
        browser.tab_to("a[href^='/gepi/case/']");
        browser.tab_to("footer button");
    }
}

/// Every field and button of these pages is reached, in the order of the page.
#[test]
fn other_pages_by_keyboard() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let mut app = enrolled_app(&provider);
        let browser = Chromium::new(reader);
        let open = |path: &str| browser.open(&format!("{}{path}", provider.origin));
        open("/register");
        for field in ["name", "family_name", "gender", "date_of_birth", "county_of_birth", "place_of_birth"] {
            browser.tab_to(&format!("#{field}"));
        }
        browser.tab_to("form[action='/register/personal'] button");
        open("/gepi");
        browser.tab_to("#fiscal_code");
        browser.tab_to("#pin");
        browser.keys("0000000000000000");
        browser.tab_to("form[action='/gepi/pin'] button");
        open("/app");
        for field in ["#link", "#code", "#repeated-code", "#add-form button"] {
            browser.tab_to(field);
        }

        open("/");
        browser.keys(&provider.user);
        browser.tab_to("#password");
        browser.keys(&provider.password);
        browser.enter();
        browser.keys(&app.next_code_at(0));
        browser.enter();
        assert!(browser.is_at_own());
        browser.tab_to("a[href='/security/add']");
        browser.enter();
        browser.tab_to("#name");
        browser.keys("tablet");
        browser.enter();
        browser.keys("000000");
        browser.enter();
        assert_announced(&browser, reader);
        browser.tab_to("form[action='/security/add/cancel'] button");
        browser.enter();
        assert!(browser.is_at_own());
        browser.tab_to("a[href='/security/password']");
        browser.enter();
        for field in ["#old", "#new", "#again", "form[action='/security/password'] button"] {
            browser.tab_to(field);
        }
    }
}

/// Changes to the page of the login, each with the faults that the check of every page finds then.
const FAULTS: [(&str, &[&str]); 14] = [
    ("", &[]),
    ("link.tabIndex = -1", &["is not reached by the tabulator"]),
    ("button.tabIndex = 1", &["is reached out of the order of the page"]),
    ("link.setAttribute('aria-hidden', 'true')", &["is hidden from screen readers"]),
    ("link.inert = true", &["takes no focus"]),
    ("link.style.outline = 'none'", &["does not show that it has the focus"]),
    ("link.style.outlineColor = '#ff9900'", &["does not show that it has the focus"]),
    ("link.style.outline = '3px solid black'; link.style.boxShadow = 'none'", &["does not show that it has the focus"]),
    ("link.style.position = 'absolute'; link.style.left = '-100rem'", &["is not on the page when it has the focus"]),
    ("added('div').addEventListener('click', () => {})", &["is for a mouse only"]),
    ("added('div').style.cursor = 'pointer'", &["is for a mouse only"]),
    ("added('div').role = 'button'", &["is not reached by the tabulator", "takes no focus"]),
    ("button.type = 'button'", &["has no button that sends it"]),
    ("button.disabled = true", &["has no button that sends it"]),
];

/// The parts of the page that are changed.
const PARTS: &str = "const [link, button] = ['a', 'button'].map(name => document.querySelector(`main ${name}`)); \
    const added = name => { \
        const made = document.createElement(name); \
        made.textContent = name; \
        document.querySelector('main').append(made); \
        return made; \
    };";

#[test]
fn faults_of_pages_are_found() {
    let provider = Provider::start("");
    let browser = Chromium::new(Reader::Italian);
    for (change, expected) in FAULTS {
        browser.open(&provider.origin);
        browser.run(&format!("{PARTS} {change}"));
        let faults = browser.keyboard_faults();
        let is_found = faults.len() == expected.len()
            && faults.iter().zip(expected).all(|(fault, expected)| fault.ends_with(expected));
        assert!(is_found, "{change}: {faults:#?}");
        // The check gives the focus back.
        assert_eq!(browser.run("return document.activeElement.id"), "user", "{change}");
    }
}
