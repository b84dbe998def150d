//! Exports of Bitwarden, KeePassXC and KeePass 2.

use secondo_import::Place;

use crate::support::{BASE32, HEX, SECRET, errors, parameters, read, records, secret};

fn bitwarden(items: &[&str]) -> String {
    format!(r#"{{"encrypted":false,"folders":[],"items":[{}]}}"#, items.join(","))
}

#[test]
fn bitwarden_json_is_read() {
    let login = |totp: &str| {
        format!(r#"{{"type":1,"name":"Example","login":{{"username":"rossi","password":"p","totp":{totp}}}}}"#)
    };
    let uri = format!(r#""otpauth://totp/Issuer:bianchi?secret={BASE32}&digits=8&period=60""#);
    let items = [
        login(&format!("\"{BASE32}\"")),
        login("null"),
        r#"{"type":2,"name":"a note","login":null}"#.into(),
        login(&uri),
        login(r#""steam://JBSWY3DPEHPK3PXP""#),
        login(r#""otpauth://totp/?secret=!""#),
    ];
    let file = bitwarden(&items.each_ref().map(String::as_str));
    let records: Vec<_> = read(&file).into_iter().flatten().collect();
    assert_eq!((records[0].name.as_str(), records[0].issuer.as_deref()), ("rossi", Some("Example")));
    assert_eq!((parameters(&records[0]), secret(&records[0])), ("TOTP SHA1 6 30 s".into(), SECRET));
    assert_eq!((records[1].name.as_str(), records[1].issuer.as_deref()), ("bianchi", Some("Issuer")));
    assert_eq!((records[1].place, parameters(&records[1])), (Place::Entry(4), "TOTP SHA1 8 60 s".into()));
    assert_eq!(
        errors(&file),
        [
            "entry 5: codes of Steam: not supported",
            "entry 6: the secret at position 23 cannot be used: the secret's character at position 23 is not a base32 character",
        ]
    );
    assert_eq!(
        errors(r#"{"encrypted":true,"passwordProtected":true,"data":"2.x"}"#),
        ["the file: an encrypted export of Bitwarden: not supported"]
    );
}

#[test]
fn names_of_items_do_not_decide_what_the_file_is() {
    let item = format!(r#"{{"name":"services","login":{{"username":"header","password":"slots","totp":"{BASE32}"}}}}"#);
    assert_eq!(records(bitwarden(&[&item]))[0].issuer.as_deref(), Some("services"));
}

#[test]
fn bitwarden_csv_is_read() {
    let file = format!(
        "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n\
         ,,login,Example,\"two\nlines\",,0,https://example.com,rossi,p,{BASE32}\n,,note,Note,,,0,,,,\n\
         ,,login,Example,,,0,,bianchi,p,x\n"
    );
    let records: Vec<_> = read(&file).into_iter().flatten().collect();
    assert_eq!((records[0].name.as_str(), records[0].issuer.as_deref()), ("rossi", Some("Example")));
    assert_eq!((records[0].place, secret(&records[0])), (Place::Line(2), SECRET));
    assert_eq!(errors(&file), ["line 5: a secret must have 10 to 128 bytes, not 0"]);
}

#[test]
fn keepassxc_csv_is_read() {
    let file = format!(
        "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\",\"Last Modified\",\"Created\"\n\
         \"Root\",\"Example\",\"rossi\",\"p\"\"\",\"\",\"\",\"otpauth://totp/Issuer:bianchi?secret={BASE32}&period=60\",\"0\",\"\",\"\"\n\
         \"Root\",\"Other\",\"verdi\",\"p\",\"\",\"\",\"\",\"0\",\"\",\"\"\n"
    );
    let entries = records(file);
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].name.as_str(), entries[0].issuer.as_deref()), ("bianchi", Some("Issuer")));
    assert_eq!((parameters(&entries[0]), secret(&entries[0])), ("TOTP SHA1 6 60 s".into(), SECRET));
}

fn entry(fields: &[(&str, &str)], rest: &str) -> String {
    let field = |(key, value): &(&str, &str)| format!("<String><Key>{key}</Key><Value>{value}</Value></String>");
    let fields: String = [("Title", "Example"), ("UserName", "rossi")].iter().chain(fields).map(field).collect();
    format!("<Entry><UUID>AA==</UUID>{fields}{rest}</Entry>")
}

fn keepass(entries: &[String]) -> String {
    let entries = entries.concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><KeePassFile><Meta><Generator>x</Generator></Meta><Root><Group>{entries}</Group></Root></KeePassFile>"
    )
}

#[test]
fn keepass_xml_is_read() {
    let uri = format!("otpauth://totp/?secret={BASE32}&amp;digits=8");
    let old = entry(&[("otp", "otpauth://totp/?secret=JBSWY3DPEHPK3PXP")], "");
    let file = keepass(&[
        entry(&[("Password", "p")], ""),
        entry(&[("otp", &uri)], &format!("<History>{old}</History>")),
        format!("<Group><Name>g</Name>{}</Group>", entry(&[("TOTP Seed", BASE32), ("TOTP Settings", "60;8")], "")),
        entry(
            &[
                ("TimeOtp-Secret-Base32", BASE32),
                ("TimeOtp-Algorithm", "HMAC-SHA-256"),
                ("TimeOtp-Length", "8"),
                ("TimeOtp-Period", "60"),
            ],
            "",
        ),
        entry(&[("TimeOtp-Secret-Hex", HEX)], ""),
        entry(&[("TimeOtp-Secret", "12345678901234567890")], ""),
    ]);
    let entries = records(file);
    let all: Vec<_> = entries.iter().map(parameters).collect();
    assert_eq!(
        all,
        ["TOTP SHA1 8 30 s", "TOTP SHA1 8 60 s", "TOTP SHA256 8 60 s", "TOTP SHA1 6 30 s", "TOTP SHA1 6 30 s"]
    );
    assert_eq!(entries[0].place, Place::Entry(2));
    for entry in &entries {
        assert_eq!((entry.name.as_str(), entry.issuer.as_deref(), secret(entry)), ("rossi", Some("Example"), SECRET));
    }
}

#[test]
fn keepass_xml_reports_what_it_does_not_read() {
    let file = keepass(&[
        entry(&[("HmacOtp-Secret-Base32", BASE32), ("HmacOtp-Counter", "7")], ""),
        entry(&[("TOTP Seed", BASE32), ("TOTP Settings", "30;S")], ""),
        entry(&[("TOTP Seed", BASE32), ("TOTP Settings", "30")], ""),
        entry(&[("TimeOtp-Secret-Base32", BASE32), ("TimeOtp-Length", "12")], ""),
        entry(&[("TimeOtp-Secret-Base32", BASE32), ("TimeOtp-Secret-Hex", HEX)], ""),
        entry(&[("otp", &"x".repeat(5000))], ""),
        entry(&[("Notes", &"x".repeat(5000)), ("TOTP Seed", BASE32)], ""),
    ]);
    assert_eq!(
        errors(&file),
        [
            "entry 1: HOTP of KeePass: not supported",
            "entry 2: TOTP Settings for other codes: not supported",
            "entry 3: TOTP Settings has an invalid value: it must be the seconds, a semicolon and the number of digits, as in 30;6",
            "entry 4: TimeOtp-Length has an invalid value: it must be 6 to 9",
            "entry 5: TimeOtp-Secret occurs twice",
            "entry 6: otp has an invalid value",
        ]
    );
    assert_eq!(read(&file).len(), 7);
}

/// A field that is not read would change the codes, or be lost with its entry.
#[test]
fn keepass_entries_with_unknown_fields_or_two_keys_are_refused() {
    const BASE64: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=";

    let uri = format!("otpauth://totp/a?secret={BASE32}");
    let file = keepass(&[
        entry(&[("TimeOtp-Secret-Base64", BASE64)], ""),
        entry(&[("TimeOtp-Secret-Base32", BASE32), ("TimeOtp-Size", "8")], ""),
        entry(&[("TimeOtp-Secret-Base32", BASE32), ("TimeOTP-Length", "8")], ""),
        entry(&[("TOTP Seed", BASE32), ("TimeOtp-Length", "8")], ""),
        entry(&[("otp", &uri), ("TimeOtp-Algorithm", "HMAC-SHA-256")], ""),
    ]);
    assert_eq!(secret(read(&file)[0].as_ref().unwrap()), SECRET);
    assert_eq!(
        errors(&file),
        [
            "entry 2: an unknown field TimeOtp-…: not supported",
            "entry 3: an unknown field TimeOtp-…: not supported",
            "entry 4: an entry with keys of two kinds: not supported",
            "entry 5: an entry with keys of two kinds: not supported",
        ]
    );
    let encrypted = keepass(&[entry(&[("TimeOtp-Secret", "bm90IHRoZSBzZWNyZXQ=")], "")])
        .replace("<Value>bm90", "<Value Protected=\"True\">bm90");
    assert_eq!(errors(&encrypted), ["entry 1: TimeOtp-Secret has an invalid value"]);
}
