//! Benchmarks of code generation, and of decisions on a state.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use secondo::policy::Window;
use secondo::types::Counter;
use secondo::{Algorithm, Hotp, Key, Method, Policy, Secret, State, SubmittedCode, Totp, UnixTime};

const NOW: UnixTime = match UnixTime::from_secs(1_700_000_010) {
    Ok(time) => time,
    Err(_) => panic!(),
};

fn secret(algorithm: Algorithm) -> Secret {
    Secret::from_bytes(&b"1234567890".repeat(7)[..algorithm.output_len()]).expect("long enough")
}

fn generate(c: &mut Criterion) {
    let mut group = c.benchmark_group("generate");
    let totp = Totp::default();
    for algorithm in Algorithm::ALL.iter().copied() {
        let secret = secret(algorithm);
        let key = Key::new(algorithm, &secret);
        group.bench_function(format!("{algorithm}, prepared key"), |b| {
            b.iter(|| totp.generate(black_box(&key), black_box(NOW)));
        });
        group.bench_function(format!("{algorithm}, secret"), |b| {
            b.iter(|| totp.generate(&Key::new(algorithm, black_box(&secret)), black_box(NOW)));
        });
    }
    // The lower limit for SHA-1 with a prepared key: a code takes two compressions.
    group.bench_function("SHA1, two compressions", |b| {
        let block = [[7; 64]];
        b.iter(|| {
            let mut state = [1, 2, 3, 4, 5];
            sha1::block_api::compress(&mut state, black_box(&block));
            sha1::block_api::compress(&mut state, black_box(&block));
            state
        });
    });
    group.finish();
}

/// Measures verification. A right code at any step, a wrong code and a replayed code should take the same time.
fn verify(c: &mut Criterion) {
    let totp = Totp::default();
    let method = Method::Totp(totp);
    let policy = Policy::new().with_window(Window::new(1, 1).expect("in range"));
    let code_at = |key: &Key, offset: i64| {
        let step = totp.step(NOW).expect("after T0").get().wrapping_add_signed(offset);
        SubmittedCode::from(&Hotp::default().generate(key, Counter::new(step)))
    };
    for algorithm in Algorithm::ALL.iter().copied() {
        let mut group = c.benchmark_group(format!("verify {algorithm}, one step each way"));
        let key = Key::new(algorithm, &secret(algorithm));
        let fresh = State::new().confirmed();
        let used = fresh.starting_at(Counter::new(totp.step(NOW).expect("after T0").get() + 1));
        for (name, state, code) in [
            ("right, past step", fresh, code_at(&key, -1)),
            ("right, current step", fresh, code_at(&key, 0)),
            ("right, future step", fresh, code_at(&key, 1)),
            ("wrong", fresh, code_at(&key, 1000)),
            ("replayed", used, code_at(&key, 0)),
        ] {
            group.bench_function(name, |b| {
                b.iter(|| {
                    let decision = method.verify(black_box(&key), &policy, black_box(&state), black_box(&code), NOW);
                    decision.commit(|next| {
                        black_box(next);
                        Ok::<_, Infallible>(())
                    })
                });
            });
        }
        group.finish();
    }

    let mut group = c.benchmark_group("search SHA1");
    let key = Key::new(Algorithm::Sha1, &secret(Algorithm::Sha1));
    let wide = Policy::new().with_window(Window::new(7, 0).expect("in range"));
    let wrong = code_at(&key, 1000);
    group.bench_function("window of 8", |b| {
        b.iter(|| method.verify(&key, &wide, &State::new().confirmed(), black_box(&wrong), NOW));
    });
    group.bench_function("resynchronization over 1000", |b| {
        let codes = [code_at(&key, 1000), code_at(&key, 1001)];
        b.iter(|| Method::Hotp(Hotp::default()).resync(&key, &Policy::new(), &State::new(), black_box(&codes), NOW));
    });
    group.finish();
}

criterion_group!(benches, generate, verify);
criterion_main!(benches);
