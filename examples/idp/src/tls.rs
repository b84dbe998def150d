//! HTTPS with a certificate of the program's own, to try the provider from a phone.
//!
//! Browsers give the camera and cryptography only to pages by HTTPS or on the same machine. In production, a server
//! with a certificate that browsers trust stands in front of the provider.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Span, Timestamp, tz::TimeZone};
use rcgen::{CertificateParams, CertifiedKey, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::outage::Failure;

/// The days for which a certificate is valid. Phones refuse one of more than 825 days.
const DAYS: i64 = 397;
/// The days before its end in which another one is made, so that it does not end while the provider runs.
const RENEWED_DAYS: i64 = 30;

/// A certificate that no authority has signed, with its key.
pub(crate) struct Certificate {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// Reads the certificate in a file, or makes one if the file has none for this host, or one that ends soon.
    pub(crate) fn open(path: &Path, host: &str, now: Timestamp) -> Result<Self, Failure> {
        let host = host.trim_matches(['[', ']']);
        if let Ok(text) = fs::read(path) {
            let kept = Self {
                certificate: CertificateDer::from_pem_slice(&text)?,
                key: PrivateKeyDer::from_pem_slice(&text)?,
            };
            if kept.is_good(host, now)? {
                return Ok(kept);
            }
        }
        let CertifiedKey { cert, signing_key } = make(host, now)?;
        // A crash leaves the old file or the whole new one.
        let new = path.with_extension("pem.new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(signing_key.serialize_pem().as_bytes())?;
        file.write_all(cert.pem().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
        Ok(Self { certificate: cert.der().clone(), key })
    }

    /// Returns `true` if a browser that trusts this certificate accepts it for the host, now and for a while.
    fn is_good(&self, host: &str, now: Timestamp) -> Result<bool, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        let later = u64::try_from(now.as_second() + RENEWED_DAYS * 24 * 60 * 60)?;
        let later = UnixTime::since_unix_epoch(Duration::from_secs(later));
        let verified = verifier.verify_server_cert(&self.certificate, &[], &ServerName::try_from(host)?, &[], later);
        Ok(verified.is_ok())
    }

    /// Returns the server's side of handshakes with this certificate.
    pub(crate) fn acceptor(self) -> Result<TlsAcceptor, Failure> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(vec![self.certificate], self.key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Returns the hash of the certificate, as browsers show it.
    pub(crate) fn fingerprint(&self) -> String {
        let digits = base16ct::upper::encode_string(&Sha256::digest(&self.certificate));
        digits.as_bytes().chunks(2).map(String::from_utf8_lossy).collect::<Vec<_>>().join(":")
    }
}

fn make(host: &str, now: Timestamp) -> Result<CertifiedKey<KeyPair>, Failure> {
    let addresses = [Some(Ipv4Addr::LOCALHOST.into()), Some(Ipv6Addr::LOCALHOST.into()), address()];
    let addresses = addresses.into_iter().flatten().map(|address: IpAddr| address.to_string());
    let names: BTreeSet<_> = addresses.chain(["localhost".to_owned(), host.to_owned()]).collect();
    let mut params = CertificateParams::new(Vec::from_iter(names))?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let day = |date: jiff::civil::Date| -> Result<_, Failure> {
        Ok(date_time_ymd(date.year().into(), date.month().try_into()?, date.day().try_into()?))
    };
    params.not_before = day(today.yesterday()?)?;
    params.not_after = day(today.checked_add(Span::new().days(DAYS))?)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let signing_key = KeyPair::generate()?;
    let cert = params.self_signed(&signing_key)?;
    Ok(CertifiedKey { cert, signing_key })
}

/// Returns the address under which other machines of the network reach this one.
pub(crate) fn address() -> Option<IpAddr> {
    // Nothing is sent: the system only chooses its address for this one, which is kept for documentation (RFC 5737).
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use super::*;

    #[test]
    fn certificate_is_kept_until_it_ends_soon_or_the_host_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("idp.pem");
        let start = Timestamp::now();
        let open = |host: &str, days: i64| {
            let now = start + Span::new().hours(24 * days);
            Certificate::open(&path, host, now).unwrap().fingerprint()
        };
        let first = open("localhost", 0);
        assert_eq!(open("localhost", 0), first);
        assert_eq!(open("127.0.0.1", DAYS - RENEWED_DAYS - 1), first);
        let second = open("localhost", DAYS - RENEWED_DAYS + 1);
        assert_ne!(second, first);
        assert_ne!(open("idp.example", DAYS), second);
    }
}
