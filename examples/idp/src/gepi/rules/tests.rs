use jiff::civil::date;

use super::*;

const TODAY: Date = date(2026, 3, 2);
const ME: &str = "ACTOR";
const CITIZEN: &str = "CITIZEN";
const AREA: &str = "Roma 1";
const ACTIONS: [Action; 5] = [Action::Open, Action::Print, Action::Submit, Action::Assign, Action::Delegate];
const MATTERS: [Matter; 4] = [Matter::Pact, Matter::Registry, Matter::Household, Matter::Project];

const NOW: Period = Period { from: date(2026, 1, 1), until: date(2026, 12, 31) };
const PAST: Period = Period { from: date(2025, 1, 1), until: date(2026, 3, 1) };
const FUTURE: Period = Period { from: date(2026, 3, 3), until: date(2026, 12, 31) };

fn case(matter: Matter, assigned: Option<&str>) -> Case {
    Case {
        id: "case".into(),
        area: AREA.into(),
        matter,
        title: String::new(),
        citizen: Some(CITIZEN.into()),
        assigned: assigned.map(ToOwned::to_owned),
    }
}

fn actor(accreditations: &[(Profile, &str, Period)], delegations: &[(&str, Period)]) -> Actor {
    let accreditations = accreditations.iter().map(|(profile, area, period)| Accreditation {
        area: (*area).to_owned(),
        profile: *profile,
        period: *period,
    });
    let delegations = delegations.iter().map(|(case, period)| Delegation {
        case: (*case).to_owned(),
        period: *period,
        by: "OPERATOR".into(),
    });
    Actor { fiscal_code: ME.into(), accreditations: accreditations.collect(), delegations: delegations.collect() }
}

/// Returns the permitted actions by their first letters, in the order of `ACTIONS`.
fn permitted(actor: &Actor, case: &Case) -> String {
    let letter = |action: &Action| format!("{action:?}").chars().next();
    ACTIONS.iter().filter(|action| actor.permit(**action, case, TODAY).is_ok()).filter_map(letter).collect()
}

#[test]
fn every_profile_has_its_actions_and_no_others() {
    // For each matter: a case of nobody, and one assigned to the person.
    let expected = [
        (Profile::Administrator, [["", ""], ["", ""], ["", ""], ["", ""]]),
        (Profile::PactCoordinator, [["OPAD", "OPAD"], ["", ""], ["", ""], ["", ""]]),
        (Profile::CaseManager, [["", "OPSD"], ["", ""], ["", ""], ["", ""]]),
        (Profile::RegistryCoordinator, [["", ""], ["OPA", "OPA"], ["", ""], ["", ""]]),
        (Profile::RegistryOfficer, [["", ""], ["OPS", "OPS"], ["", ""], ["", ""]]),
        (Profile::HouseholdCoordinator, [["", ""], ["", ""], ["OPA", "OPA"], ["", ""]]),
        (Profile::HouseholdOfficer, [["", ""], ["", ""], ["OPS", "OPS"], ["", ""]]),
        (Profile::ProjectOfficer, [["", ""], ["", ""], ["", ""], ["OPS", "OPS"]]),
    ];
    assert_eq!(expected.map(|(profile, _)| profile), Profile::ALL);
    for (profile, by_matter) in expected {
        for (matter, cells) in MATTERS.into_iter().zip(by_matter) {
            for (assigned, cell) in [None, Some(ME)].into_iter().zip(cells) {
                let case = case(matter, assigned);
                let on = |area, period| permitted(&actor(&[(profile, area, period)], &[]), &case);
                assert_eq!(on(AREA, NOW), cell, "{profile:?} {matter:?} {assigned:?}");
                // Neither in another area, nor before or after the accreditation.
                assert_eq!([on("Roma 2", NOW), on(AREA, PAST), on(AREA, FUTURE)], ["", "", ""], "{profile:?}");
            }
        }
    }
}

