//! Tests of the PSKC reader with XML that is unusual, too large, or not well-formed.
#![cfg(feature = "pskc")]

use crate::support::pskc::{NOW, PRE_SHARED, SECRET, figure, read, read_one, refusal, with};

use std::io::{BufRead, Read};

use secondo::State;
use secondo::formats::pskc::{Credential, PskcErrorKind, Reader, Signature};

#[test]
fn extensions_and_equivalent_markup_are_read() {
    for (from, to) in [
        ("<KeyPackage>", "<Extensions><x:y xmlns:x='urn:x'>text</x:y></Extensions><KeyPackage>"),
        ("</Key>", "<Extensions><y xmlns='urn:x'><Secret>z</Secret></y></Extensions></Key>"),
        ("</Data>", "<x:Counter xmlns:x='urn:x'>9</x:Counter></Data>"),
        ("</Key>", "<Policy><KeyUsage>Verify</KeyUsage><KeyUsage>OTP</KeyUsage></Policy></Key>"),
        ("MTIzNDU2", "MTIz<!-- comment --><![CDATA[ND]]>&#x55;&#50;"),
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "\u{feff}<?xml version='1.0' encoding='utf-8'?>"),
    ] {
        let token = read_one(&with(&[(from, to)]), Credential::None);
        assert_eq!(token.authenticator.secret().unwrap().expose(), SECRET, "{to}");
        assert_eq!(token.state, State::new(), "{to}");
    }
    let token = read_one(&with(&[("<Issuer>Issuer", "<Issuer> A&amp;B &lt;1> ")]), Credential::None);
    assert_eq!(token.issuer.as_deref(), Some("A&B <1>"));
}

/// A misspelled counter or policy would be lost.
#[test]
fn what_rfc_6030_does_not_have_in_its_namespace_is_refused() {
    for (from, to, name) in [
        ("</Data>", "<Cuonter><PlainValue>7</PlainValue></Cuonter></Data>", "Cuonter"),
        ("</Data>", "<counter><PlainValue>7</PlainValue></counter></Data>", "counter"),
        ("</Key>", "<Polcy/></Key>", "Polcy"),
        ("</DeviceInfo>", "<Expires/></DeviceInfo>", "Expires"),
        ("<Key ", "<Fob/><Key ", "Fob"),
        ("</Key>", "<Counter><PlainValue>7</PlainValue></Counter></Key>", "Counter"),
    ] {
        let kind = refusal(&with(&[(from, to)]), Credential::None);
        assert_eq!(kind.to_string(), format!("{name} is not known in this place"), "{to}");
    }
}

/// People put a seed in the wrong place, and messages go to logs.
#[test]
fn a_name_that_may_be_a_secret_is_not_in_a_message() {
    let base32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let grouped = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ";
    let hex = "3132333435363738393031323334353637383930";
    let base64 = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=";
    for seed in [base32, &base32.to_lowercase(), grouped, hex, base64] {
        for (from, to) in [
            ("urn:ietf:params:xml:ns:keyprov:pskc:hotp", seed.to_owned()),
            ("pskc:hotp", format!("pskc:{seed}")),
            ("<ResponseFormat", format!("<Suite>{seed}</Suite><ResponseFormat")),
            ("<ResponseFormat", format!("<Suite hashalgo='{seed}'/><ResponseFormat")),
        ] {
            let error = read(&with(&[(from, &to)]), Credential::None).remove(0).unwrap_err();
            for text in [error.to_string(), format!("{error:?}"), error.kind().to_string()] {
                assert!(!text.contains(&seed[..8]), "{text}");
            }
            assert!(error.to_string().contains("(not shown: it may be a secret)"), "{error}");
        }
    }
    let element = format!("<{base32}/></Data>");
    let error = read(&with(&[("</Data>", &element)]), Credential::None).remove(0).unwrap_err();
    assert!(error.to_string().ends_with("(not shown: it may be a secret) is not known in this place"), "{error}");
}

