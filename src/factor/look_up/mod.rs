//! Recovery codes, which NIST SP 800-63B-4 section 3.1.2 calls look-up secrets.

mod codes;
mod error;
mod hash;
mod imported;
mod left;
mod set;
mod text;

pub use codes::RecoveryCodes;
pub use error::RecoveryCodesError;
pub use imported::ImportedRecoveryCodes;
pub use left::RecoveryCodesLeft;
pub(crate) use set::LookUp;
pub(crate) use text::Entered;
