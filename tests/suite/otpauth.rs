//! Tests of key URIs: accepted, refused and written.
#![cfg(feature = "alloc")]

use crate::support::cases::cases;
use crate::support::described;

use described::{parameters, rows};
use proptest::prelude::*;
use secondo::factor::Method;
use secondo::formats::otpauth::{KeyUri, KeyUriError, Parameter};
use secondo::types::{Counter, Period, SecretError};
use secondo::{Algorithm, Authenticator, Digits, Hotp, Secret, State, Totp, UnixTime};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn authenticator(method: impl Into<Method>) -> Authenticator {
    Authenticator::new(method, Algorithm::Sha1, Secret::from_base32(SECRET).unwrap())
}

#[test]
fn published_key_uris_are_accepted() {
    let mut checked = 0;
    for row in rows(include_str!("../vectors/key-uris-accepted.txt")) {
        let &[text, expected, account, issuer, label_issuer, image] = row.as_slice() else { panic!("{row:?}") };
        let uri = KeyUri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(parameters(&uri), expected, "{text}");
        assert_eq!(uri.account(), account, "{text}");
        let or_hyphen = |text: Option<&str>| text.unwrap_or("-").to_owned();
        assert_eq!(
            [uri.issuer(), uri.label_issuer(), uri.image()].map(or_hyphen),
            [issuer, label_issuer, image],
            "{text}"
        );
        for written in [uri.to_uri(), uri.to_short_uri()] {
            let read = KeyUri::parse(written.as_str()).unwrap_or_else(|error| panic!("{}: {error}", written.as_str()));
            assert_eq!(parameters(&read), expected, "{text}");
            assert_eq!(read.account(), account, "{text}");
            assert_eq!(
                [read.issuer(), read.label_issuer(), read.image()].map(or_hyphen),
                [issuer, "-", image],
                "{text}"
            );
        }
        checked += 1;
    }
    assert_eq!(checked, 45);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_position() {
    let mut checked = 0;
    for row in rows(include_str!("../vectors/key-uris-refused.txt")) {
        let &[text, expected] = row.as_slice() else { panic!("{row:?}") };
        let error = KeyUri::parse(text).expect_err(text);
        assert_eq!(format!("{error:?}"), expected, "{text}");
        for message in [error.to_string(), format!("{error:?}")] {
            assert!(!message.contains("GEZD") && !message.contains("alice"), "{message}");
        }
        checked += 1;
    }
    assert_eq!(checked, 118);
    assert_eq!(KeyUri::parse("").unwrap_err(), KeyUriError::Scheme);
    for control in ["\n", "\r", "\t", "\0", "\x7f"] {
        let text = format!("otpauth://totp/alice?secret={SECRET}{control}&issuer=a");
        assert_eq!(KeyUri::parse(&text).unwrap_err(), KeyUriError::Encoding { position: 60 });
        // Positions count the white space around the whole.
        assert_eq!(KeyUri::parse(&format!(" \n{text}\r\n")).unwrap_err(), KeyUriError::Encoding { position: 62 });
    }
}

#[test]
fn long_texts_are_refused_at_once() {
    let padded = |len: usize| {
        let text = format!("otpauth://totp/alice?secret={SECRET}&x=");
        let padding = "x".repeat(len - text.len());
        text + &padding
    };
    assert!(KeyUri::parse(&padded(KeyUri::MAX_LEN)).is_ok());
    for len in [KeyUri::MAX_LEN + 1, 1 << 20] {
        assert_eq!(KeyUri::parse(&padded(len)).unwrap_err(), KeyUriError::TooLong { found: len });
    }
    // The longest key URI that can be written can be read.
    let secret = Secret::from_bytes(&[0xff; Secret::MAX_LEN]).unwrap();
    let longest = KeyUri::new(&"/".repeat(255), Authenticator::new(Hotp::new(Digits::Nine), Algorithm::Sha512, secret))
        .and_then(|uri| uri.with_issuer(&"/".repeat(255)))
        .and_then(|uri| uri.with_image(&"/".repeat(255)))
        .unwrap()
        .starting_at(Counter::new(u64::MAX));
    let written = longest.to_uri();
    assert_eq!(written.as_str().len(), 4 * 255 * 3 + 205 + 94);
    assert_eq!(parameters(&KeyUri::parse(written.as_str()).unwrap()), parameters(&longest));
}

#[test]
fn what_is_written_follows_the_wiki() {
    let totp = KeyUri::new("alice@google.com", authenticator(Totp::default())).unwrap();
    assert_eq!(totp.to_short_uri().as_str(), format!("otpauth://totp/alice%40google.com?secret={SECRET}"));
    let totp = totp.with_issuer("Big Corp").unwrap();
    assert_eq!(
        totp.to_uri().as_str(),
        format!(
            "otpauth://totp/Big%20Corp:alice%40google.com?secret={SECRET}&issuer=Big%20Corp&algorithm=SHA1&digits=6&period=30"
        )
    );
    assert_eq!(
        totp.to_short_uri().as_str(),
        format!("otpauth://totp/Big%20Corp:alice%40google.com?secret={SECRET}&issuer=Big%20Corp")
    );
    assert_eq!((totp.counter(), totp.state()), (None, State::new()));

    let hotp = KeyUri::new("Zoë+1", authenticator(Hotp::new(Digits::Eight))).unwrap();
    let hotp = hotp.with_image("https://example.com/a b.png").unwrap();
    let frame = format!("otpauth://hotp/Zo%C3%AB%2B1?secret={SECRET}");
    let image = "&image=https%3A%2F%2Fexample.com%2Fa%20b.png";
    assert_eq!(hotp.to_short_uri().as_str(), format!("{frame}&digits=8&counter=0{image}"));
    let hotp = hotp.starting_at(Counter::new(7));
    assert_eq!(hotp.to_uri().as_str(), format!("{frame}&algorithm=SHA1&digits=8&counter=7{image}"));
    assert_eq!(hotp.state(), State::new().starting_at(Counter::new(7)));
    let last = hotp.starting_at(Counter::new(u64::MAX)).state();
    assert_eq!(last.watermark(), Some(Counter::new(u64::MAX - 1)));
}

#[test]
fn names_that_no_uri_can_have_are_not_written() {
    let long = "ä".repeat(128);
    for (name, position) in [("", 0), ("  ", 0), ("a:b", 1), ("ü\n", 2), ("a\u{85}", 1), (&*long, 255)] {
        let uri = || KeyUri::new(" alice ", authenticator(Totp::default())).unwrap();
        let error = KeyUri::new(name, authenticator(Totp::default())).unwrap_err();
        assert_eq!(error, KeyUriError::Label { position }, "{name:?}");
        let error = uri().with_issuer(name).unwrap_err();
        assert_eq!(error, KeyUriError::Value { parameter: Parameter::Issuer, position }, "{name:?}");
        assert_eq!(uri().account(), "alice");
        assert_eq!(uri().with_issuer(" Big Corp ").unwrap().issuer(), Some("Big Corp"));
    }
    for (address, position) in [("", 0), ("a\0", 1), (&*long, 255)] {
        let uri = KeyUri::new("alice", authenticator(Totp::default())).unwrap();
        let error = uri.with_image(address).unwrap_err();
        assert_eq!(error, KeyUriError::Value { parameter: Parameter::Image, position });
    }
    let later = Totp::default().with_t0(UnixTime::from_secs(1).unwrap());
    assert_eq!(KeyUri::new("alice", authenticator(later)).unwrap_err(), KeyUriError::T0);
    let key = authenticator(Totp::default()).key().unwrap();
    let without_secret = |authenticator| {
        assert_eq!(KeyUri::new("alice", authenticator).unwrap_err(), KeyUriError::NoSecret);
    };
    without_secret(Authenticator::from_key(Totp::default(), key));
    #[cfg(feature = "verifier")]
    without_secret(Authenticator::in_hsm(Totp::default(), Algorithm::Sha1, secondo::hsm::HsmKey::new(b"1").unwrap()));
}

#[test]
fn an_issuer_given_replaces_both_that_were_read() {
    let text = format!("otpauth://totp/a:alice?secret={SECRET}&issuer=b");
    let uri = KeyUri::parse(&text).unwrap().with_issuer("c").unwrap();
    assert_eq!((uri.issuer(), uri.label_issuer()), (Some("c"), None));
}

#[test]
fn messages() {
    let messages = [
        (KeyUriError::TooLong { found: 5000 }, "a key URI must have at most 4096 bytes, not 5000"),
        (
            KeyUriError::Value { parameter: Parameter::Period, position: 52 },
            "period must be 1 to 86400, at position 52",
        ),
        (KeyUriError::Missing(Parameter::Secret), "the parameter secret is missing"),
        (
            KeyUriError::Secret { error: SecretError::Length { min: 10, found: 9 }, position: 28 },
            "the secret at position 28 cannot be used: a secret must have 10 to 128 bytes, not 9",
        ),
    ];
    for (error, message) in messages {
        assert_eq!(error.to_string(), message);
    }
}

/// Generates names of all allowed characters.
fn name() -> impl Strategy<Value = String> {
    "[^:\\p{Cc}]{1,60}"
        .prop_filter("a name must not be only spaces", |name: &String| !name.trim_matches(' ').is_empty())
}

fn method() -> impl Strategy<Value = Method> {
    let digits = || (6..=9_u8).prop_map(|count| Digits::try_from(count).unwrap());
    prop_oneof![
        digits().prop_map(|digits| Hotp::new(digits).into()),
        (digits(), prop_oneof![Just(30), 1..=86_400_u64]).prop_map(|(digits, secs)| Totp::new(
            digits,
            Period::from_secs(secs).unwrap()
        )
        .into()),
    ]
}

#[test]
fn what_is_written_is_read() {
    let secret = prop::collection::vec(any::<u8>(), Secret::SHORT_LEN..=Secret::MAX_LEN);
    proptest!(cases(500), |(
        account in name(), issuer in prop::option::of(name()), image in prop::option::of("\\PC{1,60}"), method in method(),
        algorithm in prop::sample::select(Algorithm::ALL), secret in secret, counter in any::<u64>(),
    )| {
        let authenticator = Authenticator::new(method, algorithm, Secret::import_short(&secret).unwrap());
        let mut uri = KeyUri::new(&account, authenticator).unwrap().starting_at(Counter::new(counter));
        if let Some(issuer) = &issuer {
            uri = uri.with_issuer(issuer).unwrap();
        }
        if let Some(image) = &image {
            uri = uri.with_image(image).unwrap();
        }
        for written in [uri.to_uri(), uri.to_short_uri()] {
            let text = written.as_str();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%:/?&=".contains(&byte)));
            let read = KeyUri::parse(text).unwrap();
            prop_assert_eq!(parameters(&read), parameters(&uri));
            prop_assert_eq!(read.account(), account.trim_matches(' '));
            prop_assert_eq!(read.issuer(), issuer.as_deref().map(|issuer| issuer.trim_matches(' ')));
            prop_assert_eq!((read.label_issuer(), read.image()), (None, image.as_deref()));
        }
    });
}
