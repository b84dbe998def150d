//! The calls of machines, and their answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use secondo::account::{AccountError, RecordError};
use secondo::audit::Operator;
use secondo::factor::ocra::TransactionDetails;
use secondo::factor::{CodeMessage, Kind, Transport};
use secondo::push::{Details, Notification, PushRefusal};
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
    AnswerPush(Reply),
    Poll,
    /// An enrollment after the password alone, of a phone with this secret.
    EnrollFirst([u8; 32]),
    /// An enrollment of a phone with this secret, after a login.
    Enroll([u8; 32]),
    Confirm(AuthenticatorNumber, String),
    Revoke(AuthenticatorNumber),
    AllowEnrollments,
    Unlock,
    ResealAll,
}

/// An answer to a push.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reply {
    pub(crate) text: String,
    /// The transaction of the push.
    pub(crate) session: Session,
    pub(crate) reaction: Reaction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reaction {
    Accept,
    WrongNumber,
    Deny,
    Report,
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
    /// Another refusal, by which nobody is locked out. It may tell when to ask again.
    Other(&'static str, Option<UnixTime>),
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
    Enrolled(AuthenticatorNumber),
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
                Self::Other(error.label(), from(&error))
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

/// Returns the time from which a request that a limit refuses can be made again.
fn from(error: &VerifierError<Outage>) -> Option<UnixTime> {
    match *error {
        VerifierError::Account(
            AccountError::TooManyEnrollments { from }
            | AccountError::TooManySends { from }
            | AccountError::TooManySendsToDestination { from },
        ) => Some(from),
        VerifierError::Push(PushRefusal::Held { until }) => Some(until),
        _ => None,
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

fn phone(secret: &[u8; 32]) -> Authenticator {
    Authenticator::new(Totp::default(), Algorithm::Sha256, Secret::from_bytes(secret).unwrap())
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
            Request::AnswerPush(reply) => {
                Answer::of(verifier.answer_push(&id, &reply.text, now).await, |_| Answer::Done)
            }
            Request::Poll => Answer::login(verifier.poll(&id, &login, now).await),
            Request::EnrollFirst(secret) => {
                Answer::of(verifier.enroll_first(&id, &login, phone(&secret), now).await, |_| Answer::Done)
            }
            Request::Enroll(secret) => {
                let enrolled = verifier.enroll(&id, &login, phone(&secret), now).await;
                Answer::of(enrolled, |enrolled| Answer::Enrolled(enrolled.number))
            }
            Request::Confirm(number, code) => {
                Answer::of(verifier.confirm(&id, &login, number, &code, now).await, |_| Answer::Done)
            }
            Request::Revoke(number) => Answer::of(verifier.revoke(&id, number, DESK, now).await, |()| Answer::Done),
            Request::AllowEnrollments => {
                Answer::of(verifier.allow_enrollments(&id, DESK, now).await, |()| Answer::Done)
            }
            Request::Unlock => Answer::of(verifier.unlock(&id, DESK, now).await, |()| Answer::Done),
            Request::ResealAll => match verifier.reseal_all(|_, _| ()).await {
                Ok(0) => Answer::Done,
                Ok(_) | Err(Outage) => Answer::Outage,
            },
        }
    })
}
