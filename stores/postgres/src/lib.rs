//! A store of [`secondo`] in PostgreSQL 15 or later, for providers with several machines.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//! use secondo::{AccountId, Policy, Transaction, UnixTime, Verifier};
//! use secondo_postgres::PostgresOptions;
//!
//! // Run once, as a role that may create tables.
//! PostgresOptions::new().migrate("postgres://owner@localhost/idp").await?;
//!
//! let store = PostgresOptions::new().connect("postgres://idp@localhost/idp").await?;
//! # let master = LocalMasterKey::from_hex("c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094")?;
//! let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
//! let verifier = Verifier::new(store.clone(), keys, Policy::default());
//! let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
//! let now = UnixTime::now()?;
//! # let session_bytes = [7; 16];
//! let login = Transaction::new(&session_bytes)?; // from the provider's random number generator
//! let accepted = verifier.verify(&id, &login, "050 471", now).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`PostgresStore::transaction`] makes a login and the rows that the provider writes about it one transaction. The
//! events of the login can be among them, in the [outbox](#outbox).
//!
//! # Tables
//!
//! [`PostgresOptions::migrate`] creates the tables, or an operator does with the files in `migrations/`, which `psql`
//! runs unchanged. The tables are created in the schema that is first on the `search_path`. A connection string sets
//! that path with `?options=-c%20search_path%3Dauth`, and `ALTER ROLE idp SET search_path = auth` sets it for a role.
//! Nobody else should be able to create tables in the schemas on it.
//!
//! | `secondo_entry` | type | content |
//! |---|---|---|
//! | `id` | `text COLLATE "C"`, primary key | the account's id |
//! | `revision` | `bigint` | 64 random bits, new with each write |
//! | `value` | `bytea` with the storage `PLAIN`, at most 4,096 bytes | the record, sealed unless the verifier is
//! [`unsealed`](secondo::Verifier::unsealed) |
//! | `expiry` | `bigint`, may be null | seconds since 1970; from then on, [`PostgresStore::purge`] deletes the row |
//!
//! `secondo_schema` holds the number of each migration that was run. An exchange is one `UPDATE … WHERE id = … AND
//! revision = …`, or one `INSERT … ON CONFLICT DO NOTHING`. Revisions are random and not a sequence, since a sequence
//! goes back when a logical replica takes over.
//!
//! Pages are filled to 80 percent, so that a new version of a row fits beside the old one and no index changes (a HOT
//! update). This works as long as no transaction stays open for long, since an open transaction keeps old row versions
//! in all tables. The default settings of autovacuum suffice. A value of more than about 4,000 bytes does not fit
//! beside its next version in a page, so its writes change the index.
//!
//! # Outbox
//!
//! A verifier in a [`transaction`](PostgresStore::transaction) that has the sink [`Outbox`] writes each
//! [event](secondo::audit::Event) as a row of `secondo_outbox`. Another program or task reads the rows, for a log, an
//! audit or notifications.
//!
//! ```no_run
//! # async fn example(
//! #     store: secondo_postgres::PostgresStore, keys: std::sync::Arc<secondo::seal::KeyRing>,
//! #     policy: secondo::Policy, id: secondo::AccountId, login: secondo::Transaction, code: &str,
//! #     now: secondo::UnixTime,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use secondo::Verifier;
//! use secondo_postgres::InTransaction;
//! use secondo_postgres::tokio_postgres::Error;
//!
//! let verify = async |store: InTransaction<'_>| {
//!     Verifier::new(store, keys, policy).with_sink(store.outbox()).verify(&id, &login, code, now).await
//! };
//! let (accepted, ()) = store.transaction(verify, async |_, _| Ok::<_, Error>(())).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The rows are committed exactly when the decision is. This includes refusals that change nothing, and decisions whose
//! work fails. If the rows cannot be written, for example on a full disk, nothing is committed, and the call returns a
//! [`VerifierError::Store`](secondo::VerifierError::Store): neither a login nor a refusal. A transaction that is rolled
//! back leaves no rows, so the event of a failed statement is not among them.
//!
//! | `secondo_outbox` | type | content |
//! |---|---|---|
//! | `id` | `bigint`, generated, primary key | rises within a transaction |
//! | `time` | `bigint` | the time of the decision, in seconds since 1970 |
//! | `account` | `text COLLATE "C"` | the account's id |
//! | `action` | `text` | the label of the [`Action`](secondo::audit::Action) |
//! | `authenticator` | `bigint`, may be null | the authenticator's number |
//! | `outcome` | `text` | `done`, also if `work` then fails, or the label of the refusal or the error |
//! | `remaining` | `smallint`, may be null | the attempts left |
//! | `revision` | `bigint`, may be null | the account's revision after a change, its 64 bits as a signed number |
//! | `operator`, `reason` | `text`, may be null | the operator's name and reason |
//! | `must_notify` | `boolean` | `true` if the subscriber must be notified |
//!
//! A refusal under a lock is a row too, so somebody who knows the password can cause any number of them. Read the rows
//! as fast as they come, or limit the requests.
//!
//! A row holds no code and no secret. In the texts of an operator, NUL is replaced by U+FFFD. If the encoding of the
//! database is neither `UTF8` nor `SQL_ASCII`, they have the form that `encode(…, 'escape')` gives to their UTF-8.
//!
//! This statement takes the oldest rows. Any number of readers may run it at once:
//!
//! ```sql
#![doc = include_str!("take_events.sql")]
//! ```
//!
//! A reader that commits it after it has passed the events on loses none. After a crash in between, it takes them again
//! with the same ids.
//!
//! Transactions commit in another order than that of their ids, so a row can appear after rows with higher ids. A
//! reader that deletes what it takes misses none; one that continues after the highest id would. The `revision` shows
//! the order of an account's changes. A missing number is a change whose event was not written to the outbox or was
//! already taken.
//!
//! Nothing else deletes the rows. When a logical replica takes over, its sequence can be behind its rows, and events
//! cannot be written until it is set:
//!
//! ```sql
//! SELECT setval(pg_get_serial_sequence('secondo_outbox', 'id'), max(id)) FROM secondo_outbox;
//! ```
//!
//! # Rights
//!
//! The role of the store needs only these rights, the last one only for the [outbox](#outbox). For
//! [`PostgresStore::transaction`], it also needs rights to the provider's own tables.
//!
//! ```sql
//! GRANT USAGE ON SCHEMA auth TO idp;
//! GRANT SELECT ON auth.secondo_schema TO idp;
//! GRANT SELECT, INSERT, UPDATE, DELETE ON auth.secondo_entry TO idp;
//! GRANT INSERT ON auth.secondo_outbox TO idp;
//! ```
//!
//! A reader of the outbox needs these. PostgreSQL asks for the right to update a column before it locks a row.
//!
//! ```sql
//! GRANT USAGE ON SCHEMA auth TO reader;
//! GRANT SELECT, DELETE, UPDATE (id) ON auth.secondo_outbox TO reader;
//! ```
//!
//! # Safe settings
//!
//! A write that the engine loses is undone: a used code is accepted again, a counted failure is forgotten, a lock is
//! open. These settings keep the engine from losing writes:
//!
//! - Keep `fsync = on` and `full_page_writes = on`, the defaults. Without them, a power failure can cost recent writes
//!   or the database.
//! - `synchronous_commit` may have any value on a single server. The store makes sure that its writes are on disk
//!   before they are answered, even if the server, the database or the role sets `off`. It leaves any other value as it
//!   is.
//! - With replicas, set `synchronous_standby_names`, and `synchronous_commit` to `on` or `remote_apply`. A write is
//!   then on the standby's disk before it is answered, and a fail-over to that standby loses nothing. With
//!   `remote_write`, a fail-over loses the writes that the standby's operating system had not yet written to disk if
//!   that system crashed as well. With `local`, or without a synchronous standby, replication is asynchronous: a
//!   fail-over loses the writes that the standby had not yet received, usually those of the last seconds. Codes of that
//!   time are then accepted again for as long as their window lasts. Logical replication is asynchronous too, unless
//!   the subscription is among the `synchronous_standby_names`.
//! - Have one primary. The store connects only to a server that takes writes, and also reads there, since a standby
//!   that lags shows a used code as unused. A fail-over must stop the old primary before the new one takes writes.
//! - Do not use `pg_cancel_backend` on a commit that waits for its standby, since PostgreSQL then answers as if the
//!   standby had the write. The store's own timeouts do not cause this.
//!
//! A restored backup has lost all writes since it was made. TOTP codes that were used since then can be accepted again
//! within their window. So before you allow logins, let the length of the window pass after the last login on the lost
//! database, or call [`Verifier::raise_all_watermarks`](secondo::Verifier::raise_all_watermarks).
//! Resynchronize HOTP counters. Failures counted since the backup are forgotten. Authenticators that were revoked and
//! accounts that were closed since then must be revoked and closed again.
//!
//! # Other hosts
//!
//! A server on another host needs TLS, by the feature `tls` and [`PostgresOptions::with_tls`]. Without it, the store
//! refuses to connect, unless the caller allows that with [`PostgresOptions::with_plaintext`]. With TLS, the
//! certificate and its name are always verified, as libpq does with `sslmode=verify-full`.
//!
//! # Faults
//!
//! An error is neither an acceptance nor a refusal. The login fails as in any outage, and the person tries again. If
//! the write happened all the same, a correct code is now refused as used, and the person waits for the next one. A
//! wrong code was counted, and is counted again if it is sent again.
//!
//! - Every call ends within [its timeout](PostgresOptions::with_timeout). A write that was sent by then may happen.
//! - The numbers of connections and of waiting calls are limited. A call beyond them fails with
//!   [`PostgresStoreError::Busy`].
//! - A connection whose call failed, timed out or was dropped is closed. The next call opens a new one, so service
//!   resumes when the server is back. The server ends a statement on a closed connection after twice the timeout at the
//!   latest, by `statement_timeout`. A commit that waits for a standby stays until the standby is back. Set a
//!   `CONNECTION LIMIT` for the role to limit the number of such commits.
//! - Idle connections are probed by TCP keepalive after 30 seconds, unless the connection string has `keepalives_idle`.
//!
//! [`PostgresStoreError::label`] names the kind of error for metrics. Every kind means that people cannot log in.
//! `schema`, `newer_schema`, `read_only`, `disk_full`, `corrupt` and `options` do not end by themselves: alert an
//! operator. `busy`, `timeout` and `connection` end when the load or the outage does. `serialization` is usually a
//! deadlock with the provider's statements. `server` is any other error of the server, with its SQLSTATE.
//!
//! # Logs
//!
//! Errors hold SQLSTATEs and none of the server's text. Neither ids, values nor events get into the log of the client
//! library.
//!
//! The server's own log can hold the parameters of statements, and with them ids, values and events. It does if
//! `log_statement` or `log_min_duration_statement` logs statements, or if `log_parameter_max_length_on_error` is not 0.
//! So set `log_parameter_max_length = 0`, and leave `log_parameter_max_length_on_error` at its default of 0. With
//! `log_error_verbosity = terse`, the log omits the details of errors, which can hold rows.
//!
//! # Connection poolers
//!
//! The store has a pool, so it needs no pooler. Where [pgbouncer](https://www.pgbouncer.org) stands before the server,
//! the store works with session pooling, and with transaction pooling from pgbouncer 1.21 on:
//!
//! | | session pooling | transaction pooling |
//! |---|---|---|
//! | version | any; the tests run 1.18 | 1.21 or later; not run by the tests |
//! | `pool_mode` | `session` | `transaction` |
//! | `max_prepared_statements` | any | above 0, such as 100 |
//! | `default_pool_size` | all connections of all machines, since each keeps a session:
//! [16](PostgresOptions::with_connections) a machine | the number of calls at once |
//! | `server_reset_query` | `DISCARD ALL`, the default | not used |
//! | settings of the role | its `search_path` | its `search_path`, `statement_timeout` and
//! `default_transaction_isolation` |
//!
//! pgbouncer refuses `options` in a connection string, so the schema is set for the role. It keeps no setting of a
//! session from one transaction to the next, so transaction pooling needs the store's own settings there too. The time
//! is twice the store's [timeout](PostgresOptions::with_timeout):
//!
//! ```sql
//! ALTER ROLE idp SET search_path = auth;
//! -- For transaction pooling only:
//! ALTER ROLE idp SET statement_timeout = '4s';
//! ALTER ROLE idp SET default_transaction_isolation = 'read committed';
//! ```
//!
//! `ignore_startup_parameters = options` would let pgbouncer drop the `options` without a word; then the tables are not
//! found ([`PostgresStoreError::Schema`]) or are those of another schema. Statement pooling does not work.
//!
//! Before 1.21, a statement that was prepared on one session is unknown or another one on the next, so calls fail with
//! transaction pooling ([`PostgresStoreError::Server`]). From 1.21 on, a connection is closed after a
//! [`transaction`](PostgresStore::transaction) if the server's session behind it lacks the store's statements.
//!
//! pgbouncer in front of another host needs TLS on both ways: [`PostgresOptions::with_tls`] leads to pgbouncer alone,
//! and its `server_tls_sslmode = verify-full` to the server.
//!
//! # Why tokio-postgres
//!
//! tokio-postgres is the asynchronous client on which most others build, by the author of `postgres`, licensed under
//! MIT or Apache-2.0. A prepared statement takes one round trip, errors carry their SQLSTATE, and the client finds the
//! host that takes writes among several. `sqlx` adds macros, migrations and other databases, none of which this store
//! needs. `diesel` is synchronous, or asynchronous on top of tokio-postgres.
//!
//! The store has a pool of its own, of about 100 lines. The pools of `deadpool-postgres` and `bb8` reuse a connection
//! whose call was dropped in the middle, and the next caller then waits behind a statement that nobody needs. This pool
//! closes the connection.
//!
//! Values pass through buffers of the client library that are not wiped.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod address;
mod connection;
mod error;
mod migration;
mod options;
mod outbox;
mod pool;
mod store;
mod tls;
mod transaction;

pub use error::{PostgresStoreError, TransactionError};
pub use options::PostgresOptions;
pub use outbox::Outbox;
#[cfg(feature = "tls")]
pub use rustls;
pub use store::PostgresStore;
pub use tokio_postgres;
pub use transaction::InTransaction;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
