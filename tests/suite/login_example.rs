//! A test of the login example, with codes from `oathtool`.
#![cfg(feature = "std")]

use crate::support::oathtool;
use crate::support::programs;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout};

use oathtool::oathtool;

struct Dialogue {
    example: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Dialogue {
    /// Starts the example, and returns it with the secrets of the phone and the token.
    fn start() -> (Self, [String; 2]) {
        let mut example = programs::example("login").spawn().unwrap();
        let input = example.stdin.take().unwrap();
        let output = BufReader::new(example.stdout.take().unwrap());
        let mut dialogue = Self { example, input, output };
        let secrets = [("totp", "phone", ""), ("hotp", "token", "&counter=0")].map(|(method, name, end)| {
            let uri = dialogue.line();
            let secret = uri.strip_prefix(&format!("otpauth://{method}/Secondo:{name}?secret=")).expect(&uri);
            secret.strip_suffix(&format!("&issuer=Secondo{end}")).expect(&uri).to_owned()
        });
        (dialogue, secrets)
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

/// Returns the phone's codes of five time steps.
fn phone_codes(secret: &str, from: &str) -> Vec<String> {
    oathtool(&["--totp", "--base32", "--now", from, "--window", "4", secret].map(str::to_owned))
}

/// Returns the token's first ten codes.
fn token_codes(secret: &str) -> Vec<String> {
    oathtool(&["--hotp", "--base32", "--window", "9", secret].map(str::to_owned))
}

#[test]
fn a_code_of_either_device_logs_in_once_and_guessing_is_locked() {
    oathtool::must_be_there();
    let (mut dialogue, [phone, token]) = Dialogue::start();

    let right = phone_codes(&phone, "now").remove(0);
    let grouped = format!("{} {}", &right[..3], &right[3..]);
    assert_eq!(dialogue.submit(5, &grouped), "Accepted: you are logged in with the phone.");
    let again = dialogue.submit(5, &right);
    assert_eq!(again, "Refused: the code was already used; 4 attempts remain.");
    assert_eq!(dialogue.submit(4, "12345"), "Refused: a code has 6 digits, not 5.");

    let of_token = token_codes(&token);
    assert_eq!(dialogue.submit(4, &of_token[0]), "Accepted: you are logged in with the token.");

    // The wrong codes differ from the phone's codes from a minute ago to a minute ahead and from the token's next nine
    // codes, so they are outside the example's windows.
    let near = [phone_codes(&phone, "now - 60 seconds"), of_token.clone()].concat();
    let mut wrong = (0..).map(|n| format!("{n:06}")).filter(|code| !near.contains(code));
    for left in (1..=5).rev() {
        let code = wrong.next().expect("most codes are wrong");
        let answer = dialogue.submit(left, &code);
        let remain = match left - 1 {
            0 => "0 attempts remain; locked until",
            1 => "1 attempt remains",
            n => &format!("{n} attempts remain"),
        };
        assert!(answer.starts_with(&format!("Refused: the code is wrong; {remain}")), "{answer}");
        // The same code again in the same login is answered in the same way, and does not count.
        assert_eq!(dialogue.submit(left - 1, &code), answer);
    }
    // During the lock, a correct unused code is refused too.
    assert!(dialogue.submit(0, &of_token[1]).starts_with("Refused: locked after too many failures, until "));

    let mut rest = String::new();
    dialogue.output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(dialogue.example.wait().unwrap().success());
}
