//! An application for an identity: the data of a registration, from its first step until it is decided.

use jiff::ToSpan;
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::files::Document;
use super::personal::{Personal, today};
use crate::challenge::{DAY, HOUR};
use crate::http::Visit;
use crate::outage::Outage;
use crate::pages::{Language, Text};
use crate::person::{Person, Standing};
use crate::records::{Kept, Record, Records};

/// The seconds for which an application is kept after each step, and after it was sent.
pub(super) const DRAFT_SECS: u64 = HOUR;
pub(super) const WAITING_SECS: u64 = 30 * DAY;

/// The data of an application. No user name is reserved by it: whoever is identified first has the name.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) stage: Stage,
    pub(crate) personal: Option<Personal>,
    /// The personal data of a form that was refused, as they were typed.
    #[serde(default)]
    pub(crate) typed: Option<Personal>,
    pub(crate) email: String,
    /// The hash of the password.
    pub(crate) password: String,
    pub(crate) is_email_confirmed: bool,
    pub(crate) mobile: String,
    pub(crate) is_mobile_confirmed: bool,
    pub(crate) documents: Vec<Document>,
    /// The time in seconds at which the terms were accepted.
    pub(crate) terms: Option<u64>,
    pub(crate) wants_marketing: bool,
    /// The data of a credential that is handed over.
    pub(crate) certified: Option<Certified>,
    /// The code of the language of the person, for mails.
    pub(crate) language: String,
    /// The id that the person will have.
    pub(crate) person: String,
    /// The hash of the procedure code.
    pub(crate) procedure: String,
    /// The time in seconds at which the application was sent.
    pub(crate) sent: u64,
}

impl Record for Application {
    const KIND: &'static str = "application";
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// The person fills it in.
    #[default]
    Draft,
    /// It waits for an operator.
    Waiting,
    /// It is accepted, and the identity is being made.
    Accepted,
    /// The identity is there.
    Active,
    /// The person has withdrawn it. Nothing is left but the hash of the procedure code, for the second of two clicks.
    Withdrawn,
}

/// The identity data of a credential of somebody else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Certified {
    pub(crate) issuer: String,
    pub(crate) fiscal_code: String,
    pub(crate) name: String,
    pub(crate) family_name: String,
}

/// A step of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Personal,
    Email,
    Mobile,
    Documents,
    Terms,
    Summary,
}

impl Step {
    const ALL: [Self; 6] = [Self::Personal, Self::Email, Self::Mobile, Self::Documents, Self::Terms, Self::Summary];
    /// With a credential of somebody else, the number comes first and shows no data before its code.
    const HANDED_OVER: [Self; 5] = [Self::Mobile, Self::Personal, Self::Email, Self::Terms, Self::Summary];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Email => "email",
            Self::Mobile => "mobile",
            Self::Documents => "documents",
            Self::Terms => "terms",
            Self::Summary => "summary",
        }
    }
}

impl Application {
    /// Returns the steps in their order.
    pub(crate) const fn steps(&self) -> &'static [Step] {
        if self.certified.is_some() { &Step::HANDED_OVER } else { &Step::ALL }
    }

    /// Returns the first step that is not done.
    pub(crate) fn step(&self) -> Step {
        self.steps().iter().copied().find(|step| !self.is_done(*step)).unwrap_or(Step::Summary)
    }

    fn is_done(&self, step: Step) -> bool {
        match step {
            Step::Personal => self.personal.is_some(),
            Step::Email => self.is_email_confirmed,
            Step::Mobile => self.is_mobile_confirmed,
            Step::Documents => self.documents.len() == 2,
            Step::Terms => self.terms.is_some(),
            Step::Summary => self.stage != Stage::Draft,
        }
    }

    /// Returns `true` if the step with this name is done.
    pub(super) fn has_done(&self, name: &str) -> bool {
        self.steps().iter().any(|step| step.name() == name && self.is_done(*step))
    }

    /// Returns the number of a step, from 1, or `None` if the step is not among those of this application.
    pub(crate) fn number(&self, step: Step) -> Option<usize> {
        self.steps().iter().position(|other| *other == step).map(|place| place + 1)
    }

    /// Returns `true` if the step is the next one or before it, and nothing was sent.
    pub(crate) fn may_change(&self, step: Step) -> bool {
        self.stage == Stage::Draft && self.number(step).is_some() && self.number(step) <= self.number(self.step())
    }

    /// Returns the step with this name, if it may be changed.
    pub(crate) fn named(&self, name: &str) -> Option<Step> {
        self.steps().iter().copied().find(|step| step.name() == name && self.may_change(*step))
    }

    /// Returns a text in the language of the person.
    pub(super) fn say(&self, text: Text) -> &'static str {
        text.in_language(Language::of_code(&self.language).unwrap_or(Language::Italian))
    }

    /// Puts certified data in the place of typed ones.
    pub(crate) fn with_certified(&self, personal: Personal) -> Personal {
        match self.certified.clone() {
            Some(Certified { fiscal_code, name, family_name, .. }) => {
                Personal { name, family_name, fiscal_code, ..personal }
            }
            None => personal,
        }
    }

    /// Returns the person whom the application becomes, or `None` if a step is missing.
    pub(super) fn person(&self, now: UnixTime) -> Result<Option<Person>, Outage> {
        let (Some(personal), Some(terms_since), Step::Summary) = (self.personal.clone(), self.terms, self.step())
        else {
            return Ok(None);
        };
        let expires = today(now).checked_add(2.years())?;
        Ok(Some(Person {
            id: self.person.clone(),
            fiscal_code: personal.fiscal_code,
            email: self.email.clone(),
            mobile: self.mobile.clone(),
            name: personal.name,
            family_name: personal.family_name,
            gender: if personal.gender == "F" { 'F' } else { 'M' },
            date_of_birth: personal.date_of_birth,
            county_of_birth: personal.county_of_birth,
            place_of_birth: personal.place_of_birth,
            digital_address: None,
            spid_code: spid_code()?,
            expiration_date: expires.to_string(),
            password: self.password.clone(),
            password_changed_by: None,
            second_factor_since: None,
            standing: Standing::Active,
            is_operator: false,
            session_ends: 0,
            kept_session: None,
            terms_since,
            wants_marketing: self.wants_marketing,
        }))
    }
}

