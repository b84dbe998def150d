//! Tests of the forms in which writers of PSKC put a number: digits, base64 of its bytes, and encrypted bytes.
//!
//! The encrypted values were computed with the key and the MAC key of RFC 6030, figure 6, by Python's `cryptography`
//! and `hmac`.
#![cfg(feature = "pskc")]

use crate::support::pskc::{PRE_SHARED, figure, read, with};

use secondo::State;
use secondo::formats::pskc::{Credential, PskcErrorKind};
use secondo::types::Counter;

/// Checks that a document's counter is this number, or is rejected for its value.
fn check(document: &str, credential: Credential<'_>, expected: Option<u64>, form: &str) {
    let token = read(document, credential).remove(0);
    match (token, expected) {
        (Ok(token), Some(next)) => assert_eq!(token.state, State::new().starting_at(Counter::new(next)), "{form}"),
        (Err(error), None) => assert_eq!(error.kind(), PskcErrorKind::Value("Counter"), "{form}"),
        (token, _) => panic!("{form}: {:?}", token.map(|token| token.state)),
    }
}

#[test]
fn plain_numbers_in_base64_are_read() {
    for (text, expected) in [
        ("417253", Some(417_253)),
        // The digits in base64; they could also be 57,385,984,079,155.
        ("NDE3MjUz", Some(417_253)),
        ("MTA3", Some(107)),
        // Big-endian numbers.
        ("AAZd5Q==", Some(417_253)),
        ("AAAAAAAGXeU=", Some(417_253)),
        // The digits 5 and 30, or 0x35 and 0x3330.
        ("NQ==", None),
        ("MzA=", None),
        ("/////w==", None),
        // Words that are base64, but no number.
        ("None", None),
        ("null", None),
        ("0x12", None),
        ("Bl3l", None),
        ("", None),
    ] {
        check(&with(&[("<PlainValue>0<", &format!("<PlainValue>{text}<"))]), Credential::None, expected, text);
    }
}

#[test]
fn encrypted_numbers_of_all_writers_are_read() {
    for (form, cipher, mac, expected) in [
        ("the digits", "EBESExQVFhcYGRobHB0eH8mhyZgwz3h1eJd85NEBxU0=", "mRTykEv6NypyMZd0HgauU6kgrJs=", Some(417_253)),
        ("four bytes", "EBESExQVFhcYGRobHB0eHzX8gr6HPtrgn5aXSCwG6+o=", "MHTCINsvdZcpVCmUXHG03hvBnkM=", Some(417_253)),
        ("eight bytes", "EBESExQVFhcYGRobHB0eH08R1LYiufrGFRldTEx2HG0=", "lW7jt0MWZEcqOsKwXcOR+ak9KWw=", Some(417_253)),
        ("three bytes", "EBESExQVFhcYGRobHB0eHyekViYT+O38gwnnq2+7bsE=", "+URIp6oUUgIkMYPoaQVbnSaLy7w=", Some(417_253)),
        ("0 in one byte", "EBESExQVFhcYGRobHB0eHynQw3zPR17lspcAP6l0Dhc=", "ol24qzcev0Rkrvu8Kmbut4qafk0=", Some(0)),
        ("the digits 107", "EBESExQVFhcYGRobHB0eH+mkMiupvqsYiaRujKKs57M=", "VGLMigXGoMDNQvnJR11NDK66l58=", Some(107)),
        (
            "the digits of 2^63-1",
            "EBESExQVFhcYGRobHB0eH5sru0wNuCiUe6b+4NcKzAXVQGgaEqJz1EOuHFGW5i+J",
            "PhQzrE+GyFjP92vnwx5INRoNksM=",
            Some(9_223_372_036_854_775_807),
        ),
        (
            "the digits of 2^63",
            "EBESExQVFhcYGRobHB0eH5sru0wNuCiUe6b+4NcKzAWHa35KI1Y797s6cfRAVOvl",
            "tfmxR64+8BoA1NQr426djSZ9xFo=",
            None,
        ),
        ("the digit 5 or 0x35", "EBESExQVFhcYGRobHB0eH1ZdrYXnvNbJ+xteV68xMNU=", "jfaaoaoN+lLRbLJDYvKUZmQTcwk=", None),
        (
            "the digits 30 or 0x3330",
            "EBESExQVFhcYGRobHB0eHxttCgZp2ccpSNFGORi38hQ=",
            "aGS0WL8/f0JNSqCeHGuv2E7wPKg=",
            None,
        ),
        ("-1 in four bytes", "EBESExQVFhcYGRobHB0eH3LcEQRruaLTI+8ZkAbcnqU=", "b6zLyQmbRu5fOi0NVZ47K4TbmJ4=", None),
        ("nine bytes", "EBESExQVFhcYGRobHB0eH904ygo2lrT1+EZ13XiX5N0=", "aTIHm5wPLo4lqnMfZv5Y5aF/7Kc=", None),
        ("no bytes", "EBESExQVFhcYGRobHB0eH87hutabhFXnGDDKrFXTWz8=", "YipVfHM8c3w8iGM15iWd8A6ye3Q=", None),
    ] {
        check(&with_counter(cipher, mac), Credential::Key(PRE_SHARED), expected, form);
    }
}

/// multiOTP writes numbers as the fewest bytes that hold them.
#[test]
fn encrypted_30_in_one_byte_is_read() {
    let document = with_counter("EBESExQVFhcYGRobHB0eHwiGYbDutZB/h5dWRdvzTeU=", "SmEEyInkDUJqtDHT2faPZ0ioXl0=");
    check(&document, Credential::Key(PRE_SHARED), Some(30), "one byte");
}

/// Returns figure 6 with this encrypted counter.
fn with_counter(cipher: &str, mac: &str) -> String {
    let value = format!(
        "<EncryptedValue><xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/>\
         <xenc:CipherData><xenc:CipherValue>{cipher}</xenc:CipherValue></xenc:CipherData></EncryptedValue>\
         <ValueMAC>{mac}</ValueMAC>"
    );
    let document = figure(6).replace("<PlainValue>0</PlainValue>", &value);
    assert!(document.contains(cipher));
    document
}
