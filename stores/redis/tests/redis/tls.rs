//! A server with TLS, with a certificate from the tests' own authority.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use secondo_redis::{RedisOptions, RedisStoreError};
use store_testing::{Engine, Redis};

use crate::{Patient, block_on, count_up, load};

fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The environment variable with the server's address for a process of this test.
const URL: &str = "SECONDO_REDIS_URL";

#[test]
fn only_a_server_with_a_trusted_certificate_is_spoken_to() {
    let folder = tempfile::tempdir().unwrap();
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    openssl(folder.path(), &format!("{new} -keyout ca.key -out ca.crt -subj /CN=authority"));
    let server = "-subj /CN=server -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE";
    openssl(folder.path(), &format!("{new} -keyout server.key -out server.crt -CA ca.crt -CAkey ca.key {server}"));
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let (certificate, key, authority) = (file("server.crt"), file("server.key"), file("ca.crt"));
    let _redis = Redis::start(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &authority,
        "--tls-auth-clients",
        "no",
    ]);
    let client = |host: &str, authority: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["tls::client", "--exact", "--ignored"]).env(URL, format!("rediss://{host}:{port}"));
        command.env("SSL_CERT_FILE", authority).output().unwrap().status.success()
    };
    assert!(client("127.0.0.1", &authority));
    assert!(!client("localhost", &authority), "the certificate has another name");
    let untrusted = RedisOptions::new().with_timeout(Patient::TIMEOUT).connect(&format!("rediss://127.0.0.1:{port}"));
    let outcome = block_on(load(&untrusted.unwrap(), "id"));
    assert!(matches!(outcome, Err(RedisStoreError::Connection(_))), "{outcome:?}");
}

#[test]
#[ignore = "a process that the other test starts"]
fn client() {
    block_on(count_up(&Patient::open(&std::env::var(URL).unwrap()), "id", 3));
}
