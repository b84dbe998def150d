//! A provider and a phone in one program: an app is activated, and a login is accepted in it.
//!
//! `cargo run --example push --features push`

use std::error::Error;

use pollster::block_on;
use rand::Rng;
use secondo::factor::NewAuthenticator;
use secondo::push::device::{Device, PersonalCode, Unlock};
use secondo::push::{Activation, Answer, Details, PushRefusal, SoftwareKey};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Memory;
use secondo::{AccountId, Policy, Transaction, UnixTime, Verifier, VerifierError};

fn main() -> Result<(), Box<dyn Error>> {
    block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let master = LocalMasterKey::from_hex("c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094")?;
    let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
    let verifier = Verifier::new(Memory::new(), keys, Policy::default());
    let maria = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;

    // The provider's page shows a QR code of the activation.
    let enrollment = Transaction::new(&random::<16>())?;
    let activation = Activation::new(&maria, "idp.example.it", "Maria Rossi", &random())?;
    let new = NewAuthenticator::from(&activation).named("telefono")?;
    let app = verifier.enroll_first(&maria, &enrollment, new, UnixTime::now()?).await?.number;
    println!("page:     scan {}", *activation.link());

    // The app scans it, makes a key and asks for a personal code. Its answer goes to the provider.
    let scanned = Activation::parse(&activation.link())?;
    let key = SoftwareKey::from_bytes(&random()).ok_or("no key")?;
    let code = PersonalCode::new("271828", random())?;
    let (mut phone, answer) = Device::activate(&scanned, key, Some(code))?;
    verifier.activate_push(&maria, &answer, UnixTime::now()?).await?;
    println!("app:      type {} into the page", phone.confirmation_code().as_str());
    verifier.confirm(&maria, &enrollment, app, phone.confirmation_code().as_str(), UnixTime::now()?).await?;
    println!("provider: authenticator {app} is activated");

    // Maria logs in with her password, and the page offers the app. The provider delivers the message to it.
    let login = Transaction::new(&random::<16>())?;
    let details = Details::new("INPS", "Bari, Italia", "25 novembre 2026, 09:30")?;
    let sent = verifier.push(&maria, &login, app, &details, UnixTime::now()?, &random()).await?;
    println!("page:     type {} into the app on {}", sent.number, sent.name);
    let waiting = verifier.poll(&maria, &login, UnixTime::now()?).await;
    assert!(matches!(waiting, Err(VerifierError::Push(PushRefusal::Waiting))));

    // The app shows the challenge. Maria types the number and her personal code.
    let challenge = phone.read(&sent.message, UnixTime::now()?)?;
    println!("app:      {} in {} at {}?", challenge.relying_party(), challenge.place(), challenge.time());
    let signed = phone.accept(&challenge, &sent.number, Unlock::Code("271828"), UnixTime::now()?)?;
    println!("app:      {signed}");

    // The provider's endpoint for answers is public. The answer names its account.
    let account = AccountId::new(Answer::parse(&signed)?.account())?;
    verifier.answer_push(&account, &signed, UnixTime::now()?).await?;
    let again = verifier.answer_push(&account, &signed, UnixTime::now()?).await;
    assert!(matches!(again, Err(VerifierError::Push(PushRefusal::Answered))));

    // The waiting page gets the login, once.
    let accepted = verifier.poll(&maria, &login, UnixTime::now()?).await?;
    println!("page:     welcome; authenticator {}, AAL2: {}", accepted.authenticator(), accepted.counts_for_aal2());
    let repeated = verifier.poll(&maria, &login, UnixTime::now()?).await;
    assert!(matches!(repeated, Err(VerifierError::Repeated(_))));
    Ok(())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
