//! Tests of the PSKC reader, with the figures of RFC 6030 and altered forms of them.
#![cfg(feature = "pskc")]

use crate::support::pskc as support;

use secondo::factor::Method;
use secondo::formats::Note;
use secondo::formats::pskc::{Credential, PskcErrorKind, Reader, Signature};
use secondo::types::{Counter, Period, SecretError};
use secondo::{Algorithm, Digits, Hotp, State, Totp, UnixTime};
use support::{NOW, PRE_SHARED, SECRET, figure, read, read_one, refusal, totp, value, with};

#[test]
fn figure_2_has_too_short_a_secret() {
    // The missing number of digits is reported first.
    assert_eq!(refusal(&figure(2), Credential::None), PskcErrorKind::Missing("ResponseFormat"));
    let format = "<AlgorithmParameters><ResponseFormat Length='6' Encoding='DECIMAL'/></AlgorithmParameters><Data>";
    let document = figure(2).replace("<Data>", format);
    let short = PskcErrorKind::Secret(SecretError::Length { min: 10, found: 4 });
    assert_eq!(refusal(&document, Credential::None), short);
}

#[test]
fn figure_3_has_everything() {
    let token = read_one(&figure(3), Credential::None);
    assert_eq!(token.device.manufacturer.as_deref(), Some("Manufacturer"));
    assert_eq!(token.device.serial.as_deref(), Some("987654321"));
    assert_eq!(token.device.user_id.as_deref(), Some("DC=example-bank,DC=net"));
    assert_eq!(token.crypto_module.as_deref(), Some("CM_ID_001"));
    assert_eq!(token.key_id, "12345678");
    assert_eq!(token.issuer.as_deref(), Some("Issuer"));
    assert_eq!(token.user_id.as_deref(), Some("UID=jsmith,DC=example-bank,DC=net"));
    assert_eq!(token.authenticator.method(), Method::from(Hotp::new(Digits::Eight)));
    assert_eq!(token.authenticator.algorithm(), Algorithm::Sha1);
    assert_eq!(token.authenticator.secret().unwrap().expose(), SECRET);
    assert_eq!(token.state, State::new());
}

#[test]
fn figure_4_has_no_secret() {
    assert_eq!(refusal(&figure(4), Credential::None), PskcErrorKind::Missing("Secret"));
}

#[test]
fn figure_5_has_a_pin_which_is_no_token() {
    let tokens = read(&figure(5), Credential::None);
    assert_eq!(tokens.len(), 2);
    assert!(tokens[0].as_ref().unwrap().policy.device_pin);
    let error = tokens[1].as_ref().unwrap_err();
    assert_eq!(error.kind().to_string(), "the algorithm pin is neither HOTP nor TOTP");
    assert_eq!((error.key(), error.ends_document()), (Some(1), false));
}

#[test]
fn figure_6_is_encrypted_with_a_key() {
    let token = read_one(&figure(6), Credential::Key(PRE_SHARED));
    assert_eq!(token.authenticator.secret().unwrap().expose(), SECRET);
    for credential in [Credential::Passphrase("qwerty"), Credential::Key(&[0; 32])] {
        assert_eq!(refusal(&figure(6), credential), PskcErrorKind::Credential);
    }
    assert_eq!(refusal(&figure(6), Credential::None), PskcErrorKind::KeyMissing);
    assert_eq!(refusal(&figure(6), Credential::Key(&[0; 16])), PskcErrorKind::Authentication);
}

#[test]
fn figure_7_is_encrypted_with_a_passphrase() {
    let token = read_one(&figure(7), Credential::Passphrase("qwerty"));
    assert_eq!(token.authenticator.secret().unwrap().expose(), SECRET);
    assert_eq!(refusal(&figure(7), Credential::Passphrase("Qwerty")), PskcErrorKind::Authentication);
    assert_eq!(refusal(&figure(7), Credential::Key(PRE_SHARED)), PskcErrorKind::Credential);
    assert_eq!(refusal(&figure(7), Credential::None), PskcErrorKind::PassphraseMissing);
    // If PSKC is the default namespace, the unqualified parameters belong to it.
    let unprefixed = figure(7).replace("<pskc:", "<").replace("</pskc:", "</").replace("xmlns:pskc=", "xmlns=");
    let token = read_one(&unprefixed, Credential::Passphrase("qwerty"));
    assert_eq!(token.authenticator.secret().unwrap().expose(), SECRET);
}

