//! A library that is measured in a program of its own, `benches/peers/alone`.
//!
//! Cargo builds a hash crate once for a program, with all features that any crate in it enables. Beside others, totp-rs
//! would wipe its hashes, which it does not ask for.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use secondo::Algorithm;

use crate::root;
use crate::work::{Library, Login, NOW, PERIOD, People, Run, Search};

/// The crate totp-rs, whose `Totp::check` takes one width for past and future.
pub(crate) struct TotpRs;

/// When the objects that hold the secrets are built.
#[derive(Clone, Copy)]
enum Built {
    Once,
    ForEachCode,
}

impl TotpRs {
    fn generate(login: &Login, built: Built) -> Run<'static> {
        let codes = [(&login.secret, &login.typed)].into_iter();
        Alone::start("code", built, login.algorithm, 0, &[login.now], codes).run()
    }

    fn verify(login: &Login, built: Built) -> Run<'static> {
        let Login { algorithm, now, past, future, .. } = *login;
        let codes = [(&login.secret, &login.typed)].into_iter();
        let skew = past.max(future);
        // The past may be narrower only if step 0 cuts off the window.
        if past == future || past < future && login.step() == u64::from(past) {
            return Alone::start("verify", built, algorithm, skew.into(), &[now], codes).run_for_one();
        }
        let times: Vec<_> = login.steps().map(|step| step * PERIOD).collect();
        Alone::start("verify", built, algorithm, 0, &times, codes).run_for_one().looped()
    }
}

impl Library for TotpRs {
    fn name(&self) -> &'static str {
        "totp-rs"
    }

    fn code<'a>(&self, login: &'a Login) -> Run<'a> {
        Self::generate(login, Built::Once)
    }

    fn code_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        Self::generate(login, Built::ForEachCode)
    }

    fn verify<'a>(&self, login: &'a Login) -> Run<'a> {
        Self::verify(login, Built::Once)
    }

    fn verify_from_secret<'a>(&self, login: &'a Login) -> Run<'a> {
        Self::verify(login, Built::ForEachCode)
    }

    /// Searches with TOTP at time 0, whose window starts at step 0: the crate has no HOTP.
    fn search<'a>(&self, search: &'a Search) -> Run<'a> {
        let typed = search.last_code();
        let codes = [(&search.secret, &typed)].into_iter();
        Alone::start("verify", Built::Once, search.algorithm, search.ahead, &[0], codes).run_for_one()
    }

    fn codes<'a>(&self, people: &'a People) -> Run<'a> {
        Alone::start("code", Built::Once, people.algorithm, 0, &[NOW], people.attempts()).run()
    }

    fn verify_all<'a>(&self, people: &'a People) -> Run<'a> {
        Alone::start("verify", Built::Once, people.algorithm, 1, &[NOW], people.attempts()).run()
    }
}

/// The running program, with the work that it was told to do.
struct Alone {
    program: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Alone {
    fn start<'a>(
        work: &str,
        built: Built,
        algorithm: Algorithm,
        skew: u16,
        times: &[u64],
        codes: impl Iterator<Item = (&'a Vec<u8>, &'a String)>,
    ) -> Self {
        let mut command = Command::new(program());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = command.spawn().expect("the program was built");
        let mut input = program.stdin.take().expect("a pipe");
        let output = BufReader::new(program.stdout.take().expect("a pipe"));

        let built = match built {
            Built::Once => "kept",
            Built::ForEachCode => "secret",
        };
        let mut request = format!("{work} {built} {algorithm} {skew}");
        request.extend(times.iter().map(|time| format!(" {time}")));
        for (secret, typed) in codes {
            request.push('\n');
            request.extend(secret.iter().map(|byte| format!("{byte:02x}")));
            request.push(' ');
            request.push_str(typed);
        }
        request.push_str("\n\n");
        input.write_all(request.as_bytes()).expect("the program reads");
        Self { program, input, output }
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the program answers");
        line.trim_end().to_owned()
    }

    fn run(mut self) -> Run<'static> {
        let outcome = self.answer();
        self.run_with(outcome)
    }

    /// Returns a run whose outcome says if the one code was accepted.
    fn run_for_one(mut self) -> Run<'static> {
        let outcome = (self.answer() == "1").to_string();
        self.run_with(outcome)
    }

    fn run_with(mut self, outcome: String) -> Run<'static> {
        Run::timed(outcome, move |times| {
            writeln!(self.input, "{times}").expect("the program reads");
            Duration::from_nanos(self.answer().parse().expect("a number"))
        })
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // It may have ended by itself, as its input does.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Returns the path of the program, which the first call builds.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

    PROGRAM.get_or_init(|| {
        let target = root().join("target/alone");
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]);
        cargo.arg(root().join("benches/peers/alone/Cargo.toml")).arg("--target-dir").arg(&target);
        assert!(cargo.status().expect("cargo is installed").success(), "cargo builds the program");
        target.join("release/peer-alone")
    })
}