#[test]
fn every_profile_sees_the_administration_it_may() {
    for profile in Profile::ALL {
        let on = |area, period| {
            let actor = actor(&[(profile, area, period)], &[]);
            (actor.administer(AREA, TODAY).is_ok(), actor.monitor(AREA, TODAY).is_ok())
        };
        let expected = match profile {
            Profile::Administrator => (true, true),
            Profile::PactCoordinator | Profile::RegistryCoordinator | Profile::HouseholdCoordinator => (false, true),
            _ => (false, false),
        };
        assert_eq!(on(AREA, NOW), expected, "{profile:?}");
        for refused in [on("Roma 2", NOW), on(AREA, PAST), on(AREA, FUTURE)] {
            assert_eq!(refused, (false, false), "{profile:?}");
        }
    }
    let administrator = actor(&[(Profile::Administrator, AREA, NOW)], &[]);
    assert_eq!(administrator.accredit("OTHER", AREA, TODAY), Ok(()));
    assert_eq!(administrator.accredit(ME, AREA, TODAY), Err(Refusal::OwnAccreditation));
    assert_eq!(administrator.accredit("OTHER", "Roma 2", TODAY), Err(Refusal::NotAccredited));
    let pact = case(Matter::Pact, None);
    assert_eq!(administrator.permit(Action::Open, &pact, TODAY), Err(Refusal::NoContent));
}

#[test]
fn volunteer_sees_under_a_delegation_in_force_and_never_submits() {
    let pact = case(Matter::Pact, None);
    assert_eq!(permitted(&actor(&[], &[("case", NOW)]), &pact), "OP");
    assert_eq!(permitted(&actor(&[], &[("another", NOW)]), &pact), "");
    for (period, refusal) in
        [(PAST, Refusal::DelegationOver(PAST.until)), (FUTURE, Refusal::DelegationNotYet(FUTURE.from))]
    {
        let volunteer = actor(&[], &[("case", period)]);
        assert_eq!(permitted(&volunteer, &pact), "");
        assert_eq!(volunteer.permit(Action::Open, &pact, TODAY), Err(refusal));
    }
    // The first and the last day count.
    let day = Period { from: TODAY, until: TODAY };
    assert_eq!(permitted(&actor(&[], &[("case", day)]), &pact), "OP");
    // The case manager who stands for the citizen does not submit for them.
    let own = case(Matter::Pact, Some(ME));
    let both = actor(&[(Profile::CaseManager, AREA, NOW)], &[("case", NOW)]);
    assert_eq!(permitted(&both, &own), "OPD");
    assert_eq!(both.permit(Action::Submit, &own, TODAY), Err(Refusal::NeverSubmits));
}

#[test]
fn citizen_sees_their_own_file_and_no_check_about_them() {
    let citizen = Actor { fiscal_code: CITIZEN.into(), ..Actor::default() };
    for (matter, expected) in MATTERS.into_iter().zip(["OPS", "", "", ""]) {
        assert_eq!(permitted(&citizen, &case(matter, None)), expected, "{matter:?}");
    }
    let other = Case { citizen: Some("OTHER".into()), ..case(Matter::Pact, None) };
    assert_eq!(citizen.permit(Action::Open, &other, TODAY), Err(Refusal::NotYours));
    assert_eq!(citizen.permit(Action::Assign, &case(Matter::Pact, None), TODAY), Err(Refusal::NotPermitted));
}

#[test]
fn cases_go_to_officers_of_the_matter_and_the_area() {
    for profile in Profile::ALL {
        for matter in MATTERS {
            let takes = |area, period| actor(&[(profile, area, period)], &[]).can_take(&case(matter, None), TODAY);
            let expected = if profile.handles() == Some(matter) { Ok(()) } else { Err(Refusal::NotAnOfficer) };
            assert_eq!(takes(AREA, NOW), expected, "{profile:?} {matter:?}");
            assert_eq!(takes("Roma 2", NOW), Err(Refusal::NotAnOfficer));
            assert_eq!(takes(AREA, PAST), Err(Refusal::NotAnOfficer));
        }
    }
}

#[test]
fn delegation_is_for_somebody_else() {
    let manager = actor(&[(Profile::CaseManager, AREA, NOW)], &[]);
    let own = case(Matter::Pact, Some(ME));
    assert!(manager.delegate("VOLUNTEER", &own, TODAY).is_ok());
    assert_eq!(manager.delegate(ME, &own, TODAY), Err(Refusal::OwnDelegation));
    assert_eq!(manager.delegate(CITIZEN, &own, TODAY), Err(Refusal::OwnDelegation));
    assert_eq!(manager.delegate("VOLUNTEER", &case(Matter::Pact, None), TODAY), Err(Refusal::NotYours));
}
