use std::sync::Arc;

use argon2::{Argon2, PasswordVerifier};
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use deadpool_postgres::Pool;
use rand::rngs::SysRng;
use secondo::account::{AccountError, Status};
use secondo::formats::otpauth::{KeyUri, Qr};
use secondo::seal::KeyRing;
use secondo::store::Store;
use secondo::verifier::Confirmed;
use secondo::{
    Accepted, AccountId, Algorithm, Authenticator, AuthenticatorNumber, Policy, PublicRefusal, Secret, Totp,
    Transaction, UnixTime, Verifier, VerifierError,
};
use secondo_postgres::{InTransaction, PostgresStore, TransactionError, tokio_postgres};
use serde::Deserialize;

use crate::outage::Outage;
use crate::pages;
use crate::session::{Cookie, Session, after};

const MINUTE: i64 = 60;

pub(crate) struct Provider {
    pub(crate) store: PostgresStore,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) pool: Pool,
    pub(crate) origin: String,
    /// The hash of a password that nobody has, so that an unknown name takes as long as a known one.
    pub(crate) nobody: String,
}

impl Provider {
    /// Returns a verifier on the store, or on the store inside a transaction.
    fn verifier<S: Store>(&self, store: S) -> Verifier<S> {
        Verifier::new(store, Arc::clone(&self.keys), Policy::new().with_confirmation_login(true))
    }

