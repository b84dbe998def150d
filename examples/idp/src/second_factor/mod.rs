//! The second factor of a login: the choice among what the person has, and a page for each.

mod choice;
mod code;
mod number;
mod recovery;
mod sms;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use self::choice::{Step, Ways};
pub(crate) use self::number::NewNumber;
pub(crate) use self::recovery::LOST;
pub(crate) use self::sms::SentTo;
use crate::app::App;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/choice", get(choice::show).post(choice::choose))
        .route("/code", post(code::take))
        .route("/sms", post(sms::send))
        .route("/recovery-code", post(recovery::take))
        .route("/security/number", get(number::show).post(number::take))
        .route("/security/number/send", post(number::send))
        .route("/security/number/code", post(number::confirm))
        .route("/security/number/cancel", post(number::cancel))
}
