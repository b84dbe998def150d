//! Limits of requests per address, beside those per person: they slow down who tries many names, or fills the store.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use serde::Deserialize;

use crate::gepi;
use crate::http::is_sight;

/// The requests per minute from one address, which may also come at once. 0 turns a limit off.
///
/// Many people can share an address, in an office or on a mobile network.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rates {
    password: u32,
    code: u32,
    registration: u32,
    authorize: u32,
    /// Requests of programs: those of services and of apps, and those of the page that waits for an app.
    api: u32,
    /// All other forms.
    form: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { password: 60, code: 60, registration: 60, authorize: 120, api: 600, form: 300 }
    }
}

/// The path at which the page of a push asks for its state.
pub(crate) const WAITING: &str = "/push/state";

/// A kind of request that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Password,
    Code,
    Registration,
    Authorize,
    Api,
    Form,
}

impl Kind {
    fn of(method: &Method, path: &str) -> Option<Self> {
        let start = path.split('/').nth(1).unwrap_or_default();
        match start {
            "authorize" => Some(Self::Authorize),
            "token" | "userinfo" | "api" => Some(Self::Api),
            _ if is_sight(method) => None,
            _ if path == gepi::PIN => Some(Self::Password),
            // A page asks every two seconds. Two of them would leave their address no code to type.
            _ if path == WAITING => Some(Self::Api),
            "password" | "recover" => Some(Self::Password),
            "code" | "enrollment" | "first-app" | "push" | "recovery-code" | "security" | "sms" => Some(Self::Code),
            "register" => Some(Self::Registration),
            _ => Some(Self::Form),
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::Registration => "registration",
            Self::Authorize => "authorize",
            Self::Api => "api",
            Self::Form => "form",
        }
    }

    const fn rate(self, rates: &Rates) -> u32 {
        match self {
            Self::Password => rates.password,
            Self::Code => rates.code,
            Self::Registration => rates.registration,
            Self::Authorize => rates.authorize,
            Self::Api => rates.api,
            Self::Form => rates.form,
        }
    }
}

/// A request beyond the limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Limited {
    pub(crate) label: &'static str,
    /// The request is one of a program, which reads no pages.
    pub(crate) is_of_program: bool,
    /// The seconds after which another request is allowed.
    pub(crate) wait: u64,
}

/// The requests that an address has left, as of a time.
struct Bucket {
    left: f64,
    at: Instant,
}

/// The addresses that are kept at most, some 4 MB of them.
const ADDRESSES: usize = 1 << 16;
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Limits {
    buckets: Mutex<HashMap<(Kind, IpAddr), Bucket>>,
}

impl Limits {
    /// Counts a request of an address, which [`counted`] returns.
    pub(crate) fn take(
        &self,
        rates: &Rates,
        method: &Method,
        path: &str,
        address: IpAddr,
        now: Instant,
    ) -> Result<(), Limited> {
        let Some(kind) = Kind::of(method, path) else { return Ok(()) };
        let rate = f64::from(kind.rate(rates));
        if rate == 0.0 {
            return Ok(());
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES {
            // After a minute, an address has all its requests again.
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < MINUTE);
            if buckets.len() >= ADDRESSES {
                // Limits per address do not stop an attacker who has so many. The limits per person do.
                buckets.clear();
                eprintln!("limits: too many addresses at once");
            }
        }
        let bucket = buckets.entry((kind, address)).or_insert(Bucket { left: rate, at: now });
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * rate / MINUTE.as_secs_f64();
        *bucket = Bucket { left: (bucket.left + gained).min(rate), at: now };
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - bucket.left) * MINUTE.as_secs_f64() / rate);
        Err(Limited { label: kind.label(), is_of_program: kind == Kind::Api, wait: wait.as_secs() + 1 })
    }
}

/// Returns the address that counts: of IPv6 the first 64 bits, since a customer has all addresses below them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        IpAddr::V4(address) => address.into(),
    }
}

/// Returns the address by which a request is counted. A proxy that names no address is counted as one.
pub(crate) fn counted(request: &Parts, proxy: Option<IpAddr>) -> Option<IpAddr> {
    client(request, proxy).or(proxy).map(network)
}

/// Returns the address of the client, or `None` if the request came without a connection.
///
/// The last address in `X-Forwarded-For` is the one that the proxy saw. All before it are the client's own words.
pub(crate) fn client(request: &Parts, proxy: Option<IpAddr>) -> Option<IpAddr> {
    let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    if Some(peer) != proxy {
        return Some(peer);
    }
    forwarded(&request.headers)
}

