//! The pages. Each is a function of what it shows.

mod account;
mod consent;
mod language;
mod layout;
mod limited;
mod login;
mod outbox;
pub(crate) mod texts;

pub(crate) use account::{account, enrollment};
pub(crate) use consent::{consent, ended, refused};
pub(crate) use language::{Language, Text};
pub(crate) use layout::{Alert, Page, STYLE, Service};
pub(crate) use limited::limited;
pub(crate) use login::{PASSWORD_LOCKED, WRONG_PASSWORD, code, sign_in};
pub(crate) use outbox::outbox;
