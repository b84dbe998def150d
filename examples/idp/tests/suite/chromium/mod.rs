//! The pages in a real browser, in both languages.

mod first_login;
mod gepi;
mod phone;
mod six_steps;
