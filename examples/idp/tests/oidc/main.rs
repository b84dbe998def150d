//! Logins at services by OpenID Connect, against the provider as it is started, and by clients that others wrote.

mod browser;
mod clients;
mod flow;
mod keys;
mod provider;
mod refusals;
mod service;
