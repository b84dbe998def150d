//! The refusal of a form, and the problems of its fields.

use serde::{Deserialize, Serialize};

use crate::pages::Alert;

/// The reason for which a form was refused. The next page shows it, once.
///
/// It lies in the session, so that no answer to a form is a page, which the back button could not show again.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) alert: Option<Alert>,
    pub(crate) problems: Vec<Problem>,
    /// The text of the one field that the page shows again.
    pub(crate) typed: String,
    /// The passwords that can be tried until the lock of the user name in `typed`.
    pub(crate) attempts_left: Option<u8>,
}

/// The greatest number of characters of a field that a page shows again.
const TYPED_CHARS: usize = 128;

impl Refused {
    /// Returns the refusal of a form of which the page shows this text again.
    pub(crate) fn with_typed(self, text: &str) -> Self {
        Self { typed: text.chars().filter(|letter| !letter.is_control()).take(TYPED_CHARS).collect(), ..self }
    }
}

impl From<Alert> for Refused {
    fn from(alert: Alert) -> Self {
        Self { alert: Some(alert), ..Self::default() }
    }
}

impl From<Vec<Problem>> for Refused {
    fn from(problems: Vec<Problem>) -> Self {
        Self { problems, ..Self::default() }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        vec![problem].into()
    }
}

/// A problem of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The number is of a country to which no codes are sent.
    MobileCountry,
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
            Self::Mobile | Self::MobileCountry => "mobile",
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
