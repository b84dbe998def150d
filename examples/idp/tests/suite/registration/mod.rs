//! Registration, its completion by operators, and the hand-over from other credentials.

pub(crate) mod applicant;
mod completion;
mod documents;
mod handover;
mod refusals;
mod whole;
