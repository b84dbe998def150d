use secondo::formats::Note;
use secondo_import::{Format, Place, Problem, Unlock};

use crate::support::{HEX, SECRET, errors, moved_at, parameters, read, records, secret};

fn token(serial: &str, content: &str) -> String {
    format!(
        "<Token serial=\"{serial}\"><CaseModel>5</CaseModel><ProductName>eToken PASS</ProductName><Applications>\
         <Application ConnectorID=\"{{a}}\">{content}</Application></Applications></Token>"
    )
}

#[test]
fn tokens_are_hotp() {
    let first = token("0004", &format!("<Seed>{HEX}</Seed>\n<MovingFactor>7</MovingFactor>"));
    let second = token("0005", &format!("<Seed><!-- -->&#x33;1{}</Seed>", "31".repeat(31)));
    let tokens =
        records(format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Tokens>{first}{second}</Tokens>"));
    assert_eq!((tokens[0].place, tokens[0].serial.as_deref()), (Place::Entry(1), Some("0004")));
    assert_eq!((parameters(&tokens[0]), secret(&tokens[0])), ("HOTP SHA1 6 next 7".into(), SECRET));
    assert_eq!(tokens[0].notes, [Note::DigitsUnknown]);
    assert_eq!((tokens[1].place, parameters(&tokens[1])), (Place::Entry(2), "HOTP SHA256 6 next 0".into()));
}

#[test]
fn tokens_that_are_not_readable_are_reported_and_reading_continues() {
    let seed = format!("<Seed>{HEX}</Seed>");
    let file = [
        token("", &seed),
        token("1", ""),
        token("2", "<Seed>xyz</Seed>"),
        token("3", &format!("{seed}{seed}")),
        token("4", &format!("{seed}<MovingFactor>-7</MovingFactor>")),
        token("5", &format!("<Seed>{}</Seed>", "3".repeat(5000))),
        token("6", &seed),
    ];
    let file = format!("<Tokens>{}</Tokens>", file.concat());
    assert_eq!(
        errors(&file),
        [
            "entry 1: serial is missing",
            "entry 2: Seed is missing",
            "entry 3: Seed has an invalid value: it must be hexadecimal, with two digits for each byte",
            "entry 4: Seed occurs twice",
            "entry 5: MovingFactor has an invalid value: it must be 0 to 18446744073709551614",
            "entry 6: Seed has an invalid value: it must be hexadecimal, with two digits for each byte",
        ]
    );
    assert_eq!(read(&file).len(), 7);
}

/// Every cut is one: in a tag, a comment, an instruction, a reference, a character, or before the first element.
#[test]
fn the_line_where_a_file_is_cut_off_is_named() {
    let content =
        format!("<!-- a-b -->\n<?a b?><Seed a='1' b=\"\u{e0}\">\n<![CDATA[{}]]>&#x33;0</Seed><x/>\u{20ac}", &HEX[..38]);
    let file = format!("\u{feff}<?xml version=\"1.0\"?>\n<Tokens>\n{}\n</Tokens>", token("1", &content));
    let read =
        |len: usize| Format::SafeNetXml.read(&file.as_bytes()[..len], &Unlock::new(), moved_at()).collect::<Vec<_>>();
    assert_eq!(secret(read(file.len())[0].as_ref().unwrap()), SECRET);
    for len in 0..file.len() {
        let (cut, tokens) = (String::from_utf8_lossy(&file.as_bytes()[..len]), read(len));
        let line = 1 + cut.matches('\n').count();
        let error = tokens.last().unwrap().as_ref().unwrap_err();
        assert_eq!(error.to_string(), format!("the file: the file is cut off in line {line}"), "{cut}");
        assert!(error.ends_file && tokens.iter().rev().skip(1).all(Result::is_ok), "{cut}");
    }
}

#[test]
fn markup_that_is_wrong_before_the_end_is_not_called_a_cut() {
    for markup in ["<!x", "<![x]]>", "<!-x-->", "a & b", "&#x110000;", "</Token>", "&a;"] {
        let file = format!("<Tokens>\n{markup}</Tokens>");
        let error = *read(&file)[0].as_ref().unwrap_err();
        assert!(matches!(error.problem, Problem::Xml { .. }), "{markup}: {error}");
    }
    let broken = Format::SafeNetXml.read(&b"<Tokens>\xc3</Tokens>"[..], &Unlock::new(), moved_at()).next();
    assert!(matches!(broken.unwrap().unwrap_err().problem, Problem::Xml { .. }));
}

#[test]
fn a_document_that_is_not_whole_is_an_error() {
    let whole = token("1", &format!("<Seed>{HEX}</Seed>"));
    let cut = read(format!("<Tokens>{whole}<Token serial=\"2\"><Applications>"));
    assert_eq!(cut.len(), 2);
    assert_eq!(cut[1].as_ref().unwrap_err().problem, Problem::CutOff { line: 1 });
    for file in [
        format!("<!DOCTYPE Tokens [<!ENTITY a \"{HEX}\">]><Tokens>{whole}</Tokens>"),
        format!("<Tokens>{}</Tokens>", whole.replace(HEX, "&a;")),
        format!("<Tokens>{}</Tokens>", "<Tokens>".repeat(10_000)),
        format!("<Tokens x=\"{}\"/>", "x".repeat(2_000_000)),
        format!("<Tokens>{}</Tokens>", whole.replace("</Seed>", "</Sead>")),
        "<?xml version=\"1.0\" encoding=\"utf-16\"?><Tokens/>".into(),
        format!("<X>{whole}<Tokens/></X>"),
    ] {
        let read = read(&file);
        assert!(read.last().unwrap().as_ref().unwrap_err().ends_file, "{}", &file[..60]);
    }
}

/// The last one would win, and counters that were used would be accepted again.
#[test]
fn a_counter_that_occurs_twice_is_refused() {
    let file = format!(
        "<Tokens>{}{}</Tokens>",
        token("1", &format!("<Seed>{HEX}</Seed><MovingFactor>9000</MovingFactor><MovingFactor>2</MovingFactor>")),
        token("2", &format!("<Seed>{HEX}</Seed><MovingFactor>7</MovingFactor>")),
    );
    assert_eq!(errors(&file), ["entry 1: MovingFactor occurs twice"]);
    let twice = file.replacen("serial=\"1\"", "serial=\"1\" serial=\"3\"", 1);
    assert!(matches!(read(&twice)[0].as_ref().unwrap_err().problem, Problem::Xml { line: 1 }));
}
