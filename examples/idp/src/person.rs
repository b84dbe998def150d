//! Persons, their passwords, and the attempts at these.

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use jiff::civil::Date;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::audit::{Audit, Line};
use crate::challenge::DAY;
use crate::metrics::Metrics;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};
use crate::registration::today;
use crate::session::Session;
use crate::tries::{self, Counted, Pin};

/// A person with an identity. The id is also that of the account with the authenticators.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) fiscal_code: String,
    pub(crate) email: String,
    pub(crate) mobile: String,
    pub(crate) name: String,
    pub(crate) family_name: String,
    pub(crate) gender: char,
    /// `1980-02-29`
    pub(crate) date_of_birth: String,
    pub(crate) county_of_birth: String,
    pub(crate) place_of_birth: String,
    pub(crate) digital_address: Option<String>,
    pub(crate) spid_code: String,
    /// The day on which the identity expires.
    pub(crate) expiration_date: String,
    /// The hash of the password (argon2id).
    pub(crate) password: String,
    /// The recovery that has changed the password last, or the attempt, as [`tries::attempt`] returns it.
    #[serde(default)]
    pub(crate) password_changed_by: Option<String>,
    /// The time in seconds at which the first authenticator was confirmed. From then on, a missing account is an
    /// outage.
    pub(crate) second_factor_since: Option<u64>,
    pub(crate) standing: Standing,
    /// `true` for the staff of the provider, who see the pages of the administration.
    #[serde(default)]
    pub(crate) is_operator: bool,
    /// The number of times that the sessions were ended. Those that began before the last time are over, except one.
    #[serde(default)]
    pub(crate) session_ends: u64,
    /// The id of the session that was kept the last time.
    #[serde(default)]
    pub(crate) kept_session: Option<String>,
    /// The time in seconds at which the person accepted the terms, or 0.
    #[serde(default)]
    pub(crate) terms_since: u64,
    /// `true` if the person agreed to marketing.
    #[serde(default)]
    pub(crate) wants_marketing: bool,
}

impl Person {
    /// Returns `true` if the identity may be used.
    pub(crate) fn is_active(&self, now: UnixTime) -> bool {
        self.standing == Standing::Active && !self.has_expired(now)
    }

    /// Returns `true` after the day on which the identity expires.
    pub(crate) fn has_expired(&self, now: UnixTime) -> bool {
        !self.expiration_date.parse::<Date>().is_ok_and(|last| today(now) <= last)
    }

    /// Ends all sessions, except the one with this id.
    pub(crate) fn end_sessions(&mut self, except: Option<&str>) {
        self.session_ends += 1;
        self.kept_session = except.map(str::to_owned);
    }

    /// Notes that the person has a second factor from now on, unless it is noted already.
    pub(crate) fn note_second_factor(&mut self, now: UnixTime) {
        self.second_factor_since.get_or_insert(now.as_secs());
    }
}

/// The standing of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    Active,
    Suspended,
    Revoked,
}

impl Record for Person {
    const KIND: &'static str = "person";
}

/// The person with a user name: an e-mail address or a fiscal code.
#[derive(Serialize, Deserialize)]
struct Named {
    person: String,
    /// The time in seconds at which the name was taken, before the person was stored.
    #[serde(default)]
    since: u64,
}

impl Record for Named {
    const KIND: &'static str = "name";
}

/// The seconds after which a name of a person who was never stored is free again. No request lasts as long.
const TAKING_SECS: u64 = DAY;

/// The id of a person who does not exist.
const NOBODY: &str = "nobody";

/// The result of a user name and a password.
pub(crate) enum FirstFactor {
    Right(Box<Person>),
    /// The number of attempts left before the lock.
    Wrong(u8),
    /// The time in seconds until which no password is compared.
    Locked(u64),
}

/// The persons in the records.
#[derive(Clone)]
pub(crate) struct Persons {
    records: Records,
    /// The hash of a password that nobody has, so that an unknown name takes as long as a known one.
    nobody: String,
    /// The hashes that are computed at a time: each takes some 20 MB.
    hashing: Arc<Semaphore>,
    metrics: Metrics,
    audit: Audit,
}

impl Persons {
    pub(crate) fn new(
        records: Records,
        nobody: &str,
        at_once: usize,
        metrics: Metrics,
        audit: Audit,
    ) -> Result<Self, Outage> {
        Ok(Self { records, nobody: hash(nobody)?, hashing: Arc::new(Semaphore::new(at_once)), metrics, audit })
    }

    pub(crate) async fn load(&self, id: &str, now: UnixTime) -> Result<Option<Person>, Outage> {
        self.records.load(id, now).await
    }

    /// Returns the person with this e-mail address or fiscal code.
    pub(crate) async fn named(&self, user: &str, now: UnixTime) -> Result<Option<Person>, Outage> {
        let named: Option<Named> = self.records.load(&normalized(user), now).await?;
        // A name that nobody has takes as many loads, so that the time does not tell who is registered.
        let id = named.as_ref().map_or(NOBODY, |named| named.person.as_str());
        let person = self.load(id, now).await?;
        Ok(person.filter(|_| named.is_some()))
    }

