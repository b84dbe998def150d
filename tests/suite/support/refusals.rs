//! The refusals that tests expect.

use std::fmt::Debug;

use secondo::account::AccountError;
use secondo::decision::Hold;
use secondo::{Refusal, VerifierError};

pub(crate) fn refusal<T: Debug, E: Debug>(result: Result<T, VerifierError<E>>) -> Refusal {
    match result {
        Err(VerifierError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, not {other:?}"),
    }
}

pub(crate) fn account_error<T: Debug, E: Debug>(result: Result<T, VerifierError<E>>) -> AccountError {
    match result {
        Err(VerifierError::Account(error)) => error,
        other => panic!("expected an error of the account, not {other:?}"),
    }
}

pub(crate) fn wrong(remaining: u8) -> Refusal {
    Refusal::Wrong { remaining, hold: Hold::None }
}

pub(crate) fn replayed(remaining: u8) -> Refusal {
    Refusal::Replayed { remaining, hold: Hold::None }
}
