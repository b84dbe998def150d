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
    let operator = fiscal_code(&operator);
    let decided = actor.accredit(operator.as_deref().unwrap_or_default(), &area, visit.today);
    let detail = format!("{profile:?} {from} {until} {}", operator.as_deref().unwrap_or_default());
    visit.record(&actor.fiscal_code, "accredit", &area, decided, detail).await?;
    let Some((operator, period)) = operator.zip(Period::parse(&from, &until)) else {
        return Err(visit.stop(Notice::Area(area, Mistake::CodeOrPeriod)).await);
    };
    let accreditation = Accreditation { area: area.clone(), profile, period };
    if people::accredit(&visit.app.records, &operator, &accreditation, visit.now).await?.is_err() {
        return Err(visit.stop(Notice::Area(area, Mistake::TooMany)).await);
    }
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
    let decided = actor.accredit(&operator, &area, visit.today);
    visit.record(&actor.fiscal_code, "end_accreditation", &area, decided, operator.clone()).await?;
    people::end(&visit.app.records, &operator, &area, visit.now).await?;
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
    let decided = actor.monitor(&area, visit.today);
    visit.record(&actor.fiscal_code, "read_traces", &area, decided, String::new()).await?;
    let (traces, number) = traces::page(&visit.app.records, &area, page, visit.now).await?;
    Ok(visit.show(StatusCode::OK, |sheet| pages::traces(sheet, &area, &traces, number)))
}

impl Visit {
    /// Notes an act in an area in the audit log, and stops it if it is refused.
    async fn record(
        &self,
        operator: &str,
        action: &str,
        area: &str,
        decided: Result<(), Refusal>,
        detail: String,
    ) -> Result<(), Stop> {
        self.app.audit.record(Line {
            time: self.now.as_secs(),
            action: action.to_owned(),
            outcome: decided.map_or_else(Refusal::label, |()| "done").to_owned(),
            operator: Some(operator.to_owned()),
            area: Some(area.to_owned()),
            detail: Some(detail).filter(|detail| !detail.is_empty()),
            ..Line::default()
        });
        match decided {
            Ok(()) => Ok(()),
            Err(refusal) => Err(self.refuse(refusal).await),
        }
    }
}

fn staff_of(area: &str) -> String {
    format!("/gepi/staff?{}", Serializer::new(String::new()).append_pair("area", area).finish())
}
