use alloc::vec::Vec;

use super::Framework;
use crate::types::Level;
use crate::verifier::Accepted;

/// The first factor of a login, which the provider verified by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FirstFactor {
    /// No factor: the person was only identified, for example by a user name.
    None,
    /// A password.
    Password,
}

/// Returns the level of a login with this first factor and an accepted code.
///
/// A password and a code reach [`Level::Two`], and a code alone reaches [`Level::One`]. No code reaches
/// [`Level::Three`], which needs a device that holds a private key (DPCM of 24 October 2014, article 6). An
/// [external](crate::factor::External) authenticator has a level of its own.
///
/// ```
/// # #[cfg(feature = "std")] {
/// # pollster::block_on(async {
/// use secondo::assurance::{self, FirstFactor, Framework};
/// # use secondo::audit::Operator;
/// # use secondo::store::Memory;
/// use secondo::types::Level;
/// # use secondo::{AccountId, Algorithm, Authenticator, Policy, Secret, State, Totp, Transaction, UnixTime, Verifier};
/// # let verifier = Verifier::unsealed(Memory::new(), Policy::default());
/// # let maria = AccountId::new("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")?;
/// # let phone = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(b"12345678901234567890")?);
/// # let (login, now) = (Transaction::new(&[2; 16])?, UnixTime::from_secs(1_111_111_111)?);
/// # let desk = Operator::new("desk", "example");
/// # verifier.import(&maria, &[(phone.into(), State::new().confirmed())], desk, now).await?;
///
/// let accepted = verifier.verify(&maria, &login, "050471", now).await?; // after the password was verified
/// assert_eq!(assurance::level(FirstFactor::Password, &accepted), Level::Two);
/// let acr = assurance::acr(Framework::Spid, FirstFactor::Password, &accepted);
/// assert_eq!(acr, "https://www.spid.gov.it/SpidL2");
/// assert_eq!(assurance::amr(FirstFactor::Password, &accepted), ["pwd", "otp", "mfa"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub const fn level(first: FirstFactor, _second: &Accepted) -> Level {
    match first {
        FirstFactor::None => Level::One,
        FirstFactor::Password => Level::Two,
    }
}

/// Returns the value of the claim `acr` for a login: the name of its level in this framework.
///
/// A login that never counts as AAL2 ([`Accepted::counts_for_aal2`]) is AAL1 under [`Framework::Nist`].
#[must_use]
pub const fn acr(framework: Framework, first: FirstFactor, second: &Accepted) -> &'static str {
    match framework {
        Framework::Nist if !second.counts_for_aal2() => framework.name(Level::One),
        _ => framework.name(level(first, second)),
    }
}

/// Returns the values of the claim `amr` for a login with this first factor and an accepted code (RFC 8176 section 2).
///
/// The claim is an array of strings. `mfa` is added to the values of the methods if there are two factors.
#[must_use]
pub fn amr(first: FirstFactor, second: &Accepted) -> Vec<&'static str> {
    let (first, both): (&[_], &[_]) = match first {
        FirstFactor::None => (&[], &[]),
        FirstFactor::Password => (&["pwd"], &["mfa"]),
    };
    [first, second.kind().amr(), both].concat()
}
