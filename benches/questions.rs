//! Benchmarks of questions and recovery codes: a code that is sent, beside the loads of the store alone; the answer of an
//! app, beside the verification of its signature alone; and a recovery code.
//!
//! All rows of a table are measured in the same rounds, in an order that alternates, so that other load affects all
//! alike. The figures are medians.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use p256::ecdsa::signature::{Signer, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use pollster::block_on;
use secondo::audit::Operator;
use secondo::factor::{CodeMessage, Destination, RecoveryCodes, Transport};
use secondo::push::device::{Device, Unlock};
use secondo::push::{Activation, Details, SoftwareKey};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Entry, Exchange, Memory, Revision, Store, Value};
use secondo::verifier::Sent;
use secondo::{AccountId, AuthenticatorNumber, Policy, State, Transaction, UnixTime, Verifier};

const ROUNDS: usize = 201;
const KEY: [u8; 32] = [7; 32];
const NUMBER: AuthenticatorNumber = AuthenticatorNumber::new(1);
const APP: AuthenticatorNumber = AuthenticatorNumber::new(2);

fn main() {
    let (of_plain, of_sealed) = (Frozen::default(), Frozen::default());
    let plain = Subscriber::new(&of_plain, Verifier::unsealed(&of_plain, Policy::new()));
    let sealed = Subscriber::new(&of_sealed, Verifier::new(&of_sealed, keys(), Policy::new()));
    println!("codes that are sent: an account with a telephone number and an app, on `Memory`");
    print(
        100,
        &[
            ("two loads of the store", &|| sealed.load_twice()),
            ("send_code, plain records", &|| plain.send()),
            ("send_code, sealed records", &|| sealed.send()),
        ],
    );

    let signing = SigningKey::from_bytes(&KEY.into()).expect("a key");
    // As long as the bytes that the signature of an answer covers.
    let signed = [9; 62];
    let signature: Signature = signing.sign(&signed);
    let verifying = VerifyingKey::from(&signing);
    let stored = verifying.to_sec1_point(true);
    println!("\nanswers of an app");
    print(
        5,
        &[
            ("p256: verification", &|| verifying.verify(black_box(&signed), &signature).expect("it is right")),
            ("p256: verification, key read from its 33 bytes", &|| {
                let key = VerifyingKey::from_sec1_bytes(black_box(stored.as_bytes())).expect("a key");
                key.verify(black_box(&signed), &signature).expect("it is right");
            }),
            ("answer_push, plain records", &|| plain.answer()),
            ("answer_push, sealed records", &|| sealed.answer()),
        ],
    );

    println!("\nrecovery codes, sealed records");
    let [long, short] = [RecoveryCodes::long(&[8; 32]), RecoveryCodes::new(&[8; 32])];
    let (of_long, of_short) = (Frozen::default(), Frozen::default());
    let [long, short] = [(&of_long, &long), (&of_short, &short)].map(|(store, codes)| Paper::new(store, codes));
    print(
        5,
        &[("recover, a code of 120 bits", &|| long.recover()), ("recover, a code of 80 bits", &|| short.recover())],
    );
}

/// Measures rows with as many runs in each round, and prints each time, its difference from the first and its ratio.
fn print(runs: u32, rows: &[(&str, &dyn Fn())]) {
    let mut times = vec![Vec::with_capacity(ROUNDS); rows.len()];
    for round in 0..ROUNDS {
        for turn in 0..rows.len() {
            let at = if round % 2 == 0 { turn } else { rows.len() - 1 - turn };
            let start = Instant::now();
            (0..runs).for_each(|_| rows[at].1());
            times[at].push(start.elapsed().as_secs_f64() * 1e6 / f64::from(runs));
        }
    }
    let medians = times.iter_mut().map(|times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    let medians: Vec<_> = medians.collect();
    for ((name, _), median) in rows.iter().zip(&medians) {
        let first = medians[0];
        println!("{name:48} {median:9.2} µs {:+9.2} µs {:6.2}", median - first, median / first);
    }
}

/// A store that keeps its values as they are once it is frozen, so that each call finds the same account.
#[derive(Default)]
struct Frozen {
    memory: Memory,
    is_frozen: AtomicBool,
}

impl Store for Frozen {
    type Error = Infallible;

    async fn load(&self, id: &AccountId) -> Result<Option<Entry>, Infallible> {
        self.memory.load(id).await
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<Revision>,
        value: Value,
        expiry: Option<UnixTime>,
    ) -> Result<Exchange, Infallible> {
        if self.is_frozen.load(Ordering::Relaxed) {
            drop(black_box(value));
            return Ok(Exchange::Stored);
        }
        self.memory.compare_exchange(id, expected, value, expiry).await
    }
}

/// A gateway that sends nothing.
struct NoGateway;

impl Transport for NoGateway {
    type Error = Infallible;

    async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
        Ok(())
    }
}

