use secondo::VerifierError;
use secondo::verifier::Accepted;
use sqlx::{Connection, PgConnection, PgPool, query};
use tokio::sync::Mutex;

use crate::{InTransaction, LoginError, StoreError};

/// Verifies a code, and does the provider's work after its acceptance, in one transaction.
///
/// The writes of `verify`, such as a counted failure, are committed whatever `verify` and `work` return. The work is
/// committed only together with the used code. If a statement inside `verify` failed, or the commit did, the result is
/// [`VerifierError::Store`]: neither a login nor a refusal.
///
/// Until the call returns there is no verdict. If its future is dropped, the transaction is rolled back as a whole,
/// unless the commit was already sent.
///
/// `work` should be a few statements, since other logins to the account wait for it. It must not end the transaction.
///
/// # Errors
///
/// Returns [`LoginError::Verifier`] if the verifier did not accept, or if its verdict could not be committed, and
/// [`LoginError::Work`] if `work` failed.
pub async fn log_in<T, E>(
    pool: &PgPool,
    verify: impl AsyncFnOnce(InTransaction<'_>) -> Result<Accepted, VerifierError<StoreError>>,
    work: impl AsyncFnOnce(&mut PgConnection, &Accepted) -> Result<T, E>,
) -> Result<(Accepted, T), LoginError<E>> {
    // At higher levels, a row that another login has changed is an error instead of a conflict.
    let mut transaction = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    let verdict = verify(InTransaction(Mutex::new(&mut transaction))).await;
    // After a failed statement, PostgreSQL answers `COMMIT` with a rollback and no error. The savepoint fails then.
    let mut savepoint = match transaction.begin().await {
        Ok(savepoint) => savepoint,
        Err(aborted) => {
            return Err(match verdict {
                Err(error @ VerifierError::Store(_)) => LoginError::Verifier(error),
                _ => aborted.into(),
            });
        }
    };
    let accepted = match verdict {
        Ok(accepted) => accepted,
        Err(refused) => {
            savepoint.commit().await?;
            transaction.commit().await?;
            return Err(LoginError::Verifier(refused));
        }
    };
    let done = match work(&mut savepoint, &accepted).await {
        // This fails if a statement of the work failed, or if a deferred constraint does not hold.
        Ok(done) => match query("SET CONSTRAINTS ALL IMMEDIATE").execute(&mut *savepoint).await {
            Ok(_) => Ok((accepted, done)),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(LoginError::Work(error)),
    };
    match &done {
        Ok(_) => savepoint.commit().await?,
        Err(_) => savepoint.rollback().await?,
    }
    transaction.commit().await?;
    done
}
