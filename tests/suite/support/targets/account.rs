//! Targets of stored accounts, and of operations on them.

use pollster::block_on;
use secondo::account::{AccountView, RecordError};
use secondo::audit::Operator;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Memory, Store, Value};
use secondo::{AccountId, Policy, State, Verifier, VerifierError};

use super::super::{model, sealed};
use super::MOVED_AT;

/// Checks that bytes that are read as a state are the stored form of that state.
pub fn state(bytes: &[u8]) {
    if let Ok(state) = State::from_bytes(bytes) {
        assert_eq!(state.to_bytes(), bytes);
    }
}

/// Checks that a stored value is read as a record or refused.
///
/// A change of a record must replace only what it is about, and a refused value must stay as it is. A verifier that
/// seals must refuse the value in either case, and must read and change the sealed record like the plain one.
pub fn record(bytes: &[u8]) {
    const REVISION: std::ops::Range<usize> = 2..10;
    const FLAGS: usize = 10;
    const ENROLLMENTS: std::ops::Range<usize> = 24..29;

    let id = AccountId::new("record").unwrap();
    let (plain, raw) = (Memory::new(), Memory::new());
    let viewed = change(&Verifier::unsealed(&plain, Policy::new()), &plain, &id, bytes);
    if let Ok(view) = &viewed {
        let mut expected = bytes.to_vec();
        expected[REVISION].copy_from_slice(&view.revision.wrapping_add(1).to_be_bytes());
        expected[ENROLLMENTS].fill(0);
        assert_eq!(stored(&plain, &id).as_ref(), expected);
    }
    assert!(change(&Verifier::new(&raw, keys(), Policy::new()), &raw, &id, bytes).is_err());
    // Sealing makes it 20 bytes longer.
    let is_short = bytes.len() + 20 <= Value::MAX_LEN;
    if let Some(record) = sealed::record(bytes, &id).filter(|_| is_short) {
        let store = Memory::new();
        let of_sealed = change(&Verifier::new(&store, keys(), Policy::new()), &store, &id, &record);
        match (of_sealed, viewed) {
            (Ok(view), Ok(of_plain)) => assert_eq!(view, of_plain),
            (Err(VerifierError::Record(error)), Err(VerifierError::Record(of_plain))) => {
                // The number of the key is before the body.
                let expected = match of_plain {
                    RecordError::Field { offset } if offset >= FLAGS => RecordError::Field { offset: offset + 4 },
                    RecordError::Length(length) => RecordError::Length(length + 4),
                    other => other,
                };
                assert_eq!(error, expected);
            }
            (error, of_plain) => assert_eq!(format!("{error:?}"), format!("{of_plain:?}")),
        }
        assert_eq!(Some(stored(&store, &id).as_ref()), sealed::record(stored(&plain, &id).as_ref(), &id).as_deref());
    }
}

/// Stores a value, and allows enrollments in the account that it is. A value that is not viewed must stay as it is.
fn change<S: Store<Error = E>, E: std::fmt::Debug>(
    verifier: &Verifier<S>,
    store: &Memory,
    id: &AccountId,
    value: &[u8],
) -> Result<AccountView, VerifierError<E>> {
    let _stored = block_on(store.compare_exchange(id, None, value.into(), None)).unwrap();
    let viewed = block_on(verifier.view(id, MOVED_AT));
    let changed = block_on(verifier.allow_enrollments(id, Operator::new("desk", "test"), MOVED_AT));
    assert_eq!(changed.is_ok(), viewed.is_ok());
    if viewed.is_err() {
        assert_eq!(stored(store, id).as_ref(), value);
    }
    viewed
}

fn stored(store: &Memory, id: &AccountId) -> Value {
    block_on(store.load(id)).unwrap().unwrap().value
}

fn keys() -> KeyRing {
    let (master, deployment) = (LocalMasterKey::from_hex(&"5e".repeat(32)), Deployment::new(sealed::DEPLOYMENT));
    let key = SealingKey::derive(&deployment.unwrap(), KeyId::new(sealed::KEY), &master.unwrap()).unwrap();
    KeyRing::new(key, []).unwrap()
}

/// Checks that sequences of operations have the same outcomes as in the model.
pub fn operations(bytes: &[u8]) {
    model::run(bytes, &mut model::Seen::new());
}
