//! Enrollment in a terminal: shows a new secret as a QR code, takes the first code, and stores a sealed record.
//!
//! Run `SECONDO_MASTER_KEY=$(openssl rand -hex 32) cargo run --example enroll --features qr,rand`, scan the QR code
//! with an authenticator app, and type the code that the app shows.

use std::error::Error;
use std::io::{self, Write};

use rand::TryRng;
use rand::rngs::SysRng;
use secondo::decision::Language;
use secondo::factor::NewAuthenticator;
use secondo::formats::otpauth::{KeyUri, Qr};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Memory, Store};
use secondo::{
    AccountId, Algorithm, Authenticator, Policy, Secret, Totp, Transaction, UnixTime, Verifier, VerifierError,
};

fn main() -> Result<(), Box<dyn Error>> {
    pollster::block_on(enroll())
}

async fn enroll() -> Result<(), Box<dyn Error>> {
    let master = LocalMasterKey::from_env("SECONDO_MASTER_KEY")?;
    let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
    // A provider needs a store that outlives the process.
    let store = Memory::new();
    let verifier = Verifier::new(&store, keys, Policy::new().with_confirmation_login(true));
    let id = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;

    // A provider keeps these bytes in the session, from the password to the first code.
    let mut session = [0; 16];
    SysRng.try_fill_bytes(&mut session)?;
    let login = Transaction::new(&session)?;

    let secret = Secret::generate(&mut SysRng, Algorithm::Sha1)?;
    let phone = |secret| Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
    let uri = KeyUri::new("rossi", phone(Secret::from_bytes(secret.expose())?))?.with_issuer("Secondo")?;
    let enrolled =
        verifier.enroll(&id, &login, NewAuthenticator::from(phone(secret)).named("phone")?, UnixTime::now()?).await?;

    // A provider shows this once, and only to a person whose first factor it has just verified.
    println!("{}", Qr::new(uri.to_short_uri().as_str())?.terminal());
    drop(uri);

    let accepted = loop {
        let Some(entry) = prompt("The code that the app shows: ")? else { return Ok(()) };
        match verifier.confirm(&id, &login, enrolled.number, &entry, UnixTime::now()?).await {
            // The code of the account's first authenticator is a login, because the policy permits it.
            Ok(confirmed) => break confirmed.into_login().ok_or("the account is new")?,
            Err(VerifierError::Refused(refusal)) => {
                println!("{}", refusal.public().text(Language::English, |time| time));
            }
            Err(failure) => return Err(failure.into()),
        }
    };
    println!("Confirmed, and logged in with authenticator {}.", accepted.authenticator());
    let record = store.load(&id).await?.ok_or("it was stored")?.value;
    println!("This is what is stored, sealed with key 1:");
    for byte in record.as_ref() {
        print!("{byte:02x}");
    }
    println!();
    Ok(())
}

/// Reads a line from the terminal, or returns `None` at its end.
fn prompt(text: &str) -> io::Result<Option<String>> {
    print!("{text}");
    io::stdout().flush()?;
    let mut line = String::new();
    Ok((io::stdin().read_line(&mut line)? > 0).then(|| line.trim_end().to_owned()))
}
