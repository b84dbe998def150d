use super::entry::{Entry, Standing};
use super::error::AccountError;
use super::subscriber::Account;
use crate::factor::Factor;
use crate::policy::Policy;
use crate::types::{AuthenticatorNumber, DisplayName, UnixTime};

impl Account {
    pub(crate) fn unlock(&mut self) {
        self.attempts.restart();
        self.entries.iter_mut().for_each(|entry| entry.factor.kept_mut().restart());
        #[cfg(feature = "push")]
        self.release_pushes();
        self.outcomes.forget_refusals();
        self.changed();
    }

    /// Makes all enrollments of the policy's limit available again.
    pub(crate) fn allow_enrollments(&mut self) {
        self.enrollments_full = UnixTime::EPOCH;
        self.changed();
    }

    /// Suspends or resumes the whole account.
    pub(crate) fn set_suspended(&mut self, is_suspended: bool) {
        self.is_suspended = is_suspended;
        self.outcomes.forget_refusals();
        self.changed();
    }

    /// Suspends or resumes one confirmed authenticator.
    pub(crate) fn set_authenticator_suspended(
        &mut self,
        number: AuthenticatorNumber,
        is_suspended: bool,
    ) -> Result<(), AccountError> {
        let entry = self.entry_mut(number)?;
        if !entry.is_confirmed() {
            return Err(AccountError::Unconfirmed(number));
        }
        entry.standing = if is_suspended { Standing::Suspended } else { Standing::Active };
        self.outcomes.forget_refusals();
        self.changed();
        Ok(())
    }

    pub(crate) fn rename(&mut self, number: AuthenticatorNumber, name: DisplayName) -> Result<(), AccountError> {
        self.entry_mut(number)?.name = name;
        self.end_browsers_for_room();
        self.check_room()?;
        self.changed();
        Ok(())
    }

    /// Erases an authenticator, unless no other one could be used then. One that is unconfirmed, or that is no second
    /// factor, can always be erased.
    pub(crate) fn revoke(&mut self, number: AuthenticatorNumber) -> Result<(), AccountError> {
        let entry = self.entry(number)?;
        let is_other = |other: &Entry| other.number != number && other.is_active() && other.can_be_last();
        if entry.is_confirmed() && entry.is_second_factor() && !self.entries.iter().any(is_other) {
            return Err(AccountError::Last);
        }
        self.entries.retain(|entry| entry.number != number);
        self.changed();
        Ok(())
    }

    /// Lowers a watermark that lies far in the future to the last step of the window.
    pub(crate) fn lower_watermark(
        &mut self,
        number: AuthenticatorNumber,
        policy: &Policy,
        now: UnixTime,
    ) -> Result<(), AccountError> {
        let Factor::Otp(otp) = &mut *self.entry_mut(number)?.factor else {
            return Err(AccountError::WatermarkInReach);
        };
        let last = otp.lowered_watermark(policy, now).ok_or(AccountError::WatermarkInReach)?;
        otp.progress.last_used = last.get();
        self.changed();
        Ok(())
    }

    /// Sets the known drift of a clock to 0.
    pub(crate) fn forget_drift(&mut self, number: AuthenticatorNumber) -> Result<(), AccountError> {
        match &mut *self.entry_mut(number)?.factor {
            Factor::Otp(otp) if otp.has_clock() => otp.progress.drift = 0,
            _ => return Err(AccountError::NoClock),
        }
        self.changed();
        Ok(())
    }

    /// Marks every time step as used whose code may have been accepted by now, and ends all questions.
    pub(crate) fn raise_watermarks(&mut self, policy: &Policy, now: UnixTime) {
        // It may have been used since.
        self.end_issued_code();
        self.entries.iter_mut().for_each(|entry| entry.factor.kept_mut().after_restore(policy, now));
        self.changed();
    }
}
