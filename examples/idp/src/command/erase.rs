//! The erasure of a person.

use clap::Args;
use secondo::audit::Operator;
use secondo::{AccountId, UnixTime, VerifierError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::admin::find;
use super::output::Output;
use crate::app::App;
use crate::audit::Line;
use crate::outage::Failure;
use crate::person::Person;
use crate::records::kind_of;

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Arguments {
    /// The e-mail address, the fiscal code or the id of the person.
    person: String,
    /// The name of the operator, for the audit log.
    #[arg(long)]
    operator: String,
    /// The reason, for the audit log.
    #[arg(long)]
    reason: String,
}

/// The time for which nobody can have an account under the same id.
const CLOSED_SECS: u64 = 2 * 366 * 24 * 60 * 60;

pub(super) async fn erase(app: &App, arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let now = UnixTime::now()?;
    let person = find(app, &arguments.person, now).await?;
    let by = Operator::new(&arguments.operator, &arguments.reason);
    let id = AccountId::new(&person.id)?;
    let keep_until = now.saturating_add(CLOSED_SECS);
    match app.verifier.close(&id, Some(keep_until), by, now).await {
        Ok(()) => output.say("The account and its authenticators are erased."),
        // There was none, or an erasure was interrupted.
        Err(VerifierError::Unknown | VerifierError::Refused(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let mut others = Vec::new();
    let mut count = 0;
    // The person is the last record, so that an erasure that was interrupted can be called again.
    for id in app.engine.ids().await? {
        let Some(kind) = kind_of(&id).filter(|kind| !KEPT.contains(kind)) else { continue };
        let Some(content) = app.records.content(&id).await? else { continue };
        if is_of(&content, &person) {
            app.records.erase(&id, now).await?;
            count += 1;
        } else if mentions(&content, &person) {
            others.push(kind.to_owned());
        }
    }
    count += app.persons.erase(&person, now).await?;
    app.audit.record(Line {
        time: now.as_secs(),
        person: Some(person.id.clone()),
        action: "erase".into(),
        outcome: "done".into(),
        operator: Some(arguments.operator.clone()),
        reason: Some(arguments.reason.clone()),
        ..Line::default()
    });
    output.say(format!("{count} records are erased. Their old contents leave the disk as the store reuses its pages."));
    output.say(format!(
        "The lines of the audit log stay for 24 months, as the rules on accesses ask. They name the person only as {}.",
        person.id
    ));
    output.say(
        "The fact that this account was closed stays as long, so that nobody gets its id. Backups stay as they are.",
    );
    others.dedup();
    if !others.is_empty() {
        output.say(format!("Records about others that mention the person stay: {}.", others.join(", ")));
    }
    Ok(())
}

/// The kinds of records that stay, or that are erased at the end.
const KEPT: [&str; 4] = ["audit", "audit-head", "person", "name"];

/// Returns `true` for a record of this person alone.
fn is_of(content: &Value, person: &Person) -> bool {
    let is = |field: &str, value: &str| content.get(field).and_then(Value::as_str) == Some(value);
    is("person", &person.id) || is("to", &person.email) || is("to", &person.mobile)
}

/// Returns `true` if the person is anywhere in the record.
fn mentions(content: &Value, person: &Person) -> bool {
    match content {
        Value::String(text) => [&person.id, &person.email, &person.fiscal_code].contains(&text),
        Value::Array(values) => values.iter().any(|value| mentions(value, person)),
        Value::Object(fields) => fields.iter().any(|(name, value)| *name == person.id || mentions(value, person)),
        _ => false,
    }
}
