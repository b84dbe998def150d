//! Tests of PSKC documents that follow the drafts before RFC 6030, as the files of old tokens do.
//!
//! The documents are in the shape of the drafts' examples and of a file of `ActivIdentity`. Their values were encrypted
//! with OpenSSL 3.0, and authenticated with Python's `hmac`.
#![cfg(feature = "pskc")]

use crate::support::pskc::{SECRET, figure, read, read_one, refusal};
use crate::support::time::at;

use secondo::formats::Note;
use secondo::formats::pskc::{Credential, PskcErrorKind, Token};
use secondo::types::{Counter, Period};
use secondo::{Digits, Hotp, Method, State, Totp};

const KEY: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// A document in the shape that `ActivIdentity`'s software writes.
const ACTIV_IDENTITY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:container:1.0" version="1.0">
<EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"><IV>EBESExQVFhcYGRobHB0eHw==</IV></EncryptionMethod>
<DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/>
<Device>
<DeviceId><Manufacturer>Vendor</Manufacturer><SerialNo>0012345678</SerialNo></DeviceId>
<Key KeyAlgorithm="http://www.ietf.org/keyprov/pskc#hotp" KeyId="0012345678">
<Issuer>Vendor</Issuer>
<Usage OTP="true"><ResponseFormat Format="DECIMAL" Length="8"/></Usage>
<Data Name="SECRET"><Value>CIPHER</Value><ValueDigest>DIGEST</ValueDigest></Data>
<Data Name="COUNTER"><Value>AAAAAAAAACk=</Value></Data>
</Key>
</Device>
</KeyContainer>"#;

const CIPHER: &str = "xJ7JnAI9QCx5KE0S90PYYQ8Vnxfaj/zTzYzkKzsda28=";
const DIGEST: &str = "inytQ6EY5pE3OsVY8UkH3wu54Ww=";

fn activ_identity() -> String {
    ACTIV_IDENTITY.replace("CIPHER", CIPHER).replace("DIGEST", DIGEST)
}

/// A document in the shape of the first drafts, with this content of its only key.
fn first_draft(algorithm: &str, data: &str) -> String {
    format!(
        r#"<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:container" xmlns:logo="urn:ietf:params:xml:ns:keyprov:logo">
        <EncryptionMethod algorithm="NONE"/><DigestMethod algorithm="HMAC-SHA1"></DigestMethod>
        <Device><DeviceId><Manufacturer>Vendor</Manufacturer><SerialNo>42</SerialNo><Expiry>01/02/2030</Expiry></DeviceId>
        <Key KeyAlgorithm="{algorithm}" KeyId="42"><Issuer>Issuer</Issuer>
        <Usage><ResponseFormat format="DECIMAL" length="6"/></Usage><FriendlyName>First</FriendlyName>
        <Data Name="SECRET"><Value>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</Value><ValueDigest>AAAA</ValueDigest></Data>{data}
        </Key></Device></KeyContainer>"#
    )
}

/// A document in the shape of draft-ietf-keyprov-pskc-02, with this content of its device.
fn last_draft(namespace: &str, keys: &str) -> String {
    format!(
        r#"<KeyContainer Version="1.0" xmlns="{namespace}"><Device>
        <DeviceInfo><Manufacturer>Vendor</Manufacturer><SerialNo>43</SerialNo></DeviceInfo>{keys}</Device></KeyContainer>"#
    )
}

const NAMESPACES: [&str; 2] = ["urn:ietf:params:xml:ns:keyprov:pskc", "urn:ietf:params:xml:ns:keyprov:pskc:1.0"];

fn key(algorithm: &str, usage: &str, data: &str, rest: &str) -> String {
    format!(
        r#"<Key KeyId="12345678" KeyAlgorithm="urn:ietf:params:xml:ns:keyprov:pskc#{algorithm}"><Issuer>Issuer</Issuer>
        <Usage{usage}><ResponseFormat Length="8" Format="DECIMAL"/></Usage>
        <Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>{data}</Data>{rest}</Key>"#
    )
}

fn secret(token: &Token) -> &[u8] {
    token.authenticator.secret().unwrap().expose()
}

