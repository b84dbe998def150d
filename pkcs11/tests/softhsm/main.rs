//! Tests with keys on a token of `SoftHSM`.

mod absence;
mod failures;
mod heap;
mod keys;
#[path = "../../../tests/suite/support/logins.rs"]
mod logins;
mod store;
#[path = "../../../tests/suite/support/watching.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod watching;

use std::fmt;
use std::future::poll_fn;
use std::num::NonZeroU8;
use std::task::Poll;

use pollster::block_on;
use secondo::factor::Method;
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, MasterKey, SealingKey};
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{
    AccountId, Algorithm, Authenticator, Hotp, Key, Policy, Refusal, Secret, State, Verifier, VerifierError,
};
use secondo_pkcs11::{Token, TokenError, TokenHsm, Workers};

use logins::Logins;

type Sealed = Verifier<Memory, TokenHsm>;

fn verifier(token: &Token) -> Sealed {
    with_hsm(Workers::new().start(token).unwrap())
}

fn with_hsm(hsm: TokenHsm) -> Sealed {
    let local = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    Verifier::new(Memory::new(), ring(&local), Policy::new()).with_hsm(hsm)
}

fn one_worker(token: &Token) -> TokenHsm {
    Workers::new().with_threads(NonZeroU8::MIN).start(token).unwrap()
}

fn ring<M: MasterKey>(master: &M) -> KeyRing {
    KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), master).unwrap(), []).unwrap()
}

fn name(text: &str) -> HsmKey {
    HsmKey::new(text.as_bytes()).unwrap()
}

/// Asks for the SHA-1 HMAC of counter 0 under a key, without a verifier.
fn hmacs(hsm: &TokenHsm, key: &str) -> Result<Vec<Hmac>, TokenError> {
    block_on(hsm.hmacs(&name(key), Algorithm::Sha1, &[Counter::new(0)]))
}

fn rfc_secret(algorithm: Algorithm) -> Secret {
    let seed: Vec<u8> = b"1234567890".iter().copied().cycle().take(algorithm.output_len()).collect();
    Secret::from_bytes(&seed).unwrap()
}

fn rows(file: &str) -> impl Iterator<Item = Vec<&str>> {
    file.lines().filter(|row| !row.starts_with('#')).map(|row| row.split(' ').collect())
}

/// Creates an account with one confirmed authenticator, whose seed is on the token under the same name.
fn enroll(verifier: &Sealed, method: impl Into<Method>, algorithm: Algorithm, key: &str) -> AccountId {
    let id = AccountId::new(key).unwrap();
    verifier.add(&id, Authenticator::in_hsm(method, algorithm, name(key)), State::new().confirmed()).unwrap();
    id
}

/// Creates an account with one confirmed HOTP authenticator, whose seed is on the token. Returns its id and the same
/// key in memory.
fn local_twin(token: &Token, verifier: &Sealed, key: &str, seed: &[u8], algorithm: Algorithm) -> (AccountId, Key) {
    let secret = Secret::import_short(seed).unwrap();
    token.import(&name(key), &secret, algorithm).unwrap();
    (enroll(verifier, Hotp::default(), algorithm, key), Key::new(algorithm, &secret))
}

fn refusal<T: fmt::Debug, E: fmt::Debug>(result: Result<T, VerifierError<E>>) -> Refusal {
    match result {
        Err(VerifierError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Polls all futures at the same time, and returns their outputs in order.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    poll_fn(move |context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) {
            Poll::Ready(outputs.iter_mut().filter_map(Option::take).collect())
        } else {
            Poll::Pending
        }
    })
    .await
}
