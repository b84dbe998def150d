//! The pages. Each is a function of what it shows.

mod account;
mod consent;
mod language;
mod layout;
mod login;
mod number;
mod outbox;
mod second_factor;
pub(crate) mod texts;

pub(crate) use account::{account, enrollment};
pub(crate) use consent::{consent, ended, refused};
pub(crate) use language::{Language, Text};
pub(crate) use layout::{Alert, Page, STYLE, Service};
pub(crate) use login::{PASSWORD_LOCKED, WRONG_PASSWORD, sign_in};
pub(crate) use number::{NOT_A_MOBILE, NUMBER_IN_USE, NUMBER_REFUSED, START_AGAIN, confirm_number, number};
pub(crate) use outbox::outbox;
pub(crate) use second_factor::{Attempt, UNSENT, choice, code, recovery, sms};
