//! Errors before anything is sent, and the content of errors and debug output.

use std::error::Error;
use std::io;

use redis::{ErrorKind, RedisError};
use secondo_redis::{RedisOptions, RedisStoreError};
use store_testing::{Redis, Server};

use crate::{block_on, command, count_up, exchange, load};

#[test]
fn prefixes_that_would_pin_a_cluster_to_a_node_are_refused() {
    let with = |prefix: &str| RedisOptions::new().with_prefix(prefix).connect("redis://127.0.0.1:1");
    for prefix in ["", "{idp}:", "idp}:", "i dp:", "caffè:", "line\n:", &format!("{}:", "p".repeat(64))] {
        assert!(matches!(with(prefix), Err(RedisStoreError::Prefix)), "{prefix}");
    }
    for prefix in ["p:", "idp/*?'\"$%:", &format!("{}:", "p".repeat(63))] {
        with(prefix).unwrap();
    }
}

/// Without an end of the prefix, the tenant `t1` with the id `1alice` has the key of the tenant `t11` with `alice`.
#[test]
fn tenant_t1_with_1alice_is_never_tenant_t11_with_alice() {
    for open in ["t1", "t11", "t1:1", "idp:t1:", ":", "::"] {
        let outcome = RedisOptions::new().with_prefix(open).connect("redis://127.0.0.1:1");
        assert!(matches!(outcome, Err(RedisStoreError::Prefix)), "{open}: {outcome:?}");
    }
    let redis = Redis::start(&[]);
    let tenant = |prefix| RedisOptions::new().with_prefix(prefix).connect(&redis.url()).unwrap();
    let (t1, t11) = (tenant("t1:"), tenant("t11:"));
    for (id, in_t11) in [("1alice", "alice"), ("1:alice", "alice"), (":alice", "1:alice")] {
        block_on(count_up(&t1, id, 1));
        assert!(block_on(load(&t11, in_t11)).unwrap().is_none(), "{id} is {in_t11} of t11");
    }
}

/// Returns the reason for which an address is refused, with the text of all its errors.
fn refusal(url: &str) -> &'static str {
    let outcome = RedisOptions::new().with_plaintext(true).connect(url);
    let Err(RedisStoreError::Address(reason)) = outcome else { panic!("{url}: {outcome:?}") };
    let outcome = RedisOptions::new().with_plaintext(true).connect_cluster([url]);
    assert!(matches!(outcome, Err(RedisStoreError::Address(seen)) if seen == reason), "{url}: {outcome:?}");
    reason
}

