//! The provider as it is started, and browsers and services that use it.

mod admin;
mod chromium;
mod gepi;
mod oidc;
mod operation;
mod security;
mod support;
