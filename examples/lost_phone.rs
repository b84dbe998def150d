//! A lost phone: a recovery code logs the person in and ends the phone, and the next phone is enrolled. When the codes
//! are lost as well, the help desk lets the person enroll again. `cargo run --example lost_phone` needs no input.

use std::error::Error;
use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use secondo::audit::Operator;
use secondo::factor::{EnrollmentCode, RecoveryCodes};
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
    let phone = enroll_phone(&verifier, &maria, &session, None, now).await?;
    let codes = RecoveryCodes::new(&*random()?);
    verifier.enroll(&maria, &session, &codes, now).await?;
    println!("Maria's recovery codes:\n{}", codes.to_page().as_str());

    // A year later the phone is gone. She gives her password, and types the fourth code with a mistake in it.
    let now = UnixTime::from_secs(now.as_secs() + 365 * 24 * 60 * 60)?;
    let login = transaction()?;
    let sheet: Vec<_> = codes.texts().collect();
    let code = sheet[3].as_str().to_lowercase();
    let mistyped = code.replacen(&code[..1], if code.starts_with('7') { "8" } else { "7" }, 1);
    let mistyped = verifier.recover_and_revoke(&maria, &login, &mistyped, phone, now).await;
    let Err(VerifierError::Refused(refusal)) = mistyped else { return Err("a typing error is found".into()) };
    println!("Refused, and not counted: {refusal}.");

    // The code logs her in and ends the phone, in one change of the account.
    let accepted = verifier.recover_and_revoke(&maria, &login, &code, phone, now).await?;
    let left = accepted.recovery_codes_left().ok_or("it was a recovery code")?;
    println!("Logged in. The phone is ended, and {left} codes are left. Are these few? {}.", left.are_few());

    // In the same session she enrolls the next phone, and gets a new sheet, which ends the old one.
    let phone = enroll_phone(&verifier, &maria, &login, None, now).await?;
    let enrolled = verifier.enroll(&maria, &login, &RecoveryCodes::new(&*random()?), now).await?;
    println!("A new set ends the old one, which was number {}.", enrolled.replaced.ok_or("the old set")?);
    let old = verifier.recover(&maria, &transaction()?, sheet[4].as_str(), now).await;
    let Err(VerifierError::Refused(refusal)) = old else { return Err("the old set has ended".into()) };
    println!("A code of the old sheet: {refusal}.");

    // Then a bag is stolen with everything in it. The help desk identifies her, and issues a code for an hour.
    let desk = Operator::new("desk 7", "bag stolen");
    verifier.suspend_authenticator(&maria, phone, desk, now).await?;
    let issued = EnrollmentCode::new(Duration::from_secs(60 * 60), &*random()?)?;
    verifier.issue_enrollment_code(&maria, &issued, desk, now).await?;
    let login = transaction()?;
    let number = enroll_phone(&verifier, &maria, &login, Some(issued.text().as_str()), now).await?;
    verifier.revoke(&maria, phone, desk, now).await?;
    println!("The code of the help desk enrolled authenticator {number}. Maria logs in with its next code.");
    Ok(())
}

/// Enrolls a phone and confirms it with its first code, as the person does who scans the QR code.
async fn enroll_phone(
    verifier: &Verifier<Memory>,
    id: &AccountId,
    session: &Transaction,
    issued: Option<&str>,
    now: UnixTime,
) -> Result<AuthenticatorNumber, Box<dyn Error>> {
    let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(&*random::<20>()?)?);
    let enrolled = match issued {
        Some(code) => verifier.enroll_with_code(id, session, code, &phone, now).await?,
        None => verifier.enroll(id, session, &phone, now).await?,
    };
    let shown = phone.totp_code(now).ok_or("a TOTP phone")?;
    verifier.confirm(id, session, enrolled.number, shown.as_str(), now).await?;
    Ok(enrolled.number)
}

fn transaction() -> Result<Transaction, Box<dyn Error>> {
    Ok(Transaction::new(random::<16>()?.as_slice())?)
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Box<dyn Error>> {
    let mut bytes = Zeroizing::new([0; N]);
    SysRng.try_fill_bytes(bytes.as_mut_slice())?;
    Ok(bytes)
}
