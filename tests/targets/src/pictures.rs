//! Checks of QR codes.

use core::fmt::{self, Write};

use secondo::formats::otpauth::Qr;

use crate::tally::Tally;

/// Checks a QR code's size and finder patterns (ISO/IEC 18004), and that both of its drawings are complete.
pub fn drawn(tally: &mut Tally<'_>) {
    const URI: &str = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example";

    let Ok(qr) = Qr::new(URI) else { return tally.check("QR code", 0, false) };
    tally.check("QR code's modules each way", 37, qr.size() == 37);
    let far = qr.size() - 7;
    for (at, (left, top)) in (0..).zip([(0, 0), (far, 0), (0, far)]) {
        let is_finder = (0..7).flat_map(|y| (0..7).map(move |x| (x, y))).all(|(x, y): (usize, usize)| {
            let ring = x.abs_diff(3).max(y.abs_diff(3));
            qr.is_dark(left + x, top + y) == (ring != 2)
        });
        tally.check("QR code's finder", at, is_finder);
    }
    let mut end = End::default();
    tally.check("QR code as SVG", 0, write!(end, "{}", qr.svg()).is_ok() && end.0 == *b"</svg>");
    tally.check("QR code for a terminal", 0, write!(end, "{}\nthe end", qr.terminal()).is_ok() && end.0 == *b"he end");
}

/// A writer that keeps the last six bytes.
#[derive(Default)]
struct End([u8; 6]);

impl Write for End {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0.rotate_left(1);
            self.0[5] = byte;
        }
        Ok(())
    }
}
