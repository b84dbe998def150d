//! Connections with TLS, with certificates from openssl.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use secondo::store::Exchange;
use secondo_postgres::PostgresStoreError;
use secondo_postgres::rustls::crypto::ring;
use secondo_postgres::rustls::pki_types::CertificateDer;
use secondo_postgres::rustls::pki_types::pem::PemObject;
use secondo_postgres::rustls::{ClientConfig, RootCertStore};
use store_testing::{Postgres, Server};
use tempfile::TempDir;

use crate::{block_on, exchange, id, migrated, patient, session};

/// Returns a client configuration that trusts the authority in this folder.
fn trusting(authority: &TempDir) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.path().join("ca.crt")).unwrap()).unwrap();
    // Other crates of a build may bring another provider of cryptography, of which rustls then chooses none by itself.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth()
}

fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Creates a folder with a certificate authority, and a certificate from it for the server at `localhost`.
fn authority() -> TempDir {
    const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    let folder = tempfile::tempdir().unwrap();
    openssl(folder.path(), &format!("req -x509 {KEY} -subj /CN=authority -keyout ca.key -out ca.crt"));
    let names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE";
    let signed = "-CA ca.crt -CAkey ca.key -keyout server.key -out server.crt";
    openssl(folder.path(), &format!("req -x509 {KEY} {names} {signed}"));
    folder
}

/// Makes the server accept new connections only with TLS. Open connections without TLS stay.
async fn demand_tls(server: &Postgres, authority: &TempDir) {
    let other = session(&server.url()).await;
    let owner = fs::metadata(server.data()).unwrap();
    for name in ["server.crt", "server.key"] {
        let file = server.data().join(name);
        fs::copy(authority.path().join(name), &file).unwrap();
        chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::write(server.data().join("pg_hba.conf"), "hostssl all all all trust\n").unwrap();
    other.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    server.reload();
    while other.query_one("SHOW ssl", &[]).await.unwrap().get::<_, &str>(0) != "on" {}
}

#[test]
fn tls_is_demanded_and_the_server_is_verified() {
    let (authority, another) = (authority(), authority());
    let server = migrated(&["fsync=off"]);
    let at = |host: &str| format!("postgres://postgres@{host}:{}/postgres", server.address().port());
    let as_localhost = at("localhost");
    block_on(async {
        // Before the server has TLS, the store does not connect without it, even if the connection string allows that.
        for url in [as_localhost.clone(), format!("{as_localhost}?sslmode=disable")] {
            let refused = patient().with_tls(trusting(&authority)).connect(&url).await;
            assert!(matches!(refused, Err(PostgresStoreError::Connection(_))), "{refused:?}");
        }
        demand_tls(&server, &authority).await;

        let store = patient().with_tls(trusting(&authority)).connect(&as_localhost).await.unwrap();
        assert_eq!(exchange(&store, &id("a"), None, b"value").await.unwrap(), Exchange::Stored);
        patient().with_tls(trusting(&authority)).migrate(&as_localhost).await.unwrap();

        let refused = patient().with_tls(trusting(&another)).connect(&as_localhost).await;
        assert!(matches!(refused, Err(PostgresStoreError::Connection(_))), "another authority: {refused:?}");
        let refused = patient().with_tls(trusting(&authority)).connect(&at("127.0.0.1")).await;
        assert!(matches!(refused, Err(PostgresStoreError::Connection(_))), "another name: {refused:?}");
        let refused = patient().connect(&as_localhost).await;
        assert!(matches!(&refused, Err(PostgresStoreError::Server(code)) if code.code() == "28000"), "{refused:?}");
        let refused = patient().connect(&format!("{as_localhost}?sslmode=require")).await;
        assert!(matches!(refused, Err(PostgresStoreError::Options(_))), "{refused:?}");
    });
}
