//! Lines of JSON, one object per authenticator: for import from a database, and for export.
//!
//! ```json
//! {"name":"alice","type":"totp","secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","encoding":"base32","last_step":59848212,"confirmed":true,"suspended":false}
//! ```
//!
//! | field | value | if absent |
//! |---|---|---|
//! | `name` | text of 1 to 255 bytes, without control characters | error |
//! | `type` | `"totp"` or `"hotp"` | error |
//! | `secret` | 10 to 128 bytes as text, in the `encoding` | error |
//! | `encoding` | `"base32"`, `"hex"`, `"base64"`, or `"text"`: the bytes of the text itself are the secret | error |
//! | `algorithm` | `"SHA1"`, `"SHA256"` or `"SHA512"` | `"SHA1"` |
//! | `digits` | 6 to 9 | 6 |
//! | `period` | TOTP: seconds, 1 to 86400 | 30 |
//! | `t0` | TOTP: the Unix time in seconds at which time steps start | 0 |
//! | `last_step` | TOTP: the last accepted time step, counted from `t0`; -1 for none, `null` if unknown | error |
//! | `drift` | TOTP: the time steps by which the authenticator's clock is ahead, -5000 to 5000 ([`Policy::MAX_DRIFT`](crate::Policy::MAX_DRIFT)) | 0 |
//! | `counter` | HOTP: the next counter, one more than the last accepted one | error |
//! | `confirmed` | `true` if a first code was accepted | error |
//! | `suspended` | `true` if an operator has suspended the authenticator | error |
//! | `failures` | the number of failed attempts since the last success, 0 to 255 | 0 |
//! | `failures_since_lock` | the number of `failures` after the last lock | `failures`; 0 if there is a lock |
//! | `locked` | `true` until an operator unlocks it; the Unix time in seconds of the lock's end; or `false` | `false` |
//! | `lock_ended` | the Unix time in seconds at which the last lock ended | 0 |
//! | `lock_doublings` | the number of doublings of the next lock's length at that time, 0 to 255 | 0 |
//! | `throttled` | the Unix time in seconds until which attempts are throttled; not with a lock | not throttled |
//!
//! Numbers are integers; `null` is valid only for `last_step`. A line is rejected if it has an unknown field, a field
//! twice, or a field of the other type: a misspelled `last_step` must not make used codes valid again. A `last_step`
//! more than two days ahead of `now` is rejected too; a positive drift is added to the two days.
//!
//! If `last_step` is `null`, every time step until `now` counts as used: up to the current step, plus the drift, plus
//! ten more steps.
//!
//! If a secret is written with an escape such as `\/`, the JSON parser makes a copy of it, which is not wiped.
//!
//! # From django-otp
//!
//! Its keys are hexadecimal and its codes use SHA-1. Its `last_t` is `last_step` here, including -1. Its `drift` has
//! the same sign as here, and its `counter` is the next counter. With `psql -At`:
//!
//! ```sql
//! select json_build_object('name', u.username || '/' || d.id, 'type', 'totp', 'secret', d.key, 'encoding', 'hex',
//!     'digits', d.digits, 'period', d.step, 't0', d.t0, 'last_step', d.last_t, 'drift', d.drift,
//!     'confirmed', d.confirmed, 'suspended', not u.is_active, 'failures', least(d.throttling_failure_count, 255))
//! from otp_totp_totpdevice d join auth_user u on u.id = d.user_id;
//!
//! select json_build_object('name', u.username || '/' || d.id, 'type', 'hotp', 'secret', d.key, 'encoding', 'hex',
//!     'digits', d.digits, 'counter', d.counter,
//!     'confirmed', d.confirmed, 'suspended', not u.is_active, 'failures', least(d.throttling_failure_count, 255))
//! from otp_hotp_hotpdevice d join auth_user u on u.id = d.user_id;
//! ```
//!
//! # From Keycloak
//!
//! A secret without `secretEncoding` is the text itself. Keycloak keeps used TOTP codes only in memory, so `last_step`
//! is `null`. Its counter is the next one. Credentials of users of a storage provider, such as LDAP without import, are
//! in a table of their own. Such a row has no user name but the id `f:`*provider*`:`*name*, and the provider knows
//! whether the user is enabled. For version 8 and later:
//!
//! ```sql
//! with c as (
//!     select u.username || '/' || c.id as name, u.enabled, c.secret_data::json s, c.credential_data::json d
//!     from credential c join user_entity u on u.id = c.user_id where c.type = 'otp'
//!     union all
//!     select c.user_id || '/' || c.id, true, c.secret_data::json, c.credential_data::json
//!     from fed_user_credential c where c.type = 'otp')
//! select json_build_object('name', c.name, 'type', 'totp', 'secret', c.s->>'value',
//!     'encoding', case c.d->>'secretEncoding' when 'BASE32' then 'base32' else 'text' end,
//!     'algorithm', replace(c.d->>'algorithm', 'Hmac', ''), 'digits', (c.d->>'digits')::int,
//!     'period', (c.d->>'period')::int, 'last_step', null, 'confirmed', true, 'suspended', not c.enabled)
//! from c where c.d->>'subType' = 'totp';
//!
//! with c as (
//!     select u.username || '/' || c.id as name, u.enabled, c.secret_data::json s, c.credential_data::json d
//!     from credential c join user_entity u on u.id = c.user_id where c.type = 'otp'
//!     union all
//!     select c.user_id || '/' || c.id, true, c.secret_data::json, c.credential_data::json
//!     from fed_user_credential c where c.type = 'otp')
//! select json_build_object('name', c.name, 'type', 'hotp', 'secret', c.s->>'value',
//!     'encoding', case c.d->>'secretEncoding' when 'BASE32' then 'base32' else 'text' end,
//!     'algorithm', replace(c.d->>'algorithm', 'Hmac', ''), 'digits', (c.d->>'digits')::int,
//!     'counter', (c.d->>'counter')::int, 'confirmed', true, 'suspended', not c.enabled)
//! from c where c.d->>'subType' = 'hotp';
//! ```
//!
//! # From privacyIDEA
//!
//! Its database holds the secrets in encrypted form. No query can read them, but a program with its configuration can.
//! For HOTP, `count` is the next counter; for TOTP it is the last used time step, or one more. `timeShift` is in
//! seconds, minus the seconds since the current step began. A PIN before the code is not imported.
//!
//! ```python
//! import json, math
//! from privacyidea.app import create_app
//! from privacyidea.lib.token import get_tokens
//!
//! with create_app(config_name="production", silent=True).app_context():
//!     for t in get_tokens(tokentype="totp") + get_tokens(tokentype="hotp"):
//!         line = {"name": t.token.serial, "type": t.type, "secret": t.token.get_otpkey().getKey().decode(),
//!                 "encoding": "hex", "algorithm": t.hashlib.upper(), "digits": t.token.otplen,
//!                 "confirmed": t.token.rollout_state in (None, "", "enrolled"),
//!                 "suspended": not t.token.active or t.token.revoked or t.token.locked,
//!                 "failures": min(t.token.failcount, 255), "locked": t.token.failcount >= t.token.maxfail}
//!         if t.type == "totp":
//!             line |= {"period": t.timestep, "last_step": t.token.count, "drift": math.ceil(t.timeshift / t.timestep)}
//!         else:
//!             line["counter"] = t.token.count
//!         print(json.dumps(line))
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use base64ct::{Base64, Base64Unpadded, Encoding};
use serde_core::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use zeroize::Zeroizing;

