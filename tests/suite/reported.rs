//! Key URIs that people and other programs have sent, each a test by its own name.
#![cfg(feature = "alloc")]

use crate::support::described;

use described::parameters;
use secondo::formats::otpauth::{KeyUri, KeyUriError, Parameter};

/// The first ten bytes of the secret of RFC 4226, and all twenty, in hexadecimal.
const SHORT: &str = "31323334353637383930";
const LONG: &str = "3132333435363738393031323334353637383930";

/// Returns the parameters of a key URI with the base32 of the long secret and these parameters after it.
fn with(kind: &str, rest: &str) -> String {
    read(&format!("otpauth://{kind}/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ{rest}"))
}

/// Returns the parameters of a key URI, which stay the same when it is written.
fn read(text: &str) -> String {
    let uri = KeyUri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    for written in [uri.to_uri(), uri.to_short_uri()] {
        assert_eq!(parameters(&KeyUri::parse(written.as_str()).unwrap()), parameters(&uri), "{text}");
    }
    parameters(&uri)
}

#[test]
fn ampersand_escaped_as_in_html_before_the_digits() {
    let text = "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&amp;digits=8";
    assert_eq!(read(text), format!("totp SHA1 8 30 {SHORT}"));
    assert_eq!(with("totp", "&amp;digits=8&amp;period=60"), format!("totp SHA1 8 60 {LONG}"));
}

#[test]
fn ampersand_escaped_more_than_once() {
    for escape in ["&amp;amp;", "&amp;amp;amp;", "&AMP;", "&AMP;amp;"] {
        assert_eq!(with("totp", &format!("{escape}digits=8")), format!("totp SHA1 8 30 {LONG}"), "{escape}");
    }
    let twice = "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&digits=8&amp;amp;digits=8";
    let error = KeyUri::parse(twice).unwrap_err();
    assert_eq!(error, KeyUriError::Duplicate { parameter: Parameter::Digits, position: 50 });
}

#[test]
fn white_space_around_the_whole() {
    for (before, after) in [(" ", " "), ("\n", "\r\n"), ("\t", ""), ("\u{a0}", "\u{3000}")] {
        let text = format!("{before}otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ{after}");
        assert_eq!(read(&text), format!("totp SHA1 6 30 {SHORT}"), "{text:?}");
    }
}

/// Apps ignore the bits after the last whole byte.
#[test]
fn secret_of_17_symbols() {
    assert_eq!(read("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQG"), format!("totp SHA1 6 30 {SHORT}"));
}

#[test]
fn secret_of_19_symbols() {
    assert_eq!(read("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZ"), format!("totp SHA1 6 30 {SHORT}31"));
}

/// The first one is from the issues of `FreeOTP`.
#[test]
fn no_label() {
    for (start, rest, expected) in [
        ("hotp/", "&algorithm=SHA256&digits=6&period=30&lock=false&counter=0", "hotp SHA256 6 0"),
        ("totp", "", "totp SHA1 6 30"),
        ("totp/", "", "totp SHA1 6 30"),
        ("totp/:", "", "totp SHA1 6 30"),
        ("totp/%20%3A%20", "", "totp SHA1 6 30"),
    ] {
        let text = format!("otpauth://{start}?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ{rest}");
        assert_eq!(read(&text), format!("{expected} {LONG}"));
        let uri = KeyUri::parse(&text).unwrap();
        assert_eq!((uri.account(), uri.issuer()), ("", None), "{start}");
    }
}

#[test]
fn digits_that_are_percent_encoded() {
    let text = "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&digits=%36";
    assert_eq!(read(text), format!("totp SHA1 6 30 {SHORT}"));
    assert_eq!(with("totp", "&digits=%38&period=%360"), format!("totp SHA1 8 60 {LONG}"));
    assert_eq!(with("hotp", "&counter=%31%32"), format!("hotp SHA1 6 12 {LONG}"));
}

#[test]
fn algorithm_that_is_percent_encoded() {
    assert_eq!(with("totp", "&algorithm=SHA%2D256"), format!("totp SHA256 6 30 {LONG}"));
}

/// The reason is Steam's alphabet and not the number of digits.
#[test]
fn steam_is_refused_for_its_encoder() {
    let text = "otpauth://totp/Steam:gaben?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Steam&digits=5&encoder=steam";
    let error = KeyUri::parse(text).unwrap_err();
    assert_eq!(error, KeyUriError::Value { parameter: Parameter::Encoder, position: 97 });
    let reason = "encoder stands for codes that do not consist of digits, such as Steam's, at position 97";
    assert_eq!(error.to_string(), reason);
}

#[test]
fn hotp_without_a_counter_is_refused_with_advice() {
    let error = KeyUri::parse("otpauth://hotp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap_err();
    let advice =
        "the parameter counter is missing: add the next counter of this authenticator, which is 0 for a new one";
    assert_eq!(error.to_string(), advice);
}

#[test]
fn digits_out_of_range_are_refused_with_the_range_and_the_position() {
    let text = "otpauth://totp/Example:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=5";
    assert_eq!(KeyUri::parse(text).unwrap_err().to_string(), "digits must be 6 to 9, at position 72");
    let text = "otpauth://totp/Example:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=10";
    assert_eq!(KeyUri::parse(text).unwrap_err().to_string(), "digits must be 6 to 9, at position 74");
    let text = "otpauth://totp/Example:carl?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=";
    assert_eq!(KeyUri::parse(text).unwrap_err().to_string(), "digits must be 6 to 9, at position 75");
}

/// An app that decodes the names of parameters, or trims them, reads eight digits.
#[test]
fn encoded_or_spaced_name_of_a_parameter() {
    for name in [
        "%64igits",
        "digit%73",
        "%44IGITS",
        " digits",
        "digits ",
        "%20digits",
        "+digits",
        "amp;%64igits",
        "amp; digits",
        "Amp;digits",
        "ampdigits",
        "%26digits",
    ] {
        assert_eq!(with("totp", &format!("&{name}=8")), format!("totp SHA1 8 30 {LONG}"), "{name}");
        let twice = format!("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&digits=8&{name}=8");
        let error = KeyUri::parse(&twice).unwrap_err();
        assert_eq!(error, KeyUriError::Duplicate { parameter: Parameter::Digits, position: 50 }, "{name}");
    }
    let error = KeyUri::parse("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&issuer=E\\u0026digits=8").unwrap_err();
    assert_eq!(error, KeyUriError::Encoding { position: 49 });
    let error = KeyUri::parse("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&%6gdigits=8").unwrap_err();
    assert_eq!(error, KeyUriError::Encoding { position: 41 });
    let error = KeyUri::parse("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&digits=5").unwrap_err();
    assert_eq!(error.to_string(), "digits must be 6 to 9, at position 48");
}
