use crate::policy::{Stage, submitted};
use crate::verdict::{Accepted, Confirmed, Decision, Resynchronized};
use crate::window::{Match, Span, search};
use crate::{Code, Counter, Digits, Key, MalformedCode, Policy, Refusal, State, UnixTime};

/// Counter-based one-time passwords (RFC 4226): the parameters that token and verifier share besides the key.
///
/// ```
/// use secondo::{Algorithm, Code, Counter, Hotp, Key, Policy, Secret, State, UnixTime};
///
/// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
/// let hotp = Hotp::default();
/// let policy = Policy::default();
/// let mut state = State::new().confirmed();
/// let now = UnixTime::from_secs(1_700_000_000); // for locks and back-off only
///
/// // The person pressed the button once in vain: the code is that of counter 1.
/// let code = Code::parse_typed("287 082", hotp.digits());
/// let accepted = hotp.verify(&key, &policy, &state, &code, now).commit(|next| {
///     state = *next; // here: store it
///     Ok::<_, std::io::Error>(())
/// })?;
/// assert_eq!(accepted.counter(), Counter::new(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hotp {
    digits: Digits,
}

impl Hotp {
    /// Codes of so many digits.
    #[must_use]
    pub const fn new(digits: Digits) -> Self {
        Self { digits }
    }

    /// The number of digits.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// The code at this counter (RFC 4226 section 5.3).
    #[must_use]
    pub fn generate(&self, key: &Key, counter: Counter) -> Code {
        Code::from_truncated(key.truncated(counter), self.digits)
    }

    /// Decides about a code submitted for a login.
    ///
    /// Looked at are the next counter, the policy's look-ahead after it, and the last counter used, so that a code sent
    /// twice is told from a wrong one. The verdict is out when the [`Decision`] is committed.
    pub fn verify(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
    ) -> Decision<Accepted> {
        let evaluate = || self.evaluate(key, policy, state, entry);
        policy.decide(state, now, Stage::Login, evaluate, |_, counter| Accepted { counter, drift: 0 })
    }

    /// Decides about the first code of a new token: if it is right, the token counts from then on.
    ///
    /// As [`Self::verify`] otherwise; failures count and lock alike.
    pub fn confirm(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
    ) -> Decision<Confirmed> {
        let evaluate = || self.evaluate(key, policy, state, entry);
        policy.decide(state, now, Stage::Confirmation, evaluate, |next, counter| {
            next.confirmed = true;
            Confirmed { login: policy.confirmation_login.then_some(Accepted { counter, drift: 0 }) }
        })
    }

    /// Decides about consecutive codes that show where a token's counter stands (RFC 4226 section 7.4).
    ///
    /// The policy says how many codes and how far ahead. A failure counts as at a login, and a locked token stays locked.
    pub fn resync(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entries: &[Result<Code, MalformedCode>],
        now: UnixTime,
    ) -> Decision<Resynchronized> {
        let evaluate = || {
            let (codes, count) = policy.consecutive(entries, self.digits)?;
            let codes = codes.get(..count).unwrap_or_default();
            let span = Self::span(state, u64::from(policy.resync_span));
            Ok(search(key, self.digits, codes, span, state.watermark))
        };
        policy.decide(state, now, Stage::Resynchronization, evaluate, |_, counter| Resynchronized { counter, drift: 0 })
    }

    fn evaluate(
        &self,
        key: &Key,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
    ) -> Result<Match, Refusal> {
        let code = submitted(entry, self.digits)?;
        let span = Self::span(state, u64::from(policy.look_ahead));
        Ok(search(key, self.digits, &[code], span, state.watermark))
    }

    /// The last counter used, the next one, and `ahead` more.
    fn span(state: &State, ahead: u64) -> Span {
        match state.watermark {
            None => Span::around(0, 0, ahead),
            Some(used) => Span::around(used.get(), 0, ahead + 1),
        }
    }
}
