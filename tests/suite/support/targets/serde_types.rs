//! The target of the types that serde reads.

use secondo::{AccountId, AuthenticatorNumber, State};
use serde_core::de::DeserializeOwned;
use serde_core::de::value::{BytesDeserializer, Error, StrDeserializer};
use serde_core::{Deserialize, Serialize};
use serde_json::Value;

/// Checks that JSON is read as an id, a number or a state if and only if it is one by a reading of its own, and that it
/// is written as it was read. Plain bytes and text are read like [`State::from_bytes`] and [`AccountId::new`].
pub fn serde_types(bytes: &[u8]) {
    let json = serde_json::from_slice(bytes).ok();
    check::<AccountId>(bytes, json.as_ref(), is_id);
    check::<AuthenticatorNumber>(bytes, json.as_ref(), |json| json.as_u64().is_some_and(|it| it <= u32::MAX.into()));
    // serde_json takes a string for bytes, even one that is no text.
    if !bytes.trim_ascii_start().starts_with(b"\"") {
        check::<State>(bytes, json.as_ref(), is_state);
    }

    let state = State::deserialize(BytesDeserializer::<Error>::new(bytes));
    assert_eq!(state.ok(), State::from_bytes(bytes).ok());
    let Ok(text) = str::from_utf8(bytes) else { return };
    let id = AccountId::deserialize(StrDeserializer::<Error>::new(text));
    assert_eq!(id.ok(), AccountId::new(text).ok());
}

fn check<T: DeserializeOwned + Serialize>(bytes: &[u8], json: Option<&Value>, is_valid: fn(&Value) -> bool) {
    let read = serde_json::from_slice::<T>(bytes).ok();
    let written = read.map(|read| serde_json::to_value(read).unwrap());
    assert_eq!(written.as_ref(), json.filter(|json| is_valid(json)));
}

fn is_id(json: &Value) -> bool {
    json.as_str().is_some_and(|id| (1..=64).contains(&id.len()) && id.bytes().all(|byte| (b'!'..=b'~').contains(&byte)))
}

fn is_state(json: &Value) -> bool {
    let byte = |byte: &Value| byte.as_u64().and_then(|byte| u8::try_from(byte).ok());
    let bytes = json.as_array().and_then(|bytes| bytes.iter().map(byte).collect::<Option<Vec<_>>>());
    bytes.is_some_and(|bytes| State::from_bytes(&bytes).is_ok())
}
