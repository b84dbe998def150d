//! Seals, encrypts and signs the input of fuzz targets, which gets through no seal, MAC or signature by chance.

use aes_gcm_siv::AesGcmSiv;
use aes_gcm_siv::aead::AeadInOut;
use hmac::{Hmac, KeyInit, Mac};
use secondo::AccountId;

/// The bytes of the master key, the deployment and the number of the sealing key.
const MASTER: [u8; 32] = [0x5e; 32];
pub(super) const DEPLOYMENT: &str = "tests";
pub(super) const KEY: u32 = 7;

/// Seals a plain record, as the documentation of records describes it. Returns `None` if it has no whole head.
pub(super) fn record(plain: &[u8], id: &AccountId) -> Option<Vec<u8>> {
    const SEALED: u8 = 128;

    let (&[version, kind, revision @ ..], body) = plain.split_first_chunk::<10>()?;
    if kind >= SEALED {
        return None;
    }
    let length = [u8::try_from(DEPLOYMENT.len()).unwrap()];
    let info = [b"secondo sealing key", &length[..], DEPLOYMENT.as_bytes(), &KEY.to_be_bytes(), &[1]].concat();
    let key = Hmac::<sha2::Sha256>::new_from_slice(&MASTER).unwrap().chain_update(&info).finalize().into_bytes();
    let mut padded_id = [0; AccountId::MAX_LEN];
    padded_id[..id.as_str().len()].copy_from_slice(id.as_str().as_bytes());
    let bound = [&[version, kind | SEALED], &KEY.to_be_bytes()[..], &padded_id].concat();
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&revision);
    let mut body = body.to_vec();
    let cipher = AesGcmSiv::<aes::Aes256>::new(&key);
    let tag = cipher.encrypt_inout_detached(&nonce.into(), &bound, body.as_mut_slice().into()).unwrap();
    Some([&[version, kind | SEALED], &revision[..], &KEY.to_be_bytes(), &body, &tag].concat())
}

/// The document of RFC 6030, figure 6, with other values.
#[cfg(feature = "pskc")]
pub(super) mod pskc {
    use aes::cipher::{BlockModeEncrypt, KeyIvInit};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit, Mac};
    use secondo::formats::pskc::{Credential, PskcErrorKind, Reader, Token};

    use crate::support::targets::MOVED_AT;

    const FIGURE: &str = include_str!("../../vectors/pskc/rfc6030-figure6.xml");
    const KEY: [u8; 16] = 0x1234_5678_9012_3456_7890_1234_5678_9012_u128.to_be_bytes();
    const MAC_KEY: &[u8] = b"\x11\x22\x33\x44\x55\x66\x77\x88\x99\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\x00";

    /// Reads the document with this value in the element of this name.
    pub(crate) fn read(name: &str, value: &str) -> Result<Token, PskcErrorKind> {
        let (start, rest) = FIGURE.split_once("<Secret>").unwrap();
        let (secret, rest) = rest.split_once("</Secret>").unwrap();
        let (_, end) = rest.split_once("</Data>").unwrap();
        let value = format!("<{name}>{value}</{name}>");
        let data = if name == "Secret" { value } else { format!("<Secret>{secret}</Secret>{value}") };
        let mut document = format!("{start}{data}</Data>{end}");
        if name.starts_with("Time") {
            document = document.replace("pskc:hotp", "pskc:totp");
        }
        let mut read: Vec<_> = Reader::new(document.as_bytes(), Credential::Key(&KEY), MOVED_AT).collect();
        assert_eq!(read.len(), 1);
        read.remove(0).map_err(|error| error.kind())
    }

    pub(crate) fn encrypted(padded: &[[u8; 16]]) -> String {
        let mut blocks = [&[[0; 16]], padded].concat();
        let mut cbc = cbc::Encryptor::<aes::Aes128>::new(&KEY.into(), &[0; 16].into());
        for block in &mut blocks[1..] {
            cbc.encrypt_block(block.into());
        }
        let bytes = blocks.as_flattened();
        let mac = Hmac::<sha1::Sha1>::new_from_slice(MAC_KEY).unwrap().chain_update(bytes).finalize().into_bytes();
        format!(
            "<EncryptedValue><xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/>\
             <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></EncryptedValue>\
             <ValueMAC>{}</ValueMAC>",
            STANDARD.encode(bytes),
            STANDARD.encode(mac)
        )
    }

    /// Returns the number that these bytes are: three digits or more, or a big-endian number of up to eight bytes,
    /// which is signed if there are four or eight.
    pub(crate) fn number(bytes: &[u8]) -> Option<i64> {
        if bytes.iter().all(u8::is_ascii_digit) {
            return if bytes.len() > 2 { str::from_utf8(bytes).unwrap().parse().ok() } else { None };
        }
        if bytes.len() > 8 {
            return None;
        }
        let number = bytes.iter().fold(0_i128, |number, byte| number << 8 | i128::from(*byte));
        let is_negative = matches!(bytes.len(), 4 | 8) && bytes[0] >= 0x80;
        i64::try_from(if is_negative { number - (1 << (8 * bytes.len())) } else { number }).ok()
    }
}

