//! Tests of accounts with attackers who know the password.
#![cfg(feature = "std")]

mod attacker;
mod enrollments;
#[cfg(feature = "push")]
mod every_kind;
mod guesses;
mod hsm;
mod matches;
#[cfg(feature = "push")]
mod oracle;
mod repeats;
#[cfg(feature = "push")]
mod thief;

/// The documented number of guesses before a lock.
const GUESSES: usize = 5;
/// The documented number of enrollments that may begin at once, and of those that may begin each further day.
const ENROLLMENTS: usize = 8;
const ENROLLMENTS_A_DAY: usize = 2;
