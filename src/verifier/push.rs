use super::outcome::Accepted;
use super::swap::{Judged, Step, Swapped};
use super::{Verifier, VerifierError};
use crate::account::{Account, Ask, Record, Turn};
use crate::audit::{Action, Event};
use crate::decision::Refusal;
use crate::factor::push::{ActivationAnswer, Answer, Details, Notification, PushRefusal, Verdict};
use crate::hsm::Hsm;
use crate::store::Store;
use crate::types::{AccountId, AuthenticatorNumber, Transaction, UnixTime};

#[cfg(doc)]
use crate::account::AccountError;

/// Returns the error of an answer that anybody can send: an account that does not exist, or that is closed, is no
/// outage.
fn unknown<E>(error: VerifierError<E>) -> VerifierError<E> {
    match error {
        VerifierError::Unknown | VerifierError::Refused(Refusal::Closed) => VerifierError::Push(PushRefusal::Unknown),
        error => error,
    }
}

/// A verdict that is stored, with the device that signed the answer, or the outage instead.
type Signed<T, E> = Result<(Judged<T, E>, Option<AuthenticatorNumber>), VerifierError<E>>;

impl<S: Store, H: Hsm> Verifier<S, H> {
    /// Makes a challenge for a login, which the person approves or denies in an app. `random` is 32 random bytes.
    ///
    /// Show the [number](Notification::number) on the page, and deliver the [message](Notification::message) to the
    /// app. The app's answer goes to [`Self::answer_push`], and the page asks [`Self::poll`] until the login is
    /// complete.
    ///
    /// At most one challenge is pending in a transaction. A second request with the same details, for example by a
    /// double click, returns the same number and message again, and changes nothing. At most three are pending in an
    /// account. After three challenges in a row that were denied or not answered, pushes wait for 15 minutes, and with
    /// each further one twice as long, up to a day. Each day without such a challenge halves the count. After the
    /// person reported a push ([`Verdict::NotMe`]), they wait for an hour.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Push`] if the transaction has a pending challenge or the account has three, if pushes
    ///   wait, or if the authenticator is of another kind.
    /// - Returns [`VerifierError::Refused`] if the account or the authenticator is locked, suspended or not confirmed,
    ///   or if this transaction has already ended with a login.
    /// - Returns [`VerifierError::Account`] with [`AccountError::UnknownAuthenticator`] if the account has no
    ///   authenticator with this number.
    /// - Every other error is an outage of the provider.
    pub async fn push(
        &self,
        id: &AccountId,
        login: &Transaction,
        number: AuthenticatorNumber,
        details: &Details,
        now: UnixTime,
        random: &[u8; 32],
    ) -> Result<Notification, VerifierError<S::Error>> {
        let ask = Ask { id, login, number, details, random, now };
        let asked = self.turn(id, |account| account.push(&ask, &self.policy)).await.map(|(asked, _)| asked);
        let event = Event { authenticator: Some(number), ..Event::new(Action::Push, id, now) };
        self.tell(event, asked)
    }

    /// Judges the answer of an app to a challenge: [`Answer::account`] names the account.
    ///
    /// Anybody can send answers. One that does not verify under the key of the device for a pending challenge changes
    /// nothing and counts nothing. A signed acceptance with a wrong number counts as a wrong code and ends the
    /// challenge.
    ///
    /// It is not a login yet: [`Self::poll`] returns that to the page.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierError::Push`] with the reason if the answer is not taken, and [`VerifierError::Refused`] if
    /// the number is wrong, or if the account is locked or suspended. Every other error is an outage of the provider.
    pub async fn answer_push(
        &self,
        id: &AccountId,
        answer: &str,
        now: UnixTime,
    ) -> Result<Verdict, VerifierError<S::Error>> {
        let event = Event::new(Action::AnswerPush, id, now);
        let answer = match Answer::parse(answer) {
            Ok(answer) => answer,
            Err(error) => return self.report(event, Err(VerifierError::Push(PushRefusal::Message(error)))),
        };
        let judged = self.turn(id, |account| account.answer_push(id, &answer, &self.policy, now)).await;
        let (judged, signed_by) = match judged {
            Ok((judged, signed_by)) => (Ok(judged), signed_by),
            Err(error) => (Err(unknown(error)), None),
        };
        let action = match signed_by.map(|_| answer.verdict()) {
            Some(Verdict::Accept) => Action::AcceptPush,
            Some(Verdict::Deny) => Action::DenyPush,
            Some(Verdict::NotMe) => Action::ReportPush,
            None => Action::AnswerPush,
        };
        self.tell(Event { authenticator: signed_by, action, ..event }, judged).map(|_| answer.verdict())
    }