use super::imported::{
    ImportError, Imported, Lines, MAX_LINE, Note, Problem, UNTOLD_WINDOW, imported_drift, is_name, secret_from_hex,
    used_until, used_until_now,
};
use crate::decision::{Attempts, Hold, State};
use crate::factor::{Authenticator, Hotp, Method, Totp};
use crate::types::{Algorithm, Counter, Digits, Period, Secret, SecretText, UnixTime};

/// An upper bound on the length in bytes of a written line without the name.
const WRITTEN_LEN: usize = 768;

const FIELDS: [&str; 19] = [
    "name",
    "type",
    "secret",
    "encoding",
    "algorithm",
    "digits",
    "period",
    "t0",
    "last_step",
    "drift",
    "counter",
    "confirmed",
    "suspended",
    "failures",
    "failures_since_lock",
    "locked",
    "lock_ended",
    "lock_doublings",
    "throttled",
];

/// Reads authenticators from lines of JSON. `now` is the time of the move, after the old system stopped.
///
/// ```
/// use secondo::formats::{json, Problem};
/// use secondo::types::Counter;
/// use secondo::UnixTime;
///
/// let file = br#"
/// {"name":"a","type":"hotp","secret":"GEZDGNBVGY3TQOJQ","encoding":"text","counter":7,"confirmed":true,"suspended":false}
/// {"name":"b","type":"hotp","secret":"GEZDGNBVGY3TQOJQ","encoding":"text","conter":7,"confirmed":true,"suspended":false}
/// "#;
/// let mut lines = json::read(file, UnixTime::from_secs(1_795_500_000)?);
/// assert_eq!(lines.next().unwrap()?.state.watermark(), Some(Counter::new(6)));
/// assert_eq!(lines.next().unwrap().unwrap_err().problem, Problem::Unknown);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(file: &[u8], now: UnixTime) -> impl Iterator<Item = Result<Imported, ImportError>> {
    Lines::of(file).map(move |(line, text)| {
        text.and_then(|text| entry(line, text, now)).map_err(|problem| ImportError { line, problem })
    })
}

