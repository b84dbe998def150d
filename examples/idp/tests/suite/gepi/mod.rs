//! The sample service behind the provider.

mod entrance;
mod levels;
mod people;
mod work;
