use std::error::Error;
use std::fmt;

use secondo::VerifierError;
use sqlx::error::DatabaseError;

/// An error of a statement. The write may have happened all the same.
///
/// It keeps none of the server's texts, because their details can hold rows.
#[derive(Debug)]
pub enum StoreError {
    /// The server answered with an error of this SQLSTATE code.
    Server(String),
    /// There was no connection, or it broke, or its answer could not be read.
    Connection,
    /// The operating system gave no random number. Nothing was sent.
    Random,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(DatabaseError::code);
        code.map_or(Self::Connection, |code| Self::Server(code.into_owned()))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(code) => write!(f, "PostgreSQL answered with SQLSTATE {code}"),
            Self::Connection => f.write_str("the connection to PostgreSQL could not be made or broke"),
            Self::Random => f.write_str("the operating system gave no random number"),
        }
    }
}

impl Error for StoreError {}

/// An error of [`log_in`](crate::log_in), which then is no login.
#[derive(Debug)]
pub enum LoginError<E> {
    /// The verifier did not accept, or its verdict could not be committed.
    Verifier(VerifierError<StoreError>),
    /// The code was correct and is now used. The provider's work with it failed, and is undone.
    Work(E),
}

impl<E> From<sqlx::Error> for LoginError<E> {
    fn from(error: sqlx::Error) -> Self {
        Self::Verifier(VerifierError::Store(error.into()))
    }
}

impl<E> fmt::Display for LoginError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verifier(error) => error.fmt(f),
            Self::Work(_) => f.write_str("the code was accepted, but the provider's work with it failed"),
        }
    }
}

impl<E: Error + 'static> Error for LoginError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Verifier(error) => error.source(),
            Self::Work(error) => Some(error),
        }
    }
}
