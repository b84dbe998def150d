use cmov::Cmov;

/// Returns the low 31 bits of the four bytes at the offset in the low four bits of `last` (RFC 4226 section 5.3).
///
/// No memory address depends on the offset. It is at most 15, so the bytes lie in the first five words. Each bit of the
/// offset moves the words by a fixed distance or leaves them.
pub(crate) fn truncate(words: [u32; 5], last: u32) -> u32 {
    let bit = |n: u32| (last & 1 << n).to_le_bytes()[0];

    let [mut w0, mut w1, mut w2, w3, w4] = words;
    w0.cmovnz(&w2, bit(3));
    w1.cmovnz(&w3, bit(3));
    w2.cmovnz(&w4, bit(3));
    w0.cmovnz(&w1, bit(2));
    w1.cmovnz(&w2, bit(2));
    w0.cmovnz(&(w0 << 16 | w1 >> 16), bit(1));
    w1.cmovnz(&(w1 << 16), bit(1));
    w0.cmovnz(&(w0 << 8 | w1 >> 24), bit(0));
    w0 & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the result at every offset with plain indexing.
    #[test]
    fn truncation_at_every_offset() {
        let words = [0x0001_0203, 0x0405_0607, 0x8889_8a8b, 0x0c0d_0e0f, 0xf0f1_f2f3];
        let bytes: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
        for last in 0..=0xff_u32 {
            let offset = (last & 0xf) as usize;
            let expected = u32::from_be_bytes(bytes[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
            assert_eq!(truncate(words, last), expected, "offset {offset}");
        }
    }
}