#[test]
fn figure_8_is_encrypted_with_a_certificate() {
    let refused = refusal(&figure(8), Credential::Key(PRE_SHARED));
    assert_eq!(refused, PskcErrorKind::Unsupported("EncryptionMethod"));
}

#[test]
fn figure_9_is_signed() {
    let document = figure(9);
    let mut reader = Reader::new(document.as_bytes(), Credential::None, NOW);
    assert!(reader.next().unwrap().is_ok());
    assert_eq!(reader.signature(), Signature::NotYetKnown);
    assert!(reader.next().is_none());
    assert_eq!(reader.signature(), Signature::NotVerified);

    // A signature in the namespace of RFC 6030's erratum, before the keys.
    let (before, after) = document.split_once("<KeyPackage>").unwrap();
    let signature = "<ds:Signature><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>";
    let document = format!("{before}{signature}<KeyPackage>{}", after.replace("Signature>", "Extensions>"));
    let mut reader = Reader::new(document.as_bytes(), Credential::None, NOW);
    assert!(reader.next().unwrap().is_ok());
    assert_eq!(reader.signature(), Signature::NotVerified);

    // A signature in an unexpected place is reported too.
    let inside = figure(3).replace("</Key>", "<Extensions><x xmlns='urn:x'><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/></x></Extensions></Key>");
    let mut reader = Reader::new(inside.as_bytes(), Credential::None, NOW);
    assert!(reader.by_ref().all(|token| token.is_ok()));
    assert_eq!(reader.signature(), Signature::NotVerified);

    let unsigned = figure(3);
    let mut reader = Reader::new(unsigned.as_bytes(), Credential::None, NOW);
    assert!(reader.by_ref().all(|token| token.is_ok()));
    assert_eq!(reader.signature(), Signature::Absent);
}

