//! The counter of a token, as the documentation of the policy describes it.

use crate::call::Request;
use crate::token::Token;

/// The counters after the next one that the default policy looks ahead: at a login, and at a resynchronization.
const LOOK_AHEAD: u64 = 5;
const RESYNC_SPAN: u64 = 1_000;

/// The codes of a request that the token of the account may have shown.
///
/// They are told from those of phones and messages by their length.
pub(super) fn typed(request: &Request) -> Option<(&[String], u64)> {
    let (codes, ahead) = match request {
        Request::Verify(code) | Request::VerifyWith(_, code) => (std::slice::from_ref(code), LOOK_AHEAD),
        Request::Resync(_, codes) => (&codes[..], RESYNC_SPAN),
        _ => return None,
    };
    codes.iter().all(|code| code.len() == 8).then_some((codes, ahead))
}

/// Returns the counter of the last of these codes, if all of them are later than the last accepted one, follow each
/// other, and are within reach.
pub(super) fn found(last: Option<u64>, token: &Token, (codes, ahead): (&[String], u64)) -> Option<u64> {
    let next = last.map_or(0, |last| last + 1);
    let are_shown_from =
        |first: &u64| codes.iter().zip(*first..).all(|(code, counter)| *code == token.code_of(counter));
    let first = (next..=next + ahead).find(are_shown_from)?;
    Some(first + codes.len() as u64 - 1)
}
