//! Connections with TLS, with certificates from openssl.

use std::sync::Arc;

use secondo::store::Exchange;
use secondo_postgres::PostgresStoreError;
use secondo_postgres::rustls::crypto::ring;
use secondo_postgres::rustls::pki_types::CertificateDer;
use secondo_postgres::rustls::pki_types::pem::PemObject;
use secondo_postgres::rustls::{ClientConfig, RootCertStore};
use store_testing::{Authority, Server};

use crate::{block_on, exchange, id, impatient, migrated, patient};

/// Returns a client configuration that trusts the authority.
fn trusting(authority: &Authority) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.certificate()).unwrap()).unwrap();
    // Other crates of a build may bring another provider of cryptography, of which rustls then chooses none by itself.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth()
}

#[test]
fn tls_is_demanded_and_the_server_is_verified() {
    let (authority, another) = (Authority::new(), Authority::new());
    let server = migrated(&["fsync=off"]);
    let at = |host: &str| format!("postgres://postgres@{host}:{}/postgres", server.address().port());
    let as_localhost = at("localhost");
    block_on(async {
        // Before the server has TLS, the store does not connect without it, even if the connection string allows that.
        for url in [as_localhost.clone(), format!("{as_localhost}?sslmode=disable")] {
            let refused = patient().with_tls(trusting(&authority)).connect(&url).await;
            assert!(matches!(refused, Err(PostgresStoreError::Connection(_))), "{refused:?}");
        }
        server.demand_tls(&authority);

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
        // With TLS, the store connects to other hosts too. This address is for documentation, and no host has it.
        let away = impatient().with_tls(trusting(&authority)).connect("postgres://192.0.2.1:1/idp").await;
        assert!(!matches!(away, Err(PostgresStoreError::Options(_))), "{away:?}");
    });
}
