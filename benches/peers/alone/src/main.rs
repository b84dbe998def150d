//! totp-rs alone, measured by `peers`, which starts this program once for each row.
//!
//! In one program with other libraries, cargo would build its hash crates with wiping, which it does not ask for.
//!
//! The first line of the input has the work, `code` or `verify`; `kept` for objects that are built once, or `secret`;
//! the algorithm; the skew; and the times, of which one must accept a typed code. Each further line has a secret in
//! hexadecimal and a typed code, up to an empty line. The answer to these is the outcome: the codes, or the number of
//! accepted ones. After that each line is a number of repetitions, and its answer is the nanoseconds that they took.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, BufRead};
use std::time::Instant;

use totp_rs::{Algorithm, Builder, Secret, Totp};

fn main() -> Result<(), Box<dyn Error>> {
    let mut lines = io::stdin().lock().lines();
    let mut next = || lines.next().transpose();
    let work = Work::read(&mut next)?;
    println!("{}", work.outcome());
    while let Some(times) = next()? {
        let times: u32 = times.parse()?;
        let start = Instant::now();
        work.repeat(times);
        println!("{}", start.elapsed().as_nanos());
    }
    Ok(())
}

struct Work {
    verifies: bool,
    algorithm: Algorithm,
    skew: u16,
    times: Vec<u64>,
    secrets: Vec<Vec<u8>>,
    typed: Vec<String>,
    /// The object of each secret, or none if it is built for each code.
    kept: Vec<Totp>,
}

impl Work {
    fn read(mut next: impl FnMut() -> io::Result<Option<String>>) -> Result<Self, Box<dyn Error>> {
        let first = next()?.ok_or("no work")?;
        let mut words = first.split(' ');
        let mut word = || words.next().ok_or("a word is missing");
        let verifies = word()? == "verify";
        let keeps = word()? == "kept";
        let algorithm = match word()? {
            "SHA1" => Algorithm::SHA1,
            "SHA256" => Algorithm::SHA256,
            "SHA512" => Algorithm::SHA512,
            other => return Err(other.into()),
        };
        let skew = word()?.parse()?;
        let times = words.map(str::parse).collect::<Result<_, _>>()?;
        let mut work =
            Self { verifies, algorithm, skew, times, secrets: Vec::new(), typed: Vec::new(), kept: Vec::new() };
        while let Some(line) = next()?.filter(|line| !line.is_empty()) {
            let (secret, typed) = line.split_once(' ').ok_or("no typed code")?;
            work.secrets.push(bytes(secret)?);
            work.typed.push(typed.to_owned());
        }
        if keeps {
            work.kept = work.secrets.iter().map(|secret| work.totp(secret)).collect();
        }
        Ok(work)
    }

    fn totp(&self, secret: &[u8]) -> Totp {
        // Secrets of 20 bytes need no allocation.
        let secret = secret.try_into().map_or_else(|_| secret.into(), Secret::new_stack);
        let builder = Builder::new().with_algorithm(self.algorithm).with_secret(secret).with_skew(self.skew);
        builder.build().expect("valid parameters")
    }

    fn code(&self, totp: &Totp) -> String {
        totp.generate(black_box(self.times[0])).to_string()
    }

    fn accepts(&self, totp: &Totp, typed: &str) -> bool {
        black_box(&self.times).iter().any(|time| totp.check(black_box(typed), *time).is_some())
    }

    /// Calls `each` with the object of each secret and the typed code.
    fn each(&self, mut each: impl FnMut(&Totp, &str)) {
        if self.kept.is_empty() {
            for (secret, typed) in self.secrets.iter().zip(&self.typed) {
                each(&self.totp(black_box(secret)), typed);
            }
        } else {
            for (totp, typed) in black_box(&self.kept).iter().zip(&self.typed) {
                each(totp, typed);
            }
        }
    }

    fn outcome(&self) -> String {
        let mut codes = Vec::new();
        let mut accepted = 0;
        self.each(|totp, typed| {
            codes.push(self.code(totp));
            accepted += u32::from(self.accepts(totp, typed));
        });
        if self.verifies { accepted.to_string() } else { codes.join(" ") }
    }

    fn repeat(&self, times: u32) {
        for _ in 0..times {
            if self.verifies {
                self.each(|totp, typed| {
                    black_box(self.accepts(totp, typed));
                });
            } else {
                self.each(|totp, _| {
                    black_box(totp.generate(black_box(self.times[0])));
                });
            }
        }
    }
}

fn bytes(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let pairs = hex.as_bytes().chunks(2).map(str::from_utf8);
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}
