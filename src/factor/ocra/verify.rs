use core::fmt;

use super::inputs::{InputError, Inputs};
use super::message::Message;
use super::response::Response;
use super::suite::{ResponseDigits, Suite};
use crate::codes::Key;
use crate::codes::search::{Match, Span};
use crate::policy::Policy;
use crate::types::{Counter, MalformedCode};

impl Suite {
    /// Computes the response to a question.
    ///
    /// # Errors
    ///
    /// Returns [`InputError`] if the key or the inputs do not fit the suite.
    pub fn response(&self, key: &Key, inputs: &Inputs<'_>) -> Result<Response, InputError> {
        Ok(self.computed(key, &self.message(key, inputs)?))
    }

    /// Verifies a response, and returns the counter that it was computed with.
    ///
    /// In a suite with a counter, the response is compared with those of the counter in the inputs and of the policy's
    /// look-ahead ([`Policy::with_look_ahead`]) after it. The caller stores the counter after the one that is returned.
    /// In a suite with the time, the response is compared with those of the policy's window ([`Policy::with_window`])
    /// around the time in the inputs. The time step is returned if the suite has no counter. In a suite with neither,
    /// 0 is returned.
    ///
    /// All these responses are computed. No branch and no memory address depends on them, on the PIN's hash or on the
    /// session before the result.
    ///
    /// This function keeps no state: see the limits of [this module](super#limits).
    ///
    /// # Errors
    ///
    /// Returns [`ResponseError::Wrong`] if the response is not correct, and other errors if nothing was compared.
    pub fn verify(
        &self,
        key: &Key,
        inputs: &Inputs<'_>,
        response: &str,
        policy: &Policy,
    ) -> Result<Counter, ResponseError> {
        let found = self.search(key, inputs, response, policy)?;
        if found.is_fresh() { Ok(found.counter()) } else { Err(ResponseError::Wrong) }
    }

    /// Compares a response with all that can be correct. The match is still secret.
    pub(crate) fn search(
        &self,
        key: &Key,
        inputs: &Inputs<'_>,
        response: &str,
        policy: &Policy,
    ) -> Result<Match, ResponseError> {
        let mut message = self.message(key, inputs).map_err(ResponseError::Input)?;
        let response =
            Response::read(response, self.digits(), self.response_len()).map_err(ResponseError::Malformed)?;
        let counters =
            inputs.counter.map_or(Span::around(0, 0, 0), |next| Span::around(next.get(), 0, policy.look_ahead.into()));
        let steps = inputs.time.map_or(Span::around(0, 0, 0), |time| {
            Span::around(self.step(time).get(), policy.window.past().into(), policy.window.future().into())
        });
        let mut found = Match::default();
        for counter in counters.counters() {
            for step in steps.counters() {
                message.set(counter, step);
                let right = self.computed(key, &message);
                let moving = if self.has_counter() { counter } else { step };
                found.add(moving.get(), right.is_equal(&response), 0);
            }
        }
        Ok(found)
    }

    fn message(&self, key: &Key, inputs: &Inputs<'_>) -> Result<Message, InputError> {
        if key.algorithm() != self.algorithm() {
            return Err(InputError::Key);
        }
        Message::new(self, inputs)
    }

    fn computed(&self, key: &Key, message: &Message) -> Response {
        Response::new(self.digits(), &key.mac_of(message.as_bytes()))
    }

    /// Returns the number of characters of a response.
    fn response_len(&self) -> usize {
        match self.digits() {
            ResponseDigits::Whole => 2 * self.algorithm().output_len(),
            digits => digits as usize,
        }
    }
}

/// The reason that a response was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The key or the inputs do not fit the suite. This is a fault of the caller, and nothing was compared.
    Input(InputError),
    /// The text is not a response of the suite, and nothing was compared.
    Malformed(MalformedCode),
    /// The response is not correct.
    Wrong,
}

impl ResponseError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Input(error) => error.label(),
            Self::Malformed(_) => "malformed",
            Self::Wrong => "wrong",
        }
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(error) => error.fmt(f),
            Self::Malformed(error) => error.fmt(f),
            Self::Wrong => f.write_str("the response is not correct"),
        }
    }
}

impl core::error::Error for ResponseError {}
