//! Tests of pictures of QR codes. `rsvg-convert` draws them and `zbarimg` reads them.
//!
//! Every picture lies on a black page, as on a dark web site or terminal, so that only the picture itself provides the
//! margin. `zbarimg` also reads defective pictures, such as a mirrored code or a margin that lacks a row. Every pixel
//! is therefore compared as well.
#![cfg(feature = "qr")]

use crate::support::cases::cases;
use crate::support::described::rows;
use crate::support::installed;
use crate::support::pictures;

use std::fs;
use std::path::{Path, PathBuf};

use pictures::{Bitmap, MARGIN, SCALE, read, run, screen};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use secondo::Secret;
use secondo::formats::otpauth::{Qr, QrError};

/// The number of bytes that versions 1 to 30 hold in byte mode at error correction level M (ISO/IEC 18004, table 7).
const CAPACITY: [usize; 30] = [
    14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911,
    997, 1059, 1125, 1190, 1264, 1370,
];
/// The number of bytes that versions 27 to 30 hold in byte mode at error correction level L.
const CAPACITY_LOW: [usize; 4] = [1465, 1528, 1628, 1732];

const URI: &str = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example";

#[test]
fn every_picture_is_read_from_the_shortest_text_to_the_longest() {
    let directory = Directory::new("lengths");
    for len in [1, 14, 15, 106, 107, 450, 1190, 1370, 1371, Qr::MAX_LEN] {
        directory.assert_all_read(&text(len));
    }
}

#[test]
fn every_picture_of_any_key_uri_is_read() {
    let directory = Directory::new("uris");
    directory.assert_all_read(URI);
    let mut random = StdRng::seed_from_u64(18_004);
    for _ in 0..16 {
        directory.assert_all_read(&key_uri(&mut random));
    }
}

/// The decoders of many web pages and of many apps, both from npm.
#[test]
fn jsqr_and_zxing_read_the_pictures_of_key_uris() {
    let directory = Directory::new("peers");
    let mut texts = vec![URI.to_owned()];
    let mut random = StdRng::seed_from_u64(18_004);
    texts.extend((0..8).map(|_| key_uri(&mut random)));
    texts.extend(rows(include_str!("../vectors/key-uris-accepted.txt")).map(|row| row[0].to_owned()));
    let mut expected = Vec::new();
    let mut paths = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let qr = Qr::new(text).unwrap();
        let pictures = [("modules", modules(&qr, SCALE)), ("terminal", screen(&qr.terminal().to_string()))];
        for (kind, picture) in pictures {
            paths.push(directory.write(&format!("{number}-{kind}.pgm"), &picture.on_black_page().pgm()));
            expected.push([Some(text.clone()), Some(text.clone())]);
        }
    }
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/qr_peers/texts.mjs");
    let output = installed::node("qr_peers", &program).args(paths).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8(output.stdout).unwrap();
    let read: Vec<[Option<String>; 2]> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, expected);
}

/// A code has the smallest version that holds its text at error correction level M.
///
/// Level L is used only for texts that are too long for level M.
#[test]
fn a_code_is_no_larger_than_its_text_needs() {
    let size = |version: usize| 17 + 4 * version;
    for (version, capacity) in (1..).zip(CAPACITY) {
        assert_eq!(Qr::new(&text(capacity)).unwrap().size(), size(version), "{capacity} bytes");
        let next = if version < 30 { version + 1 } else { 27 };
        assert_eq!(Qr::new(&text(capacity + 1)).unwrap().size(), size(next), "{} bytes", capacity + 1);
    }
    for (version, capacity) in (27..).zip(CAPACITY_LOW) {
        assert_eq!(Qr::new(&text(capacity)).unwrap().size(), size(version), "{capacity} bytes");
    }
    assert_eq!(CAPACITY_LOW[3], Qr::MAX_LEN);
}

/// The error correction level is in columns 0 and 1 of row 8, masked with 10 (ISO/IEC 18004, format information).
///
/// Version 1 holds 7, 11, 14 and 17 bytes at levels H, Q, M and L. Level L is not used for texts that fit at level M.
#[test]
fn correction_is_as_high_as_the_size_allows() {
    const L: [bool; 2] = [true, true];
    const M: [bool; 2] = [true, false];
    const Q: [bool; 2] = [false, true];
    const H: [bool; 2] = [false, false];
    for (len, level) in [(1, H), (7, H), (8, Q), (11, Q), (12, M), (14, M), (1370, M), (1371, L), (1732, L)] {
        let qr = Qr::new(&text(len)).unwrap();
        assert_eq!([qr.is_dark(0, 8), qr.is_dark(1, 8)], level, "{len} bytes");
    }
}

