//! The page that says why something is not done. After a form, it is a page of its own, which the back button can show.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::levels::TooWeak;
use super::pages::{self, Problem};
use super::rules::Refusal;
use super::visit::{Answer, Stop, Visit};
use crate::app::App;

/// The address of the page after a form.
pub(super) const PAGE: &str = "/gepi/notice";

/// A reason for which something is not done.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Notice {
    /// The person did not come in.
    Entrance(Problem),
    /// The login is too weak for the person's rights.
    TooWeak(TooWeak),
    /// The rules do not permit the action.
    Refusal(Refusal),
    /// A form of this case was not filled in well.
    Case(String, Mistake),
    /// A form of this area was not filled in well.
    Area(String, Mistake),
}

/// A mistake in a form.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum Mistake {
    EntryLength,
    CaseFull,
    CodeOrPeriod,
    TooMany,
}

impl Mistake {
    /// Returns the name of the mistake for the audit log.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::EntryLength => "entry_length",
            Self::CaseFull => "case_full",
            Self::CodeOrPeriod => "code_or_period",
            Self::TooMany => "too_many",
        }
    }
}

/// Shows the reason for which the last form was refused, once.
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let Some(notice) = visit.session.notice.take() else { return Ok(visit.go_to("/gepi")) };
    visit.note(None).await?;
    Ok(visit.show_notice(StatusCode::OK, &notice))
}

impl Visit {
    /// Stops a request with a page about the reason.
    pub(super) async fn stop(&self, notice: Notice) -> Stop {
        if !self.is_form {
            return Stop::Page(Box::new(self.show_notice(StatusCode::FORBIDDEN, &notice)));
        }
        match self.note(Some(notice)).await {
            Ok(()) => Stop::Page(Box::new(self.go_to(PAGE))),
            Err(outage) => Stop::Outage(outage),
        }
    }

    /// Stops an action that is not permitted.
    pub(super) async fn refuse(&self, refusal: Refusal) -> Stop {
        self.stop(Notice::Refusal(refusal)).await
    }

    fn show_notice(&self, status: StatusCode, notice: &Notice) -> Response {
        match notice {
            Notice::Entrance(problem) => self.entrance(status, Some(*problem)),
            Notice::TooWeak(too_weak) => self.show(status, |sheet| pages::too_weak(sheet, *too_weak)),
            Notice::Refusal(refusal) => self.show(status, |sheet| pages::refusal(sheet, *refusal)),
            Notice::Case(id, mistake) => self.show(status, |sheet| pages::mistake(sheet, id, *mistake)),
            Notice::Area(area, mistake) => self.show(status, |sheet| pages::mistake_of_area(sheet, area, *mistake)),
        }
    }
}
