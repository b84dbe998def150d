//! The pages of the service. Each is a function of what it shows.

mod administration;
mod case;
mod entrance;
mod layout;
mod list;
mod refusal;
mod request_error;
mod texts;

pub(super) use administration::{mistake_of_area, staff, traces};
pub(super) use case::{CaseView, case, mistake, printed};
pub(super) use entrance::{Problem, entrance};
pub(super) use layout::Sheet;
pub(super) use list::{AreaRights, list};
pub(super) use refusal::{refusal, too_weak};
pub(super) use request_error::request_error;
