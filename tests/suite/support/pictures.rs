//! Pictures of QR codes as rows of pixels, and calls of the programs that draw and read them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Output};

/// Returns the text that `zbarimg` reads from a picture.
pub(crate) fn read(picture: &Path) -> String {
    let only_qr = ["--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable"].map(AsRef::as_ref);
    let output = run("zbarimg", "zbar-tools", &[only_qr.as_slice(), &[picture.as_os_str()]].concat());
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

/// Runs a program of a Debian package to its end.
pub(crate) fn run(program: &str, package: &str, arguments: &[&OsStr]) -> Output {
    Command::new(program).args(arguments).output().unwrap_or_else(|error| {
        panic!("{program} cannot be run ({error}); install it with `apt-get install {package}`, or run tests/run")
    })
}

/// The side of a module in pixels, unless a test chooses its own.
pub(crate) const SCALE: usize = 4;
/// The width in pixels of the page's margin on each side of a picture.
pub(crate) const MARGIN: usize = 40;

/// Rows of pixels, each `true` if it is white.
#[derive(PartialEq)]
pub(crate) struct Bitmap(pub(crate) Vec<Vec<bool>>);

impl Bitmap {
    pub(crate) fn of_png(file: &Path) -> Self {
        let mut decoder = png::Decoder::new(BufReader::new(File::open(file).unwrap()));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        let samples = frame.color_type.samples();
        let rows = pixels.chunks(frame.line_size).map(|row| {
            assert!(row.iter().all(|sample| matches!(sample, 0 | 255)), "a pixel is neither black nor white");
            row.iter().step_by(samples).map(|sample| *sample == 255).collect()
        });
        Self(rows.collect())
    }

    /// Returns the picture as a file in Netpbm's gray format.
    pub(crate) fn pgm(&self) -> Vec<u8> {
        let header = format!("P5 {} {} 255\n", self.0[0].len(), self.0.len());
        let pixels = self.0.iter().flatten().map(|is_white| if *is_white { 255 } else { 0 });
        header.into_bytes().into_iter().chain(pixels).collect()
    }

    pub(crate) fn on_black_page(&self) -> Self {
        let margin = [false; MARGIN];
        let above = vec![vec![false; self.0[0].len() + 2 * MARGIN]; MARGIN];
        let rows = self.0.iter().map(|row| [&margin, row.as_slice(), &margin].concat());
        Self(above.iter().cloned().chain(rows).chain(above.iter().cloned()).collect())
    }
}

/// Draws a text as a terminal shows it.
///
/// The terminal shows white on black until a sequence changes the colors. A character is twice as high as it is wide.
pub(crate) fn screen(text: &str) -> Bitmap {
    let (mut ink_is_white, mut paper_is_white) = (true, false);
    let mut rows = Vec::new();
    for line in text.lines() {
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            let (upper_is_ink, lower_is_ink) = match character {
                '\x1b' => {
                    let sequence: String = characters.by_ref().take_while(|character| *character != 'm').collect();
                    (ink_is_white, paper_is_white) = match sequence.as_str() {
                        "[38;5;16;48;5;231" => (false, true),
                        "[0" => (true, false),
                        _ => panic!("not a sequence that sets the colors: {sequence:?}"),
                    };
                    continue;
                }
                ' ' => (false, false),
                '▀' => (true, false),
                '▄' => (false, true),
                '█' => (true, true),
                _ => panic!("not a half-block: {character:?}"),
            };
            for (half, is_ink) in [(&mut upper, upper_is_ink), (&mut lower, lower_is_ink)] {
                half.extend([if is_ink { ink_is_white } else { paper_is_white }; SCALE]);
            }
        }
        assert!(!paper_is_white, "a terminal would fill the rest of the line with the background color");
        rows.extend([upper, lower].into_iter().flat_map(|half| [(); SCALE].map(|()| half.clone())));
    }
    Bitmap(rows)
}
