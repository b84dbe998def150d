//! A demonstration by HTTPS, with a certificate of the program's own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A provider that was started with `--tls`.
struct Secure {
    process: Child,
    port: u16,
    /// The lines of its output.
    lines: Vec<String>,
}

impl Secure {
    fn start(folder: &TempDir) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idp"));
        command.arg("--tls").env("IDP_DATA", folder.path().join("idp.redb")).env("IDP_LISTEN", "127.0.0.1:0");
        let mut process = command.current_dir(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            lines.push(line.unwrap());
            if lines.last().unwrap().contains("fingerprint") {
                break;
            }
        }
        let port =
            lines.iter().find_map(|line| line.strip_prefix("Open https://localhost:")?.strip_suffix("/gepi")).unwrap();
        Self { port: port.parse().unwrap(), process, lines }
    }

    /// Opens a page as a browser that trusts only this certificate.
    fn get(&self, certificate: &Path, path: &str) -> String {
        self.get_with(certificate, path, &format!("localhost:{}", self.port), "")
    }

    /// Opens a page with this host and these other lines.
    fn get_with(&self, certificate: &Path, path: &str, host: &str, lines: &str) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let client = ClientConnection::new(Arc::new(config.with_no_client_auth()), "localhost".try_into().unwrap());
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut stream = StreamOwned::new(client.unwrap(), socket);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}Connection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn demonstration_by_https() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("idp.pem");
    let provider = Secure::start(&folder);
    assert!(provider.lines.iter().any(|line| line.starts_with("Demonstration: user name")));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // A connection without a handshake keeps nobody waiting.
    let mut slow = TcpStream::connect(("127.0.0.1", provider.port)).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let _idle = TcpStream::connect(("127.0.0.1", provider.port)).unwrap();
    let page = provider.get(&path, "/");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("set-cookie: __Host-idp=") && page.contains("; Secure"));
    assert!(provider.get(&path, "/app").contains("/app/app.mjs"));
    // Another site of the domain can set a cookie without the prefix.
    let [planted, own] = ["ab", "cd"].map(|digits| digits.repeat(32));
    let host = format!("localhost:{}", provider.port);
    let page = provider.get_with(&path, "/", &host, &format!("Cookie: idp={planted}\r\n"));
    assert!(page.contains("set-cookie: __Host-idp=") && !page.contains(&planted), "{page}");
    let page = provider.get_with(&path, "/", &host, &format!("Cookie: idp={planted}; __Host-idp={own}\r\n"));
    assert!(page.starts_with("HTTP/1.1 200") && !page.contains("set-cookie"), "{page}");
    // This machine reads the messages by any of its names.
    for (host, status) in [("127.0.0.1", "200"), ("localhost", "200"), ("another.example", "404")] {
        let page = provider.get_with(&path, "/outbox", &format!("{host}:{}", provider.port), "");
        assert!(page.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {page}");
    }
    // The client of a proxy on this machine may be on any machine.
    for line in ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy", "X-Real-IP: 192.0.2.1"] {
        let page = provider.get_with(&path, "/outbox", &host, &format!("{line}\r\n"));
        assert!(page.starts_with("HTTP/1.1 404"), "{line}: {page}");
    }
    let fingerprint = provider.lines.last().unwrap().clone();
    drop(provider);
    // Browsers that know the certificate see it again.
    let provider = Secure::start(&folder);
    let [passwords, rest @ ..] = provider.lines.as_slice() else { panic!("no output") };
    assert!(passwords.starts_with("The passwords were printed at the first start"), "{passwords}");
    assert_eq!(rest, [format!("Open https://localhost:{}/gepi", provider.port), fingerprint]);
}
