//! Problems of the fields of a form.

/// A problem of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    Name,
    FamilyName,
    Gender,
    DateOfBirth,
    /// The person is not 18 years old.
    Minor,
    CountyOfBirth,
    PlaceOfBirth,
    FiscalCodeForm,
    /// The last character does not match the others.
    FiscalCodeCheck,
    FiscalCodeDate,
    FiscalCodeGender,
    FiscalCodePlace,
    Email,
    /// The password is too short or too long.
    PasswordLength,
    /// The password lacks a kind of character.
    PasswordKinds,
    /// The password contains the name or the e-mail address.
    PasswordPersonal,
    Mobile,
    IdentityDocumentMissing,
    IdentityDocumentSize,
    IdentityDocumentType,
    HealthCardMissing,
    HealthCardSize,
    HealthCardType,
    /// There are more files than fields.
    Files,
    Terms,
    HandoverConsent,
    Reason,
}

impl Problem {
    /// Returns the name of the field, which is also its id on the page.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::FamilyName => "family_name",
            Self::Gender => "gender",
            Self::DateOfBirth | Self::Minor => "date_of_birth",
            Self::CountyOfBirth => "county_of_birth",
            Self::PlaceOfBirth => "place_of_birth",
            Self::FiscalCodeForm
            | Self::FiscalCodeCheck
            | Self::FiscalCodeDate
            | Self::FiscalCodeGender
            | Self::FiscalCodePlace => "fiscal_code",
            Self::Email => "email",
            Self::PasswordLength | Self::PasswordKinds | Self::PasswordPersonal => "password",
            Self::Mobile => "mobile",
            Self::IdentityDocumentMissing | Self::IdentityDocumentSize | Self::IdentityDocumentType | Self::Files => {
                "identity_document"
            }
            Self::HealthCardMissing | Self::HealthCardSize | Self::HealthCardType => "health_card",
            Self::Terms => "terms",
            Self::HandoverConsent => "consent",
            Self::Reason => "reason",
        }
    }
}
