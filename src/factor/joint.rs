//! The joint: the one place that knows all kinds of authenticators.
//!
//! A new kind is a file that implements [`Kept`], and a line here.

use alloc::boxed::Box;

use super::browser::Browser;
use super::external::External;
use super::kind::Kept;
use super::look_up::{IssuedCode, LookUp};
use super::ocra::Ocra;
use super::otp::Otp;
use super::out_of_band::OutOfBand;
#[cfg(feature = "push")]
use super::push::Push;
#[cfg(all(test, feature = "std"))]
use super::words::Words;

/// Defines the joint from its kinds. Each has a code that is stored and never used again for another kind.
macro_rules! joint {
    ($($(#[$attribute:meta])* $kind:ident = $code:literal,)*) => {
        /// The kind of one authenticator, with the kind's own state.
        ///
        /// The tag has a byte of its own, so that reading it reads no part of a state.
        #[derive(Debug)]
        #[repr(u8)]
        pub(crate) enum Factor { $($(#[$attribute])* $kind($kind)),* }

        impl Factor {
            /// Returns the stored code of the kind.
            pub(crate) fn code(&self) -> u8 {
                match self { $($(#[$attribute])* Self::$kind(_) => $code),* }
            }

            /// Reads the state of the kind with this code, into its place in an account. The error is the offset of the
            /// first invalid byte, or `None` if no kind has the code.
            pub(crate) fn decode(code: u8, bytes: &mut [u8]) -> Result<Box<Self>, Option<usize>> {
                match code {
                    $($(#[$attribute])* $code => $kind::decode(bytes).map(|kept| Box::new(Self::$kind(kept))).map_err(Some),)*
                    _ => Err(None),
                }
            }

            /// Returns `true` if both have the same secret.
            pub(crate) fn shares_secret(&self, other: &Self) -> bool {
                match (self, other) {
                    $($(#[$attribute])* (Self::$kind(this), Self::$kind(other)) => this.shares_secret(other),)*
                    (Self::Otp(otp), Self::Ocra(token)) | (Self::Ocra(token), Self::Otp(otp)) => {
                        otp.has_secret(token.secret())
                    }
                    _ => false,
                }
            }

            pub(crate) fn copied(&self) -> Self {
                match self { $($(#[$attribute])* Self::$kind(factor) => Self::$kind(factor.copied())),* }
            }

            pub(crate) fn kept(&self) -> &dyn Kept {
                match self { $($(#[$attribute])* Self::$kind(factor) => factor),* }
            }

            pub(crate) fn kept_mut(&mut self) -> &mut dyn Kept {
                match self { $($(#[$attribute])* Self::$kind(factor) => factor),* }
            }
        }
    };
}

joint! {
    Otp = 1,
    External = 2,
    LookUp = 3,
    OutOfBand = 4,
    #[cfg(feature = "push")] Push = 5,
    Ocra = 6,
    Browser = 7,
    IssuedCode = 8,
    #[cfg(all(test, feature = "std"))] Words = 255,
}
