//! The pages. Each is a function of what it shows.

mod account;
mod consent;
pub(crate) mod credentials;
mod language;
mod layout;
mod login;
mod outbox;
mod problems;
pub(crate) mod registration;
pub(crate) mod requests;
mod submission;
pub(crate) mod texts;

pub(crate) use account::{account, enrollment};
pub(crate) use consent::{consent, ended, refused};
pub(crate) use language::{Language, Text};
pub(crate) use layout::{Alert, Page, STYLE, Service};
pub(crate) use login::{PASSWORD_LOCKED, WRONG_PASSWORD, code, sign_in};
pub(crate) use outbox::outbox;
