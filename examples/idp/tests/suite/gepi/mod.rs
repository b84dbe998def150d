//! The sample service behind the provider.

mod entrance;
mod levels;
pub(crate) mod people;
mod traces;
mod work;
