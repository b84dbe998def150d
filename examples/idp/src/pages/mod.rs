//! The pages. Each is a function of what it shows.

mod admin;
mod audit;
mod consent;
mod devices;
mod enrollment;
mod language;
mod layout;
mod limited;
mod login;
mod outbox;
mod person;
mod recovery_codes;
mod security;
pub(crate) mod texts;

pub(crate) use admin::{Locked, activation_code, admin, not_operator};
pub(crate) use audit::{AuditView, audit};
pub(crate) use consent::{consent, ended, refused};
pub(crate) use devices::{LAST_DEVICE, activation, add_device, device};
pub(crate) use enrollment::enrollment;
pub(crate) use language::{Language, Text, start_of_day};
pub(crate) use layout::{Alert, Page, STYLE, Service};
pub(crate) use limited::limited;
pub(crate) use login::{PASSWORD_LOCKED, WRONG_PASSWORD, code, sign_in};
pub(crate) use outbox::outbox;
pub(crate) use person::{PersonView, person};
pub(crate) use recovery_codes::{new_codes, recovery_codes};
pub(crate) use security::{PASSWORD_RULES, Security, again, change_password, not_active, security};
