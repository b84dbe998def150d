//! A lost phone: a recovery code logs the person in and ends the phone, and the next phone is enrolled.
//!
//! Run `cargo run --example lost_phone`. It needs no input.

use std::error::Error;

use rand::TryRng;
use rand::rngs::SysRng;
use secondo::factor::RecoveryCodes;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Memory;
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Policy, Secret, Totp, Transaction, UnixTime, Verifier,
    VerifierError,
};
use zeroize::Zeroizing;

fn main() -> Result<(), Box<dyn Error>> {
    pollster::block_on(lose_a_phone())
}

async fn lose_a_phone() -> Result<(), Box<dyn Error>> {
    // In production, the master key is in a file or an HSM, and the store is on disk.
    let master = LocalMasterKey::from_hex("c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094")?;
    let keys = KeyRing::new(SealingKey::derive(&Deployment::new("idp.example.it")?, KeyId::new(1), &master)?, [])?;
    let verifier = Verifier::new(Memory::new(), keys, Policy::default());
    let maria = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
    let now = UnixTime::now()?;

    // Maria enrolls her phone. The page then shows ten recovery codes, once, for her to print.
    let session = transaction()?;
    let phone = enroll_phone(&verifier, &maria, &session, now).await?;
    let codes = RecoveryCodes::new(&*random()?);
    verifier.enroll(&maria, &session, &codes, now).await?;
    println!("Maria's recovery codes:\n{}", codes.to_page().as_str());

    // A year later the phone is gone. She gives her password, and types the fourth code with a mistake in it.
    let now = later(now, 365 * 24 * 60 * 60)?;
    let login = transaction()?;
    let sheet: Vec<_> = codes.texts().collect();
    let code = sheet[3].as_str().to_lowercase();
    let mistyped = code.replacen(&code[..1], if code.starts_with('7') { "8" } else { "7" }, 1);
    match verifier.recover_and_revoke(&maria, &login, &mistyped, phone, now).await {
        Err(VerifierError::Refused(refusal)) => println!("Refused, and not counted: {refusal}."),
        other => return Err(format!("a typing error was {other:?}").into()),
    }

    // The code logs her in and ends the phone, in one change of the account.
    let accepted = verifier.recover_and_revoke(&maria, &login, &code, phone, now).await?;
    let left = accepted.recovery_codes_left().ok_or("it was a recovery code")?;
    println!("Logged in. The phone is ended, and {left} codes are left. Are these few? {}.", left.are_few());

    // In the same session she enrolls the next phone, and gets a new sheet, which ends the old one.
    enroll_phone(&verifier, &maria, &login, now).await?;
    let enrolled = verifier.enroll(&maria, &login, &RecoveryCodes::new(&*random()?), now).await?;
    println!("A new set ends the old one, which was number {}.", enrolled.replaced.ok_or("the old set")?);
    match verifier.recover(&maria, &transaction()?, sheet[4].as_str(), now).await {
        Err(VerifierError::Refused(refusal)) => println!("A code of the old sheet: {refusal}."),
        other => return Err(format!("an old code was {other:?}").into()),
    }
    Ok(())
}

/// Enrolls a phone and confirms it with its first code, as the person does who scans the QR code.
async fn enroll_phone(
    verifier: &Verifier<Memory>,
    id: &AccountId,
    session: &Transaction,
    now: UnixTime,
) -> Result<AuthenticatorNumber, Box<dyn Error>> {
    let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(&*random::<20>()?)?);
    let number = verifier.enroll(id, session, &phone, now).await?.number;
    let shown = phone.totp_code(now).ok_or("a TOTP phone")?;
    verifier.confirm(id, session, number, shown.as_str(), now).await?;
    Ok(number)
}

fn later(time: UnixTime, secs: u64) -> Result<UnixTime, Box<dyn Error>> {
    Ok(UnixTime::from_secs(time.as_secs() + secs)?)
}

fn transaction() -> Result<Transaction, Box<dyn Error>> {
    Ok(Transaction::new(random::<16>()?.as_slice())?)
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Box<dyn Error>> {
    let mut bytes = Zeroizing::new([0; N]);
    SysRng.try_fill_bytes(bytes.as_mut_slice())?;
    Ok(bytes)
}
