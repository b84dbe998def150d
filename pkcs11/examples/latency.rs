//! A measurement of a token's throughput, and of a login with a key on the token against one with a key in memory.
//!
//! Run `cargo run --release -p secondo-pkcs11 --example latency -- MODULE LABEL`, with the user PIN in `PKCS11_PIN`.
//! The program creates a key named `secondo-latency` on the token, and removes it at the end.

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroU8;
use std::thread;
use std::time::{Duration, Instant};

use pollster::block_on;
use secondo::audit::Operator;
use secondo::hsm::{Hsm, HsmKey};
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{
    AccountId, Algorithm, Authenticator, Hotp, Key, Policy, Secret, State, Totp, Transaction, UnixTime, Verifier,
};
use secondo_pkcs11::{Token, TokenHsm, Workers};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [module, label] = arguments.as_slice() else { return Err("usage: latency MODULE LABEL".into()) };
    let token = Token::open(module, label, &env::var("PKCS11_PIN")?)?;
    let name = HsmKey::new(b"secondo-latency")?;
    token.import(&name, &Secret::from_bytes(SEED)?, Algorithm::Sha1)?;
    let measured = measure(&token, name);
    token.remove(&name)?;
    measured
}

fn measure(token: &Token, name: HsmKey) -> Result<(), Box<dyn Error>> {
    for threads in [1, 2, 4, 8] {
        let threads = NonZeroU8::new(threads).ok_or("no threads")?;
        let hsm = Workers::new().with_threads(threads).start(token)?;
        println!("{threads} threads: {:.0} HMACs per second", throughput(&hsm, name, threads));
    }
    let here = logins(Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(SEED)?), token)?;
    let there = logins(Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, name), token)?;
    println!("a login, median: {here:?} with the key here, {there:?} with the key on the token");
    Ok(())
}

const SEED: &[u8; 20] = b"12345678901234567890";

/// Measures HMACs per second, with two callers for each thread. Each call has as many counters as one of a
/// resynchronization.
fn throughput(hsm: &TokenHsm, name: HsmKey, threads: NonZeroU8) -> f64 {
    let counters: Vec<_> = (0..32).map(Counter::new).collect();
    let begun = Instant::now();
    let caller = || {
        let mut done = 0;
        while begun.elapsed() < Duration::from_secs(1) {
            done += black_box(block_on(hsm.hmacs(&name, Algorithm::Sha1, &counters))).map_or(0, |hmacs| hmacs.len());
        }
        done
    };
    let done: usize = thread::scope(|scope| {
        let callers: Vec<_> = (0..2 * threads.get()).map(|_| scope.spawn(caller)).collect();
        callers.into_iter().filter_map(|caller| caller.join().ok()).sum()
    });
    f64::from(u32::try_from(done).unwrap_or(u32::MAX)) / begun.elapsed().as_secs_f64()
}

/// Returns the median time of a login with the code of each time step. The verifier also searches the step before.
fn logins(authenticator: Authenticator, token: &Token) -> Result<Duration, Box<dyn Error>> {
    let verifier = Verifier::unsealed(Memory::new(), Policy::default()).with_hsm(Workers::new().start(token)?);
    let id = AccountId::new("latency")?;
    let confirmed = [(authenticator.into(), State::new().confirmed())];
    block_on(verifier.import(&id, &confirmed, Operator::new("latency", "measurement"), UnixTime::EPOCH))?;
    let key = Key::new(Algorithm::Sha1, &Secret::from_bytes(SEED)?);
    let mut times = Vec::new();
    for step in 1..2_000 {
        let code = Hotp::default().generate(&key, Counter::new(step));
        let login = Transaction::new(&[step.to_be_bytes(); 2].concat())?;
        let begun = Instant::now();
        let _accepted = block_on(verifier.verify(&id, &login, code.as_str(), UnixTime::from_secs(step * 30)?))?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}
