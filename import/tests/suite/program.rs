use std::fs;
use std::process::{Command, Output};

use crate::support::{BASE32, HEX};

fn run(content: &[u8], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, content).unwrap();
    fs::write(folder.path().join("passphrase"), "correct horse\n").unwrap();
    let program = Command::new(env!("CARGO_BIN_EXE_secondo-import"))
        .current_dir(folder.path())
        .arg("file")
        .args(arguments)
        .output()
        .unwrap();
    let written = [&program.stdout[..], &program.stderr[..]].concat();
    let written = String::from_utf8(written).unwrap();
    for secret in [BASE32, HEX, "12345678901234567890", "correct horse"] {
        assert!(!written.contains(secret), "{written}");
    }
    program
}

fn lines(output: &Output) -> Vec<&str> {
    str::from_utf8(&output.stdout).unwrap().lines().collect()
}

#[test]
fn a_file_that_is_readable() {
    let output =
        run(format!("upn,serial number,secret key,time interval\nrossi@example.com,23,{BASE32},30\n").as_bytes(), &[]);
    assert_eq!(
        lines(&output),
        [
            "file: CSV of tokens for Entra ID",
            "line 2: rossi@example.com, serial 23: TOTP, SHA1, 6 digits, 30 s; the last use is unknown: all time steps \
             until the move count as used",
            "1 would be imported, 0 not",
        ]
    );
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_file_that_is_readable_in_part() {
    let file = format!("upn,serial number,secret key,time interval\na,1,{BASE32},30\nb,2,{BASE32},x\n");
    let output = run(file.as_bytes(), &[]);
    assert_eq!(
        lines(&output)[2..],
        [
            "line 3: not imported: time interval has an invalid value: it must be 1 to 86400",
            "1 would be imported, 1 not"
        ]
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_file_that_is_not_readable() {
    let output = run(b"{\"value\":[{\"secretKey\":", &[]);
    assert_eq!(lines(&output)[1], "the file: not imported: the file is not JSON of this format: line 1, column 23");
    assert_eq!(output.status.code(), Some(2));
    let output = run(b"hello", &[]);
    assert_eq!(output.stderr, b"secondo-import: file: no known format of authenticators\n");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(run(b"", &[]).status.code(), Some(2));
    assert_eq!(run(b"x", &["--passphrase", "absent"]).status.code(), Some(2));
}

#[test]
fn the_formats_of_secondo_itself() {
    let pskc = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage>
        <DeviceInfo><SerialNo>987</SerialNo></DeviceInfo>
        <Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
        <AlgorithmParameters><ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
        <Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>
        <Counter><PlainValue>7</PlainValue></Counter></Data></Key></KeyPackage></KeyContainer>"#;
    let state = format!("{BASE32}\n\" DISALLOW_REUSE 59848212\n\" TOTP_AUTH\n75032147\n");
    let json = format!(
        r#"{{"name":"a","type":"hotp","secret":"{BASE32}","encoding":"base32","counter":7,"confirmed":true,"suspended":true}}"#
    );
    let migration = "otpauth-migration://offline?data=Ch8KCkhlbGxvId6tvu8SBWFsaWNlGgRBQ01FIAEoATACChcKCkhlbGxvId6tvu8SA2JvYiAEKAEwAg%3D%3D";
    let uris = format!("otpauth://hotp/Example:rossi?secret={BASE32}&counter=7\n{migration}\n\nhttps://example.com\n");
    for (file, expected, code) in [
        (pskc.to_owned(), vec!["entry 1: no name, serial 987: HOTP, SHA1, 8 digits, next counter 7"], 0),
        (state, vec!["the file: no name: TOTP, SHA1, 6 digits, 30 s"], 0),
        (
            format!("{json}\n{{}}\n"),
            vec!["line 1: a: HOTP, SHA1, 6 digits, next counter 7; suspended", "line 2: not imported: name is missing"],
            1,
        ),
        (
            format!("# users\nHOTP/E/6 alice - {HEX} 7\nHOTP/E/5 bob - {HEX}\n"),
            vec![
                "line 2: alice: HOTP, SHA1, 6 digits, next counter 7; the number of digits is unknown: six are assumed",
                "line 3: not imported: TYPE has an invalid value: it must be HOTP, HOTP/E, HOTP/T30 or HOTP/T60, and /6, /7 or /8 \
                 may follow the last three",
            ],
            1,
        ),
        (
            uris,
            vec![
                "line 1: rossi, issuer Example: HOTP, SHA1, 6 digits, next counter 7",
                "line 2: alice, issuer ACME: TOTP, SHA1, 6 digits, 30 s; the last use is unknown: all time steps until the \
             move count as used; the secret is shorter than 128 bits",
                "line 2: not imported: the account's algorithm, number 4, is not supported",
                "line 4: not imported: a key URI must begin with otpauth://",
            ],
            1,
        ),
    ] {
        let output = run(file.as_bytes(), &[]);
        let lines = lines(&output);
        assert_eq!(lines[1..lines.len() - 1], expected);
        assert_eq!(output.status.code(), Some(code), "{}", lines[0]);
    }
}

/// The program `script`, which every Debian has, gives the program a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_long_file_has_a_progress_bar_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    for (rows, has_bar) in [(5_000, true), (50, false)] {
        let row = format!("rossi@example.com,2300000001,{BASE32},30\n");
        let file = format!("upn,serial number,secret key,time interval\n{}", row.repeat(rows));
        fs::write(folder.path().join("file"), &file).unwrap();
        let on_terminal = Command::new("script")
            .args(["--quiet", "--return", "--command", "\"$PROGRAM\" file > report", "/dev/null"])
            .current_dir(folder.path())
            .env("PROGRAM", env!("CARGO_BIN_EXE_secondo-import"))
            .env("TERM", "xterm")
            .output()
            .unwrap();
        assert!(on_terminal.status.success(), "{on_terminal:?}");
        let shown = String::from_utf8(on_terminal.stdout).unwrap();
        assert_eq!(shown.contains("KiB/"), has_bar, "{rows}: {shown}");
        assert!(!shown.contains(BASE32) && !shown.contains("rossi"), "{shown}");
        let report = fs::read_to_string(folder.path().join("report")).unwrap();
        assert_eq!(report.lines().count(), 1 + rows + 1);
        assert_eq!(run(file.as_bytes(), &[]).stderr, b"");
    }
}