/// Returns a code of the provider's four letters and ten characters.
fn spid_code() -> Result<String, Outage> {
    let digits = (0..10).map(|_| {
        let digit = u32::try_from(SysRng.try_next_u64()? % 36)?;
        char::from_digit(digit, 36).ok_or(Outage("spid_code"))
    });
    Ok(format!("SCND{}", digits.collect::<Result<String, _>>()?.to_uppercase()))
}

/// Changes an application that is there. Returns `None` if it is not there, or if `change` returns no result.
pub(super) async fn change<T>(
    records: &Records,
    id: &str,
    now: UnixTime,
    mut change: impl FnMut(&mut Application) -> Option<T> + Send,
) -> Result<Option<T>, Outage> {
    let change = |held: Option<Application>| {
        let Some(mut application) = held else { return (None, None) };
        let Some(outcome) = change(&mut application) else { return (None, None) };
        let end = match application.stage {
            Stage::Draft | Stage::Active | Stage::Withdrawn => now.as_secs() + DRAFT_SECS,
            Stage::Waiting | Stage::Accepted => application.sent + WAITING_SECS,
        };
        let expires = now.saturating_add(end.saturating_sub(now.as_secs()));
        (Some(Kept::until(expires, application)), Some(outcome))
    };
    records.change(id, now, change).await
}

impl Visit {
    /// Returns the application of this browser, unless it was withdrawn.
    pub(super) async fn application(&self) -> Result<Option<Application>, Outage> {
        let Some(id) = &self.browser.session.application else { return Ok(None) };
        let held: Option<Application> = self.app.records.load(id, self.now).await?;
        Ok(held.filter(|held| held.stage != Stage::Withdrawn))
    }

    /// Returns the id of this browser's application.
    pub(super) fn application_id(&self) -> Result<String, Outage> {
        self.browser.session.application.clone().ok_or(Outage("no_application"))
    }

    /// Begins an application, if the browser has none.
    pub(super) async fn begin_application(&mut self, application: Application) -> Result<(), Outage> {
        self.create_application(self.browser.procedure(), application).await?;
        self.browser.keep(&self.app.records, self.now).await
    }

    /// Begins an application in place of one that this browser may have, under the next cookie.
    pub(super) async fn replace_application(&mut self, application: Application) -> Result<(), Outage> {
        self.create_application(self.browser.next_procedure(), application).await?;
        // Stored with the cookie, so that no click finds the one without the other.
        self.browser.renew(&self.app.records, self.now).await
    }

    async fn create_application(&mut self, id: String, application: Application) -> Result<(), Outage> {
        let create = |held: Option<Application>| {
            // One with the same data is that of the first of two clicks. Another one was left by an outage, and may be
            // that of another person at the same browser.
            let is_there = held.is_some_and(|held| held.certified == application.certified);
            let expires = self.now.saturating_add(DRAFT_SECS);
            ((!is_there).then(|| Kept::until(expires, application.clone())), ())
        };
        self.app.records.change(&id, self.now, create).await?;
        self.browser.session.application = Some(id);
        Ok(())
    }

    /// Changes the draft of this browser, or begins it.
    pub(super) async fn change_application(
        &mut self,
        mut with: impl FnMut(&mut Application) + Send,
    ) -> Result<(), Outage> {
        if self.application().await?.is_none() {
            self.begin_application(Application::default()).await?;
        }
        let draft = |application: &mut Application| (application.stage == Stage::Draft).then(|| with(application));
        change(&self.app.records, &self.application_id()?, self.now, draft).await?;
        // The session lasts as long as the draft.
        self.browser.keep(&self.app.records, self.now).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;

    #[test]
    fn spid_code_has_four_letters_and_ten_characters() {
        let codes: Vec<_> = (0..100).map(|_| spid_code().unwrap()).collect();
        for code in &codes {
            let number = code.strip_prefix("SCND").unwrap();
            assert_eq!(number.len(), 10, "{code}");
            assert!(number.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{code}");
        }
        let first = codes.first();
        assert!(codes.iter().skip(1).all(|code| Some(code) != first));
    }
}
