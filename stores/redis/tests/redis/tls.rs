//! Servers with TLS, with a certificate from the tests' own authority.

use std::fs;
use std::path::Path;
use std::process::Command;

use secondo_redis::{RedisOptions, RedisStoreError};
use store_testing::{Engine, Redis, Server, free_port};
use tempfile::TempDir;

use crate::{Patient, block_on, command, count_up, load, until};

fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A certificate authority of its own, and a certificate for the server at 127.0.0.1.
struct Certificates(TempDir);

impl Certificates {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        openssl(folder.path(), &format!("{new} -keyout ca.key -out ca.crt -subj /CN=authority"));
        let server = "-subj /CN=server -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE";
        openssl(folder.path(), &format!("{new} -keyout server.key -out server.crt -CA ca.crt -CAkey ca.key {server}"));
        Self(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Returns the settings of a server that speaks TLS at this port.
    fn settings(&self, port: u16) -> [(&'static str, String); 5] {
        [
            ("tls-port", port.to_string()),
            ("tls-cert-file", self.file("server.crt")),
            ("tls-key-file", self.file("server.key")),
            ("tls-ca-cert-file", self.file("ca.crt")),
            ("tls-auth-clients", "no".to_owned()),
        ]
    }

    /// Starts a server, and returns the port at which it speaks TLS.
    fn start(&self) -> (Redis, u16) {
        let port = free_port();
        let settings = self.settings(port).map(|(name, value)| [format!("--{name}"), value]).concat();
        (Redis::start(&settings.iter().map(String::as_str).collect::<Vec<_>>()), port)
    }

    /// Starts a Sentinel that watches the primary at this port by TLS, and returns the port at which it speaks TLS.
    fn start_sentinel(&self, primary: u16) -> (Redis, u16) {
        let port = free_port();
        let settings = self.settings(port).map(|(name, value)| format!("{name} {value}\n")).concat();
        let file = self.file("sentinel.conf");
        let lines = format!("{settings}tls-replication yes\nsentinel monitor mymaster 127.0.0.1 {primary} 1\n");
        fs::write(&file, lines).unwrap();
        let sentinel = Redis::sentinel(&file);
        until("known", || command::<String>(sentinel.address(), &["INFO", "sentinel"]).contains("status=ok"));
        (sentinel, port)
    }
}

/// The environment variables with the addresses of the server and of a Sentinel, for a process of this test.
const URL: &str = "SECONDO_REDIS_URL";
const SENTINEL: &str = "SECONDO_REDIS_SENTINEL";

/// Returns `true` if a process that trusts this authority uses the store at this address, through a Sentinel if there
/// is one.
fn is_used(url: &str, sentinel: Option<&str>, authority: &str) -> bool {
    let mut client = Command::new(std::env::current_exe().unwrap());
    client.args(["tls::client", "--exact", "--ignored"]).env(URL, url).env("SSL_CERT_FILE", authority);
    client.envs(sentinel.map(|sentinel| (SENTINEL, sentinel)));
    client.output().unwrap().status.success()
}

#[test]
fn only_a_server_with_a_trusted_certificate_is_spoken_to() {
    let certificates = Certificates::new();
    let (_redis, port) = certificates.start();
    let url = format!("rediss://127.0.0.1:{port}");
    let authority = certificates.file("ca.crt");
    assert!(is_used(&url, None, &authority));
    assert!(!is_used(&format!("rediss://localhost:{port}"), None, &authority), "the certificate has another name");
    let untrusted = RedisOptions::new().with_timeout(Patient::TIMEOUT).connect(&url);
    let outcome = block_on(load(&untrusted.unwrap(), "id"));
    assert!(matches!(outcome, Err(RedisStoreError::Connection(_))), "{outcome:?}");
}

#[test]
fn sentinels_and_their_primary_are_spoken_to_with_trusted_certificates() {
    let certificates = Certificates::new();
    let (primary, primary_port) = certificates.start();
    let (_sentinel, port) = certificates.start_sentinel(primary_port);
    let sentinel = format!("rediss://127.0.0.1:{port}");
    let authority = certificates.file("ca.crt");
    assert!(is_used("rediss://mymaster", Some(&sentinel), &authority));
    let direct = RedisOptions::new().connect(&primary.url()).unwrap();
    assert!(block_on(load(&direct, "id")).unwrap().is_some());
    // Nobody signed for that name, or for those servers.
    assert!(!is_used("rediss://mymaster", Some(&format!("rediss://localhost:{port}")), &authority));
    let other = Certificates::new();
    assert!(!is_used("rediss://mymaster", Some(&sentinel), &other.file("ca.crt")));
}

#[test]
#[ignore = "a process that the other tests start"]
fn client() {
    let url = std::env::var(URL).unwrap();
    let store = match std::env::var(SENTINEL) {
        Ok(sentinel) => {
            let options = RedisOptions::new().with_timeout(Patient::TIMEOUT);
            options.connect_sentinel([&*sentinel], &url).unwrap()
        }
        Err(_) => Patient::open(&url),
    };
    block_on(count_up(&store, "id", 3));
}
