//! A store of [`secondo`] in Redis 7 or Valkey, alone or as a cluster.
//!
//! ```no_run
//! # async fn provider(keys: secondo::seal::KeyRing) -> Result<(), Box<dyn std::error::Error>> {
//! use secondo::{AuthenticatorId, Policy, UnixTime, Verifier};
//! use secondo_redis::RedisOptions;
//!
//! let store = RedisOptions::new().connect("redis://provider:password@redis.internal:6379")?;
//! let verifier = Verifier::new(store, keys, Policy::default());
//!
//! let id = AuthenticatorId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
//! let now = UnixTime::try_from(std::time::SystemTime::now())?;
//! let accepted = verifier.verify(&id, "050 471", now).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A verification is a `GET` and one call of a script. The script compares the revision and replaces the entry in one
//! step, since the server does one script at a time.
//!
//! # In the database
//!
//! One string for each authenticator. Its key is a [prefix](RedisOptions::with_prefix), `secondo:` unless told
//! otherwise, and the id; its content is 8 bytes of revision, which are random, and then the value. An expiry is the
//! key's own, in whole seconds of the server's clock; the server forgets the entry then. Of an expiry that has passed
//! nothing is kept.
//!
//! In a cluster each id is in a slot of its own, or in that of the part of the id within braces. No command has two
//! keys.
//!
//! The server's user needs the keys with the prefix and the commands `GET`, `SET`, `EVAL` and `EVALSHA`; in a cluster
//! also `PING`, `CLUSTER SLOTS` and `ASKING`; and `WAIT` to [wait for replicas](RedisOptions::with_replicas):
//!
//! ```text
//! ACL SETUSER provider on >password resetkeys ~secondo:* resetchannels -@all +get +set +eval +evalsha
//! ```
//!
//! The script needs not be installed and not be kept: where the server does not know it, it is sent in full.
//!
//! # What makes it safe
//!
//! What Redis forgets after it answered can be used a second time: a code is accepted again, failures are not counted,
//! a lock is open, a suspension is over, and whoever enrolled since then is unknown. By its default settings Redis
//! forgets up to an hour at a crash.
//!
//! | setting | why |
//! |---|---|
//! | `appendonly yes` and `appendfsync always` | An answer comes when its write is on disk. With `everysec`, a loss of power takes about the last second, up to two when the disk is slow; without `appendonly`, everything since the last snapshot. |
//! | `maxmemory-policy noeviction` | With another policy a server that is full deletes entries: an authenticator is lost, with its used codes and its lock. With this one, writes fail and logins with them, until there is room. |
//! | `min-replicas-to-write 1` and `min-replicas-max-lag 10` | A primary that is cut off from its replicas stops taking writes, and not many are lost when one of those takes over. |
//!
//! **Replication is asynchronous.** When a replica takes over, by Sentinel, by a cluster or by hand, what it had not
//! received is lost: usually the writes of some milliseconds. If the old primary was cut off and not dead, it goes on
//! answering until it notices; then those seconds are lost, for at most `min-replicas-max-lag` or
//! `cluster-node-timeout`. Against it:
//!
//! - [`RedisOptions::with_replicas`] has every write wait until so many replicas have received it, and fail if they do
//!   not. With as many as there are, whichever takes over has what was accepted. With fewer it lowers the risk and
//!   does not end it, for the one that takes over may be another. Replicas say that they received it, not that it is
//!   on their disk.
//! - A Redis without fail-over, which is restarted where it is, loses nothing with the settings above.
//! - A provider that must lose nothing at a fail-over wants synchronous replication, as PostgreSQL has it.
//!
//! A `load` can see what no replica has yet. What is decided on that and stored comes after it, so who waits for the
//! second write has waited for both.
//!
//! **Only the primary is asked.** In a cluster that is so by itself. Elsewhere the address must be the primary's, or a
//! name or a proxy that leads to it: a replica refuses writes, so it accepts nothing, but tells states that are old.
//! When the server that answers has become a replica, the next call connects anew. Reads must not be spread over
//! replicas.
//!
//! A backup that is restored brings back the codes and counts of its time.
//!
//! # When the outcome is unknown
//!
//! Every call ends within its [timeout](RedisOptions::with_timeout), 2 seconds unless told otherwise, in whatever
//! state the server and the network are. After an error the write may have happened, or happen a moment later, when a
//! server that stood still goes on. The login fails then, as by any outage, and the person tries again:
//!
//! - A right code, if the write happened, is now used, and is refused as such. They wait for the next.
//! - A wrong code, if the write happened, is counted, and typed again it is counted once more.
//!
//! Nothing is accepted on an unknown outcome, and nothing twice. Calls are not repeated by this crate; the client of a
//! cluster does repeat them when a connection breaks or a slot moves, and the script knows a write that it made
//! before. If somebody else has replaced that write in between, the repeated one is a conflict: the verifier decides
//! again, on a record that holds the first, with the same two effects as above.
//!
//! Service resumes by itself. A connection on which a call got no answer is not used again, and one that the server
//! closed is seen before it is used. The next call connects, without a delay before it.
//!
//! # Connections
//!
//! By default one, to each node in a cluster, which all calls share; [`RedisOptions`] says how many calls may be under
//! way. One more fails at once with [`RedisStoreError::Busy`]: nothing waits in a queue. A cluster's client waits half
//! of the timeout for a node before it tries again, and for as long calls to other nodes may wait when one is away. It
//! keeps a connection without answers until the operating system ends it, which Linux is told to do when nothing is
//! acknowledged for as long as the timeout. `WAIT` has a quarter of the timeout.
//!
//! With the feature `tls`, addresses that begin with `rediss://` use rustls, and trust what the operating system
//! trusts; the environment variable `SSL_CERT_FILE` names other authorities. Unless the program has
//! [chosen](https://docs.rs/rustls/latest/rustls/crypto/struct.CryptoProvider.html) its cryptography before, it is
//! ring's from then on for the process.
//!
//! The buffers of the client library are not wiped. Values in them are sealed, unless the verifier is
//! [`unsealed`](secondo::Verifier::unsealed).
//!
//! # What to watch
//!
//! [`RedisStoreError::label`] is for a metric. `busy` and `timeout` say that Redis is slower than the logins, or away;
//! `connection` that it is away or the network is; `replication` that replicas are, while writes are made and logins
//! fail; `server` that it refuses, with the reason in the error: `OOM` is a full memory, `MISCONF` a disk that fails,
//! `READONLY` a replica, `NOREPLICAS` too few of them, `NOPERM` or `ERR` a user without the commands. `corrupt` says
//! that somebody else writes under the prefix, and is worth waking somebody, as is an eviction: `evicted_keys` in
//! Redis' `INFO` stays 0.
//!
//! # The client library
//!
//! [`redis`](https://docs.rs/redis) 1.8, of the project redis-rs, under the BSD-3-Clause licence. Calls share its
//! connections, its futures can be dropped, and it has a client for clusters. `fred` and `rustis` are alternatives; `fred`
//! is made to reconnect and send again by itself, which is better left to the person here. The tests run on Redis 7.0;
//! what is used is the same in Valkey. Pools such as `deadpool-redis` and `bb8-redis` give each call a
//! connection of its own, and requests no longer travel together. The library's `ConnectionManager` keeps a connection
//! that gives no answers, and waits longer and longer before it connects anew, while all calls wait with it.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod connection;
mod error;
mod options;
mod script;
mod store;

pub use error::RedisStoreError;
pub use options::RedisOptions;
pub use store::RedisStore;
