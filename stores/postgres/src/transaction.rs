use core::fmt;

use secondo::store::{Entry, Exchange, Revision, Store, Value};
use secondo::{AccountId, UnixTime, VerifierError};
use tokio_postgres::{IsolationLevel, Transaction};

use crate::connection::{Connection, Statements};
use crate::outbox::{Collected, Outbox};
use crate::{PostgresStore, PostgresStoreError, TransactionError};

/// The statement after `verify` and its events, which keeps both whatever `work` does.
///
/// It fails if a statement before it failed. A `COMMIT` would then roll back without returning an error.
const DECIDED: &str = "SAVEPOINT secondo";
/// The statement after `work`. It fails if the work cannot be committed, while the decision still can be.
const DONE: &str = "SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT secondo";
/// The statement that undoes the work and keeps the decision.
const UNDO: &str = "ROLLBACK TO SAVEPOINT secondo";

impl PostgresStore {
    /// Verifies a code, and does the provider's work after its acceptance, in one transaction.
    ///
    /// `verify` receives the store inside the transaction, for use by one or more verifiers. Their writes are committed
    /// whatever `verify` returns: an error does not undo a counted failure. The events of verifiers with the
    /// [outbox](crate#outbox) are committed with these writes. The work is committed only together with the used code.
    /// This method returns after the commit:
    ///
    /// | result of `verify` | result of `work` | in the database | returned |
    /// |---|---|---|---|
    /// | `Ok` | `Ok` | the code is used, the work is done | both results |
    /// | `Ok` | `Err` | the code is used, the work is undone | [`TransactionError::Work`] |
    /// | `Err`, a refusal or another error | not called | the writes until then, such as counted failures | [`TransactionError::Verifier`] with this error |
    /// | any, after a failed statement | not called | nothing | [`TransactionError::Verifier`] with [`VerifierError::Store`] |
    ///
    /// The last row also applies if `verify` ignores the error of the statement, or if the events cannot be written. If
    /// the call is dropped or times out, the transaction is rolled back as well, unless its commit was already sent. No
    /// verdict is returned then.
    ///
    /// A commit that fails, or whose outcome is unknown, is a [`VerifierError::Store`]: neither a login nor a refusal.
    ///
    /// The whole call must end within the [timeout](crate::PostgresOptions::with_timeout). It holds one of the store's
    /// connections. From the verdict on, other verifications for the same account wait for its end. So `work`
    /// should be a few statements. It must not end the transaction. Deferred constraints are checked when `work` is
    /// done.
    ///
    /// Session state that `work` leaves reaches no other call. Settings, the role, cursors, temporary tables, advisory
    /// locks and channels are reset, in one more round trip. A session whose prepared statements `work` changed with
    /// `PREPARE` or `DEALLOCATE` is closed.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     store: secondo_postgres::PostgresStore, keys: std::sync::Arc<secondo::seal::KeyRing>,
    /// #     policy: secondo::Policy, id: secondo::AccountId, login: secondo::Transaction, code: &str,
    /// #     now: secondo::UnixTime, session: &str,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use secondo::Verifier;
    /// use secondo_postgres::tokio_postgres::Error;
    ///
    /// let (accepted, rows) = store
    ///     .transaction(
    ///         async |store| Verifier::new(store, keys, policy).verify(&id, &login, code, now).await,
    ///         async |transaction, _accepted| {
    ///             let insert = "INSERT INTO login (session, subscriber) VALUES ($1, $2)";
    ///             Ok::<_, Error>(transaction.execute(insert, &[&session, &id.as_str()]).await?)
    ///         },
    ///     )
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`TransactionError::Verifier`] if the verifier did not accept, or if its verdict could not be committed.
    /// Returns [`TransactionError::Work`] if `work` failed.
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
        // The result is already committed, so it stands even if the connection cannot be kept.
        place.clean_and_keep(connection).await;
        result
    }
}

/// Runs the transaction on a connection. After an outer error the connection must be closed, which rolls back all that
/// is not committed.
async fn log_in<V, T, E>(
    connection: &mut Connection,
    verify: impl AsyncFnOnce(InTransaction<'_>) -> Result<V, VerifierError<PostgresStoreError>>,
    work: impl AsyncFnOnce(&Transaction<'_>, &V) -> Result<T, E>,
) -> Result<Result<(V, T), TransactionError<E>>, TransactionError<E>> {
    let Connection { client, statements, is_used_by_provider, .. } = connection;
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
    let collected = Collected::default();
    let verdict = verify(InTransaction { transaction: &transaction, statements, collected: &collected }).await;
    let events = collected.into_events();
    let decided = async {
        if !events.is_empty() {
            statements.record(transaction.client(), &events).await?;
        }
        transaction.batch_execute(DECIDED).await
    };
    if let Err(aborted) = decided.await {
        return Err(match verdict {
            // The error of the first failed statement says more.
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

/// A store inside a [transaction](PostgresStore::transaction), for the verifier that decides there.
#[derive(Clone, Copy)]
pub struct InTransaction<'a> {
    transaction: &'a Transaction<'a>,
    statements: &'a Statements,
    collected: &'a Collected,
}

impl InTransaction<'_> {
    /// Returns the sink that writes the events of this transaction into the [outbox](crate#outbox).
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        self.collected.outbox()
    }
}

impl Store for InTransaction<'_> {
    type Error = PostgresStoreError;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, PostgresStoreError> {
        self.statements.load(self.transaction.client(), id).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
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
