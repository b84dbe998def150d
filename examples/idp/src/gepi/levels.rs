//! The level of a login that the service requires: from which day, and with which exceptions.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use secondo::UnixTime;
use secondo::assurance::{Exception, Requirement};
use secondo::types::Level;
use serde::{Deserialize, Serialize};

use super::calendar::{day, start};
use super::rules::Actor;
use crate::outage::Outage;

/// The table `[gepi]` of the configuration.
///
/// ```toml
/// [gepi]
/// level2_from = "2023-05-03"
/// patronato_level2_from = "2017-03-01"
/// ```
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// `false` for a provider without the sample service.
    pub(crate) enabled: bool,
    /// The day from which operators and citizens need Level 2.
    pub(super) level2_from: Date,
    /// The day from which patronato volunteers need it.
    pub(super) patronato_level2_from: Date,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, level2_from: date(2023, 5, 3), patronato_level2_from: date(2017, 3, 1) }
    }
}

/// The way by which a person came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Way {
    /// A provider, with a login of this level.
    Spid(u8),
    /// The service's own PIN of older days.
    Pin,
}

/// The part of a PIN that exceptions follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PinTerms {
    /// The last day of the PIN.
    pub(super) expires: Date,
    pub(super) reason: Option<Reason>,
}

/// The reason for which a holder keeps the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reason {
    /// Providers identify adults only.
    Minor { born: Date },
    /// A person without the documents that providers ask for.
    NonEu,
}

/// The refusal of a login that is too weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TooWeak {
    /// Level 2 is compulsory since this day.
    Level2(Date),
    /// The PIN was valid until this day.
    PinOver(Date),
}

const MINOR: &str = "minor";
const NON_EU: &str = "non_eu";
const PIN: &str = "pin";

impl PinTerms {
    /// Returns the exception that applies to the holder.
    fn exception(self, now: UnixTime) -> Result<Exception<'static>, Outage> {
        match self.reason {
            Some(Reason::NonEu) => return Ok(Exception::new(NON_EU)),
            Some(Reason::Minor { born }) => {
                let adult = born.checked_add(18.years())?;
                if day(now) < adult {
                    return Ok(Exception::new(MINOR).until(start(adult)?));
                }
            }
            None => {}
        }
        Ok(Exception::new(PIN).until(start(self.expires.tomorrow()?)?))
    }
}

impl Settings {
    /// Returns `true` if everybody without an exception needs Level 2.
    pub(super) fn is_compulsory(&self, now: UnixTime) -> bool {
        day(now) >= self.level2_from
    }

    /// Decides if a login is strong enough for the person, or for which reason it is not.
    ///
    /// Exceptions are for citizens only. A person with an accreditation in force today is an operator, and one with a
    /// delegation in force today is a volunteer. For a person who is both, the earlier of the two days counts.
    pub(super) fn admit(
        &self,
        actor: &Actor,
        way: Way,
        pin: Option<PinTerms>,
        now: UnixTime,
    ) -> Result<Result<(), TooWeak>, Outage> {
        let reached = match way {
            Way::Spid(level) => Level::try_from(level).map_err(|_| Outage("level"))?,
            Way::Pin => Level::One,
        };
        let exceptions = &[MINOR, NON_EU, PIN];
        let exception = pin.filter(|_| way == Way::Pin).map(|pin| pin.exception(now)).transpose()?;
        // A PIN that is over opens nothing, and this has no first day.
        let always = Requirement::new(Level::Two, UnixTime::EPOCH, exceptions);
        if let (Some(pin), Some(_)) = (pin, exception)
            && always.check(reached, exception, now).is_err()
        {
            return Ok(Err(TooWeak::PinOver(pin.expires)));
        }
        let is_operator = actor.in_force(day(now)).next().is_some();
        let is_volunteer = actor.delegations.iter().any(|delegation| delegation.period.covers(day(now)));
        let staff = [(is_operator, self.level2_from), (is_volunteer, self.patronato_level2_from)];
        for (_, since) in staff.into_iter().filter(|(applies, _)| *applies) {
            if Requirement::new(Level::Two, start(since)?, &[]).check(reached, None, now).is_err() {
                return Ok(Err(TooWeak::Level2(since)));
            }
        }
        if staff.iter().any(|(applies, _)| *applies) {
            return Ok(Ok(()));
        }
        let citizens = Requirement::new(Level::Two, start(self.level2_from)?, exceptions);
        Ok(citizens.check(reached, exception, now).map(drop).map_err(|_| TooWeak::Level2(self.level2_from)))
    }
}

#[cfg(test)]
mod tests;
