use alloc::vec::Vec;
use core::fmt;
use std::io::{self, Write};

use fdeflate::Compressor;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{Qr, QrError};

/// A PNG file of a QR code. It is as secret as the code, and wiped on drop.
pub struct Png(Zeroizing<Vec<u8>>);

impl Png {
    /// Returns the bytes of the file, which is of type `image/png`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl ZeroizeOnDrop for Png {}

impl fmt::Debug for Png {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Png(..)")
    }
}

impl Qr {
    /// The minimum number of pixels per side of a module in a PNG file: cameras and decoders cannot read single pixels.
    pub const MIN_PIXELS_PER_MODULE: u8 = 2;
    /// The maximum number of pixels per side of a module in a PNG file.
    pub const MAX_PIXELS_PER_MODULE: u8 = 32;

    /// Creates a PNG file, black on white with its quiet zone. A module is `pixels_per_module` pixels wide and high.
    ///
    /// Usual values are 4 to 8. For a key URI of 100 bytes, 8 makes a picture of 392 by 392 pixels.
    ///
    /// # Errors
    ///
    /// Returns [`QrError::PixelsPerModule`] if `pixels_per_module` is not [`Self::MIN_PIXELS_PER_MODULE`] to
    /// [`Self::MAX_PIXELS_PER_MODULE`].
    ///
    /// ```
    /// use secondo::formats::otpauth::{Qr, QrError};
    ///
    /// let uri = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example";
    /// let png = Qr::new(uri)?.png(8)?;
    /// assert!(png.as_bytes().starts_with(b"\x89PNG"));
    /// # Ok::<(), QrError>(())
    /// ```
    pub fn png(&self, pixels_per_module: u8) -> Result<Png, QrError> {
        if !(Self::MIN_PIXELS_PER_MODULE..=Self::MAX_PIXELS_PER_MODULE).contains(&pixels_per_module) {
            return Err(QrError::PixelsPerModule(pixels_per_module));
        }
        let scale = usize::from(pixels_per_module);
        // The first pass only counts, since a growing vector leaves copies behind. Writing to memory cannot fail.
        let Count(len) = self.compress(scale, Count(0)).unwrap_or_default();
        let pixels = Zeroizing::new(self.compress(scale, Vec::with_capacity(len)).unwrap_or_default());

        // Grayscale of one bit, the only methods of compression and filtering, and no interlacing.
        let width = big_endian(self.side() * scale);
        let header = [width.as_slice(), &width, &[1, 0, 0, 0, 0]].concat();
        let chunks = [(b"IHDR", header.as_slice()), (b"IDAT", &pixels), (b"IEND", &[])];
        let len = SIGNATURE.len() + 3 * CHUNK_OVERHEAD + header.len() + pixels.len();
        let mut file = Zeroizing::new(Vec::with_capacity(len));
        file.extend_from_slice(SIGNATURE);
        for (kind, data) in chunks {
            let mut checksum = crc32fast::Hasher::new();
            checksum.update(kind);
            checksum.update(data);
            file.extend_from_slice(&big_endian(data.len()));
            file.extend_from_slice(kind);
            file.extend_from_slice(data);
            file.extend_from_slice(&checksum.finalize().to_be_bytes());
        }
        Ok(Png(file))
    }

    /// Writes the zlib stream of the rows of pixels.
    ///
    /// Each row is its difference from the one above (filter "Up"), so that all but the first row of a module compress
    /// to almost nothing.
    fn compress<W: Write>(&self, scale: usize, out: W) -> io::Result<W> {
        const UP: u8 = 2;
        const MAX_LEN: usize = (Qr::MAX_SIDE * Qr::MAX_PIXELS_PER_MODULE as usize).div_ceil(8);

        let width = self.side() * scale;
        let len = width.div_ceil(8);
        let mut above = Zeroizing::new([0_u8; MAX_LEN]);
        let mut compressor = Compressor::new(out)?;
        for y in 0..self.side() {
            let mut row = Zeroizing::new([0_u8; MAX_LEN]);
            for x in 0..self.side() {
                let white = u8::from(!self.is_dark_in_zone(x, y));
                for pixel in x * scale..(x + 1) * scale {
                    if let Some(byte) = row.get_mut(pixel / 8) {
                        *byte |= white << (7 - pixel % 8);
                    }
                }
            }
            let mut difference = Zeroizing::new([0_u8; MAX_LEN]);
            for ((difference, byte), above) in difference.iter_mut().zip(&*row).zip(&*above) {
                *difference = byte.wrapping_sub(*above);
            }
            for _ in 0..scale {
                compressor.write_data(&[UP])?;
                compressor.write_data(difference.get(..len).unwrap_or_default())?;
                difference.fill(0);
            }
            above = row;
        }
        compressor.finish()
    }
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The number of bytes of a chunk's length, type and checksum.
const CHUNK_OVERHEAD: usize = 12;

/// Converts a length or a width, which is far below 2^32, to big-endian bytes.
fn big_endian(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or_default().to_be_bytes()
}

/// A writer that only counts bytes.
#[derive(Default)]
struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
