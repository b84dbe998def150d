use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use base64ct::{Base64, Encoding};
use secondo::Secret;
use secondo::formats::otpauth::{KeyUri, Migration};
use secondo_import::{Format, Unlock};

use crate::encrypted;
use crate::support::{BASE32, HEX, moved_at, read, secret};

fn run(content: &[u8], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, content).unwrap();
    fs::write(folder.path().join("passphrase"), "correct horse\n").unwrap();
    // The key of RFC 6030, figure 6.
    fs::write(folder.path().join("key"), "12345678901234567890123456789012\n").unwrap();
    fs::write(folder.path().join("short"), "1234\n").unwrap();
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
fn a_text_in_another_form_is_refused_with_advice() {
    let header = "upn,serial number,secret key,time interval";
    let file = format!("{header}\nrossi@example.com,23,{BASE32},30\n");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for bytes in [utf16(&file), utf16(&format!("\u{feff}{file}"))] {
        let output = run(&bytes, &[]);
        assert_eq!(output.stderr, b"secondo-import: file: the text is in UTF-16: save it as UTF-8\n");
        assert_eq!(output.status.code(), Some(2));
    }
    for file in [file.replace(',', ";"), format!("OATH1;{HEX};hotp;6\n")] {
        let output = run(file.as_bytes(), &[]);
        let advice = "secondo-import: file: the fields are separated by semicolons: save it as CSV with commas\n";
        assert_eq!(str::from_utf8(&output.stderr), Ok(advice));
        assert_eq!(output.status.code(), Some(2));
    }
}

/// People put a seed in the wrong column. `run` checks that the known ones are nowhere in the output.
#[test]
fn a_secret_in_another_column_is_not_shown() {
    let grouped = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ";
    let base64 = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=";
    let uri = format!("otpauth://totp/a?secret={BASE32}");
    let lower = BASE32.to_lowercase();
    for text in [BASE32, HEX, grouped, &grouped.replace(' ', "-"), base64, &uri, &lower, &format!("rossi {BASE32}")] {
        for columns in [format!("{text},23"), format!("rossi,{text}")] {
            let file = format!("upn,serial number,secret key,time interval\n{columns},{BASE32},30\n");
            let output = run(file.as_bytes(), &[]);
            let line = lines(&output)[1];
            assert!(line.contains("characters that may be a secret"), "{line}");
            assert!(!line.contains(text), "{line}");
        }
    }
    for name in [
        "giovannibattistarossi@example.com",
        "giovannibattistarossi",
        "Mario Rossi Verdi 1985",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "UBOM1234567890123456",
    ] {
        let file = format!("upn,serial number,secret key,time interval\n{name},23,{BASE32},30\n");
        assert!(lines(&run(file.as_bytes(), &[]))[1].starts_with(&format!("line 2: {name}, serial 23")), "{name}");
    }
}

/// Small letters without a digit look like a name. The program knows the secret.
#[test]
fn the_secret_of_a_record_is_not_shown_in_any_form() {
    for seed in ["jbswydpehpkxpqrsjbswydpehpkxpqrs", "JBSWYDPE.HPKXPQRS", "48:65:6c:6c:6f:21:de:af:7c:55"] {
        let file =
            format!("upn,serial number,secret key,time interval\n{seed},1,JBSWYDPEHPKXPQRSJBSWYDPEHPKXPQRS,30\n");
        let output = run(file.as_bytes(), &[]);
        assert!(lines(&output)[1].contains("characters that may be a secret"), "{output:?}");
    }
    let file = format!("upn,serial number,secret key,time interval\nDOMAIN\\d'amico,1,{BASE32},30\n");
    assert!(lines(&run(file.as_bytes(), &[]))[1].starts_with("line 2: DOMAIN\\d'amico, serial 1"));
}

#[test]
fn missing_batches_of_an_export_are_named() {
    let uris: Vec<_> = (0..21)
        .map(|n| KeyUri::parse(&format!("otpauth://totp/rossi{n}?secret={BASE32}&digits=8&period=30")).unwrap())
        .collect();
    let batches = Migration::write(&uris, 7).unwrap();
    assert_eq!(batches.len(), 3);
    let file = |indexes: &[usize]| {
        let lines: Vec<_> = indexes.iter().map(|index| format!("{}\n", batches[*index].as_str())).collect();
        lines.concat()
    };
    let last = |file: &str| lines(&run(file.as_bytes(), &[])).iter().rev().nth(1).unwrap().to_string();
    assert_eq!(last(&file(&[0, 2])), "the file: not imported: batch 2 of 3 is missing: read its picture too");
    assert_eq!(last(&file(&[0, 1, 2, 1])), "line 4: not imported: the batch occurs twice");
    assert_eq!(run(file(&[2, 1, 0]).as_bytes(), &[]).status.code(), Some(0));
}

