//! HMAC and dynamic truncation, lane by lane, on vectors of any width.
//!
//! Everything here is inlined into the one function that enables the instruction set; the docs of `fearless_simd`
//! explain why. Rounds are unrolled only as far as their registers and constants require, because the compiler has to
//! compile them once for each vector width and instruction set.

use fearless_simd::{Simd, SimdElement, SimdInt};

/// Defines a function that computes the truncated HMAC of an 8-byte message in each lane (RFC 4226 section 5.3).
///
/// The result is in the low 31 bits of each word. The key's states and the message are given as words in the order of
/// the hash.
macro_rules! hmac {
    ($name:ident, $word:ty, $words:literal, $message:literal, $compress:path, |$mac:ident| $truncate:expr) => {
        #[inline(always)]
        pub(super) fn $name<S: Simd, V: SimdInt<S, Element = $word>>(
            simd: S,
            inner: [V; $words],
            outer: [V; $words],
            message: [V; $message],
        ) -> V {
            const BLOCK: $word = 16 * <$word>::BITS as $word;

            let mut block = padded(simd, &message, BLOCK + 64);
            let mut state = inner;
            // A loop, because two calls would inline the compression twice.
            for next in [Some(outer), None] {
                state = $compress(simd, state, block);
                if let Some(outer) = next {
                    block = padded(simd, &state, BLOCK + $words * <$word>::BITS as $word);
                    state = outer;
                }
            }
            let $mac = state;
            $truncate
        }
    };
}

hmac!(hmac_sha1, u32, 5, 2, sha1, |mac| truncate32([mac[0], mac[1], mac[2], mac[3], mac[4]], mac[4]));
hmac!(hmac_sha256, u32, 8, 2, sha256, |mac| truncate32([mac[0], mac[1], mac[2], mac[3], mac[4]], mac[7]));
hmac!(hmac_sha512, u64, 8, 1, sha512, |mac| truncate64([mac[0], mac[1], mac[2]], mac[7]));

/// Returns the only block after the padded key's: the message, a 1 bit, zeros, and `bits`, the length in bits.
#[inline(always)]
fn padded<S: Simd, V: SimdInt<S>>(simd: S, message: &[V], bits: V::Element) -> [V; 16] {
    let zero = V::simd_from(simd, V::Element::from(false));
    let mut block = [zero; 16];
    let (words, padding) = block.split_at_mut(message.len());
    words.copy_from_slice(message);
    if let [end, .., length] = padding {
        *end = !(!zero >> 1);
        *length = V::simd_from(simd, bits);
    }
    block
}

#[inline(always)]
fn rotate_left<S: Simd, V: SimdInt<S, Element = u32>>(x: V, by: u32) -> V {
    (x << by) | (x >> (32 - by))
}

macro_rules! sha1_rounds {
    ($simd:ident, $state:ident, $w:ident, $k:literal, |$b:ident, $c:ident, $d:ident| $f:expr, $($t:literal)*) => {{
        let k = V::simd_from($simd, $k);
        $(
            let [a, $b, $c, $d, e] = $state;
            if $t >= 16 {
                let far = $w[($t + 2) % 16] ^ $w[$t % 16];
                $w[$t % 16] = rotate_left(($w[($t + 13) % 16] ^ $w[($t + 8) % 16]) ^ far, 1);
            }
            $state = [e + ($w[$t % 16] + k) + $f + rotate_left(a, 5), a, rotate_left($b, 30), $c, $d];
        )*
    }};
}

