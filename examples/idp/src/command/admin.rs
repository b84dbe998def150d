//! The work of the help desk, as on the pages of the administration.

use clap::{Args, Subcommand};
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::account::AuthenticatorView;
use secondo::audit::Operator;
use secondo::decision::Hold;
use secondo::factor::EnrollmentCode;
use secondo::{AccountId, AuthenticatorNumber, Refusal, UnixTime, VerifierError};
use serde::{Deserialize, Serialize};

use super::audit::Lines;
use super::filled;
use super::output::{Output, counted};
use crate::admin::actions::{self, ACTIVATION, DeviceChange, NotDone};
use crate::app::App;
use crate::outage::Failure;
use crate::pages::{self, Language, Locked};
use crate::person::Person;

/// The language of the commands.
const LANGUAGE: Language = Language::English;

#[derive(Debug, Serialize, Deserialize, Subcommand)]
pub(crate) enum Admin {
    /// Shows a person with the account, without secrets.
    Find(Named),
    /// Lists the persons whose account or password is locked.
    Locked,
    /// Prints the lines of the audit log about a person, an area and a period, the newest first.
    Audit(Lines),
    /// Ends the locks of a person's account and password.
    Unlock(OnPerson),
    /// Suspends an identity and ends its sessions, or suspends one device.
    Suspend(OnDevice),
    /// Ends the suspension of an identity, or of one device.
    Resume(OnDevice),
    /// Revokes an identity for good, or one device.
    Revoke(OnDevice),
    /// Issues a code, valid for 24 hours, with which the person activates another app after the password.
    Activation(OnPerson),
    /// Withdraws the activation code.
    WithdrawActivation(OnPerson),
    /// Appoints a person as an operator, who sees the pages of the administration.
    Appoint(OnPerson),
    /// Dismisses an operator.
    Dismiss(OnPerson),
}

/// The person whom a command is about.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Named {
    /// The e-mail address, the fiscal code or the id.
    person: String,
}

/// An action on a person, who is notified of it.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct OnPerson {
    #[command(flatten)]
    named: Named,
    /// The name of the operator, for the audit log.
    #[arg(long, value_parser = filled)]
    operator: String,
    /// The reason, for the audit log.
    #[arg(long, value_parser = filled)]
    reason: String,
}

/// An action on a person, or on one device.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct OnDevice {
    #[command(flatten)]
    on: OnPerson,
    /// The number of the device, as `find` shows it. Without it: the whole identity.
    #[arg(long)]
    device: Option<u32>,
}

impl OnPerson {
    async fn person(&self, app: &App, now: UnixTime) -> Result<Person, Failure> {
        find(app, &self.named.person, now).await
    }

    fn by(&self) -> Operator<'_> {
        Operator::new(&self.operator, self.reason.trim())
    }

    async fn change_device(&self, app: &App, device: u32, change: DeviceChange, now: UnixTime) -> Result<(), Failure> {
        let (person, device) = (self.person(app, now).await?, AuthenticatorNumber::new(device));
        Ok(actions::change_device(app, &person, device, change, self.by(), now).await?)
    }
}

impl From<NotDone> for Failure {
    fn from(not_done: NotDone) -> Self {
        match not_done {
            NotDone::Refused(text) => text.in_language(LANGUAGE).into(),
            NotDone::Outage(outage) => outage.into(),
        }
    }
}

pub(super) async fn admin(app: &App, command: Admin, output: &Output) -> Result<(), Failure> {
    let now = UnixTime::now()?;
    match command {
        Admin::Find(Named { person }) => return show(app, &find(app, &person, now).await?, output, now).await,
        Admin::Locked => return show_locked(app, output, now).await,
        Admin::Audit(lines) => return show_log(app, &lines, output, now).await,
        Admin::Unlock(on) => actions::unlock(app, &on.person(app, now).await?, on.by(), now).await?,
        Admin::Suspend(OnDevice { on, device: None }) => {
            actions::suspend(app, &on.person(app, now).await?, on.by(), now).await?;
        }
        Admin::Suspend(OnDevice { on, device: Some(device) }) => {
            on.change_device(app, device, DeviceChange::Suspend, now).await?;
        }
        Admin::Resume(OnDevice { on, device: None }) => {
            actions::resume(app, &on.person(app, now).await?, on.by(), now).await?;
        }
        Admin::Resume(OnDevice { on, device: Some(device) }) => {
            on.change_device(app, device, DeviceChange::Resume, now).await?;
        }
        Admin::Revoke(OnDevice { on, device: None }) => {
            actions::revoke(app, &on.person(app, now).await?, on.by(), now).await?;
        }
        Admin::Revoke(OnDevice { on, device: Some(device) }) => {
            on.change_device(app, device, DeviceChange::Revoke, now).await?;
        }
        Admin::Activation(on) => {
            let mut seed = [0; 32];
            SysRng.try_fill_bytes(&mut seed)?;
            let code = EnrollmentCode::new(ACTIVATION, &seed)?;
            let person = on.person(app, now).await?;
            let expires = actions::issue_activation(app, &person, &code, on.by(), now).await?;
            output.say(format!("Code: {}, valid until {expires}", code.text().as_str()));
        }
        Admin::WithdrawActivation(on) => {
            actions::withdraw_activation(app, &on.person(app, now).await?, on.by(), now).await?;
        }
        Admin::Appoint(on) => actions::appoint(app, &on.person(app, now).await?, on.by(), now).await?,
        Admin::Dismiss(on) => {
            if actions::dismiss(app, &on.person(app, now).await?, on.by(), now).await? == 0 {
                output.say("No operator is left. Appoint another one with `idp admin appoint`.");
            }
        }
    }
    output.say("Done. The person is notified.");
    Ok(())
}

