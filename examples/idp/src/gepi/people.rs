//! The operators, and the volunteers with delegations, by fiscal code.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::calendar::day;
use super::rules::{Accreditation, Actor, Delegation};
use crate::app::{App, random_hex};
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The accreditations that an operator, and the delegations that a volunteer can have: they fit into a record.
const MOST: usize = 16;
/// The operators that an area can have.
const MOST_STAFF: usize = 128;

/// The accreditations of an operator.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Operator {
    accreditations: Vec<Accreditation>,
}

impl Record for Operator {
    const KIND: &'static str = "gepi-operator";
}

/// The delegations of a volunteer.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Volunteer {
    delegations: Vec<Delegation>,
}

impl Record for Volunteer {
    const KIND: &'static str = "gepi-volunteer";
}

/// The fiscal codes of the operators of an area.
#[derive(Default, Serialize, Deserialize)]
struct Staff {
    operators: Vec<String>,
}

impl Record for Staff {
    const KIND: &'static str = "gepi-staff";
}

/// A list that has no room for another entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// Returns a fiscal code in its one form, if the text can be one.
pub(super) fn fiscal_code(text: &str) -> Option<String> {
    let code = text.trim().to_ascii_uppercase();
    (code.len() == 16 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(code)
}

/// The id of somebody whom the provider does not know, such as the holder of a PIN.
#[derive(Serialize, Deserialize)]
struct Pseudonym(String);

impl Record for Pseudonym {
    const KIND: &'static str = "gepi-person";
}

/// Returns the id by which the audit log names a person: lines cannot be changed when the person is erased.
///
/// It is the provider's id, or else a random one. Without the record of it, the lines name nobody. A text that is no
/// fiscal code is the id of a person who was erased.
pub(super) async fn id_of(app: &App, text: &str, now: UnixTime) -> Result<String, Outage> {
    let Some(fiscal_code) = &fiscal_code(text) else { return Ok(text.to_owned()) };
    if let Some(id) = known_id(app, fiscal_code, now).await? {
        return Ok(id);
    }
    let made: String = random_hex()?.chars().take(32).collect();
    app.records.create(fiscal_code, Kept::forever(Pseudonym(made)), now).await?;
    known_id(app, fiscal_code, now).await?.ok_or(Outage("missing_pseudonym"))
}

/// Returns the id by which the audit log names a person, if it does: by their e-mail address, fiscal code or id.
pub(crate) async fn known_id(app: &App, text: &str, now: UnixTime) -> Result<Option<String>, Outage> {
    if let Some(person) = app.persons.find(text, now).await? {
        return Ok(Some(person.id));
    }
    let Some(fiscal_code) = fiscal_code(text) else { return Ok(None) };
    let pseudonym: Option<Pseudonym> = app.records.load(&fiscal_code, now).await?;
    Ok(pseudonym.map(|Pseudonym(id)| id))
}

/// Returns a person with their rights.
pub(super) async fn actor(records: &Records, fiscal_code: &str, now: UnixTime) -> Result<Actor, Outage> {
    let Operator { accreditations } = records.load(fiscal_code, now).await?.unwrap_or_default();
    let Volunteer { delegations } = records.load(fiscal_code, now).await?.unwrap_or_default();
    Ok(Actor { fiscal_code: fiscal_code.to_owned(), accreditations, delegations })
}

/// Accredits an operator. One of the same profile and area is replaced.
pub(super) async fn accredit(
    records: &Records,
    operator: &str,
    accreditation: &Accreditation,
    now: UnixTime,
) -> Result<Result<(), Full>, Outage> {
    let today = day(now);
    let listed = records.change(&accreditation.area, now, |staff: Option<Staff>| {
        let mut operators = staff.unwrap_or_default().operators;
        if operators.iter().any(|listed| listed == operator) {
            return (None, Ok(()));
        }
        if operators.len() >= MOST_STAFF {
            return (None, Err(Full));
        }
        operators.push(operator.to_owned());
        (Some(Kept::forever(Staff { operators })), Ok(()))
    });
    if let Err(full) = listed.await? {
        return Ok(Err(full));
    }
    let accredited = records.change(operator, now, |operator: Option<Operator>| {
        let mut accreditations = operator.unwrap_or_default().accreditations;
        let is_same = |held: &Accreditation| held.area == accreditation.area && held.profile == accreditation.profile;
        accreditations.retain(|held| !is_same(held));
        if accreditations.len() >= MOST {
            accreditations.retain(|held| today <= held.period.until);
        }
        if accreditations.len() >= MOST {
            return (None, Err(Full));
        }
        accreditations.push(accreditation.clone());
        (Some(Kept::forever(Operator { accreditations })), Ok(()))
    });
    accredited.await
}

/// Gives a volunteer a delegation. One for the same case is replaced.
pub(super) async fn delegate(
    records: &Records,
    volunteer: &str,
    delegation: &Delegation,
    now: UnixTime,
) -> Result<Result<(), Full>, Outage> {
    let today = day(now);
    let given = records.change(volunteer, now, |volunteer: Option<Volunteer>| {
        let mut delegations = volunteer.unwrap_or_default().delegations;
        delegations.retain(|held| held.case != delegation.case);
        if delegations.len() >= MOST {
            delegations.retain(|held| today <= held.period.until);
        }
        if delegations.len() >= MOST {
            return (None, Err(Full));
        }
        delegations.push(delegation.clone());
        (Some(Kept::forever(Volunteer { delegations })), Ok(()))
    });
    given.await
}

/// Ends the accreditations of an operator in an area.
pub(super) async fn end(records: &Records, operator: &str, area: &str, now: UnixTime) -> Result<(), Outage> {
    let ended = records.change(operator, now, |operator: Option<Operator>| {
        let mut accreditations = operator.unwrap_or_default().accreditations;
        accreditations.retain(|held| held.area != area);
        (Some(Kept::forever(Operator { accreditations })), ())
    });
    ended.await?;
    let unlisted = records.change(area, now, |staff: Option<Staff>| {
        let mut operators = staff.unwrap_or_default().operators;
        operators.retain(|listed| listed != operator);
        (Some(Kept::forever(Staff { operators })), ())
    });
    unlisted.await
}

/// Returns the operators of an area with their rights.
pub(super) async fn staff(records: &Records, area: &str, now: UnixTime) -> Result<Vec<Actor>, Outage> {
    let Staff { operators } = records.load(area, now).await?.unwrap_or_default();
    let mut staff = Vec::new();
    for operator in operators {
        staff.push(actor(records, &operator, now).await?);
    }
    Ok(staff)
}
