//! Tests of the memory that the PSKC reader takes, with a counting allocator.

use std::io::{BufRead, BufReader, Cursor, Read, repeat};
use std::time::Instant;

use crate::counting::peak_of;
use rand::SeedableRng;
use rand::rngs::StdRng;
use secondo::formats::pskc::{Credential, Protection, PskcErrorKind, Reader, Token, Writer};
use secondo::{Algorithm, Authenticator, Hotp, Secret, State, UnixTime};

/// The maximum number of bytes: buffers of the reader and its source, one token, and allocations of the test runner.
const BOUND: isize = 200_000;

/// Returns the number of keys of a document, which is five times as large if `TESTS_FULL` is set.
///
/// Ten bytes that are kept of each key exceed the maximum.
fn keys() -> u64 {
    if std::env::var_os("TESTS_FULL").is_some() { 100_000 } else { 20_000 }
}

/// A source that repeats a text without holding the copies in memory.
struct Repeated<'a> {
    text: &'a [u8],
    at: usize,
    left: u64,
}

impl Read for Repeated<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let count = (&self.text[self.at..]).read(buf)?;
        self.at += count;
        if self.at == self.text.len() {
            (self.at, self.left) = (0, self.left - 1);
        }
        Ok(count)
    }
}

#[test]
fn documents_of_any_length_take_little_memory() {
    let _alone = crate::alone();
    let (name, key, keys) = ("k", &[7; 16][..], keys());
    for (protection, credential) in
        [(Protection::Plain, Credential::None), (Protection::Key { name, key }, Credential::Key(key))]
    {
        let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
        let mut token = Token::new("1", Authenticator::new(Hotp::default(), Algorithm::Sha1, secret), State::new());
        token.device.manufacturer = Some("oath.ACME".to_owned());
        token.device.serial = Some("0755225266".to_owned());
        let mut writer = Writer::new(Vec::new(), protection, StdRng::seed_from_u64(1)).unwrap();
        writer.write(&token).unwrap();
        let document = String::from_utf8(writer.finish().unwrap()).unwrap();
        let (header, rest) = document.split_at(document.find("<KeyPackage>").unwrap());
        let (package, end) = rest.split_at(rest.find("</KeyContainer>").unwrap());

        let packages = Repeated { text: package.as_bytes(), at: 0, left: keys };
        let start = Instant::now();
        let (mut calls, mut last) = (0, None);
        let peak = peak_of(|| {
            let whole = BufReader::new(header.as_bytes().chain(packages).chain(end.as_bytes()));
            let progress = |read| {
                calls += 1;
                last = Some(read);
            };
            let read = Reader::new(whole, credential, UnixTime::EPOCH).with_progress(progress);
            assert_eq!(read.map(Result::unwrap).count() as u64, keys);
        });
        assert!(peak < BOUND, "{peak} bytes");
        let last = last.unwrap();
        assert_eq!((calls, last.keys), (keys, keys));
        assert!(last.bytes > keys * package.len() as u64);
        println!("{protection:?}: {keys} keys in {:?}, {peak} bytes", start.elapsed());
    }

    // Documents that never end.
    let container = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">"#;
    let key = r#"<KeyPackage><Key Id="1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp"><Issuer>"#;
    for opened in ["", "<!--", "<?", "<", "<a b='", "<![CDATA[", "&", "</", "<!DOCTYPE ", "</Issuer><Extensions>"] {
        let peak = peak_of(|| {
            let start = format!("{container}{key}{opened}");
            let endless = Cursor::new(start).chain(BufReader::new(repeat(b'x')));
            must_end(endless);
        });
        assert!(peak < BOUND, "{opened}: {peak} bytes");
    }
    for element in ["<a>", "<a xmlns:b='urn:b'>", "<a xmlns='urn:b'>", "<a b='1' c='2'>"] {
        let peak = peak_of(|| {
            let nested = Repeated { text: element.as_bytes(), at: 0, left: u64::MAX };
            must_end(Cursor::new(format!("{container}{key}</Issuer>")).chain(BufReader::new(nested)));
        });
        assert!(peak < BOUND, "{element}: {peak} bytes");
    }
}

fn must_end(document: impl BufRead) {
    let last = Reader::new(document, Credential::None, UnixTime::EPOCH).last().unwrap().unwrap_err();
    assert!(matches!(last.kind(), PskcErrorKind::TooLarge | PskcErrorKind::Doctype), "{last}");
    assert!(last.ends_document());
}
