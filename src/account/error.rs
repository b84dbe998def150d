use core::fmt;

use crate::store::Value;
use crate::types::{AuthenticatorNumber, Counter, UnixTime};

use super::entry::MAX_AUTHENTICATORS;

/// The reason that an account cannot be changed as requested. Nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountError {
    /// The account has no authenticator with this number, or no longer.
    UnknownAuthenticator(AuthenticatorNumber),
    /// The authenticator was enrolled in another transaction, in which it must be confirmed.
    OtherTransaction,
    /// The enrollment has expired. The subscriber has to enroll again.
    Expired,
    /// This authenticator is not confirmed: it would be replaced, or it cannot be suspended or resumed.
    Unconfirmed(AuthenticatorNumber),
    /// The account has a confirmed authenticator, so that the new one would not be its first.
    NotFirst,
    /// The account already has an authenticator with this secret.
    SecretInUse(AuthenticatorNumber),
    /// The account already has 16 authenticators.
    TooMany,
    /// All enrollments have begun that [`Policy::with_enrollments`](crate::Policy::with_enrollments) permits.
    TooManyEnrollments {
        /// The time from which another one can begin.
        from: UnixTime,
    },
    /// No code can be sent to this authenticator.
    NoDestination(AuthenticatorNumber),
    /// The provider refuses to send codes to this destination: see
    /// [`Transport::screen`](crate::factor::Transport::screen).
    DestinationRefused,
    /// All codes were sent that [`Sending`](crate::policy::Sending) permits for an account.
    TooManySends {
        /// The time from which another one can be sent.
        from: UnixTime,
    },
    /// All codes were sent that [`Sending`](crate::policy::Sending) permits for a destination.
    TooManySendsToDestination {
        /// The time from which another one can be sent.
        from: UnixTime,
    },
    /// The random bytes are almost all 255, so that no code can be made of them.
    NotRandom,
    /// The account has no room for this authenticator in the 4096 bytes of a value.
    Full,
    /// More codes would be correct at one moment than [`Policy::with_right_codes`](crate::Policy::with_right_codes)
    /// permits.
    TooManyRightCodes {
        /// The maximum of the policy.
        most: u8,
        /// The number with the new authenticator.
        found: u16,
    },
    /// The authenticator is the only active one of the account, recovery codes aside. Enroll another one first, suspend
    /// this one, or close the account.
    Last,
    /// The watermark does not lie so far beyond the window that it may be lowered, or the authenticator has none.
    WatermarkInReach,
    /// The authenticator has no clock.
    NoClock,
    /// The last used time step of an imported authenticator begins after the year 2499.
    ///
    /// It is probably a number in another unit, such as seconds, which would lock the subscriber out for centuries.
    ImplausibleStep(Counter),
    /// The id begins with `secondo-`, which is reserved for records of the library itself.
    ReservedId,
    /// An imported authenticator is not confirmed. The subscriber has to enroll it here.
    NotConfirmed,
    /// Recovery codes cannot be the first authenticator of an account, because nothing is confirmed that they could
    /// recover.
    NoneConfirmed,
    /// The account has no recovery codes.
    NoRecoveryCodes,
    /// No operator has issued an enrollment code for the account, or it has expired or ended.
    NoEnrollmentCode,
    /// The enrollment code was used in another transaction.
    EnrollmentCodeUsed,
    /// The enrollment code is another one.
    WrongEnrollmentCode,
    /// The account remembers no browser with this token, or no longer.
    UnknownBrowser,
    /// The days for which the browser was remembered have passed.
    BrowserExpired,
}

