//! Tests of the verifier for synchronous callers.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::sources;

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use enrolled::{NOW, SECOND, after, another, code_at, keys, verifier};
use logins::{DESK, fresh};
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{Algorithm, Authenticator, Policy, Totp, Verifier, VerifierError, blocking};
use syn::{ImplItem, Item};

/// A module whose answers come from another thread.
struct Remote;

impl Hsm for Remote {
    type Error = std::sync::mpsc::RecvError;

    async fn hmacs(
        &self,
        _key: &HsmKey,
        _algorithm: Algorithm,
        counters: &[Counter],
    ) -> Result<Vec<Hmac>, Self::Error> {
        let count = counters.len();
        let (mut is_asked, answered) = (false, std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
        std::future::poll_fn(move |context| {
            if answered.load(std::sync::atomic::Ordering::Acquire) {
                return std::task::Poll::Ready(());
            }
            if !std::mem::replace(&mut is_asked, true) {
                let (waker, answered) = (context.waker().clone(), answered.clone());
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(20));
                    answered.store(true, std::sync::atomic::Ordering::Release);
                    waker.wake();
                });
            }
            std::task::Poll::Pending
        })
        .await;
        Ok((0..count).map(|_| Hmac::from_bytes(&[0; 20]).unwrap()).collect())
    }
}

#[test]
fn a_synchronous_caller_logs_in_once() {
    let store = Memory::new();
    let (_, id) = verifier(&store, Policy::new());
    let waiting = blocking::Verifier::new(Verifier::new(&store, keys(), Policy::new()).with_hsm(Remote));
    let login = fresh();
    assert_eq!(waiting.verify(&id, &login, &code_at(0), NOW).unwrap().account(), &id);
    assert!(matches!(waiting.verify(&id, &login, &code_at(0), NOW), Err(VerifierError::Repeated(_))));
    let remote = Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, HsmKey::new(b"key").unwrap());
    waiting.enroll(&id, &login, remote, NOW).unwrap();
    // The answer of the module comes while the caller sleeps.
    assert!(waiting.confirm(&id, &login, SECOND, "000000", after(30)).is_ok());
    waiting.revoke(&id, SECOND, DESK, NOW).unwrap();
    assert!(waiting.enroll(&id, &fresh(), another(7, Totp::default()), NOW).is_ok());
    assert_eq!(waiting.view(&id, NOW).unwrap().authenticators.len(), 2);
}

/// A method that the blocking verifier lacks would be found by an adopter first.
#[test]
fn it_has_every_method_of_the_verifier() {
    let methods: BTreeSet<String> = sources::sources("src")
        .iter()
        .filter(|(file, _)| file.starts_with("verifier/"))
        .flat_map(|(_, source)| syn::parse_file(source).unwrap().items)
        .filter_map(|item| if let Item::Impl(of) = item { Some(of.items) } else { None })
        .flatten()
        .filter_map(|item| if let ImplItem::Fn(function) = item { Some(function) } else { None })
        .filter(|function| matches!(function.vis, syn::Visibility::Public(_)) && function.sig.asyncness.is_some())
        .map(|function| function.sig.ident.to_string())
        .collect();
    let blocking = &sources::sources("src")["blocking"];
    assert!(methods.len() > 20, "{methods:?}");
    for method in methods {
        assert!(blocking.contains(&format!("        {method}(")), "{method} is missing");
    }
}
