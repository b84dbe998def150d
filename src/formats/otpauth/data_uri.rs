use alloc::string::String;
use core::fmt::{self, Write};

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::Qr;
use crate::types::SecretText;

/// A number of bytes that divides into whole groups of three, so that only the last chunk has padding.
const CHUNK: usize = 48;

impl Qr {
    /// Returns the code as a `data:` URI (RFC 2397) of an SVG picture, for the `src` of an `img` element.
    ///
    /// A content security policy must allow it with `img-src data:`. [`Self::svg`] needs no such permission.
    ///
    /// ```
    /// use secondo::formats::otpauth::{Qr, QrError};
    ///
    /// let qr = Qr::new("otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example")?;
    /// let page = format!(r#"<img alt="QR code" src="{}">"#, qr.data_uri().as_str());
    /// # assert!(page.contains("data:image/svg+xml;base64,"));
    /// # Ok::<(), QrError>(())
    /// ```
    #[must_use]
    pub fn data_uri(&self) -> SecretText {
        const HEAD: &str = "data:image/svg+xml;base64,";

        // The picture is written twice, first to learn its length: a reallocation would leave a copy of it behind.
        let mut len = Length(0);
        let mut svg = Zeroizing::new(String::new());
        // Writing to memory does not fail.
        let _infallible = write!(len, "{}", self.svg());
        svg.reserve_exact(len.0);
        let _infallible = write!(svg, "{}", self.svg());

        // Four characters for three bytes: half as much again is enough.
        let mut uri = String::with_capacity(HEAD.len() + len.0 + len.0 / 2 + 4);
        uri.push_str(HEAD);
        let mut encoded = Zeroizing::new([0; CHUNK / 3 * 4]);
        for chunk in svg.as_bytes().chunks(CHUNK) {
            uri.push_str(Base64::encode(chunk, encoded.as_mut_slice()).unwrap_or_default());
        }
        SecretText::new(uri)
    }
}

/// Counts the bytes of a text.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}
