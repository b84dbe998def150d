//! Tests of push: from the activation of an app to the login.
#![cfg(all(feature = "push", feature = "std"))]

mod activation;
mod answers;
mod limits;
mod messages;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secondo::Verifier;
use secondo::store::Memory;

use crate::support::enrolled::keys;
use crate::support::subscriber::roomy;

fn verifier(store: &Memory) -> Verifier<&Memory> {
    Verifier::new(store, keys(), roomy())
}

/// Returns the text of a field of a message.
fn field_of<'m>(message: &'m str, name: &str) -> &'m str {
    message.split(&format!("\"{name}\":\"")).nth(1).unwrap().split('"').next().unwrap()
}

fn base64_url(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn to_base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