/// The headers by which proxies tell of their clients.
const PROXIED: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/// Returns `true` if a proxy has passed the request on.
pub(crate) fn is_proxied(headers: &HeaderMap) -> bool {
    PROXIED.iter().any(|name| headers.contains_key(*name))
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use super::*;

    const OFF: Rates = Rates { password: 0, code: 0, registration: 0, authorize: 0, api: 0, form: 0 };

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn requests_come_back_with_time() {
        let (limits, rates, start) = (Limits::default(), Rates { password: 2, ..OFF }, Instant::now());
        let take = |from: &str, secs| {
            let now = start + Duration::from_secs(secs);
            limits.take(&rates, &Method::POST, "/password", address(from), now)
        };
        assert_eq!((take("192.0.2.1", 0), take("192.0.2.1", 0)), (Ok(()), Ok(())));
        assert_eq!(take("192.0.2.1", 0).unwrap_err().label, "password");
        // Others are not limited, and neither are other requests.
        take("192.0.2.2", 0).unwrap();
        limits.take(&rates, &Method::POST, "/code", address("192.0.2.1"), start).unwrap();
        limits.take(&rates, &Method::GET, "/password", address("192.0.2.1"), start).unwrap();
        let wait = take("192.0.2.1", 10).unwrap_err().wait;
        assert!((20..=21).contains(&wait), "{wait}");
        take("192.0.2.1", 10 + wait).unwrap();
        take("192.0.2.1", 10 + wait).unwrap_err();
    }

    #[test]
    fn each_path_has_its_limit() {
        let rates = Rates { password: 1, code: 2, registration: 3, authorize: 4, api: 5, form: 6 };
        let at_once = |path: &str| {
            let (limits, now) = (Limits::default(), Instant::now());
            let take = |_: &u32| limits.take(&rates, &Method::POST, path, address("192.0.2.1"), now).is_ok();
            (0..10).take_while(take).count()
        };
        let kinds = [
            (Kind::Password, 1, &["/password", "/recover", "/recover/code", "/recover/password", gepi::PIN][..]),
            (Kind::Code, 2, &["/code", "/enrollment", "/first-app", "/push", "/push/approved"]),
            (Kind::Code, 2, &["/recovery-code", "/sms"]),
            (Kind::Code, 2, &["/security/activate", "/security/again", "/security/number/code", "/security/password"]),
            (Kind::Registration, 3, &["/register/personal", "/register/handover", "/register/code/mobile"]),
            (Kind::Form, 6, &["/consent", "/choice", "/logout", "/admin/find", "/gepi/login", "/language/en"]),
        ];
        for (kind, most, paths) in kinds {
            for path in paths {
                assert_eq!((Kind::of(&Method::POST, path), at_once(path)), (Some(kind), most), "{path}");
                // Pages are not limited.
                assert_eq!((Kind::of(&Method::GET, path), Kind::of(&Method::HEAD, path)), (None, None), "{path}");
            }
        }
        assert_eq!((Kind::of(&Method::POST, WAITING), at_once(WAITING)), (Some(Kind::Api), 5));
        assert_eq!(at_once("/authorize"), 4);
        for method in [Method::GET, Method::POST] {
            assert_eq!(Kind::of(&method, "/authorize"), Some(Kind::Authorize));
            for path in ["/token", "/userinfo", "/api/app/inbox"] {
                assert_eq!((Kind::of(&method, path), at_once(path)), (Some(Kind::Api), 5), "{path}");
            }
        }
    }

    /// Without a configuration, the limits are those that the README names.
    #[test]
    fn limits_are_those_of_the_readme() {
        let (_, table) = include_str!("../README.md").split_once("\n[limits]").unwrap();
        let named: HashMap<String, u32> = toml::from_str(table.split_once("\n\n").unwrap().0).unwrap();
        let kinds = [Kind::Password, Kind::Code, Kind::Registration, Kind::Authorize, Kind::Api, Kind::Form];
        let rates = kinds.map(|kind| (kind.label().to_owned(), kind.rate(&Rates::default())));
        assert_eq!(HashMap::from(rates), named);
    }

    /// An office with twenty people who wait for their apps.
    #[test]
    fn waiting_for_apps_leaves_codes_alone() {
        let (limits, rates, now) = (Limits::default(), Rates::default(), Instant::now());
        let take = |path: &str| limits.take(&rates, &Method::POST, path, address("192.0.2.1"), now);
        for _ in 0..20 * 30 {
            take("/push/state").unwrap();
        }
        assert!(take("/push/state").unwrap_err().is_of_program);
        take("/code").unwrap();
        take("/push/approved").unwrap();
    }

    #[test]
    fn addresses_of_one_customer_count_together() {
        let (limits, rates, now) = (Limits::default(), Rates { code: 1, ..OFF }, Instant::now());
        let take = |from: &str| limits.take(&rates, &Method::POST, "/code", network(address(from)), now);
        take("2001:db8:1:2::1").unwrap();
        take("2001:db8:1:2:ffff::9").unwrap_err();
        take("2001:db8:1:3::1").unwrap();
        take("::ffff:192.0.2.1").unwrap();
        take("192.0.2.1").unwrap_err();
    }

    #[test]
    fn number_of_addresses_is_bounded() {
        let (limits, rates, now) = (Limits::default(), Rates::default(), Instant::now());
        for n in 0..3 * u32::try_from(ADDRESSES).unwrap() {
            let _ = limits.take(&rates, &Method::POST, "/code", IpAddr::V4(n.into()), now);
        }
        assert!(limits.buckets.lock().unwrap().len() <= ADDRESSES);
    }

    #[test]
    fn only_the_proxy_names_another_address() {
        let request = |peer: &str, forwarded: &str| {
            let request = axum::http::Request::builder().header("x-forwarded-for", forwarded);
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            parts.extensions.insert(ConnectInfo(SocketAddr::new(address(peer), 1)));
            parts
        };
        let proxy = Some(address("127.0.0.1"));
        assert_eq!(client(&request("127.0.0.1", "10.0.0.1, 192.0.2.7"), proxy), Some(address("192.0.2.7")));
        assert_eq!(client(&request("192.0.2.9", "192.0.2.7"), proxy), Some(address("192.0.2.9")));
        assert_eq!(client(&request("127.0.0.1", "192.0.2.7"), None), Some(address("127.0.0.1")));
        assert_eq!(client(&request("127.0.0.1", "nobody"), proxy), None);
    }
}
