//! Registration, its completion by operators, and the hand-over from other credentials.

pub(crate) mod applicant;
mod completion;
mod consents;
mod documents;
pub(crate) mod handover;
mod refusals;
mod whole;
