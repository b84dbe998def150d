pub(crate) mod browser;
pub(crate) mod page;
pub(crate) mod provider;
pub(crate) mod service;
