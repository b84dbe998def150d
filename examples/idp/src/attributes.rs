//! The attributes of a person that services can ask for.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::person::Person;

/// An attribute of SPID's set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Attribute {
    SpidCode,
    FiscalNumber,
    GivenName,
    FamilyName,
    Gender,
    DateOfBirth,
    PlaceOfBirth,
    MobilePhone,
    Email,
    DigitalAddress,
    ExpirationDate,
}

impl Attribute {
    /// All attributes, in the order in which pages and answers list them.
    pub(crate) const ALL: [Self; 11] = [
        Self::SpidCode,
        Self::FiscalNumber,
        Self::GivenName,
        Self::FamilyName,
        Self::Gender,
        Self::DateOfBirth,
        Self::PlaceOfBirth,
        Self::MobilePhone,
        Self::Email,
        Self::DigitalAddress,
        Self::ExpirationDate,
    ];

    /// Returns the name of the claim.
    pub(crate) const fn claim(self) -> &'static str {
        match self {
            Self::SpidCode => "https://attributes.eid.gov.it/spid_code",
            Self::FiscalNumber => "https://attributes.eid.gov.it/fiscal_number",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::Gender => "gender",
            Self::DateOfBirth => "birthdate",
            Self::PlaceOfBirth => "place_of_birth",
            Self::MobilePhone => "phone_number",
            Self::Email => "email",
            Self::DigitalAddress => "https://attributes.eid.gov.it/e_delivery_service",
            Self::ExpirationDate => "https://attributes.eid.gov.it/eid_exp_date",
        }
    }

    /// Returns the attribute with this name of a claim.
    pub(crate) fn of_claim(claim: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.claim() == claim)
    }

    /// Returns `true` if this scope stands for the attribute (OpenID Connect Core section 5.4).
    pub(crate) fn is_of_scope(self, scope: &str) -> bool {
        match scope {
            "profile" => matches!(self, Self::GivenName | Self::FamilyName | Self::Gender | Self::DateOfBirth),
            "email" => self == Self::Email,
            "phone" => self == Self::MobilePhone,
            _ => false,
        }
    }

    /// Returns the value that a service gets, if the person has one.
    pub(crate) fn value(self, person: &Person) -> Option<Value> {
        Some(match self {
            Self::SpidCode => json!(person.spid_code),
            Self::FiscalNumber => json!(format!("TINIT-{}", person.fiscal_code)),
            Self::GivenName => json!(person.name),
            Self::FamilyName => json!(person.family_name),
            Self::Gender => json!(if person.gender == 'F' { "female" } else { "male" }),
            Self::DateOfBirth => json!(person.date_of_birth),
            Self::PlaceOfBirth => json!({ "locality": person.place_of_birth, "region": person.county_of_birth }),
            Self::MobilePhone => json!(person.mobile),
            Self::Email => json!(person.email),
            Self::DigitalAddress => json!(person.digital_address.as_deref()?),
            Self::ExpirationDate => json!(person.expiration_date),
        })
    }
}