#[test]
fn each_part_of_an_address_that_cannot_be_used_is_named() {
    for (url, part) in [
        ("", "begin with `redis://`"),
        ("127.0.0.1", "begin with `redis://`"),
        ("http://127.0.0.1", "begin with `redis://`"),
        ("redis://", "no host"),
        ("redis://:6379", "no host"),
        ("redis://:secret@", "no host"),
        ("redis://127.0.0.1/x", "database after the host must be a number"),
        ("redis://127.0.0.1/-1", "database after the host must be a number"),
        ("redis://127.0.0.1/0/1", "database after the host must be a number"),
        ("redis://127.0.0.1:99999", "the host or the port"),
        ("redis://127.0.0.1:port", "the host or the port"),
        ("redis://0.0.0.0", "the host or the port"),
        ("redis://127.0.0.1?db=1", "no parameters after `?`"),
        ("redis://127.0.0.1/1?ssl=true", "no parameters after `?`"),
        ("redis://127.0.0.1#insecure", "`#`"),
        ("redis://secret@127.0.0.1", "no password before the `@`"),
        ("redis://idp:@127.0.0.1", "no password before the `@`"),
        ("redis://:@127.0.0.1", "no password before the `@`"),
        ("unix://run/redis.sock", "unix:///"),
        ("unix:///", "unix:///"),
        ("unix:///run/redis.sock?database=1", "`db`, `user` and `pass`"),
        ("unix:///run/redis.sock?db=one", "must be a number"),
        ("unix:///run/redis.sock?pass=a&b", "`db`, `user` and `pass`"),
        ("unix:///run/redis.sock?pass=a#b", "%23"),
        ("unix:///run/redis.sock?db=1&user=idp", "a `user` and no `pass`"),
    ] {
        let reason = refusal(url);
        assert!(reason.contains(part), "{url}: {reason}");
    }
    let cluster = |urls: &[&'static str]| RedisOptions::new().connect_cluster(urls.iter().copied());
    for urls in [&[][..], &["redis://:one@127.0.0.1:1", "redis://:two@127.0.0.1:2"], &["redis://127.0.0.1/1"]] {
        assert!(matches!(cluster(urls), Err(RedisStoreError::Address(_))), "{urls:?}");
    }
    let with_tls = RedisOptions::new().connect("rediss://redis.internal");
    assert_eq!(with_tls.is_ok(), cfg!(feature = "tls"), "{with_tls:?}");
    if let Err(error) = with_tls {
        assert!(error.to_string().contains("the feature `tls`"), "{error}");
    }
}

/// Such a password used to be called a problem of TLS.
#[test]
fn a_redis_password_that_needs_percent_encoding_is_called_that() {
    for password in ["hun/ter", "hun?ter", "hun#ter", "hunter/2", "hunter2#", "hun ter", "hun\tter", "/?#"] {
        for url in [format!("redis://:{password}@127.0.0.1"), format!("redis://idp:{password}@127.0.0.1:6379/1")] {
            let reason = refusal(&url);
            assert!(reason.contains("percent-encoded") && !reason.contains("TLS"), "{url}: {reason}");
            assert!(!reason.contains("hun"), "{reason}");
        }
    }
    // The documented form of each of them, and others that need none.
    let redis = Redis::start(&[]);
    let password = "a/b?c#d@e:f%g h&i+j";
    command::<()>(redis.address(), &["ACL", "SETUSER", "idp", "on", &format!(">{password}"), "~*", "+@all"]);
    for encoded in ["a%2Fb%3Fc%23d%40e%3Af%25g%20h&i+j", "a%2Fb%3Fc%23d@e:f%25g%20h&i+j"] {
        let url = format!("redis://idp:{encoded}@{}", redis.address());
        block_on(count_up(&RedisOptions::new().connect(&url).unwrap(), encoded, 1));
    }
}

/// The error names the database, and not an answer that could not be read.
#[test]
fn redis_host_99_reports_the_servers_error() {
    let redis = Redis::start(&[]);
    let at = |database: &str| RedisOptions::new().connect(&format!("{}/{database}", redis.url())).unwrap();
    block_on(count_up(&at("15"), "id", 1));
    assert!(block_on(load(&at("0"), "id")).unwrap().is_none());
    for database in ["16", "99", "4294967295"] {
        let store = at(database);
        for _ in 0..2 {
            let error = block_on(load(&store, "id")).unwrap_err();
            assert!(matches!(error, RedisStoreError::Database), "{error:?}");
            assert!(error.to_string().contains("number of the database"), "{error}");
        }
    }
    let rules = ["on", ">hunter2", "~secondo:*", "-@all", "+get", "+set", "+eval", "+evalsha"];
    command::<()>(redis.address(), &[&["ACL", "SETUSER", "provider"][..], &rules].concat());
    let url = format!("redis://provider:hunter2@{}/1", redis.address());
    let error = block_on(load(&RedisOptions::new().connect(&url).unwrap(), "id")).unwrap_err();
    assert!(error.to_string().contains("may not `SELECT`"), "{error:?}");
}

#[test]
fn another_host_without_tls_is_refused_unless_it_is_allowed() {
    for url in [
        "redis://redis.internal",
        "redis://:secret@10.1.2.3:6379",
        "valkey://[2001:db8::1]",
        "redis://localhost.example",
    ] {
        for outcome in [RedisOptions::new().connect(url), RedisOptions::new().connect_cluster([url])] {
            assert!(
                matches!(outcome, Err(RedisStoreError::Address(reason)) if reason.contains("with_plaintext")),
                "{url}"
            );
        }
        RedisOptions::new().with_plaintext(true).connect(url).unwrap();
    }
    for url in
        ["redis://localhost", "redis://LOCALHOST:1", "redis://127.1.2.3", "redis://[::1]:6379", "unix:///run/r.sock"]
    {
        RedisOptions::new().connect(url).unwrap();
    }
}

#[test]
fn a_unix_socket_is_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock");
    let socket = socket.to_str().unwrap();
    let redis = Redis::start(&["--unixsocket", socket]);
    let password = "a/b?c#d@e:f%g h&i+j";
    command::<()>(redis.address(), &["ACL", "SETUSER", "idp", "on", &format!(">{password}"), "~*", "+@all"]);
    let encoded = "a%2Fb%3Fc%23d%40e%3Af%25g%20h%26i%2Bj";
    for parameters in ["", "?db=3", &format!("?db=4&user=idp&pass={encoded}")] {
        for scheme in ["unix", "redis+unix"] {
            let store = RedisOptions::new().connect(&format!("{scheme}://{socket}{parameters}")).unwrap();
            block_on(count_up(&store, scheme, 3));
        }
    }
    for database in ["0", "3", "4"] {
        let store = RedisOptions::new().connect(&format!("{}/{database}", redis.url())).unwrap();
        assert!(block_on(load(&store, "unix")).unwrap().is_some(), "{database}");
    }
}

