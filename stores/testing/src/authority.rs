//! Certificates from openssl, for servers with TLS.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::{Postgres, Server};

/// A certificate authority, with a certificate for the server at `localhost`.
#[derive(Debug)]
pub struct Authority(TempDir);

impl Authority {
    /// Creates an authority that nobody trusts yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        let folder = tempfile::tempdir().unwrap();
        openssl(folder.path(), &format!("req -x509 {KEY} -subj /CN=authority -keyout ca.key -out ca.crt"));
        let names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE";
        let signed = "-CA ca.crt -CAkey ca.key -keyout server.key -out server.crt";
        openssl(folder.path(), &format!("req -x509 {KEY} {names} {signed}"));
        Self(folder)
    }

    /// Returns the path of the authority's certificate, in PEM.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("ca.crt")
    }
}

fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Postgres {
    /// Makes the server accept new connections only with TLS. Open connections without TLS stay.
    pub fn demand_tls(&self, authority: &Authority) {
        let owner = fs::metadata(self.data()).unwrap();
        for name in ["server.crt", "server.key"] {
            let file = self.data().join(name);
            fs::copy(authority.0.path().join(name), &file).unwrap();
            chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(self.data().join("pg_hba.conf"), "hostssl all all all trust\n").unwrap();
        let mut settings = fs::OpenOptions::new().append(true).open(self.data().join("postgresql.conf")).unwrap();
        settings.write_all(b"ssl = on\n").unwrap();
        self.reload();
        while !self.offers_tls() {
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks the server for TLS, as a client does before the handshake.
    fn offers_tls(&self) -> bool {
        const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
        let mut connection = TcpStream::connect(self.address()).unwrap();
        connection.write_all(&REQUEST).unwrap();
        let mut answer = [0];
        connection.read_exact(&mut answer).unwrap();
        answer == *b"S"
    }
}
