//! A test of the login example, with codes from `oathtool`.
#![cfg(feature = "std")]

use crate::support::oathtool;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use oathtool::oathtool;

struct Dialogue {
    example: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Dialogue {
    /// Starts the example with the README's command, and returns it with the secret that it shows.
    fn start() -> (Self, String) {
        let mut example = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--locked", "--example", "login"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo should run");
        let input = example.stdin.take().unwrap();
        let output = BufReader::new(example.stdout.take().unwrap());
        let mut dialogue = Self { example, input, output };
        dialogue.line();
        let uri = dialogue.line();
        let secret = uri.strip_prefix("otpauth://totp/Secondo:rossi?secret=").expect(&uri);
        let secret = secret.strip_suffix("&issuer=Secondo").expect(&uri).to_owned();
        (dialogue, secret)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Checks the number of remaining attempts that is shown, submits a code, and returns the answer.
    fn submit(&mut self, attempts_left: u8, code: &str) -> String {
        assert_eq!(self.line(), format!("Attempts left: {attempts_left}"));
        writeln!(self.input, "{code}").unwrap();
        self.line().strip_prefix("Code: ").expect("an answer should follow the prompt").to_owned()
    }
}

fn codes(secret: &str, from: &str) -> Vec<String> {
    let arguments = ["--totp", "--base32", "--now", from, "--window", "4", secret];
    oathtool(&arguments.map(str::to_owned))
}

#[test]
fn a_code_logs_in_once_and_guessing_is_locked() {
    oathtool::must_be_there();
    let (mut dialogue, secret) = Dialogue::start();

    let right = codes(&secret, "now").remove(0);
    let grouped = format!("{} {}", &right[..3], &right[3..]);
    assert!(dialogue.submit(5, &grouped).starts_with("Accepted: you are logged in"));
    let again = dialogue.submit(5, &right);
    assert_eq!(again, "Refused: the code was already used; 4 attempts remain.");
    assert_eq!(dialogue.submit(4, "12345"), "Refused: a code has 6 digits, not 5.");

    // The wrong code differs from all codes from a minute ago to a minute ahead, so it is outside the example's window.
    let near = codes(&secret, "now - 60 seconds");
    let wrong = (0..10).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap();
    for left in (1..=4).rev() {
        let answer = dialogue.submit(left, &wrong);
        let remain = match left - 1 {
            0 => "0 attempts remain; locked until",
            1 => "1 attempt remains",
            n => &format!("{n} attempts remain"),
        };
        assert!(answer.starts_with(&format!("Refused: the code is wrong; {remain}")), "{answer}");
    }
    // During the lock, a correct unused code is refused too.
    let next = codes(&secret, "now + 30 seconds").remove(0);
    assert!(dialogue.submit(0, &next).starts_with("Refused: locked after too many failures, until "));

    let mut rest = String::new();
    dialogue.output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(dialogue.example.wait().unwrap().success());
}
