//! The back button, a reload and a double click: no error page, no attempt lost, and nothing done twice.

use std::fs;

use crate::push::phone::enrolled;
use crate::registration::applicant::fiscal_code;
use crate::support::browser::Browser;
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

/// Returns the actions of the audit log in their order, with their outcomes.
fn audit(provider: &Provider) -> Vec<String> {
    let file = provider.file("audit.json");
    let _ = fs::remove_file(&file);
    provider.command(&["audit", "export", file.to_str().unwrap()]).unwrap();
    let lines = fs::read_to_string(&file).unwrap();
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        format!("{} {}", line["action"].as_str().unwrap(), line["outcome"].as_str().unwrap())
    };
    lines.lines().map(line).collect()
}

fn count(lines: &[String], wanted: &str) -> usize {
    lines.iter().filter(|line| *line == wanted).count()
}

#[test]
fn login_at_a_service() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let mut app = Browser::new(&provider);
        app.enroll(&provider);
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/gepi", provider.origin));
        browser.click_twice("form[action='/gepi/login'] button[value='2']");
        let password = "form[action='/password'] button";
        browser.write("#user", &provider.user);
        browser.write("#password", "wrong");
        browser.click_twice(password);
        assert!(browser.text("form[action='/password'] p.hint").ends_with(": 4"));
        assert_eq!(browser.run("return document.getElementById('user').value"), provider.user.as_str());
        browser.reload();
        browser.write("#user", &provider.user);
        browser.write("#password", &provider.password);
        browser.click_twice(password);

        browser.write("#code", "000000");
        browser.click_twice("form[action='/code'] button");
        assert!(browser.text("form[action='/code'] p.hint").ends_with(": 4"));
        browser.reload();
        assert!(browser.text("form[action='/code'] p.hint").ends_with(": 4"));
        browser.write("#code", &app.next_code());
        browser.click_twice("form[action='/code'] button");
        browser.click_twice("form[action='/consent'] button[value='yes']");
        assert_eq!(browser.address().path(), "/gepi/cases");

        let before = audit(&provider);
        for once in ["consent done", "service_login done", "gepi_login done"] {
            assert_eq!(count(&before, once), 1, "{once}: {before:?}");
        }
        browser.go_back_to_start();
        // The service knows the person.
        assert_eq!(browser.address().path(), "/gepi/cases");
        assert_eq!(audit(&provider), before);
    }
}

#[test]
fn step_of_a_registration() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/register", provider.origin));
        let right = fiscal_code("VRDLGU90E17F205");
        let mistyped = format!("{}{}", &right[..15], if right.ends_with('A') { 'B' } else { 'A' });
        let fields =
            [("name", "Luigi"), ("family_name", "Verdi"), ("county_of_birth", "MI"), ("place_of_birth", "F205")];
        for (name, value) in fields {
            browser.write(&format!("#{name}"), value);
        }
        browser.run("document.getElementById('gender').value = 'M'");
        browser.run("document.getElementById('date_of_birth').value = '1990-05-17'");
        browser.write("#fiscal_code", &mistyped);
        let button = "form[action='/register/personal'] button";
        browser.click_twice(button);
        let value = |name: &str| browser.run(&format!("return document.getElementById('{name}').value"));
        assert!(value("name") == "Luigi" && value("fiscal_code") == mistyped);
        browser.click(button);
        assert!(browser.has("#fiscal_code-error") && value("name") == "Luigi" && value("fiscal_code") == mistyped);
        browser.reload();
        assert_eq!(value("name"), "Luigi");
        browser.write("#fiscal_code", &right);
        browser.click_twice(button);
        assert!(browser.has("form[action='/register/email']"));
        browser.go_back_to_start();
    }
}

#[test]
fn form_of_ones_own_pages() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let browser = Chromium::new(reader);
        browser.open(&format!("{}/app", provider.origin));
        // This page sets no cookie.
        browser.run(&format!("document.cookie = '{}'", enrolled(&provider).cookie()));
        browser.open(&format!("{}/security", provider.origin));
        browser.click("a[href='/security/password']");
        for (field, text) in [("old", "wrong"), ("new", "Segreto-1984"), ("again", "Segreto-1984")] {
            browser.write(&format!("#{field}"), text);
        }
        browser.click_twice("form[action='/security/password'] button");
        browser.reload();
        browser.go_back_to_start();
        browser.open(&format!("{}/security", provider.origin));
        assert!(browser.has("form[action='/logout']"));
    }
}
