//! The work of the help desk. Each action needs an operator and a reason, and the person is notified of it.

use std::time::Duration;

use secondo::account::{AccountError, AccountView};
use secondo::audit::Operator;
use secondo::decision::Hold;
use secondo::factor::EnrollmentCode;
use secondo::store::BoxedError;
use secondo::{AccountId, AuthenticatorNumber, Refusal, Transaction, UnixTime, VerifierError};

use super::notices;
use crate::activity;
use crate::app::{App, random_hex};
use crate::audit::Line;
use crate::messages::Notice;
use crate::open_sessions;
use crate::outage::Outage;
use crate::pages::{Locked, Text, is_confirmed, is_last_way};
use crate::person::{Person, Standing};
use crate::records::{Record, kind_of};

/// The reason that an action was not done.
pub(crate) enum NotDone {
    /// The text for the operator.
    Refused(Text),
    Outage(Outage),
}

const OWN: Text = Text("Non puoi agire sulla tua identità.", "You cannot act on your own identity.");
const NO_REASON: Text = Text("Scrivi il motivo.", "Type the reason.");
const NOTHING: Text = Text("Non c'è nulla da cambiare.", "There is nothing to change.");
const NOT_LOCKED: Text = Text("L'identità non è bloccata.", "The identity is not locked.");
const NOT_SUSPENDED: Text = Text("L'identità non è sospesa.", "The identity is not suspended.");
const REVOKED: Text = Text("L'identità è stata revocata.", "The identity has been revoked.");
const NO_SECOND_FACTOR: Text = Text(
    "La persona non ha ancora un dispositivo: lo attiva con la password e con il codice inviato al suo numero.",
    "The person has no device yet, and activates one with the password and the code that is sent to their number.",
);
const LAST: Text = Text(
    "È l'unico dispositivo con cui la persona può entrare. Sospendilo, ed emetti un codice di attivazione.",
    "It is the only device that the person can sign in with. Suspend it, and issue an activation code.",
);
const NO_DEVICE: Text =
    Text("Questo dispositivo non c'è, o non è confermato.", "This device is not there, or it is not confirmed.");
const OPERATOR: Text = Text("La persona è già un operatore.", "The person is an operator already.");
const NO_OPERATOR: Text = Text("La persona non è un operatore.", "The person is no operator.");
const NOT_ACTIVE: Text = Text("L'identità non è attiva.", "The identity is not active.");
const FULL: Text = Text("Nell'account non c'è posto.", "The account has no room.");