    /// Returns the person with this e-mail address, fiscal code or id.
    pub(crate) async fn find(&self, text: &str, now: UnixTime) -> Result<Option<Person>, Outage> {
        match self.named(text, now).await? {
            Some(person) => Ok(Some(person)),
            None => self.load(text.trim(), now).await,
        }
    }

    /// Stores a new person. Returns `false` if another one has the e-mail address or the fiscal code.
    ///
    /// The call can be repeated after an outage, and finishes what it began.
    pub(crate) async fn add(&self, person: Person, now: UnixTime) -> Result<bool, Outage> {
        let id = person.id.clone();
        let users = [person.email.clone(), person.fiscal_code.clone()];
        for user in &users {
            let left = self.left(user, now).await?;
            let take = |named: Option<Named>| match named {
                Some(named) if left.as_ref() != Some(&named.person) => (None, named.person == id),
                _ => (Some(Kept::forever(Named { person: id.clone(), since: now.as_secs() })), true),
            };
            if !self.records.change(&normalized(user), now, take).await? {
                for user in &users {
                    let leave = |named: Option<Named>| {
                        (named.filter(|named| named.person == id).map(|_| Kept::removed(now)), ())
                    };
                    self.records.change(&normalized(user), now, leave).await?;
                }
                return Ok(false);
            }
        }
        self.records.create(&id, Kept::forever(person), now).await?;
        Ok(true)
    }

    /// Returns the id for which a user name was taken, if the creation of that person was interrupted long ago.
    async fn left(&self, user: &str, now: UnixTime) -> Result<Option<String>, Outage> {
        let named: Option<Named> = self.records.load(&normalized(user), now).await?;
        match named.filter(|named| named.since.saturating_add(TAKING_SECS) <= now.as_secs()) {
            Some(Named { person, .. }) if self.load(&person, now).await?.is_none() => Ok(Some(person)),
            _ => Ok(None),
        }
    }

    /// Removes a person with both user names. Returns the number of records that there were.
    pub(crate) async fn erase(&self, person: &Person, now: UnixTime) -> Result<usize, Outage> {
        self.forget_tries(person, now).await?;
        for pin in Pin::ALL {
            tries::forget(&self.records, &pin.name(&person.fiscal_code), now).await?;
        }
        for user in [&person.email, &person.fiscal_code] {
            self.records.remove::<Named>(&normalized(user), now).await?;
        }
        self.records.remove::<Person>(&person.id, now).await?;
        Ok(3)
    }

    /// Changes a person who is there, and returns the result of `change`.
    pub(crate) async fn change<T>(
        &self,
        id: &str,
        now: UnixTime,
        mut change: impl FnMut(&mut Person) -> T + Send,
    ) -> Result<T, Outage> {
        let changed = self.records.change(id, now, |person: Option<Person>| match person {
            Some(mut person) => {
                let outcome = change(&mut person);
                (Some(Kept::forever(person)), Some(outcome))
            }
            None => (None, None),
        });
        changed.await?.ok_or(Outage("missing_person"))
    }

    /// Compares a password. Unknown names take the same time, and are counted in the same way.
    ///
    /// [`tries`] counts the attempts.
    pub(crate) async fn first_factor(
        &self,
        user: &str,
        password: String,
        form: &str,
        now: UnixTime,
    ) -> Result<FirstFactor, Outage> {
        let result = self.attempt(user, password, form, now).await?;
        self.metrics.password(match result {
            FirstFactor::Right(_) => "right",
            FirstFactor::Wrong(_) => "wrong",
            FirstFactor::Locked(_) => "locked",
        });
        Ok(result)
    }

    async fn attempt(&self, user: &str, password: String, form: &str, now: UnixTime) -> Result<FirstFactor, Outage> {
        let user = normalized(user);
        let Counted { left, locks } = match tries::count(&self.records, &user, &password, form, now).await? {
            Ok(counted) => counted,
            Err(until) => return Ok(FirstFactor::Locked(until)),
        };
        let person = self.named(&user, now).await?;
        // The hash is awaited for unknown names too.
        let is_right = self.compare(password, person.as_ref().map(|person| person.password.clone())).await?;
        match person {
            Some(person) if is_right => {
                tries::forget(&self.records, &user, now).await?;
                return Ok(FirstFactor::Right(Box::new(person)));
            }
            Some(person) if locks => self.record_lock(person.id, now),
            _ => {}
        }
        Ok(FirstFactor::Wrong(left))
    }

    /// Records that wrong passwords have locked a user name of a person. Operators find the person by this line.
    fn record_lock(&self, person: String, now: UnixTime) {
        self.audit.record(Line {
            time: now.as_secs(),
            person: Some(person),
            action: "password".into(),
            outcome: "locked".into(),
            ..Line::default()
        });
    }

