//! Files that attack the readers: what is read grows no faster than the file, and nothing panics.

use std::io::{self, BufReader, Read};
use std::time::{Duration, Instant};

use secondo_import::{Format, MAX_DOCUMENT, Problem, Unlock};

use crate::support::{BASE32, HEX, errors, moved_at, read};

/// Every format reads every one of these, whatever it is recognized as.
#[test]
fn every_reader_ends_on_every_file() {
    let size = 1 << 18;
    let files: [Vec<u8>; 18] = [
        Vec::new(),
        vec![0; size],
        vec![0xff; size],
        b"\"".repeat(size),
        b",".repeat(size),
        b"\n".repeat(size),
        b"\r".repeat(size),
        b"[".repeat(size),
        b"{\"a\":".repeat(size / 5),
        b"<a>".repeat(size / 3),
        b"<".repeat(size),
        b"&amp;".repeat(size / 5),
        b"<Tokens><Token>".repeat(size / 15),
        b"{\"version\":1,\"header\":{\"slots\":[".to_vec(),
        format!("serial number,secret key,time interval\n{}", "\"".repeat(size)).into_bytes(),
        format!("OATH,{}", "3".repeat(size)).into_bytes(),
        format!("otpauth://totp/a?secret={}", BASE32.repeat(size / 32)).into_bytes(),
        "\u{feff}".repeat(size / 3).into_bytes(),
    ];
    for file in &files {
        for format in Format::ALL {
            let began = Instant::now();
            let unlock = Unlock::new().with_passphrase("x").with_max_iterations(1000).with_max_scrypt(1024);
            let records = format.read(file.as_slice(), &unlock, moved_at()).flatten().count();
            assert_eq!(records, 0, "{format}");
            assert!(began.elapsed() < Duration::from_secs(10), "{format} takes {:?}", began.elapsed());
        }
    }
}

/// A file that is cut off at any place is never read as more than the whole, and a panic shows here.
#[test]
fn files_that_are_cut_off() {
    let files = [
        format!("upn,serial number,secret key,time interval\na,1,{BASE32},30\n\"b\",2,{BASE32},60\n"),
        format!("OATH1,{HEX},totp,8,60\nOATH2,{HEX},hotp,6,7\n"),
        format!("OATH-HOTP,t,1,cc,,{HEX},,,0,0,0,6,0,0,0,0,0,0\n508326,,0,{HEX},,t,\n"),
        format!(r#"{{"value":[{{"serialNumber":"1","secretKey":"{BASE32}","timeIntervalInSeconds":30}}]}}"#),
        format!(
            "<Tokens><Token serial='1'><Applications><Application><Seed>{HEX}</Seed></Application></Applications></Token></Tokens>"
        ),
        format!(r#"[{{"secret":"{BASE32}","label":"a","digits":6,"type":"TOTP","algorithm":"SHA1","period":30}}]"#),
    ];
    for file in files {
        let whole = |bytes: &[u8], format: Format| format.read(bytes, &Unlock::new(), moved_at()).flatten().count();
        for format in Format::ALL {
            let most = whole(file.as_bytes(), *format);
            for len in 0..file.len() {
                assert!(whole(&file.as_bytes()[..len], *format) <= most);
            }
        }
    }
}

#[test]
fn lines_that_are_too_long() {
    let start = format!("otpauth://totp/a?secret={BASE32}");
    let uri = |len: usize| format!("{start}{}\r\n", " ".repeat(len - start.len()));
    assert!(read(uri(4096))[0].is_ok());
    let file = [uri(4097), uri(100_000), uri(60)].concat();
    let reason = "the record has more than 4096 bytes, or more fields than any of its format";
    assert_eq!(errors(&file), [format!("line 1: {reason}"), format!("line 2: {reason}")]);
    assert_eq!(read(&file).len(), 3);
}

#[test]
fn a_document_beyond_the_limit_is_not_read_further() {
    let endless = BufReader::new(io::repeat(b' ').take(u64::MAX));
    let read: Vec<_> = Format::Aegis.read(endless, &Unlock::new(), moved_at()).collect();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].as_ref().unwrap_err().problem, Problem::TooLarge(MAX_DOCUMENT));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_of_the_file() {
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }

    for format in Format::ALL.iter().filter(|format| **format != Format::Pskc) {
        let read: Vec<_> = format.read(BufReader::new(Broken), &Unlock::new(), moved_at()).collect();
        assert_eq!(read.len(), 1, "{format}");
        let error = read[0].as_ref().unwrap_err();
        assert_eq!((error.problem, error.ends_file), (Problem::Io(io::ErrorKind::PermissionDenied), true), "{format}");
    }
}
