//! Lines of recovery codes, one set a line: for import from a database.
//!
//! Each line has four fields, separated by tabs:
//!
//! | field | content |
//! |---|---|
//! | `name` | text of 1 to 255 bytes, without control characters |
//! | `bits` | the bits of entropy of each code, 1 to 255 |
//! | `form` | `text`, or `sha512:12` for hashes of codes that have 12 characters |
//! | `codes` | 1 to 16 unused codes, or their SHA-512 hashes in base64, separated by spaces |
//!
//! The codes are hashed again, under a salt for each set. That takes some three milliseconds for each code.
//!
//! # From django-otp
//!
//! Its static tokens are plain, and have 40 bits unless the provider made them otherwise. With `psql -At -F $'\t'`:
//!
//! ```sql
//! select u.username || '/' || d.id, 40, 'text', string_agg(t.token, ' ')
//! from otp_static_staticdevice d join otp_static_statictoken t on t.device_id = d.id
//! join auth_user u on u.id = d.user_id where d.confirmed group by u.username, d.id;
//! ```
//!
//! # From Keycloak
//!
//! Its codes are 12 of 34 letters and digits, which are 61 bits, under SHA-512 without a salt. Used ones are no longer
//! in the database. Keycloak asks for one code after the other; here they are accepted in any order. Users of a storage
//! provider have rows of their own, without a user name.
//!
//! ```sql
//! with c as (
//!     select u.username || '/' || c.id as name, c.type, c.secret_data
//!     from credential c join user_entity u on u.id = c.user_id
//!     union all
//!     select c.user_id || '/' || c.id, c.type, c.secret_data from fed_user_credential c)
//! select c.name, 61, 'sha512:12', string_agg(code->>'encodedHashedValue', ' ')
//! from c, json_array_elements(c.secret_data::json->'codes') code
//! where c.type = 'recovery-authn-codes' group by c.name;
//! ```

use alloc::string::String;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use super::imported::{ImportError, Lines, Problem, is_name};
use super::number::number;
use crate::factor::ImportedRecoveryCodes;

const LABEL: &[u8] = b"secondo salt of recovery codes";

/// A set of recovery codes from another system, ready for [`Verifier::import`](crate::Verifier::import).
#[derive(Debug)]
#[non_exhaustive]
pub struct ImportedSet {
    /// The number of its line in the file, from 1.
    pub line: usize,
    /// The source's name for the set or its owner.
    pub name: String,
    /// The codes.
    pub codes: ImportedRecoveryCodes,
}

/// Reads sets of recovery codes line by line. The salts are derived from `random`.
///
/// ```
/// use secondo::formats::{Problem, recovery_codes};
///
/// let file = b"alice\t40\ttext\tgeo3x2ab 7sk2pq4d\nbob\t40\tplain\tgeo3x2ab\n";
/// let random = [7; 32]; // in production: 32 bytes of a random number generator
/// let mut sets = recovery_codes::read(file, &random);
/// assert_eq!(sets.next().unwrap()?.name, "alice");
/// assert_eq!(sets.next().unwrap().unwrap_err().problem, Problem::Invalid("form"));
/// # Ok::<(), secondo::formats::ImportError>(())
/// ```
pub fn read(file: &[u8], random: &[u8; 32]) -> impl Iterator<Item = Result<ImportedSet, ImportError>> {
    Lines::of(file).map(move |(line, text)| {
        text.and_then(|text| set(line, text, random)).map_err(|problem| ImportError { line, problem })
    })
}

fn set(line: usize, text: &str, random: &[u8; 32]) -> Result<ImportedSet, Problem> {
    let mut fields = text.split('\t');
    let mut field = |name| fields.next().ok_or(Problem::Missing(name));
    let (name, bits, form, codes) = (field("name")?, field("bits")?, field("form")?, field("codes")?);
    if fields.next().is_some() {
        return Err(Problem::Unknown);
    }
    if !is_name(name) {
        return Err(Problem::Invalid("name"));
    }
    let bits = number(bits).and_then(|bits| u8::try_from(bits).ok()).filter(|bits| *bits > 0);
    let bits = bits.ok_or(Problem::Invalid("bits"))?;
    let salt = salt(line, random);
    let mut codes = codes.split(' ').filter(|code| !code.is_empty());
    let codes = match form.split_once(':') {
        None if form == "text" => ImportedRecoveryCodes::from_texts(codes, bits, &salt),
        Some(("sha512", len)) => {
            let len = number(len).and_then(|len| u8::try_from(len).ok()).ok_or(Problem::Invalid("form"))?;
            // One hash more than a set can have is enough to refuse it.
            let mut hashes = [[0; 64]; ImportedRecoveryCodes::MAX_CODES + 1];
            let mut count = 0;
            for (slot, code) in hashes.iter_mut().zip(&mut codes) {
                let decoded = Base64::decode(code, slot.as_mut_slice());
                decoded.ok().filter(|decoded| decoded.len() == 64).ok_or(Problem::Invalid("codes"))?;
                count += 1;
            }
            ImportedRecoveryCodes::from_sha512(hashes.into_iter().take(count), len, bits, &salt)
        }
        _ => return Err(Problem::Invalid("form")),
    };
    Ok(ImportedSet { line, name: name.into(), codes: codes.map_err(|_| Problem::Invalid("codes"))? })
}

fn salt(line: usize, random: &[u8; 32]) -> [u8; 16] {
    let hash = Sha256::new().chain_update(LABEL).chain_update(random).chain_update((line as u64).to_be_bytes());
    hash.finalize().first_chunk().copied().unwrap_or_default()
}
