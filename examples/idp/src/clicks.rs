//! The first of two clicks on a form, whose work may go on while the second one is answered.

use std::time::Duration;

use axum::response::Response;

use crate::http::{Answer, Visit};
use crate::outage::Outage;

/// The number of looks for the end of the first click, and the pause between them.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until the first click is done, for five seconds at most. Returns `false` if it is not done then.
pub(crate) async fn await_first<F: Future<Output = Result<bool, Outage>>>(
    is_done: impl Fn() -> F,
) -> Result<bool, Outage> {
    for _ in 0..LOOKS {
        if is_done().await? {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(false)
}

impl Visit {
    /// Waits until the first click on the form of this request has taken the session further. Returns `false` if it has
    /// not.
    pub(crate) async fn await_first(&self) -> Result<bool, Outage> {
        await_first(|| self.browser.has_gone_on(&self.app.records, self.now)).await
    }

    /// Answers the second of two clicks as the first one: with the same cookie, and with the page that follows the form
    /// or with the answer of a login at a service that has ended.
    ///
    /// A browser drops the answer to the first click when the second one is sent, and the next cookie with it. With the
    /// old cookie alone, the person would have to begin again.
    pub(crate) async fn follow_first(&mut self, page: &str) -> Answer {
        let given = self.given_by_first().await?;
        Ok(given.unwrap_or_else(|| self.go_to(page)))
    }

    /// Goes on with the session as the first of two clicks has left it. Returns the answer of a login at a service that
    /// this click has ended.
    pub(crate) async fn given_by_first(&mut self) -> Result<Option<Response>, Outage> {
        let request = self.browser.session.request.as_ref().map(|request| request.id.clone());
        self.await_first().await?;
        self.browser.follow(&self.app.records, self.now).await?;
        Ok(self.given(request.as_deref()))
    }
}
