use std::any::{Any, type_name};
use std::error::Error;

use secondo::VerifierError;
use secondo::store::BoxedError;

/// A fault of the provider, as a label for logs. It is never a login, and no fault of the person's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage(pub(crate) &'static str);

impl<E: Error + 'static> From<E> for Outage {
    /// Keeps no texts of the error: a server's message can hold rows.
    fn from(error: E) -> Self {
        match (&error as &dyn Any).downcast_ref::<VerifierError<BoxedError>>() {
            Some(error) => Self(error.label()),
            None => Self(type_name::<E>()),
        }
    }
}

/// Does work whose time the browser must not see, since it would tell who is registered.
pub(crate) fn in_background(work: impl Future<Output = Result<(), Outage>> + Send + 'static) {
    tokio::spawn(async {
        if let Err(Outage(label)) = work.await {
            eprintln!("outage: {label}");
        }
    });
}

/// An error of a command or of the start, with a text for the operator.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

impl From<Outage> for Failure {
    fn from(Outage(label): Outage) -> Self {
        format!("outage: {label}").into()
    }
}
