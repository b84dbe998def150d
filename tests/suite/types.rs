//! Compile-time checks of traits and sizes: types that can be shared, and secrets that cannot be copied or compared.
//!
//! The tests check that `Debug` shows no secret.

use std::fmt::{Debug, Display};

use secondo::decision::{Confirmed, Decision, Resynchronized, StateError, Verified};
use secondo::factor::ocra::{PinHash, Response};
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
assert_impl_all!(PinHash: zeroize::ZeroizeOnDrop);
assert_impl_all!(Response: zeroize::ZeroizeOnDrop);
assert_not_impl_any!(Secret: Clone, Display, PartialEq, AsRef<[u8]>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(Key: Clone, Display, PartialEq, AsRef<[u8]>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(Code: Clone, Display, PartialEq, AsRef<[u8]>, AsRef<str>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(SubmittedCode: Clone, Display, PartialEq, AsRef<str>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(Base32: Clone, Display, PartialEq, AsRef<[u8]>, AsRef<str>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(PinHash: Clone, Display, PartialEq, AsRef<[u8]>, std::hash::Hash, zeroize::Zeroize);
assert_not_impl_any!(Response: Clone, Display, PartialEq, AsRef<str>, std::hash::Hash, zeroize::Zeroize);
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
const_assert!(size_of::<Policy>() <= 96);

#[cfg(feature = "verifier")]
mod with_verifier {
    #[cfg(feature = "std")]
    use super::{Authenticator, Secret, Totp};
    use super::{Display, assert_impl_all, assert_not_impl_any};
    #[cfg(feature = "std")]
    use secondo::Algorithm;
    use secondo::account::{
        AccountError, AccountView, AuthenticatorView, Enrolled, ExportedAuthenticator, RecordError,
    };
    use secondo::factor::{External, ExternalError, NewAuthenticator};
    use secondo::formats::otpauth::{
        Batches, BatchesError, KeyUri, KeyUriError, Migration, MigrationAccountError, MigrationError, Parameter,
        UnknownField,
    };
    use secondo::hsm::{Hmac, HsmKey};
    use secondo::seal::{KeyRing, LocalMasterKey, MasterKeyError, SealError, SealingKey};
    use secondo::store::Value;
    use secondo::types::{DisplayName, DisplayNameError, Level, SecretText, TransactionBytesError};
    use secondo::verifier::Repeated;
    use secondo::{AccountId, AuthenticatorNumber, Transaction, Verifier, VerifierError};

    assert_impl_all!(Value: Send, Sync, zeroize::ZeroizeOnDrop);
    assert_not_impl_any!(Value: Clone, Display, PartialEq);
    assert_impl_all!(AccountId: Send, Sync, Copy, Display);
    assert_impl_all!(AuthenticatorNumber: Send, Sync, Copy, Display, Ord);
    assert_not_impl_any!(AuthenticatorNumber: From<u32>, Default);
    assert_impl_all!(DisplayName: Send, Sync, Copy, Display, Default);
    assert_impl_all!(Level: Send, Sync, Copy, Ord, std::hash::Hash);
    assert_impl_all!(External: Send, Sync, Copy);

    // A provider stores a transaction as the key of a session, but the verifier's copy cannot be read, printed or
    // compared.
    assert_impl_all!(Transaction: Send, Sync, Unpin, Clone, zeroize::ZeroizeOnDrop);
    assert_not_impl_any!(Transaction: Copy, Display, PartialEq, AsRef<[u8]>, std::hash::Hash);
    assert_impl_all!(NewAuthenticator: Send, Sync, Unpin);
    assert_not_impl_any!(NewAuthenticator: Clone, Display, PartialEq);
    assert_impl_all!(ExportedAuthenticator: Send, Sync, Unpin);
    assert_not_impl_any!(ExportedAuthenticator: Clone, Display, PartialEq);
    assert_impl_all!(AccountView: Send, Sync, Clone);
    assert_impl_all!(AuthenticatorView: Send, Sync, Copy);
    assert_impl_all!(Enrolled: Send, Sync, Copy);
    assert_impl_all!(secondo::verifier::Confirmed: Send, Sync);
    assert_not_impl_any!(secondo::verifier::Confirmed: Clone, Default);
    // A repetition is not a login.
    assert_not_impl_any!(Repeated: Into<secondo::Accepted>);
    assert_impl_all!(DisplayNameError: std::error::Error, Copy);
    assert_impl_all!(ExternalError: std::error::Error, Copy);
    assert_impl_all!(TransactionBytesError: std::error::Error, Copy);

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
    assert_impl_all!(AccountError: std::error::Error, Copy);
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
        use secondo::audit::Operator;
        use secondo::store::Memory;
        use secondo::{Policy, UnixTime};

        fn sent<F: Future + Send>(_: F) {}

        let verifier = Verifier::unsealed(Memory::new(), Policy::new());
        let (id, now) = (AccountId::new("rossi").unwrap(), UnixTime::from_secs(0).unwrap());
        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(&[7; 20]).unwrap());
        let (login, first) = (Transaction::new(&[7; 16]).unwrap(), AuthenticatorNumber::new(1));
        let by = Operator::new("desk", "test");
        sent(verifier.enroll(&id, &login, authenticator, now));
        sent(verifier.import(&id, &[], by, now));
        sent(verifier.confirm(&id, &login, first, "", now));
        sent(verifier.verify(&id, &login, "", now));
        sent(verifier.verify_with(&id, &login, first, "", now));
        sent(verifier.resync(&id, &login, first, &[""], now));
        sent(verifier.revoke(&id, first, by, now));
        sent(verifier.close(&id, None, by, now));
        sent(verifier.view(&id, now));
        sent(verifier.export(&id, by, now));
        sent(verifier.reseal_all(|_, _| {}));
        sent(verifier.raise_all_watermarks(by, now, |_, _| {}));
        sent(verifier.check_keys());
    }
    assert_impl_all!(Verifier<()>: Send, Sync);

    #[test]
    fn a_name_is_printable_text_of_at_most_64_bytes() {
        for name in ["", "telefono", "il mio <b>telefono</b>", "Ωμέγα 🔑", "\u{feff}", &"è".repeat(32), &"x".repeat(64)]
        {
            let accepted = DisplayName::new(name).unwrap();
            assert_eq!((accepted.as_str(), accepted.to_string()), (name, name.to_owned()));
        }
        for (name, found) in [("x".repeat(65), 65), ("è".repeat(33), 66), ("x".repeat(300), 300)] {
            assert_eq!(DisplayName::new(&name), Err(DisplayNameError::Length(found)));
        }
        let disguises = ["\0", "\n", "\r", "\t", "\u{1b}", "\u{7f}", "\u{85}", "\u{2028}", "\u{2029}"];
        let directions = ["\u{61c}", "\u{200e}", "\u{200f}", "\u{202a}", "\u{202e}", "\u{2066}", "\u{2069}"];
        for character in disguises.iter().chain(&directions) {
            let error = DisplayName::new(&format!("già{character}")).unwrap_err();
            assert_eq!(error, DisplayNameError::Character { position: 4 }, "{character:?}");
        }
        assert_eq!(DisplayName::default(), DisplayName::EMPTY);
        assert_eq!(format!("{:?}", DisplayName::new("a\"b").unwrap()), r#"DisplayName("a\"b")"#);
        assert_eq!(DisplayNameError::Length(65).to_string(), "a name must have at most 64 bytes, not 65");
        assert_eq!(
            DisplayNameError::Character { position: 4 }.to_string(),
            "a name must not have control characters or marks of direction, as at byte 4"
        );
    }

    #[test]
    fn a_number_of_an_authenticator_is_shown_as_it_is() {
        for number in [0, 1, u32::MAX] {
            let authenticator = AuthenticatorNumber::new(number);
            assert_eq!((authenticator.get(), authenticator.to_string()), (number, number.to_string()));
        }
        assert!(AuthenticatorNumber::new(2) < AuthenticatorNumber::new(10));
    }

    #[test]
    fn a_transaction_has_16_to_64_bytes_and_shows_none() {
        for len in 0..100 {
            let transaction = Transaction::new(&vec![0xab; len]);
            if (16..=64).contains(&len) {
                assert_eq!(format!("{:?}", transaction.unwrap()), "Transaction(..)");
            } else {
                assert_eq!(transaction.unwrap_err(), TransactionBytesError { found: len });
            }
        }
        assert_eq!(
            TransactionBytesError { found: 15 }.to_string(),
            "a transaction must have 16 to 64 random bytes, not 15"
        );
    }

    #[test]
    fn levels_have_their_numbers_and_order() {
        for (number, level) in [(1, Level::One), (2, Level::Two), (3, Level::Three)] {
            assert_eq!((Level::try_from(number), level as u8), (Ok(level), number));
        }
        assert_eq!((Level::try_from(0), Level::try_from(4)), (Err(0), Err(4)));
        assert!(Level::One < Level::Two && Level::Two < Level::Three);
    }

    #[test]
    fn an_external_authenticator_keeps_at_most_64_bytes() {
        for len in [0, 1, 64] {
            let data = vec![0xab; len];
            let external = External::new(Level::Three, &data).unwrap();
            assert_eq!((external.level(), external.data()), (Level::Three, &data[..]));
            // The data may be personal.
            assert_eq!(format!("{external:?}"), format!("External(Three, {len} bytes)"));
        }
        for len in [65, 300, 1 << 20] {
            assert_eq!(External::new(Level::Two, &vec![0; len]), Err(ExternalError { found: len }));
        }
        assert_eq!(
            ExternalError { found: 65 }.to_string(),
            "the data of an external authenticator must have at most 64 bytes, not 65"
        );
    }
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
            assert_eq!(format!("{:?}", Qr::new("12345678901234567890").unwrap().png(2).unwrap()), "Png(..)");
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