impl From<Outage> for NotDone {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

impl From<VerifierError<BoxedError>> for NotDone {
    fn from(error: VerifierError<BoxedError>) -> Self {
        Self::Refused(match error {
            VerifierError::Account(AccountError::Last) => LAST,
            VerifierError::Account(AccountError::UnknownAuthenticator(_) | AccountError::Unconfirmed(_)) => NO_DEVICE,
            VerifierError::Account(AccountError::NoEnrollmentCode) => NOTHING,
            VerifierError::Account(AccountError::Full) => FULL,
            VerifierError::Refused(Refusal::Closed) => REVOKED,
            error => return Self::Outage(error.into()),
        })
    }
}

type Done = Result<(), NotDone>;

/// Ends the locks of the person's account and user names.
pub(crate) async fn unlock(app: &App, person: &Person, by: Operator<'_>, now: UnixTime) -> Done {
    check(person, by)?;
    let account = shown_account(app, person, now).await?;
    let is_account_locked = is_account_locked(app, person, account.as_ref(), now).await?;
    if !is_account_locked && app.persons.locked_until(person, now).await?.is_none() {
        return Err(NotDone::Refused(NOT_LOCKED));
    }
    if is_account_locked {
        app.verifier.unlock(&id(person)?, by, now).await?;
    }
    app.persons.forget_tries(person, now).await?;
    done(app, person, "identity_unlock", by, notices::UNLOCKED, now).await
}

/// Suspends the identity, and ends the sessions of the person.
pub(crate) async fn suspend(app: &App, person: &Person, by: Operator<'_>, now: UnixTime) -> Done {
    check(person, by)?;
    let account = account(app, person, now).await?;
    let is_open = account.is_some_and(|view| !view.is_suspended);
    match person.standing {
        Standing::Active => {}
        Standing::Suspended if is_open => {}
        Standing::Suspended | Standing::Revoked => return Err(NotDone::Refused(NOTHING)),
    }
    set_standing(app, person, Standing::Suspended, now).await?;
    if is_open {
        app.verifier.suspend(&id(person)?, by, now).await?;
    }
    done(app, person, "identity_suspend", by, notices::SUSPENDED, now).await
}

/// Ends the suspension of the identity.
pub(crate) async fn resume(app: &App, person: &Person, by: Operator<'_>, now: UnixTime) -> Done {
    check(person, by)?;
    if person.standing != Standing::Suspended {
        return Err(NotDone::Refused(NOT_SUSPENDED));
    }
    if account(app, person, now).await?.is_some_and(|view| view.is_suspended) {
        app.verifier.resume(&id(person)?, by, now).await?;
    }
    set_standing(app, person, Standing::Active, now).await?;
    done(app, person, "identity_resume", by, notices::RESUMED, now).await
}

/// Revokes the identity for good, with all its devices.
pub(crate) async fn revoke(app: &App, person: &Person, by: Operator<'_>, now: UnixTime) -> Done {
    check(person, by)?;
    let account = account(app, person, now).await?;
    if person.standing == Standing::Revoked && account.is_none() {
        return Err(NotDone::Refused(NOTHING));
    }
    set_standing(app, person, Standing::Revoked, now).await?;
    if account.is_some() {
        app.verifier.close(&id(person)?, None, by, now).await?;
    }
    done(app, person, "identity_revoke", by, notices::REVOKED, now).await
}

/// A change of one device.
#[derive(Clone, Copy)]
pub(crate) enum DeviceChange {
    Suspend,
    Resume,
    Revoke,
}

/// Changes one device. A suspension or revocation ends all sessions of the person, since a thief may have signed in
/// with the device: after the change, and before it as well, so that an outage between the two leaves none of them.
pub(crate) async fn change_device(
    app: &App,
    person: &Person,
    device: AuthenticatorNumber,
    change: DeviceChange,
    by: Operator<'_>,
    now: UnixTime,
) -> Done {
    check(person, by)?;
    let (id, verifier) = (id(person)?, &app.verifier);
    let Some(view) = account(app, person, now).await? else {
        return Err(NotDone::Refused(if person.standing == Standing::Revoked { REVOKED } else { NO_DEVICE }));
    };
    let held = view.authenticators.iter().find(|held| held.number == device && is_confirmed(held));
    let held = held.ok_or(NotDone::Refused(NO_DEVICE))?;
    let notice = match change {
        DeviceChange::Suspend => {
            end_sessions(app, person, now).await?;
            verifier.suspend_authenticator(&id, device, by, now).await?;
            end_sessions(app, person, now).await?;
            notices::DEVICE_SUSPENDED
        }
        DeviceChange::Resume => {
            verifier.resume_authenticator(&id, device, by, now).await?;
            notices::DEVICE_RESUMED
        }
        DeviceChange::Revoke if is_last_way(held, &view) => return Err(NotDone::Refused(LAST)),
        DeviceChange::Revoke => {
            end_sessions(app, person, now).await?;
            verifier.revoke(&id, device, by, now).await?;
            end_sessions(app, person, now).await?;
            notices::DEVICE_REVOKED
        }
    };
    Ok(app.messages.tell(person, notice, now).await?)
}

/// The time for which an activation code is valid.
pub(crate) const ACTIVATION: Duration = Duration::from_secs(24 * 60 * 60);

/// Issues a code with which the person can activate another app after the password. Returns its expiry.
pub(crate) async fn issue_activation(
    app: &App,
    person: &Person,
    code: &EnrollmentCode,
    by: Operator<'_>,
    now: UnixTime,
) -> Result<UnixTime, NotDone> {
    check(person, by)?;
    if account(app, person, now).await?.is_none() {
        return Err(NotDone::Refused(if person.standing == Standing::Revoked { REVOKED } else { NO_SECOND_FACTOR }));
    }
    let expires = app.verifier.issue_enrollment_code(&id(person)?, code, by, now).await?;
    app.messages.tell(person, notices::ACTIVATION_ISSUED, now).await?;
    Ok(expires)
}

/// Withdraws the code of an activation that was not completed.
pub(crate) async fn withdraw_activation(app: &App, person: &Person, by: Operator<'_>, now: UnixTime) -> Done {
    check(person, by)?;
    app.verifier.withdraw_enrollment_code(&id(person)?, by, now).await?;
    Ok(app.messages.tell(person, notices::ACTIVATION_WITHDRAWN, now).await?)
}

/// Appoints a person as an operator of the pages of the administration, which ask for the second factor as well.
pub(crate) async fn appoint(app: &App, person: &Person, by: Operator<'_>, now: UnixTime) -> Done {
    check(person, by)?;
    if person.standing != Standing::Active {
        return Err(NotDone::Refused(NOT_ACTIVE));
    }
    if person.is_operator {
        return Err(NotDone::Refused(OPERATOR));
    }
    app.persons.change(&person.id, now, |person| person.is_operator = true).await?;
    done(app, person, "operator_appoint", by, notices::APPOINTED, now).await
}

/// Dismisses an operator, from the next page on. Returns the number of operators that are left.
///
/// The last one can be dismissed as well: an operator who is not trusted any more must not stay for want of another.
/// The commands need no operator of the pages, and appoint the next one.
pub(crate) async fn dismiss(app: &App, person: &Person, by: Operator<'_>, now: UnixTime) -> Result<usize, NotDone> {
    check(person, by)?;
    if !person.is_operator {
        return Err(NotDone::Refused(NO_OPERATOR));
    }
    app.persons.change(&person.id, now, |person| person.is_operator = false).await?;
    done(app, person, "operator_dismiss", by, notices::DISMISSED, now).await?;
    Ok(operators(app).await?)
}

/// Returns the number of operators whose identity is active.
async fn operators(app: &App) -> Result<usize, Outage> {
    let mut count = 0;
    for id in app.engine.ids().await?.into_iter().filter(|id| kind_of(id) == Some(Person::KIND)) {
        let person = app.records.content(&id).await?.map(serde_json::from_value::<Person>).transpose()?;
        let is_operator = |person: &Person| person.is_operator && person.standing == Standing::Active;
        count += usize::from(person.as_ref().is_some_and(is_operator));
    }
    Ok(count)
}

/// Returns the persons whose account or password is locked, the newest lock first, and `true` if the log may have more.
pub(crate) async fn locked(app: &App, now: UnixTime) -> Result<(Vec<Locked>, bool), Outage> {
    let mut locked = Vec::new();
    let (locks, may_have_more) = activity::locks(&app.records, now).await?;
    for lock in locks {
        let Some(person) = app.persons.load(&lock.person, now).await? else { continue };
        let hold = shown_account(app, &person, now).await?.map_or(Hold::None, |view| view.hold);
        let password = app.persons.locked_until(&person, now).await?;
        if matches!(hold, Hold::Locked | Hold::LockedUntil(_)) || password.is_some() {
            locked.push(Locked { person, at: lock.at, hold, password });
        }
    }
    Ok((locked, may_have_more))
}

/// Returns the account of a person, or `None` before the first device and after the revocation.
async fn account(app: &App, person: &Person, now: UnixTime) -> Result<Option<AccountView>, NotDone> {
    match app.verifier.view(&id(person)?, now).await {
        Ok(view) => Ok(Some(view)),
        Err(VerifierError::Unknown) if person.second_factor_since.is_none() => Ok(None),
        Err(VerifierError::Refused(Refusal::Closed)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Returns the account of a person for a page, or `None` if there is nothing to show.
pub(crate) async fn shown_account(app: &App, person: &Person, now: UnixTime) -> Result<Option<AccountView>, Outage> {
    match account(app, person, now).await {
        Ok(account) => Ok(account),
        Err(NotDone::Outage(outage)) => Err(outage),
        Err(NotDone::Refused(_)) => Ok(None),
    }
}

/// Returns `true` if a lock or a wait of the account, or of its recovery codes, can be ended.
pub(crate) async fn is_account_locked(
    app: &App,
    person: &Person,
    account: Option<&AccountView>,
    now: UnixTime,
) -> Result<bool, Outage> {
    let Some(account) = account else { return Ok(false) };
    let any_login = Transaction::new(random_hex()?.as_bytes())?;
    let options = app.verifier.options(&id(person)?, &any_login, now).await?;
    Ok(account.hold != Hold::None || options.recovery_codes.is_some_and(|codes| codes.refusal.is_some()))
}

fn check(person: &Person, by: Operator<'_>) -> Done {
    if by.name == person.id {
        return Err(NotDone::Refused(OWN));
    }
    if by.reason.trim().is_empty() { Err(NotDone::Refused(NO_REASON)) } else { Ok(()) }
}

fn id(person: &Person) -> Result<AccountId, Outage> {
    Ok(AccountId::new(&person.id)?)
}

/// Changes the standing, unless another operator has changed it so that it may not become this one. The sessions of an
/// identity that is no longer active end.
async fn set_standing(app: &App, person: &Person, standing: Standing, now: UnixTime) -> Done {
    let set = |person: &mut Person| {
        let is_allowed = match standing {
            Standing::Active => person.standing == Standing::Suspended,
            Standing::Suspended => person.standing != Standing::Revoked,
            Standing::Revoked => true,
        };
        if is_allowed {
            person.standing = standing;
            if standing != Standing::Active {
                person.end_sessions(None);
            }
        }
        is_allowed
    };
    if !app.persons.change(&person.id, now, set).await? {
        return Err(NotDone::Refused(if standing == Standing::Active { NOT_SUSPENDED } else { REVOKED }));
    }
    if standing != Standing::Active {
        remove_sessions(app, person, now).await?;
    }
    Ok(())
}

async fn end_sessions(app: &App, person: &Person, now: UnixTime) -> Result<(), Outage> {
    app.persons.change(&person.id, now, |person| person.end_sessions(None)).await?;
    remove_sessions(app, person, now).await
}

/// Removes the sessions of a person, after they were ended.
async fn remove_sessions(app: &App, person: &Person, now: UnixTime) -> Result<(), Outage> {
    open_sessions::remove_ended(&app.records, &person.id, now).await?;
    Ok(())
}

/// Records an action on an identity, and notifies the person. The verifier records those on accounts.
async fn done(app: &App, person: &Person, action: &str, by: Operator<'_>, notice: Notice, now: UnixTime) -> Done {
    app.audit.record(Line {
        time: now.as_secs(),
        person: Some(person.id.clone()),
        action: action.to_owned(),
        outcome: "done".into(),
        operator: Some(by.name.to_owned()),
        reason: Some(by.reason.to_owned()),
        ..Line::default()
    });
    Ok(app.messages.tell(person, notice, now).await?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails so")]

    use super::*;
    use crate::test_browser::{self, USER};

    #[tokio::test]
    async fn revoked_identity_stays_so_for_an_operator_who_saw_it_before() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        let find = async || app.persons.named(USER, now).await.unwrap().unwrap();
        let by = Operator::new("desk", "asked for");
        let refusal = |done: Done| match done {
            Err(NotDone::Refused(Text(_, english))) => english,
            _ => panic!("it was done"),
        };

        let active = find().await;
        assert!(suspend(&app, &active, by, now).await.is_ok());
        let suspended = find().await;
        assert!(revoke(&app, &suspended, by, now).await.is_ok());
        assert_eq!(refusal(suspend(&app, &active, by, now).await), REVOKED.1);
        assert_eq!(refusal(resume(&app, &suspended, by, now).await), NOT_SUSPENDED.1);
        assert_eq!(find().await.standing, Standing::Revoked);
    }
}
