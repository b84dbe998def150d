//! Apps that approve logins, over the same calls as the page of the phone.

mod activation;
mod login;
mod modules;
mod outcomes;
pub(crate) mod phone;
