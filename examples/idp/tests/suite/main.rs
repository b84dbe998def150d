//! The provider as it is started, and browsers and services that use it.

mod chromium;
mod credentials;
mod oidc;
mod registration;
mod support;
