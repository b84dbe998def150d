//! The second factor in a terminal: an account with two devices, a phone and a token, and one field for their codes.
//!
//! Run `cargo run --example login`. It prints the key URIs of both devices. Then type the codes of authenticator apps,
//! or of `oathtool --totp -b SECRET` for the phone and `oathtool --hotp -b SECRET` for the token.

use std::error::Error;
use std::io::{self, Write};

use rand::TryRng;
use rand::rngs::SysRng;
use secondo::audit::Operator;
use secondo::factor::NewAuthenticator;
use secondo::formats::otpauth::KeyUri;
use secondo::store::Memory;
use secondo::{
    AccountId, Algorithm, Authenticator, Hotp, Method, Policy, Refusal, Secret, State, Totp, Transaction, UnixTime,
    Verifier, VerifierError,
};
use zeroize::Zeroizing;

fn main() -> Result<(), Box<dyn Error>> {
    pollster::block_on(log_in())
}

async fn log_in() -> Result<(), Box<dyn Error>> {
    // Records stay in memory and are not sealed here; the example `enroll` seals them.
    let verifier = Verifier::unsealed(Memory::new(), Policy::default());
    let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
    // The provider vouches for these devices. The example `enroll` takes a first code instead.
    let devices = [device("phone", Totp::default())?, device("token", Hotp::default())?];
    verifier.import(&id, &devices, Operator::new("desk", "new colleague"), UnixTime::now()?).await?;

    // One transaction lasts from the password to the accepted code. The same code twice in it counts once.
    let mut login = transaction()?;
    loop {
        let account = verifier.view(&id, UnixTime::now()?).await?;
        println!("Attempts left: {}", account.remaining);
        let Some(entry) = prompt("Code: ")? else { return Ok(()) };
        match verifier.verify(&id, &login, &entry, UnixTime::now()?).await {
            Ok(accepted) => {
                let number = accepted.authenticator();
                let used = account.authenticators.iter().find(|device| device.number == number);
                let name = used.ok_or("the device was there before")?.name;
                println!("Accepted: you are logged in with the {}.", name.as_str());
                login = transaction()?;
            }
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

/// Creates a device with a new secret, and prints its key URI.
fn device(name: &str, method: impl Into<Method>) -> Result<(NewAuthenticator, State), Box<dyn Error>> {
    // `Secret::generate` does this with the feature `rand`.
    let (method, bytes) = (method.into(), random::<20>()?);
    let secret = || Secret::from_bytes(bytes.as_slice());
    let uri = KeyUri::new(name, Authenticator::new(method, Algorithm::Sha1, secret()?))?.with_issuer("Secondo")?;
    println!("{}", uri.to_short_uri().as_str());
    let device = NewAuthenticator::from(Authenticator::new(method, Algorithm::Sha1, secret()?));
    Ok((device.named(name)?, State::new().confirmed()))
}

fn transaction() -> Result<Transaction, Box<dyn Error>> {
    Ok(Transaction::new(random::<16>()?.as_slice())?)
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Box<dyn Error>> {
    let mut bytes = Zeroizing::new([0; N]);
    SysRng.try_fill_bytes(bytes.as_mut_slice())?;
    Ok(bytes)
}

/// Reads a line from the terminal, or returns `None` at its end.
fn prompt(text: &str) -> io::Result<Option<String>> {
    print!("{text}");
    io::stdout().flush()?;
    let mut line = String::new();
    Ok((io::stdin().read_line(&mut line)? > 0).then(|| line.trim_end().to_owned()))
}
