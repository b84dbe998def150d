/// A level of assurance of a login, as SPID names them (ISO/IEC 29115).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Level 1: one factor, such as a password.
    One = 1,
    /// Level 2: two factors, such as a password and a one-time password.
    Two = 2,
    /// Level 3: two factors, one of which is a physical device that holds a private key.
    Three = 3,
}

impl TryFrom<u8> for Level {
    type Error = u8;

    /// Returns the level with this number. The error is the number, if it is not 1 to 3.
    fn try_from(number: u8) -> Result<Self, u8> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            3 => Ok(Self::Three),
            _ => Err(number),
        }
    }
}
