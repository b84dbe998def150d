//! The interface of the scenarios to a store, and the accounts that they use.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secondo::account::AccountError;
use secondo::audit::{Operator, Sink};
use secondo::factor::{Destination, External, NewAuthenticator, RecoveryCodes};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Exchange, Revision, Store, Value};
use secondo::types::{AuthenticatorNumber, Counter, DisplayName, Level, Period};
use secondo::verifier::{Accepted, Sent};
use secondo::{
    AccountId, Algorithm, Authenticator, Digits, Hotp, Key, Policy, Refusal, Secret, State, Totp, Transaction,
    UnixTime, Verifier, VerifierError,
};

use crate::sent::NoGateway;

/// An engine under test. Scenarios open it in the test's process and in processes of their own.
pub trait Engine: 'static {
    /// The store in the engine.
    type Store: Store;

    /// The name of the engine in the printed counts.
    const NAME: &'static str;

    /// `true` if several processes may have the engine open at once. If not, [`open`](Self::open) waits until the other
    /// process has closed it.
    const SHARED: bool;

    /// The longest time that one call to the store takes.
    const TIMEOUT: Duration;

    /// Opens the data at this address or path, as a provider's process does.
    fn open(address: &str) -> Self::Store;

    /// Runs a future to its end, within the runtime in which the store was opened.
    fn block_on<T>(future: impl Future<Output = T>) -> T;
}

/// The operator who creates accounts and looks into them.
pub(crate) const TESTS: Operator<'_> = Operator::new("tests", "scenario");

/// The outcome of one submitted code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    Refused(Refusal),
    /// The code was accepted before as a login in the same transaction.
    Repeated,
    /// Other attempts were faster each time, and nothing happened.
    Contended,
    /// The store failed, and the outcome is unknown.
    Failed(String),
}

/// Returns a TOTP with eight digits, so that none of the many compared codes equals another by chance.
pub(crate) fn totp() -> Totp {
    Totp::new(Digits::Eight, Period::default())
}

/// The greatest number of devices that an account of the scenarios has.
pub(crate) const DEVICES: u32 = 4;

/// Returns the secret of a device. Devices are numbered like the authenticators of an account, from 1.
fn secret(device: u32) -> Secret {
    let mut bytes = *b"12345678901234567890";
    bytes[..4].copy_from_slice(&device.to_be_bytes());
    Secret::from_bytes(&bytes).unwrap()
}

/// Returns a transaction that no other call returned, in this process or in another.
pub(crate) fn fresh() -> Transaction {
    static LAST: AtomicU64 = AtomicU64::new(0);

    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&process::id().to_be_bytes());
    bytes[8..].copy_from_slice(&LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Transaction::new(&bytes).unwrap()
}

/// Returns a policy with the highest failure cap that does not count replays, and with room for many devices.
///
/// The scenarios can then submit a code again to find out if it is used.
pub(crate) fn policy() -> Policy {
    let policy = Policy::new().with_failure_cap(Policy::CONSECUTIVE_LIMIT).unwrap().with_counted_replays(false);
    policy.with_right_codes(u8::MAX).unwrap()
}

/// Returns the first moment of a time step. Steps are counted from the one at which the scenarios begin.
pub(crate) fn time(step: u64) -> UnixTime {
    UnixTime::from_secs(1_700_000_010 + 30 * step).unwrap()
}

/// Returns the step of the watermark (the last used time step), counted as in [`time`], or `None` for a state
/// without a watermark.
pub(crate) fn step_of(state: &State) -> Option<u64> {
    state.watermark().map(|watermark| watermark.get() - totp().step(time(0)).unwrap().get())
}

/// Returns the code of an account's first device.
pub(crate) fn code(time: UnixTime) -> String {
    code_of(1, time)
}

pub(crate) fn code_of(device: u32, time: UnixTime) -> String {
    let key = Key::new(Algorithm::Sha1, &secret(device));
    totp().generate(&key, time).unwrap().as_str().into()
}

