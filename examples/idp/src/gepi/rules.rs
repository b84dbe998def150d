//! The rules of the service as functions of their arguments: who may do what, and on which ground.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The matter of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Matter {
    /// The social inclusion pact of a household. Its case is the file of a citizen.
    Pact,
    /// A check of data in the registry of residents.
    Registry,
    /// A check of the composition of a household.
    Household,
    /// A project for the collective benefit.
    Project,
}

/// A profile that an operator is accredited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Profile {
    Administrator,
    PactCoordinator,
    CaseManager,
    RegistryCoordinator,
    RegistryOfficer,
    HouseholdCoordinator,
    HouseholdOfficer,
    ProjectOfficer,
}

impl Profile {
    pub(super) const ALL: [Self; 8] = [
        Self::Administrator,
        Self::PactCoordinator,
        Self::CaseManager,
        Self::RegistryCoordinator,
        Self::RegistryOfficer,
        Self::HouseholdCoordinator,
        Self::HouseholdOfficer,
        Self::ProjectOfficer,
    ];

    /// Returns the matter that the profile coordinates.
    const fn coordinates(self) -> Option<Matter> {
        match self {
            Self::PactCoordinator => Some(Matter::Pact),
            Self::RegistryCoordinator => Some(Matter::Registry),
            Self::HouseholdCoordinator => Some(Matter::Household),
            _ => None,
        }
    }

    /// Returns the matter that the profile works on.
    pub(super) const fn handles(self) -> Option<Matter> {
        match self {
            Self::CaseManager => Some(Matter::Pact),
            Self::RegistryOfficer => Some(Matter::Registry),
            Self::HouseholdOfficer => Some(Matter::Household),
            Self::ProjectOfficer => Some(Matter::Project),
            _ => None,
        }
    }

    /// Returns `true` if the profile is shown the accesses in its area.
    const fn monitors(self) -> bool {
        matches!(self, Self::Administrator) || self.coordinates().is_some()
    }

    /// Returns `true` if the profile permits an action on a case of its area.
    fn permits(self, action: Action, case: &Case, actor: &str) -> bool {
        if self.coordinates() == Some(case.matter) {
            return match action {
                Action::Open | Action::Print | Action::Assign => true,
                Action::Delegate => case.matter == Matter::Pact,
                Action::Submit => false,
            };
        }
        if self.handles() != Some(case.matter) {
            return false;
        }
        // A case manager sees only the cases assigned to them. Officers share the work of their area.
        let is_theirs = self != Self::CaseManager || case.assigned.as_deref() == Some(actor);
        match action {
            Action::Open | Action::Print | Action::Submit => is_theirs,
            Action::Delegate => is_theirs && case.matter == Matter::Pact,
            Action::Assign => false,
        }
    }
}

/// Days from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Period {
    pub(super) from: Date,
    pub(super) until: Date,
}

impl Period {
    /// Reads the two days of a form, of which the first may not be the later one.
    pub(super) fn parse(from: &str, until: &str) -> Option<Self> {
        let (from, until) = (from.parse().ok()?, until.parse().ok()?);
        (from <= until).then_some(Self { from, until })
    }

    pub(super) fn covers(&self, day: Date) -> bool {
        (self.from..=self.until).contains(&day)
    }
}

/// The accreditation of an operator for a profile in an area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Accreditation {
    pub(super) area: String,
    pub(super) profile: Profile,
    pub(super) period: Period,
}

/// The right of a patronato volunteer to see the file of a citizen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Delegation {
    pub(super) case: String,
    pub(super) period: Period,
    /// The fiscal code of the operator who entered it.
    pub(super) by: String,
}

/// A case, as the rules see it. Its entries are records of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) area: String,
    pub(super) matter: Matter,
    pub(super) title: String,
    /// The fiscal code of the citizen, unless it is a project.
    pub(super) citizen: Option<String>,
    /// The fiscal code of the operator to whom it is assigned.
    pub(super) assigned: Option<String>,
}

/// An action on a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Action {
    Open,
    Print,
    /// Adds an application, a note or the result of a check.
    Submit,
    Assign,
    /// Enters the delegation of a volunteer.
    Delegate,
}

/// The ground on which an action is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ground {
    Profile(Profile),
    Delegation,
    OwnFile,
}

/// The reason for which an action is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refusal {
    /// The case does not exist, or the person may not open it. Pages do not tell one from the other.
    NotYours,
    /// Administrators see no content of cases.
    NoContent,
    /// The person may see the case, and not do this.
    NotPermitted,
    /// Volunteers never submit.
    NeverSubmits,
    DelegationNotYet(Date),
    DelegationOver(Date),
    /// The person is not accredited for this in the area.
    NotAccredited,
    /// Nobody accredits themselves.
    OwnAccreditation,
    /// The volunteer is the operator, or the citizen of the file.
    OwnDelegation,
    /// The case would go to somebody who is not accredited to work on it.
    NotAnOfficer,
}

