//! Errors before anything is sent, and the content of errors and debug output.

use std::error::Error;

use secondo_redis::{RedisOptions, RedisStoreError};
use store_testing::{Redis, Server};

use crate::{block_on, command, count_up, exchange, load};

#[test]
fn prefixes_that_would_pin_a_cluster_to_a_node_are_refused() {
    let with = |prefix: &str| RedisOptions::new().with_prefix(prefix).connect("redis://127.0.0.1:1");
    for prefix in ["", "{idp}:", "idp}", "i dp", "caffè:", "line\n", &"p".repeat(65)] {
        assert!(matches!(with(prefix), Err(RedisStoreError::Prefix)), "{prefix}");
    }
    for prefix in ["p", "idp/*?'\"$%:", &"p".repeat(64)] {
        with(prefix).unwrap();
    }
}

#[test]
fn addresses_are_looked_at_before_they_are_used() {
    for url in ["", "127.0.0.1", "http://127.0.0.1", "redis://", "redis://127.0.0.1/x", "redis://127.0.0.1:99999"] {
        let outcome = RedisOptions::new().connect(url);
        assert!(matches!(outcome, Err(RedisStoreError::Address)), "{url}: {outcome:?}");
        let outcome = RedisOptions::new().connect_cluster([url]);
        assert!(matches!(outcome, Err(RedisStoreError::Address)), "{url}: {outcome:?}");
    }
    assert!(matches!(RedisOptions::new().connect_cluster([]), Err(RedisStoreError::Address)));
    let mixed = ["redis://:one@127.0.0.1:1", "redis://:two@127.0.0.1:2"];
    assert!(matches!(RedisOptions::new().connect_cluster(mixed), Err(RedisStoreError::Address)));
    let with_tls = RedisOptions::new().connect("rediss://127.0.0.1");
    assert_eq!(with_tls.is_ok(), cfg!(feature = "tls"), "{with_tls:?}");
}

/// Returns the text of an error and its causes in a log.
fn text(error: &RedisStoreError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let causes: Vec<_> = causes.map(|cause| format!("{cause} {cause:?}")).collect();
    format!("{error} {error:?} {causes:?}")
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
