//! The calls of machines, and their answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use secondo::account::RecordError;
use secondo::audit::Operator;
use secondo::factor::ocra::TransactionDetails;
use secondo::factor::{CodeMessage, Kind, Transport};
use secondo::push::{Details, Notification};
use secondo::verifier::{Accepted, Sent};
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Refusal, Secret, Totp, Transaction, UnixTime, Verifier,
    VerifierError,
};

use crate::store::{Connection, Outage};

pub(crate) const DESK: Operator<'_> = Operator::new("desk", "simulation");

/// The connection of a machine, of whose requests 2 in 1000 are lost on the way there, and as many on the way back.
pub(crate) type Faulty = Connection<2>;

/// The secret bytes of a transaction.
pub(crate) type Session = [u8; 16];

#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The place of the account.
    pub(crate) account: usize,
    /// The place of the machine.
    pub(crate) machine: usize,
    pub(crate) session: Session,
    pub(crate) request: Request,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Request {
    Verify(String),
    VerifyWith(AuthenticatorNumber, String),
    /// A challenge for a login.
    Challenge(AuthenticatorNumber, [u8; 32]),
    /// A challenge to sign a transfer to this payee.
    Sign(AuthenticatorNumber, Payee, [u8; 32]),
    VerifySignature(Payee, String),
    /// A resynchronization of a token with two codes.
    Resync(AuthenticatorNumber, [String; 2]),
    Recover(String),
    Send(AuthenticatorNumber, [u8; 32]),
    Push(AuthenticatorNumber, [u8; 32]),
    AnswerPush(String),
    Poll,
    /// An enrollment after the password alone, of a phone with this secret.
    EnrollFirst([u8; 32]),
    Unlock,
    ResealAll,
}

#[derive(Debug)]
pub(crate) enum Answer {
    Accepted {
        number: AuthenticatorNumber,
        kind: Kind,
        counter: u64,
    },
    Repeated {
        is_login: bool,
    },
    /// A token is found again at this counter.
    Resynchronized {
        counter: u64,
    },
    Refused(Refusal),
    /// Another refusal, by which nobody is locked out.
    Other(&'static str),
    /// The database failed, and the machine does not know whether the change is stored.
    Outage,
    /// The machine does not know the version of the record.
    OtherVersion,
    /// The code to send, unless one was sent just now.
    Sent(Option<String>),
    Pushed(Notification),
    /// The question for a token.
    Asked(String),
    /// The nonce for a token that signs.
    ToSign([u8; 16]),
    Signed,
    /// The request was done.
    Done,
    /// The machine crashed.
    Crashed,
}

impl Answer {
    pub(crate) fn is_login(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Repeated { is_login: true })
    }

    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::Outage | Self::Crashed)
    }

    fn of<T>(result: Result<T, VerifierError<Outage>>, of: impl FnOnce(T) -> Self) -> Self {
        match result {
            Ok(done) => of(done),
            Err(VerifierError::Refused(refusal)) => Self::Refused(refusal),
            Err(VerifierError::Repeated(repeated)) => Self::Repeated { is_login: repeated.is_login },
            Err(VerifierError::Store(Outage)) => Self::Outage,
            Err(VerifierError::Record(RecordError::Version(_))) => Self::OtherVersion,
            Err(error @ (VerifierError::Account(_) | VerifierError::Push(_) | VerifierError::Challenge(_))) => {
                Self::Other(error.label())
            }
            Err(error) => panic!("{error}: {error:?}"),
        }
    }

    fn login(result: Result<Accepted, VerifierError<Outage>>) -> Self {
        Self::of(result, |accepted| Self::Accepted {
            number: accepted.authenticator(),
            kind: accepted.kind(),
            counter: accepted.counter().get(),
        })
    }
}

/// A transport that is not asked to send: the simulation carries the messages.
struct Gateway;

impl Transport for Gateway {
    type Error = Outage;

    async fn send(&self, _: &CodeMessage) -> Result<(), Outage> {
        Ok(())
    }
}

pub(crate) fn details() -> Details {
    Details::new("INPS", "Bari, Italia", "25 novembre 2026, 09:30").unwrap()
}

/// The payee of a transfer, which is all that tells one from another.
pub(crate) type Payee = &'static str;

pub(crate) fn transaction(payee: Payee) -> TransactionDetails<'static> {
    TransactionDetails::new("10,00 EUR", payee, "").unwrap()
}

/// A call under way.
pub(crate) type Running = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Begins a call at the time of the machine's clock.
pub(crate) fn begin(verifier: Arc<Verifier<Faulty>>, id: AccountId, call: &Call, now: UnixTime) -> Running {
    let (request, login) = (call.request.clone(), Transaction::new(&call.session).unwrap());
    Box::pin(async move {
        match request {
            Request::Verify(code) => Answer::login(verifier.verify(&id, &login, &code, now).await),
            Request::VerifyWith(number, code) => {
                Answer::login(verifier.verify_with(&id, &login, number, &code, now).await)
            }
            Request::Challenge(number, random) => {
                let asked = verifier.challenge(&id, &login, number, None, now, &random).await;
                Answer::of(asked, |asked| Answer::Asked(asked.question().as_str().to_owned()))
            }
            Request::Sign(number, payee, random) => {
                let asked = verifier.sign_transaction(&id, &login, number, &transaction(payee), now, &random).await;
                Answer::of(asked, |asked| Answer::ToSign(*asked.nonce()))
            }
            Request::VerifySignature(payee, response) => {
                let signed = verifier.verify_signature(&id, &login, &transaction(payee), &response, now).await;
                Answer::of(signed, |_| Answer::Signed)
            }
            Request::Resync(number, codes) => {
                let codes = codes.each_ref().map(String::as_str);
                let found = verifier.resync(&id, &login, number, &codes, now).await;
                Answer::of(found, |found| Answer::Resynchronized { counter: found.counter.get() })
            }
            Request::Recover(code) => Answer::login(verifier.recover(&id, &login, &code, now).await),
            Request::Send(number, random) => {
                let sent = verifier.send_code(&id, &login, number, &Gateway, now, &random).await;
                Answer::of(sent, |sent| match sent {
                    Sent::New(message) => Answer::Sent(Some(message.code().as_str().to_owned())),
                    Sent::Repeated { .. } => Answer::Sent(None),
                })
            }
            Request::Push(number, random) => {
                Answer::of(verifier.push(&id, &login, number, &details(), now, &random).await, Answer::Pushed)
            }
            Request::AnswerPush(text) => Answer::of(verifier.answer_push(&id, &text, now).await, |_| Answer::Done),
            Request::Poll => Answer::login(verifier.poll(&id, &login, now).await),
            Request::EnrollFirst(secret) => {
                let secret = Secret::from_bytes(&secret).unwrap();
                let phone = Authenticator::new(Totp::default(), Algorithm::Sha256, secret);
                Answer::of(verifier.enroll_first(&id, &login, phone, now).await, |_| Answer::Done)
            }
            Request::Unlock => Answer::of(verifier.unlock(&id, DESK, now).await, |()| Answer::Done),
            Request::ResealAll => match verifier.reseal_all(|_, _| ()).await {
                Ok(0) => Answer::Done,
                Ok(_) | Err(Outage) => Answer::Outage,
            },
        }
    })
}