#[test]
fn a_file_of_actividentity_is_read() {
    let token = read_one(&activ_identity(), Credential::Key(KEY));
    assert_eq!(secret(&token), SECRET);
    assert_eq!(token.authenticator.method(), Hotp::new(Digits::Eight).into());
    assert_eq!(token.state, State::new().starting_at(Counter::new(41)));
    assert_eq!((&*token.key_id, token.issuer.as_deref()), ("0012345678", Some("Vendor")));
    assert_eq!(token.device.serial.as_deref(), Some("0012345678"));
    assert_eq!(token.notes, []);

    // A counter with a digest is encrypted.
    let encrypted = "<Value>rFQB0/pHv+ZIxYSxCMoAxw==</Value><ValueDigest>kylOyHWZo1tnunzL7oxBGQMy2io=</ValueDigest>";
    let document = activ_identity().replace("<Value>AAAAAAAAACk=</Value>", encrypted);
    assert_eq!(read_one(&document, Credential::Key(KEY)).state, State::new().starting_at(Counter::new(41)));
}

#[test]
fn no_value_of_a_draft_is_believed_without_its_digest() {
    let refused = |document: &str| refusal(document, Credential::Key(KEY));
    assert_eq!(refusal(&activ_identity(), Credential::None), PskcErrorKind::KeyMissing);
    assert_eq!(refusal(&activ_identity(), Credential::Key(&[1; 16])), PskcErrorKind::Authentication);
    assert_eq!(refusal(&activ_identity(), Credential::Key(&[1; 32])), PskcErrorKind::Credential);
    let without = activ_identity().replace(&format!("<ValueDigest>{DIGEST}</ValueDigest>"), "");
    assert_eq!(refused(&without), PskcErrorKind::Missing("ValueDigest"));
    // The MAC of the encrypted value, as in RFC 6030.
    assert_eq!(
        refused(&activ_identity().replace(DIGEST, "tPKJOFB4+1EYbsrAXPLFWRY7q8o=")),
        PskcErrorKind::Authentication
    );
    let method = r#"<DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/>"#;
    assert_eq!(refused(&activ_identity().replace(method, "")), PskcErrorKind::Missing("DigestMethod"));
    assert_eq!(refused(&activ_identity().replace("EBESExQVFhcYGRobHB0eHw==", "EBES")), PskcErrorKind::Value("IV"));
    // A plain secret, although there is a key to decrypt it.
    assert_eq!(refused(&first_draft("HOTP", "")), PskcErrorKind::PlainSecret);
    let by_password = first_draft("HOTP", "").replace(
        r#"algorithm="NONE"/>"#,
        r#"algorithm="PBE-3DES112-CBC"><PBESalt>y6TzckeLRQw=</PBESalt></EncryptionMethod>"#,
    );
    assert_eq!(refusal(&by_password, Credential::Passphrase("p")), PskcErrorKind::Unsupported("EncryptionMethod"));
}

