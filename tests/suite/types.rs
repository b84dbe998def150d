//! Compile-time checks of traits and sizes: types that can be shared, and secrets that cannot be copied or compared.
//!
//! The tests check that `Debug` shows no secret.

use std::fmt::{Debug, Display};

use secondo::decision::{Confirmed, Decision, Resynchronized, StateError, Verified};
use secondo::policy::Window;
use secondo::types::TimeError;
use secondo::types::{Base32, Counter, MalformedCode, Period, SecretError};
use secondo::{
    Authenticator, Code, Key, Method, Policy, PublicRefusal, Refusal, Secret, State, SubmittedCode, Totp, UnixTime,
};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert};

// Every type can be shared between threads and moved to another thread.
assert_impl_all!(Secret: Send, Sync, Unpin);
assert_impl_all!(Key: Send, Sync, Unpin);
assert_impl_all!(Code: Send, Sync, Unpin);
assert_impl_all!(Base32: Send, Sync, Unpin);
assert_impl_all!(Authenticator: Send, Sync, Unpin);
assert_impl_all!(Decision: Send, Sync, Unpin);
assert_impl_all!(State: Send, Sync, Unpin, Copy);
assert_impl_all!(Policy: Send, Sync, Unpin, Copy);
assert_impl_all!(Totp: Send, Sync, Unpin, Copy);