impl Refusal {
    /// Returns the name of the refusal for the audit log.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::NotYours => "not_yours",
            Self::NoContent => "no_content",
            Self::NotPermitted => "not_permitted",
            Self::NeverSubmits => "never_submits",
            Self::DelegationNotYet(_) => "delegation_not_yet",
            Self::DelegationOver(_) => "delegation_over",
            Self::NotAccredited => "not_accredited",
            Self::OwnAccreditation => "own_accreditation",
            Self::OwnDelegation => "own_delegation",
            Self::NotAnOfficer => "not_an_officer",
        }
    }
}

/// A person with the rights that they have in the service.
#[derive(Clone, Debug, Default)]
pub(super) struct Actor {
    pub(super) fiscal_code: String,
    pub(super) accreditations: Vec<Accreditation>,
    pub(super) delegations: Vec<Delegation>,
}

impl Actor {
    /// Returns the accreditations that are in force.
    pub(super) fn in_force(&self, today: Date) -> impl Iterator<Item = &Accreditation> {
        self.accreditations.iter().filter(move |accreditation| accreditation.period.covers(today))
    }

    fn profiles(&self, area: &str, today: Date) -> impl Iterator<Item = Profile> {
        self.in_force(today).filter(move |accreditation| accreditation.area == area).map(|held| held.profile)
    }

    /// Decides about an action on a case.
    pub(super) fn permit(&self, action: Action, case: &Case, today: Date) -> Result<Ground, Refusal> {
        let mut delegations = self.delegations.iter().filter(|delegation| delegation.case == case.id);
        let delegation = delegations.clone().find(|delegation| delegation.period.covers(today));
        // A volunteer who is an operator too does not submit for the citizen whom they stand for.
        if delegation.is_some() && action == Action::Submit {
            return Err(Refusal::NeverSubmits);
        }
        let mut profiles = self.profiles(&case.area, today);
        if let Some(profile) = profiles.find(|profile| profile.permits(action, case, &self.fiscal_code)) {
            return Ok(Ground::Profile(profile));
        }
        let is_sight = matches!(action, Action::Open | Action::Print);
        let is_own = case.matter == Matter::Pact && case.citizen.as_ref() == Some(&self.fiscal_code);
        if is_own && (is_sight || action == Action::Submit) {
            return Ok(Ground::OwnFile);
        }
        if is_sight && delegation.is_some() {
            return Ok(Ground::Delegation);
        }
        if !is_sight && self.permit(Action::Open, case, today).is_ok() {
            return Err(Refusal::NotPermitted);
        }
        Err(match delegations.next_back().map(|delegation| delegation.period) {
            Some(period) if today < period.from => Refusal::DelegationNotYet(period.from),
            Some(period) => Refusal::DelegationOver(period.until),
            None if self.profiles(&case.area, today).any(|profile| profile == Profile::Administrator) => {
                Refusal::NoContent
            }
            None => Refusal::NotYours,
        })
    }

    /// Decides if the person may accredit operators in an area.
    pub(super) fn administer(&self, area: &str, today: Date) -> Result<(), Refusal> {
        let mut profiles = self.profiles(area, today);
        profiles.find(|profile| *profile == Profile::Administrator).map(|_| ()).ok_or(Refusal::NotAccredited)
    }

    /// Decides if the person may accredit this operator in an area, or end an accreditation.
    pub(super) fn accredit(&self, operator: &str, area: &str, today: Date) -> Result<(), Refusal> {
        self.administer(area, today)?;
        if operator == self.fiscal_code { Err(Refusal::OwnAccreditation) } else { Ok(()) }
    }

    /// Decides if the person is shown the accesses to the cases of an area.
    pub(super) fn monitor(&self, area: &str, today: Date) -> Result<(), Refusal> {
        self.profiles(area, today).find(|profile| profile.monitors()).map(|_| ()).ok_or(Refusal::NotAccredited)
    }

    /// Decides if a case may be assigned to this person.
    pub(super) fn can_take(&self, case: &Case, today: Date) -> Result<(), Refusal> {
        let mut profiles = self.profiles(&case.area, today);
        profiles.find(|profile| profile.handles() == Some(case.matter)).map(|_| ()).ok_or(Refusal::NotAnOfficer)
    }

    /// Decides if a volunteer may get a delegation for a case from this person.
    pub(super) fn delegate(&self, volunteer: &str, case: &Case, today: Date) -> Result<Ground, Refusal> {
        let ground = self.permit(Action::Delegate, case, today)?;
        let is_own = volunteer == self.fiscal_code || case.citizen.as_deref() == Some(volunteer);
        if is_own { Err(Refusal::OwnDelegation) } else { Ok(ground) }
    }
}

#[cfg(test)]
mod tests;