/// The MAC of the decrypted value is that of draft-ietf-keyprov-pskc-02, with the encryption key.
#[test]
fn macs_of_a_draft_cover_the_encrypted_or_the_decrypted_value() {
    let document = |header: &str, mac: &str| {
        let value = format!(
            r#"<EncryptedValue><e:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/><e:CipherData>
            <e:CipherValue>EBESExQVFhcYGRobHB0eH8SeyZwCPUAseShNEvdD2GEPFZ8X2o/8082M5Cs7HWtv</e:CipherValue>
            </e:CipherData></EncryptedValue><ValueMAC>{mac}</ValueMAC>"#
        );
        last_draft(NAMESPACES[0], &key("hotp", "", "", ""))
            .replace("<PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue>", &value)
            .replace("<Device>", &format!("{header}<Device>"))
            .replace("<KeyContainer ", r#"<KeyContainer xmlns:e="http://www.w3.org/2001/04/xmlenc#" "#)
    };
    let draft = "<MACAlgorithm>http://www.w3.org/2000/09/xmldsig#hmac-sha1</MACAlgorithm>";
    let (of_encrypted, of_decrypted) = ("o2zZq4d5CLrw6qewaL7u+WxqgQQ=", DIGEST);
    for mac in [of_encrypted, of_decrypted] {
        assert_eq!(secret(&read_one(&document(draft, mac), Credential::Key(KEY))), SECRET, "{mac}");
    }
    for mac in ["o2zZq4d5CLrw6qewaL7u+WxqgQU=", "inytQ6EY5pE3OsVY8UkH3wu54Wx=", ""] {
        let refused = refusal(&document(draft, mac), Credential::Key(KEY));
        assert!(matches!(refused, PskcErrorKind::Authentication | PskcErrorKind::Value("ValueMAC")), "{mac} {refused}");
    }
    // RFC 6030 has the former only.
    let rfc = r#"<MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/>"#;
    assert_eq!(secret(&read_one(&document(rfc, of_encrypted), Credential::Key(KEY))), SECRET);
    assert_eq!(refusal(&document(rfc, of_decrypted), Credential::Key(KEY)), PskcErrorKind::Authentication);
}

#[test]
fn the_first_drafts_are_read() {
    let counter = |value: &str| format!(r#"<Data Name="COUNTER"><Value>{value}</Value></Data>"#);
    for (value, next) in [("AAAAAAAAACk=", 41), ("41", 41), ("KQ==", 41), ("f/////////8=", i64::MAX.cast_unsigned())] {
        let token = read_one(&first_draft("HOTP", &counter(value)), Credential::None);
        assert_eq!(token.state, State::new().starting_at(Counter::new(next)), "{value}");
        assert_eq!((secret(&token), token.authenticator.method()), (SECRET, Hotp::default().into()));
        assert_eq!(token.friendly_name.as_deref(), Some("First"));
        let mut notes = Note::of(&token.authenticator, &token.state);
        assert_eq!(notes.contains(&Note::CounterMayBeTime), next > 41, "{value}");
        // The order of day and month is unknown.
        notes.push(Note::UseIsLimited);
        assert_eq!(token.notes, notes, "{value}");
    }
    for value in ["/////////////w==", "gAAAAAAAAAA=", "", "AAAAAAAAAAAA", "-1"] {
        let document = first_draft("HOTP", &counter(value));
        assert_eq!(refusal(&document, Credential::None), PskcErrorKind::Value("Counter"), "{value}");
    }
    // Draft 00 calls the container and the keys by other names.
    let oldest = first_draft("HOTP", &counter("AAAAAAAAACk="))
        .replace("KeyContainer", "SecretContainer")
        .replace(
            "urn:ietf:params:xml:ns:keyprov:container\"",
            "http://www.openauthentication.org/OATH/2006/08/PSKC\" version=\"1.2\"",
        )
        .replace("<Key ", "<Secret ")
        .replace("</Key>", "</Secret>")
        .replace("KeyAlgorithm", "SecretAlgorithm")
        .replace("KeyId", "SecretId");
    let token = read_one(&oldest, Credential::None);
    assert_eq!((token.state, &*token.key_id), (State::new().starting_at(Counter::new(41)), "42"));

    let time =
        r#"<Data Name="TIME"><Value>AAAAAAAA1DE=</Value></Data><Data Name="TIME_INTERVAL"><Value>60</Value></Data>"#;
    let token = read_one(&first_draft("TOTP", time), Credential::None);
    assert_eq!(token.authenticator.method(), Totp::new(Digits::Six, Period::from_secs(60).unwrap()).into());
    assert_eq!(token.state, State::new().starting_at(Counter::new(54321)));
}

#[test]
fn the_later_drafts_are_read() {
    for namespace in NAMESPACES {
        let token = read_one(
            &last_draft(namespace, &key("hotp", "", "<Counter><PlainValue>7</PlainValue></Counter>", "")),
            Credential::None,
        );
        assert_eq!((secret(&token), token.authenticator.method()), (SECRET, Hotp::new(Digits::Eight).into()));
        assert_eq!(token.state, State::new().starting_at(Counter::new(7)));
        assert_eq!(token.device.serial.as_deref(), Some("43"));
        let data = "<Time><PlainValue>0</PlainValue></Time><TimeDrift><PlainValue>4</PlainValue></TimeDrift>";
        let token = read_one(&last_draft(namespace, &key("totp", r#" OTP="true""#, data, "")), Credential::None);
        assert!(matches!(token.authenticator.method(), Method::Totp(totp) if totp.period() == Period::default()));
        assert_eq!(token.state, State::new().with_drift(4));
        // The dates of a key are not in a policy.
        let dates = "<StartDate>2006-04-14T00:00:00Z</StartDate><ExpiryDate>2010-09-30T00:00:00Z</ExpiryDate>";
        let token = read_one(&last_draft(namespace, &key("hotp", "", "", dates)), Credential::None);
        assert_eq!(token.policy.start, Some(at(1_144_972_800))); // date -u -d 2006-04-14 +%s
        assert_eq!(token.policy.expiry, Some(at(1_285_804_800)));
        assert_eq!(token.notes, [Note::CounterUnknown, Note::UseIsLimited]);
        let expired = dates.replace("2010", "2005");
        assert_eq!(
            refusal(&last_draft(namespace, &key("hotp", "", "", &expired)), Credential::None),
            PskcErrorKind::Expired
        );
    }
}

/// A key that cannot be read leaves the other keys of its device.
#[test]
fn every_key_of_a_device_is_read_or_refused() {
    let pin = key("pin", "", "", "");
    let keys = [key("hotp", "", "", ""), pin, key("hotp", r#" CR="true""#, "", ""), key("totp", "", "", "")].concat();
    let document = last_draft(NAMESPACES[0], &keys).replace("</KeyContainer>", "<Device></Device></KeyContainer>");
    let tokens = read(&document, Credential::None);
    assert_eq!(tokens.len(), 4);
    let mut errors = Vec::new();
    for token in &tokens {
        match token {
            Ok(token) => assert_eq!(token.device.serial.as_deref(), Some("43")),
            Err(error) => errors.push((error.key(), error.kind().to_string())),
        }
    }
    let policy = "the key's policy is not understood or does not permit one-time passwords";
    assert_eq!(
        errors,
        [(Some(1), "the algorithm pin is neither HOTP nor TOTP".to_owned()), (Some(2), policy.to_owned())]
    );
    // The end of a device's use would not be seen by the keys before it.
    let late = last_draft(NAMESPACES[0], &(key("hotp", "", "", "") + "<DeviceInfo/>"));
    assert_eq!(read(&late, Credential::None)[1].as_ref().unwrap_err().kind(), PskcErrorKind::Duplicate("DeviceInfo"));
    let late = late.replace("<DeviceInfo><Manufacturer>Vendor</Manufacturer><SerialNo>43</SerialNo></DeviceInfo>", "");
    assert_eq!(read(&late, Credential::None)[1].as_ref().unwrap_err().kind(), PskcErrorKind::Misplaced("DeviceInfo"));
}

/// Names in messages: an unknown element, an unknown value, and an algorithm.
#[test]
fn messages_name_what_is_unknown() {
    let message = |document: &str| read(document, Credential::None).pop().unwrap().unwrap_err().kind().to_string();
    let document = last_draft(NAMESPACES[0], "").replace("Device>", "Gadget>");
    assert_eq!(message(&document), "Gadget is not known in this place");
    let document = last_draft(NAMESPACES[0], &key("hotp", "", "", "").replace("</Usage>", "<Checksum/></Usage>"));
    assert_eq!(message(&document), "Checksum is not known in this place");
    assert_eq!(message(&first_draft("HOTP", r#"<Data Name="CLOCK"/>"#)), "CLOCK is not known in this place");
    let challenge = "<ChallengeFormat Encoding='DECIMAL' Min='6' Max='6'/><ResponseFormat";
    let document = figure(3).replace("<ResponseFormat", challenge);
    assert_eq!(message(&document), "ChallengeFormat is not known in this place");
    let document = figure(3).replace("<KeyPackage>", "<KeyPackage xmlns=''>");
    assert_eq!(message(&document), "KeyPackage is not known in this place");
    let document = figure(3).replace("<ResponseFormat", "<Suite>HMAC-SHA384</Suite><ResponseFormat");
    assert_eq!(message(&document), "the hash function HMAC-SHA384 is not SHA-1, SHA-256 or SHA-512");
    let document = figure(3).replace("Length=\"8\"", "Length=\"5\"");
    assert_eq!(message(&document), "the value of Length is invalid: it must be 6 to 9");
    let document = figure(3).replace("pskc:hotp", "pskc:ocra");
    assert_eq!(message(&document), "the algorithm ocra is neither HOTP nor TOTP");
    let ocra = last_draft(NAMESPACES[1], &key("OCRA-1:HOTP-SHA512-8:C-QN08", "", "", ""));
    assert_eq!(message(&ocra), "the algorithm OCRA-1:HOTP-SHA512-8:C-QN08 is neither HOTP nor TOTP");
    let other = "http://www.rsa.com/names/2008/04/algorithms/SecurID/SecurID-AES128-Counter";
    let message = message(&first_draft(other, ""));
    assert_eq!(message, format!("the algorithm {} is neither HOTP nor TOTP", &other[..64]));
    let disguised = read(&first_draft("a\u{202e}b", ""), Credential::None).pop().unwrap().unwrap_err();
    assert_eq!(disguised.kind().to_string(), "the algorithm a?b is neither HOTP nor TOTP");
}

#[test]
fn the_line_where_a_file_is_cut_off_is_named() {
    let document = activ_identity();
    for (len, _) in document.char_indices().skip(1) {
        let cut = &document[..len];
        let error = read(cut, Credential::Key(KEY)).pop().unwrap().unwrap_err();
        let line = 1 + cut.matches('\n').count() as u64;
        assert_eq!((error.kind(), error.line()), (PskcErrorKind::CutOff, line), "{cut}");
        assert!(error.ends_document());
        assert!(error.to_string().contains(&format!("line {line}, byte")), "{error}");
        assert!(error.to_string().ends_with("the document is cut off here"));
    }
}
