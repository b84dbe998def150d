//! The pages in a real browser, in both languages.

mod back;
mod first_login;
mod gepi;
mod phone;
