//! Benchmarks of parsing and writing key URIs.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use secondo::formats::otpauth::KeyUri;

const TYPICAL: &str = "otpauth://totp/Example:rossi%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&algorithm=SHA1&digits=6&period=30";

fn key_uri(c: &mut Criterion) {
    let mut group = c.benchmark_group("KeyUri");
    group.bench_function("parse", |b| b.iter(|| KeyUri::parse(black_box(TYPICAL)).expect("a key URI")));
    let parsed = KeyUri::parse(TYPICAL).expect("a key URI");
    group.bench_function("to_uri", |b| b.iter(|| black_box(&parsed).to_uri()));
    group.bench_function("parse and to_uri", |b| {
        b.iter(|| KeyUri::parse(black_box(TYPICAL)).expect("a key URI").to_uri());
    });
    group.finish();
}

criterion_group!(benches, key_uri);
criterion_main!(benches);