    /// Returns `true` if the password has this hash. Without a hash, it takes the same time and returns `false`.
    pub(crate) async fn compare(&self, password: String, hash: Option<String>) -> Result<bool, Outage> {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let permit = Arc::clone(&self.hashing).acquire_owned().await?;
        let is_right = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok()
        });
        Ok(is_right.await? && is_known)
    }

    /// Hashes a password beside the requests of others.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Outage> {
        let permit = Arc::clone(&self.hashing).acquire_owned().await?;
        let hashed = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            hash(&password)
        });
        hashed.await?
    }

    /// Changes the password and ends all sessions but this one. Returns `false` and changes nothing if the session was
    /// ended meanwhile, or if the password is no longer the one that was compared. An attempt that has changed it
    /// before changes nothing either, and returns `true`.
    pub(crate) async fn change_password(
        &self,
        compared: &Person,
        password: String,
        attempt: &str,
        own: &Session,
        now: UnixTime,
    ) -> Result<bool, Outage> {
        let hashed = self.hash(password).await?;
        let set = |person: &mut Person| {
            if person.password_changed_by.as_deref() == Some(attempt) {
                return true;
            }
            let may_change = person.password == compared.password && own.is_of(person, now);
            if may_change {
                person.password.clone_from(&hashed);
                person.password_changed_by = Some(attempt.to_owned());
                person.end_sessions(own.id.as_deref());
            }
            may_change
        };
        self.change(&compared.id, now, set).await
    }

    /// Replaces a password that was forgotten, once in each recovery, and ends all sessions.
    pub(crate) async fn recover_password(
        &self,
        id: &str,
        password: String,
        recovery: &str,
        now: UnixTime,
    ) -> Result<(), Outage> {
        let hashed = self.hash(password).await?;
        let set = |person: &mut Person| {
            if person.password_changed_by.as_deref() != Some(recovery) {
                person.password.clone_from(&hashed);
                person.password_changed_by = Some(recovery.to_owned());
                person.end_sessions(None);
            }
        };
        self.change(id, now, set).await
    }

    /// Returns the time in seconds until which a user name of the person is locked after wrong passwords.
    pub(crate) async fn locked_until(&self, person: &Person, now: UnixTime) -> Result<Option<u64>, Outage> {
        let mut latest = None;
        for user in [&person.email, &person.fiscal_code] {
            latest = latest.max(tries::locked_until(&self.records, &normalized(user), now).await?);
        }
        Ok(latest)
    }

    /// Forgets the wrong passwords for the person's user names.
    pub(crate) async fn forget_tries(&self, person: &Person, now: UnixTime) -> Result<(), Outage> {
        for user in [&person.email, &person.fiscal_code] {
            tries::forget(&self.records, &normalized(user), now).await?;
        }
        Ok(())
    }
}

/// Hashes a password.
pub(crate) fn hash(password: &str) -> Result<String, Outage> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

/// Returns the one form of a user name. Both forms of names ignore the case.
pub(crate) fn normalized(user: &str) -> String {
    user.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;
    use crate::test_browser::{self, Gate, USER};

    #[tokio::test]
    async fn unknown_name_asks_the_store_as_often_as_a_known_one() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        let (records, _, seen) = test_browser::gated(&app, Gate::Writes(Person::KIND, 0));
        let persons = test_browser::persons(&app, &records);
        let mut calls = Vec::new();
        for user in [USER, "RSSMRA80B69H501U", "nobody@example.org"] {
            for wrong in 1..=6 {
                let before = seen.calls();
                let given = persons.first_factor(user, format!("wrong {wrong}"), "form", now).await.unwrap();
                assert!(!matches!(given, FirstFactor::Right(_)));
                calls.push(seen.calls() - before);
            }
        }
        let (known, others) = calls.split_at(6);
        assert_eq!([known, known].concat(), others);
    }

    #[tokio::test]
    async fn right_password_ends_the_count() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        let give = async |password: &str| app.persons.first_factor(USER, password.into(), "form", now).await.unwrap();
        for _ in 0..2 {
            assert!(matches!(give("a").await, FirstFactor::Wrong(4)));
            assert!(matches!(give("b").await, FirstFactor::Wrong(3)));
            assert!(matches!(give("password").await, FirstFactor::Right(_)));
        }
    }

    #[tokio::test]
    async fn names_of_a_creation_that_was_interrupted_are_free_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        let later = |secs| now.saturating_add(secs);
        let maria = app.persons.named(USER, now).await.unwrap().unwrap();
        let applicant = |id: &str| Person {
            id: id.into(),
            email: "new@example.org".into(),
            fiscal_code: "VRDLGU90E17F205V".into(),
            ..maria.clone()
        };
        // The provider was killed before it stored the person.
        assert!(app.persons.add(applicant("first"), now).await.unwrap());
        app.records.remove::<Person>("first", now).await.unwrap();
        assert!(!app.persons.add(applicant("second"), later(TAKING_SECS - 1)).await.unwrap());
        assert!(app.persons.add(applicant("second"), later(TAKING_SECS)).await.unwrap());
        let found = app.persons.named("vrdlgu90e17f205v", now).await.unwrap().unwrap();
        assert_eq!(found.id, "second");
        // The names of a person who is there are never free.
        assert!(!app.persons.add(applicant("third"), later(1000 * DAY)).await.unwrap());
    }
}
