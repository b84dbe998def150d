//! The pages. Each is a function of what it shows.

mod account;
mod consent;
mod layout;
mod login;
mod texts;

pub(crate) use account::{account, enrollment};
pub(crate) use consent::{consent, ended, refused};
pub(crate) use layout::{Alert, Page, STYLE, Service};
pub(crate) use login::{code, sign_in};
pub(crate) use texts::Language;
