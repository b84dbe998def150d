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
    let is_outage = error == RequestError::Unavailable;
    match if is_outage { None } else { Visit::of(Arc::clone(app), headers).await.ok() } {
        Some(visit) => visit.render(|sheet| request_error(sheet, error, again)),
        None => {
            let sheet = Sheet { language: Language::accepted(headers), form_token: "", name: None };
            request_error(&sheet, error, again)
        }
    }
}
