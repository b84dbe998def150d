//! Recovery codes, which NIST SP 800-63B-4 section 3.1.2 calls look-up secrets, and codes in the same form that a help
//! desk issues.

mod codes;
mod enrollment_code;
mod error;
mod hash;
mod imported;
mod issued;
mod left;
mod set;
mod text;

pub use codes::RecoveryCodes;
pub use enrollment_code::{EnrollmentCode, EnrollmentCodeError};
pub use error::RecoveryCodesError;
pub use imported::ImportedRecoveryCodes;
pub(crate) use issued::IssuedCode;
pub use left::RecoveryCodesLeft;
pub(crate) use set::LookUp;
pub(crate) use text::Entered;