/// Returns a code that is wrong for every device at each of the steps around this time.
pub(crate) fn wrong_code(time: UnixTime) -> String {
    let step = totp().step(time).unwrap().get();
    let hotp = Hotp::new(Digits::Eight);
    let near = |device| {
        let key = Key::new(Algorithm::Sha1, &secret(device));
        (step - 2..=step + 2).map(move |step| hotp.generate(&key, Counter::new(step)))
    };
    let near: Vec<_> = (1..=DEVICES).flat_map(near).collect();
    let unlike = |candidate: &String| near.iter().all(|code| code.as_str() != candidate);
    (0..100).map(|n| format!("{n:08}")).find(unlike).unwrap()
}

/// A verifier on one store, with blocking calls.
pub(crate) struct Provider<E: Engine, S = <E as Engine>::Store> {
    pub(crate) verifier: Verifier<S>,
    engine: std::marker::PhantomData<fn() -> E>,
}

impl<E: Engine> Provider<E> {
    pub(crate) fn open(address: &str, policy: Policy) -> Self {
        Self::on(E::open(address), policy)
    }
}

impl<E: Engine, S: Store> Provider<E, S> {
    pub(crate) fn on(store: S, policy: Policy) -> Self {
        let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
        let keys =
            KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap(), [])
                .unwrap();
        Self { verifier: Verifier::new(store, keys, policy), engine: std::marker::PhantomData }
    }

    pub(crate) fn with_sink(self, sink: impl Sink + 'static) -> Self {
        Self { verifier: self.verifier.with_sink(sink), engine: self.engine }
    }

    /// Creates an account with one device.
    pub(crate) fn enroll(&self, id: &str) -> AccountId {
        self.enroll_devices(id, 1)
    }

    /// Creates an account with this number of devices.
    pub(crate) fn enroll_devices(&self, id: &str, devices: u32) -> AccountId {
        let id = AccountId::new(id).unwrap();
        let device = |number| {
            let authenticator = Authenticator::new(totp(), Algorithm::Sha1, secret(number));
            (NewAuthenticator::from(authenticator), State::new().confirmed())
        };
        let devices: Vec<_> = (1..=devices).map(device).collect();
        E::block_on(self.verifier.import(&id, &devices, TESTS, time(0))).unwrap();
        id
    }

    /// Creates an account with all devices, this telephone number, recovery codes and an app.
    pub(crate) fn enroll_every_kind(&self, id: &str, number: &str) -> AccountId {
        let id = AccountId::new(id).unwrap();
        let devices = (1..=DEVICES).map(|number| Authenticator::new(totp(), Algorithm::Sha1, secret(number)).into());
        let number = Destination::sms(number).unwrap().into();
        let codes = NewAuthenticator::from(&RecoveryCodes::long(&[7; 32]));
        let all: Vec<_> = devices.chain([number, codes]).map(|new| (new, State::new().confirmed())).collect();
        E::block_on(self.verifier.import(&id, &all, TESTS, time(0))).unwrap();
        self.bind_app(&id);
        E::block_on(self.verifier.allow_enrollments(&id, TESTS, time(0))).unwrap();
        id
    }

    /// Has a code sent to the account's number, and submits a wrong one of the same length.
    pub(crate) fn guess_sent(&self, id: &AccountId) {
        let (login, number) = (fresh(), AuthenticatorNumber::new(DEVICES + 1));
        let random = rand::random();
        let sent = E::block_on(self.verifier.send_code(id, &login, number, &NoGateway, time(0), &random));
        let wrong = match &sent {
            Ok(Sent::New(message)) if message.code().as_str() == "000000" => "111111",
            _ => "000000",
        };
        let refused = self.verify_in(&login, id, None, wrong, time(0));
        assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
    }

    /// Submits a wrong recovery code, in every second guess to revoke a device as lost.
    pub(crate) fn guess_recovery(&self, id: &AccountId, guess: u32, lost: AuthenticatorNumber) {
        let [.., byte] = guess.to_be_bytes();
        let codes = RecoveryCodes::long(&[byte.max(8); 32]);
        let text = codes.texts().next().unwrap();
        let refused = if guess.is_multiple_of(2) {
            self.recover(id, text.as_str(), time(0))
        } else {
            outcome(E::block_on(self.verifier.recover_and_revoke(id, &fresh(), text.as_str(), lost, time(0))))
        };
        assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
    }

    /// Creates an account with one device and these recovery codes.
    pub(crate) fn enroll_codes(&self, id: &str, codes: &RecoveryCodes) -> AccountId {
        let id = self.enroll(id);
        E::block_on(self.verifier.enroll(&id, &fresh(), codes, time(0))).unwrap();
        id
    }

    /// Submits a recovery code in a transaction of its own.
    pub(crate) fn recover(&self, id: &AccountId, code: &str, now: UnixTime) -> Outcome {
        outcome(E::block_on(self.verifier.recover(id, &fresh(), code, now)))
    }

    /// Submits a code in a transaction of its own.
    pub(crate) fn verify(&self, id: &AccountId, code: &str, now: UnixTime) -> Outcome {
        self.verify_in(&fresh(), id, None, code, now)
    }

    /// Submits a code in this transaction, for all devices or for one.
    pub(crate) fn verify_in(
        &self,
        login: &Transaction,
        id: &AccountId,
        device: Option<AuthenticatorNumber>,
        code: &str,
        now: UnixTime,
    ) -> Outcome {
        let verified = E::block_on(async {
            match device {
                Some(device) => self.verifier.verify_with(id, login, device, code, now).await,
                None => self.verifier.verify(id, login, code, now).await,
            }
        });
        outcome(verified)
    }

    /// Submits wrong codes in one transaction, of which all but the first repeat it.
    pub(crate) fn guess(&self, id: &AccountId, device: Option<AuthenticatorNumber>, times: u32) {
        let login = fresh();
        for _ in 0..times {
            let refused = self.verify_in(&login, id, device, &wrong_code(time(0)), time(0));
            assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
        }
    }

    /// Submits wrong codes for a resynchronization.
    pub(crate) fn guess_twice(&self, id: &AccountId, device: AuthenticatorNumber) {
        let wrong = wrong_code(time(0));
        let refused = E::block_on(self.verifier.resync(id, &fresh(), device, &[&wrong, &wrong], time(0)));
        assert!(matches!(refused, Err(VerifierError::Refused(_))), "{refused:?}");
    }

    /// Begins an enrollment, submits two wrong codes, and leaves it there.
    pub(crate) fn begin(&self, id: &AccountId, device: u32) {
        let (login, new) = (fresh(), Authenticator::new(totp(), Algorithm::Sha1, secret(device)));
        let enrolled = match E::block_on(self.verifier.enroll(id, &login, new, time(0))) {
            Ok(enrolled) => enrolled,
            Err(VerifierError::Account(AccountError::TooManyEnrollments { .. })) => return,
            Err(error) => panic!("{error}"),
        };
        for wrong in ["00000000", "00000001"] {
            // Four later enrollments may have ended this one.
            let refused = E::block_on(self.verifier.confirm(id, &login, enrolled.number, wrong, time(0)));
            assert!(matches!(refused, Err(VerifierError::Refused(_) | VerifierError::Account(_))), "{refused:?}");
        }
    }

    /// Creates an account with a telephone number, and returns the code that is to be sent to it, or the label of the
    /// error.
    pub(crate) fn send_code(&self, id: &str, number: &str, session: &str) -> Result<String, &'static str> {
        let (id, login) = (AccountId::new(id).unwrap(), Transaction::new(session.as_bytes()).unwrap());
        let number = NewAuthenticator::from(Destination::sms(number).unwrap());
        let random: [u8; 32] = rand::random();
        // An engine with a clock of its own removes the limit of the number when it has passed.
        let now = UnixTime::now().unwrap();
        let sent = E::block_on(async {
            self.verifier.import(&id, &[(number, State::new().confirmed())], TESTS, now).await?;
            self.verifier.send_code(&id, &login, AuthenticatorNumber::new(1), &NoGateway, now, &random).await
        });
        match sent {
            Ok(Sent::New(message)) => Ok(message.code().as_str().into()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.label()),
        }
    }

    pub(crate) fn rename(&self, id: &AccountId, device: AuthenticatorNumber, name: DisplayName) {
        E::block_on(self.verifier.rename(id, device, name, TESTS, time(0))).unwrap();
    }

    pub(crate) fn suspend_or_resume(&self, id: &AccountId, device: AuthenticatorNumber, is_suspended: bool) {
        E::block_on(async {
            if is_suspended {
                self.verifier.suspend_authenticator(id, device, TESTS, time(0)).await
            } else {
                self.verifier.resume_authenticator(id, device, TESTS, time(0)).await
            }
        })
        .unwrap();
    }

    /// Revokes a device, unless it is the last one.
    pub(crate) fn revoke(&self, id: &AccountId, device: AuthenticatorNumber) -> Result<(), AccountError> {
        match E::block_on(self.verifier.revoke(id, device, TESTS, time(0))) {
            Ok(()) => Ok(()),
            Err(VerifierError::Account(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }

    /// Imports an external authenticator with this data, and revokes it.
    pub(crate) fn import_and_revoke(&self, id: &AccountId, data: u32) {
        let external = External::new(Level::Two, &data.to_be_bytes()).unwrap();
        let new = [(NewAuthenticator::from(external), State::new().confirmed())];
        E::block_on(self.verifier.import(id, &new, TESTS, time(0))).unwrap();
        let view = E::block_on(self.verifier.view(id, time(0))).unwrap();
        let imported = view.authenticators.iter().find(|listed| listed.external == Some(external));
        self.revoke(id, imported.expect("it was imported").number).unwrap();
    }

    /// Returns the numbers of the account's authenticators.
    pub(crate) fn devices(&self, id: &AccountId) -> Vec<u32> {
        let view = E::block_on(self.verifier.view(id, time(0))).unwrap();
        view.authenticators.iter().map(|listed| listed.number.get()).collect()
    }

    /// Returns the number of changes of the account.
    pub(crate) fn revision(&self, id: &AccountId) -> u64 {
        E::block_on(self.verifier.view(id, time(0))).unwrap().revision
    }

    /// Returns the state of the account's first device, with the failures and the lock of the account.
    pub(crate) fn state(&self, id: &AccountId) -> State {
        let exported = E::block_on(self.verifier.export(id, TESTS, time(0))).unwrap();
        exported.first().expect("a device").state
    }
}

fn outcome<E: std::error::Error>(verified: Result<Accepted, VerifierError<E>>) -> Outcome {
    match verified {
        Ok(_accepted) => Outcome::Accepted,
        Err(VerifierError::Refused(refusal)) => Outcome::Refused(refusal),
        Err(VerifierError::Repeated(repeated)) if repeated.is_login => Outcome::Repeated,
        Err(VerifierError::Store(error)) => Outcome::Failed(error.to_string()),
        Err(VerifierError::Contended) => Outcome::Contended,
        Err(error) => panic!("neither a verdict nor an outage: {}", error.label()),
    }
}

/// A store with the defect that the races must catch: it does not compare revisions.
pub(crate) struct Blind<S>(pub(crate) S);

impl<S: Store> Store for Blind<S> {
    type Error = S::Error;

    async fn load(&self, id: &AccountId) -> Result<Option<secondo::store::Entry>, S::Error> {
        self.0.load(id).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        _expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, S::Error> {
        let value = value.as_ref();
        loop {
            let current = self.0.load(id).await?.map(|entry| entry.revision);
            if self.0.compare_exchange(id, current, value.into(), expiry).await? == Exchange::Stored {
                return Ok(Exchange::Stored);
            }
        }
    }
}
