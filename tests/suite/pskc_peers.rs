//! Exchange of PSKC documents with other implementations: `pskctool` of the OATH Toolkit, and python-pskc.
#![cfg(feature = "pskc")]

use crate::support::time::at;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand::SeedableRng;
use rand::rngs::StdRng;
use secondo::factor::Method;
use secondo::formats::pskc::{Credential, Protection, Reader, Signature, Token, Writer};
use secondo::types::{Counter, Period};
use secondo::{Algorithm, Authenticator, Digits, Hotp, Secret, State, Totp, UnixTime};

/// After the start of the key's use.
const NOW: UnixTime = at(1_795_500_000);
const SECRET: &[u8] = b"12345678901234567890";
const KEY: &[u8] = b"0123456789abcdef0123456789ABCDEF";

/// Runs a program, and returns the text that it prints.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{program} cannot be run ({error}); tests/run installs it"));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Writes a file in the folder for temporary files of tests, and returns its path.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn tokens() -> [Token; 2] {
    let authenticator =
        |method: Method, algorithm| Authenticator::new(method, algorithm, Secret::from_bytes(SECRET).unwrap());
    let hotp = authenticator(Hotp::new(Digits::Eight).into(), Algorithm::Sha1);
    let mut hotp = Token::new("h-1", hotp, State::new().starting_at(Counter::new(42)));
    hotp.device.manufacturer = Some("oath.ACME & Söhne".to_owned());
    hotp.device.serial = Some("0755225266".to_owned());
    hotp.issuer = Some("Issuer".to_owned());
    hotp.policy.start = Some(UnixTime::from_secs(1_146_441_600).unwrap());
    let totp = Totp::new(Digits::Six, Period::from_secs(60).unwrap());
    let state = State::new().starting_at(Counter::new(777)).with_drift(3);
    let mut totp = Token::new("t-1", authenticator(totp.into(), Algorithm::Sha256), state);
    totp.device.serial = Some("987654321".to_owned());
    [hotp, totp]
}

fn written(protection: Protection<'_>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), protection, StdRng::seed_from_u64(6030)).unwrap();
    for token in &tokens() {
        writer.write(token).unwrap();
    }
    writer.finish().unwrap()
}

fn read(document: &str, credential: Credential<'_>) -> Vec<Token> {
    Reader::new(document.as_bytes(), credential, NOW).map(Result::unwrap).collect()
}

#[test]
fn pskctool_reads_what_is_written() {
    let printed = run("pskctool", &["--info", "--strict"], &written(Protection::Plain));
    let lines: Vec<_> = printed.lines().map(str::trim).collect();
    for line in [
        "Manufacturer: oath.ACME & Söhne",
        "SerialNo: 0755225266",
        "Id: h-1",
        "Issuer: Issuer",
        "Algorithm: urn:ietf:params:xml:ns:keyprov:pskc:hotp",
        "Key Secret (base64): MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
        "Key Counter: 42",
        "Response Format Length: 8",
        "Policy StartDate: 2006-05-01 00:00:00",
        "Algorithm: urn:ietf:params:xml:ns:keyprov:pskc:totp",
        "Algorithm Parameters Suite: HMAC-SHA256",
        "Key Time: 777",
        "Key TimeInterval: 60",
        "Key TimeDrift: 3",
    ] {
        assert!(lines.contains(&line), "{line} is not in:\n{printed}");
    }
    // `pskctool` cannot decrypt, but validates encrypted documents by its schema.
    for protection in [
        Protection::Plain,
        Protection::Key { name: "k", key: KEY },
        Protection::Passphrase { passphrase: "qwerty", iterations: 1000 },
    ] {
        assert_eq!(run("pskctool", &["--validate"], &written(protection)).trim(), "OK");
    }
}

#[test]
fn a_signature_by_pskctool_is_reported() {
    let key = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pskc-key.pem");
    let certificate = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pskc-certificate.pem");
    let (key, certificate) = (key.to_str().unwrap(), certificate.to_str().unwrap());
    let subject =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=vendor", "-keyout", key, "-out", certificate];
    run("openssl", &subject, b"");
    let signed =
        run("pskctool", &["--sign", "--sign-key", key, "--sign-crt", certificate], &written(Protection::Plain));

    let mut reader = Reader::new(signed.as_bytes(), Credential::None, NOW);
    let read: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(format!("{read:?}"), format!("{:?}", tokens()));
    assert_eq!(reader.signature(), Signature::NotVerified);
}

