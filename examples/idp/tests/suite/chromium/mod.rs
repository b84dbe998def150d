//! The pages in a real browser, in both languages.

mod codes;
mod first_login;
mod gepi;
mod keyboard;
mod lost_phone;
mod phone;
mod push;
mod six_steps;
mod sms;
