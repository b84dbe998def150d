//! The audit log by person, area and period.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use serde::Deserialize;

use crate::app::App;
use crate::audit::Line;
use crate::audit_search::Search;
use crate::gepi;
use crate::http::{Answer, Visit};
use crate::pages::{self, AuditView, Text, start_of_day};

/// The fields of the search. An empty one is not searched for.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    /// The id of the person, from the page of the person.
    pub(crate) person: String,
    pub(crate) area: String,
    /// The first and the last day, such as `2026-02-28`.
    pub(crate) from: String,
    pub(crate) until: String,
    /// The block before which the search goes on.
    pub(crate) before: Option<u64>,
}

const DAY_REFUSED: Text = Text(
    "Scrivi i giorni come 2026-02-28, il primo non dopo l'ultimo.",
    "Type the days like 2026-02-28, the first one not after the last one.",
);

pub(crate) async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Query(fields): Query<Fields>) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let operator = match visit.operator("/admin/audit") {
        Ok(operator) => operator,
        Err(stopped) => return Ok(*stopped),
    };
    let Some(mut search) = fields.search() else {
        let alert = visit.warning(DAY_REFUSED);
        let view = AuditView { fields: &fields, lines: &[], older: None };
        return Ok(visit.show(StatusCode::UNPROCESSABLE_ENTITY, |page| pages::audit(page, &view, Some(&alert))));
    };
    if let Some(typed) = &search.person
        && let Some(id) = gepi::known_id(&visit.app, typed, visit.now).await?
    {
        // Lines have the id and no name, that of this search included.
        search.person = Some(id);
    }
    visit.app.audit.record(Line {
        time: visit.now.as_secs(),
        person: search.person.clone().filter(|id| id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit())),
        action: "audit_view".into(),
        outcome: "done".into(),
        operator: Some(operator.id.clone()),
        area: search.area.clone(),
        ..Line::default()
    });
    let found = visit.app.audit.search(&search, fields.before, visit.now).await?;
    let view = AuditView { fields: &fields, lines: &found.lines, older: found.older };
    Ok(visit.show(StatusCode::OK, |page| pages::audit(page, &view, None)))
}

impl Fields {
    /// Returns the search, or `None` if the days are no period.
    fn search(&self) -> Option<Search> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let from = match given(&self.from) {
            Some(day) => start_of_day(day.parse().ok()?)?,
            None => 0,
        };
        let until = match given(&self.until) {
            Some(day) => start_of_day(day.parse::<Date>().ok()?.tomorrow().ok()?)? - 1,
            None => u64::MAX,
        };
        (from <= until).then_some(Search { person: given(&self.person), area: given(&self.area), from, until })
    }

    /// Returns the query of a search that goes on before a block.
    pub(crate) fn before(&self, block: u64) -> String {
        let block = block.to_string();
        let pairs = [
            ("person", &self.person),
            ("area", &self.area),
            ("from", &self.from),
            ("until", &self.until),
            ("before", &block),
        ];
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }
}
