//! The modules of the phone's page, in node, whose cryptography is that of browsers.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::phone::{begin, call, enrolled, give_password, number, other_than};
use crate::support::browser::Browser;
use crate::support::provider::Provider;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/push");

struct Node {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Node {
    fn start() -> Self {
        let mut command = Command::new("node");
        command.arg(format!("{FOLDER}/phone.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("Debian's package nodejs");
        let (input, output) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, input, output }
    }

    fn ask(&mut self, line: &Value) -> Value {
        writeln!(self.input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn page_of_the_phone_logs_in() {
    let provider = Provider::start("");
    let mut browser = enrolled(&provider);
    let mut node = Node::start();
    let activated = node.ask(&json!({ "link": begin(&mut browser) }));
    let message = activated["message"].as_str().unwrap();
    assert_eq!(call(&provider, "activation", message).0, 200);
    browser.submit("/security/app/confirm", &[("code", activated["code"].as_str().unwrap())]);
    assert!(browser.page.contains("<strong>app</strong>"), "{}", browser.page);

    let mut answer = |verdict: &str, is_right: bool| {
        let mut browser = give_password(&provider);
        browser.submit("/push", &[]);
        let shown = number(&browser);
        let typed = if is_right { shown } else { other_than(&shown) };
        let (_, waiting) = call(&provider, "inbox", &json!({ "device": activated["name"] }).to_string());
        let answer = node.ask(&json!({ "challenge": waiting["challenges"][0], "verdict": verdict, "number": typed }));
        let reply = call(&provider, "answer", answer["message"].as_str().unwrap());
        browser.submit("/push/approved", &[]);
        (reply, browser)
    };
    for _ in 0..2 {
        let (reply, browser) = answer("accept", true);
        assert_eq!(reply, (200, json!({ "verdict": "accept" })));
        assert!(browser.form("/logout").is_some(), "{}", browser.page);
    }
    assert_eq!(answer("accept", false).0, (403, json!({ "error": "wrong" })));
    assert_eq!(answer("deny", true).0, (200, json!({ "verdict": "deny" })));
    assert_eq!(answer("not-me", true).0, (200, json!({ "verdict": "not-me" })));
}

#[test]
fn modules_alone() {
    let tests = Command::new("node").arg(format!("{FOLDER}/modules.mjs")).output().expect("Debian's package nodejs");
    assert!(tests.status.success(), "{}", String::from_utf8_lossy(&tests.stderr));
}

/// The page and its files are what its policy lets a browser load.
#[test]
fn page_loads_its_own_files() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.open("/app?lang=en");
    let policy = browser.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; connect-src 'self'; manifest-src 'self'"));
    assert!(
        browser.page.contains("lang=\"en\"") && !browser.page.contains(" style=") && !browser.page.contains("<script>")
    );
    assert!(browser.headers.get("set-cookie").is_none());
    let mut waiting = ["app.mjs", "manifest.webmanifest", "icon.svg"].map(|name| format!("/app/{name}")).to_vec();
    let mut seen = Vec::new();
    while let Some(path) = waiting.pop() {
        if seen.contains(&path) {
            continue;
        }
        browser.open(&path);
        assert_eq!(browser.status, 200, "{path}");
        let kind = browser.headers["content-type"].to_str().unwrap().to_owned();
        assert_eq!(kind == "text/javascript", path.contains(".mjs"), "{path}: {kind}");
        for import in browser.page.split(" from \"./").skip(1) {
            waiting.push(format!("/app/{}", import.split_once('"').unwrap().0));
        }
        seen.push(path);
    }
    assert!(seen.len() >= 11, "{seen:?}");
    browser.open("/app/../key");
    assert_eq!(browser.status, 404);
}
