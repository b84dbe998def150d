use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::form_urlencoded;

/// The parameters of a request, by name. One without a value is not there (RFC 6749 section 3.1).
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a query or a form. Returns `None` if a parameter is there more than once.
    pub(crate) fn of_form(form: &[u8]) -> Option<Self> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(form) {
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Self(parameters))
    }

    /// Takes the claims of a request object. Values that are not texts become JSON.
    pub(crate) fn of_claims(claims: Map<String, Value>) -> Self {
        let text = |value| match value {
            Value::String(text) => text,
            value => value.to_string(),
        };
        Self(claims.into_iter().map(|(name, value)| (name, text(value))).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the words of a parameter whose values are separated by spaces.
    pub(crate) fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).unwrap_or_default().split(' ').filter(|word| !word.is_empty())
    }
}
