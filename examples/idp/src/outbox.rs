//! The page with the messages of a demonstration.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use url::Url;

use crate::app::App;
use crate::http::{Answer, Visit};
use crate::limits;
use crate::pages;

/// Shows the messages to browsers of this machine, unless other machines can reach the provider.
///
/// A site of another name that leads to this machine is not shown them either.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Answer {
    let is_from_here = peer.is_some_and(|Extension(ConnectInfo(peer))| is_from_here(&app.origin, peer.ip(), &headers));
    if !app.is_demonstration() || !is_from_here {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let visit = Visit::of(app, &headers).await?;
    let messages = visit.app.messages.all(visit.now).await?;
    Ok(visit.show(StatusCode::OK, |page| pages::outbox(page, &messages)))
}

/// Returns `true` if a request comes from this machine, and its host is the provider's or a name of this machine. A
/// hostile site whose name leads to this machine has another host.
fn is_from_here(origin: &str, peer: IpAddr, headers: &HeaderMap) -> bool {
    // A proxy that is not configured is on this machine, and its clients are not.
    if limits::is_proxied(headers) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let of_origin = origin.split_once("://").map_or("", |(_, host)| host);
    let port = port(origin);
    let is_local = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host == format!("{name}{port}"));
    peer.is_loopback() && (host == of_origin || is_local)
}

/// Returns the address of the page as pages at this origin link to it. By HTTPS, it is shown at a name of this machine.
pub(crate) fn address(origin: &str) -> String {
    let is_other = |url: &Url| url.scheme() == "https" && url.host_str() != Some("localhost");
    match Url::parse(origin) {
        Ok(url) if is_other(&url) => format!("https://localhost{}/outbox", port(origin)),
        _ => "/outbox".to_owned(),
    }
}

/// Returns the port of an origin, such as `:8443`, or nothing if it is the usual one, which browsers leave out.
fn port(origin: &str) -> String {
    let port = Url::parse(origin).ok().and_then(|url| url.port());
    port.map_or_else(String::new, |port| format!(":{port}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use axum::http::HeaderValue;

    use super::*;
    use crate::config::Config;

    fn is_shown(peer: &str, host: &str, proxied: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        if let Some(name) = proxied {
            headers.insert(name, HeaderValue::from_static("192.0.2.1"));
        }
        is_from_here("https://192.0.2.7:8443", peer.parse().unwrap(), &headers)
    }

    #[test]
    fn messages_are_for_this_machine_alone() {
        for peer in ["127.0.0.1", "127.9.9.9", "::1"] {
            for host in ["192.0.2.7:8443", "localhost:8443", "127.0.0.1:8443", "[::1]:8443"] {
                assert!(is_shown(peer, host, None), "{peer} {host}");
            }
            for host in ["attacker.example:8443", "localhost:8444", "localhost", ""] {
                assert!(!is_shown(peer, host, None), "{peer} {host}");
            }
            for name in ["forwarded", "via", "x-forwarded-for", "x-real-ip"] {
                assert!(!is_shown(peer, "localhost:8443", Some(name)), "{peer} {name}");
            }
        }
        // The demonstration by HTTPS can be reached by other machines, and by this one over its other addresses.
        for peer in ["192.0.2.7", "192.0.2.9", "10.0.0.1", "2001:db8::1", "fe80::1", "::ffff:192.0.2.9"] {
            for host in ["192.0.2.7:8443", "localhost:8443"] {
                assert!(!is_shown(peer, host, None), "{peer} {host}");
            }
        }
    }

    #[tokio::test]
    async fn pages_link_to_the_name_by_which_messages_are_shown() {
        for (origin, is_tls, outbox) in [
            ("http://localhost:8080", false, Some("/outbox")),
            ("https://localhost:8443", true, Some("/outbox")),
            ("https://192.0.2.7:8443", true, Some("https://localhost:8443/outbox")),
            ("https://[2001:db8::1]:8443", true, Some("https://localhost:8443/outbox")),
            ("https://[2001:db8::1]", true, Some("https://localhost/outbox")),
            ("http://127.0.0.1:8080", false, Some("/outbox")),
            ("https://idp.example", false, None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let config = Config { data: folder.path().join("idp.redb"), tls: is_tls, ..Config::default() };
            let app = App::open(config, origin.to_owned()).await.unwrap();
            assert_eq!(app.outbox().as_deref(), outbox, "{origin}");
            if let Some((_, host)) = outbox.and_then(|outbox| outbox.split_once("https://")) {
                let host = host.strip_suffix("/outbox").unwrap();
                let headers = [(header::HOST, host.parse().unwrap())].into_iter().collect();
                assert!(is_from_here(origin, IpAddr::from([127, 0, 0, 1]), &headers), "{host}");
            }
        }
    }
}