#[test]
fn a_document_type_is_refused_unread() {
    let laughs = r#"<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;"><!ENTITY lol3 "&lol2;&lol2;&lol2;">]>"#;
    let external = r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>"#;
    let parameter = r#"<!DOCTYPE x [<!ENTITY % p SYSTEM "http://localhost/x.dtd"> %p;]>"#;
    let bare = "<!DOCTYPE KeyContainer>";
    for declaration in [laughs, external, parameter, bare] {
        let document = figure(3).replace("<KeyContainer", &format!("{declaration}<KeyContainer"));
        assert_eq!(refusal(&document, Credential::None), PskcErrorKind::Doctype);
        let document = with(&[("<KeyPackage>", &format!("{declaration}<KeyPackage>"))]);
        assert_eq!(refusal(&document, Credential::None), PskcErrorKind::Doctype);
    }
    for (from, to) in [("<Issuer>", "<Issuer>&lol3;"), ("Id=\"12345678\"", "Id=\"&e;\""), ("<Data>", "<Data>&e;")] {
        assert_eq!(refusal(&with(&[(from, to)]), Credential::None), PskcErrorKind::Doctype, "{to}");
    }
}

#[test]
fn what_is_not_well_formed_ends_the_document() {
    for (from, to) in [
        ("</Key>", "</Kez>"),
        ("<Data>", "<x:Data>"),
        ("<Data>", "text<Data>"),
        ("<Data>", "<![CDATA[text]]><Data>"),
        ("</KeyContainer>", "</KeyContainer><KeyContainer/>"),
        ("</KeyContainer>", "</KeyContainer>text"),
        ("</KeyContainer>", "</KeyContainer></KeyContainer>"),
        ("<Issuer>", "<Issuer>\u{1}"),
        ("<Issuer>", "<Issuer>&#1;"),
        ("<Issuer>", "<Issuer>&#xd800;"),
        ("<Issuer>", "<Issuer>&#x110000;"),
        ("<Issuer>", "<Issuer>a & b"),
        ("<Data>", "<!x><Data>"),
        ("<Data>", "<![x]]><Data>"),
        ("<Data>", "<!-x--><Data>"),
        ("Length=\"8\"", "Length=\"8\" Length=\"8\""),
        ("Id=\"12345678\"", "Id=\"\u{1}\""),
        ("Id=\"12345678\"", "Id=12345678"),
        ("<?xml version=\"1.0\"", "<?xml version=\"1.1\""),
    ] {
        let last = read(&with(&[(from, to)]), Credential::None).pop().unwrap().unwrap_err();
        assert_eq!((last.kind(), last.ends_document()), (PskcErrorKind::Syntax, true), "{to}");
    }
    for document in ["", " ", "<", "<!-- -->", "<?xml version='1.0'?>"] {
        assert_eq!(refusal(document, Credential::None), PskcErrorKind::CutOff, "{document}");
    }
    assert_eq!(refusal("x", Credential::None), PskcErrorKind::Syntax);
    assert_eq!(refusal("<x/>", Credential::None), PskcErrorKind::NotPskc);
}

