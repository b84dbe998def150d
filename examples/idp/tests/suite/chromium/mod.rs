//! The pages in a real browser. A full run takes both languages for each test.

mod admin;
mod back;
mod cases;
mod codes;
mod compulsion;
mod errors;
mod first_login;
mod gepi;
mod keyboard;
mod lost_phone;
mod phone;
mod push;
mod readme;
mod recovery;
mod registration;
mod security;
mod six_steps;
mod sms;
