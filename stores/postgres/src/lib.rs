//! A store of [`secondo`] in PostgreSQL 15 or later, for providers with several machines.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
//! use secondo::{AuthenticatorId, Policy, UnixTime, Verifier};
//! use secondo_postgres::PostgresOptions;
//!
//! // Once, by a role that may create tables.
//! PostgresOptions::new().migrate("postgres://owner@db.example/idp").await?;
//!
//! let store = PostgresOptions::new().connect("postgres://idp@db.example/idp").await?;
//! # let master = LocalMasterKey::from_hex("c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094")?;
//! let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
//! let verifier = Verifier::new(store.clone(), keys, Policy::default());
//! let id = AuthenticatorId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
//! let now = UnixTime::try_from(std::time::SystemTime::now())?;
//! let accepted = verifier.verify(&id, "050 471", now).await?;
//! # Ok(())
//! # }
//! ```
//!
//! With [`PostgresStore::transaction`], a login and the rows that the provider writes about it are one transaction.
//!
//! # Tables
//!
//! [`PostgresOptions::migrate`] creates them, or an operator does with the files in `migrations/`, which `psql` runs as
//! they are. They come into the schema that is first on the `search_path`, which a connection string sets with
//! `?options=-c%20search_path%3Dauth`; nobody else should be able to create tables in the schemas on it.
//!
//! | `secondo_entry` | type | what it holds |
//! |---|---|---|
//! | `id` | `text COLLATE "C"`, primary key | the authenticator's id |
//! | `revision` | `bigint` | 64 random bits, new with each write |
//! | `value` | `bytea` | the record, sealed unless the verifier is [`unsealed`](secondo::Verifier::unsealed) |
//! | `expiry` | `bigint`, may be null | seconds since 1970, from which on [`PostgresStore::purge`] deletes the row |
//!
//! `secondo_schema` has the number of each migration that was run. An exchange is one `UPDATE … WHERE id = … AND
//! revision = …`, or one `INSERT … ON CONFLICT DO NOTHING`. Revisions are random and not a sequence, since a sequence
//! goes back when a logical replica takes over.
//!
//! Pages are filled to 80 percent, so that a new version of a row finds room beside the old one and no index changes
//! (a HOT update). That stays so while no transaction is open for long: it keeps all old versions of all tables. The
//! defaults of autovacuum do.
//!
//! # Rights
//!
//! The role of the store needs no more than these; tables of the provider's own that
//! [a transaction](PostgresStore::transaction) writes come on top.
//!
//! ```sql
//! GRANT USAGE ON SCHEMA auth TO idp;
//! GRANT SELECT ON auth.secondo_schema TO idp;
//! GRANT SELECT, INSERT, UPDATE, DELETE ON auth.secondo_entry TO idp;
//! ```
//!
//! # What makes it safe
//!
//! What the engine loses is accepted again: a code that was used, a guess that was counted, a lock. So:
//!
//! - `fsync = on` and `full_page_writes = on`, the defaults. Without them, a loss of power costs recent writes or the
//!   database.
//! - `synchronous_commit`: the store itself sees to it that its writes are not answered before they are on disk, also
//!   where the server, the database or the role says `off`. Other values are the operator's choice and stay.
//! - With replicas, `synchronous_standby_names`, and `synchronous_commit` at `on` or `remote_apply`. A write is then on
//!   the standby's disk before it is answered, and a fail-over to it loses nothing. At `remote_write` it loses what the
//!   standby's operating system had not written when it crashed as well. At `local`, or with no synchronous standby,
//!   replication is asynchronous: a fail-over loses what the standby did not have yet, usually the last seconds, and
//!   codes of that time are accepted again for as long as their window lasts. Logical replication is asynchronous too.
//! - One primary. The store connects to a server that takes writes only, and reads there as well: a standby that lags
//!   shows a used code as new. A fail-over must stop the old primary before the new one takes writes.
//! - No `pg_cancel_backend` on a commit that waits for its standby: PostgreSQL then answers as if the standby had it.
//!   The store's own timeouts do not do that.
//!
//! A backup that is restored forgets what was used since it was made. Codes can be accepted again within their time
//! window, so let as much time pass after the moment of the backup as the window is long, and for HOTP have counters
//! move on by resynchronizing, before logins open. Guesses that were counted since are free again, and who was revoked
//! since must be revoked again.
//!
//! # Faults
//!
//! An error is neither an acceptance nor a refusal: the login fails with an outage, and the person tries again. If the
//! write had happened all the same, a right code is then refused as used, and they wait for the next; a wrong one was
//! counted, and counts once more if they send it again.
//!
//! - Every call ends within [its timeout](PostgresOptions::with_timeout). What was sent by then may happen.
//! - Connections and waiting calls are bounded; what is beyond fails with [`PostgresStoreError::Busy`].
//! - A connection whose call failed, timed out or was dropped is closed, and the next call makes a new one: when the
//!   server is back, so is the service. The server ends what it still does for a closed connection at the latest after
//!   twice the timeout, by `statement_timeout`. A commit that waits for a standby stays until that is back: a
//!   `CONNECTION LIMIT` of the role bounds how many.
//! - Idle connections are probed by TCP keepalive after 30 seconds, unless the connection string has `keepalives_idle`.
//!
//! For metrics there is [`PostgresStoreError::label`]. Any of them means that people cannot log in. `schema`,
//! `newer_schema`, `read_only`, `disk_full`, `corrupt` and `options` do not pass by themselves: somebody has to look.
//! `busy`, `timeout` and `connection` pass when the load or the outage does. `serialization` is a deadlock with
//! statements of the provider's.
//!
//! # Logs
//!
//! Errors hold codes and no text of the server's, and neither ids nor values get into the log of the client library.
//! The server's own log has the parameters of statements, and so ids and values, where `log_statement` or
//! `log_min_duration_statement` logs them, and with `log_parameter_max_length_on_error`: set `log_parameter_max_length
//! = 0` and leave that one at 0. With `log_error_verbosity = terse` it leaves out the details of errors, which can hold
//! rows.
//!
//! # A pooler in between
//!
//! With `pgbouncer`, pooling of sessions works. Pooling of transactions needs a version that keeps prepared statements
//! (1.21, with `max_prepared_statements` above 0) and does not keep what the store sets for its session: set
//! `statement_timeout`, and `default_transaction_isolation = 'read committed'`, for the role instead. A connection is
//! then closed after a transaction if the server's session behind it lacks the store's statements. Neither pooling is
//! tested here.
//!
//! # Why tokio-postgres
//!
//! It is the asynchronous client on which most others build, by the author of `postgres`, licensed MIT or Apache-2.0. A
//! prepared statement is one round trip, errors come with their SQLSTATE, and of several hosts it finds the one that
//! takes writes. `sqlx` brings macros, migrations and other databases, of which this needs nothing; `diesel` is
//! synchronous, or asynchronous on top of tokio-postgres.
//!
//! The pool is our own, in 90 lines: those of `deadpool-postgres` and `bb8` take a connection back when its call was
//! dropped in the middle, and the next caller then waits behind a statement that nobody waits for. This one closes it.
//!
//! What is written and read passes through buffers of the client library that are not wiped.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]
#![warn(clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

extern crate alloc;

mod connection;
mod error;
mod migration;
mod options;
mod pool;
mod store;
mod tls;
mod transaction;

pub use error::{PostgresStoreError, TransactionError};
pub use options::PostgresOptions;
#[cfg(feature = "tls")]
pub use rustls;
pub use store::PostgresStore;
pub use tokio_postgres;
pub use transaction::InTransaction;
