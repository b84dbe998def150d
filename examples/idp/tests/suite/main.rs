//! The provider as it is started, and browsers and services that use it.

mod credentials;
mod chromium;
mod oidc;
mod registration;
mod support;
