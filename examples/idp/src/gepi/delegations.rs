//! The delegations of patronato volunteers, which operators enter.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;

use super::notice::Mistake;
use super::people::{self, fiscal_code};
use super::rules::{Action, Delegation, Period};
use super::traces::{Act, Recipient};
use super::visit::{Answer, Visit};
use crate::app::App;

#[derive(Deserialize)]
pub(super) struct Delegated {
    form: String,
    volunteer: String,
    from: String,
    until: String,
}

/// Gives a volunteer the right to see a file for some time.
pub(super) async fn delegate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(Delegated { form, volunteer, from, until }): Form<Delegated>,
) -> Answer {
    let visit = Visit::of_form(app, &headers).await?;
    let actor = visit.actor().await?;
    visit.check_form(&form)?;
    let (case, ground) = visit.permitted(&actor, &id, Action::Delegate).await?;
    let Some((volunteer, period)) = fiscal_code(&volunteer).zip(Period::parse(&from, &until)) else {
        return Err(visit.mistake(&actor, &case, Action::Delegate, Mistake::CodeOrPeriod).await);
    };
    let to = Some(Recipient { fiscal_code: volunteer.clone(), period: Some(period) });
    let act = Act { who: &actor.fiscal_code, case: &case, action: Action::Delegate, to };
    if let Err(refusal) = actor.delegate(&volunteer, &case, visit.today) {
        visit.trace(act, Err(refusal.label())).await?;
        return Err(visit.refuse(refusal).await);
    }
    let delegation = Delegation { case: id.clone(), period, by: actor.fiscal_code.clone() };
    if people::delegate(&visit.app.records, &volunteer, &delegation, visit.now).await?.is_err() {
        return Err(visit.mistake(&actor, &case, Action::Delegate, Mistake::TooMany).await);
    }
    visit.trace(act, Ok(ground)).await?;
    Ok(visit.go_to(&format!("/gepi/case/{id}")))
}