impl AccountError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::UnknownAuthenticator(_) => "unknown_authenticator",
            Self::OtherTransaction => "other_transaction",
            Self::Expired => "expired",
            Self::Unconfirmed(_) => "unconfirmed",
            Self::NotFirst => "not_first",
            Self::SecretInUse(_) => "secret_in_use",
            Self::TooMany => "too_many",
            Self::TooManyEnrollments { .. } => "too_many_enrollments",
            Self::NoDestination(_) => "no_destination",
            Self::DestinationRefused => "destination_refused",
            Self::TooManySends { .. } => "too_many_sends",
            Self::TooManySendsToDestination { .. } => "too_many_sends_to_destination",
            Self::NotRandom => "not_random",
            Self::Full => "full",
            Self::TooManyRightCodes { .. } => "too_many_right_codes",
            Self::Last => "last",
            Self::WatermarkInReach => "watermark_in_reach",
            Self::NoClock => "no_clock",
            Self::ImplausibleStep(_) => "implausible_step",
            Self::ReservedId => "reserved_id",
            Self::NotConfirmed => "not_confirmed",
            Self::NoneConfirmed => "none_confirmed",
            Self::NoRecoveryCodes => "no_recovery_codes",
            Self::NoEnrollmentCode => "no_enrollment_code",
            Self::EnrollmentCodeUsed => "enrollment_code_used",
            Self::WrongEnrollmentCode => "wrong_enrollment_code",
            Self::UnknownBrowser => "unknown_browser",
            Self::BrowserExpired => "browser_expired",
        }
    }
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAuthenticator(number) => write!(f, "the account has no authenticator {number}"),
            Self::OtherTransaction => f.write_str("the authenticator was enrolled in another transaction"),
            Self::Expired => f.write_str("the enrollment has expired"),
            Self::Unconfirmed(number) => write!(f, "authenticator {number} is not confirmed"),
            Self::NotFirst => f.write_str("the account already has a confirmed authenticator"),
            Self::SecretInUse(number) => write!(f, "authenticator {number} of the account has the same secret"),
            Self::TooMany => write!(f, "the account already has {MAX_AUTHENTICATORS} authenticators"),
            Self::TooManyEnrollments { from } => {
                write!(f, "the limit of enrollments is reached; another can begin at {from}")
            }
            Self::NoDestination(number) => write!(f, "no code can be sent to authenticator {number}"),
            Self::DestinationRefused => f.write_str("the provider sends no codes to this destination"),
            Self::TooManySends { from } => {
                write!(f, "the limit of codes sent in the account is reached; another can be sent at {from}")
            }
            Self::TooManySendsToDestination { from } => {
                write!(f, "the limit of codes sent to the destination is reached; another can be sent at {from}")
            }
            Self::NotRandom => f.write_str("no code can be made of the random bytes"),
            Self::Full => write!(f, "the account has no room left in its {} bytes", Value::MAX_LEN),
            Self::TooManyRightCodes { most, found } => {
                write!(f, "at most {most} codes may be correct at one moment, not {found}")
            }
            Self::Last => f.write_str("the authenticator is the last one that can be used"),
            Self::WatermarkInReach => f.write_str("the watermark is not far enough in the future to be lowered"),
            Self::NoClock => f.write_str("the authenticator has no clock"),
            Self::ImplausibleStep(step) => {
                write!(f, "time step {step} begins after the year 2499; is it a number of seconds?")
            }
            Self::ReservedId => f.write_str("an id that begins with secondo- is reserved"),
            Self::NotConfirmed => f.write_str("the imported authenticator is not confirmed"),
            Self::NoneConfirmed => f.write_str("the account has no confirmed authenticator that codes could recover"),
            Self::NoRecoveryCodes => f.write_str("the account has no recovery codes"),
            Self::NoEnrollmentCode => f.write_str("the account has no enrollment code that can be used"),
            Self::EnrollmentCodeUsed => f.write_str("the enrollment code was used in another transaction"),
            Self::WrongEnrollmentCode => f.write_str("the enrollment code is wrong"),
            Self::UnknownBrowser => f.write_str("the account remembers no browser with this token"),
            Self::BrowserExpired => f.write_str("the days for which the browser was remembered have passed"),
        }
    }
}

impl core::error::Error for AccountError {}