/// Returns the text of an error and its causes in a log.
fn text(error: &RedisStoreError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let causes: Vec<_> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
    format!("{error} {error:?} {causes:?}")
}

/// The client library makes these errors itself, so that no server is needed.
#[test]
fn errors_of_the_client_library_are_told_apart() {
    let io = |kind: io::ErrorKind| RedisStoreError::from(RedisError::from(io::Error::from(kind)));
    assert_eq!(io(io::ErrorKind::TimedOut).label(), "timeout");
    let broken = io(io::ErrorKind::BrokenPipe);
    assert_eq!(broken.label(), "connection");
    assert!(broken.source().is_some_and(<dyn Error>::is::<RedisError>));
    assert!(io(io::ErrorKind::TimedOut).source().is_none());
    let of = |kind: ErrorKind| RedisStoreError::from(RedisError::from((kind, "a text"))).label();
    assert_eq!(of(ErrorKind::InvalidClientConfig), "address");
    assert_eq!(of(ErrorKind::UnexpectedReturnType), "answer");
}

#[test]
fn a_user_needs_four_commands_and_errors_hold_no_password() {
    let redis = Redis::start(&[]);
    let rules = ["resetkeys", "~secondo:*", "resetchannels", "-@all", "+get", "+set", "+eval", "+evalsha"];
    let user = |name: &str, rules: &[&str]| {
        command::<()>(redis.address(), &[&["ACL", "SETUSER", name, "on", ">hunter2"][..], rules].concat());
        RedisOptions::new().connect(&format!("redis://{name}:hunter2@{}", redis.address())).unwrap()
    };
    let provider = user("provider", &rules);
    block_on(count_up(&provider, "id", 3));
    for (missing, code) in [("-get", "NOPERM"), ("-set", "ERR"), ("-eval", "NOPERM"), ("-evalsha", "NOPERM")] {
        // The script is flushed, since a script that the server knows is not sent in full.
        command::<()>(redis.address(), &["SCRIPT", "FLUSH"]);
        let store = user(&missing[1..], &[&rules[..], &[missing]].concat());
        let outcome = block_on(async {
            load(&store, "id").await?;
            exchange(&store, "another", None, b"value").await
        });
        let error = outcome.unwrap_err();
        assert!(matches!(&error, RedisStoreError::Server(seen) if &**seen == code), "{missing}: {error:?}");
        assert!(!text(&error).contains("another"), "{}", text(&error));
    }
    let url = format!("redis://provider:hunter3@{}", redis.address());
    let one = RedisOptions::new().connect(&url).unwrap();
    let cluster = RedisOptions::new().connect_cluster([&*url]).unwrap();
    let refused = block_on(load(&one, "id")).unwrap_err();
    assert!(matches!(&refused, RedisStoreError::Server(code) if &**code == "WRONGPASS"), "{refused:?}");
    let unknown = block_on(load(&cluster, "id")).unwrap_err();
    for text in [text(&refused), text(&unknown), format!("{one:?}"), format!("{:?}", RedisOptions::new())] {
        assert!(!text.contains("hunter"), "{text}");
    }
}
