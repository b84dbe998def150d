use core::fmt;

use super::pin_hash::PinHash;
use super::question::Question;
use crate::types::{Counter, UnixTime};

/// The data that a response is computed from, besides the key and the suite: one or two questions, and the inputs that
/// the suite names.
///
/// All inputs that the suite names must be there, and no others.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub(super) question: &'a Question,
    /// The question that is joined to the end of the first.
    pub(super) next: Option<&'a Question>,
    pub(super) counter: Option<Counter>,
    pub(super) pin_hash: Option<&'a PinHash>,
    pub(super) session: Option<&'a [u8]>,
    pub(super) time: Option<UnixTime>,
}

impl<'a> Inputs<'a> {
    /// Creates the inputs of the token's response to the verifier's question (RFC 6287 section 7.1).
    #[must_use]
    pub const fn one_way(question: &'a Question) -> Self {
        Self { question, next: None, counter: None, pin_hash: None, session: None, time: None }
    }

    /// Creates the inputs of the server's response in a mutual exchange (section 7.2).
    ///
    /// The server computes it, and the client verifies it before it responds itself. The two questions are joined, the
    /// client's first. The server's suite usually has no PIN.
    #[must_use]
    pub const fn of_server(client: &'a Question, server: &'a Question) -> Self {
        Self { next: Some(server), ..Self::one_way(client) }
    }

    /// Creates the inputs of the client's response in a mutual exchange (section 7.2), and of its signature in one with
    /// server authentication (section 7.3.2).
    ///
    /// The client computes it, and the server verifies it. The two questions are joined, the server's first. For a
    /// signature, the server's question is the data to be signed.
    #[must_use]
    pub const fn of_client(client: &'a Question, server: &'a Question) -> Self {
        Self { next: Some(client), ..Self::one_way(server) }
    }

    /// Creates the inputs of a signature without server authentication (section 7.3.1).
    ///
    /// The client computes it, and the server verifies it. The question is the data to be signed, or a hash of it. The
    /// suite of a signature has no session.
    #[must_use]
    pub const fn signature(question: &'a Question) -> Self {
        Self::one_way(question)
    }

    /// Sets the counter of the response, or the first counter of those that a verification tries.
    #[must_use]
    pub const fn with_counter(mut self, counter: Counter) -> Self {
        self.counter = Some(counter);
        self
    }

    /// Sets the hash of the subscriber's PIN.
    #[must_use]
    pub const fn with_pin_hash(mut self, pin_hash: &'a PinHash) -> Self {
        self.pin_hash = Some(pin_hash);
        self
    }

    /// Sets the data of the session. It must have exactly the length that the suite names: pad shorter data.
    #[must_use]
    pub const fn with_session(mut self, session: &'a [u8]) -> Self {
        self.session = Some(session);
        self
    }

    /// Sets the time.
    #[must_use]
    pub const fn with_time(mut self, time: UnixTime) -> Self {
        self.time = Some(time);
        self
    }
}

impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inputs(..)")
    }
}

/// An input of a response besides the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The counter, `C` in a suite.
    Counter,
    /// The hash of the PIN, `P` in a suite.
    PinHash,
    /// The data of the session, `S` in a suite.
    Session,
    /// The time, `T` in a suite.
    Time,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "a counter",
            Self::PinHash => "the hash of a PIN",
            Self::Session => "data of the session",
            Self::Time => "the time",
        })
    }
}

/// Inputs, or a key, that do not fit the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// The key was prepared for another hash function than the suite's.
    Key,
    /// A question has the format of another suite.
    Question,
    /// The suite needs this input.
    Missing(Input),
    /// The suite does not have this input.
    Unexpected(Input),
    /// The PIN was hashed with another hash function than the one that the suite names for it.
    PinHash,
    /// The data of the session does not have the suite's length.
    SessionLength {
        /// The number of bytes that the suite names.
        expected: usize,
        /// The number of bytes found.
        found: usize,
    },
}

impl InputError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Question => "question",
            Self::Missing(_) => "missing",
            Self::Unexpected(_) => "unexpected",
            Self::PinHash => "pin_hash",
            Self::SessionLength { .. } => "session_length",
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("the key was prepared for another hash function than the suite's"),
            Self::Question => f.write_str("a question has the format of another suite"),
            Self::Missing(input) => write!(f, "the suite needs {input}"),
            Self::Unexpected(input) => write!(f, "the suite does not take {input}"),
            Self::PinHash => f.write_str("the PIN was hashed with another hash function than the suite names for it"),
            Self::SessionLength { expected, found } => {
                write!(f, "the data of the session must have {expected} bytes in this suite, not {found}")
            }
        }
    }
}

impl core::error::Error for InputError {}
