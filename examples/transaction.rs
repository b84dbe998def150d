//! A transfer that its owner signs with a token: the token shows the details, and its response is right for no others.
//!
//! Run it with `cargo run --example transaction`. Device and server are in one program here.

use std::error::Error;

use pollster::block_on;
use rand::Rng;
use secondo::factor::ocra::{Inputs, PinHash, Question, Response, Suite, Token, TransactionDetails};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{AccountId, Algorithm, Key, Policy, Secret, Transaction, UnixTime, Verifier};

/// The parameters that device and server share: responses of eight digits to a whole hash, with a counter and a PIN.
const SUITE: &str = "OCRA-1:HOTP-SHA256-8:C-QH64-PSHA256";

/// A token with a display and a keypad, or an app. It receives the details, for example as a QR code.
struct Device {
    suite: Suite,
    key: Key,
    counter: u64,
}

impl Device {
    fn sign(
        &mut self,
        details: &TransactionDetails<'_>,
        nonce: &[u8; 16],
        pin: &str,
    ) -> Result<Response, Box<dyn Error>> {
        println!("  device: pay {} to {}? PIN: ****", details.amount(), details.payee());
        self.respond(&details.question(self.suite.question(), nonce), pin)
    }

    fn respond(&mut self, question: &Question, pin: &str) -> Result<Response, Box<dyn Error>> {
        let pin_hash = PinHash::new(Algorithm::Sha256, pin);
        let inputs = Inputs::one_way(question).with_counter(Counter::new(self.counter)).with_pin_hash(&pin_hash);
        // In production, the counter is stored before the response is shown.
        self.counter += 1;
        Ok(self.suite.response(&self.key, &inputs)?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let master = LocalMasterKey::from_hex("c7d9b3f0e15a48d26f81e4b7a90c3d5e6f12a8b4c7d0e9f3a1b5c8d2e6f7a094")?;
    let keys = KeyRing::new(SealingKey::derive(&Deployment::new("bank.example.it")?, KeyId::new(1), &master)?, [])?;
    let verifier = Verifier::new(Memory::new(), keys, Policy::default());
    let maria = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;

    // Maria gets a token, chooses a PIN, and confirms the token with its first response.
    let (suite, secret, now) = (Suite::parse(SUITE)?, Secret::from_bytes(&random::<32>())?, UnixTime::now()?);
    let mut device = Device { suite, key: Key::new(suite.algorithm(), &secret), counter: 0 };
    let token = Token::new(suite, secret, Some(PinHash::new(Algorithm::Sha256, "4711")))?.named("token")?;
    let enrollment = Transaction::new(&random::<16>())?;
    let token = verifier.enroll_first(&maria, &enrollment, token, now).await?.number;
    let asked = verifier.challenge(&maria, &enrollment, token, None, now, &random()).await?;
    let response = device.respond(asked.question(), "4711")?;
    verifier.confirm(&maria, &enrollment, token, response.as_str(), now).await?;

    let rent = TransactionDetails::new("1250.00 EUR", "IT60X0542811101000000123456", "rent")?;
    let stolen = TransactionDetails::new("9999.00 EUR", "IT60X0542811101000000654321", "rent")?;

    // The server delivers the nonce with the details. Each signature has a transaction of its own.
    let login = Transaction::new(&random::<16>())?;
    let asked = verifier.sign_transaction(&maria, &login, token, &rent, now, &random()).await?;
    let thief = device.sign(&rent, asked.nonce(), "0000")?;
    let refused = verifier.verify_signature(&maria, &login, &rent, thief.as_str(), now).await;
    println!("a thief without the PIN: {}", refused.unwrap_err());
    let response = device.sign(&rent, asked.nonce(), "4711")?;
    let refused = verifier.verify_signature(&maria, &login, &stolen, response.as_str(), now).await;
    println!("another transfer than the one asked about: {}", refused.unwrap_err());
    let signed = verifier.verify_signature(&maria, &login, &rent, response.as_str(), now).await?;
    println!("the transfer that was shown: signed by authenticator {} of {}", signed.authenticator(), signed.account());
    let refused = verifier.verify_signature(&maria, &login, &rent, response.as_str(), now).await;
    println!("the same response again: {}", refused.unwrap_err());

    // Malware has the server ask about its own transfer. The token shows what it signs, and Maria sees only hers.
    let login = Transaction::new(&random::<16>())?;
    let asked = verifier.sign_transaction(&maria, &login, token, &stolen, now, &random()).await?;
    let response = device.sign(&rent, asked.nonce(), "4711")?;
    let refused = verifier.verify_signature(&maria, &login, &stolen, response.as_str(), now).await;
    println!("malware asked for another transfer: {}", refused.unwrap_err());
    Ok(())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