/// Compresses one block with SHA-1 (FIPS 180-4 section 6.1.2).
#[inline(always)]
fn sha1<S: Simd, V: SimdInt<S, Element = u32>>(simd: S, start: [V; 5], mut w: [V; 16]) -> [V; 5] {
    let mut s = start;
    sha1_rounds!(simd, s, w, 0x5a82_7999, |b, c, d| d ^ (b & (c ^ d)), 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
    sha1_rounds!(simd, s, w, 0x6ed9_eba1, |b, c, d| b ^ c ^ d, 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39);
    // The two terms have no bit in common, so that their sum is their XOR.
    sha1_rounds!(simd, s, w, 0x8f1b_bcdc, |b, c, d| (b & c) + (d & (b ^ c)), 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59);
    sha1_rounds!(simd, s, w, 0xca62_c1d6, |b, c, d| b ^ c ^ d, 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79);
    sum(s, start)
}

#[inline(always)]
fn sum<S: Simd, V: SimdInt<S>, const N: usize>(mut state: [V; N], start: [V; N]) -> [V; N] {
    for (word, start) in state.iter_mut().zip(start) {
        *word += start;
    }
    state
}

macro_rules! sha2_rounds {
    ($simd:ident, $state:ident, $w:ident, $hash:ident, $k:ident, $($t:literal)*) => { $(
        let [a, b, c, d, e, f, g, h] = $state;
        let choice = g ^ (e & (f ^ g));
        let majority = (a & b) + (c & (a ^ b));
        let t1 = h + ($w[$t] + V::simd_from($simd, $k[$t])) + choice + rotations(e, $hash.e);
        $state = [t1 + rotations(a, $hash.a) + majority, a, b, c, d + t1, e, f, g];
        // This word has been used. The word for 16 rounds later replaces it.
        let near = shift_and_rotations($w[($t + 1) % 16], $hash.near);
        let far = shift_and_rotations($w[($t + 14) % 16], $hash.far);
        $w[$t] = ($w[$t] + $w[($t + 9) % 16]) + (near + far);
    )* };
}

#[inline(always)]
fn sha256<S: Simd, V: SimdInt<S, Element = u32>>(simd: S, start: [V; 8], block: [V; 16]) -> [V; 8] {
    sha2(simd, start, block, &SHA256)
}

#[inline(always)]
fn sha512<S: Simd, V: SimdInt<S, Element = u64>>(simd: S, start: [V; 8], block: [V; 16]) -> [V; 8] {
    sha2(simd, start, block, &SHA512)
}

/// Compresses one block with SHA-256 or SHA-512 (FIPS 180-4 sections 6.2.2 and 6.4.2).
#[inline(always)]
fn sha2<S: Simd, V: SimdInt<S>, const R: usize>(
    simd: S,
    start: [V; 8],
    mut w: [V; 16],
    hash: &Sha2<V::Element, R>,
) -> [V; 8] {
    let mut s = start;
    // The last 16 rounds schedule words that are never used: rounds without scheduling would be a second copy to
    // compile.
    for k in &hash.k {
        sha2_rounds!(simd, s, w, hash, k, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    }
    sum(s, start)
}

#[inline(always)]
fn rotations<S: Simd, V: SimdInt<S>>(x: V, by: [u32; 3]) -> V {
    rotate_right(x, by[0]) ^ rotate_right(x, by[1]) ^ rotate_right(x, by[2])
}

#[inline(always)]
fn shift_and_rotations<S: Simd, V: SimdInt<S>>(x: V, by: [u32; 3]) -> V {
    rotate_right(x, by[0]) ^ rotate_right(x, by[1]) ^ (x >> by[2])
}

#[inline(always)]
fn rotate_right<S: Simd, V: SimdInt<S>>(x: V, by: u32) -> V {
    #[expect(clippy::cast_possible_truncation, reason = "32 or 64")]
    let bits = const { V::Element::BITS as u32 };
    (x >> by) | (x << (bits - by))
}

/// Returns the low 31 bits of the four bytes at the offset in the low four bits of `last`.
///
/// Each bit of the offset moves the words by a fixed distance or leaves them, as in `crate::ct::truncate`.
#[inline(always)]
fn truncate32<S: Simd, V: SimdInt<S, Element = u32>>(words: [V; 5], last: V) -> V {
    let [w0, w1, w2, w3, w4] = words;
    let by_8 = mask(last >> 3);
    let [w0, w1, w2] = [select(by_8, w2, w0), select(by_8, w3, w1), select(by_8, w4, w2)];
    let by_4 = mask(last >> 2);
    let [w0, w1] = [select(by_4, w1, w0), select(by_4, w2, w1)];
    let by_2 = mask(last >> 1);
    let [w0, w1] = [select(by_2, (w0 << 16) | (w1 >> 16), w0), select(by_2, w1 << 16, w1)];
    select(mask(last), (w0 << 8) | (w1 >> 24), w0) & 0x7fff_ffff
}

#[inline(always)]
fn truncate64<S: Simd, V: SimdInt<S, Element = u64>>(words: [V; 3], last: V) -> V {
    let [w0, w1, w2] = words;
    let by_8 = mask(last >> 3);
    let [w0, w1] = [select(by_8, w1, w0), select(by_8, w2, w1)];
    let w0 = select(mask(last >> 2), (w0 << 32) | (w1 >> 32), w0);
    let w0 = select(mask(last >> 1), w0 << 16, w0);
    (select(mask(last), w0 << 8, w0) >> 32) & 0x7fff_ffff
}

/// Returns all ones in each lane whose lowest bit is set, and zero in the others.
#[inline(always)]
fn mask<S: Simd, V: SimdInt<S>>(bits: V) -> V {
    let bit = bits & V::Element::from(true);
    !bit + V::Element::from(true)
}

#[inline(always)]
fn select<S: Simd, V: SimdInt<S>>(mask: V, one: V, zero: V) -> V {
    zero ^ (mask & (zero ^ one))
}

/// The parameters in which SHA-256 and SHA-512 differ.
///
/// They are the distances of rotations and shifts (FIPS 180-4 sections 4.1.2 and 4.1.3) and the round constants (4.2.2
/// and 4.2.3).
struct Sha2<W, const R: usize> {
    a: [u32; 3],
    e: [u32; 3],
    near: [u32; 3],
    far: [u32; 3],
    k: [[W; 16]; R],
}

const SHA256: Sha2<u32, 4> = Sha2 {
    a: [2, 13, 22],
    e: [6, 11, 25],
    near: [7, 18, 3],
    far: [17, 19, 10],
    k: [
        [
            0x428a_2f98,
            0x7137_4491,
            0xb5c0_fbcf,
            0xe9b5_dba5,
            0x3956_c25b,
            0x59f1_11f1,
            0x923f_82a4,
            0xab1c_5ed5,
            0xd807_aa98,
            0x1283_5b01,
            0x2431_85be,
            0x550c_7dc3,
            0x72be_5d74,
            0x80de_b1fe,
            0x9bdc_06a7,
            0xc19b_f174,
        ],
        [
            0xe49b_69c1,
            0xefbe_4786,
            0x0fc1_9dc6,
            0x240c_a1cc,
            0x2de9_2c6f,
            0x4a74_84aa,
            0x5cb0_a9dc,
            0x76f9_88da,
            0x983e_5152,
            0xa831_c66d,
            0xb003_27c8,
            0xbf59_7fc7,
            0xc6e0_0bf3,
            0xd5a7_9147,
            0x06ca_6351,
            0x1429_2967,
        ],
        [
            0x27b7_0a85,
            0x2e1b_2138,
            0x4d2c_6dfc,
            0x5338_0d13,
            0x650a_7354,
            0x766a_0abb,
            0x81c2_c92e,
            0x9272_2c85,
            0xa2bf_e8a1,
            0xa81a_664b,
            0xc24b_8b70,
            0xc76c_51a3,
            0xd192_e819,
            0xd699_0624,
            0xf40e_3585,
            0x106a_a070,
        ],
        [
            0x19a4_c116,
            0x1e37_6c08,
            0x2748_774c,
            0x34b0_bcb5,
            0x391c_0cb3,
            0x4ed8_aa4a,
            0x5b9c_ca4f,
            0x682e_6ff3,
            0x748f_82ee,
            0x78a5_636f,
            0x84c8_7814,
            0x8cc7_0208,
            0x90be_fffa,
            0xa450_6ceb,
            0xbef9_a3f7,
            0xc671_78f2,
        ],
    ],
};

const SHA512: Sha2<u64, 5> = Sha2 {
    a: [28, 34, 39],
    e: [14, 18, 41],
    near: [1, 8, 7],
    far: [19, 61, 6],
    k: [
        [
            0x428a_2f98_d728_ae22,
            0x7137_4491_23ef_65cd,
            0xb5c0_fbcf_ec4d_3b2f,
            0xe9b5_dba5_8189_dbbc,
            0x3956_c25b_f348_b538,
            0x59f1_11f1_b605_d019,
            0x923f_82a4_af19_4f9b,
            0xab1c_5ed5_da6d_8118,
            0xd807_aa98_a303_0242,
            0x1283_5b01_4570_6fbe,
            0x2431_85be_4ee4_b28c,
            0x550c_7dc3_d5ff_b4e2,
            0x72be_5d74_f27b_896f,
            0x80de_b1fe_3b16_96b1,
            0x9bdc_06a7_25c7_1235,
            0xc19b_f174_cf69_2694,
        ],
        [
            0xe49b_69c1_9ef1_4ad2,
            0xefbe_4786_384f_25e3,
            0x0fc1_9dc6_8b8c_d5b5,
            0x240c_a1cc_77ac_9c65,
            0x2de9_2c6f_592b_0275,
            0x4a74_84aa_6ea6_e483,
            0x5cb0_a9dc_bd41_fbd4,
            0x76f9_88da_8311_53b5,
            0x983e_5152_ee66_dfab,
            0xa831_c66d_2db4_3210,
            0xb003_27c8_98fb_213f,
            0xbf59_7fc7_beef_0ee4,
            0xc6e0_0bf3_3da8_8fc2,
            0xd5a7_9147_930a_a725,
            0x06ca_6351_e003_826f,
            0x1429_2967_0a0e_6e70,
        ],
        [
            0x27b7_0a85_46d2_2ffc,
            0x2e1b_2138_5c26_c926,
            0x4d2c_6dfc_5ac4_2aed,
            0x5338_0d13_9d95_b3df,
            0x650a_7354_8baf_63de,
            0x766a_0abb_3c77_b2a8,
            0x81c2_c92e_47ed_aee6,
            0x9272_2c85_1482_353b,
            0xa2bf_e8a1_4cf1_0364,
            0xa81a_664b_bc42_3001,
            0xc24b_8b70_d0f8_9791,
            0xc76c_51a3_0654_be30,
            0xd192_e819_d6ef_5218,
            0xd699_0624_5565_a910,
            0xf40e_3585_5771_202a,
            0x106a_a070_32bb_d1b8,
        ],
        [
            0x19a4_c116_b8d2_d0c8,
            0x1e37_6c08_5141_ab53,
            0x2748_774c_df8e_eb99,
            0x34b0_bcb5_e19b_48a8,
            0x391c_0cb3_c5c9_5a63,
            0x4ed8_aa4a_e341_8acb,
            0x5b9c_ca4f_7763_e373,
            0x682e_6ff3_d6b2_b8a3,
            0x748f_82ee_5def_b2fc,
            0x78a5_636f_4317_2f60,
            0x84c8_7814_a1f0_ab72,
            0x8cc7_0208_1a64_39ec,
            0x90be_fffa_2363_1e28,
            0xa450_6ceb_de82_bde9,
            0xbef9_a3f7_b2c6_7915,
            0xc671_78f2_e372_532b,
        ],
        [
            0xca27_3ece_ea26_619c,
            0xd186_b8c7_21c0_c207,
            0xeada_7dd6_cde0_eb1e,
            0xf57d_4f7f_ee6e_d178,
            0x06f0_67aa_7217_6fba,
            0x0a63_7dc5_a2c8_98a6,
            0x113f_9804_bef9_0dae,
            0x1b71_0b35_131c_471b,
            0x28db_77f5_2304_7d84,
            0x32ca_ab7b_40c7_2493,
            0x3c9e_be0a_15c9_bebc,
            0x431d_67c4_9c10_0d4c,
            0x4cc5_d4be_cb3e_42b6,
            0x597f_299c_fc65_7e2a,
            0x5fcb_6fab_3ad6_faec,
            0x6c44_198c_4a47_5817,
        ],
    ],
};
