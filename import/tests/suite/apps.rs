//! Plain backups of authenticator apps.

use secondo_import::{Format, Place};

use crate::support::{BASE32, SECRET, errors, parameters, read, records, secret};

fn aegis(entries: &[String]) -> String {
    let entries = entries.join(",");
    format!(
        r#"{{"version":1,"header":{{"slots":null,"params":null}},"db":{{"version":3,"entries":[{entries}],"groups":[]}}}}"#
    )
}

fn aegis_entry(kind: &str, info: &str) -> String {
    format!(
        r#"{{"type":"{kind}","uuid":"1","name":"rossi","issuer":"Ex\u0061mple","note":"","icon":null,"info":{{"secret":"{BASE32}",{info}}}}}"#
    )
}

#[test]
fn aegis_is_read() {
    let file = aegis(&[
        aegis_entry("totp", r#""algo":"SHA256","digits":8,"period":60"#),
        aegis_entry("hotp", r#""algo":"SHA512","digits":6,"counter":7"#),
    ]);
    let entries = records(file);
    assert_eq!((entries[0].name.as_str(), entries[0].issuer.as_deref()), ("rossi", Some("Example")));
    assert_eq!((parameters(&entries[0]), secret(&entries[0])), ("TOTP SHA256 8 60 s".into(), SECRET));
    // The app may have shown the code of counter 7.
    assert_eq!((entries[1].place, parameters(&entries[1])), (Place::Entry(2), "HOTP SHA512 6 next 8".into()));
}

#[test]
fn aegis_reports_what_it_does_not_read() {
    let file = aegis(&[
        aegis_entry("steam", r#""algo":"SHA1","digits":5,"period":30"#),
        aegis_entry("totp", r#""algo":"MD5","digits":6,"period":30"#),
        aegis_entry("totp", r#""algo":"SHA1","digits":10,"period":30"#),
        aegis_entry("totp", r#""algo":"SHA1","digits":6"#),
        aegis_entry("hotp", r#""algo":"SHA1","digits":6"#),
        aegis_entry("hotp", r#""algo":"SHA1","digits":6,"counter":18446744073709551615"#),
        aegis_entry("totp", r#""algo":"SHA1","digits":6,"period":30"#),
    ]);
    assert_eq!(
        errors(&file),
        [
            "entry 1: a type that is neither totp nor hotp: not supported",
            "entry 2: algo has an invalid value: it must be SHA1, SHA256 or SHA512",
            "entry 3: digits has an invalid value: it must be 6 to 9",
            "entry 4: period is missing",
            "entry 5: counter is missing",
            "entry 6: counter has an invalid value: it must be 0 to 18446744073709551614",
        ]
    );
    assert_eq!(read(&file).len(), 7);
    let later = aegis(&[]).replace(r#""version":1"#, r#""version":2"#);
    assert_eq!(errors(later), ["the file: this version of a vault: not supported"]);
}

#[test]
fn two_fas_is_read() {
    let service =
        |rest: &str| format!(r#"{{"name":"Example","secret":"{BASE32}","otp":{{{rest}}},"order":{{"position":0}}}}"#);
    let file = [
        service(
            r#""account":"rossi","issuer":"Issuer","digits":8,"period":60,"algorithm":"SHA256","tokenType":"TOTP","counter":0"#,
        ),
        service(r#""source":"Manual""#),
        service(r#""tokenType":"HOTP","counter":7"#),
        service(r#""tokenType":"STEAM""#),
        service(r#""tokenType":"HOTP""#),
    ];
    let file = format!(r#"{{"services":[{}],"groups":[],"schemaVersion":4}}"#, file.join(","));
    let services: Vec<_> = read(&file).into_iter().flatten().collect();
    assert_eq!((services[0].name.as_str(), services[0].issuer.as_deref()), ("rossi", Some("Issuer")));
    assert_eq!((parameters(&services[0]), secret(&services[0])), ("TOTP SHA256 8 60 s".into(), SECRET));
    assert_eq!((services[1].name.as_str(), parameters(&services[1])), ("Example", "TOTP SHA1 6 30 s".into()));
    assert_eq!(parameters(&services[2]), "HOTP SHA1 6 next 8");
    assert_eq!(
        errors(&file),
        ["entry 4: a type that is neither TOTP nor HOTP: not supported", "entry 5: counter is missing"]
    );
}

#[test]
fn andotp_is_read() {
    let entry = |rest: &str| format!(r#"{{"secret":"{BASE32}","issuer":"Example","label":"rossi","tags":[],{rest}}}"#);
    let file = [
        entry(r#""digits":8,"type":"TOTP","algorithm":"SHA256","period":60"#),
        entry(r#""digits":6,"type":"HOTP","algorithm":"SHA1","counter":7"#),
        entry(r#""digits":5,"type":"STEAM","algorithm":"SHA1","period":30"#),
    ];
    let file = format!("[{}]", file.join(","));
    let entries: Vec<_> = read(&file).into_iter().flatten().collect();
    assert_eq!((entries[0].name.as_str(), entries[0].issuer.as_deref()), ("rossi", Some("Example")));
    assert_eq!((parameters(&entries[0]), secret(&entries[0])), ("TOTP SHA256 8 60 s".into(), SECRET));
    assert_eq!(parameters(&entries[1]), "HOTP SHA1 6 next 8");
    assert_eq!(errors(&file), ["entry 3: a type that is neither TOTP nor HOTP: not supported"]);
}

#[test]
fn freeotp_plus_is_read() {
    let token = |secret: &str, rest: &str| {
        format!(
            r#"{{"algo":"SHA256","counter":7,"digits":8,"issuerExt":"Example","label":"rossi","period":60,"secret":[{secret}],{rest}}}"#
        )
    };
    let file = [
        // Java's bytes have signs.
        token("-1,-128,127,1,2,3,4,5,6,7,8,9,10,11,12,13", r#""type":"TOTP""#),
        token("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", r#""type":"HOTP""#),
        token("1,2,3", r#""type":"TOTP""#),
        token("1,2,3,256", r#""type":"TOTP""#),
        token(&vec!["1"; 129].join(","), r#""type":"TOTP""#),
    ];
    let file = format!(r#"{{"tokenOrder":["Example:rossi"],"tokens":[{}]}}"#, file.join(","));
    let tokens: Vec<_> = read(&file).into_iter().flatten().collect();
    assert_eq!((tokens[0].name.as_str(), tokens[0].issuer.as_deref()), ("rossi", Some("Example")));
    assert_eq!(parameters(&tokens[0]), "TOTP SHA256 8 60 s");
    assert_eq!(secret(&tokens[0]), [255, 128, 127, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    // The app increments its counter when it shows a code.
    assert_eq!(parameters(&tokens[1]), "HOTP SHA256 8 next 7");
    assert_eq!(errors(&file)[0], "entry 3: a secret must have 10 to 128 bytes, not 3");
    assert_eq!(errors(&file).len(), 3);
}

#[test]
fn formats_are_recognized_and_no_others() {
    assert_eq!(Format::recognize(b""), None);
    // The first draft of PSKC calls the container by another name.
    let draft = b"<SecretContainer xmlns='http://www.openauthentication.org/OATH/2006/08/PSKC'/>";
    assert_eq!(Format::recognize(draft), Some(Format::Pskc));
    // privacyIDEA writes all names in lower case.
    let lower = b"<keycontainer version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc'/>";
    assert_eq!(Format::recognize(lower), Some(Format::Pskc));
    for other in [
        "{}",
        "[]",
        "[1]",
        "<html></html>",
        "<html>Tokens</html>",
        "\0u\0p\0n\0,",
        "name,age\nrossi,7\n",
        "HOTPX",
        "\0\0",
        "#",
        "a,b,c,d,e,f,g,h",
        "OATH1",
        "aa,bb,cc",
        "name,age\nrossi,42\n",
    ] {
        assert_eq!(Format::recognize(other.as_bytes()), None, "{other}");
    }
}
