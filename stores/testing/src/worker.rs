//! A process of its own that verifies, as one of a provider's many processes does.

use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rand::RngExt;
use secondo::types::AuthenticatorNumber;
use secondo::{AccountId, Refusal, Transaction, UnixTime};

use crate::crowd::{self, Report};
use crate::engine::{Blind, Engine, Outcome, Provider, code, fresh, policy, step_of, time, wrong_code};
use crate::sent;

/// The environment variable with the address of the data.
const ADDRESS: &str = "STORE_TESTING_ADDRESS";

/// The mark before each answer, since the test harness prints as well.
const MARK: &str = "#> ";

/// Runs the commands of a scenario: the body of its processes. A store's tests have it under this name:
///
/// ```ignore
/// #[test]
/// #[ignore = "a process that the other tests start"]
/// fn worker() {
///     store_testing::worker::<OurEngine>();
/// }
/// ```
pub fn worker<E: Engine>() {
    let address = std::env::var(ADDRESS).expect("a scenario starts the worker");
    let open = || Provider::<E>::open(&address, policy()).with_sink(Report);
    // The engine is kept open between attempts if other processes may have it open as well.
    let kept = E::SHARED.then(open);
    let with = |run: &dyn Fn(&Provider<E>)| match &kept {
        Some(provider) => run(provider),
        None => run(&open()),
    };
    let mut blind = None;
    answer("ready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["verify", id, at, entry, times] => {
                let (id, at) = (AccountId::new(id).unwrap(), read_time(at));
                let entry = if entry == "own" { code(at) } else { entry.into() };
                for _ in 0..times.parse().unwrap() {
                    with(&|provider| answer(until_told(|| provider.verify(&id, &entry, at))));
                }
            }
            ["verify-in", login, id, device, at, entry] => {
                let (login, id) = (Transaction::new(login.as_bytes()).unwrap(), AccountId::new(id).unwrap());
                let (device, at) = (read_device(device), read_time(at));
                with(&|provider| answer(until_told(|| provider.verify_in(&login, &id, device, entry, at))));
            }
            ["guess", id, device, at, entry, times] => {
                let (id, device, at) = (AccountId::new(id).unwrap(), read_device(device), read_time(at));
                for _ in 0..times.parse().unwrap() {
                    let guess = |provider: &Provider<E>| provider.verify_in(&fresh(), &id, device, entry, at);
                    with(&|provider| answer(until_told(|| guess(provider))));
                }
            }
            ["recover", id, at, text] => {
                let (id, at) = (AccountId::new(id).unwrap(), read_time(at));
                with(&|provider| answer(until_told(|| provider.recover(&id, text, at))));
            }
            ["blindly", id, at, entry] => {
                let blind = blind.get_or_insert_with(|| Provider::<E, _>::on(Blind(E::open(&address)), policy()));
                answer(blind.verify(&AccountId::new(id).unwrap(), entry, read_time(at)));
            }
            ["revoke", id, device] => {
                let (id, device) = (AccountId::new(id).unwrap(), AuthenticatorNumber::new(device.parse().unwrap()));
                with(&|provider| answer(provider.revoke(&id, device)));
            }
            ["revoke-blindly", id, device] => {
                let (id, device) = (AccountId::new(id).unwrap(), AuthenticatorNumber::new(device.parse().unwrap()));
                let blind = blind.get_or_insert_with(|| Provider::<E, _>::on(Blind(E::open(&address)), policy()));
                answer(blind.revoke(&id, device));
            }
            ["push", login, id, at, signed] => {
                let (login, id) = (Transaction::new(login.as_bytes()).unwrap(), AccountId::new(id).unwrap());
                with(&|provider| answer(provider.answer_and_poll(&id, &login, signed, read_time(at))));
            }
            ["push-blindly", login, id, at, signed] => {
                let (login, id) = (Transaction::new(login.as_bytes()).unwrap(), AccountId::new(id).unwrap());
                let blind = blind.get_or_insert_with(|| Provider::<E, _>::on(Blind(E::open(&address)), policy()));
                answer(blind.answer_and_poll(&id, &login, signed, read_time(at)));
            }
            ["crowd", id, process, acts] => {
                let id = AccountId::new(id).unwrap();
                crowd::act(with, &id, process.parse().unwrap(), acts.parse().unwrap());
            }
            ["send", prefix, number, times] => sent::act(with, prefix, number, times.parse().unwrap()),
            ["work", id] => with(&|provider| work(provider, &AccountId::new(id).unwrap())),
            _ => panic!("{line}"),
        }
    }
}

