//! Tests against published test vectors, each in a data file.

use secondo::types::{Counter, Period};
use secondo::{Algorithm, Digits, Hotp, Key, Secret, Totp, UnixTime};

fn rows(file: &str) -> impl Iterator<Item = Vec<&str>> {
    file.lines().filter(|row| !row.starts_with('#')).map(|row| row.split(' ').collect())
}

#[test]
fn rfc4226_appendix_d() {
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let key = Key::new(Algorithm::Sha1, &secret);
    let mut checked = 0;
    for row in rows(include_str!("../vectors/rfc4226-appendix-d.txt")) {
        let code = Hotp::new(Digits::Six).generate(&key, Counter::new(row[0].parse().unwrap()));
        assert_eq!(code.as_str(), row[3], "counter {}", row[0]);
        checked += 1;
    }
    assert_eq!(checked, 10);
}

#[test]
fn rfc6238_appendix_b() {
    let totp = Totp::new(Digits::Eight, Period::default());
    let mut checked = 0;
    for row in rows(include_str!("../vectors/rfc6238-appendix-b.txt")) {
        let now = UnixTime::from_secs(row[0].parse().unwrap()).unwrap();
        for (algorithm, expected) in Algorithm::ALL.iter().zip(row.iter().skip(1)) {
            let seed: Vec<u8> = b"1234567890".iter().copied().cycle().take(algorithm.output_len()).collect();
            let key = Key::new(*algorithm, &Secret::from_bytes(&seed).unwrap());
            assert_eq!(totp.generate(&key, now).unwrap().as_str(), *expected, "{algorithm} at {}", row[0]);
            checked += 1;
        }
    }
    assert_eq!(checked, 6 * Algorithm::ALL.len());
}

#[test]
fn far_counters_and_long_secrets() {
    let mut checked = 0;
    for row in rows(include_str!("../vectors/far-and-long.txt")) {
        let Some(algorithm) = Algorithm::ALL.iter().find(|algorithm| algorithm.to_string() == row[0]) else { continue };
        let algorithm = *algorithm;
        let seed: Vec<u8> = (0..row[1].parse().unwrap()).collect();
        let key = Key::new(algorithm, &Secret::from_bytes(&seed).unwrap());
        let digits = Digits::try_from(row[3].parse::<u8>().unwrap()).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let counter = Counter::new(row[2].parse().unwrap());
        assert_eq!(Hotp::new(digits).generate(&key, counter).as_str(), row[4], "{row:?}");
        checked += 1;
    }
    assert_eq!(checked, 100 * Algorithm::ALL.len());
}
