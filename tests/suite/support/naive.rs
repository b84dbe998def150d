//! A naive implementation of the RFCs, with the `hmac` crate, byte indexing and division.
//!
//! It shares only the hash functions with the library. The comparison with `oathtool` checks these as well.

use hmac::{Hmac, KeyInit, Mac};
use secondo::Algorithm;

/// Returns the code of a counter or time step.
pub(crate) fn code(algorithm: Algorithm, secret: &[u8], counter: u64, digits: usize) -> String {
    fn mac<M: Mac + KeyInit>(secret: &[u8], counter: u64) -> Vec<u8> {
        let mut mac = <M as KeyInit>::new_from_slice(secret).unwrap();
        mac.update(&counter.to_be_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    let mac = match algorithm.output_len() {
        20 => mac::<Hmac<sha1::Sha1>>(secret, counter),
        32 => mac::<Hmac<sha2::Sha256>>(secret, counter),
        _ => mac::<Hmac<sha2::Sha512>>(secret, counter),
    };
    let offset = usize::from(mac[mac.len() - 1] & 0xf);
    let truncated = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:0digits$}", truncated % 10_u32.pow(u32::try_from(digits).unwrap()))
}
