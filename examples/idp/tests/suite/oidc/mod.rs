//! Logins at services by OpenID Connect, and by clients that others wrote.

mod attributes;
mod clicks;
mod clients;
mod first_app;
mod flow;
mod keys;
mod max_age;
mod own_pages;
mod refusals;
mod tabs;
