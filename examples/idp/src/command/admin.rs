//! The work of the help desk, as on the pages of the administration.

use clap::{Args, Subcommand};
use secondo::{AccountId, UnixTime, VerifierError};
use serde::{Deserialize, Serialize};

use super::output::Output;
use crate::app::App;
use crate::outage::{Failure, Outage};
use crate::person::Person;

#[derive(Debug, Serialize, Deserialize, Subcommand)]
pub(crate) enum Admin {
    /// Shows a person with the account, without secrets.
    Find(Named),
}

/// The person whom a command is about.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Named {
    /// The e-mail address, the fiscal code or the id.
    person: String,
}

pub(super) async fn admin(app: &App, command: Admin, output: &Output) -> Result<(), Failure> {
    let now = UnixTime::now()?;
    match command {
        Admin::Find(Named { person }) => show(app, &find(app, &person, now).await?, output, now).await,
    }
}

/// Returns the person with this e-mail address, fiscal code or id.
pub(super) async fn find(app: &App, person: &str, now: UnixTime) -> Result<Person, Failure> {
    Ok(named(app, person, now).await?.ok_or("nobody has this e-mail address, fiscal code or id")?)
}

/// Returns the person with this e-mail address, fiscal code or id, if there is one.
pub(super) async fn named(app: &App, person: &str, now: UnixTime) -> Result<Option<Person>, Outage> {
    match app.persons.named(person, now).await? {
        Some(person) => Ok(Some(person)),
        None => app.persons.load(person, now).await,
    }
}

async fn show(app: &App, person: &Person, output: &Output, now: UnixTime) -> Result<(), Failure> {
    let Person { name, family_name, email, fiscal_code, id, standing, .. } = person;
    output.say(format!("{name} {family_name}, {email}, {fiscal_code}, id {id}: {standing:?}"));
    let view = match app.verifier.view(&AccountId::new(id)?, now).await {
        Ok(view) => view,
        Err(VerifierError::Unknown) => {
            output.say("no authenticators");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let suspended = if view.is_suspended { ", suspended" } else { "" };
    output.say(format!("{} attempts remain ({:?}){suspended}", view.remaining, view.hold));
    for device in &view.authenticators {
        let last = device.last_used.map_or("never used".to_owned(), |time| format!("last used {time}"));
        output.say(format!(
            "{} {} ({:?}, {:?}), added {}, {last}",
            device.number, device.name, device.kind, device.status, device.added
        ));
    }
    Ok(())
}