fn entry(line: usize, text: &str, now: UnixTime) -> Result<Imported, Problem> {
    let fields = object(text)?;
    let [name, kind, secret, encoding, algorithm, digits, rest @ ..] = &fields;
    let [period, t0, last_step, drift, counter, confirmed, suspended, failures, since_lock, rest @ ..] = rest;
    let [locked, lock_ended, lock_doublings, throttled] = rest;

    let name = name.required(|value| value.text().filter(|name| is_name(name)))?;
    let secret = decode(secret.required(Value::text)?, encoding.required(Value::text)?)?;
    let algorithm = algorithm.or(Algorithm::Sha1, |value| {
        Algorithm::ALL.iter().copied().find(|algorithm| value.text() == Some(algorithm.name()))
    })?;
    let digits = digits.or(Digits::Six, |value| Digits::try_from(value.number::<u8>()?).ok())?;
    let mut notes = Vec::new();
    let (method, state) = if kind.required(Value::is_totp)? {
        counter.absent()?;
        let period = period.or(Period::default(), |value| Period::from_secs(value.number()?).ok())?;
        let t0 = t0.or(UnixTime::EPOCH, Value::time)?;
        let totp = Totp::new(digits, period).with_t0(t0);
        let fresh = State::new().with_drift(drift.or(0, |value| imported_drift(value.number()?))?);
        let state = last_step.required(|value| match value {
            Value::Null => {
                notes.push(Note::LastUseUnknown);
                Some(used_until_now(totp, fresh, now, UNTOLD_WINDOW))
            }
            Value::Number(-1) => Some(fresh),
            value => used_until(totp, fresh, value.number()?, now),
        })?;
        (Method::from(totp), state)
    } else {
        for field in [period, t0, last_step, drift] {
            field.absent()?;
        }
        (Hotp::new(digits).into(), State::new().starting_at(Counter::new(counter.required(Value::number)?)))
    };
    let hold = match (locked.or(Hold::None, Value::lock)?, throttled.or(None, |value| value.time().map(Some))?) {
        (Hold::None, Some(until)) => Hold::Throttled(until),
        (hold, None) => hold,
        (_, Some(_)) => return Err(Problem::Misplaced("throttled")),
    };
    let failures = failures.or(0, Value::number)?;
    let unlocked_failures = if matches!(hold, Hold::Locked | Hold::LockedUntil(_)) { 0 } else { failures };
    let attempts = Attempts {
        failures,
        since_lock: since_lock.or(unlocked_failures, |value| value.number().filter(|since| *since <= failures))?,
        hold,
        lock_ended: lock_ended.or(UnixTime::EPOCH, Value::time)?,
        lock_doublings: lock_doublings.or(0, Value::number)?,
    };
    let state = State {
        attempts,
        confirmed: confirmed.required(Value::truth)?,
        suspended: suspended.required(Value::truth)?,
        ..state
    };
    Ok(Imported::new(line, name, Authenticator::new(method, algorithm, secret), state, notes))
}

