use std::sync::Arc;

use axum::http::HeaderMap;
use maud::Markup;

use super::pages::{Sheet, request_error};
use super::visit::Visit;
use crate::app::App;
use crate::errors::RequestError;
use crate::pages::Language;

/// Returns the page of the service about a request that failed. `again` is the page with the form that was sent.
pub(crate) async fn explain(app: &Arc<App>, headers: &HeaderMap, error: RequestError, again: Option<&str>) -> Markup {
    // The store may be the reason of an outage.
    if error != RequestError::Unavailable
        && let Ok(visit) = Visit::of(Arc::clone(app), headers).await
    {
        return visit.render(|sheet| request_error(sheet, error, again));
    }
    let sheet = Sheet { language: Language::accepted(headers), form_token: "", name: None };
    request_error(&sheet, error, again)
}
