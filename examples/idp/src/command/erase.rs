//! The erasure of a person.
//!
//! There are three kinds of records:
//!
//! - Records of this person alone are removed. Messages to a mobile number that somebody else has too are not.
//! - Records about others stay, such as cases of the sample service and traces of accesses, which are kept for 24
//!   months. The person's id takes the place of the e-mail address, the fiscal code and the other texts that nobody
//!   else has. The name and the mobile number may be another person's: they are replaced too, but only in a record that
//!   has one of those texts, and that is not of another person.
//! - The audit log is not changed, since its chain of hashes would break. It names persons by their ids, and otherwise
//!   only where an operator typed a name as the reason.

use std::ops::Range;

use clap::Args;
use secondo::audit::Operator;
use secondo::{AccountId, UnixTime, VerifierError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::admin::find;
use super::filled;
use super::output::{Output, counted};
use crate::app::App;
use crate::audit::Line;
use crate::outage::{Failure, Outage};
use crate::person::{Person, normalized};
use crate::records::{Record, is_named, kind_of};
use crate::registration::{Application, DEVICE, remove_documents};

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Arguments {
    /// The e-mail address, the fiscal code or the id of the person.
    person: String,
    /// The name of the operator, for the audit log.
    #[arg(long, value_parser = filled)]
    operator: String,
    /// The reason, for the audit log.
    #[arg(long, value_parser = filled)]
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
    let ids = app.engine.ids().await?;
    let traces = Traces { has_own_mobile: !is_mobile_shared(app, &ids, &person, now).await?, ..Traces::of(&person) };
    let (mut count, mut rewritten) = (0, 0);
    // The person is the last record, so that an erasure that was interrupted can be called again.
    for id in ids {
        if kind_of(&id).is_none_or(|kind| KEPT.contains(&kind)) {
            continue;
        }
        let Some(content) = app.records.content(&id).await? else { continue };
        if traces.is_of(&id, &content) {
            if kind_of(&id) == Some(Application::KIND) {
                // The records of documents name nobody.
                count += remove_documents(&app.records, &content, now).await?;
            }
            app.records.erase(&id, now).await?;
            count += 1;
        } else if traces.are_in(&content) {
            app.records.rewrite(&id, |content| traces.replace(content)).await?;
            rewritten += 1;
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
    output.say(format!(
        "{} erased. The old contents leave the disk as the store reuses its pages.",
        counted(count, "record is", "records are")
    ));
    output.say(format!(
        "The lines of the audit log stay for 24 months, as the rules on accesses ask. They name the person only as {}.",
        person.id
    ));
    output.say(
        "The fact that this account was closed stays as long, so that nobody gets its id. Backups stay as they are.",
    );
    if rewritten > 0 {
        let records = counted(rewritten, "record about others names", "records about others name");
        output.say(format!("{records} the person only by the id now."));
    }
    Ok(())
}

/// Returns `true` if another person, or an applicant, has the same mobile number.
async fn is_mobile_shared(app: &App, ids: &[AccountId], person: &Person, now: UnixTime) -> Result<bool, Outage> {
    for id in ids {
        if ![Some(Person::KIND), Some(Application::KIND)].contains(&kind_of(id)) || is_named(id, &person.id) {
            continue;
        }
        let content = app.records.unexpired(id, now).await?.unwrap_or_default();
        let is_own = ["/personal/fiscal_code", "/certified/fiscal_code"]
            .into_iter()
            .any(|place| content.pointer(place).and_then(Value::as_str) == Some(&person.fiscal_code));
        if !is_own && content.get("mobile").and_then(Value::as_str) == Some(&person.mobile) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The kinds of records that stay, or that are erased at the end.
const KEPT: [&str; 5] = ["audit", "audit-head", "person", "name", DEVICE];

/// The places in a record whose person is the one whom the record is about alone.
const OWNERS: [&str; 8] = [
    "/fiscal_code",
    "/person",
    "/to",
    "/email",
    "/login/person",
    "/entry/fiscal_code",
    "/personal/fiscal_code",
    "/certified/fiscal_code",
];

/// The place in a case of the citizen whom it is about. Others are in it too.
const CITIZEN: &str = "/citizen";

/// The texts that name a person, in lower case, and the id that stands for them once the person is erased.
struct Traces<'a> {
    person: &'a Person,
    /// Those that nobody else has.
    own: Vec<String>,
    /// Those that another person may have too.
    shared: Vec<String>,
    /// Nobody else has the mobile number.
    has_own_mobile: bool,
}

impl<'a> Traces<'a> {
    fn of(person: &'a Person) -> Self {
        let full = format!("{} {}", person.name, person.family_name);
        let own = [&person.email, &person.fiscal_code, &person.spid_code].into_iter().chain(&person.digital_address);
        let lower = |name: &String| (!name.trim().is_empty()).then(|| name.to_ascii_lowercase());
        Self {
            person,
            own: own.filter_map(lower).collect(),
            shared: [&person.mobile, &full].into_iter().filter_map(lower).collect(),
            has_own_mobile: true,
        }
    }

    /// Returns `true` for a record of this person alone, by its name or by its content.
    fn is_of(&self, id: &AccountId, content: &Value) -> bool {
        let Person { id: own, email, fiscal_code, mobile, .. } = self.person;
        let mobile = self.has_own_mobile.then_some(mobile);
        let names = [own, email, fiscal_code].into_iter().chain(mobile).filter(|name| !name.is_empty());
        let is_named = |name: &String| is_named(id, name) || is_named(id, &normalized(name));
        let owner = |place: &&str| content.pointer(place).and_then(Value::as_str);
        names.clone().any(is_named)
            || OWNERS.iter().filter_map(owner).any(|owner| names.clone().any(|name| name.eq_ignore_ascii_case(owner)))
    }

    /// Returns `true` if a text anywhere in the record names this person and nobody else.
    fn are_in(&self, content: &Value) -> bool {
        match content {
            Value::String(text) => place_of(&self.own, text).is_some(),
            Value::Array(values) => values.iter().any(|value| self.are_in(value)),
            Value::Object(fields) => fields.values().any(|value| self.are_in(value)),
            _ => false,
        }
    }

    /// Returns `true` if the record is about another person.
    fn is_of_another(&self, content: &Value) -> bool {
        let is_another = |name: &str| {
            let mut names = self.own.iter().chain(&self.shared);
            !name.is_empty() && !names.any(|own| own.eq_ignore_ascii_case(name))
        };
        let places = OWNERS.iter().chain([&CITIZEN]);
        places.filter_map(|place| content.pointer(place).and_then(Value::as_str)).any(is_another)
    }

    /// Puts the id in the place of each text that names the person. In a record about another person, a shared name may
    /// be that person's.
    fn replace(&self, content: &mut Value) {
        let shared = if self.is_of_another(content) { &[][..] } else { &self.shared };
        let names: Vec<_> = self.own.iter().chain(shared).cloned().collect();
        replace(&names, &self.person.id, content);
    }
}

/// Puts the id in the place of each text that is one of the names.
fn replace(names: &[String], id: &str, content: &mut Value) {
    match content {
        Value::String(text) => {
            while let Some(range) = place_of(names, text) {
                text.replace_range(range, id);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| replace(names, id, value)),
        Value::Object(fields) => fields.values_mut().for_each(|value| replace(names, id, value)),
        _ => {}
    }
}

/// Returns the first place that has one of the names, and not that of somebody whose name is longer.
fn place_of(names: &[String], text: &str) -> Option<Range<usize>> {
    let text = text.to_ascii_lowercase();
    let is_whole = |start: usize, name: &str| {
        let (before, rest) = text.split_at_checked(start).unwrap_or_default();
        let after = rest.strip_prefix(name).unwrap_or_default();
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
    };
    names.iter().find_map(|name| {
        let (start, _) = text.match_indices(name.as_str()).find(|(start, _)| is_whole(*start, name))?;
        Some(start..start + name.len())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use serde_json::json;

    use super::*;
    use crate::records::Kept;
    use crate::test_browser::{self, USER};

    #[test]
    fn longer_names_are_not_touched() {
        let person = serde_json::json!({
            "id": "0f", "fiscal_code": "", "email": "", "mobile": "+39333", "name": "Maria", "family_name": "Ross",
            "gender": "F", "date_of_birth": "", "county_of_birth": "", "place_of_birth": "", "digital_address": null,
            "spid_code": "", "expiration_date": "", "password": "", "standing": "Active"
        });
        let person: Person = serde_json::from_value(person).unwrap();
        let mut content =
            serde_json::json!(["Maria Rossi, Anna Maria Ross.", { "by": "maria ross" }, "+393331", "+39333"]);
        Traces::of(&person).replace(&mut content);
        assert_eq!(content, serde_json::json!(["Maria Rossi, Anna 0f.", { "by": "0f" }, "+393331", "0f"]));
    }

    /// A record of any kind, for the test below.
    #[derive(Serialize, Deserialize)]
    struct Any(Value);

    impl Record for Any {
        const KIND: &'static str = "any";
    }

    #[tokio::test]
    async fn shared_number_and_namesake_of_another_person_stay() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        let person = app.persons.named(USER, now).await.unwrap().unwrap();
        let (id, code, mobile) = (person.id.as_str(), person.fiscal_code.as_str(), person.mobile.as_str());
        let records = [
            // An application of another person with the same number, and a new number that waits for its code.
            (json!({ "personal": { "fiscal_code": "VRDLGU90E17F205V" }, "mobile": mobile }), None),
            (json!({ "person": "another", "number": { "mobile": mobile } }), None),
            // A PIN of somebody of the same name, and a case of theirs, in which the erased person is the operator.
            (json!({ "name": "Maria Rossi" }), None),
            (
                json!({ "title": "Patto di Maria Rossi", "citizen": "RSSMRA90A41F205X", "assigned": code }),
                Some(json!({ "title": "Patto di Maria Rossi", "citizen": "RSSMRA90A41F205X", "assigned": id })),
            ),
            // A case of her own, and an entry that names her.
            (
                json!({ "title": "Patto di Maria Rossi", "citizen": code, "assigned": null }),
                Some(json!({ "title": format!("Patto di {id}"), "citizen": id, "assigned": null })),
            ),
            (
                json!({ "by": "BNCNNA75A41H501U", "text": format!("Maria Rossi, {code}, {mobile}") }),
                Some(json!({ "by": "BNCNNA75A41H501U", "text": format!("{id}, {id}, {id}") })),
            ),
        ];
        for (name, (content, _)) in records.iter().enumerate() {
            app.records.create(&name.to_string(), Kept::forever(Any(content.clone())), now).await.unwrap();
        }
        erase_user(&app).await;
        for (name, (content, changed)) in records.into_iter().enumerate() {
            let Any(held) = app.records.load(&name.to_string(), now).await.unwrap().unwrap();
            assert_eq!(held, changed.unwrap_or(content));
        }
    }

    async fn erase_user(app: &App) {
        let arguments = Arguments { person: USER.into(), operator: "desk".into(), reason: "asked for".into() };
        erase(app, &arguments, &Output::new(tokio::sync::mpsc::unbounded_channel().0)).await.unwrap();
    }

    #[tokio::test]
    async fn message_to_a_number_stays_if_somebody_else_has_the_number() {
        enum Other {
            Nobody,
            Person,
            /// Somebody who registers. The draft expires after these seconds, and lies in the store until it is purged.
            Applicant(u64),
        }
        for (other, is_shared) in [
            (Other::Nobody, false),
            (Other::Person, true),
            (Other::Applicant(3600), true),
            (Other::Applicant(0), false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let app = test_browser::open(folder.path()).await;
            let now = UnixTime::now().unwrap();
            let person = app.persons.named(USER, now).await.unwrap().unwrap();
            let message = Any(json!({ "to": person.mobile, "text": "123456" }));
            app.records.create("message", Kept::forever(message), now).await.unwrap();
            let [id, fiscal_code, email] = ["child", "RSSGLI10A41H501U", "child@example.org"].map(String::from);
            match other {
                Other::Nobody => {}
                Other::Person => {
                    let child = Person { id, fiscal_code, email, ..person.clone() };
                    assert!(app.persons.add(child, now).await.unwrap());
                }
                Other::Applicant(secs) => {
                    let draft = Application { email, mobile: person.mobile, ..Application::default() };
                    let kept = Kept::until(now.saturating_add(secs), draft);
                    assert!(app.records.create("draft", kept, now).await.unwrap());
                }
            }
            erase_user(&app).await;
            let held: Option<Any> = app.records.load("message", now).await.unwrap();
            assert_eq!(held.is_some(), is_shared);
        }
    }
}
