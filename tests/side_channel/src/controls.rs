//! Controls: defects that other libraries have, planted here on purpose. A check that misses one of them proves
//! nothing.

use std::convert::Infallible;
use std::hint::black_box;

use pollster::block_on;
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{Algorithm, Authenticator, Digits, Hotp, Key, Secret, State, Verifier};

use crate::Case;
use crate::login::{Device, Module, Subject, Typed, add, id, key, methods, remember, secret, transaction, unknown};
use crate::ocra;
use crate::taint::{make_unknown, plain_verifier, sealing_verifier, sent};
use crate::valgrind::make_secret;

/// Returns the cases in which memcheck must find errors.
pub(crate) fn leaks() -> Vec<Case> {
    vec![
        Case::new("a search that ends at the match", || {
            black_box(early_exit(&made_secret(*b"755224287082359152"), black_box(b"287082")));
        }),
        Case::new("truncation at an index", || {
            black_box(indexed_truncation(&made_secret(*b"a MAC of twenty byte")));
        }),
        Case::new("codes compared with ==", || {
            black_box(is_same(&made_secret(*b"287082"), black_box(b"287083")));
        }),
        Case::new("a response compared up to the first difference", || {
            black_box(is_same_up_to(&made_secret(*b"65347737"), black_box(b"65347738")));
        }),
        Case::new("leading zeros skipped", || {
            black_box(without_zeros(&made_secret(*b"007042")));
        }),
        Case::new("base32 from a table", || {
            black_box(looked_up(&made_secret(*b"GEZDGNBV")));
        }),
        Case::new("the hash of a PIN compared with ==", || {
            let hash = ocra::unknown_pin_hash(Algorithm::Sha1);
            black_box(is_same(hash.expose(), black_box(&[0; 20])));
        }),
        // These show that memcheck follows a secret through the library to the values that leave it.
        Case::new("the response of a secret", || {
            black_box(without_zeros(ocra::unknown_response(Algorithm::Sha1).as_str().as_bytes()));
        }),
        Case::new("the code of a secret", || {
            let key = Key::new(Algorithm::Sha1, &unknown(secret(4, 20)));
            let code = Hotp::default().generate(&key, Counter::new(1));
            black_box(without_zeros(code.as_str().as_bytes()));
        }),
        Case::new("the step of an accepted code", || {
            let subject = Subject::new(methods()[1], key(Algorithm::Sha1, 4), 1_000);
            let login = subject.login(Typed::Right(1), None).with_unknown_code();
            let accepted = login.verify().commit(|_| Ok::<_, Infallible>(())).expect("the code is right");
            up_to(accepted.counter());
        }),
        Case::new("the step of an accepted code, from a sealed record", || {
            let subject = Subject::new(methods()[1], key(Algorithm::Sha1, 4), 1_000);
            let verifier = sealing_verifier(subject.policy);
            let authenticator = Authenticator::new(subject.method, Algorithm::Sha1, secret(4, 20));
            add(&verifier, &[(authenticator.into(), State::new().confirmed())]);
            let code = subject.code(1);
            let accepted = block_on(verifier.verify(&id(), &transaction(1), code.as_str(), subject.now()));
            up_to(accepted.expect("the code is right").counter());
        }),
        Case::new("the digits of a sent code", || {
            let (_, message) = sent(plain_verifier, Digits::Six, made_secret([7; 32]));
            black_box(without_zeros(message.code().as_str().as_bytes()));
        }),
        Case::new("the number of a push compared as text", || {
            black_box(is_number(&made_secret(424_242_u32.to_be_bytes()), black_box("424242")));
        }),
        Case::new("a recovery code compared with == and up to the match", || {
            black_box(early_exit(&made_secret(*b"one two thre"), black_box(b"two ")));
        }),
        Case::new("the device of an accepted code, from a plain record", || up_to_device(&Device::all(), unknown)),
        // Only the answers of the HSM are secret.
        Case::new("the device of an accepted code, which is in an HSM", || {
            up_to_device(&Device::all_with_hsm(), |secret| secret);
        }),
        Case::new("the counter of an accepted response, from a plain record", || {
            up_to(ocra::log_in(plain_verifier, Algorithm::Sha1, 1).counter());
        }),
        Case::new("the browser of a token, from a plain record", || {
            let [device, ..] = Device::all();
            let verifier = Verifier::unsealed(Memory::new(), device.subject.policy);
            let tokens = remember(&verifier, 0..8, |random| make_secret(random, |random| random));
            let known = block_on(verifier.recall(&id(), tokens[5].as_str(), &[9; 32], device.subject.now()));
            up_to(Counter::new(1_000 + u64::from(known.expect("the token is right").browser().get())));
        }),
    ]
}

#[inline(never)]
fn up_to(counter: Counter) {
    (1_000..counter.get()).for_each(|step| {
        black_box(step);
    });
}

/// Logs in with the third device, and takes a time that depends on its number.
fn up_to_device(devices: &[Device; 4], mark: fn(Secret) -> Secret) {
    let verifier = plain_verifier(devices[0].subject.policy).with_hsm(Module::new(make_unknown));
    add(&verifier, &devices.each_ref().map(|device| device.added(mark)));
    let code = devices[2].subject.code(1);
    let accepted = block_on(verifier.verify(&id(), &transaction(1), code.as_str(), devices[0].subject.now()));
    up_to(Counter::new(1_000 + u64::from(accepted.expect("the code is right").authenticator().get())));
}

fn made_secret<const N: usize>(mut value: [u8; N]) -> [u8; N] {
    make_secret(&mut value, |value| value);
    value
}

/// Returns the index of a code in a sequence of expected codes of the same length, and stops at the first match.
#[inline(never)]
pub(crate) fn early_exit(expected: &[u8], code: &[u8]) -> Option<usize> {
    expected.chunks(code.len()).position(|expected| expected.iter().zip(code).fold(0, |all, (a, b)| all | (a ^ b)) == 0)
}

#[inline(never)]
fn indexed_truncation(mac: &[u8]) -> [u8; 4] {
    let offset = usize::from(mac[mac.len() - 1] & 0xf);
    [mac[offset] & 0x7f, mac[offset + 1], mac[offset + 2], mac[offset + 3]]
}

#[inline(never)]
fn is_same(expected: &[u8], code: &[u8]) -> bool {
    expected == code
}

#[inline(never)]
fn is_number(number: &[u8; 4], typed: &str) -> bool {
    format!("{:06}", u32::from_be_bytes(*number)) == typed
}

#[inline(never)]
pub(crate) fn without_zeros(code: &[u8]) -> u32 {
    code.iter().skip_while(|digit| **digit == b'0').fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
}

#[inline(never)]
pub(crate) fn is_same_up_to(expected: &[u8], response: &[u8]) -> bool {
    expected.iter().zip(response).all(|(a, b)| black_box(a) == black_box(b))
}

#[inline(never)]
fn looked_up(text: &[u8]) -> u32 {
    let mut values = [0; 256];
    for (value, symbol) in (0..).zip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") {
        values[usize::from(*symbol)] = value;
    }
    let values = black_box(values);
    text.iter().fold(0, |bits, symbol| bits << 5 | values[usize::from(*symbol)])
}
