pub(crate) mod browser;
pub(crate) mod chromium;
pub(crate) mod installed;
pub(crate) mod page;
pub(crate) mod provider;
pub(crate) mod service;
