use aws_lc_rs::hmac;
use base64ct::{Base64UrlUnpadded, Encoding};

/// The identifiers of persons at services. Services of one sector get the same one, and no others do.
pub(crate) struct Subjects(hmac::Key);

impl Subjects {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Returns the claim `sub` of a person for a sector.
    pub(crate) fn of(&self, sector: &str, person: &str) -> String {
        // A zero byte ends the sector, which has none, so that no two pairs are the same text.
        let tag = hmac::sign(&self.0, format!("{sector}\0{person}").as_bytes());
        Base64UrlUnpadded::encode_string(tag.as_ref())
    }
}