#[test]
fn a_text_becomes_a_code_unless_it_is_too_long() {
    let check = |text: &str| match Qr::new(text) {
        Ok(qr) => text.len() <= Qr::MAX_LEN && qr.size() <= 137,
        Err(error) => text.len() > Qr::MAX_LEN && error == QrError::TooLong { len: text.len(), max: Qr::MAX_LEN },
    };
    assert!(check("") && check(&text(Qr::MAX_LEN)) && check(&text(Qr::MAX_LEN + 1)) && check(&text(10_000_000)));
    proptest!(cases(20), |(text in prop_oneof![".{0,100}", "[ -~]{1600,1800}", ".{300,700}"])| prop_assert!(check(&text)));
}

#[test]
fn outside_of_the_code_all_is_light() {
    let qr = Qr::new(URI).unwrap();
    let last = qr.size() - 1;
    for outside in [last + 1, last + 2, usize::MAX / 2, usize::MAX] {
        assert!(!qr.is_dark(outside, 0) && !qr.is_dark(0, outside) && !qr.is_dark(outside, outside));
    }
}

/// In version v, the module in column 8 of row 4v + 9 is always dark, like three of the corners.
///
/// The module in row 8 of column 4v + 9 is part of the format information, and light in some codes. A transposed code
/// would therefore be noticed.
#[test]
fn columns_are_columns_and_rows_are_rows() {
    let mut transposed_is_light = false;
    for capacity in CAPACITY {
        let qr = Qr::new(&text(capacity)).unwrap();
        let last = qr.size() - 1;
        assert!(qr.is_dark(0, 0) && qr.is_dark(last, 0) && qr.is_dark(0, last));
        assert!(qr.is_dark(8, last - 7), "{capacity} bytes");
        transposed_is_light |= !qr.is_dark(last - 7, 8);
    }
    assert!(transposed_is_light);
}

