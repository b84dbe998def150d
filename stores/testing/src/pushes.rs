//! Races of many processes with one answer of an app.

use secondo::factor::NewAuthenticator;
use secondo::push::device::{Device, Unlock};
use secondo::push::{Activation, Details, Notification, PushRefusal, SoftwareKey};
use secondo::store::Store;
use secondo::types::AuthenticatorNumber;
use secondo::{AccountId, Transaction, UnixTime, VerifierError};

use crate::engine::{Engine, Provider, fresh, policy, time};
use crate::rounds;
use crate::worker::Process;

const PROCESSES: usize = 8;

/// The app is the second authenticator. Without a confirmed one before it, Redis would remove the account, whose times
/// are in the past.
const APP: AuthenticatorNumber = AuthenticatorNumber::new(2);

/// Submits the answer to a push from eight processes at once, each of which then fetches the login, in 40 rounds.
///
/// Each round must take the answer from one process, and return the login to one.
///
/// If processes can share the engine, the race is repeated with a store that does not compare revisions. It must take
/// some answers or return some logins twice. Otherwise the rounds prove nothing.
pub fn one_push_answer<E: Engine>(address: &str) {
    let (id, mut app) = Provider::<E>::open(address, policy()).enroll_app("race/push");
    let mut workers: Vec<_> = (0..PROCESSES).map(|_| Process::start(address)).collect();
    let mut race = |command: &str, steps: std::ops::Range<u64>| -> Vec<[usize; 2]> {
        let mut round = |step| {
            let (session, now) = (format!("push-session-{step:08}"), time(step));
            let login = Transaction::new(session.as_bytes()).unwrap();
            let answer = Provider::<E>::open(address, policy()).ask(&id, &login, &mut app, now);
            for worker in &mut workers {
                worker.tell(&format!("{command} {session} {id} {} {answer}", now.as_secs()));
            }
            let told: Vec<_> = workers.iter_mut().map(|worker| worker.answer().unwrap()).collect();
            let count = |answer| told.iter().filter(|told| told.contains(answer)).count();
            assert_eq!(count("taken") + count("answered"), PROCESSES, "{told:?}");
            assert_eq!(count("accepted") + count("repeated"), PROCESSES, "{told:?}");
            [count("taken"), count("accepted")]
        };
        steps.map(&mut round).collect()
    };
    let rounds = rounds(40);
    let once = race("push", 0..rounds);
    assert!(once.iter().all(|counts| *counts == [1, 1]), "taken and accepted in each round: {once:?}");
    crate::report!("{}: {rounds} rounds of {PROCESSES} processes with one push answer: accepted once in each", E::NAME);

    if E::SHARED {
        let blindly = race("push-blindly", rounds..rounds + 100);
        let twice = blindly.iter().filter(|counts| **counts != [1, 1]).count();
        crate::report!("{}: without the comparison, more than once in {twice} rounds of 100", E::NAME);
        assert!(twice > 0, "the processes do not race");
    }
}

fn activation(id: &AccountId) -> Activation {
    Activation::new(id, "tests", "scenario", &[5; 32]).unwrap()
}

/// Returns the app of an account, with its answer to the activation.
fn app_of(id: &AccountId) -> (Device<SoftwareKey>, String) {
    Device::activate(&activation(id), SoftwareKey::from_bytes(&[7; 32]).unwrap(), None).unwrap()
}

/// Returns the answer of an app that accepts with this number.
fn accept(app: &mut Device<SoftwareKey>, sent: &Notification, number: &str, now: UnixTime) -> String {
    let challenge = app.read(&sent.message, now).unwrap();
    app.accept(&challenge, number, Unlock::Biometrics { is_recognized: true }, now).unwrap()
}

impl<E: Engine, S: Store> Provider<E, S> {
    /// Creates an account with an app.
    fn enroll_app(&self, id: &str) -> (AccountId, Device<SoftwareKey>) {
        let id = self.enroll(id);
        self.bind_app(&id);
        let (app, _) = app_of(&id);
        (id, app)
    }

    /// Enrolls and confirms the app of an account.
    pub(crate) fn bind_app(&self, id: &AccountId) {
        let (login, (app, answer)) = (fresh(), app_of(id));
        E::block_on(async {
            self.verifier.enroll(id, &login, NewAuthenticator::from(&activation(id)), time(0)).await.unwrap();
            let number = self.verifier.activate_push(id, &answer, time(0)).await.unwrap();
            let code = app.confirmation_code();
            self.verifier.confirm(id, &login, number, code.as_str(), time(0)).await.unwrap();
        });
    }

    /// Asks the app in this transaction, and returns its answer.
    fn ask(&self, id: &AccountId, login: &Transaction, app: &mut Device<SoftwareKey>, now: UnixTime) -> String {
        let sent = self.push(id, login, APP, now).unwrap();
        accept(app, &sent, &sent.number, now)
    }

    fn push(
        &self,
        id: &AccountId,
        login: &Transaction,
        app: AuthenticatorNumber,
        now: UnixTime,
    ) -> Result<Notification, VerifierError<S::Error>> {
        let details = Details::new("race", "here", "now").unwrap();
        let mut random = [0; 32];
        random[..16].copy_from_slice(login.hash());
        E::block_on(self.verifier.push(id, login, app, &details, now, &random))
    }

    /// Asks an app, and answers with a wrong number.
    pub(crate) fn guess_number(&self, id: &AccountId, number: AuthenticatorNumber) {
        let sent = match self.push(id, &fresh(), number, time(0)) {
            Ok(sent) => sent,
            Err(VerifierError::Push(_) | VerifierError::Refused(_)) => return,
            Err(error) => panic!("{error}"),
        };
        let wrong = if sent.number == "000000" { "111111" } else { "000000" };
        let answer = accept(&mut app_of(id).0, &sent, wrong, time(0));
        let refused = E::block_on(self.verifier.answer_push(id, &answer, time(0)));
        assert!(matches!(refused, Err(VerifierError::Refused(_))), "{refused:?}");
    }

    /// Submits an answer and fetches the login, each again for as long as other processes are faster.
    pub(crate) fn answer_and_poll(&self, id: &AccountId, login: &Transaction, answer: &str, now: UnixTime) -> String {
        let answered = loop {
            match E::block_on(self.verifier.answer_push(id, answer, now)) {
                Ok(_) => break "taken",
                Err(VerifierError::Push(PushRefusal::Answered)) => break "answered",
                Err(VerifierError::Contended) => {}
                Err(error) => panic!("{error}"),
            }
        };
        let polled = loop {
            match E::block_on(self.verifier.poll(id, login, now)) {
                Ok(_accepted) => break "accepted",
                Err(VerifierError::Repeated(_)) => break "repeated",
                Err(VerifierError::Contended) => {}
                Err(error) => panic!("{error}"),
            }
        };
        format!("{answered} {polled}")
    }
}
