//! Persons with an app each, made directly in the store.

use std::path::Path;
use std::sync::Arc;

use rand::rngs::SysRng;
use secondo::audit::Operator;
use secondo::{AccountId, Algorithm, Authenticator, Secret, State, Totp, UnixTime};
use tokio::task::JoinSet;

use crate::app::App;
use crate::config::Config;
use crate::outage::Failure;
use crate::person::{Person as Stored, Standing, hash};

/// The password of all persons, since a hash takes long.
pub(super) const PASSWORD: &str = "Prova-di-carico-1";

/// A person, as far as a browser needs one.
pub(super) struct Person {
    pub(super) user: String,
    app: Authenticator,
}

impl Person {
    /// Returns the code of the app now.
    pub(super) fn code(&self) -> Result<String, Failure> {
        Ok(self.app.totp_code(UnixTime::now()?).ok_or("no code")?.as_str().to_owned())
    }

    /// Returns a code that is wrong now: one of an hour ago.
    pub(super) fn wrong_code(&self) -> Result<String, Failure> {
        let hour_ago = UnixTime::from_secs(UnixTime::now()?.as_secs() - 60 * 60)?;
        Ok(self.app.totp_code(hour_ago).ok_or("no code")?.as_str().to_owned())
    }
}

/// Makes the persons in a store in this folder.
pub(super) async fn enroll(folder: &Path, count: u32) -> Result<Vec<Person>, Failure> {
    let config = Config { data: folder.join("idp.redb"), ..Config::default() };
    // The tasks of the provider end with a runtime of their own, and the store is closed.
    let made = tokio::task::spawn_blocking(move || {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(make(config, count))
    });
    made.await?
}

async fn make(config: Config, count: u32) -> Result<Vec<Person>, Failure> {
    const AT_ONCE: usize = 64;
    let keys = config.key_path();
    let app = Arc::new(App::assemble(config, &keys, "http://localhost".to_owned()).await?);
    let password = hash(PASSWORD)?;
    let (mut running, mut people) = (JoinSet::new(), Vec::new());
    for n in 0..count {
        if running.len() >= AT_ONCE
            && let Some(made) = running.join_next().await
        {
            people.push(made??);
        }
        let (app, password) = (Arc::clone(&app), password.clone());
        running.spawn(async move { add(&app, n, password).await });
    }
    while let Some(made) = running.join_next().await {
        people.push(made??);
    }
    app.audit.flush().await?;
    Ok(people)
}

async fn add(app: &App, n: u32, password: String) -> Result<Person, Failure> {
    let now = UnixTime::now()?;
    let user = format!("p{n}@load.example.org");
    let stored = Stored {
        id: format!("load-{n}"),
        fiscal_code: format!("LOAD{n:012}"),
        email: user.clone(),
        mobile: "+393330000000".into(),
        name: "Prova".into(),
        family_name: "Di Carico".into(),
        gender: 'F',
        date_of_birth: "1980-01-01".into(),
        county_of_birth: "RM".into(),
        place_of_birth: "H501".into(),
        digital_address: None,
        spid_code: format!("LOAD{n:010}"),
        expiration_date: "2036-12-31".into(),
        password,
        password_changed_by: None,
        second_factor_since: Some(now.as_secs()),
        standing: Standing::Active,
        is_operator: false,
        session_ends: 0,
        kept_session: None,
        terms_since: 0,
        wants_marketing: false,
    };
    let id = AccountId::new(&stored.id)?;
    app.persons.add(stored, now).await?;
    let secret = Secret::generate(&mut SysRng, Algorithm::Sha1)?;
    let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    let imported = [((&phone).into(), State::new().confirmed())];
    app.verifier.import(&id, &imported, Operator::new("idp load", "load"), now).await?;
    Ok(Person { user, app: phone })
}
