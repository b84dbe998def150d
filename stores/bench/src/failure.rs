use secondo::VerifierError;
use secondo_postgres::PostgresStoreError;
use secondo_redb::RedbStoreError;
use secondo_redis::RedisStoreError;

/// The reason that there is no measurement, in one word for the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) &'static str);

impl Failure {
    /// The record was not as its only caller had left it, since an earlier call went on after it had timed out.
    pub(crate) const CONFLICT: Self = Self("conflict");
}

impl<E: Into<Self>> From<VerifierError<E>> for Failure {
    fn from(error: VerifierError<E>) -> Self {
        match error {
            VerifierError::Store(error) => error.into(),
            VerifierError::Contended => Self("contended"),
            VerifierError::Refused(_) => Self("refused"),
            _ => Self("failed"),
        }
    }
}

impl From<RedbStoreError> for Failure {
    fn from(error: RedbStoreError) -> Self {
        Self(error.label())
    }
}

impl From<RedisStoreError> for Failure {
    fn from(error: RedisStoreError) -> Self {
        Self(error.label())
    }
}

impl From<redis::RedisError> for Failure {
    fn from(error: redis::RedisError) -> Self {
        RedisStoreError::from(error).into()
    }
}

impl From<PostgresStoreError> for Failure {
    fn from(error: PostgresStoreError) -> Self {
        Self(error.label())
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        PostgresStoreError::from(error).into()
    }
}
