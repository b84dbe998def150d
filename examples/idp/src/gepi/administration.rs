//! The administration of an area: its operators, and the traces of accesses.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::notice::{Mistake, Notice};
use super::pages;
use super::people::{self, fiscal_code};
use super::rules::{Accreditation, Period, Profile, Refusal};
use super::traces;
use super::visit::{Answer, Stop, Visit};
use crate::app::App;
use crate::audit::Line;

#[derive(Deserialize)]
pub(super) struct Area {
    area: String,
    page: Option<u64>,
}

/// Shows the operators of an area to its administrator.
pub(super) async fn staff(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(Area { area, .. }): Query<Area>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let actor = visit.actor().await?;
    if let Err(refusal) = actor.administer(&area, visit.today) {
        return Err(visit.refuse(refusal).await);
    }
    let staff = people::staff(&visit.app.records, &area, visit.now).await?;
    Ok(visit.show(StatusCode::OK, |sheet| pages::staff(sheet, &area, &actor.fiscal_code, &staff)))
}

#[derive(Deserialize)]
pub(super) struct Accredit {
    form: String,
    area: String,
    operator: String,
    profile: Profile,
    from: String,
    until: String,
}

/// Accredits an operator for a profile.
pub(super) async fn accredit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Accredit { form, area, operator, profile, from, until }): Form<Accredit>,
) -> Answer {
    let visit = Visit::of_form(app, &headers).await?;
    let actor = visit.actor().await?;
    visit.check_form(&form)?;
    let id = people::id_of(&visit.app, &actor.fiscal_code, visit.now).await?;
    let act = Act { operator: &id, action: "accredit", area: &area };
    let operator = fiscal_code(&operator);
    if let Err(refusal) = actor.accredit(operator.as_deref().unwrap_or_default(), &area, visit.today) {
        return Err(visit.refused(&act, refusal).await);
    }
    let Some((operator, period)) = operator.zip(Period::parse(&from, &until)) else {
        return Err(visit.mistaken(&act, Mistake::CodeOrPeriod).await);
    };
    let accreditation = Accreditation { area: area.clone(), profile, period };
    if people::accredit(&visit.app.records, &operator, &accreditation, visit.now).await?.is_err() {
        return Err(visit.mistaken(&act, Mistake::TooMany).await);
    }
    let operator = people::id_of(&visit.app, &operator, visit.now).await?;
    visit.record(&act, "done", Some(format!("{profile:?} {} {} {operator}", period.from, period.until)));
    Ok(visit.go_to(&staff_of(&area)))
}

#[derive(Deserialize)]
pub(super) struct End {
    form: String,
    area: String,
    operator: String,
}

/// Ends the accreditations of an operator in an area.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(End { form, area, operator }): Form<End>,
) -> Answer {
    let visit = Visit::of_form(app, &headers).await?;
    let actor = visit.actor().await?;
    visit.check_form(&form)?;
    let id = people::id_of(&visit.app, &actor.fiscal_code, visit.now).await?;
    let act = Act { operator: &id, action: "end_accreditation", area: &area };
    let operator = fiscal_code(&operator);
    if let Err(refusal) = actor.accredit(operator.as_deref().unwrap_or_default(), &area, visit.today) {
        return Err(visit.refused(&act, refusal).await);
    }
    let Some(operator) = operator else {
        return Err(visit.mistaken(&act, Mistake::CodeOrPeriod).await);
    };
    people::end(&visit.app.records, &operator, &area, visit.now).await?;
    visit.record(&act, "done", Some(people::id_of(&visit.app, &operator, visit.now).await?));
    Ok(visit.go_to(&staff_of(&area)))
}

/// Shows the accesses to the cases of an area.
pub(super) async fn traces(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(Area { area, page }): Query<Area>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let actor = visit.actor().await?;
    let id = people::id_of(&visit.app, &actor.fiscal_code, visit.now).await?;
    let act = Act { operator: &id, action: "read_traces", area: &area };
    if let Err(refusal) = actor.monitor(&area, visit.today) {
        return Err(visit.refused(&act, refusal).await);
    }
    let (traces, number) = traces::page(&visit.app.records, &area, page, visit.now).await?;
    visit.record(&act, "done", None);
    Ok(visit.show(StatusCode::OK, |sheet| pages::traces(sheet, &area, &traces, number)))
}

/// An act in an area, for the audit log.
struct Act<'a> {
    operator: &'a str,
    action: &'a str,
    area: &'a str,
}

impl Visit {
    /// Notes an act in the audit log. The outcome is known: the act is done, or refused with this label.
    fn record(&self, act: &Act<'_>, outcome: &str, detail: Option<String>) {
        self.app.audit.record(Line {
            time: self.now.as_secs(),
            action: act.action.to_owned(),
            outcome: outcome.to_owned(),
            operator: Some(act.operator.to_owned()),
            area: Some(act.area.to_owned()),
            detail,
            ..Line::default()
        });
    }

    /// Notes and stops an act that the rules do not permit.
    async fn refused(&self, act: &Act<'_>, refusal: Refusal) -> Stop {
        self.record(act, refusal.label(), None);
        self.refuse(refusal).await
    }

    /// Notes and stops an act whose form was not filled in well.
    async fn mistaken(&self, act: &Act<'_>, mistake: Mistake) -> Stop {
        self.record(act, mistake.label(), None);
        self.stop(Notice::Area(act.area.to_owned(), mistake)).await
    }
}

fn staff_of(area: &str) -> String {
    format!("/gepi/staff?{}", Serializer::new(String::new()).append_pair("area", area).finish())
}
