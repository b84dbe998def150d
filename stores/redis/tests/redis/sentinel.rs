//! Tests on a primary that Sentinels watch, and that fails.

use std::fs;

use secondo_redis::{RedisOptions, RedisStore, RedisStoreError};
use store_testing::{Engine, Redis, Server};

use crate::replicas::pair;
use crate::{Patient, block_on, command, count_up, exchange, load, revision, try_command, until};

const PASSWORD: &str = "hunter2";

/// A Sentinel that takes the primary for lost after a second, and appoints its replica alone.
struct Sentinel {
    server: Redis,
    _folder: tempfile::TempDir,
}

impl Sentinel {
    fn start(primary: &Redis) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sentinel.conf");
        let port = primary.address().port();
        let lines = format!(
            "sentinel monitor mymaster 127.0.0.1 {port} 1\nsentinel down-after-milliseconds mymaster 1000\n\
             sentinel failover-timeout mymaster 5000\n"
        );
        fs::write(&file, lines).unwrap();
        let sentinel = Self { server: Redis::sentinel(file.to_str().unwrap()), _folder: folder };
        // A Sentinel learns the replicas from the primary.
        until("known", || sentinel.info().contains("status=ok") && sentinel.info().contains("slaves=1"));
        sentinel
    }

    fn info(&self) -> String {
        command(self.server.address(), &["INFO", "sentinel"])
    }
}

fn store(sentinels: &[&str], primary: &str) -> RedisStore {
    let options = RedisOptions::new().with_timeout(Patient::TIMEOUT).with_plaintext(true);
    options.connect_sentinel(sentinels.iter().copied(), primary).unwrap()
}

#[test]
fn a_store_follows_the_primary_that_the_sentinels_name() {
    let (primary, replica) = pair();
    for server in [&primary, &replica] {
        let user = ["ACL", "SETUSER", "idp", "on", ">hunter2", "~secondo:*", "-@all"];
        let commands = ["+get", "+set", "+eval", "+evalsha", "+role", "+select"];
        command::<()>(server.address(), &[&user[..], &commands].concat());
    }
    let sentinel = Sentinel::start(&primary);
    let url = sentinel.server.url();
    // The first Sentinel is down.
    let store = store(&["redis://127.0.0.1:1", &url], &format!("redis://idp:{PASSWORD}@mymaster/3"));
    block_on(count_up(&store, "id", 5));
    let direct = RedisOptions::new().connect(&format!("{}/3", primary.url())).unwrap();
    assert!(block_on(load(&direct, "id")).unwrap().is_some());

    let held = block_on(revision(&store, "id"));
    // A write that the replica has not received is lost with the primary.
    let second = RedisOptions::new().connect(&format!("{}/3", replica.url())).unwrap();
    until("the replica", || block_on(load(&second, "id")).unwrap().is_some_and(|entry| entry.revision == held));
    primary.kill();
    until("another primary", || block_on(load(&store, "id")).is_ok());
    assert_eq!(block_on(revision(&store, "id")), held);
    block_on(count_up(&store, "another", 5));
    until("on the replica", || block_on(load(&second, "another")).is_ok_and(|entry| entry.is_some()));

    // The old primary comes back, and the Sentinel makes it a replica.
    primary.restart();
    // The Sentinel ends the connections of a server whose role it changes.
    let info = || try_command::<String>(primary.address(), &["INFO", "replication"]);
    until("a replica", || info().is_ok_and(|info| info.contains("role:slave")));
    let held = block_on(revision(&store, "id"));
    block_on(crate::must_store(&store, "id", Some(held), b"after the fail-over"));
}

#[test]
fn errors_of_sentinels_name_what_is_wrong() {
    let (primary, _replica) = pair();
    let sentinel = Sentinel::start(&primary);
    let url = sentinel.server.url();
    let unknown = block_on(load(&store(&[&url], "redis://othermaster"), "id")).unwrap_err();
    assert!(matches!(unknown, RedisStoreError::Primary), "{unknown:?}");
    let none = block_on(load(&store(&["redis://127.0.0.1:1"], "redis://mymaster"), "id")).unwrap_err();
    assert!(matches!(none, RedisStoreError::Connection(_)), "{none:?}");
    let database = block_on(load(&store(&[&url], "redis://mymaster/99"), "id")).unwrap_err();
    assert!(matches!(database, RedisStoreError::Database), "{database:?}");
    let password = block_on(exchange(&store(&[&url], "redis://idp:hunter3@mymaster"), "id", None, b"")).unwrap_err();
    assert!(matches!(&password, RedisStoreError::Server(code) if &**code == "WRONGPASS"), "{password:?}");
    assert!(!format!("{password} {password:?}").contains("hunter"));

    let connect = |sentinels: &[&str], primary: &str| {
        RedisOptions::new().connect_sentinel(sentinels.iter().copied(), primary).unwrap_err().to_string()
    };
    assert!(connect(&[], "redis://mymaster").contains("a Sentinel"));
    assert!(connect(&[&url], "redis://mymaster").contains("with_plaintext"));
    assert!(connect(&["redis://sentinel.internal"], "redis://mymaster").contains("with_plaintext"));
    assert!(connect(&[&url], "unix:///run/redis.sock").contains("no sockets"));
}