/// Opening a pipe would wait for a writer.
#[cfg(unix)]
#[test]
fn what_is_not_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [folder.path(), &pipe] {
        let output = Command::new(env!("CARGO_BIN_EXE_secondo-import")).arg(path).output().unwrap();
        let reason = "it must be a file, not a folder or a pipe";
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!("secondo-import: {}: {reason}\n", path.display())
        );
        assert_eq!(output.status.code(), Some(2));
    }
}

/// Editors put a byte-order mark before a file, and people copy blank lines with it.
#[test]
fn a_byte_order_mark_and_blanks_before_the_content_are_skipped() {
    let pskc = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><KeyPackage>
        <Key Id="1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
        <AlgorithmParameters><ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
        <Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret></Data></Key></KeyPackage></KeyContainer>"#;
    let json = r#"{"name":"a","type":"hotp","secret":"SECRET","encoding":"base32","counter":7,"confirmed":true,"suspended":true}"#;
    let graph = r#"[{"serialNumber":"1","manufacturer":"a","model":"b","secretKey":"SECRET","timeIntervalInSeconds":30,"hashFunction":"hmacsha1"}]"#;
    let files = [
        pskc.to_owned(),
        json.replace("SECRET", BASE32),
        graph.replace("SECRET", BASE32),
        format!(
            "<?xml version=\"1.0\"?><Tokens><Token serial=\"1\"><Applications><Application><Seed>{HEX}</Seed></Application></Applications></Token></Tokens>"
        ),
        format!("upn,serial number,secret key,time interval\na,23,{BASE32},30\n"),
        format!("OATH1,{HEX},hotp,6\n"),
        format!("# version: 2\nrossi,ldap,realm,OATH1,{HEX},hotp,6,0\n"),
        format!("508326,,0,{HEX},,2013-12-12T08:41:07,\n"),
        format!("HOTP alice - {HEX} 7\n"),
        format!("otpauth://totp/a?secret={BASE32}\n"),
    ];
    // Its first line is the secret.
    let of_pam = format!("{BASE32}\n\" DISALLOW_REUSE 59848212\n\" TOTP_AUTH\n75032147\n");
    let blanks = ["\u{feff}", "\n", " \n", "\u{feff}\r\n\n", "\u{feff} ", "\u{feff} \t\r\n  "];
    let of_pam = [(of_pam, &["\u{feff}", "\u{feff} "][..])];
    for (file, before) in files.map(|file| (file, &blanks[..])).into_iter().chain(of_pam) {
        for before in before {
            let (plain, found) = (read(&file), read(format!("{before}{file}")));
            assert_eq!((plain.len(), found.len()), (1, 1), "{before:?} {file}");
            let (plain, found) = (plain[0].as_ref().unwrap(), found[0].as_ref());
            let found = found.unwrap_or_else(|error| panic!("{before:?} {file}: {error}"));
            assert_eq!(
                (secret(found), &found.name, found.state),
                (secret(plain), &plain.name, plain.state),
                "{before:?}"
            );
        }
    }
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
        (state, vec!["the file: no name: TOTP, SHA1, 6 digits, 30 s; the recovery codes are not imported"], 0),
        (
            format!("{json}\n{{}}\n"),
            vec!["line 1: a: HOTP, SHA1, 6 digits, next counter 7; suspended", "line 2: not imported: name is missing"],
            1,
        ),
        (
            format!("# users\nHOTP alice - {HEX} 7\nHOTP/E/5 bob - {HEX}\n"),
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

#[test]
fn an_encrypted_backup_is_read_with_its_passphrase() {
    let (name, codes) = ("rossi, issuer Example", "TOTP, SHA256, 8 digits, 60 s");
    for file in encrypted::ALL {
        let output = run(file, &["--passphrase", "passphrase"]);
        assert!(lines(&output)[1].contains(&format!(": {name}: {codes}; ")), "{output:?}");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
        let output = run(file, &[]);
        assert_eq!(
            lines(&output)[1],
            "the file: not imported: the file is encrypted: its passphrase is needed (--passphrase FILE)"
        );
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn the_limits_on_what_a_file_may_cost() {
    let run = |file: &[u8], option: &str, limit: &str| run(file, &["--passphrase", "passphrase", option, limit]);
    for (file, option, limit, more, reason) in [
        (
            encrypted::ANDOTP,
            "--max-iterations",
            "1499",
            "1500",
            "decryption costs 1500, and the limit is 1499 (--max-iterations or --max-scrypt)",
        ),
        (
            encrypted::TWO_FAS,
            "--max-iterations",
            "9999",
            "10000",
            "decryption costs 10000, and the limit is 9999 (--max-iterations or --max-scrypt)",
        ),
        (
            encrypted::AEGIS,
            "--max-scrypt",
            "16383",
            "16384",
            "decryption costs 16384, and the limit is 16383 (--max-iterations or --max-scrypt)",
        ),
    ] {
        let output = run(file, option, limit);
        assert_eq!(lines(&output)[1], format!("the file: not imported: {reason}"));
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(run(file, option, more).status.code(), Some(0));
    }
    // One search of one code.
    let file = format!("HOTP rossi - {HEX} 0 755224 2009-12-07T17:25:42L\n");
    let output = run(file.as_bytes(), "--max-codes", "0");
    let reason = "the search for the last accepted code would exceed the reader's budget (--max-codes)";
    assert_eq!(lines(&output)[1], format!("line 1: not imported: {reason}"));
    assert_eq!(run(file.as_bytes(), "--max-codes", "1").status.code(), Some(0));
}

/// The files are the seeds of the fuzz targets.
#[test]
fn no_secret_of_any_format_is_written() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    let mut formats = Vec::new();
    for folder in fs::read_dir(&seeds).unwrap().map(|folder| folder.unwrap().path()) {
        if !folder.file_name().unwrap().to_str().unwrap().starts_with("import_") {
            continue;
        }
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let file = fs::read(&path).unwrap();
            let Some(format) = Format::recognize(&file) else { continue };
            let output = run(&file, &["--passphrase", "passphrase", "--plain-secrets"]);
            let written = String::from_utf8([output.stdout, output.stderr].concat()).unwrap().to_ascii_lowercase();
            let unlock = Unlock::new().with_passphrase("correct horse").with_plain_secrets();
            for record in format.read(file.as_slice(), &unlock, moved_at()).flatten() {
                for text in encodings(secret(&record)) {
                    assert!(!written.contains(&text.to_ascii_lowercase()), "{}: {written}", path.display());
                }
                formats.push(format);
            }
        }
    }
    let missing: Vec<_> = Format::ALL.iter().filter(|format| !formats.contains(format)).collect();
    assert_eq!(missing, [] as [&Format; 0]);
}

/// Returns a secret in every encoding that a format has.
fn encodings(secret: &[u8]) -> [String; 5] {
    let base32 = Secret::import_short(secret).unwrap().to_base32().as_str().to_owned();
    let numbers: Vec<_> = secret.iter().map(u8::to_string).collect();
    let hex: Vec<_> = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut buffer = [0; 256];
    let base64 = Base64::encode(secret, &mut buffer).unwrap().to_owned();
    [String::from_utf8_lossy(secret).into_owned(), base32, base64, numbers.join(","), hex.concat()]
}

#[test]
fn a_pskc_file_with_a_key_that_both_sides_share() {
    let file = crate::pskc::figure(6);
    let run = |file: &str, arguments: &[&str]| run(file.as_bytes(), arguments);
    let output = run(&file, &["--key", "key"]);
    assert_eq!(
        lines(&output)[1..],
        [
            "entry 1: no name, issuer Issuer, serial 987654321: HOTP, SHA1, 8 digits, next counter 0",
            "1 would be imported, 0 not"
        ]
    );
    assert_eq!(output.status.code(), Some(0));
    let output = run(&file, &[]);
    let reason =
        "not imported: the document is encrypted: the key that both sides share is needed (line 47) (--key FILE)";
    assert_eq!(lines(&output)[1], format!("entry 1: {reason}"));
    let output = run(&file, &["--key", "short"]);
    assert_eq!(output.stderr, b"secondo-import: short: a key must be 32, 48 or 64 hexadecimal digits\n");
    assert_eq!(run(&file, &["--key", "key", "--passphrase", "passphrase"]).status.code(), Some(2));

    let plain = crate::pskc::figure(3);
    let output = run(&plain, &["--key", "key"]);
    assert_eq!(
        lines(&output)[1],
        "entry 1: not imported: the secret is not encrypted, but a key or passphrase was given (line 24) (--plain-secrets)"
    );
    assert_eq!(run(&plain, &["--key", "key", "--plain-secrets"]).status.code(), Some(0));
}

#[test]
fn the_digits_of_a_usersfile() {
    let file = format!("HOTP/E/8 alice - {HEX} 7\n");
    let run = |arguments: &[&str]| run(file.as_bytes(), arguments);
    let note = "; the number of digits is that of TYPE, which liboath does not use";
    assert_eq!(lines(&run(&[]))[1], format!("line 1: alice: HOTP, SHA1, 8 digits, next counter 7{note}"));
    assert_eq!(lines(&run(&["--digits", "7"]))[1], "line 1: alice: HOTP, SHA1, 7 digits, next counter 7");
    let output = run(&["--digits", "10"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("6, 7 or 8"), "{output:?}");
    assert_eq!(output.status.code(), Some(2));
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