    /// Completes the login of the challenge that was sent in this transaction, if the person has accepted it.
    ///
    /// The page calls it again while it returns [`PushRefusal::Waiting`], for which there is no event. An approval must
    /// be fetched within a minute.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Push`] if the person has not accepted the challenge.
    /// - Returns [`VerifierError::Repeated`] if this login was returned before.
    /// - Returns [`VerifierError::Refused`] if the account or the authenticator was locked or suspended meanwhile.
    /// - Every other error is an outage of the provider. None of them is a login.
    pub async fn poll(
        &self,
        id: &AccountId,
        login: &Transaction,
        now: UnixTime,
    ) -> Result<Accepted, VerifierError<S::Error>> {
        let polled =
            self.turn(id, |account| account.poll_push(login, &self.policy, now)).await.map(|(polled, _)| polled);
        if let Ok(Swapped { outcome: Err(VerifierError::Push(PushRefusal::Waiting)), .. }) = polled {
            return Err(VerifierError::Push(PushRefusal::Waiting));
        }
        let number = polled.as_ref().ok().and_then(|swapped| Some(swapped.outcome.as_ref().ok()?.number));
        let event = Event { authenticator: number, ..Event::new(Action::Poll, id, now) };
        Ok(Accepted { id: *id, success: self.tell(event, polled)? })
    }

    /// Takes the key of a new app from its answer to an [activation](crate::push::Activation):
    /// [`ActivationAnswer::account`] names the account.
    ///
    /// An answer that does not prove the activation's secret changes nothing and counts nothing. The first one that
    /// does is taken. The app then shows a [code](crate::push::device::Device::confirmation_code), and the page passes
    /// it to [`Self::confirm`], which completes the enrollment.
    ///
    /// # Errors
    ///
    /// - Returns [`VerifierError::Push`] with the reason if the answer is not taken.
    /// - Returns [`VerifierError::Account`] with [`AccountError::SecretInUse`] if the account has a device with this
    ///   key.
    /// - Returns [`VerifierError::Refused`] if the account is suspended.
    /// - Every other error is an outage of the provider.
    pub async fn activate_push(
        &self,
        id: &AccountId,
        answer: &str,
        now: UnixTime,
    ) -> Result<AuthenticatorNumber, VerifierError<S::Error>> {
        let event = Event::new(Action::ActivatePush, id, now);
        let answer = match ActivationAnswer::parse(answer) {
            Ok(answer) => answer,
            Err(error) => return self.report(event, Err(VerifierError::Push(PushRefusal::Message(error)))),
        };
        let activated = self.turn(id, |account| account.activate_push(id, &answer, now)).await;
        let activated = activated.map(|(activated, _)| activated).map_err(unknown);
        let number = activated.as_ref().ok().and_then(|swapped| swapped.outcome.as_ref().ok()).copied();
        self.tell(Event { authenticator: number, ..event }, activated)
    }

    /// Decides about an account, and stores it before the verdict is returned. Returns the device that signed the
    /// answer as well, if one did.
    async fn turn<T>(&self, id: &AccountId, decide: impl Fn(&mut Account) -> Turn<T>) -> Signed<T, S::Error> {
        let swapped = self.swap(id, |held, _| {
            let mut account = self.account(id, held)?;
            let Turn { verdict, is_changed, signed_by } = decide(&mut account);
            let outcome = (verdict.map_err(|refused| VerifierError::of(refused, id)), signed_by);
            Ok(if is_changed { Step::Store(outcome, Record::Account(account)) } else { Step::Keep(outcome) })
        });
        let Swapped { outcome: (verdict, signed_by), revision } = swapped.await?;
        Ok((Swapped { outcome: verdict, revision }, signed_by))
    }
}