async fn show_locked(app: &App, output: &Output, now: UnixTime) -> Result<(), Failure> {
    let (locked, may_have_more) = actions::locked(app, now).await?;
    for Locked { person, at, hold, password } in &locked {
        let Person { name, family_name, email, id, .. } = person;
        let password =
            password.map(UnixTime::from_secs).transpose()?.map(|until| format!("password locked until {until}"));
        let locks = lock(*hold).into_iter().chain(password).collect::<Vec<_>>().join(", ");
        let at = UnixTime::from_secs(*at)?;
        output.say(format!("{name} {family_name}, {email}, id {id}: {locks}, last attempt {at}"));
    }
    output.say(format!("{} locked.", counted(locked.len(), "account is", "accounts are")));
    if may_have_more {
        output.say("Others may be locked for longer: `idp audit export` has all.");
    }
    Ok(())
}

async fn show_log(app: &App, lines: &Lines, output: &Output, now: UnixTime) -> Result<(), Failure> {
    app.audit.flush().await?;
    let search = lines.search(app).await?;
    let (mut before, mut count) = (None, 0);
    loop {
        let found = app.audit.search(&search, before, now).await?;
        for line in &found.lines {
            let head = format!("{} {} {}", UnixTime::from_secs(line.time)?, line.action, line.outcome);
            let details =
                pages::line_details(line).map(|(name, text)| format!("{}: {text}", name.in_language(LANGUAGE)));
            output.say(std::iter::once(head).chain(details).collect::<Vec<_>>().join(", "));
        }
        count += found.lines.len();
        before = found.older;
        if before.is_none() {
            break;
        }
    }
    output.say(format!("{} found.", counted(count, "line was", "lines were")));
    Ok(())
}

/// Returns the person with this e-mail address, fiscal code or id.
pub(super) async fn find(app: &App, person: &str, now: UnixTime) -> Result<Person, Failure> {
    Ok(app.persons.find(person, now).await?.ok_or("nobody has this e-mail address, fiscal code or id")?)
}

async fn show(app: &App, person: &Person, output: &Output, now: UnixTime) -> Result<(), Failure> {
    let Person { name, family_name, email, fiscal_code, id, .. } = person;
    let standing = pages::standing(person.standing).in_language(LANGUAGE);
    output.say(format!("{name} {family_name}, {email}, {fiscal_code}, id {id}: the identity is {standing}"));
    if let Some(until) = app.persons.locked_until(person, now).await? {
        output.say(format!("The password is locked until {}.", UnixTime::from_secs(until)?));
    }
    let view = match app.verifier.view(&AccountId::new(id)?, now).await {
        Ok(view) => view,
        Err(VerifierError::Unknown) => {
            output.say("There are no authenticators.");
            return Ok(());
        }
        Err(VerifierError::Refused(Refusal::Closed)) => {
            output.say("The account is closed.");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    output.say(format!("{}.", counted(view.remaining.into(), "attempt remains", "attempts remain")));
    if let Some(lock) = lock(view.hold) {
        output.say(format!("The account is {lock}."));
    }
    if view.is_suspended {
        output.say("The account is suspended.");
    }
    if let Some(until) = view.enrollment_code {
        output.say(format!("An activation code is valid until {until}."));
    }
    for device in &view.authenticators {
        output.say(describe(device));
    }
    Ok(())
}

/// Returns the words for what holds attempts off.
fn lock(hold: Hold) -> Option<String> {
    match hold {
        Hold::Throttled(until) => Some(format!("held off until {until}")),
        Hold::LockedUntil(until) => Some(format!("locked until {until}")),
        Hold::Locked => Some("locked until an operator unlocks it".to_owned()),
        _ => None,
    }
}

/// Returns the line of a device.
fn describe(device: &AuthenticatorView) -> String {
    let (kind, status) = (pages::kind(device.kind), pages::status(device));
    let mut parts = vec![kind.in_language(LANGUAGE).to_owned(), status.in_language(LANGUAGE).to_owned()];
    if !device.name.as_str().is_empty() {
        parts.insert(0, device.name.to_string());
    }
    if let Some(left) = device.codes_left {
        parts.push(format!("{} left", counted(left.get().into(), "code", "codes")));
    }
    parts.push(format!("added {}", device.added));
    parts.push(device.last_used.map_or_else(|| "never used".to_owned(), |used| format!("last used {used}")));
    format!("{}: {}", device.number, parts.join(", "))
}
