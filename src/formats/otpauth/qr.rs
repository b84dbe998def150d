use core::fmt::{self, Write};

use qrcodegen_no_heap::{QrCode, QrCodeEcc, QrSegment, Version};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A QR code (ISO/IEC 18004) of a key URI: a square of dark and light modules.
///
/// A picture of a secret is itself a secret. This type is wiped on drop, and cannot be cloned, compared or printed. The
/// caller must wipe every buffer that the code is drawn to, and keep the picture out of logs and caches
/// (`Cache-Control: no-store`).
///
/// It takes 2.4 KB, and as much again on the stack during creation. It allocates nothing.
///
/// ```
/// use secondo::formats::otpauth::{Qr, QrError};
///
/// let qr = Qr::new("otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example")?;
/// assert_eq!(qr.size(), 37);
/// let page = format!("<figure>{}</figure>", qr.svg());
/// # assert!(page.ends_with("</svg></figure>"));
/// # Ok::<(), QrError>(())
/// ```
pub struct Qr {
    size: usize,
    /// One bit per module, row by row; 1 is dark.
    modules: [u8; BUFFER_LEN],
}

impl Qr {
    /// The maximum length of the text in bytes: the capacity of version 30 at error correction level L.
    ///
    /// A key URI has about 100 bytes and hardly ever more than 800; an export of ten accounts has about 1,500. The
    /// modules of a larger code are too small for many phones.
    pub const MAX_LEN: usize = 1_732;
    /// The number of light modules that the code needs on every side. Readers do not find it without them.
    pub const QUIET_ZONE: usize = 4;

    /// Creates the smallest code for a text at error correction level M, or a higher level that fits the same size.
    ///
    /// At level M, up to 15% of the code may be unreadable. Only a text of more than 1,370 bytes gets level L, with 7%.
    ///
    /// The text is encoded unchanged: a long run of capital letters and digits, such as the secret in base32, in
    /// alphanumeric mode, which takes less room, and all else in byte mode. A URI is ASCII; most readers decode all
    /// other bytes as UTF-8.
    ///
    /// # Errors
    ///
    /// Returns [`QrError::TooLong`] if the text has more than [`Self::MAX_LEN`] bytes.
    pub fn new(text: &str) -> Result<Self, QrError> {
        let too_long = QrError::TooLong { len: text.len(), max: Self::MAX_LEN };
        // Checked first: the encoder panics if eight times the length overflows.
        if text.len() > Self::MAX_LEN {
            return Err(too_long);
        }
        let mut packed = Zeroizing::new([0; PACKED_LEN]);
        let (start, run, end) = split(text);
        let start = QrSegment::make_bytes(start.as_bytes());
        let segments =
            [start, QrSegment::make_alphanumeric(run, packed.as_mut_slice()), QrSegment::make_bytes(end.as_bytes())];
        // An empty segment would take room as well.
        let count = if run.is_empty() { 1 } else { 3 };
        let segments = segments.get(..count).unwrap_or_default();
        let mut drawn = Zeroizing::new([0; BUFFER_LEN]);
        let (len, level, version) = [QrCodeEcc::Medium, QrCodeEcc::Low]
            .into_iter()
            .find_map(|level| {
                let codewords = drawn.as_mut_slice();
                QrCode::encode_segments_to_codewords(segments, codewords, level, Version::MIN, MAX_VERSION, true).ok()
            })
            .ok_or(too_long)?;

        let mut qr = Self { size: 0, modules: [0; BUFFER_LEN] };
        // The encoder needs a second buffer. The modules serve as one until they are set.
        let code = QrCode::encode_codewords(drawn.as_mut_slice(), len, &mut qr.modules, level, version, None);
        qr.modules.fill(0);
        qr.size = usize::try_from(code.size()).unwrap_or_default();
        let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        for (index, (x, y)) in all.enumerate() {
            if let Some(byte) = qr.modules.get_mut(index / 8) {
                *byte |= u8::from(code.get_module(x, y)) << (index % 8);
            }
        }
        Ok(qr)
    }

    /// Returns the number of modules per side, without the quiet zone: 21 to 137.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Returns `true` if the module in column `x` and row `y` is dark. Both count from 0 at the top left.
    ///
    /// All modules outside of the code are light.
    ///
    /// Use this to draw the code on any other display, with [`Self::QUIET_ZONE`] around it.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        if x >= self.size || y >= self.size {
            return false;
        }
        let index = y * self.size + x;
        self.modules.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// Returns an `svg` element, black on white with its quiet zone, for a web page or a file.
    ///
    /// The element has no size of its own, so it fills its parent. A strict content security policy allows it: there is
    /// no script, no style, and nothing to load.
    #[must_use]
    pub fn svg(&self) -> impl fmt::Display {
        Svg(self)
    }

    /// Returns lines for a terminal that supports UTF-8 and 256 colors. Each character shows two modules.
    ///
    /// Black and white are set explicitly, whatever the terminal's colors are, and reset at the end of each line. The
    /// code is [`Self::size`] plus 4 columns wide, 45 for a key URI of 100 bytes, and half as many lines high, so that
    /// it fits a terminal of 80 by 24. For this, there are two light modules on every side instead of four, which
    /// readers are content with.
    #[must_use]
    pub fn terminal(&self) -> impl fmt::Display {
        Terminal(self)
    }

    /// The maximum of [`Self::side`].
    #[cfg(feature = "png")]
    pub(super) const MAX_SIDE: usize = 17 + 4 * MAX_VERSION.value() as usize + 2 * Self::QUIET_ZONE;

    /// Returns the number of modules per side, with the quiet zone.
    pub(super) const fn side(&self) -> usize {
        self.size + 2 * Self::QUIET_ZONE
    }

    /// Returns `true` if a module is dark, counted from the top left of the quiet zone.
    #[cfg(feature = "png")]
    pub(super) fn is_dark_in_zone(&self, x: usize, y: usize) -> bool {
        self.is_dark(x.wrapping_sub(Self::QUIET_ZONE), y.wrapping_sub(Self::QUIET_ZONE))
    }
}

