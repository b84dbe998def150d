//! The provider as it is started, and browsers and services that use it.

mod admin;
mod chromium;
mod credentials;
mod errors;
mod gepi;
mod headers;
mod logs;
mod oidc;
mod operation;
mod push;
mod registration;
mod second_factor;
mod security;
mod support;
mod tls;
