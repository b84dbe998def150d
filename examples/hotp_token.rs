//! A hardware token with a button, and its verifier: unused codes, a code submitted twice, and resynchronization.

use std::error::Error;
use std::io;

use secondo::decision::CommitError;
use secondo::types::Counter;
use secondo::{Algorithm, Code, Digits, Hotp, Key, Method, Policy, Refusal, Secret, State, SubmittedCode, UnixTime};

/// A token that shows the next code at every press.
struct Token {
    hotp: Hotp,
    key: Key,
    counter: u64,
}

impl Token {
    fn press(&mut self) -> Code {
        let code = self.hotp.generate(&self.key, Counter::new(self.counter));
        self.counter += 1;
        code
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // A secret is never fixed in production: it comes from `Secret::generate` or from the token's vendor.
    let secret = Secret::from_bytes(b"12345678901234567890")?;
    let hotp = Hotp::new(Digits::Six);
    let method = Method::Hotp(hotp);
    let mut token = Token { hotp, key: Key::new(Algorithm::Sha1, &secret), counter: 0 };

    let key = Key::new(Algorithm::Sha1, &secret);
    let policy = Policy::new().with_look_ahead(3)?;
    let mut state = State::new().confirmed();
    let now = UnixTime::from_secs(1_700_000_000).unwrap();
    let login = |code: &str, state: &mut State| {
        method.verify(&key, &policy, state, &SubmittedCode::new(code), now).commit(|next| {
            *state = *next; // A server writes the state to its database, in one compare-and-swap.
            Ok::<_, io::Error>(())
        })
    };

    let first = token.press();
    println!("token shows {}: {:?}", first.as_str(), login(first.as_str(), &mut state)?);

    // Three accidental presses are within the look-ahead.
    for _ in 0..3 {
        token.press();
    }
    let code = token.press();
    println!("token shows {}: {:?}", code.as_str(), login(code.as_str(), &mut state)?);

    match login(code.as_str(), &mut state) {
        Err(CommitError::Refused(Refusal::Replayed { .. })) => println!("the same code again: refused as used"),
        other => return Err(format!("a used code was not refused as used: {other:?}").into()),
    }

    // Fifty accidental presses are beyond it. Two consecutive codes then find the token's counter.
    for _ in 0..50 {
        token.press();
    }
    let lost = token.press();
    println!(
        "token shows {}: {:?}",
        lost.as_str(),
        login(lost.as_str(), &mut state).map_err(|error| error.to_string())
    );
    let codes = [token.press(), token.press()].map(|code| SubmittedCode::from(&code));
    let resynchronized = method.resync(&key, &policy, &state, &codes, now).commit(|next| {
        state = *next;
        Ok::<_, io::Error>(())
    })?;
    println!("two codes in a row: {resynchronized:?}");
    let code = token.press();
    println!("token shows {}: {:?}", code.as_str(), login(code.as_str(), &mut state)?);
    Ok(())
}