/// The policy `default-src 'none'` forbids scripts, styles and all loaded resources.
#[test]
fn svg_passes_a_strict_content_security_policy() {
    let svg = Qr::new(URI).unwrap().svg().to_string();
    for forbidden in ["style", "script", "href", "url", " on", "class", "id=", "<!"] {
        assert!(!svg.contains(forbidden), "{forbidden} in {svg}");
    }
    assert!(svg.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg" "#) && svg.ends_with("</svg>"));
}

#[cfg(feature = "png")]
#[test]
fn png_of_every_scale() {
    let directory = Directory::new("scales");
    let qr = Qr::new(URI).unwrap();
    for scale in Qr::MIN_PIXELS_PER_MODULE..=Qr::MAX_PIXELS_PER_MODULE {
        let file = directory.write("scale.png", qr.png(scale).unwrap().as_bytes());
        assert!(Bitmap::of_png(&file) == modules(&qr, scale.into()), "scale {scale}");
    }
    for scale in [0, 1, Qr::MAX_PIXELS_PER_MODULE + 1, u8::MAX] {
        assert_eq!(qr.png(scale).unwrap_err(), QrError::PixelsPerModule(scale));
    }
    let smallest = directory.write("smallest.png", qr.png(Qr::MIN_PIXELS_PER_MODULE).unwrap().as_bytes());
    assert_eq!(read(&smallest), URI);
    let largest = Qr::new(&text(Qr::MAX_LEN)).unwrap().png(Qr::MAX_PIXELS_PER_MODULE).unwrap();
    assert_eq!(read(&directory.write("largest.png", largest.as_bytes())), text(Qr::MAX_LEN));
}

/// A short URI with an issuer and an address of usual lengths fits a terminal of 80 columns and 24 lines, whose last
/// line is the prompt's.
#[test]
fn a_short_uri_fits_a_terminal() {
    let uri = "otpauth://totp/Banca%20Esempio:rossi%40example.it?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Banca%20Esempio";
    let qr = Qr::new(uri).unwrap();
    // 112 bytes need version 7 in byte mode, and version 6 with the secret in alphanumeric mode.
    assert_eq!((uri.len(), qr.size()), (112, 41));
    let picture = qr.terminal().to_string();
    let lines: Vec<_> = picture.lines().map(|line| line.chars().filter(|c| " █▀▄".contains(*c)).count()).collect();
    assert_eq!(lines, [45; 23]);
    Directory::new("terminal").assert_all_read(uri);
}

/// The secret in alphanumeric mode saves a version in 12 of the 45 accepted key URIs, and never costs one. A program in
/// Python counted the bits of both forms, with the lengths of ISO/IEC 18004, tables 2 and 3.
#[test]
fn secrets_in_alphanumeric_mode_save_versions() {
    let (mut all, mut saved) = (0, 0);
    for row in rows(include_str!("../vectors/key-uris-accepted.txt")) {
        let in_bytes = 1 + CAPACITY.iter().position(|capacity| row[0].len() <= *capacity).unwrap();
        let version = (Qr::new(row[0]).unwrap().size() - 17) / 4;
        assert!(version <= in_bytes, "{}", row[0]);
        (all, saved) = (all + 1, saved + usize::from(version < in_bytes));
    }
    assert_eq!((all, saved), (45, 12));
}

/// Returns a random text of `len` bytes, of characters that `zbarimg` prints unchanged.
fn text(len: usize) -> String {
    let mut random = StdRng::seed_from_u64(len as u64);
    (0..len).map(|_| char::from(random.random_range(b'!'..=b'~'))).collect()
}

fn key_uri(random: &mut StdRng) -> String {
    const LETTERS: [char; 12] = ['a', 'Z', '0', '-', ' ', '@', '.', ':', 'è', 'ß', '日', '🔑'];

    let mut word = |longest: usize| -> String {
        let len = random.random_range(1..=longest);
        (0..len).map(|_| *LETTERS.choose(random).unwrap()).flat_map(percent_encoded).collect()
    };
    let (issuer, account) = (word(20), word(40));
    let mut seed = vec![0; random.random_range(Secret::MIN_LEN..=Secret::MAX_LEN)];
    random.fill(&mut seed[..]);
    let secret = Secret::from_bytes(&seed).unwrap().to_base32();
    format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6", secret.as_str())
}

fn percent_encoded(letter: char) -> Vec<char> {
    if letter.is_ascii_alphanumeric() {
        return vec![letter];
    }
    let mut utf8 = [0; 4];
    letter.encode_utf8(&mut utf8).bytes().flat_map(|byte| format!("%{byte:02X}").chars().collect::<Vec<_>>()).collect()
}

/// A directory for the pictures of one test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("qr-{test}"));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn assert_all_read(&self, text: &str) {
        let qr = Qr::new(text).unwrap();
        let modules = modules(&qr, SCALE);
        assert_eq!(self.read(&modules.on_black_page()), text, "modules");

        let (modules, with_zone) = (modules_in(&qr, SCALE, 2), modules);
        let mut screen = screen(&qr.terminal().to_string());
        assert_eq!(self.read(&screen.on_black_page()), text, "terminal");
        // A code has an odd number of rows of modules, so the lower half of the terminal's last line remains.
        let rest = screen.0.split_off(modules.0.len());
        assert!(
            screen == modules && rest.len() == SCALE && rest.iter().flatten().all(|is_white| *is_white),
            "terminal"
        );
        let modules = with_zone;

        let page = self.page(&qr.svg().to_string(), modules.0.len());
        assert_eq!(read(&page), text, "SVG");
        assert!(Bitmap::of_png(&page) == modules.on_black_page(), "SVG");

        #[cfg(feature = "png")]
        {
            let file = self.write("code.png", qr.png(SCALE.try_into().unwrap()).unwrap().as_bytes());
            assert_eq!(read(&file), text, "PNG");
            assert!(Bitmap::of_png(&file) == modules, "PNG");
            let page = self.page(r#"<image href="code.png"/>"#, modules.0.len());
            assert_eq!(read(&page), text, "PNG");
        }
    }

    fn read(&self, bitmap: &Bitmap) -> String {
        read(&self.write("bitmap.pgm", &bitmap.pgm()))
    }

    /// Draws a picture on a black page with `rsvg-convert`, and returns the path of the file.
    fn page(&self, picture: &str, side: usize) -> PathBuf {
        let page = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}"><rect width="100%" height="100%"/>
               <svg x="{MARGIN}" y="{MARGIN}" width="{side}" height="{side}">{picture}</svg></svg>"#,
            side + 2 * MARGIN,
        );
        let page = self.write("page.svg", page.as_bytes());
        let drawn = page.with_extension("png");
        let arguments = ["--output".as_ref(), drawn.as_os_str(), page.as_os_str()];
        let output = run("rsvg-convert", "librsvg2-bin", &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        drawn
    }
}

/// Draws the modules of a code, with the margin of four light modules that the standard requires.
fn modules(qr: &Qr, scale: usize) -> Bitmap {
    modules_in(qr, scale, 4)
}

/// Draws the modules of a code, with a margin of this many light modules.
fn modules_in(qr: &Qr, scale: usize, zone: usize) -> Bitmap {
    let side = scale * (qr.size() + 2 * zone);
    let is_white = |x: usize, y: usize| match ((x / scale).checked_sub(zone), (y / scale).checked_sub(zone)) {
        (Some(x), Some(y)) => !qr.is_dark(x, y),
        _ => true,
    };
    Bitmap((0..side).map(|y| (0..side).map(|x| is_white(x, y)).collect()).collect())
}

#[cfg(feature = "alloc")]
#[test]
fn a_data_uri_is_the_svg_picture() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    for len in [1, 50, 100, 101, 102, 1_700] {
        let qr = Qr::new(&"x".repeat(len)).unwrap();
        let uri = qr.data_uri();
        let picture = uri.as_str().strip_prefix("data:image/svg+xml;base64,").unwrap();
        assert_eq!(STANDARD.decode(picture).unwrap(), qr.svg().to_string().as_bytes());
    }
}
