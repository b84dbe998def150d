/// The way in which the person shows that the number on the page is the one of the notification.
///
/// Only [`SixDigits`](Self::SixDigits) counts as AAL2. NIST SP 800-63B-4 section 3.1.3.2 requires that the person
/// transfers the number, which a comparison does not, and a secret of two digits is guessed too easily.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matching {
    /// The person types six digits from the page into the app.
    #[default]
    SixDigits,
    /// The person types two digits from the page into the app. Weaker: one of a hundred blind answers is right.
    TwoDigits,
    /// The app shows the six digits of the page, and the person compares them. Weaker: many people accept without
    /// comparing.
    Compare,
}

impl Matching {
    /// Returns `true` if a login with it can count as NIST AAL2.
    #[must_use]
    pub const fn counts_for_aal2(self) -> bool {
        matches!(self, Self::SixDigits)
    }

    pub(super) const ALL: [Self; 3] = [Self::SixDigits, Self::TwoDigits, Self::Compare];

    /// Returns the name in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SixDigits => "type-6",
            Self::TwoDigits => "type-2",
            Self::Compare => "compare",
        }
    }

    /// Returns the code in signed bytes and in records.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::SixDigits => 0,
            Self::TwoDigits => 1,
            Self::Compare => 2,
        }
    }

    /// Returns the number of digits of the number.
    pub(super) const fn digits(self) -> usize {
        match self {
            Self::SixDigits | Self::Compare => 6,
            Self::TwoDigits => 2,
        }
    }

    /// Returns `true` if the person types the number.
    pub(super) const fn is_typed(self) -> bool {
        !matches!(self, Self::Compare)
    }
}