/// An account with a telephone number and an app, which has a pending challenge.
struct Subscriber<'a> {
    store: &'a Frozen,
    verifier: Verifier<&'a Frozen>,
    id: AccountId,
    /// The right answer to the challenge.
    answer: String,
    now: UnixTime,
}

impl<'a> Subscriber<'a> {
    fn new(store: &'a Frozen, verifier: Verifier<&'a Frozen>) -> Self {
        let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").expect("visible ASCII");
        let (login, now) = (transaction(1), UnixTime::from_secs(1_700_000_000).expect("before the year 9999"));
        let number = Destination::sms("+393331234567").expect("a number").into();
        let desk = Operator::new("desk", "benchmark");
        let activation = Activation::new(&id, "benchmark", "person", &[5; 32]).expect("texts");
        let key = SoftwareKey::from_bytes(&KEY).expect("a key");
        let (mut app, activated) = Device::activate(&activation, key, None).expect("a key that signs");
        let code = app.confirmation_code();
        let details = Details::new("INPS", "Bari", "09:30").expect("texts");
        let sent = block_on(async {
            verifier.import(&id, &[(number, State::new().confirmed())], desk, now).await?;
            verifier.enroll(&id, &login, &activation, now).await?;
            verifier.activate_push(&id, &activated, now).await?;
            verifier.confirm(&id, &login, APP, code.as_str(), now).await?;
            // The limit of the number has a record from now on.
            let _sent = verifier.send_code(&id, &transaction(2), NUMBER, &NoGateway, now, &[3; 32]).await?;
            verifier.push(&id, &transaction(3), APP, &details, now, &[4; 32]).await
        });
        let sent = sent.expect("in memory");
        let challenge = app.read(&sent.message, now).expect("a challenge");
        let unlock = Unlock::Biometrics { is_recognized: true };
        let answer = app.accept(&challenge, &sent.number, unlock, now).expect("six digits");
        store.is_frozen.store(true, Ordering::Relaxed);
        Self { store, verifier, id, answer, now }
    }

    fn load_twice(&self) {
        for _ in 0..2 {
            black_box(block_on(self.store.load(&self.id)).expect("in memory"));
        }
    }

    fn send(&self) {
        let login = transaction(4);
        let sent = self.verifier.send_code(&self.id, &login, NUMBER, &NoGateway, self.now, &[6; 32]);
        assert!(matches!(block_on(sent), Ok(Sent::New(_))));
    }

    fn answer(&self) {
        block_on(self.verifier.answer_push(&self.id, &self.answer, self.now)).expect("the number is right");
    }
}

/// An account with recovery codes.
struct Paper<'a> {
    verifier: Verifier<&'a Frozen>,
    id: AccountId,
    code: String,
    now: UnixTime,
}

impl<'a> Paper<'a> {
    fn new(store: &'a Frozen, codes: &RecoveryCodes) -> Self {
        let (id, now) =
            (AccountId::new("a").expect("visible ASCII"), UnixTime::from_secs(1_700_000_000).expect("a time"));
        let verifier = Verifier::new(store, keys(), Policy::new());
        let desk = Operator::new("desk", "benchmark");
        let number = Destination::sms("+393331234567").expect("a number").into();
        block_on(async {
            verifier.import(&id, &[(number, State::new().confirmed())], desk, now).await?;
            verifier.enroll(&id, &transaction(1), codes, now).await
        })
        .expect("in memory");
        store.is_frozen.store(true, Ordering::Relaxed);
        let code = codes.texts().next().expect("ten codes").as_str().to_owned();
        Self { verifier, id, code, now }
    }

    fn recover(&self) {
        let _accepted =
            block_on(self.verifier.recover(&self.id, &transaction(2), &self.code, self.now)).expect("it is right");
    }
}

fn transaction(number: u8) -> Transaction {
    Transaction::new(&[number; 16]).expect("16 bytes")
}

fn keys() -> KeyRing {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).expect("64 digits");
    let deployment = Deployment::new("benchmark").expect("a name");
    KeyRing::new(SealingKey::derive(&deployment, KeyId::new(1), &master).expect("never fails"), []).expect("one key")
}
