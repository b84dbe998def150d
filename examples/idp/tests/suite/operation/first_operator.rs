//! The first operator outside of the demonstration, as the README of the example describes the way.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use crate::registration::applicant::PASSWORD;
use crate::support::browser::Browser;
use crate::support::outbox::code;
use crate::support::provider::Provider;
use crate::support::wait;

const README: &str = include_str!("../../../README.md");
const MAIL: &str = "luigi.verdi@example.org";

/// Returns the table `[[handover]]` of the README, with this hash.
fn table(hash: &str) -> String {
    let (_, table) = README.split_once("[[handover]]  ").unwrap();
    let table = table.split_once("```").unwrap().0;
    assert!(table.contains("\"$argon2id$…\""), "{table}");
    format!("[[handover]] {}", table.replace("$argon2id$…", hash))
}

/// Waits for a number of messages to an address or a number, and returns the code of the newest.
fn code_for(provider: &Provider, to: &str, count: usize) -> String {
    let (mut outbox, to) = (String::new(), format!("To: {to}\n"));
    wait::until(|| {
        outbox = provider.command(&["outbox"]).unwrap();
        outbox.matches(&to).count() == count
    });
    let (_, message) = outbox.rsplit_once(&to).unwrap();
    code(&format!("{}</p>", message.split_once("\n\n").unwrap().0))
}

#[test]
fn pin_is_not_shown_and_not_short() {
    let hash_pin = |typed: &str| {
        // A terminal, which shows what is typed unless the program asks it not to.
        let command = format!("{} hash-pin", env!("CARGO_BIN_EXE_idp"));
        let mut terminal = Command::new("script");
        terminal.args(["-qefc", &command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = terminal.spawn().unwrap();
        let (mut input, mut shown) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut text = String::new();
        shown.read_line(&mut text).unwrap();
        assert!(text.contains("Type the PIN"), "{text}");
        write!(input, "{typed}").unwrap();
        shown.read_to_string(&mut text).unwrap();
        assert!(!text.contains(typed.trim_end()), "{text}");
        (process.wait().unwrap().success(), text)
    };
    let (is_hashed, text) = hash_pin("Prova-77\n");
    assert!(is_hashed && text.contains("$argon2id$"), "{text}");
    // Ctrl-C ends it at once.
    let (is_hashed, text) = hash_pin("\u{3}");
    assert!(!is_hashed && text.contains("interrupted"), "{text}");
    let (is_hashed, text) = hash_pin("Corto\n");
    assert!(!is_hashed && text.contains("at least 6 characters"), "{text}");
}

#[test]
fn first_operator_comes_in_as_the_readme_says() {
    // The PIN is typed into a command, before there is a configuration.
    let hash = Provider::start_in_production("").command_with(&["hash-pin"], "12345678\n");
    assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
    let provider = Provider::start_in_production(&table(hash.trim()));
    let mut browser = Browser::new(&provider);
    browser.open("/outbox");
    assert_eq!(browser.status, 404);

    browser.open("/register/handover");
    let credential = [("fiscal_code", "VRDLGU90E17F205V"), ("pin", "12345678"), ("consent", "yes")];
    browser.submit("/register/handover", &credential);
    browser.submit("/register/code/mobile", &[("code", &code_for(&provider, "+393330000002", 1))]);
    let born =
        [("gender", "M"), ("date_of_birth", "1990-05-17"), ("county_of_birth", "MI"), ("place_of_birth", "F205")];
    browser.submit("/register/personal", &born);
    browser.submit("/register/email", &[("email", MAIL), ("password", PASSWORD)]);
    browser.submit("/register/code/email", &[("code", &code_for(&provider, MAIL, 1))]);
    browser.submit("/register/terms", &[("terms", "yes")]);
    browser.submit("/register/summary", &[]);
    assert!(browser.page.contains("<h1>L'identità è attiva</h1>"), "{}", browser.page);

    let mut operator = Browser::new(&provider);
    operator.open("/");
    operator.submit("/password", &[("user", MAIL), ("password", PASSWORD)]);
    operator.submit("/first-app", &[("code", &code_for(&provider, "+393330000002", 2))]);
    operator.confirm_app();
    operator.give_code();
    operator.open("/admin");
    assert!(operator.is_refused(), "{}", operator.page);
    provider.command(&["admin", "appoint", MAIL, "--operator", "root", "--reason", "the first one"]).unwrap();
    operator.open("/admin");
    assert!(operator.form("/admin/find").is_some(), "{}", operator.page);
}
