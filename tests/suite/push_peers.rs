//! Tests of push with other implementations: Python's cryptography verifies, and `WebCrypto` signs.
#![cfg(all(feature = "push", feature = "std"))]

use crate::support::enrolled;
use crate::support::hex::unhex;
use crate::support::logins;
use crate::support::push;
use crate::support::subscriber;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use enrolled::{FIRST, NOW, keys};
use logins::fresh;
use pollster::block_on;
use push::{CODE, details, key};
use secondo::factor::NewAuthenticator;
use secondo::push::device::{Device, PersonalCode};
use secondo::push::{Activation, Details, Matching, PushRefusal, Verdict, raw_signature};
use secondo::store::Memory;
use secondo::{Policy, Verifier, VerifierError};
use subscriber::{id, roomy};

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/push_peers");

/// Returns the messages of one app: all matchings and verdicts, with texts of several alphabets.
fn messages() -> String {
    let verifier = Verifier::new(Memory::new(), keys(), roomy());
    let activation = Activation::new(&id(), "idp.example.it", "Maria Rossi", &[5; 32]).unwrap();
    let login = fresh();
    block_on(verifier.enroll(&id(), &login, NewAuthenticator::from(&activation), NOW)).unwrap();
    let code = PersonalCode::new("271828", [9; 16]).unwrap();
    let (mut app, answer) = Device::activate(&activation, key(7), Some(code)).unwrap();
    block_on(verifier.activate_push(&id(), &answer, NOW)).unwrap();
    let shown = app.confirmation_code();
    block_on(verifier.confirm(&id(), &login, FIRST, shown.as_str(), NOW)).unwrap();
    let mut lines = format!("link\t{}\nactivation\t{answer}\ncode\t{}\n", *activation.link(), shown.as_str());
    let others = Details::new("Città \"di\" Forlì\\Cesena", "Αθήνα, 東京", "25/11/2026 09:30").unwrap();
    for (place, details) in
        (0..).zip([details(), details().with_matching(Matching::TwoDigits), others.with_matching(Matching::Compare)])
    {
        let random = [place + 40; 32];
        let sent = block_on(verifier.push(&id(), &fresh(), FIRST, &details, NOW, &random)).unwrap();
        let challenge = app.read(&sent.message, NOW).unwrap();
        let typed = if details.matching() == Matching::Compare { "" } else { &sent.number };
        let accepted = app.accept(&challenge, typed, CODE, NOW).unwrap();
        let (denied, reported) = (app.deny(&challenge, NOW).unwrap(), app.not_me(&challenge, NOW).unwrap());
        for (name, text) in
            [("challenge", &sent.message), ("answer", &accepted), ("answer", &denied), ("answer", &reported)]
        {
            lines.extend([
                name, "	", text, "
",
            ]);
        }
    }
    lines
}

/// Runs the Python program, and returns the number of signatures that it verified.
fn verified_by_python(messages: &str) -> Option<u32> {
    let mut python = Command::new("/usr/bin/python3")
        .arg(format!("{PEERS}/verify.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Debian's package python3-cryptography");
    python.stdin.take().unwrap().write_all(messages.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().ok()
}

/// The messages do not change, and Python's cryptography verifies each signature.
#[test]
fn python_verifies_the_vectors() {
    let vectors = include_str!("../vectors/push.txt");
    let (_, vectors) = vectors.split_once("\n\n").unwrap();
    assert_eq!(messages(), vectors);
    assert_eq!(verified_by_python(vectors), Some(11));
    // The check finds a changed place, and a changed verdict.
    assert_eq!(verified_by_python(&vectors.replace("Bari", "Lecce")), None);
    assert_eq!(verified_by_python(&vectors.replace("\"deny\"", "\"not-me\"")), None);
}

/// The hardware of phones signs in DER. Of each signature, no part and no longer text is taken.
#[test]
fn signatures_in_der_are_those_of_python() {
    let output = Command::new("/usr/bin/python3").arg(format!("{PEERS}/der.py")).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut refused = 0;
    for (der, expected) in lines.lines().map(|line| line.split_once(' ').unwrap()) {
        let der = unhex(der);
        let raw = raw_signature(&der);
        if expected == "none" {
            assert_eq!(raw, None, "{der:02x?}");
            refused += 1;
            continue;
        }
        assert_eq!(raw.map(Vec::from), Some(unhex(expected)), "{der:02x?}");
        assert_eq!(raw_signature(&[der.as_slice(), &[0]].concat()), None, "{der:02x?}");
        assert!((0..der.len()).all(|end| raw_signature(&der[..end]).is_none()), "{der:02x?}");
    }
    assert_eq!((lines.lines().count(), refused), (189, 8));
}

#[test]
fn an_app_on_webcrypto_logs_in() {
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let mut node = Command::new("node")
        .arg(format!("{PEERS}/phone.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Debian's package nodejs");
    let (mut input, mut output) = (node.stdin.take().unwrap(), BufReader::new(node.stdout.take().unwrap()));
    let mut ask = |line: &str| {
        writeln!(input, "{line}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        answer
    };
    let (login, activation) = (fresh(), push::activation());
    block_on(verifier.enroll(&id(), &login, &activation, NOW)).unwrap();
    let answer = ask(&activation.link());
    block_on(verifier.activate_push(&id(), &answer, NOW)).unwrap();
    block_on(verifier.confirm(&id(), &login, FIRST, ask("code").trim(), NOW)).unwrap();
    // Among this many signatures, some have an `s` in the upper half of its range, and some in the lower half.
    for _ in 0..8 {
        let login = fresh();
        let sent = push::ask(&verifier, &login, FIRST, NOW).unwrap();
        let (message, number) = (&sent.message, &sent.number);
        let answer = ask(&format!(r#"{{"challenge":{message},"verdict":"accept","number":"{number}"}}"#));
        assert_eq!(block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap(), Verdict::Accept);
        assert!(block_on(verifier.poll(&id(), &login, NOW)).is_ok());
    }
    let login = fresh();
    let message = push::ask(&verifier, &login, FIRST, NOW).unwrap().message;
    let answer = ask(&format!(r#"{{"challenge":{message},"verdict":"not-me","number":""}}"#));
    assert_eq!(block_on(verifier.answer_push(&id(), &answer, NOW)).unwrap(), Verdict::NotMe);
    let polled = block_on(verifier.poll(&id(), &login, NOW));
    assert!(matches!(polled, Err(VerifierError::Push(PushRefusal::NotMe))));
    drop(input);
    assert!(node.wait().unwrap().success());
}