    /// Returns a verifier whose decisions are committed with their events, which `deliver_events` reads.
    fn verifier_with_events<'a>(&self, store: InTransaction<'a>) -> Verifier<InTransaction<'a>> {
        self.verifier(store).with_sink(store.outbox())
    }

    async fn has_device(&self, account: &AccountId, now: UnixTime) -> Result<bool, Outage> {
        match self.verifier(&self.store).view(account, now).await {
            Ok(view) => {
                Ok(view.authenticators.iter().any(|device| !matches!(device.status, Status::Unconfirmed { .. })))
            }
            Err(VerifierError::Unknown) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Enrolls a first device if the person has none. It has to be confirmed in the same login.
    async fn enroll_first(
        &self,
        account: &AccountId,
        has_second_factor: bool,
        login: &Transaction,
        now: UnixTime,
    ) -> Result<Result<Option<AuthenticatorNumber>, PublicRefusal>, Outage> {
        if has_second_factor {
            return if self.has_device(account, now).await? { Ok(Ok(None)) } else { Err(Outage("missing_account")) };
        }
        let secret = Secret::generate(&mut SysRng, Algorithm::Sha1)?;
        let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret).named("telefono")?;
        let enrolled = self.store.transaction(
            async |store| self.verifier_with_events(store).enroll_first(account, login, phone, now).await,
            async |_, _| Ok::<_, tokio_postgres::Error>(()),
        );
        match enrolled.await {
            Ok((enrolled, ())) => Ok(Ok(Some(enrolled.number))),
            // The device counts, even if the fact could not be written after its confirmation.
            Err(TransactionError::Verifier(VerifierError::Account(AccountError::NotFirst))) => Ok(Ok(None)),
            Err(TransactionError::Verifier(error)) if !error.is_outage() => Ok(Err(error.public())),
            Err(TransactionError::Verifier(error)) => Err(error.into()),
            Err(error) => Err(Outage(error.label())),
        }
    }

    /// Returns the page after the password: the enrollment of a first device, or the field for a code.
    async fn ask(
        &self,
        session: &Session,
        refusal: Option<PublicRefusal>,
        headers: &HeaderMap,
        now: UnixTime,
    ) -> Result<Response, Outage> {
        let (verifier, login) = (self.verifier(&self.store), Transaction::new(&session.cookie.0)?);
        let status = if refusal.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
        let text = |refusal| pages::text(headers, refusal);
        let Some(number) = session.enrolling else {
            let options = verifier.options(&session.account, &login, now).await?;
            let refusal = refusal.or(options.refusal);
            return Ok((status, pages::code(refusal.map(text).as_deref(), options.remaining)).into_response());
        };
        match verifier.pending(&session.account, &login, number, now).await {
            Ok(phone) => {
                let uri = KeyUri::new(&session.name, phone)?.with_issuer("Secondo")?;
                let secret = uri.authenticator().secret().map(Secret::to_base32).ok_or(Outage("no_secret"))?;
                let qr = Qr::new(uri.to_short_uri().as_str())?;
                Ok((status, pages::enrollment(refusal.map(text).as_deref(), &qr, &secret)).into_response())
            }
            // The enrollment has ended, for example after five wrong codes.
            Err(error) if !error.is_outage() => {
                Ok((status, pages::sign_in(refusal.map(text).as_deref())).into_response())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn go_on(&self, cookie: &Cookie) -> Response {
        let cookie = cookie.header(self.origin.starts_with("https://"));
        ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
    }
}

/// Shows the page of the step where the browser is.
pub(crate) async fn show(State(provider): State<Arc<Provider>>, headers: HeaderMap) -> Result<Response, Outage> {
    let now = UnixTime::now()?;
    let Some(session) = Session::load(&provider.pool, &headers, now).await? else {
        return Ok(pages::sign_in(None).into_response());
    };
    let Some(number) = session.device else { return provider.ask(&session, None, &headers, now).await };
    let account = provider.verifier(&provider.store).view(&session.account, now).await?;
    let device = account.authenticators.iter().find(|device| device.number == number);
    Ok(pages::logged_in(&session.name, device).into_response())
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

pub(crate) async fn take_password(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Form(Credentials { name, password }): Form<Credentials>,
) -> Result<Response, Outage> {
    let select = "SELECT password, account, second_factor_since IS NOT NULL FROM person WHERE name = $1";
    let person = provider.pool.get().await?.query_opt(select, &[&name]).await?;
    let hash: String = person.as_ref().map_or(Ok(provider.nobody.clone()), |person| person.try_get(0))?;
    let check = move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok();
    let is_right = tokio::task::spawn_blocking(check).await?;
    let Some(person) = person.filter(|_| is_right) else {
        return Ok(
            (StatusCode::FORBIDDEN, pages::sign_in(Some("The name or the password is not correct."))).into_response()
        );
    };
    let (account, cookie, now) = (AccountId::new(person.try_get(1)?)?, Cookie::random()?, UnixTime::now()?);
    let enrolling = provider.enroll_first(&account, person.try_get(2)?, &Transaction::new(&cookie.0)?, now).await?;
    let enrolling = match enrolling {
        Ok(enrolling) => enrolling,
        Err(refusal) => {
            let text = pages::text(&headers, refusal);
            return Ok((StatusCode::FORBIDDEN, pages::sign_in(Some(&text))).into_response());
        }
    };
    let insert = "INSERT INTO session (cookie, account, enrolling, expires) VALUES ($1, $2, $3, $4)";
    let number = enrolling.map(i64::from);
    let parameters = [&cookie.hash() as _, &account.as_str() as _, &number as _, &after(now, 10 * MINUTE) as _];
    provider.pool.get().await?.execute(insert, &parameters).await?;
    Ok(provider.go_on(&cookie))
}

#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
}

/// Takes a code, which confirms the first device or verifies a login, and opens the session in the same transaction.
pub(crate) async fn take_code(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Form(Code { code }): Form<Code>,
) -> Result<Response, Outage> {
    let now = UnixTime::now()?;
    let session = Session::load(&provider.pool, &headers, now).await?;
    let Some(session) = session.filter(|session| session.device.is_none()) else {
        return Ok(Redirect::to("/").into_response());
    };
    let (account, login) = (&session.account, Transaction::new(&session.cookie.0)?);
    let result = provider.store.transaction(
        async |store| {
            let verifier = provider.verifier_with_events(store);
            match session.enrolling {
                Some(device) => verifier.confirm(account, &login, device, &code, now).await.map(Confirmed::into_login),
                None => verifier.verify(account, &login, &code, now).await.map(Some),
            }
        },
        async |sql, accepted| open_session(sql, &session, accepted.as_ref(), now).await,
    );
    match result.await {
        Ok((Some(_), ())) => Ok(provider.go_on(&session.next_cookie())),
        // The form was sent twice, and the first time it opened the session. Later, it may be in other hands.
        Err(TransactionError::Verifier(VerifierError::Repeated(repeated))) => {
            let is_double_click = now.as_secs().abs_diff(repeated.at.as_secs()) <= 10;
            Ok(if is_double_click { provider.go_on(&session.next_cookie()) } else { Redirect::to("/").into_response() })
        }
        // A confirmation that is not a login, because the account has a lock.
        Ok((None, ())) => Ok(pages::sign_in(None).into_response()),
        Err(TransactionError::Verifier(error)) if !error.is_outage() => {
            eprintln!("refused: {}", error.label());
            provider.ask(&session, Some(error.public()), &headers, now).await
        }
        Err(TransactionError::Verifier(error)) => Err(error.into()),
        Err(error) => Err(Outage(error.label())),
    }
}

/// Writes the fact beside the password, and the session of a login.
async fn open_session(
    sql: &tokio_postgres::Transaction<'_>,
    session: &Session,
    accepted: Option<&Accepted>,
    now: UnixTime,
) -> Result<(), tokio_postgres::Error> {
    let since = "UPDATE person SET second_factor_since = coalesce(second_factor_since, $2) WHERE account = $1";
    sql.execute(since, &[&session.account.as_str(), &after(now, 0)]).await?;
    let Some(accepted) = accepted else { return Ok(()) };
    let (account, device) = (accepted.account().as_str(), i64::from(accepted.authenticator()));
    let insert = "INSERT INTO session (cookie, account, device, expires) VALUES ($1, $2, $3, $4)";
    sql.execute(insert, &[&session.next_cookie().hash(), &account, &device, &after(now, 60 * MINUTE)]).await?;
    // The verifier recognizes a form that is sent again for two minutes. After that, nothing needs the old cookie.
    let shorten = "UPDATE session SET expires = least(expires, $2) WHERE cookie = $1";
    sql.execute(shorten, &[&session.cookie.hash(), &after(now, 2 * MINUTE)]).await.map(drop)
}

pub(crate) async fn log_out(State(provider): State<Arc<Provider>>, headers: HeaderMap) -> Result<Redirect, Outage> {
    if let Some(cookie) = Cookie::read(&headers) {
        provider.pool.get().await?.execute("DELETE FROM session WHERE cookie = $1", &[&cookie.hash()]).await?;
    }
    Ok(Redirect::to("/"))
}
