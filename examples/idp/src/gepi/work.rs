//! The work on cases. Each request is decided by the rules, and traced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::cases;
use super::notice::{Mistake, Notice};
use super::pages::{self, AreaRights, CaseView};
use super::people::{self, fiscal_code};
use super::rules::{Action, Actor, Case, Ground, Refusal};
use super::traces::{self, Act, Recipient};
use super::visit::{Answer, Stop, Visit};
use crate::app::App;
use crate::outage::Outage;

/// The greatest number of characters of an entry, so that it fits into a record.
const LONGEST_ENTRY: usize = 500;

/// Lists the cases that the person may open.
pub(super) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let actor = visit.actor().await?;
    let cases = visit.cases(&actor).await?;
    let areas: BTreeSet<_> = actor.in_force(visit.today).map(|held| held.area.as_str()).collect();
    let area = |name| AreaRights {
        name,
        can_administer: actor.administer(name, visit.today).is_ok(),
        can_monitor: actor.monitor(name, visit.today).is_ok(),
    };
    let areas: Vec<_> = areas.into_iter().map(area).collect();
    Ok(visit.show(StatusCode::OK, |sheet| pages::list(sheet, &actor, visit.today, &cases, &areas)))
}

pub(super) async fn open(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let actor = visit.actor().await?;
    let (case, ground) = visit.access(&actor, &id, Action::Open).await?;
    let entries = cases::entries(&visit.app.records, &id, visit.now).await?;
    let permits = |action| actor.permit(action, &case, visit.today).is_ok();
    let can_assign = permits(Action::Assign);
    let takers = if can_assign {
        let staff = people::staff(&visit.app.records, &case.area, visit.now).await?;
        staff.into_iter().filter(|operator| operator.can_take(&case, visit.today).is_ok()).collect()
    } else {
        Vec::new()
    };
    let view = CaseView {
        case: &case,
        entries: &entries,
        ground,
        can_submit: permits(Action::Submit),
        can_delegate: permits(Action::Delegate),
        can_assign,
        takers: &takers,
    };
    Ok(visit.show(StatusCode::OK, |sheet| pages::case(sheet, &view)))
}

/// Shows a case as it is printed.
pub(super) async fn print(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let actor = visit.actor().await?;
    let (case, _) = visit.access(&actor, &id, Action::Print).await?;
    let entries = cases::entries(&visit.app.records, &id, visit.now).await?;
    Ok(visit.show(StatusCode::OK, |sheet| pages::printed(sheet, &case, &entries)))
}

#[derive(Deserialize)]
pub(super) struct Submission {
    form: String,
    text: String,
}

/// Adds an entry to a case.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(Submission { form, text }): Form<Submission>,
) -> Answer {
    let visit = Visit::of_form(app, &headers).await?;
    let actor = visit.actor().await?;
    visit.check_form(&form)?;
    let (case, ground) = visit.permitted(&actor, &id, Action::Submit).await?;
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_ENTRY {
        return Err(visit.mistake(&actor, &case, Action::Submit, Mistake::EntryLength).await);
    }
    let entry = cases::Entry { at: visit.now.as_secs(), by: actor.fiscal_code.clone(), text: text.to_owned() };
    if !cases::submit(&visit.app.records, &id, &entry, visit.now).await? {
        return Err(visit.mistake(&actor, &case, Action::Submit, Mistake::CaseFull).await);
    }
    visit.trace(actor.act(&case, Action::Submit), Ok(ground)).await?;
    Ok(visit.go_to(&format!("/gepi/case/{id}")))
}

#[derive(Deserialize)]
pub(super) struct Assignment {
    form: String,
    operator: String,
}

/// Assigns a case to an operator of its area.
pub(super) async fn assign(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(Assignment { form, operator }): Form<Assignment>,
) -> Answer {
    let visit = Visit::of_form(app, &headers).await?;
    let actor = visit.actor().await?;
    visit.check_form(&form)?;
    let (case, ground) = visit.permitted(&actor, &id, Action::Assign).await?;
    let taker = people::actor(&visit.app.records, &operator, visit.now).await?;
    let to = fiscal_code(&operator).map(|fiscal_code| Recipient { fiscal_code, period: None });
    let act = Act { who: &actor.fiscal_code, case: &case, action: Action::Assign, to };
    if let Err(refusal) = taker.can_take(&case, visit.today) {
        visit.trace(act, Err(refusal.label())).await?;
        return Err(visit.refuse(refusal).await);
    }
    cases::assign(&visit.app.records, &id, &operator, visit.now).await?;
    visit.trace(act, Ok(ground)).await?;
    Ok(visit.go_to(&format!("/gepi/case/{id}")))
}

impl Actor {
    /// Returns an act on a case that gives nobody else anything.
    fn act<'a>(&'a self, case: &'a Case, action: Action) -> Act<'a> {
        Act { who: &self.fiscal_code, case, action, to: None }
    }
}

impl Visit {
    /// Returns a case if the person may see it so, and traces the access or its refusal.
    async fn access(&self, actor: &Actor, id: &str, action: Action) -> Result<(Case, Ground), Stop> {
        let (case, ground) = self.permitted(actor, id, action).await?;
        self.trace(actor.act(&case, action), Ok(ground)).await?;
        Ok((case, ground))
    }

    /// Returns a case if the person may do this, and traces a refusal. The action is traced once it is done.
    pub(super) async fn permitted(&self, actor: &Actor, id: &str, action: Action) -> Result<(Case, Ground), Stop> {
        let Some(case) = cases::load(&self.app.records, id, self.now).await? else {
            return Err(self.refuse(Refusal::NotYours).await);
        };
        match actor.permit(action, &case, self.today) {
            Ok(ground) => Ok((case, ground)),
            Err(refusal) => {
                self.trace(actor.act(&case, action), Err(refusal.label())).await?;
                Err(self.refuse(refusal).await)
            }
        }
    }

    /// Stops a form about a case that was not filled in well, and traces it as refused.
    pub(super) async fn mistake(&self, actor: &Actor, case: &Case, action: Action, mistake: Mistake) -> Stop {
        match self.trace(actor.act(case, action), Err(mistake.label())).await {
            Ok(()) => self.stop(Notice::Case(case.id.clone(), mistake)).await,
            Err(outage) => outage.into(),
        }
    }

    /// Traces an act that was done on a ground, or that was refused.
    pub(super) async fn trace(&self, act: Act<'_>, decided: Result<Ground, &'static str>) -> Result<(), Outage> {
        traces::record(&self.app, act, decided, self.now).await
    }

    /// Returns the cases that the person may open, by id.
    async fn cases(&self, actor: &Actor) -> Result<BTreeMap<String, Case>, Outage> {
        let (records, now) = (&self.app.records, self.now);
        let mut cases = cases::of(records, &actor.fiscal_code, now).await?;
        let areas: BTreeSet<_> = actor.in_force(self.today).map(|held| &held.area).collect();
        for area in areas {
            cases.extend(cases::of(records, area, now).await?);
        }
        for delegation in &actor.delegations {
            cases.extend(cases::load(records, &delegation.case, now).await?);
        }
        cases.retain(|case| actor.permit(Action::Open, case, self.today).is_ok());
        Ok(cases.into_iter().map(|case| (case.id.clone(), case)).collect())
    }
}
