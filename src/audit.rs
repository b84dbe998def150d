//! Events: a record of every decision of a verifier, for logs, audits and notifications.
//!
//! A [`Sink`] receives an [`Event`] for each decision, refusals that change nothing included. An event never contains a
//! code or a secret.

use alloc::sync::Arc;
use core::fmt;

use crate::types::{AccountId, AuthenticatorNumber, UnixTime};

/// A receiver of events, such as a log, a queue or a table.
///
/// The verifier calls it after the change is stored and before it returns the verdict. Nothing that a sink does changes
/// a verdict. It must not panic: the caller would get the panic in place of the verdict, although the change is stored.
/// A sink that cannot keep an event has to report that itself. A process that ends between the change and the call
/// leaves a gap in the [revisions](Event::revision).
///
/// ```
/// use secondo::audit::{Event, Sink};
///
/// /// Prints events as lines.
/// struct Lines;
///
/// impl Sink for Lines {
///     fn record(&self, event: &Event<'_>) {
///         println!("{event}");
///     }
/// }
/// ```
pub trait Sink: Send + Sync {
    /// Receives an event.
    ///
    /// A slow sink delays the verdict, so it should pass the event on to a queue.
    fn record(&self, event: &Event<'_>);
}

/// A [`Sink`] that passes events on to the crate `tracing`, as events of the target `secondo`.
///
/// An event whose action was done has the level `INFO`, any other one the level `WARN`. The fields have the names of
/// the fields of [`Event`]; the message is the action.
#[cfg(feature = "tracing")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracing;

#[cfg(feature = "tracing")]
impl Sink for Tracing {
    fn record(&self, event: &Event<'_>) {
        macro_rules! emit {
            ($level:ident) => {
                tracing::event!(
                    target: "secondo",
                    tracing::Level::$level,
                    time = %event.time,
                    account = %event.account,
                    authenticator = event.authenticator.map(AuthenticatorNumber::get),
                    outcome = event.problem.unwrap_or("done"),
                    remaining = event.remaining,
                    revision = event.revision,
                    operator = event.operator.map(|operator| operator.name),
                    reason = event.operator.map(|operator| operator.reason),
                    must_notify = event.must_notify(),
                    "{}",
                    event.action.label(),
                )
            };
        }
        if event.problem.is_none() { emit!(INFO) } else { emit!(WARN) }
    }
}

/// One decision of a verifier.
///
/// `Display` writes it as a line of `name=value` pairs for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The time of the decision, as the caller gave it.
    pub time: UnixTime,
    /// The account.
    pub account: &'a AccountId,
    /// The authenticator, if the decision is about one.
    pub authenticator: Option<AuthenticatorNumber>,
    /// The requested action.
    pub action: Action,
    /// The label of the refusal or the error, or `None` if the action was done. See
    /// [`VerifierError::label`](crate::VerifierError::label). It may tell an attacker too much, and is not for pages.
    pub problem: Option<&'static str>,
    /// The number of attempts left before the next lock, after an attempt that was judged.
    pub remaining: Option<u8>,
    /// The account's revision after the change, or `None` if nothing changed. It rises by one with each change, so that
    /// a missing event shows as a gap.
    pub revision: Option<u64>,
    /// The operator and the reason, for an action of the help desk or on the subscriber's own pages.
    pub operator: Option<Operator<'a>>,
}

impl<'a> Event<'a> {
    /// Creates the event of an action that was done, without a change.
    pub(crate) const fn new(action: Action, account: &'a AccountId, time: UnixTime) -> Self {
        Self {
            time,
            account,
            authenticator: None,
            action,
            problem: None,
            remaining: None,
            revision: None,
            operator: None,
        }
    }

    /// Returns `true` if the subscriber must be notified, because an authenticator or the account was changed.
    ///
    /// NIST SP 800-63B-4 section 4.6 requires a notification when an authenticator is bound or removed, for example.
    #[must_use]
    pub const fn must_notify(&self) -> bool {
        self.problem.is_none() && self.action.is_notified()
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "time={} account={} action={}", self.time, self.account, self.action.label())?;
        if let Some(number) = self.authenticator {
            write!(f, " authenticator={number}")?;
        }
        write!(f, " outcome={}", self.problem.unwrap_or("done"))?;
        if let Some(remaining) = self.remaining {
            write!(f, " remaining={remaining}")?;
        }
        if let Some(revision) = self.revision {
            write!(f, " revision={revision}")?;
        }
        if let Some(Operator { name, reason }) = self.operator {
            write!(f, " operator={name:?} reason={reason:?}")?;
        }
        Ok(())
    }
}

/// The operator who asks for a change, and the reason, for the event.
///
/// On the subscriber's own pages, the subscriber is the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator<'a> {
    /// The operator's name in the provider's own records.
    pub name: &'a str,
    /// The reason, for example the number of a ticket.
    pub reason: &'a str,
}

impl<'a> Operator<'a> {
    /// Creates the value from the operator's name and the reason.
    #[must_use]
    pub const fn new(name: &'a str, reason: &'a str) -> Self {
        Self { name, reason }
    }
}

