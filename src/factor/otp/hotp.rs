use crate::codes::lanes::Job;
use crate::codes::search::{Span, Spans};
use crate::codes::{Key, batch};
use crate::decision::{Progress, Stage};
use crate::policy::Policy;
use crate::types::{Code, Counter, Digits};

/// Counter-based one-time passwords (RFC 4226): the parameters that token and verifier share besides the key.
///
/// To verify codes, convert it into a [`Method`](crate::Method).
///
/// ```
/// use secondo::types::Counter;
/// use secondo::{Algorithm, Hotp, Key, Secret};
///
/// let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(b"12345678901234567890")?);
/// assert_eq!(Hotp::default().generate(&key, Counter::new(1)).as_str(), "287082");
/// # Ok::<(), secondo::types::SecretError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hotp {
    digits: Digits,
}

impl Hotp {
    /// Creates HOTP with codes of this many digits.
    ///
    /// It is meant for hardware tokens. Some apps take HOTP for TOTP, show wrong codes and say nothing: see
    /// [`KeyUri::new`](crate::formats::otpauth::KeyUri::new).
    #[must_use]
    pub const fn new(digits: Digits) -> Self {
        Self { digits }
    }

    /// Returns the number of digits.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// Computes the code at this counter (RFC 4226 section 5.3).
    #[must_use]
    pub fn generate(&self, key: &Key, counter: Counter) -> Code {
        Code::from_truncated(key.truncated(counter), self.digits)
    }

    /// Computes the codes of many keys, each at its counter, in their order. This is faster than one call for each.
    ///
    /// ```
    /// use secondo::types::Counter;
    /// use secondo::{Algorithm, Hotp, Key, Secret};
    ///
    /// // Three codes of one key, to be printed as a list: RFC 4226, appendix D.
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

    /// Returns the last counter used, the next one, and those of the policy's look-ahead after it.
    #[inline]
    pub(super) fn counters(policy: &Policy, progress: &Progress, stage: Stage) -> Spans {
        let ahead = match stage {
            Stage::Login | Stage::Confirmation => u16::from(policy.look_ahead),
            Stage::Resynchronization => policy.resync_span,
        };
        match progress.watermark() {
            None => Span::around(0, 0, ahead).into(),
            Some(used) => Span::around(used.get(), 0, ahead + 1).into(),
        }
    }
}
