//! A login with a password and a second factor, on axum and PostgreSQL, for providers to copy from.
//!
//! ```sh
//! createdb idp
//! export IDP_DATABASE=postgres://idp@127.0.0.1/idp
//! export IDP_MASTER_KEY=$(openssl rand -hex 32) # keep it: without it, no account can be opened again
//! cargo run -p web
//! ```
//!
//! The program prints its address, and the password of a demonstration person when it creates that person.
//! `IDP_LISTEN` sets the address, and `IDP_ORIGIN` the origin that browsers see, which must be `https://` if the
//! address is not on loopback.
//!
//! | file | content |
//! |---|---|
//! | `main.rs` | start, stop, and the checks of every request |
//! | `login.rs` | the handlers: password, enrollment, code |
//! | `session.rs` | the provider's tables, and the cookie in the browser |
//! | `pages.rs` | the pages |
//! | `outage.rs` | the faults of the provider |
//!
//! A provider adds a limit on passwords that are tried, TLS for PostgreSQL, notifications of changes
//! ([`Event::must_notify`](secondo::audit::Event::must_notify)), recovery codes, and pages for further devices and the
//! help desk. Before the first key is shown, it asks for more than the password, such as a code by SMS or on paper:
//! otherwise, a thief who signs in first binds an authenticator of their own.
#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing)]

mod login;
mod outage;
mod pages;
mod session;

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use argon2::{Argon2, PasswordHasher};
use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, serve};
use deadpool_postgres::{Manager, Pool};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::{Policy, UnixTime, Verifier};
use secondo_postgres::PostgresOptions;
use secondo_postgres::tokio_postgres::NoTls;
use tokio::net::TcpListener;

use crate::login::Provider;
use crate::outage::Outage;
use crate::session::{Cookie, SCHEMA, after};

/// The greatest length of a form.
const FORM_BYTES: usize = 4096;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let master = LocalMasterKey::from_env("IDP_MASTER_KEY")?;
    let key = SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?;
    let keys = Arc::new(KeyRing::new(key, [])?);
    let database = env::var("IDP_DATABASE").map_err(|_| "IDP_DATABASE is not set")?;
    // In production, the owner of the tables migrates, and the provider has fewer rights.
    PostgresOptions::new().migrate(&database).await?;
    let store = PostgresOptions::new().connect(&database).await?;
    // A machine with another master key stops here.
    Verifier::new(&store, Arc::clone(&keys), Policy::new()).check_keys().await?;
    // The provider's own statements, beside those of the store.
    let config = database.parse().map_err(|_| "IDP_DATABASE cannot be read")?;
    let pool = Pool::builder(Manager::new(config, NoTls)).build()?;
    pool.get().await?.batch_execute(SCHEMA).await?;

    let listener = TcpListener::bind(env::var("IDP_LISTEN").as_deref().unwrap_or("127.0.0.1:8080")).await?;
    let address = listener.local_addr()?;
    let origin = env::var("IDP_ORIGIN").unwrap_or_else(|_| format!("http://{address}"));
    if !origin.starts_with("https://") && !address.ip().is_loopback() {
        return Err("an address that is not on loopback needs an IDP_ORIGIN with https://".into());
    }
    let nobody = demonstrate(&pool).await.map_err(|Outage(label)| label)?;
    let provider = Arc::new(Provider { store, keys, pool, origin, nobody });
    tokio::spawn(purge(Arc::clone(&provider)));
    tokio::spawn(deliver_events(Arc::clone(&provider)));
    let router = Router::new()
        .route("/", get(login::show))
        .route("/password", post(login::take_password))
        .route("/code", post(login::take_code))
        .route("/logout", post(login::log_out))
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(from_fn_with_state(Arc::clone(&provider), guard))
        .with_state(provider);
    println!("Listening on http://{address}");
    serve(listener, router).with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await?;
    Ok(())
}

/// Creates a person for the demonstration, unless there is one. Returns the hash of a password that nobody has.
async fn demonstrate(pool: &Pool) -> Result<String, Outage> {
    let [account, password, nobody] = [Cookie::random()?, Cookie::random()?, Cookie::random()?].map(|random| {
        let (start, _) = random.0.split_at(16);
        base16ct::lower::encode_string(start)
    });
    let hash = |password: &str| Ok::<_, Outage>(Argon2::default().hash_password(password.as_bytes())?.to_string());
    let insert = "INSERT INTO person (name, account, password) VALUES ('rossi', $1, $2) ON CONFLICT DO NOTHING";
    if pool.get().await?.execute(insert, &[&account, &hash(&password)?]).await? == 1 {
        println!("The password of rossi is {password}");
    }
    hash(&nobody)
}

/// Deletes sessions and unconfirmed accounts that have expired, once an hour.
async fn purge(provider: Arc<Provider>) {
    let purge = async || {
        let now = UnixTime::now()?;
        provider.store.purge(now).await?;
        provider.pool.get().await?.execute("DELETE FROM session WHERE expires <= $1", &[&after(now, 0)]).await?;
        Ok(())
    };
    loop {
        if let Err(Outage(label)) = purge().await {
            eprintln!("purge: {label}");
        }
        tokio::time::sleep(Duration::from_secs(60 * 60)).await;
    }
}

/// Takes events from the outbox. A provider sends them to its log of audits, and notifies people of changes by mail.
async fn deliver_events(provider: Arc<Provider>) {
    const TAKE: &str = "WITH taken AS (DELETE FROM secondo_outbox WHERE id = ANY (ARRAY(
        SELECT id FROM secondo_outbox ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED)) RETURNING *)
        SELECT account, action, outcome, must_notify FROM taken ORDER BY id";
    let deliver = async || {
        let mut connection = provider.pool.get().await?;
        let transaction = connection.transaction().await?;
        let taken = transaction.query(TAKE, &[]).await?;
        for row in &taken {
            let (account, action, outcome): (&str, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            eprintln!("{account} {action} {outcome} must_notify={}", row.try_get::<_, bool>(3)?);
        }
        // Events that were not delivered stay in the outbox.
        transaction.commit().await?;
        Ok(taken.len())
    };
    loop {
        match deliver().await {
            Ok(100) => continue,
            Ok(_) => {}
            Err(Outage(label)) => eprintln!("events: {label}"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Refuses forms of other sites, limits the time of a request, and keeps the pages out of caches and frames.
async fn guard(State(provider): State<Arc<Provider>>, request: Request, next: Next) -> Response {
    // Browsers send the origin with every form. With a cookie that is `SameSite`, this is the defense against CSRF.
    let is_ours = request.headers().get(header::ORIGIN).is_some_and(|origin| *origin == provider.origin);
    let answer = async {
        if request.method() == Method::GET || is_ours {
            return next.run(request).await;
        }
        // The form is read first, since a connection with an unread form is reset, and the answer may be lost.
        let _ = to_bytes(request.into_body(), FORM_BYTES).await;
        (StatusCode::FORBIDDEN, "the form is of another site").into_response()
    };
    let response = tokio::time::timeout(Duration::from_secs(10), answer).await;
    let mut response = response.unwrap_or_else(|_| Outage("timeout").into_response());
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src data:; form-action 'self'; frame-ancestors 'none'",
        ),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
