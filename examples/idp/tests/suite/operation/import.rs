//! Authenticators of other systems, vendors and apps, as an operator imports them.

use std::fs;

use super::commands::MARIA;
use crate::support::browser::Browser;
use crate::support::provider::Provider;

/// The secret of RFC 4226 appendix D, in the encodings of files.
const HEX: &str = "3132333435363738393031323334353637383930";
const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const BASE64: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=";
/// Its codes of the counters 6 and 7.
const CODES: [&str; 2] = ["287922", "162583"];

/// Writes a file, and imports it with these arguments.
fn import(provider: &Provider, file: &str, arguments: &[&str]) -> Result<String, String> {
    fs::write(provider.file("file"), file).unwrap();
    provider.command(&[&["import", "file", "--operator", "anna"], arguments].concat())
}

/// Asserts that the code of counter 6 counts as used, and logs in with the one of counter 7.
fn log_in_with_counter_7(provider: &Provider) {
    let mut browser = Browser::new(provider);
    browser.open("/");
    browser.give_password(provider);
    browser.submit("/code", &[("code", CODES[0])]);
    assert!(browser.is_refused());
    browser.submit("/code", &[("code", CODES[1])]);
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
}

#[test]
fn imported_authenticators_log_in() {
    let provider = Provider::start("");
    // Two lines of a usersfile, of which one is of nobody.
    let file = format!("HOTP/E/6\t{MARIA}\t-\t{HEX}\t7\nHOTP/E/6\tnobody\t-\t{HEX}\t0\nnonsense\n");
    let report = import(&provider, &file, &["--format", "usersfile"]).unwrap_err();
    let expected = "The format is: usersfile of liboath.\nLine 1 was imported.\n\
                    Line 1: the number of digits is that of TYPE, which liboath does not use.\n\
                    Line 2 was not imported: nobody has this e-mail address, fiscal code or id.\n\
                    Line 3 was not imported: ";
    assert!(report.starts_with(expected), "{report}");
    assert!(report.contains("\n1 record was imported, 2 were not.\n"), "{report}");
    assert!(report.ends_with("idp: 2 records were not imported\n"), "{report}");
    // A second time, nothing is imported twice.
    let report = import(&provider, &file, &["--digits", "6"]).unwrap_err();
    assert!(report.contains("Line 1 was not imported: it was imported before.\n"), "{report}");
    assert!(report.contains("0 records were imported, 3 were not.\n"), "{report}");

    let mut browser = Browser::new(&provider);
    browser.open("/outbox");
    assert!(browser.page.contains("Device moved"));
    log_in_with_counter_7(&provider);
}

#[test]
fn tokens_of_a_vendor_are_imported() {
    let provider = Provider::start("");
    // The file for Entra ID names persons.
    let header = "upn,serial number,secret key,time interval,manufacturer,model";
    let secret = "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK";
    let row = |name: &str, serial: u32| format!("{name},{serial},{secret},30,Example,T1");
    let file = [header, &row(MARIA, 1), &row("", 2), &row("nobody@example.org", 3)].join("\n");
    let report = import(&provider, &file, &[]).unwrap_err();
    let told: Vec<_> = report.lines().filter(|line| line.contains("imported")).collect();
    assert_eq!(
        told,
        [
            "Line 2 was imported.",
            "Line 3 was not imported: nothing tells whose it is: add --persons, or --person with --serial.",
            "Line 4 was not imported: nobody has this e-mail address, fiscal code or id.",
            "1 record was imported, 2 were not.",
            "idp: 2 records were not imported",
        ],
        "{report}"
    );
    assert!(report.contains("The format is: CSV of tokens for Entra ID.\n"), "{report}");
    assert!(report.contains("Line 2: the last use is unknown: "), "{report}");
    assert!(!report.contains(secret), "{report}");

    // OATH CSV does not: the operator tells who has which token.
    let file = format!("T1, {}, hotp, 6, 0\nT2, {HEX}, hotp, 6, 7\n", "0f".repeat(20));
    let error = import(&provider, &file, &[]).unwrap_err();
    assert!(error.contains("0 records were imported, 2 were not.\n"), "{error}");
    let error = import(&provider, &file, &["--person", MARIA]).unwrap_err();
    assert!(error.contains("add --serial") && !error.contains("was imported"), "{error}");
    let error = import(&provider, &file, &["--person", MARIA, "--serial", "T3"]).unwrap_err();
    assert!(error.contains("2 records were left out") && error.contains("no record to import"), "{error}");
    let report = import(&provider, &file, &["--person", MARIA, "--serial", "T2"]).unwrap();
    let expected = "The format is: OATH CSV.\nLine 2 was imported.\n\
                    1 record was left out, with another issuer or serial number.\n\
                    1 record was imported, 0 were not.\n";
    assert!(report.starts_with(expected), "{report}");
    log_in_with_counter_7(&provider);
    let error = import(&provider, "no tokens", &[]).unwrap_err();
    assert!(error.contains("the format of the file is unknown: add --format"), "{error}");
}

