//! Commands of the operator, limits, metrics, loads, and the end of the process.

mod audit;
mod backup;
mod commands;
mod engines;
mod help_desk;
mod import;
mod keys;
mod load;
mod monitoring;
