use core::fmt;

/// The number of recovery codes of a set that are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecoveryCodesLeft(pub(super) u8);

impl RecoveryCodesLeft {
    /// The largest number of codes that are few.
    const FEW: u8 = 3;

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Returns `true` if three codes or fewer are left. The subscriber should be offered a new set then.
    #[must_use]
    pub const fn are_few(self) -> bool {
        self.0 <= Self::FEW
    }
}

impl fmt::Display for RecoveryCodesLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
