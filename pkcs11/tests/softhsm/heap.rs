//! The memory that this program frees must have been wiped. The module's own allocations are not watched.

use secondo::Algorithm;
use secondo::seal::MasterKey;

use crate::store::{PIN, open, with_softhsm};
use crate::watching::{assert_none_freed, look_for};
use crate::{hmacs, name, one_worker, rfc_secret};

/// The HMAC of counter 0 in RFC 4226 appendix D.
const HMAC: [u8; 8] = 0xcc93_cf18_508d_9493_u64.to_be_bytes();

/// The bytes that must not be found: parts of the PIN, of the seed and of the HMAC.
const SECRETS: [&[u8]; 3] = [PIN.as_bytes(), b"1234567890", &HMAC];

#[test]
fn no_freed_memory_holds_a_pin_a_seed_or_an_hmac() {
    with_softhsm(|| {
        let secret = rfc_secret(Algorithm::Sha1);
        look_for(&SECRETS);

        let token = open().unwrap();
        token.import(&name("rossi"), &secret, Algorithm::Sha1).unwrap();
        assert!(token.import(&name("rossi"), &secret, Algorithm::Sha1).is_err());
        token.import(&name("master"), &secret, Algorithm::Sha256).unwrap();
        let hsm = one_worker(&token);
        drop(hmacs(&hsm, "rossi").unwrap());
        token.master_key(name("master")).hmac_sha256(b"message", &mut [0; 32]).unwrap();
        drop((hsm, token));
        assert_none_freed("PIN, seed or HMAC");
    });
}