/// Submits a code again for as long as other attempts are faster each time.
fn until_told(verify: impl Fn() -> Outcome) -> Outcome {
    loop {
        match verify() {
            Outcome::Contended => {}
            told => return told,
        }
    }
}

fn read_time(text: &str) -> UnixTime {
    match text {
        "now" => UnixTime::now().unwrap(),
        secs => UnixTime::from_secs(secs.parse().unwrap()).unwrap(),
    }
}

/// Reads the number of a device, or "any" for a code that names none.
fn read_device(text: &str) -> Option<AuthenticatorNumber> {
    (text != "any").then(|| AuthenticatorNumber::new(text.parse().unwrap()))
}

pub(crate) fn answer(answer: impl Debug) {
    println!("\n{MARK}{answer:?}");
}

/// A report of a process that may be killed at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The code of this step is accepted.
    Accepted(u64),
    /// The code of this step was accepted already, by the process before, which was killed before it could report this.
    AcceptedBefore(u64),
    /// One more wrong code is counted.
    Wrong,
}

/// Logs in at one step after the other, with some wrong codes in between, until the process is killed.
fn work<E: Engine>(provider: &Provider<E>, id: &AccountId) {
    let state = provider.state(id);
    let mut rng = rand::rng();
    let mut step = step_of(&state).map_or(0, |step| step + 1);
    loop {
        for _ in 0..rng.random_range(0..4) {
            match provider.verify(id, &wrong_code(time(step)), time(step)) {
                Outcome::Refused(Refusal::Wrong { .. }) => answer(Told::Wrong),
                other => panic!("a wrong code was {other:?}"),
            }
        }
        match provider.verify(id, &code(time(step)), time(step)) {
            Outcome::Accepted => answer(Told::Accepted(step)),
            Outcome::Refused(Refusal::Replayed { .. }) => answer(Told::AcceptedBefore(step)),
            other => panic!("a right code was {other:?}"),
        }
        step += 1;
    }
}

/// A worker process, as seen from the scenario.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(address: &str) -> Self {
        Self::start_in(Command::new(std::env::current_exe().unwrap()), address)
    }

    /// Starts a worker whose clock is set back or forward by an offset such as `-1h`.
    pub(crate) fn start_at(offset: &str, address: &str) -> Self {
        let library = format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", std::env::consts::ARCH);
        assert!(std::fs::exists(&library).unwrap(), "Debian's package faketime");
        let mut command = Command::new(std::env::current_exe().unwrap());
        // The monotonic clock is not changed, so that time passes as usual.
        command.env("LD_PRELOAD", library).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Self::start_in(command, address)
    }

    fn start_in(mut command: Command, address: &str) -> Self {
        command.args(["worker", "--ignored", "--nocapture", "--test-threads=1"]).env(ADDRESS, address);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut process = Self { child, input, output };
        assert_eq!(process.answer().as_deref(), Some("\"ready\""), "the worker did not start");
        process
    }

    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// Returns the `Debug` text of the next answer, or `None` when the process has ended.
    pub(crate) fn answer(&mut self) -> Option<String> {
        for line in self.output.by_ref().lines() {
            // A line that was cut off by a kill does not count as reported.
            if let Some(answer) = line.ok()?.strip_prefix(MARK) {
                return Some(answer.into());
            }
        }
        None
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.answer().expect("the worker ended")
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