// Secrets are wiped, and cannot be copied, printed, compared, hashed or viewed by accident. Codes have no `==`, so
// callers cannot use a comparison that returns at the first difference (CVE-2022-29185).
assert_impl_all!(Secret: zeroize::ZeroizeOnDrop);
assert_impl_all!(Key: zeroize::ZeroizeOnDrop);
assert_impl_all!(Code: zeroize::ZeroizeOnDrop);
assert_impl_all!(SubmittedCode: zeroize::ZeroizeOnDrop);
assert_impl_all!(Base32: zeroize::ZeroizeOnDrop);
assert_not_impl_any!(Secret: Clone, Display, PartialEq, AsRef<[u8]>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(Key: Clone, Display, PartialEq, AsRef<[u8]>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(Code: Clone, Display, PartialEq, AsRef<[u8]>, AsRef<str>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(SubmittedCode: Clone, Display, PartialEq, AsRef<str>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(Base32: Clone, Display, PartialEq, AsRef<[u8]>, AsRef<str>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(Authenticator: Clone, Display, PartialEq);

// A success cannot be forged, or copied for a second use.
assert_not_impl_any!(Verified: Clone, Default, From<bool>, From<Counter>);
#[cfg(feature = "verifier")]
assert_not_impl_any!(secondo::Accepted: Clone, Default, From<bool>, From<Verified>);
assert_not_impl_any!(Confirmed: Clone, Default);
assert_not_impl_any!(Resynchronized: Clone, Default, Into<Verified>);

// Refusals and all other failures are errors, so `is_ok()` is true only for an accepted code.
assert_impl_all!(Refusal: std::error::Error, Copy);
assert_impl_all!(MalformedCode: std::error::Error, Copy);
assert_impl_all!(SecretError: std::error::Error, Copy);
assert_impl_all!(StateError: std::error::Error, Copy);
assert_impl_all!(secondo::types::DigitsError: std::error::Error, Copy);
assert_impl_all!(TimeError: std::error::Error, Copy);
assert_impl_all!(secondo::policy::PolicyError: std::error::Error, Copy);
assert_impl_all!(PublicRefusal: Display);

// Bare numbers do not convert to a time, counter, period or window, and these do not convert to each other.
assert_not_impl_any!(UnixTime: From<u64>, From<Counter>);
assert_not_impl_any!(Counter: From<u64>, From<UnixTime>);
assert_not_impl_any!(Period: From<u64>, From<u16>);
assert_not_impl_any!(Window: From<(u8, u8)>);

const_assert!(State::LEN <= 64);
const_assert!(size_of::<State>() <= 64);
const_assert!(size_of::<Key>() <= 136);
const_assert!(size_of::<Secret>() <= 136);
const_assert!(size_of::<Policy>() <= 64);

#[cfg(feature = "verifier")]
mod with_verifier {
    #[cfg(feature = "std")]
    use super::{Authenticator, Secret, Totp};
    use super::{Display, assert_impl_all, assert_not_impl_any};
    #[cfg(feature = "std")]
    use secondo::Algorithm;
    use secondo::account::RecordError;
    use secondo::formats::otpauth::{
        Batches, BatchesError, KeyUri, KeyUriError, Migration, MigrationAccountError, MigrationError, Parameter,
        UnknownField,
    };
    use secondo::hsm::{Hmac, HsmKey};
    use secondo::seal::{KeyRing, LocalMasterKey, MasterKeyError, SealError, SealingKey};
    use secondo::store::Value;
    use secondo::types::SecretText;
    use secondo::{AccountId, Verifier, VerifierError};

    assert_impl_all!(Value: Send, Sync, zeroize::ZeroizeOnDrop);
    assert_not_impl_any!(Value: Clone, Display, PartialEq);
    assert_impl_all!(AccountId: Send, Sync, Copy, Display);

    assert_impl_all!(SealingKey: Send, Sync, zeroize::ZeroizeOnDrop);
    assert_impl_all!(LocalMasterKey: Send, Sync, zeroize::ZeroizeOnDrop);
    assert_impl_all!(Hmac: Send, Sync, zeroize::ZeroizeOnDrop);
    assert_impl_all!(KeyRing: Send, Sync);
    assert_impl_all!(HsmKey: Send, Sync, Copy);
    assert_not_impl_any!(SealingKey: Clone, Display, PartialEq);
    assert_not_impl_any!(LocalMasterKey: Clone, Display, PartialEq);
    assert_not_impl_any!(Hmac: Clone, Display, PartialEq, AsRef<[u8]>);
    assert_not_impl_any!(KeyRing: Clone);
    assert_impl_all!(SealError: std::error::Error, Copy);
    assert_impl_all!(RecordError: std::error::Error, Copy);
    assert_impl_all!(MasterKeyError: std::error::Error, Copy);
    assert_impl_all!(VerifierError<SealError>: std::error::Error, Send, Sync);

    assert_impl_all!(SecretText: Send, Sync, Unpin, zeroize::ZeroizeOnDrop);
    assert_not_impl_any!(SecretText: Clone, Display, PartialEq, AsRef<str>, Into<String>, zeroize::Zeroize);
    assert_impl_all!(KeyUri: Send, Sync, Unpin);
    assert_not_impl_any!(KeyUri: Clone, Display, PartialEq);
    assert_impl_all!(Migration: Send, Sync, Unpin);
    assert_not_impl_any!(Migration: Clone, Display, PartialEq);
    assert_impl_all!(Batches: Send, Sync, Unpin);
    assert_not_impl_any!(Batches: Clone, Display, PartialEq);
    assert_impl_all!(KeyUriError: std::error::Error, Copy);
    assert_impl_all!(MigrationError: std::error::Error, Copy);
    assert_impl_all!(MigrationAccountError: std::error::Error, Copy);
    assert_impl_all!(BatchesError: std::error::Error, Copy);
    assert_impl_all!(UnknownField: Send, Sync, Copy);
    assert_impl_all!(Parameter: Send, Sync, Copy, Display);

    #[cfg(feature = "std")]
    assert_impl_all!(Verifier<secondo::store::Memory>: Send, Sync);

    /// An executor may resume the futures on another thread.
    #[cfg(feature = "std")]
    #[test]
    fn futures_can_be_sent() {
        use secondo::store::Memory;
        use secondo::{Policy, State, UnixTime};

        fn sent<F: Future + Send>(_: F) {}

        let verifier = Verifier::unsealed(Memory::new(), Policy::new());
        let (id, now) = (AccountId::new("rossi").unwrap(), UnixTime::from_secs(0).unwrap());
        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(&[7; 20]).unwrap());
        sent(verifier.enroll(&id, &authenticator, State::new()));
        sent(verifier.confirm(&id, "", now));
        sent(verifier.verify(&id, "", now));
        sent(verifier.resync(&id, &[""], now));
        sent(verifier.revoke(&id));
        sent(verifier.state(&id));
        sent(verifier.reseal_all([id], |_, _| {}));
    }
    assert_impl_all!(Verifier<()>: Send, Sync);
}

#[cfg(feature = "qr")]
mod with_qr {
    use super::{Display, assert_impl_all, assert_not_impl_any};
    use secondo::formats::otpauth::{Qr, QrError};

    assert_impl_all!(Qr: Send, Sync, Unpin, zeroize::ZeroizeOnDrop);
    assert_not_impl_any!(Qr: Clone, Display, PartialEq, AsRef<[u8]>, std::hash::Hash, zeroize::Zeroize);
    assert_impl_all!(QrError: std::error::Error, Copy);
    static_assertions::const_assert!(size_of::<Qr>() <= 2400);

    #[test]
    fn debug_shows_the_size_of_a_code_alone() {
        assert_eq!(format!("{:?}", Qr::new("12345678901234567890").unwrap()), "Qr { size: 25, .. }");
    }

    #[cfg(feature = "png")]
    mod with_png {
        use super::{Display, Qr, assert_impl_all, assert_not_impl_any};
        use secondo::formats::otpauth::Png;

        assert_impl_all!(Png: Send, Sync, Unpin, zeroize::ZeroizeOnDrop);
        assert_not_impl_any!(Png: Clone, Display, PartialEq, AsRef<[u8]>, std::hash::Hash, zeroize::Zeroize);

        #[test]
        fn debug_shows_nothing_of_a_file() {
            assert_eq!(format!("{:?}", Qr::new("12345678901234567890").unwrap().png(1).unwrap()), "Png(..)");
        }
    }
}

#[cfg(feature = "serde")]
mod with_serde {
    use super::{Authenticator, Base32, Code, Key, Secret, State, assert_impl_all, assert_not_impl_any};
    use serde_core::{Deserialize, Serialize};

    assert_impl_all!(State: Serialize, Deserialize<'static>);
    assert_not_impl_any!(Secret: Serialize, Deserialize<'static>);
    assert_not_impl_any!(Key: Serialize, Deserialize<'static>);
    assert_not_impl_any!(Code: Serialize, Deserialize<'static>);
    assert_not_impl_any!(Base32: Serialize, Deserialize<'static>);
    assert_not_impl_any!(Authenticator: Serialize, Deserialize<'static>);
}

#[cfg(feature = "verifier")]
#[test]
fn debug_shows_no_sealing_key() {
    use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};

    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    assert_eq!(format!("{master:?}"), "LocalMasterKey(..)");
    let ring =
        KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(7), &master).unwrap(), [])
            .unwrap();
    assert_eq!(format!("{ring:?}"), "KeyRing { keys: [SealingKey(7)] }");
}

fn shown(value: &impl Debug) -> [String; 2] {
    [format!("{value:?}"), format!("{value:#?}")]
}

fn assert_nothing_shown(text: &str) {
    assert!(text.contains("(..)"), "{text}");
    for part in ["1234", "GEZD", "2870", "0x", "49, 50", "31, 32", "50, 56"] {
        assert!(!text.contains(part), "{text}");
    }
}

/// A time in milliseconds, or from an uninitialized clock, is an error and not a time in the year 55,000.
#[test]
fn times_in_another_unit_are_refused() {
    assert_eq!(UnixTime::from_secs(1_795_446_400_000), Err(TimeError::TooLate(1_795_446_400_000)));
    assert_eq!(UnixTime::from_secs(u64::MAX), Err(TimeError::TooLate(u64::MAX)));
    assert_eq!(UnixTime::from_secs(UnixTime::MAX.as_secs()), Ok(UnixTime::MAX));
    #[cfg(feature = "std")]
    {
        use std::time::{Duration, SystemTime};

        let before = SystemTime::UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(UnixTime::try_from(before), Err(TimeError::Before1970));
        let after = SystemTime::UNIX_EPOCH + Duration::from_secs(UnixTime::MAX.as_secs() + 1);
        assert_eq!(UnixTime::try_from(after), Err(TimeError::TooLate(UnixTime::MAX.as_secs() + 1)));
    }
}

/// `Debug` exists so that callers' types can derive it, and shows no secret.
#[test]
fn debug_shows_no_secret() {
    let secret = || Secret::from_bytes(b"12345678901234567890").unwrap();
    let key = Key::new(secondo::Algorithm::Sha1, &secret());
    let now = UnixTime::from_secs(59).unwrap();
    let code = || Totp::default().generate(&key, now).unwrap();
    assert_eq!(code().as_str(), "287082");
    let submitted = SubmittedCode::from(&code());
    let decision =
        Method::Totp(Totp::default()).verify(&key, &Policy::new(), &State::new().confirmed(), &submitted, now);
    let authenticator = Authenticator::new(Totp::default(), secondo::Algorithm::Sha1, secret());

    for text in [
        shown(&secret()),
        shown(&secret().to_base32()),
        shown(&key),
        shown(&code()),
        shown(&submitted),
        shown(&decision),
        shown(&authenticator),
    ]
    .as_flattened()
    {
        assert_nothing_shown(text);
    }
}

/// `Debug` shows the names and parameters of a key URI or an export, but no secret.
#[cfg(feature = "alloc")]
#[test]
fn debug_shows_no_secret_of_a_key_uri() {
    use secondo::formats::otpauth::{Batches, KeyUri, Migration};

    let uri = KeyUri::parse("otpauth://totp/Rossi?secret=GEZDGNBVGY3TQOJQ&digits=8").unwrap();
    let written = uri.to_uri();
    assert_nothing_shown(&format!("{written:?}"));
    let export = Migration::write(&[uri], 1).unwrap().remove(0);
    let mut batches = Batches::new();
    batches.insert(Migration::parse(export.as_str()).unwrap()).unwrap();
    for text in [
        shown(&KeyUri::parse(written.as_str()).unwrap()),
        shown(&Migration::parse(export.as_str()).unwrap()),
        shown(&batches),
    ]
    .as_flattened()
    {
        assert_nothing_shown(text);
        assert!(text.contains("Rossi") && text.contains("Eight"), "{text}");
    }
}
