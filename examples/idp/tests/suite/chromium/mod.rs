//! The pages in a real browser, in both languages.

mod admin;
mod cases;
mod compulsion;
mod first_login;
mod gepi;
mod phone;
mod recovery;
mod registration;
mod security;
mod six_steps;
