//! Messages as JSON objects of texts and numbers.
//!
//! `serde_json` reads them, because strings with escapes are easy to get wrong. Everything beyond the syntax is strict.

use alloc::string::String;
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_core::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::message_error::{MAX_LEN, MessageError};
use crate::types::is_disguise;

/// The maximum length of a text in a message in bytes, besides the account.
pub(super) const MAX_TEXT: usize = 128;

const VERSION: u64 = 1;

/// The fields of a message after its version, in the order in which they were asked for.
pub(super) struct Fields<const N: usize> {
    names: [&'static str; N],
    values: [Option<Value>; N],
}

enum Value {
    Number(u64),
    Text(String),
}

impl<const N: usize> Fields<N> {
    /// Reads a message of this type, which has no fields but these.
    pub(super) fn read(message: &str, of_type: &str, names: [&'static str; N]) -> Result<Self, MessageError> {
        if message.len() > MAX_LEN {
            return Err(MessageError::TooLong(message.len()));
        }
        let mut json = serde_json::Deserializer::from_str(message);
        let mut problem = None;
        let values = json.deserialize_map(Object { names, of_type, problem: &mut problem });
        let values = values.and_then(|values| json.end().map(|()| values)).map_err(|error| match problem {
            Some(MessageError::UnknownField { .. }) if error.is_data() => {
                MessageError::UnknownField { column: error.column() }
            }
            Some(problem) if error.is_data() => problem,
            _ => MessageError::NotJson { column: error.column() },
        })?;
        Ok(Self { names, values })
    }

    /// Returns the text of the field with this place.
    pub(super) fn text(&self, at: usize) -> Result<&str, MessageError> {
        match self.value(at)? {
            Value::Text(text) => Ok(text),
            Value::Number(_) => Err(self.invalid(at)),
        }
    }

    pub(super) fn number(&self, at: usize) -> Result<u64, MessageError> {
        match self.value(at)? {
            Value::Number(number) => Ok(*number),
            Value::Text(_) => Err(self.invalid(at)),
        }
    }

    /// Returns a field of exactly this number of bytes in base64url.
    pub(super) fn bytes<const LEN: usize>(&self, at: usize) -> Result<[u8; LEN], MessageError> {
        let mut bytes = [0; LEN];
        match Base64UrlUnpadded::decode(self.text(at)?, &mut bytes) {
            Ok(decoded) if decoded.len() == LEN => Ok(bytes),
            _ => Err(self.invalid(at)),
        }
    }

    /// Returns a field that `read` accepts.
    pub(super) fn parse<T>(&self, at: usize, read: impl FnOnce(&str) -> Option<T>) -> Result<T, MessageError> {
        read(self.text(at)?).ok_or_else(|| self.invalid(at))
    }

    pub(super) fn is_absent(&self, at: usize) -> bool {
        self.values.get(at).is_none_or(Option::is_none)
    }

    pub(super) fn invalid(&self, at: usize) -> MessageError {
        MessageError::Invalid(self.names.get(at).copied().unwrap_or_default())
    }

    fn value(&self, at: usize) -> Result<&Value, MessageError> {
        let name = self.names.get(at).copied().unwrap_or_default();
        self.values.get(at).and_then(Option::as_ref).ok_or(MessageError::Missing(name))
    }
}

/// Returns a text that is shown to a person: 1 to [`MAX_TEXT`] bytes without characters that disguise others.
pub(super) fn shown(text: &str) -> Option<String> {
    let is_valid = (1..=MAX_TEXT).contains(&text.len()) && !text.chars().any(is_disguise);
    is_valid.then(|| text.into())
}

/// Returns the id of an account: 1 to 64 visible ASCII characters.
pub(super) fn account(text: &str) -> Option<String> {
    let is_valid = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_valid.then(|| text.into())
}

/// Returns the number of a code that a person typed, or the empty text: at most six digits.
pub(super) fn digits(text: &str) -> Option<String> {
    (text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.into())
}

/// A message that is being written.
pub(super) struct Writer(String);

impl Writer {
    pub(super) fn new(of_type: &str) -> Self {
        let mut message = String::with_capacity(512);
        message.push_str("{\"v\":1");
        Self(message).text("type", of_type)
    }

    pub(super) fn text(mut self, name: &str, text: &str) -> Self {
        // A string is always written.
        self.put(name, &serde_json::to_string(text).unwrap_or_default());
        self
    }

    #[cfg(feature = "verifier")]
    pub(super) fn number(mut self, name: &str, number: u64) -> Self {
        self.put(name, &serde_json::to_string(&number).unwrap_or_default());
        self
    }

    pub(super) fn bytes(self, name: &str, bytes: &[u8]) -> Self {
        // Longer than any field of bytes.
        let mut encoded = [0; 128];
        self.text(name, Base64UrlUnpadded::encode(bytes, &mut encoded).unwrap_or_default())
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn put(&mut self, name: &str, value: &str) {
        self.0.extend([",\"", name, "\":", value]);
    }
}

/// A visitor that collects the fields. After a failure, `problem` holds the reason, which serde's error cannot carry.
struct Object<'p, const N: usize> {
    names: [&'static str; N],
    of_type: &'p str,
    problem: &'p mut Option<MessageError>,
}

impl<'de, const N: usize> Visitor<'de> for Object<'_, N> {
    type Value = [Option<Value>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [const { None }; N];
        *self.problem = Some(MessageError::Version);
        let mut fixed = |name: &str, is_valid: &dyn Fn(&Value) -> bool| match map.next_entry::<String, Value>()? {
            Some((found, value)) if found == name && is_valid(&value) => Ok(()),
            _ => Err(A::Error::custom("")),
        };
        fixed("v", &|value| matches!(value, Value::Number(VERSION)))?;
        *self.problem = Some(MessageError::Invalid("type"));
        fixed("type", &|value| matches!(value, Value::Text(text) if text == self.of_type))?;
        loop {
            *self.problem = Some(MessageError::UnknownField { column: 0 });
            let Some(name) = map.next_key::<String>()? else { return Ok(values) };
            let known = self.names.iter().zip(&mut values).find(|(known, _)| **known == name);
            let Some((name, value)) = known else {
                let again = ["v", "type"].into_iter().find(|fixed| *fixed == name);
                *self.problem = again.map(MessageError::Duplicate).or(*self.problem);
                return Err(A::Error::custom(""));
            };
            *self.problem = Some(MessageError::Invalid(name));
            if value.replace(map.next_value()?).is_some() {
                *self.problem = Some(MessageError::Duplicate(name));
                return Err(A::Error::custom(""));
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Number(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.into()))
            }
        }

        deserializer.deserialize_any(Any)
    }
}
