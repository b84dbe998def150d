//! The person ends sessions.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use secondo::UnixTime;
use serde::Deserialize;

use crate::app::App;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::open_sessions;
use crate::outage::Outage;
use crate::pages::Text;

#[derive(Deserialize)]
pub(crate) struct Ended {
    form: String,
    /// The name of a session, or `others`.
    session: String,
}

/// Ends one session, or all but this one.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ended { form, session }): Form<Ended>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let id = match visit.owner() {
        Ok(person) => person.id.clone(),
        Err(stopped) => return Ok(*stopped),
    };
    if form != visit.browser.form_token() {
        return Ok(visit.go_to("/security"));
    }
    let own = visit.browser.name();
    let is_ended = if session == "others" {
        visit.end_other_sessions(&id, visit.now).await?
    } else {
        let is_chosen = |name: &str| name == session && name != own;
        open_sessions::end(&visit.app.records, &id, is_chosen, visit.now).await?
    };
    if !is_ended {
        return Ok(visit.go_to("/security"));
    }
    visit.app.audit.record(Line {
        time: visit.now.as_secs(),
        person: Some(id),
        action: "session_end".into(),
        outcome: "done".into(),
        ..Line::default()
    });
    visit.changed(ENDED, "/security").await
}

const ENDED: Notice = Notice {
    subject: Text("Sessioni chiuse", "Sessions ended"),
    text: Text(
        "Altre sessioni delle tue pagine personali sono state chiuse.",
        "Other sessions of your own pages were ended.",
    ),
};

impl Visit {
    /// Ends the sessions of the person but this one. Returns `false` if there were none.
    pub(crate) async fn end_other_sessions(&mut self, person: &str, now: UnixTime) -> Result<bool, Outage> {
        let app = Arc::clone(&self.app);
        let held = app.persons.load(person, now).await?.ok_or(Outage("missing_person"))?;
        // Stored before the others end, so that the second of two clicks does not find this session over.
        self.begin_at(held.next_end(now)).await?;
        let since = app.persons.end_sessions(person, now).await?;
        if since != self.browser.session.began {
            self.begin_at(since).await?;
        }
        let own = self.browser.name();
        open_sessions::end(&app.records, person, |name| name != own, now).await
    }

    /// Keeps this session as one that began at this time in seconds.
    async fn begin_at(&mut self, time: u64) -> Result<(), Outage> {
        self.browser.session.began = time;
        self.browser.keep(&self.app.records, self.now).await
    }
}
