//! Lists of ids, by scans of the whole database.

use secondo::AccountId;
use secondo::store::{Enumerate, Exchange};
use secondo_redis::{RedisOptions, RedisStore, RedisStoreError};
use store_testing::{Engine, Redis, Server};

use crate::cluster::Cluster;
use crate::{Patient, block_on, command, exchange};

/// Writes keys with this start and the numbers from 1 on behind the store's back.
fn fill(redis: &Redis, start: &str, count: u32) {
    let script = "for n = 1, tonumber(ARGV[2]) do redis.call('SET', ARGV[1] .. n, '12345678value') end";
    command::<()>(redis.address(), &["EVAL", script, "0", start, &count.to_string()]);
}

/// Returns all lists, and asserts that the last one is empty.
fn lists(store: &RedisStore) -> Vec<Vec<AccountId>> {
    let mut lists: Vec<Vec<AccountId>> = Vec::new();
    loop {
        let last = lists.last().and_then(|list| list.last());
        let list = block_on(store.ids_after(last)).unwrap();
        if list.is_empty() {
            return lists;
        }
        lists.push(list);
    }
}

fn ids(store: &RedisStore) -> Vec<String> {
    lists(store).concat().iter().map(ToString::to_string).collect()
}

#[test]
fn lists_are_bounded_and_leave_out_no_id() {
    let redis = Redis::start(&[]);
    let store = Patient::open(&redis.url());
    assert!(lists(&store).is_empty());
    fill(&redis, "secondo:", 20_500);
    fill(&redis, "other:", 5_000);
    let lists = lists(&store);
    assert_eq!(lists.iter().map(Vec::len).collect::<Vec<_>>(), [10_000, 10_000, 500]);
    let mut listed: Vec<String> = lists.concat().iter().map(ToString::to_string).collect();
    let mut all: Vec<String> = (1..=20_500).map(|n| n.to_string()).collect();
    listed.sort_unstable();
    all.sort_unstable();
    assert_eq!(listed, all);
}

/// A prefix is taken as it is, whatever it would mean as a pattern.
#[test]
fn only_keys_with_the_prefix_are_listed() {
    let redis = Redis::start(&[]);
    for other in ["idp1:", "idpx*:", "idp[1]x:", "idp?:", "idp:", "Idp*:", "1"] {
        fill(&redis, other, 1);
    }
    for prefix in ["idp*:", "idp[1]:", "idp\\?:", "idp^-:"] {
        let store = RedisOptions::new().with_prefix(prefix).connect(&redis.url()).unwrap();
        assert_eq!(ids(&store), [""; 0], "{prefix}");
        assert_eq!(block_on(exchange(&store, "account", None, b"value")).unwrap(), Exchange::Stored);
        assert_eq!(ids(&store), ["account"], "{prefix}");
    }
}

#[test]
fn listings_that_cannot_be_complete_fail() {
    let redis = Redis::start(&[]);
    let rules = ["resetkeys", "~secondo:*", "-@all", "+get", "+set", "+eval", "+evalsha"];
    command::<()>(redis.address(), &[&["ACL", "SETUSER", "provider", "on", ">hunter2"][..], &rules].concat());
    let store = RedisOptions::new().connect(&format!("redis://provider:hunter2@{}", redis.address())).unwrap();
    let refused = block_on(store.ids_after(None)).unwrap_err();
    assert!(matches!(&refused, RedisStoreError::Server(code) if &**code == "NOPERM"), "{refused:?}");

    let store = Patient::open(&redis.url());
    command::<()>(redis.address(), &["SET", "secondo:not an id", "12345678value"]);
    let corrupt = block_on(store.ids_after(None)).unwrap_err();
    assert!(matches!(corrupt, RedisStoreError::Corrupt), "{corrupt:?}");
    redis.kill();
    assert!(block_on(store.ids_after(None)).is_err());

    let cluster = Cluster::start(3);
    let store = Patient::open(&cluster.urls());
    let several = block_on(store.ids_after(None)).unwrap_err();
    assert!(matches!(several, RedisStoreError::Cluster), "{several:?}");
    assert_eq!(several.label(), "cluster");
}