#[test]
fn other_encodings_are_refused() {
    for name in ["ISO-8859-1", "UTF-16", "utf-7"] {
        assert_eq!(refusal(&with(&[("UTF-8", name)]), Credential::None), PskcErrorKind::Encoding);
    }
    let utf_16: Vec<u8> = "\u{feff}".chars().chain(figure(3).chars()).flat_map(|c| (c as u16).to_le_bytes()).collect();
    let latin_1 = with(&[("<Issuer>", "<Issuer>\u{7f}")]).replace('\u{7f}', "\u{80}").into_bytes();
    let latin_1: Vec<u8> = latin_1.into_iter().filter(|byte| *byte != 0xc2).collect();
    for bytes in [utf_16, latin_1] {
        let error = Reader::new(&bytes[..], Credential::None, NOW).next().unwrap().unwrap_err();
        assert!(matches!(error.kind(), PskcErrorKind::Encoding | PskcErrorKind::Syntax), "{error}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let long = "x".repeat(70_000);
    let attributes = (0..40).map(|n| format!(" a{n}='1'")).collect::<Vec<_>>().concat();
    let namespaces = (0..200).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect::<Vec<_>>().concat();
    for (from, to) in [
        ("<Issuer>", format!("<Issuer>{long}")),
        ("<Issuer>", format!("<Issuer a='{long}'>")),
        ("<Issuer>", format!("<{long}>")),
        ("<Issuer>", format!("<!--{long}--><Issuer>")),
        ("<Issuer>", format!("<Issuer>&{long}")),
        ("<Issuer>", format!("<?{long}?><Issuer>")),
        ("<Data>", format!("{}<Data>", "<a>".repeat(40))),
        ("<Data>", format!("<a{attributes}/><Data>")),
        ("<Data>", format!("<a{namespaces}/><Data>")),
    ] {
        let last = read(&with(&[(from, &to)]), Credential::None).pop().unwrap().unwrap_err();
        assert_eq!((last.kind(), last.ends_document()), (PskcErrorKind::TooLarge, true), "{}", &to[..20]);
    }
    // A text that is too long is an error of its key only, in one piece or in many.
    for text in [long[..4097].to_owned(), "a<!---->".repeat(4097), "&lt;".repeat(4097)] {
        let tokens = read(&with(&[("<Issuer>", &format!("<Issuer>{text}"))]), Credential::None);
        let error = tokens[0].as_ref().unwrap_err();
        assert_eq!((error.kind(), error.ends_document()), (PskcErrorKind::TooLarge, false));
    }
}

#[test]
fn a_document_that_ends_anywhere_is_refused() {
    for number in [3, 7, 9] {
        let document = figure(number);
        let end = document.trim_end().len();
        for at in 0..end {
            let mut reader = Reader::new(&document.as_bytes()[..at], Credential::Passphrase("qwerty"), NOW);
            let last = reader.by_ref().last().unwrap().unwrap_err();
            assert!(last.ends_document(), "{at}");
            assert_ne!(reader.signature(), Signature::Absent);
            assert!(reader.next().is_none());
        }
    }
}

/// Every cut is one: in a tag, a comment, an instruction, a reference, a character, or before the first element.
#[test]
fn a_document_that_is_cut_anywhere_is_called_cut_off() {
    let document = with(&[
        ("<?xml version=\"1.0\"", "\u{feff}<?xml version=\"1.0\""),
        ("<KeyPackage>", "<!-- a-b -->\n<?a b?><KeyPackage>"),
        ("<Issuer>", "<Issuer a='\u{20ac}'>\u{e0}&amp;&#x33;<![CDATA[a]b]]>"),
        ("</Data>", "<x:y xmlns:x='urn:x' a=\"'\"/></Data>"),
    ]);
    assert_eq!(read_one(&document, Credential::None).issuer.as_deref(), Some("\u{e0}&3a]bIssuer"));
    for len in 0..document.trim_end().len() {
        let cut = &document.as_bytes()[..len];
        let last = Reader::new(cut, Credential::None, NOW).last().unwrap().unwrap_err();
        let line = 1 + cut.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        assert_eq!((last.kind(), last.line()), (PskcErrorKind::CutOff, line), "{}", String::from_utf8_lossy(cut));
        assert!(last.ends_document());
    }
}

#[test]
fn errors_of_the_source_are_passed_on() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
    let document = figure(10);
    let half = document.as_bytes()[..1500].chain(std::io::BufReader::new(Failing));
    let tokens: Vec<_> = Reader::new(half, Credential::None, NOW).collect();
    let error = tokens.last().unwrap().as_ref().unwrap_err();
    assert_eq!(error.kind(), PskcErrorKind::Io(std::io::ErrorKind::ConnectionReset));
    assert!(tokens[0].is_ok() && error.ends_document());
}

/// The same tokens are read if the source returns one byte at a time.
#[test]
fn pieces_make_no_difference() {
    struct Bytewise<'a>(&'a [u8]);
    impl Read for Bytewise<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(&mut buf[..1])
        }
    }
    impl BufRead for Bytewise<'_> {
        fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
            Ok(&self.0[..self.0.len().min(1)])
        }
        fn consume(&mut self, amount: usize) {
            self.0 = &self.0[amount..];
        }
    }
    for number in 2..=10 {
        let document = figure(number);
        let pieces = Reader::new(Bytewise(document.as_bytes()), Credential::Key(PRE_SHARED), NOW);
        let pieces: Vec<_> = pieces.map(|token| format!("{token:?}")).collect();
        let whole: Vec<_> =
            read(&document, Credential::Key(PRE_SHARED)).iter().map(|token| format!("{token:?}")).collect();
        assert_eq!(pieces, whole);
    }
}
