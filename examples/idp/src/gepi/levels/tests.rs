#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails so")]

use super::super::rules::{Accreditation, Delegation, Period, Profile};
use super::*;

const ALWAYS: Period = Period { from: date(2000, 1, 1), until: date(2100, 1, 1) };

fn operator() -> Actor {
    let accreditation = Accreditation { area: "Roma 1".into(), profile: Profile::CaseManager, period: ALWAYS };
    Actor { accreditations: vec![accreditation], ..Actor::default() }
}

fn volunteer() -> Actor {
    let delegation = Delegation { case: "case".into(), period: ALWAYS, by: "OPERATOR".into() };
    Actor { delegations: vec![delegation], ..Actor::default() }
}

fn admit(actor: &Actor, way: Way, pin: Option<PinTerms>, day: Date) -> Result<(), TooWeak> {
    // The last second of the day in Italy.
    let now = UnixTime::from_secs(start(day.tomorrow().unwrap()).unwrap().as_secs() - 1).unwrap();
    Settings::default().admit(actor, way, pin, now).unwrap_or_else(|_| panic!("an outage"))
}

#[test]
fn compulsion_begins_on_its_day() {
    let (operators, volunteers) = (date(2023, 5, 3), date(2017, 3, 1));
    for (actor, since) in [(operator(), operators), (volunteer(), volunteers), (Actor::default(), operators)] {
        let before = since.yesterday().unwrap();
        for way in [Way::Spid(1), Way::Spid(2), Way::Pin] {
            assert_eq!(admit(&actor, way, None, before), Ok(()), "{way:?}");
        }
        assert_eq!(admit(&actor, Way::Spid(1), None, since), Err(TooWeak::Level2(since)));
        assert_eq!(admit(&actor, Way::Spid(2), None, since), Ok(()));
        assert_eq!(admit(&actor, Way::Spid(3), None, since), Ok(()));
        assert!(admit(&actor, Way::Pin, None, since).is_err());
    }
    // A volunteer who is an operator too is bound by the earlier day.
    let both = Actor { delegations: volunteer().delegations, ..operator() };
    assert_eq!(admit(&both, Way::Spid(1), None, date(2020, 1, 1)), Err(TooWeak::Level2(volunteers)));
}

#[test]
fn citizens_keep_their_pins_by_exception() {
    let expires = date(2024, 6, 30);
    let citizen = Actor::default();
    let held = |reason| Some(PinTerms { expires, reason });
    let pin = |reason, day| admit(&citizen, Way::Pin, held(reason), day);
    assert_eq!(pin(None, expires), Ok(()));
    assert_eq!(pin(None, date(2024, 7, 1)), Err(TooWeak::PinOver(expires)));
    // A PIN that is over opens nothing before the day of Level 2 either, whoever holds it.
    let past = Some(PinTerms { expires: date(2015, 6, 30), reason: None });
    for actor in [Actor::default(), operator(), volunteer()] {
        assert_eq!(admit(&actor, Way::Pin, past, date(2016, 1, 1)), Err(TooWeak::PinOver(date(2015, 6, 30))));
    }
    assert_eq!(pin(Some(Reason::NonEu), date(2090, 1, 1)), Ok(()));
    let minor = Some(Reason::Minor { born: date(2012, 5, 4) });
    assert_eq!(pin(minor, date(2030, 5, 3)), Ok(()));
    assert_eq!(pin(minor, date(2030, 5, 4)), Err(TooWeak::PinOver(expires)));
    // The PIN is the exception, and not the person: a weak login of the same person is refused.
    assert_eq!(
        admit(&citizen, Way::Spid(1), held(Some(Reason::NonEu)), expires),
        Err(TooWeak::Level2(date(2023, 5, 3)))
    );
    for staff in [operator(), volunteer()] {
        assert!(admit(&staff, Way::Pin, held(Some(Reason::NonEu)), expires).is_err());
    }
}

#[test]
fn rights_that_are_not_in_force_end_no_exception() {
    let today = date(2024, 6, 1);
    let pin = Some(PinTerms { expires: date(2024, 6, 30), reason: None });
    let [yesterday, tomorrow] = [today.yesterday().unwrap(), today.tomorrow().unwrap()];
    for (from, until, is_in_force) in
        [(ALWAYS.from, yesterday, false), (tomorrow, ALWAYS.until, false), (ALWAYS.from, today, true)]
    {
        for mut staff in [operator(), volunteer()] {
            let periods = staff.accreditations.iter_mut().map(|held| &mut held.period);
            periods.chain(staff.delegations.iter_mut().map(|held| &mut held.period)).for_each(|held| {
                *held = Period { from, until };
            });
            assert_eq!(admit(&staff, Way::Pin, pin, today).is_err(), is_in_force, "{staff:?}");
        }
    }
}