/// Checks that an answer with the app's signature is judged by its verdict and its number.
#[cfg(feature = "push")]
pub(super) fn push_answer(text: &str) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use pollster::block_on;
    use secondo::push::{DeviceKey, PushRefusal, SoftwareKey, Verdict};
    use secondo::store::Memory;
    use secondo::{Refusal, VerifierError};
    use serde_json::Value;

    use super::targets::{MOVED_AT, with_app};

    let store = Memory::new();
    let (verifier, id, login, device, sent) = with_app(&store);
    let challenge = device.read(&sent.message, MOVED_AT).unwrap();
    let denied = device.deny(&challenge, MOVED_AT).unwrap();
    let field = |message: &str, name: &str| {
        let fields: Value = serde_json::from_str(message).unwrap();
        fields[name].as_str().unwrap().to_owned()
    };
    let (verdict, number) = (field(text, "verdict"), field(text, "number"));
    let code = 1 + ["accept", "deny", "not-me"].iter().position(|name| **name == verdict).unwrap();
    let digest = URL_SAFE_NO_PAD.decode(field(&denied, "digest")).unwrap();
    let label = b"\0\x13secondo push answer\x01";
    let length = u16::try_from(number.len()).unwrap().to_be_bytes();
    let signed = [label, &digest[..], &[u8::try_from(code).unwrap()], &length, number.as_bytes()].concat();
    let signature = SoftwareKey::from_bytes(&[7; 32]).unwrap().sign(&signed).unwrap();
    let answer = denied
        .replace("\"deny\"", &format!("\"{verdict}\""))
        .replace("\"number\":\"\"", &format!("\"number\":\"{number}\""))
        .replace(&field(&denied, "signature"), &URL_SAFE_NO_PAD.encode(signature));

    let judged = block_on(verifier.answer_push(&id, &answer, MOVED_AT));
    let polled = block_on(verifier.poll(&id, &login, MOVED_AT));
    match (code, number == *sent.number) {
        (1, true) => assert!(matches!((judged, polled), (Ok(Verdict::Accept), Ok(_)))),
        (1, false) => {
            assert!(matches!(judged, Err(VerifierError::Refused(Refusal::Wrong { remaining: 4, .. }))), "{judged:?}");
            assert!(matches!(polled, Err(VerifierError::Push(PushRefusal::WrongNumber))), "{polled:?}");
        }
        (2, _) => {
            assert!(matches!(judged, Ok(Verdict::Deny)), "{judged:?}");
            assert!(matches!(polled, Err(VerifierError::Push(PushRefusal::Denied))), "{polled:?}");
        }
        _ => {
            assert!(matches!(judged, Ok(Verdict::NotMe)), "{judged:?}");
            assert!(matches!(polled, Err(VerifierError::Push(PushRefusal::NotMe))), "{polled:?}");
        }
    }
}
