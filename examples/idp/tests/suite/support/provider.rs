//! The provider in a process of its own, on a free port of loopback and in a temporary folder.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use rand::TryRng;
use rand::rngs::SysRng;
use secondo::factor::RecoveryCodes;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Enumerate;
use secondo::{AccountId, Policy, Transaction, UnixTime, Verifier};
use secondo_redb::RedbStore;
use tempfile::TempDir;

use super::wait;

pub(crate) struct Provider {
    process: Option<Child>,
    folder: TempDir,
    /// The origin, which is also the issuer.
    pub(crate) origin: String,
    /// The address that takes connections, if a proxy is to be in front.
    pub(crate) address: String,
    pub(crate) user: String,
    pub(crate) password: String,
    /// The user name and the password of an operator.
    pub(crate) operator: (String, String),
}

/// Writes a configuration that only its owner reads.
fn configure(folder: &TempDir, text: &str) {
    let path = folder.path().join("idp.toml");
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

impl Provider {
    /// Starts a provider with these tables `[[client]]`.
    pub(crate) fn start(clients: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        configure(&folder, clients);
        let (origin, address, user, password, operator) = Default::default();
        let mut provider = Self { process: None, folder, origin, address, user, password, operator };
        provider.run("127.0.0.1:0", None);
        assert!(!provider.password.is_empty(), "no demonstration person");
        provider
    }

    /// Starts a provider as in production, with an origin by HTTPS and without the proxy in front.
    pub(crate) fn start_in_production(tables: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let origin = "origin = \"https://idp.example.it\"\ntrusted_proxy = \"127.0.0.1\"\n";
        configure(&folder, &format!("{origin}{tables}"));
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let (origin, address, user, password, operator) = Default::default();
        let mut provider = Self { process: None, folder, origin, address, user, password, operator };
        provider.run(&listen, None);
        assert!(provider.password.is_empty(), "a demonstration");
        provider
    }

    /// Starts a provider whose output and errors go to the file `log` beside the data.
    pub(crate) fn start_logged(clients: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        configure(&folder, clients);
        fs::write(folder.path().join("log"), "").unwrap();
        let (origin, address, user, password, operator) = Default::default();
        let mut provider = Self { process: None, folder, origin, address, user, password, operator };
        provider.run("127.0.0.1:0", None);
        provider
    }

    /// Runs a provider that these tables keep from starting, and returns the error.
    pub(crate) fn refuse(clients: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        configure(&folder, clients);
        let output = command(&folder, "127.0.0.1:0").output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// Starts it again, or after [`stop`](Self::stop), on the same port and data, with a clock that is ahead by an
    /// offset such as `+61s`.
    pub(crate) fn restart(&mut self, offset: &str) {
        if self.process.is_some() {
            // The audit log is written after the answers. A provider that is killed would lose the last lines.
            assert!(self.terminate().success());
        }
        let listen = self.origin.replace("http://localhost", "127.0.0.1");
        self.run(&listen, Some(offset));
    }

    /// Returns the time that the program has spent on processors, in ticks of the kernel. Other programs do not add to
    /// it.
    pub(crate) fn processor_ticks(&self) -> u64 {
        let id = self.process.as_ref().expect("the provider runs").id();
        let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        // Fields 14 and 15, of which the second field may contain spaces.
        let fields = status.rsplit_once(')').unwrap().1.split(' ');
        fields.skip(12).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// Gives recovery codes to the only account, and returns them.
    pub(crate) fn give_recovery_codes(&mut self) -> Vec<String> {
        self.stop();
        let file = |extension| self.folder.path().join("idp").with_extension(extension);
        let keys = fs::read_to_string(file("key")).unwrap();
        let master = LocalMasterKey::from_hex(keys.trim().split_once(' ').unwrap().1).unwrap();
        let key = SealingKey::derive(&Deployment::new("secondo").unwrap(), KeyId::new(1), &master).unwrap();
        let store = RedbStore::open(file("redb")).unwrap();
        let codes = RecoveryCodes::new(&random());
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let is_account = |id: &&AccountId| !id.as_str().starts_with("idp.") && !id.as_str().starts_with("secondo-");
            let mut accounts = Vec::new();
            let mut last = None;
            loop {
                let ids = store.ids_after(last.as_ref()).await.unwrap();
                accounts.extend(ids.iter().filter(is_account).copied());
                last = ids.last().copied();
                if last.is_none() {
                    break;
                }
            }
            assert_eq!(accounts.len(), 1);
            let verifier = Verifier::new(store, KeyRing::new(key, []).unwrap(), Policy::new());
            let login = Transaction::new(&random::<16>()).unwrap();
            verifier.enroll(&accounts[0], &login, &codes, UnixTime::now().unwrap()).await.unwrap();
        });
        self.run(&self.origin.replace("http://localhost", "127.0.0.1"), None);
        codes.texts().map(|text| text.as_str().to_owned()).collect()
    }

    /// Starts a provider on a store on a server.
    pub(crate) fn start_on(store: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        configure(&folder, &format!("store = \"{store}\""));
        let (origin, address, user, password, operator) = Default::default();
        let mut provider = Self { process: None, folder, origin, address, user, password, operator };
        provider.run("127.0.0.1:0", None);
        provider
    }

    /// Starts a provider on another machine with the same store, whose output and errors go to the file `log`.
    pub(crate) fn start_beside(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["idp.toml", "idp.key"] {
            fs::copy(self.file(name), folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("log"), "").unwrap();
        let (origin, address) = Default::default();
        let (user, password, operator) = (self.user.clone(), self.password.clone(), self.operator.clone());
        let mut provider = Self { process: None, folder, origin, address, user, password, operator };
        provider.run("127.0.0.1:0", None);
        provider
    }

    /// Runs a command of the operator in the folder of the data, and returns its output, or the output and the error if
    /// it failed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = command(&self.folder, "127.0.0.1:8080");
        let output = command.current_dir(self.folder.path()).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        if output.status.success() { Ok(text) } else { Err(text + &String::from_utf8(output.stderr).unwrap()) }
    }

    /// Runs a command of the operator with an input.
    pub(crate) fn command_with(&self, arguments: &[&str], input: &str) -> String {
        let mut command = command(&self.folder, "127.0.0.1:8080");
        let mut process = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Begins a command of the operator.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        command(&self.folder, "127.0.0.1:8080").args(arguments).stdout(Stdio::null()).spawn().unwrap()
    }

    /// Returns the path of a file beside the data.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sends SIGTERM, waits for the end, and returns the status.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        let kill = Command::new("kill").arg(process.id().to_string()).status().unwrap();
        assert!(kill.success());
        let mut status = None;
        wait::until(|| {
            status = process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    fn run(&mut self, listen: &str, offset: Option<&str>) {
        let mut command = command(&self.folder, listen);
        if let Some(offset) = offset {
            let library = format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
            assert!(fs::exists(&library).unwrap(), "Debian's package faketime");
            // The monotonic clock is not changed, so that time passes as usual.
            command.env("LD_PRELOAD", library).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        if let Ok(log) = OpenOptions::new().append(true).open(self.file("log")) {
            let start = log.metadata().unwrap().len().try_into().unwrap();
            self.process = Some(command.stderr(log.try_clone().unwrap()).stdout(log).spawn().unwrap());
            let mut written = String::new();
            wait::until(|| {
                written = fs::read_to_string(self.file("log")).unwrap().split_off(start);
                written.contains("/gepi\n")
            });
            self.take_start(written.lines().map(ToOwned::to_owned), listen);
            return;
        }
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        self.process = Some(process);
        self.take_start(lines.map(Result::unwrap), listen);
    }

    /// Takes the lines that the provider writes at its start: the persons, if they are made, and the address.
    fn take_start(&mut self, mut lines: impl Iterator<Item = String>, listen: &str) {
        loop {
            let line = lines.next().expect("the provider did not start");
            if let Some(origin) = line.strip_prefix("Open ") {
                // The address to open is that of the sample service.
                origin.rsplit_once('/').unwrap().0.clone_into(&mut self.origin);
                let is_direct = self.origin.starts_with("http://");
                self.address = if is_direct { self.origin.clone() } else { format!("http://{listen}") };
                return;
            }
            // At a second start, the log says where the passwords are.
            let Some((role, credentials)) = line.split_once(": user name ") else { continue };
            let (user, password) = credentials.split_once(", password ").unwrap();
            let (user, password) = (user.to_owned(), password.to_owned());
            assert!(self.operator.1.is_empty(), "the persons were made twice");
            match role {
                "Demonstration" => (self.user, self.password) = (user, password),
                _ => self.operator = (user, password),
            }
        }
    }

    /// Kills it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop();
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).unwrap();
    bytes
}

/// Returns a command of the program, with configuration and data in this folder.
fn command(folder: &TempDir, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idp"));
    command.env("IDP_CONFIG", folder.path().join("idp.toml")).env("IDP_DATA", folder.path().join("idp.redb"));
    command.env("IDP_LISTEN", listen);
    command
}
