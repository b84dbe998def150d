use core::fmt;

use secondo::store::{Entry, Exchange, Revision, Store, Value};
use secondo::{AuthenticatorId, UnixTime, VerifierError};
use tokio_postgres::{IsolationLevel, Transaction};

use crate::connection::{Connection, Statements};
use crate::{PostgresStore, PostgresStoreError, TransactionError};

/// Keeps what `verify` stored, whatever `work` does. It fails in a transaction in which a statement failed, where a
/// `COMMIT` would roll back and be answered as if all were well.
const DECIDED: &str = "SAVEPOINT secondo";
/// Fails if `work` left something that cannot be committed, while the decision still can.
const DONE: &str = "SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT secondo";
const UNDO: &str = "ROLLBACK TO SAVEPOINT secondo";

impl PostgresStore {
    /// Verifies, and does what the provider does with an accepted code, in one transaction: both are there or neither.
    ///
    /// `verify` is given the store within the transaction, for one or more verifiers. What they stored is committed,
    /// whatever it returns: an error after a wrong code does not make the guess free. What it returns is out when it is
    /// committed:
    ///
    /// | `verify` | `work` | in the database | returned |
    /// |---|---|---|---|
    /// | `Ok` | `Ok` | the code is used, the work is done | both results |
    /// | `Ok` | `Err` | the code is used, the work is undone | [`TransactionError::Work`] |
    /// | `Err`, a refusal or another | not called | what was stored until then, such as counted attempts | [`TransactionError::Verifier`] with this error |
    /// | any, and a statement failed | not called | nothing | [`TransactionError::Verifier`] with [`VerifierError::Store`] |
    ///
    /// The last row also holds where `verify` ignores the error of the statement. A call that is dropped or that times
    /// out is rolled back as well, unless its commit was sent: it tells no verdict.
    ///
    /// A commit that fails, or of which nothing is known, is [`VerifierError::Store`]: neither a login nor a refusal.
    /// All of it must end within the [timeout](crate::PostgresOptions::with_timeout). It has one of the store's
    /// connections, and from the verdict on, others with codes for the same authenticator wait for it: `work` should be
    /// a few statements, and must not end the transaction. A deferred constraint is checked when `work` is done.
    ///
    /// What `work` leaves on the session reaches no other call: settings, the role, cursors, temporary tables, advisory
    /// locks and channels are undone, in one more round trip. A session whose prepared statements it changed with
    /// `PREPARE` or `DEALLOCATE` is closed.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     store: secondo_postgres::PostgresStore, keys: std::sync::Arc<secondo::seal::KeyRing>,
    /// #     policy: secondo::Policy, id: secondo::AuthenticatorId, code: &str, now: secondo::UnixTime, session: &str,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use secondo::Verifier;
    /// use secondo_postgres::tokio_postgres::Error;
    ///
    /// let (accepted, rows) = store
    ///     .transaction(
    ///         async |store| Verifier::new(store, keys, policy).verify(&id, code, now).await,
    ///         async |transaction, _accepted| {
    ///             let login = "INSERT INTO login (session, subscriber) VALUES ($1, $2)";
    ///             Ok::<_, Error>(transaction.execute(login, &[&session, &id.as_str()]).await?)
    ///         },
    ///     )
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TransactionError`].
    pub async fn transaction<V, T, E>(
        &self,
        verify: impl AsyncFnOnce(InTransaction<'_>) -> Result<V, VerifierError<PostgresStoreError>>,
        work: impl AsyncFnOnce(&Transaction<'_>, &V) -> Result<T, E>,
    ) -> Result<(V, T), TransactionError<E>> {
        let place = self.pool.place().await?;
        let login = async {
            let mut connection = place.connection().await?;
            let result = log_in(&mut connection, verify, work).await?;
            Ok::<_, TransactionError<E>>((connection, result))
        };
        let (connection, result) = place.in_time(login).await?;
        // The result is committed, whatever becomes of the connection.
        place.clean_and_keep(connection).await;
        result
    }
}

/// The outer error costs the connection, and with it what is not committed.
async fn log_in<V, T, E>(
    connection: &mut Connection,
    verify: impl AsyncFnOnce(InTransaction<'_>) -> Result<V, VerifierError<PostgresStoreError>>,
    work: impl AsyncFnOnce(&Transaction<'_>, &V) -> Result<T, E>,
) -> Result<Result<(V, T), TransactionError<E>>, TransactionError<E>> {
    let Connection { client, statements, is_used_by_provider, .. } = connection;
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
    let verdict = verify(InTransaction { transaction: &transaction, statements }).await;
    if let Err(aborted) = transaction.batch_execute(DECIDED).await {
        return Err(match verdict {
            // The failed statement's own error says more.
            Err(error @ VerifierError::Store(_)) => TransactionError::Verifier(error),
            _ => aborted.into(),
        });
    }
    let accepted = match verdict {
        Ok(accepted) => accepted,
        Err(error) => {
            transaction.commit().await?;
            return Ok(Err(TransactionError::Verifier(error)));
        }
    };
    *is_used_by_provider = true;
    let result = match work(&transaction, &accepted).await {
        Ok(done) => match transaction.batch_execute(DONE).await {
            Ok(()) => Ok((accepted, done)),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(TransactionError::Work(error)),
    };
    if result.is_err() {
        transaction.batch_execute(UNDO).await?;
    }
    transaction.commit().await?;
    Ok(result)
}

/// The store within a [transaction](PostgresStore::transaction), for the verifier that decides there.
#[derive(Clone, Copy)]
pub struct InTransaction<'a> {
    transaction: &'a Transaction<'a>,
    statements: &'a Statements,
}

impl Store for InTransaction<'_> {
    type Error = PostgresStoreError;

    async fn load(&self, id: &AuthenticatorId) -> Result<Option<Entry>, PostgresStoreError> {
        self.statements.load(self.transaction.client(), id).await
    }

    async fn compare_exchange(
        &self,
        id: &AuthenticatorId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, PostgresStoreError> {
        self.statements.exchange(self.transaction.client(), id, expected, &value, expiry).await
    }
}

impl fmt::Debug for InTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InTransaction(..)")
    }
}