/// An action that a verifier is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Enroll an authenticator.
    Enroll,
    /// Enroll an authenticator that needs no confirmation, such as an external one.
    EnrollExternal,
    /// Send a code.
    SendCode,
    /// Withdraw a code that is not sent after all, because the transport or a limit refused its destination.
    WithdrawCode,
    /// Enroll an authenticator with the code of an operator.
    EnrollWithCode,
    /// Issue a code with which an authenticator can be enrolled.
    IssueEnrollmentCode,
    /// Withdraw such a code, and the enrollment that began with it.
    WithdrawEnrollmentCode,
    /// Enroll recovery codes, which end the earlier ones.
    EnrollRecoveryCodes,
    /// Make a challenge for a login or a confirmation.
    Challenge,
    /// Make a challenge to sign a transaction.
    SignTransaction,
    /// Verify the signature of a transaction.
    VerifySignature,
    /// Confirm an authenticator by its first code.
    Confirm,
    /// Verify the code of a login.
    Verify,
    /// Verify the recovery code of a login.
    Recover,
    /// Verify the recovery code of a login, and revoke the authenticator that is lost.
    RecoverAndRevoke,
    /// End a set of recovery codes after too many wrong codes. The event before it has the revision of the change.
    EndRecoveryCodes,
    /// Resynchronize an authenticator by consecutive codes.
    Resync,
    /// Remember a browser.
    Remember,
    /// Recognize a browser that is remembered.
    Recall,
    /// Send a push to an app.
    Push,
    /// Judge an answer to a push that does not verify.
    AnswerPush,
    /// Accept a push, in the app.
    AcceptPush,
    /// Deny a push, in the app.
    DenyPush,
    /// Report a push that the person did not cause, in the app.
    ReportPush,
    /// Complete the login of an accepted push.
    Poll,
    /// Take the key of a new app.
    ActivatePush,
    /// Import authenticators from another system.
    Import,
    /// Export authenticators with their secrets.
    Export,
    /// End a lock.
    Unlock,
    /// Make enrollments available again.
    AllowEnrollments,
    /// Suspend an account or an authenticator.
    Suspend,
    /// End the suspension of an account or an authenticator.
    Resume,
    /// Rename an authenticator.
    Rename,
    /// Revoke an authenticator.
    Revoke,
    /// Close an account.
    Close,
    /// Lower a watermark that lies in the future.
    LowerWatermark,
    /// Set the known drift of a clock to 0.
    ForgetDrift,
    /// Raise the watermarks after a restore.
    RaiseWatermarks,
}

impl Action {
    /// Returns a short name of the action, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Enroll => "enroll",
            Self::EnrollExternal => "enroll_external",
            Self::SendCode => "send_code",
            Self::WithdrawCode => "withdraw_code",
            Self::EnrollWithCode => "enroll_with_code",
            Self::IssueEnrollmentCode => "issue_enrollment_code",
            Self::WithdrawEnrollmentCode => "withdraw_enrollment_code",
            Self::EnrollRecoveryCodes => "enroll_recovery_codes",
            Self::Challenge => "challenge",
            Self::SignTransaction => "sign_transaction",
            Self::VerifySignature => "verify_signature",
            Self::Confirm => "confirm",
            Self::Verify => "verify",
            Self::Recover => "recover",
            Self::RecoverAndRevoke => "recover_and_revoke",
            Self::EndRecoveryCodes => "end_recovery_codes",
            Self::Resync => "resync",
            Self::Remember => "remember",
            Self::Recall => "recall",
            Self::Push => "push",
            Self::AnswerPush => "answer_push",
            Self::AcceptPush => "accept_push",
            Self::DenyPush => "deny_push",
            Self::ReportPush => "report_push",
            Self::Poll => "poll",
            Self::ActivatePush => "activate_push",
            Self::Import => "import",
            Self::Export => "export",
            Self::Unlock => "unlock",
            Self::AllowEnrollments => "allow_enrollments",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Rename => "rename",
            Self::Revoke => "revoke",
            Self::Close => "close",
            Self::LowerWatermark => "lower_watermark",
            Self::ForgetDrift => "forget_drift",
            Self::RaiseWatermarks => "raise_watermarks",
        }
    }

    const fn is_notified(self) -> bool {
        match self {
            Self::EnrollExternal
            | Self::EnrollWithCode
            | Self::IssueEnrollmentCode
            | Self::EnrollRecoveryCodes
            | Self::Confirm
            | Self::Recover
            | Self::RecoverAndRevoke
            | Self::EndRecoveryCodes
            | Self::Remember
            | Self::ReportPush
            | Self::Import
            | Self::Export
            | Self::Suspend
            | Self::Resume
            | Self::Revoke
            | Self::Close => true,
            // The confirmation is notified.
            Self::Enroll
            | Self::SendCode
            | Self::WithdrawCode
            | Self::Challenge
            | Self::SignTransaction
            | Self::VerifySignature
            | Self::Verify
            | Self::Resync
            | Self::Recall
            | Self::Push
            | Self::AnswerPush
            | Self::AcceptPush
            | Self::DenyPush
            | Self::Poll
            | Self::ActivatePush
            | Self::WithdrawEnrollmentCode
            | Self::Unlock
            | Self::AllowEnrollments
            | Self::Rename
            | Self::LowerWatermark
            | Self::ForgetDrift
            | Self::RaiseWatermarks => false,
        }
    }
}

/// The sink of events, if there is one.
#[derive(Clone)]
pub(crate) struct SharedSink(pub(crate) Option<Arc<dyn Sink>>);

impl fmt::Debug for SharedSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Sink" } else { "no sink" })
    }
}