#[test]
fn figure_10_is_a_batch() {
    let document = figure(10);
    let mut progress = Vec::new();
    let reader = Reader::new(document.as_bytes(), Credential::None, NOW)
        .with_progress(|read| progress.push((read.keys, read.bytes)));
    let tokens: Vec<_> = reader.map(Result::unwrap).collect();
    let ids: Vec<_> = tokens.iter().map(|token| token.key_id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4"]);
    assert_eq!(tokens[3].policy.start, Some(UnixTime::from_secs(1_143_849_600).unwrap())); // date -u -d 2006-04-01 +%s
    assert_eq!(tokens[3].policy.expiry, Some(UnixTime::from_secs(1_146_355_200).unwrap()));
    assert!(progress.iter().zip(1..).all(|((keys, _), n)| *keys == n) && progress.is_sorted());
}

#[test]
fn counters_and_drift_are_kept() {
    let token = read_one(&with(&[("<PlainValue>0<", "<PlainValue>41<")]), Credential::None);
    assert_eq!(token.state, State::new().starting_at(Counter::new(41)));
    let key = token.authenticator.key().unwrap();
    let Method::Hotp(hotp) = token.authenticator.method() else { panic!("not an HOTP token") };
    assert_eq!(hotp.generate(&key, Counter::new(0)).as_str(), "84755224"); // RFC 4226, appendix D

    let data = value("Time", "54321") + &value("TimeInterval", "60") + &value("TimeDrift", "-4");
    let token = read_one(&totp(&data), Credential::None);
    assert_eq!(token.authenticator.method(), Totp::new(Digits::Eight, Period::from_secs(60).unwrap()).into());
    assert_eq!(token.state, State::new().starting_at(Counter::new(54321)).with_drift(-4));
    assert!(!token.state.is_confirmed());
    assert_eq!(
        read_one(&totp(""), Credential::None).authenticator.method(),
        Totp::new(Digits::Eight, Period::default()).into()
    );

    for (name, values) in [
        ("Time", ["-1", "x"]),
        // Seconds instead of time steps: the year 3676.
        ("Time", ["1795446400", "2147483647"]),
        ("TimeInterval", ["0", "86401"]),
        ("TimeInterval", ["-30", "30.0"]),
        ("TimeDrift", ["32768", "-32769"]),
        ("TimeDrift", ["9223372036854775808", ""]),
    ] {
        for text in values {
            assert_eq!(refusal(&totp(&value(name, text)), Credential::None), PskcErrorKind::Value(name), "{text}");
        }
    }
    for text in ["-1", "9223372036854775808", "0x1", "1 2"] {
        let document = with(&[("<PlainValue>0<", &format!("<PlainValue>{text}<"))]);
        assert_eq!(refusal(&document, Credential::None), PskcErrorKind::Value("Counter"), "{text}");
    }
}

/// Seconds in the place of time steps would refuse every code until the year 3586.
#[test]
fn time_in_seconds_is_refused() {
    let time = |time: u64| read(&totp(&value("Time", &time.to_string())), Credential::None).remove(0);
    for seconds in [1_700_000_000, NOW.as_secs(), u64::from(u32::MAX), 1 << 62] {
        assert_eq!(time(seconds).unwrap_err().kind(), PskcErrorKind::Value("Time"), "{seconds}");
    }
    let (two_days, step) = (2 * 24 * 60 * 2, NOW.as_secs() / 30);
    for next in [0, 1, step, step + two_days + 1] {
        let token = time(next).unwrap();
        assert_eq!((token.state, token.notes), (State::new().starting_at(Counter::new(next)), vec![]), "{next}");
    }
    assert!(time(step + two_days + 2).is_err());
}

/// privacyIDEA writes the last used time step as the counter. A code used there is refused here.
#[test]
fn counter_of_a_totp_key_is_its_last_step() {
    let step = NOW.as_secs() / 30;
    let with_counter = |counter: u64, data: &str| {
        let counter = format!("<PlainValue>{counter}<");
        read(&totp(data).replace("<PlainValue>0<", &counter), Credential::None).remove(0)
    };
    let used = |last| State::new().starting_at(Counter::new(last + 1));
    let token = with_counter(step, "").unwrap();
    assert_eq!((token.state, token.notes), (used(step), vec![Note::CounterIsLastStep]));
    // The later of the two counts.
    for (counter, time) in [(step, step - 4), (step - 5, step + 1)] {
        let token = with_counter(counter, &value("Time", &time.to_string())).unwrap();
        assert_eq!((token.state, token.notes), (used(step), vec![Note::CounterIsLastStep]), "{counter} {time}");
    }
    assert_eq!(with_counter(NOW.as_secs(), "").unwrap_err().kind(), PskcErrorKind::Value("Counter"));
    // Without either, every step that may have been used counts as used.
    let token = with_counter(0, "").unwrap();
    assert_eq!((token.state, token.notes), (used(step + 10), vec![Note::LastUseUnknown]));
}

#[test]
fn a_drift_that_no_policy_allows_is_refused() {
    let drift = |steps: i32| read(&totp(&value("TimeDrift", &steps.to_string())), Credential::None).remove(0);
    for steps in [-5_000, 5_000] {
        assert_eq!(i32::from(drift(steps).unwrap().state.drift()), steps);
    }
    for steps in [-5_001, 5_001, i32::MIN, i32::MAX] {
        assert_eq!(drift(steps).unwrap_err().kind(), PskcErrorKind::Value("TimeDrift"), "{steps}");
    }
}

#[test]
fn a_counter_that_may_be_a_time_has_a_note() {
    for (counter, expected) in [(10_000_000, vec![]), (59_848_212, vec![Note::CounterMayBeTime])] {
        let document = with(&[("<PlainValue>0<", &format!("<PlainValue>{counter}<"))]);
        assert_eq!(read_one(&document, Credential::None).notes, expected, "{counter}");
    }
}

#[test]
fn keys_have_the_notes_of_other_sources() {
    let notes = |replacements: &[(&str, &str)]| read_one(&with(replacements), Credential::None).notes;
    let policy = |inside: &str| format!("<Policy>{inside}</Policy></Key>");
    assert_eq!(notes(&[]), []);
    assert_eq!(notes(&[("MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "MTIzNDU2Nzg5MDEy")]), [Note::ShortSecret]);
    assert_eq!(notes(&[("<Counter>", "<!--"), ("</Counter>", "-->")]), [Note::CounterUnknown]);
    let limits = [
        ("<StartDate>2006-03-16T00:00:00Z</StartDate>", vec![Note::UseIsLimited]),
        ("<StartDate>2006-03-15T00:00:00Z</StartDate>", vec![]),
        ("<ExpiryDate>2006-05-01T00:00:00Z</ExpiryDate>", vec![Note::UseIsLimited]),
        ("<NumberOfTransactions>5</NumberOfTransactions>", vec![Note::UseIsLimited]),
        ("<PINPolicy PINUsageMode='Local'/>", vec![]),
    ];
    for (limit, expected) in limits {
        assert_eq!(notes(&[("</Key>", &policy(limit))]), expected, "{limit}");
    }
    let device = |date: &str| format!("<ExpiryDate>{date}T00:00:00Z</ExpiryDate></DeviceInfo>");
    assert_eq!(notes(&[("</DeviceInfo>", &device("2006-05-01"))]), [Note::UseIsLimited]);
    for (from, to) in
        [("</DeviceInfo>", &device("2006-03-14")), ("</Key>", &policy("<ExpiryDate>2006-03-14T23:59:59Z</ExpiryDate>"))]
    {
        assert_eq!(refusal(&with(&[(from, to)]), Credential::None), PskcErrorKind::Expired, "{to}");
    }
}

/// An attacker who can change the file could plant a known secret, also by removing all encryption from the file.
#[test]
fn plain_secrets_beside_a_credential_are_refused() {
    let encrypted = figure(6);
    let start = encrypted.find("<EncryptedValue>").unwrap();
    let end = encrypted.find("</Secret>").unwrap();
    let planted = encrypted.replace(&encrypted[start..end], "<PlainValue>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</PlainValue>");
    for document in [&planted, &figure(3)] {
        assert_eq!(refusal(document, Credential::Key(PRE_SHARED)), PskcErrorKind::PlainSecret);
        let mut asked = Reader::new(document.as_bytes(), Credential::Key(PRE_SHARED), NOW).with_plain_secrets();
        assert!(asked.next().unwrap().is_ok());
    }
    assert_eq!(refusal(&figure(3), Credential::Passphrase("qwerty")), PskcErrorKind::PlainSecret);
}

#[test]
fn iterations_have_a_budget() {
    let document = figure(7);
    let read = |most| {
        let reader = Reader::new(document.as_bytes(), Credential::Passphrase("qwerty"), NOW);
        reader.with_max_iterations(most).next().unwrap().map(drop)
    };
    assert!(read(1000).is_ok());
    let error = read(999).unwrap_err();
    assert_eq!((error.kind(), error.ends_document()), (PskcErrorKind::Iterations(1000), true));
}

#[test]
fn suites_choose_the_hash() {
    let read = |suite: &str| {
        let document = with(&[("<ResponseFormat", &format!("{suite}<ResponseFormat"))]);
        read_one(&document, Credential::None).authenticator.algorithm()
    };
    for (name, algorithm) in [
        ("HMAC-SHA1", Algorithm::Sha1),
        ("HMAC-SHA-1", Algorithm::Sha1),
        ("sha1", Algorithm::Sha1),
        ("", Algorithm::Sha1),
        ("HMAC-SHA256", Algorithm::Sha256),
        ("SHA256", Algorithm::Sha256),
        ("SHA-256", Algorithm::Sha256),
        ("HMAC-SHA512", Algorithm::Sha512),
        ("HmacSHA512", Algorithm::Sha512),
    ] {
        assert_eq!(read(&format!("<Suite>{name}</Suite>")), algorithm, "{name}");
        assert_eq!(read(&format!("<Suite hashalgo='{name}'/>")), algorithm, "{name}");
    }
}

#[test]
fn algorithms_after_a_number_sign_are_read() {
    let document = with(&[("keyprov:pskc:hotp", "keyprov:pskc#hotp")]);
    assert_eq!(read_one(&document, Credential::None).authenticator.method(), Hotp::new(Digits::Eight).into());
    let document = totp("").replace("keyprov:pskc:totp", "keyprov:pskc#totp");
    assert_eq!(
        read_one(&document, Credential::None).authenticator.method(),
        Totp::new(Digits::Eight, Period::default()).into()
    );
}

#[test]
fn interval_of_an_hotp_key_is_ignored() {
    let token =
        read_one(&with(&[("<Counter>", &format!("{}<Counter>", value("TimeInterval", "0")))]), Credential::None);
    assert_eq!(token.authenticator.method(), Hotp::new(Digits::Eight).into());
}

#[test]
fn what_is_not_understood_is_refused() {
    use PskcErrorKind::{Duplicate, Misplaced, Missing, Policy, Unsupported, Value};
    let policy = |inside: &str| format!("<Policy>{inside}</Policy></Key>");
    for (from, to, kind) in [
        (" Id=\"12345678\"", "", Missing("Id")),
        ("Length=\"8\"", "Length=\"5\"", Value("Length")),
        ("Length=\"8\"", "Length=\"10\"", Value("Length")),
        ("Length=\"8\"", "Length=\"264\"", Value("Length")),
        ("\"DECIMAL\"", "\"HEXADECIMAL\"", Unsupported("ResponseFormat")),
        ("\"DECIMAL\"", "\"DECIMAL\" CheckDigits=\"true\"", Unsupported("ResponseFormat")),
        ("Length=\"8\"", "", Missing("Length")),
        ("Encoding=\"DECIMAL\"", "", Missing("Encoding")),
        ("MTIz", "MTI*", Value("Secret")),
        ("</Secret>", "<ValueMAC>AAAA</ValueMAC></Secret>", Misplaced("ValueMAC")),
        ("<Counter>", "<Counter><PlainValue>0</PlainValue></Counter><Counter>", Duplicate("Counter")),
        ("<PlainValue>0", "<PlainValue>1</PlainValue><PlainValue>0", Duplicate("PlainValue")),
        ("<Issuer>", "<Issuer>A</Issuer><Issuer>", Duplicate("Issuer")),
        ("</Key>", "</Key><Key/>", Missing("Id")),
        ("<Data>", "<Data/><Data>", Duplicate("Data")),
        ("</Key>", &policy("<KeyUsage>Encrypt</KeyUsage>"), Policy),
        ("</Key>", &policy("<Unheard/>"), Policy),
        ("</Key>", &policy("<StartDate xmlns='urn:x'>2006-05-01T00:00:00Z</StartDate>"), Policy),
        ("</Key>", &policy("<PINPolicy PINUsageMode='Append'/>"), Policy),
        ("</Key>", &policy("<PINPolicy MinLength='4'/>"), Policy),
        ("</Key>", &policy("<PINPolicy PINUsageMode='Local' x:y='1' xmlns:x='urn:x'/>"), Policy),
        ("</Key>", &policy("<PINPolicy PINUsageMode='Local'><Unheard/></PINPolicy>"), Policy),
        ("</Key>", &policy("<ExpiryDate>tomorrow</ExpiryDate>"), Value("ExpiryDate")),
    ] {
        // The error does not affect the keys after it.
        let document = with(&[(from, to)]);
        let (head, keys) = document.split_once("<KeyPackage>").unwrap();
        let (_, good) = figure(10).split_once("<KeyPackage>").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let keys = keys.replace("</KeyContainer>", "");
        let tokens = read(&format!("{head}<KeyPackage>{keys}<KeyPackage>{good}"), Credential::None);
        assert_eq!(tokens.len(), 5, "{to}");
        assert_eq!(tokens[0].as_ref().unwrap_err().kind(), kind, "{to}");
        assert!(tokens[1..].iter().all(Result::is_ok), "{to}");
    }
    // Two keys in a package.
    let twice = with(&[]);
    let key = &twice[twice.find("<Key Id").unwrap()..twice.find("</KeyPackage>").unwrap()];
    assert_eq!(
        refusal(&with(&[("</KeyPackage>", &format!("{key}</KeyPackage>"))]), Credential::None),
        Duplicate("Key")
    );
}

#[test]
fn no_key_is_taken_from_an_altered_document() {
    let document = figure(6);
    // Every character of the ciphertext and of the MAC.
    for (start, end) in [("AAECAwQFBgcI", "</xenc:CipherValue>"), ("Su+NvtQf", "\n")] {
        let start = document.find(start).unwrap();
        let end = start + document[start..].find(end).unwrap();
        for at in start..end {
            let mut bytes = document.clone().into_bytes();
            if !bytes[at].is_ascii_alphanumeric() {
                continue;
            }
            bytes[at] = if bytes[at] == b'Q' { b'R' } else { b'Q' };
            let altered = String::from_utf8(bytes).unwrap();
            let kind = refusal(&altered, Credential::Key(PRE_SHARED));
            assert!(matches!(kind, PskcErrorKind::Authentication | PskcErrorKind::Value(_)), "{at}: {kind:?}");
        }
    }
}

/// Wrong padding of the secret's last block must give the same error as a wrong MAC, or it would be a padding oracle.
#[test]
fn padding_is_not_told_from_a_wrong_mac() {
    for value in [
        "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv",
        "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX",
    ] {
        let document = figure(6);
        let mut kinds: Vec<_> = (b'A'..=b'Z')
            .chain(b'a'..=b'z')
            .map(|byte| {
                // Decryption in CBC mode XORs the last but one block of ciphertext into the last block of plaintext.
                let mut altered = value.to_owned().into_bytes();
                altered[42] = byte;
                let altered = document.replace(value, str::from_utf8(&altered).unwrap());
                if altered == document {
                    PskcErrorKind::Authentication
                } else {
                    refusal(&altered, Credential::Key(PRE_SHARED))
                }
            })
            .collect();
        kinds.dedup();
        assert_eq!(kinds, [PskcErrorKind::Authentication]);
    }
}

/// Without a minimum length, an attacker could forge an empty MAC key in about 256 tries, and compute any MAC with it.
#[test]
fn mac_keys_are_not_short() {
    use aes::cipher::{BlockModeEncrypt, KeyIvInit};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{KeyInit, Mac};

    for len in [0_u8, 1, 15, 16] {
        let mut padded = [16 - len % 16; 32];
        padded[..usize::from(len)].fill(7);
        let mut blocks = padded.as_chunks_mut::<16>().0.to_vec();
        blocks.truncate(usize::from(len) / 16 + 1);
        let mut cbc = cbc::Encryptor::<aes::Aes128>::new(PRE_SHARED.try_into().unwrap(), &[0; 16].into());
        for block in &mut blocks {
            cbc.encrypt_block(block.into());
        }
        let key = [&[0; 16], blocks.as_flattened()].concat();

        let secret = STANDARD.decode("AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv").unwrap();
        let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(&padded[..usize::from(len)]).unwrap();
        mac.update(&secret);
        let document = figure(6)
            .replace("ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX", &STANDARD.encode(&key))
            .replace("Su+NvtQfmvfJzF6bmQiJqoLRExc=", &STANDARD.encode(mac.finalize().into_bytes()));
        let tokens = read(&document, Credential::Key(PRE_SHARED));
        assert_eq!(tokens[0].is_ok(), len == 16, "{len}");
    }
}

#[test]
fn encrypted_values_have_a_mac() {
    let mac = "<ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=\n                    </ValueMAC>";
    let document = figure(6).replace(mac, "");
    assert_eq!(refusal(&document, Credential::Key(PRE_SHARED)), PskcErrorKind::Missing("ValueMAC"));
    let document = figure(6).replace(mac, "<ValueMAC/>");
    assert_eq!(refusal(&document, Credential::Key(PRE_SHARED)), PskcErrorKind::Authentication);
    // A truncated MAC.
    let document = figure(6).replace(mac, "<ValueMAC>Su+N</ValueMAC>");
    assert_eq!(refusal(&document, Credential::Key(PRE_SHARED)), PskcErrorKind::Authentication);
    let document = figure(6);
    let method = &document[document.find("<MACMethod").unwrap()..document.find("<KeyPackage>").unwrap()];
    let document = document.replace(method, "");
    assert_eq!(refusal(&document, Credential::Key(PRE_SHARED)), PskcErrorKind::Missing("MACMethod"));
    // Some writers name HMAC-SHA-1 with the others of RFC 6931.
    let document = figure(6).replace("2000/09/xmldsig#hmac", "2001/04/xmldsig-more#hmac");
    assert_eq!(read_one(&document, Credential::Key(PRE_SHARED)).authenticator.secret().unwrap().expose(), SECRET);
    // An unsupported encryption method.
    let document = figure(6).replace("#aes128-cbc", "#tripledes-cbc");
    assert_eq!(refusal(&document, Credential::Key(PRE_SHARED)), PskcErrorKind::Unsupported("EncryptionMethod"));
}

/// The MACs were computed by Python's `hmac` with the MAC key of RFC 6030, figure 6.
#[test]
fn macs_of_hmac_sha224_and_384_are_read() {
    let base = "http://www.w3.org/2001/04/xmldsig-more#hmac-";
    for (name, mac) in [
        ("sha224", "ML/DVoy538Y8ihV9TPXO/WhJ/qUa3/4jGdAiSA=="),
        ("sha256", "icgh4lQFon6M8ktwCVM8VBt+3FDnTx3efmD6tl0Hku0="),
        ("sha384", "kxKXJQl+bGP/fbcmRmKvW0e8UPLymCys71Und4UiuSCrVDaAsHbaOFSBnHdqouET"),
        ("sha512", "biyHz0pfvZ6IbCFEpBQ6fnkw3HTNIYP/ECQtBBgKOrZ7ssxqXr8ENbMks4xK1Ucgcv95MIhPPPR+d1AVmqRPTQ=="),
    ] {
        let document = figure(6).replace("http://www.w3.org/2000/09/xmldsig#hmac-sha1", &format!("{base}{name}"));
        assert_eq!(refusal(&document, Credential::Key(PRE_SHARED)), PskcErrorKind::Authentication, "{name}");
        let token = read_one(&document.replace("Su+NvtQfmvfJzF6bmQiJqoLRExc=", mac), Credential::Key(PRE_SHARED));
        assert_eq!(token.authenticator.secret().unwrap().expose(), SECRET, "{name}");
    }
}

#[test]
fn a_header_that_cannot_be_used_ends_the_document() {
    for (number, from, to, kind) in [
        (6, "#hmac-sha1", "#hmac-md5", PskcErrorKind::Unsupported("MACMethod")),
        (6, "<MACKey>", "<MACKeyReference>x</MACKeyReference><MACKey>", PskcErrorKind::Unsupported("MACKeyReference")),
        (6, "</KeyPackage>", "</KeyPackage><EncryptionKey/>", PskcErrorKind::Misplaced("EncryptionKey")),
        (6, "<EncryptionKey>", "<EncryptionKey/><EncryptionKey>", PskcErrorKind::Duplicate("EncryptionKey")),
        (7, ">1000<", ">2000001<", PskcErrorKind::Iterations(2_000_001)),
        (7, ">1000<", ">99999999999999999999<", PskcErrorKind::Value("IterationCount")),
        (7, ">1000<", ">0<", PskcErrorKind::Value("IterationCount")),
        (7, ">16<", ">17<", PskcErrorKind::Value("KeyLength")),
        (7, ">16<", ">4294967295<", PskcErrorKind::Value("KeyLength")),
        (7, "<Specified>Ej7/PEpyEpw=</Specified>", "", PskcErrorKind::Missing("Salt")),
        (7, "Ej7/PEpyEpw=", "", PskcErrorKind::Missing("Salt")),
        (7, "<PRF/>", "<PRF Algorithm='urn:x'/>", PskcErrorKind::Unsupported("PRF")),
        (7, "pkcs-5v2-0#pbkdf2", "pkcs-5v2-0#pbkdf1", PskcErrorKind::Unsupported("KeyDerivationMethod")),
        (3, "Version=\"1.0\"\n", "Version=\"1.1\"\n", PskcErrorKind::NotPskc),
        (3, "keyprov:pskc\"", "keyprov:pskc:2.0\"", PskcErrorKind::NotPskc),
    ] {
        assert!(figure(number).contains(from), "{from}");
        let document = figure(number).replacen(from, to, 1);
        let last = read(&document, Credential::Passphrase("qwerty")).pop().unwrap().unwrap_err();
        assert_eq!(last.kind(), if number == 6 && from == "</KeyPackage>" { PskcErrorKind::Credential } else { kind });
        let last = read(&document, Credential::Key(PRE_SHARED)).pop().unwrap().unwrap_err();
        assert_eq!((last.kind(), last.ends_document()), (kind, true), "{to}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let token = read_one(&figure(6), Credential::Key(PRE_SHARED));
    let printed = format!("{token:?} {:?} {:?}", Credential::Key(PRE_SHARED), Credential::Passphrase("qwerty"));
    assert!(!printed.contains("1234567890") && !printed.contains("49, 50") && !printed.contains("qwerty"), "{printed}");
}
