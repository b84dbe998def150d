use zeroize::Zeroize;

use super::inputs::{Input, InputError, Inputs};
use super::pin_hash::PinHash;
use super::question::Question;
use super::suite::Suite;
use crate::types::Counter;

/// The message whose HMAC is the response: `DataInput` in RFC 6287 section 5.1. It is wiped on drop.
pub(super) struct Message {
    bytes: [u8; Self::MAX_LEN],
    len: usize,
    /// The position of the counter.
    counter: Option<usize>,
    /// The position of the time step.
    step: Option<usize>,
}

impl Message {
    const MAX_LEN: usize = Suite::MAX_LEN + 1 + 8 + Question::ENCODED_LEN + 64 + 512 + 8;

    pub(super) fn new(suite: &Suite, inputs: &Inputs<'_>) -> Result<Self, InputError> {
        let is_of_suite = |question: &Question| question.format() == suite.question();
        if !is_of_suite(inputs.question) || !inputs.next.is_none_or(is_of_suite) {
            return Err(InputError::Question);
        }
        let counter = required(inputs.counter, suite.has_counter(), Input::Counter)?;
        let pin_hash = required(inputs.pin_hash, suite.pin_hash().is_some(), Input::PinHash)?;
        let session = required(inputs.session, suite.session_len().is_some(), Input::Session)?;
        let time = required(inputs.time, suite.time_step_secs().is_some(), Input::Time)?;
        if pin_hash.map(PinHash::algorithm) != suite.pin_hash() {
            return Err(InputError::PinHash);
        }
        if let (Some(expected), Some(found)) = (suite.session_len(), session.map(<[u8]>::len))
            && expected != found
        {
            return Err(InputError::SessionLength { expected, found });
        }

        let mut message = Self { bytes: [0; Self::MAX_LEN], len: 0, counter: None, step: None };
        message.push(suite.as_str().as_bytes());
        message.push(&[0]);
        if let Some(counter) = counter {
            message.counter = Some(message.len);
            message.push(&counter.get().to_be_bytes());
        }
        message.push(&inputs.question.encoded(inputs.next));
        message.push(pin_hash.map(PinHash::expose).unwrap_or_default());
        message.push(session.unwrap_or_default());
        if let Some(time) = time {
            message.step = Some(message.len);
            message.push(&suite.step(time).get().to_be_bytes());
        }
        Ok(message)
    }

    /// Replaces the counter and the time step, if the suite has them.
    pub(super) fn set(&mut self, counter: Counter, step: Counter) {
        for (position, value) in [(self.counter, counter), (self.step, step)] {
            let slot = position.and_then(|position| self.bytes.get_mut(position..));
            if let Some(slot) = slot.and_then(<[u8]>::first_chunk_mut) {
                *slot = value.get().to_be_bytes();
            }
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Adds bytes. The buffer has room for those of every suite.
    fn push(&mut self, part: &[u8]) {
        self.bytes.iter_mut().skip(self.len).zip(part).for_each(|(slot, byte)| *slot = *byte);
        self.len += part.len();
    }
}

/// Returns an input if it is there exactly when it must be.
fn required<T>(given: Option<T>, is_needed: bool, input: Input) -> Result<Option<T>, InputError> {
    match (&given, is_needed) {
        (None, true) => Err(InputError::Missing(input)),
        (Some(_), false) => Err(InputError::Unexpected(input)),
        _ => Ok(given),
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        self.bytes.as_mut_slice().zeroize();
    }
}