/// Returns the text before, in and after its longest run of capital letters and digits, or all of it before an empty
/// run if none is long enough to save room. Of a text that is not ASCII, readers may guess the encoding of each part.
fn split(text: &str) -> (&str, &str, &str) {
    let is_packed = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let (mut longest, mut run) = (0..0, 0..0);
    for (at, byte) in text.bytes().enumerate() {
        run = if is_packed(&byte) && run.len() < MAX_PACKED { run.start..at + 1 } else { at + 1..at + 1 };
        if run.len() > longest.len() {
            longest = run.clone();
        }
    }
    if longest.len() < MIN_PACKED || !text.is_ascii() {
        longest = text.len()..text.len();
    }
    let (start, rest) = text.split_at_checked(longest.start).unwrap_or((text, ""));
    let (run, end) = rest.split_at_checked(longest.len()).unwrap_or((rest, ""));
    (start, run, end)
}

/// The shortest run in alphanumeric mode. Each character saves 2.5 bits, and two more segments take up to 37.
const MIN_PACKED: usize = 16;
/// The longest one. It is longer than the base32 of the longest secret, 205 characters.
const MAX_PACKED: usize = 208;
/// The bytes of the longest run: 11 bits for two characters.
const PACKED_LEN: usize = MAX_PACKED / 2 * 11 / 8 + 1;

const MAX_VERSION: Version = Version::new(30);
const BUFFER_LEN: usize = MAX_VERSION.buffer_len();

impl Drop for Qr {
    fn drop(&mut self) {
        self.modules.as_mut_slice().zeroize();
        self.size.zeroize();
    }
}

impl ZeroizeOnDrop for Qr {}

impl fmt::Debug for Qr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qr").field("size", &self.size).finish_non_exhaustive()
    }
}

struct Svg<'a>(&'a Qr);

impl fmt::Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(qr) = self;
        let side = qr.side();
        f.write_str(r#"<svg xmlns="http://www.w3.org/2000/svg" shape-rendering="crispEdges" "#)?;
        write!(f, r##"viewBox="0 0 {side} {side}"><path fill="#fff" d="M0 0h{side}v{side}H0z"/>"##)?;
        // Each row is a dashed line through the middle of its modules.
        f.write_str(r##"<path stroke="#000" d=""##)?;
        for y in 0..qr.size {
            write!(f, "M{} {}.5", Qr::QUIET_ZONE, Qr::QUIET_ZONE + y)?;
            let mut x = 0;
            while x < qr.size {
                let is_dark = qr.is_dark(x, y);
                let run = (x..qr.size).take_while(|x| qr.is_dark(*x, y) == is_dark).count();
                if is_dark {
                    write!(f, "h{run}")?;
                } else {
                    write!(f, "m{run} 0")?;
                }
                x += run;
            }
        }
        f.write_str(r#""/></svg>"#)
    }
}

struct Terminal<'a>(&'a Qr);

impl fmt::Display for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Black and white of the color cube. The 16 colors before the cube differ between themes.
        const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
        const RESET: &str = "\x1b[0m";
        /// The number of light modules on every side.
        const ZONE: usize = 2;

        let Self(qr) = self;
        let side = qr.size + 2 * ZONE;
        let is_dark = |x: usize, y: usize| qr.is_dark(x.wrapping_sub(ZONE), y.wrapping_sub(ZONE));
        for y in (0..side).step_by(2) {
            f.write_str(BLACK_ON_WHITE)?;
            for x in 0..side {
                f.write_char(match (is_dark(x, y), is_dark(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                })?;
            }
            writeln!(f, "{RESET}")?;
        }
        Ok(())
    }
}

/// An error in drawing a QR code. It holds numbers, never the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QrError {
    /// The text is too long.
    TooLong {
        /// The number of bytes of the text.
        len: usize,
        /// The maximum number of bytes.
        max: usize,
    },
    /// The number of pixels per side of a module was not [`Qr::MIN_PIXELS_PER_MODULE`] to
    /// [`Qr::MAX_PIXELS_PER_MODULE`].
    #[cfg(feature = "png")]
    PixelsPerModule(u8),
}

impl QrError {
    /// Returns a short name of the variant, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            #[cfg(feature = "png")]
            Self::PixelsPerModule(_) => "pixels_per_module",
        }
    }
}

impl fmt::Display for QrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len, max } => write!(f, "a QR code holds at most {max} bytes, not {len}"),
            #[cfg(feature = "png")]
            Self::PixelsPerModule(n) => {
                let (min, max) = (Qr::MIN_PIXELS_PER_MODULE, Qr::MAX_PIXELS_PER_MODULE);
                write!(f, "a module must have {min} to {max} pixels per side, not {n}")
            }
        }
    }
}

impl core::error::Error for QrError {}