/// The columns that `pskc2csv` prints: serial number, secret, counter, digits, period and drift.
const COLUMNS: &str = "serial,secret,counter,response_length,time_interval,time_drift";

#[test]
fn python_pskc_reads_what_is_written() {
    let secret = "3132333435363738393031323334353637383930";
    let expected =
        format!("{COLUMNS}\r\n0755225266,{secret},42,8,,\r\n987654321,{secret},,6,60,3\r\n").replace("\r\n", "\n");
    let hex: String = KEY
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from_digit(nibble.into(), 16).unwrap())
        .collect();
    for (len, name) in [(16, "128"), (24, "192"), (32, "256")] {
        let file = file(&format!("pskc-aes{name}.xml"), &written(Protection::Key { name: "k", key: &KEY[..len] }));
        let printed = run("pskc2csv", &["-c", COLUMNS, "-s", &hex[..2 * len], file.to_str().unwrap()], b"");
        assert_eq!(printed.replace("\r\n", "\n"), expected);
    }
    let file = file("pskc-passphrase.xml", &written(Protection::Passphrase { passphrase: "qwerty", iterations: 1000 }));
    let printed = run("pskc2csv", &["-c", COLUMNS, "-p", "qwerty", file.to_str().unwrap()], b"");
    assert_eq!(printed.replace("\r\n", "\n"), expected);
}

#[test]
fn what_python_pskc_writes_is_read() {
    let plain = file("pskc-plain.xml", &written(Protection::Plain));
    let same = |document: &str, credential| {
        let read = read(document, credential);
        assert_eq!(format!("{read:?}"), format!("{:?}", tokens()));
        assert!(read.iter().all(|token| token.authenticator.secret().unwrap().expose() == SECRET));
    };
    same(&run("pskc2pskc", &[plain.to_str().unwrap()], b""), Credential::None);
    let hex = "30".repeat(16);
    same(&run("pskc2pskc", &["--new-secret", &hex, plain.to_str().unwrap()], b""), Credential::Key(&[0x30; 16]));
    same(
        &run("pskc2pskc", &["--new-password", "qwerty", plain.to_str().unwrap()], b""),
        Credential::Passphrase("qwerty"),
    );
}

/// The script calls the library, because its programs cannot choose the algorithm.
#[test]
fn every_algorithm_of_python_pskc_is_read() {
    let script = r"
import sys
from pskc import PSKC
algorithm, mac, length, prf = sys.argv[1:]
document = PSKC()
for n, secret in enumerate([b'12345678901234567890', b'1234567890123456']):
    document.add_key(id=str(n), secret=secret, counter=5, response_length=6, response_encoding='DECIMAL',
        algorithm='urn:ietf:params:xml:ns:keyprov:pskc:hotp')
document.mac.setup(algorithm=mac)
if prf:
    document.encryption.setup_pbkdf2('qwerty', algorithm=algorithm, iterations=1000)
else:
    document.encryption.setup_preshared_key(key=b'0123456789abcdef0123456789ABCDEF'[:int(length)], algorithm=algorithm)
document.write(sys.stdout)
";
    for (length, bits) in [("16", "128"), ("24", "192"), ("32", "256")] {
        let key = &KEY[..length.parse().unwrap()];
        for algorithm in [format!("aes{bits}-cbc"), format!("kw-aes{bits}")] {
            for mac in ["hmac-sha1", "hmac-sha256", "hmac-sha512"] {
                for (passphrase, credential) in [("", Credential::Key(key)), ("x", Credential::Passphrase("qwerty"))] {
                    let arguments = ["-c", script, &algorithm, mac, length, passphrase];
                    let read = read(&run("/usr/bin/python3", &arguments, b""), credential);
                    assert_eq!(read.len(), 2);
                    assert_eq!(read[0].authenticator.secret().unwrap().expose(), SECRET);
                    assert_eq!(read[1].authenticator.secret().unwrap().expose(), &SECRET[..16]);
                }
            }
        }
    }
}
