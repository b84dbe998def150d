//! The traces of accesses to cases, by area: pages of records that are kept for 24 months.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::people;
use super::rules::{Action, Case, Ground, Period};
use crate::app::App;
use crate::audit::Line;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The traces of a page: they fit into a record, also when ids take the place of persons who were erased.
const PAGE: usize = 12;
const KEPT_SECS: u64 = 2 * 366 * 24 * 60 * 60;

/// An access to a case, or a refused one.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Trace {
    /// The time in seconds.
    pub(super) at: u64,
    /// The fiscal code of the person.
    pub(super) who: String,
    pub(super) case: String,
    pub(super) action: Action,
    /// The ground, or nothing if the access was refused.
    pub(super) ground: Option<Ground>,
    #[serde(default)]
    pub(super) to: Option<Recipient>,
}

/// The operator to whom a case is assigned, or the volunteer who gets a delegation for it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Recipient {
    pub(super) fiscal_code: String,
    /// The period of the delegation.
    pub(super) period: Option<Period>,
}

impl Recipient {
    /// Returns the recipient for the audit log, which names them by their id.
    async fn detail(&self, app: &App, now: UnixTime) -> Result<String, Outage> {
        let id = people::id_of(app, &self.fiscal_code, now).await?;
        Ok(match self.period {
            Some(Period { from, until }) => format!("{id} {from} {until}"),
            None => id,
        })
    }
}

/// An action on a case that is traced: it was done, or it was refused.
pub(super) struct Act<'a> {
    /// The fiscal code of the person.
    pub(super) who: &'a str,
    pub(super) case: &'a Case,
    pub(super) action: Action,
    pub(super) to: Option<Recipient>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Traces {
    traces: Vec<Trace>,
}

impl Record for Traces {
    const KIND: &'static str = "gepi-traces";
}

/// The number of the page that is being written.
#[derive(Default, Serialize, Deserialize)]
struct Last(u64);

impl Record for Last {
    const KIND: &'static str = "gepi-trace-page";
}

/// Traces an access, with the label of a refusal. What cannot be traced is not shown.
pub(super) async fn record(
    app: &App,
    Act { who, case, action, to }: Act<'_>,
    decided: Result<Ground, &'static str>,
    now: UnixTime,
) -> Result<(), Outage> {
    let citizen = match &case.citizen {
        Some(citizen) => Some(people::id_of(app, citizen, now).await?),
        None => None,
    };
    let detail = match &to {
        Some(to) => Some(to.detail(app, now).await?),
        None => None,
    };
    app.audit.record(Line {
        time: now.as_secs(),
        person: citizen,
        action: format!("case_{}", name(action)),
        outcome: decided.err().unwrap_or("done").to_owned(),
        operator: Some(people::id_of(app, who, now).await?),
        area: Some(case.area.clone()),
        subject: Some(case.id.clone()),
        detail,
        ..Line::default()
    });
    let (at, who, ground) = (now.as_secs(), who.to_owned(), decided.ok());
    let trace = Trace { at, who, case: case.id.clone(), action, ground, to };
    loop {
        let Last(page) = app.records.load(&case.area, now).await?.unwrap_or_default();
        let name = page_name(&case.area, page);
        let written = app.records.change(&name, now, |traces: Option<Traces>| {
            let mut traces = traces.unwrap_or_default();
            if traces.traces.len() >= PAGE {
                return (None, false);
            }
            traces.traces.push(trace.clone());
            (Some(Kept::until(now.saturating_add(KEPT_SECS), traces)), true)
        });
        if written.await? {
            return Ok(());
        }
        // Another access may have begun the next page.
        let next = |last: Option<Last>| {
            let Last(last) = last.unwrap_or_default();
            ((last == page).then(|| Kept::forever(Last(page + 1))), ())
        };
        app.records.change(&case.area, now, next).await?;
    }
}

/// Returns a page of traces, the newest first, and the number of the page. Without a number, it is the last page.
pub(super) async fn page(
    records: &Records,
    area: &str,
    number: Option<u64>,
    now: UnixTime,
) -> Result<(Vec<Trace>, u64), Outage> {
    let Last(last) = records.load(area, now).await?.unwrap_or_default();
    let number = number.map_or(last, |number| number.min(last));
    let Traces { mut traces } = records.load(&page_name(area, number), now).await?.unwrap_or_default();
    traces.reverse();
    Ok((traces, number))
}

/// Returns the name of an action in the audit log.
const fn name(action: Action) -> &'static str {
    match action {
        Action::Open => "open",
        Action::Print => "print",
        Action::Submit => "submit",
        Action::Assign => "assign",
        Action::Delegate => "delegate",
    }
}

fn page_name(area: &str, number: u64) -> String {
    format!("{area} {number}")
}