fn decode(text: &str, encoding: &str) -> Result<Secret, Problem> {
    match encoding {
        "base32" => Secret::import_short_base32(text).map_err(Problem::Secret),
        "hex" => secret_from_hex(text, "secret"),
        "base64" => {
            // No line can hold more bytes than this.
            let mut bytes = Zeroizing::new([0; MAX_LINE]);
            let decode = if text.ends_with('=') { Base64::decode } else { Base64Unpadded::decode };
            let bytes = decode(text, bytes.as_mut_slice()).map_err(|_| Problem::Invalid("secret"))?;
            Secret::import_short(bytes).map_err(Problem::Secret)
        }
        "text" => Secret::import_short(text.as_bytes()).map_err(Problem::Secret),
        _ => Err(Problem::Invalid("encoding")),
    }
}

/// Parses a line as one object. Returns its fields in the order of [`FIELDS`].
fn object(text: &str) -> Result<[Field<'_>; FIELDS.len()], Problem> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut problem = None;
    let fields = json.deserialize_map(Object { problem: &mut problem });
    let fields = fields.and_then(|fields| json.end().map(|()| fields));
    fields.map_err(|error| match problem {
        Some(problem) if error.is_data() => problem,
        _ => Problem::NotJson { column: error.column() },
    })
}

struct Field<'a> {
    name: &'static str,
    value: Option<Value<'a>>,
}

impl<'a> Field<'a> {
    fn required<'f, T>(&'f self, read: impl FnOnce(&'f Value<'a>) -> Option<T>) -> Result<T, Problem> {
        let value = self.value.as_ref().ok_or(Problem::Missing(self.name))?;
        read(value).ok_or(Problem::Invalid(self.name))
    }

    fn or<'f, T>(&'f self, default: T, read: impl FnOnce(&'f Value<'a>) -> Option<T>) -> Result<T, Problem> {
        if self.value.is_some() { self.required(read) } else { Ok(default) }
    }

    fn absent(&self) -> Result<(), Problem> {
        if self.value.is_some() { Err(Problem::Misplaced(self.name)) } else { Ok(()) }
    }
}

enum Value<'a> {
    Null,
    Truth(bool),
    Number(i128),
    /// A text without escapes, borrowed from the line.
    Text(&'a str),
    /// A text with escapes, which had to be copied.
    Unescaped(Zeroizing<String>),
}

impl Value<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Unescaped(text) => Some(text),
            _ => None,
        }
    }

    fn is_totp(&self) -> Option<bool> {
        match self.text()? {
            "totp" => Some(true),
            "hotp" => Some(false),
            _ => None,
        }
    }

    fn number<T: TryFrom<i128>>(&self) -> Option<T> {
        if let Self::Number(number) = self { T::try_from(*number).ok() } else { None }
    }

    fn time(&self) -> Option<UnixTime> {
        UnixTime::from_secs(self.number()?).ok()
    }

    fn truth(&self) -> Option<bool> {
        if let Self::Truth(truth) = self { Some(*truth) } else { None }
    }

    fn lock(&self) -> Option<Hold> {
        match self {
            Self::Truth(true) => Some(Hold::Locked),
            Self::Truth(false) => Some(Hold::None),
            value => value.time().map(Hold::LockedUntil),
        }
    }
}

/// A visitor that collects the fields. After a failure, `problem` holds the reason, which serde's error cannot carry.
struct Object<'p> {
    problem: &'p mut Option<Problem>,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = [Field<'de>; FIELDS.len()];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = FIELDS.map(|name| Field { name, value: None });
        *self.problem = Some(Problem::Unknown);
        while let Some(Key(at)) = map.next_key()? {
            let field = fields.get_mut(at).ok_or_else(|| A::Error::custom(""))?;
            *self.problem = Some(Problem::Invalid(field.name));
            if field.value.replace(map.next_value()?).is_some() {
                *self.problem = Some(Problem::Duplicate(field.name));
                return Err(A::Error::custom(""));
            }
            *self.problem = Some(Problem::Unknown);
        }
        Ok(fields)
    }
}

