//! A transfer that its owner signs with a token: the token shows the details, and its response is right for no others.
//!
//! Run it with `cargo run --example transaction`. Device and server are in one program here.

use std::error::Error;

use secondo::factor::ocra::{Inputs, PinHash, Response, ResponseError, Suite, TransactionDetails};
use secondo::types::Counter;
use secondo::{Algorithm, Key, Policy, Secret};

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
        let pin_hash = PinHash::new(Algorithm::Sha256, pin);
        let question = details.question(self.suite.question(), nonce);
        let inputs = Inputs::signature(&question).with_counter(Counter::new(self.counter)).with_pin_hash(&pin_hash);
        let response = self.suite.response(&self.key, &inputs)?;
        // In production, the counter is stored before the response is shown.
        self.counter += 1;
        Ok(response)
    }
}

/// A server, which in production keeps the transaction, the nonce and the counter in its database.
struct Server {
    suite: Suite,
    key: Key,
    pin_hash: PinHash,
    next: Counter,
}

impl Server {
    /// Verifies a response to the transaction that the server is about to execute.
    fn verify(
        &mut self,
        details: &TransactionDetails<'_>,
        nonce: &[u8; 16],
        response: &str,
    ) -> Result<(), ResponseError> {
        let question = details.question(self.suite.question(), nonce);
        let inputs = Inputs::signature(&question).with_counter(self.next).with_pin_hash(&self.pin_hash);
        let counter = self.suite.verify(&self.key, &inputs, response, &Policy::default())?;
        // In production, in the database transaction that also executes the transfer and ends the nonce.
        self.next = Counter::new(counter.get() + 1);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let suite = Suite::parse(SUITE)?;
    // A secret is never fixed in production, and a nonce neither: both come from a random number generator.
    let secret = Secret::from_bytes(b"12345678901234567890123456789012")?;
    let nonces = [[1; 16], [2; 16]];
    let mut device = Device { suite, key: Key::new(suite.algorithm(), &secret), counter: 0 };
    let pin_hash = PinHash::new(Algorithm::Sha256, "4711");
    let mut server = Server { suite, key: Key::new(suite.algorithm(), &secret), pin_hash, next: Counter::new(0) };

    let rent = TransactionDetails::new("1250.00 EUR", "IT60X0542811101000000123456", "rent")?;
    let stolen = TransactionDetails::new("9999.00 EUR", "IT60X0542811101000000654321", "rent")?;

    let response = device.sign(&rent, &nonces[0], "4711")?;
    println!("the transfer that was shown: {:?}", server.verify(&rent, &nonces[0], response.as_str()));
    println!("the same response again: {:?}", server.verify(&rent, &nonces[0], response.as_str()));

    let response = device.sign(&rent, &nonces[1], "4711")?;
    println!("malware asked for another transfer: {:?}", server.verify(&stolen, &nonces[1], response.as_str()));
    println!("the transfer that was shown: {:?}", server.verify(&rent, &nonces[1], response.as_str()));

    let response = device.sign(&rent, &nonces[0], "0000")?;
    println!("a thief without the PIN: {:?}", server.verify(&rent, &nonces[0], response.as_str()));
    Ok(())
}
