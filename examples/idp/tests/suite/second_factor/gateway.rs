use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::Value;

use super::{MOBILE, is_logged_in, messages};
use crate::registration::applicant::Applicant;
use crate::support::browser::Browser;
use crate::support::outbox::{code, message};
use crate::support::provider::Provider;

/// A gateway that answers each call with the next of these lines, and passes on the call.
fn start() -> (String, Sender<&'static str>, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/messages", listener.local_addr().unwrap());
    let (answers, next) = channel::<&str>();
    let (taken, calls) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut call = Vec::new();
            // The body is whole once it is JSON.
            while body(&String::from_utf8_lossy(&call)).is_none() {
                let mut bytes = [0; 4096];
                let count = stream.read(&mut bytes).unwrap();
                assert!(count > 0);
                call.extend(&bytes[..count]);
            }
            let Ok(answer) = next.recv() else { return };
            write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            taken.send(String::from_utf8(call).unwrap()).unwrap();
        }
    });
    (url, answers, calls)
}

fn body(call: &str) -> Option<Value> {
    serde_json::from_str(call.split_once("\r\n\r\n")?.1).ok()
}

fn text(call: &str) -> String {
    body(call).unwrap()["text"].as_str().unwrap().to_owned()
}

fn table(url: &str) -> String {
    format!("[sms]\nurl = \"{url}\"\ntoken = \"token-of-the-gateway\"\nsender = \"Secondo\"\n")
}

#[test]
fn gateway_sends() {
    let (url, answers, calls) = start();
    let mut provider = Provider::start(&table(&url));
    let mut browser = Browser::new(&provider);
    browser.open("/");
    answers.send("202 Accepted").unwrap();
    browser.give_password(&provider);
    let activation = text(&calls.recv().unwrap());
    assert!(activation.contains("codice di attivazione"), "{activation}");
    browser.submit("/first-app", &[("code", &activation[activation.len() - 6..])]);
    browser.confirm_app();
    browser.give_code();
    browser.open("/security/number");
    // A failure is no fault of the person's, and a redirect is not followed.
    answers.send("302 Found\r\nLocation: /elsewhere").unwrap();
    browser.submit("/security/number", &[("number", MOBILE)]);
    assert!(browser.page.contains("Il messaggio non è partito") && is_unsent(&browser), "{}", browser.page);
    assert!(calls.recv().unwrap().starts_with("POST /messages "));
    // At once, there is nothing to send. The page says for how long.
    browser.submit("/security/number/send", &[]);
    assert!(is_unsent(&browser) && browser.page.contains("Secondi prima"), "{}", browser.page);
    provider.restart("+31s");
    answers.send("500 Internal Server Error").unwrap();
    browser.submit("/security/number/send", &[]);
    assert!(is_unsent(&browser), "{}", browser.page);
    calls.recv().unwrap();
    provider.restart("+62s");
    answers.send("202 Accepted").unwrap();
    browser.submit("/security/number/send", &[]);
    let call = calls.recv().unwrap();
    assert!(call.to_lowercase().contains("authorization: bearer token-of-the-gateway"), "{call}");
    let body = body(&call).unwrap();
    assert_eq!((&body["from"], &body["to"]), (&"Secondo".into(), &MOBILE.into()));
    browser.submit("/security/number/code", &[("code", &text(&call).split_once(": ").unwrap().1[..6])]);
    assert!(is_logged_in(&browser), "{}", browser.page);
    // The gateway has the messages, and the outbox only the mails.
    assert!(messages(&provider).iter().all(|(to, _)| to != MOBILE));

    // In a login, too, nothing counts.
    let mut login = super::after_password(&provider);
    answers.send("500 Internal Server Error").unwrap();
    super::choose_sms(&mut login);
    assert!(login.is_refused() && login.page.contains("Il messaggio non è partito"), "{}", login.page);
    assert!(login.form("/sms").is_some() && login.form("/code").is_none());
    login.open("/choice");
    assert!(login.page.contains("Tentativi rimanenti: 5"), "{}", login.page);
}

/// The time of an answer must not tell who is registered, so the page comes while the gateway still has the message.
#[test]
fn pages_come_before_the_gateway_answers() {
    let (url, answers, calls) = start();
    let provider = Provider::start_logged(&table(&url));
    let answer = || {
        // A provider that waited would have given up by now.
        let log = fs::read_to_string(provider.file("log")).unwrap();
        assert!(!log.contains("outage"), "{log}");
        answers.send("202 Accepted").unwrap();
        calls.recv().unwrap();
    };
    let login = super::after_password(&provider);
    assert!(login.form("/first-app").is_some(), "{}", login.page);
    answer();

    let mut recovery = Browser::new(&provider);
    recovery.open("/recover");
    recovery.submit("/recover", &[("user", &provider.user)]);
    let by_mail = code(&message(&provider, &provider.user, 1));
    recovery.submit("/recover/code", &[("code", &by_mail)]);
    assert!(recovery.page.contains("<h1>Codice via SMS</h1>"), "{}", recovery.page);
    answer();

    let mut applicant = Applicant::new(&provider, "VRDLGU");
    applicant.give_personal();
    applicant.give_email(&provider);
    applicant.browser.submit("/register/mobile", &[("mobile", &applicant.mobile)]);
    applicant.is_at("/register/code/mobile");
    answer();
}

#[test]
fn gateway_is_spoken_to_by_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let provider = Provider::start(&table(&format!("https://{}/messages", listener.local_addr().unwrap())));
    let hello = thread::spawn(move || {
        let mut start = [0; 3];
        listener.accept().unwrap().0.read_exact(&mut start).unwrap();
        start
    });
    let mut browser = Browser::new(&provider);
    browser.open("/");
    browser.give_password(&provider);
    // A handshake, and nothing of the message.
    assert_eq!(hello.join().unwrap()[..2], [0x16, 3]);
}

fn is_unsent(browser: &Browser) -> bool {
    browser.form("/security/number/send").is_some() && browser.form("/security/number/code").is_none()
}

#[test]
fn token_is_not_sent_in_clear() {
    assert!(Provider::refuse(&table("http://gateway.example/messages")).contains("https://"));
    assert!(Provider::refuse(&table("ftp://127.0.0.1/")).contains("https://"));
}
