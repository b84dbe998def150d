use core::borrow::Borrow;

use crate::codes::lanes::Job;
use crate::codes::search::{Codes, Search, Span};
use crate::codes::{Key, batch};
use crate::decision::{Confirmed, Decision, Refusal, Resynchronized, Stage, State, Verified, submitted};
use crate::policy::Policy;
use crate::types::{Code, Counter, Digits, MalformedCode, UnixTime};

/// Counter-based one-time passwords (RFC 4226): the parameters that token and verifier share besides the key.
///
/// ```
/// use secondo::types::Counter;
/// use secondo::{Algorithm, Code, Hotp, Key, Policy, Secret, State, UnixTime};
///
/// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
/// let hotp = Hotp::default();
/// let policy = Policy::default();
/// let mut state = State::new().confirmed();
/// let now = UnixTime::from_secs(1_700_000_000)?; // for locks and back-off only
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

    /// The codes of many keys, each at its counter, in their order: side by side, and therefore faster than one by one.
    ///
    /// ```
    /// use secondo::types::Counter;
    /// use secondo::{Algorithm, Hotp, Key, Secret};
    ///
    /// // A list of codes to print, of one key: RFC 4226, appendix D.
    /// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
    /// let codes = Hotp::default().generate_batch((0..3).map(|counter| (&key, Counter::new(counter))));
    /// let codes: Vec<_> = codes.map(|code| code.as_str().to_owned()).collect();
    /// assert_eq!(codes, ["755224", "287082", "359152"]);
    /// # Ok::<(), secondo::types::SecretError>(())
    /// ```
    pub fn generate_batch<'k, I: IntoIterator<Item = (&'k Key, Counter)>>(
        &self,
        of: I,
    ) -> impl Iterator<Item = Code> + use<'k, I> {
        batch::codes(of.into_iter().map(|(key, counter)| Job { key, counter }), self.digits)
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
    ) -> Decision<Verified> {
        let found = self.search(policy, state, entry, now, Stage::Login).map(|search| search.run(key));
        policy.decide(state, now, found, |_, counter| Verified { counter, drift: 0 })
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
        let found = self.search(policy, state, entry, now, Stage::Confirmation).map(|search| search.run(key));
        policy.decide(state, now, found, |next, counter| policy.confirm(next, Verified { counter, drift: 0 }))
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
        let found = self.search_resync(policy, state, entries.len(), entries.iter(), now).map(|search| search.run(key));
        policy.decide(state, now, found, |_, counter| Resynchronized { counter, drift: 0 })
    }

    /// What a login or a confirmation looks for.
    pub(crate) fn search(
        &self,
        policy: &Policy,
        state: &State,
        entry: &Result<Code, MalformedCode>,
        now: UnixTime,
        stage: Stage,
    ) -> Result<Search, Refusal> {
        policy.admit(state, now, stage)?;
        let code = submitted(entry, self.digits)?;
        Ok(self.search_ahead(u16::from(policy.look_ahead), Codes::from_iter([code]), state))
    }

    /// What a resynchronization looks for.
    pub(crate) fn search_resync(
        &self,
        policy: &Policy,
        state: &State,
        count: usize,
        entries: impl Iterator<Item: Borrow<Result<Code, MalformedCode>>>,
        now: UnixTime,
    ) -> Result<Search, Refusal> {
        policy.admit(state, now, Stage::Resynchronization)?;
        let codes = policy.consecutive(count, entries, self.digits)?;
        Ok(self.search_ahead(policy.resync_span, codes, state))
    }

    /// In the last counter used, the next one, and `ahead` more.
    fn search_ahead(&self, ahead: u16, codes: Codes, state: &State) -> Search {
        let span = match state.watermark() {
            None => Span::around(0, 0, ahead),
            Some(used) => Span::around(used.get(), 0, ahead + 1),
        };
        Search::new(self.digits, codes, span.into(), state.progress.used)
    }
}
