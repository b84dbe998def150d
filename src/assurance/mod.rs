//! Levels of assurance: the level that a login reached, the level that a service requests, and their names.
//!
//! A provider computes the [`level`] of a login from both factors. It writes the level's name ([`acr`]) and the methods
//! ([`amr`]) into its answer. [`Framework`] has the names of levels, [`AcrValues`] and [`Comparison`] judge the request
//! of a service, and [`OutcomeCode`] has the numbers of SPID for logins that fail.
//!
//! A level here is one of authentication. The level of an identity also depends on the proof of that identity.

mod factors;
mod framework;
mod outcome_code;
mod request;
mod requirement;

pub use factors::{FirstFactor, acr, amr, level};
pub use framework::{Framework, LevelNameError};
pub use outcome_code::OutcomeCode;
pub use request::{AcrValues, AcrValuesError, Comparison, ComparisonError};
pub use requirement::{Basis, Exception, LevelRequired, Requirement};