/// The index of a field in [`FIELDS`].
struct Key(usize);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
                FIELDS.iter().position(|known| *known == name).map(Key).ok_or_else(|| E::custom(""))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, an integer, true, false or null")
            }

            fn visit_unit<E: Error>(self) -> Result<Value<'de>, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E: Error>(self, truth: bool) -> Result<Value<'de>, E> {
                Ok(Value::Truth(truth))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'de>, E> {
                Ok(Value::Number(number.into()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'de>, E> {
                Ok(Value::Number(number.into()))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Text(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
                Ok(Value::Unescaped(Zeroizing::new(text.into())))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// Writes an authenticator and its state as one line for [`read`], without a line end.
///
/// Fields with their default value are written too, except `locked` and `throttled`. The number of changes of the state
/// ([`State::revision`]) is not written.
///
/// # Errors
///
/// Returns [`Problem::Invalid`] if the name is empty, has more than 255 bytes or has a control character, if an HOTP
/// authenticator has used its last possible counter, or if a drift is beyond
/// [`Policy::MAX_DRIFT`](crate::Policy::MAX_DRIFT). Returns [`Problem::Missing`] if the authenticator does not hold its
/// secret.
///
/// ```
/// use secondo::formats::json;
/// use secondo::types::Counter;
/// use secondo::{Algorithm, Authenticator, Hotp, Secret, State};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let authenticator = Authenticator::new(Hotp::default(), Algorithm::Sha1, secret);
/// let line = json::write("alice", &authenticator, &State::new().starting_at(Counter::new(7)).confirmed())?;
/// assert!(line.as_str().contains(r#""counter":7,"confirmed":true"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(name: &str, authenticator: &Authenticator, state: &State) -> Result<SecretText, Problem> {
    let secret = authenticator.secret().ok_or(Problem::Missing("secret"))?;
    let name = serde_json::to_string(name).ok().filter(|_| is_name(name)).ok_or(Problem::Invalid("name"))?;
    let attempts = &state.attempts;
    let next = state.watermark().map_or(Some(0), |used| used.get().checked_add(1));

    // Large enough from the start: reallocation would leave a copy of the secret behind.
    let mut line = String::with_capacity(WRITTEN_LEN + name.len());
    let mut put = |text: fmt::Arguments<'_>| line.write_fmt(text).map_err(|fmt::Error| Problem::Invalid("name"));
    let kind = if matches!(authenticator.method(), Method::Totp(_)) { "totp" } else { "hotp" };
    put(format_args!(r#"{{"name":{name},"type":"{kind}","secret":"{}","#, secret.to_base32().as_str()))?;
    put(format_args!(r#""encoding":"base32","algorithm":"{}","#, authenticator.algorithm()))?;
    put(format_args!(r#""digits":{},"#, authenticator.method().digits().count()))?;
    match authenticator.method() {
        Method::Totp(totp) => {
            put(format_args!(r#""period":{},"t0":{},"#, totp.period().as_secs(), totp.t0().as_secs()))?;
            match state.watermark() {
                Some(last) => put(format_args!(r#""last_step":{last},"#))?,
                None => put(format_args!(r#""last_step":-1,"#))?,
            }
            let drift = imported_drift(state.progress.drift.into()).ok_or(Problem::Invalid("drift"))?;
            put(format_args!(r#""drift":{drift},"#))?;
        }
        Method::Hotp(_) => put(format_args!(r#""counter":{},"#, next.ok_or(Problem::Invalid("counter"))?))?,
    }
    put(format_args!(r#""confirmed":{},"suspended":{},"#, state.confirmed, state.suspended))?;
    put(format_args!(r#""failures":{},"failures_since_lock":{},"#, attempts.failures, attempts.since_lock))?;
    put(format_args!(
        r#""lock_ended":{},"lock_doublings":{}"#,
        attempts.lock_ended.as_secs(),
        attempts.lock_doublings
    ))?;
    match attempts.hold {
        Hold::None => put(format_args!("}}"))?,
        Hold::Throttled(until) => put(format_args!(r#","throttled":{}}}"#, until.as_secs()))?,
        Hold::LockedUntil(until) => put(format_args!(r#","locked":{}}}"#, until.as_secs()))?,
        Hold::Locked => put(format_args!(r#","locked":true}}"#))?,
    }
    Ok(SecretText::new(line))
}
