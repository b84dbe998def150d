//! The provider as it is started, and browsers and services that use it.

mod admin;
mod chromium;
mod gepi;
mod oidc;
mod push;
mod security;
mod support;
mod tls;