#[test]
fn list_tells_who_has_which_token() {
    let provider = Provider::start("");
    let anna = &provider.operator.0;
    let file =
        format!("T1, {}, hotp, 6, 0\nT2, {HEX}, hotp, 6, 7\nT3, {}, hotp, 6, 0\n", "0f".repeat(20), "f0".repeat(20));
    let with = |list: &str| {
        fs::write(provider.file("list.csv"), list).unwrap();
        import(&provider, &file, &["--persons", "list.csv"])
    };
    for (list, problem) in [
        ("T1", "list.csv: line 1: there must be a serial number, a comma and a person"),
        ("serial,person\nT1,\n", "list.csv: line 2: there must be"),
        ("T1,a\nT2,b\nt1,c", "list.csv: line 3: the serial number is in the list twice"),
    ] {
        let error = with(list).unwrap_err();
        assert!(error.contains(problem) && !error.contains("was imported"), "{error}");
    }
    let list = format!("\u{feff}Serial number,Person\r\nt2,\"{MARIA}\"\r\n\r\nT1, {anna}\r\nT9,{MARIA}\r\n");
    let report = with(&list).unwrap_err();
    let told: Vec<_> = report.lines().filter(|line| line.contains("imported") || line.contains("list")).collect();
    assert_eq!(
        told,
        [
            "Line 1 was imported.",
            "Line 2 was imported.",
            "Line 3 was not imported: nothing tells whose it is: add --persons, or --person with --serial.",
            "1 serial number of the list had no token in the file: t9.",
            "2 records were imported, 1 was not.",
            "idp: 1 record was not imported",
        ],
        "{report}"
    );
    log_in_with_counter_7(&provider);
}

#[test]
fn backup_of_an_app_is_imported() {
    let provider = Provider::start("");
    let entry = |name: &str, issuer: &str, counter: u8| {
        format!(
            r#"{{"type":"hotp","uuid":"1","name":"{name}","issuer":"{issuer}","note":"","icon":null,
                "info":{{"secret":"{BASE32}","algo":"SHA1","digits":6,"counter":{counter}}}}}"#
        )
    };
    let entries = [entry("maria", "Mail of others", 0), entry(MARIA, "Old provider", 6)].join(",");
    let file = format!(
        r#"{{"version":1,"header":{{"slots":null,"params":null}},"db":{{"version":3,"entries":[{entries}],"groups":[]}}}}"#
    );
    // Her accounts at other providers are not for this one.
    let error = import(&provider, &file, &[]).unwrap_err();
    assert!(error.contains("add --issuer") && !error.contains("was imported"), "{error}");
    let report = import(&provider, &file, &["--issuer", "old provider"]).unwrap();
    assert!(
        report.contains("The format is: vault of Aegis.\nEntry 2 was imported.\n1 record was left out"),
        "{report}"
    );
    log_in_with_counter_7(&provider);

    // The running provider, which is in another folder, finds the passphrase.
    let encrypted = include_str!("../../../../../import/tests/samples/2fas-encrypted.json");
    let arguments = ["--issuer", "Example", "--person", &provider.operator.0, "--format", "2fas"];
    let error = import(&provider, encrypted, &arguments).unwrap_err();
    assert!(error.contains("The file was not imported: the file is encrypted"), "{error}");
    fs::write(provider.file("passphrase"), "correct horse\n").unwrap();
    let report = import(&provider, encrypted, &[&arguments[..], &["--passphrase", "passphrase"]].concat()).unwrap();
    assert!(report.contains("1 record was imported, 0 were not.\n"), "{report}");
}

#[test]
fn key_file_of_a_vendor_is_imported() {
    let provider = Provider::start("");
    let file = format!(
        r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage>
            <DeviceInfo><SerialNo>1</SerialNo></DeviceInfo>
            <Key Id="1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
            <AlgorithmParameters><ResponseFormat Length="6" Encoding="DECIMAL"/></AlgorithmParameters>
            <Data><Secret><PlainValue>{BASE64}</PlainValue></Secret>
            <Counter><PlainValue>7</PlainValue></Counter></Data><UserId>{MARIA}</UserId></Key>
            </KeyPackage></KeyContainer>"#
    );
    // Secrets in plain text, where the vendor sent a key, may be somebody else's.
    fs::write(provider.file("key"), "12345678901234567890123456789012\n").unwrap();
    let error = import(&provider, &file, &["--key", "key"]).unwrap_err();
    assert!(error.contains("Entry 1 was not imported: the secret is not encrypted"), "{error}");
    let report = import(&provider, &file, &["--key", "key", "--plain-secrets"]).unwrap();
    assert!(report.contains("The format is: PSKC key file (RFC 6030).\nEntry 1 was imported.\n"), "{report}");
    log_in_with_counter_7(&provider);

    // The same secret, encrypted with the key.
    let file = include_str!("../../../../../tests/vectors/pskc/rfc6030-figure6.xml");
    let error = import(&provider, file, &["--person", MARIA]).unwrap_err();
    let reason = "the document is encrypted: the key that both sides share is needed";
    assert!(error.contains(&format!("Entry 1 was not imported: {reason} (line 47).")), "{error}");
    let error = import(&provider, file, &["--person", MARIA, "--key", "key"]).unwrap_err();
    assert!(error.contains("Entry 1 was not imported: it was imported before."), "{error}");
    fs::write(provider.file("key"), "1234\n").unwrap();
    let error = import(&provider, file, &["--person", MARIA, "--key", "key"]).unwrap_err();
    assert!(error.contains("a key must be 32, 48 or 64 hexadecimal symbols"), "{error}");
}
