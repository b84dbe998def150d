//! Commands of the operator, limits, metrics, loads, and the end of the process.

pub(crate) mod audit;
mod backup;
pub(crate) mod commands;
mod configuration;
mod engines;
mod environment;
mod first_operator;
mod help_desk;
mod import;
mod keys;
mod load;
mod monitoring;
