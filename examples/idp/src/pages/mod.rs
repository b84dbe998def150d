//! The pages. Each is a function of what it shows.

mod admin;
mod audit;
mod consent;
pub(crate) mod credentials;
mod devices;
mod enrollment;
mod language;
mod layout;
mod login;
mod number;
mod outbox;
mod person;
mod problems;
mod recovery_codes;
pub(crate) mod registration;
pub(crate) mod requests;
mod second_factor;
mod security;
mod submission;
pub(crate) mod texts;

pub(crate) use admin::{Locked, activation_code, admin, not_operator};
pub(crate) use audit::{AuditView, audit};
pub(crate) use consent::{consent, ended, refused};
pub(crate) use devices::{LAST_DEVICE, activation, add_device, device};
pub(crate) use enrollment::enrollment;
pub(crate) use language::{Language, Text, start_of_day};
pub(crate) use layout::{Alert, Page, STYLE, Service};
pub(crate) use login::{PASSWORD_LOCKED, WRONG_PASSWORD, sign_in};
pub(crate) use number::{NOT_A_MOBILE, NUMBER_IN_USE, NUMBER_REFUSED, START_AGAIN, confirm_number, number};
pub(crate) use outbox::outbox;
pub(crate) use person::{PersonView, person};
pub(crate) use problems::problem;
pub(crate) use recovery_codes::{new_codes, recovery_codes};
pub(crate) use second_factor::{Attempt, UNSENT, choice, code, recovery, sms};
pub(crate) use security::{Security, again, change_password, not_active, security};
