//! The second factor in a terminal: enrolls an authenticator, prints its key URI, and asks for codes.
//!
//! Run `cargo run --example login`, then type the codes of an authenticator app, or of `oathtool --totp -b SECRET`.

use std::error::Error;
use std::io::{self, Write};
use std::time::SystemTime;

use rand::TryRng;
use rand::rngs::SysRng;
use secondo::formats::otpauth::KeyUri;
use secondo::store::Memory;
use secondo::{AccountId, Algorithm, Authenticator, Policy, Refusal, Secret, Totp, UnixTime, Verifier, VerifierError};
use zeroize::Zeroizing;

fn main() -> Result<(), Box<dyn Error>> {
    pollster::block_on(login())
}

async fn login() -> Result<(), Box<dyn Error>> {
    // The first code both confirms the authenticator and logs in. Records stay in memory and are not sealed here; the
    // example `enroll` seals them.
    let verifier = Verifier::unsealed(Memory::new(), Policy::new().with_confirmation_login(true));
    let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;

    // `Secret::generate` does this with the feature `rand`.
    let mut seed = Zeroizing::new([0; 20]);
    SysRng.try_fill_bytes(seed.as_mut_slice())?;
    let secret = Secret::from_bytes(seed.as_slice())?;
    let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    let uri = KeyUri::new("rossi", authenticator)?.with_issuer("Secondo")?;
    verifier.enroll(&id, uri.authenticator(), uri.state()).await?;

    println!("Add this account to an authenticator app, or use the secret in it with oathtool:");
    println!("{}", uri.to_short_uri().as_str());

    loop {
        let state = verifier.state(&id).await?;
        println!("Attempts left: {}", verifier.policy().remaining(&state, now()?));
        let Some(entry) = prompt("Code: ")? else { return Ok(()) };
        let result = if state.is_confirmed() {
            verifier.verify(&id, &entry, now()?).await.map(|accepted| Some(accepted.counter()))
        } else {
            let confirmed = verifier.confirm(&id, &entry, now()?).await;
            confirmed.map(|confirmed| confirmed.into_login().map(|accepted| accepted.counter()))
        };
        match result {
            Ok(Some(step)) => println!("Accepted: you are logged in (time step {step})."),
            Ok(None) => println!("Confirmed."),
            // A web page shows `refusal.public()` instead, which does not distinguish a used code from a wrong one.
            Err(VerifierError::Refused(refusal)) => {
                println!("Refused: {refusal}.");
                if matches!(refusal, Refusal::Locked { .. }) {
                    return Ok(());
                }
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

fn now() -> Result<UnixTime, Box<dyn Error>> {
    Ok(UnixTime::try_from(SystemTime::now())?)
}

/// Reads a line from the terminal, or returns `None` at its end.
fn prompt(text: &str) -> io::Result<Option<String>> {
    print!("{text}");
    io::stdout().flush()?;
    let mut line = String::new();
    Ok((io::stdin().read_line(&mut line)? > 0).then(|| line.trim_end().to_owned()))
}
