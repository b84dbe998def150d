//! The first step of a registration: the personal data.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::PAGE;
use super::application::{Application, Step};
use super::fiscal_code::FiscalCode;
use crate::app::App;
use crate::http::{Answer, Visit};
use crate::problem::Problem;

/// The greatest number of characters of a name.
const NAME_CHARS: usize = 60;
const ADULT_YEARS: i32 = 18;

/// The personal data of a form, as they were typed, or of an application.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Personal {
    pub(crate) name: String,
    pub(crate) family_name: String,
    /// `F` or `M`
    pub(crate) gender: String,
    /// `1980-02-29`
    pub(crate) date_of_birth: String,
    pub(crate) county_of_birth: String,
    pub(crate) place_of_birth: String,
    pub(crate) fiscal_code: String,
}

#[derive(Deserialize)]
pub(crate) struct Given {
    form: String,
    #[serde(flatten)]
    personal: Personal,
}

pub(super) async fn take(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Given { form, personal }): Form<Given>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let held = visit.application().await?;
    let application = held.unwrap_or_default();
    if form != visit.browser.form_token() || !application.may_change(Step::Personal) {
        return Ok(visit.go_to(PAGE));
    }
    let personal = application.with_certified(personal);
    match personal.checked(visit.now) {
        Ok(personal) => {
            let set = |application: &mut Application| {
                (application.personal, application.typed) = (Some(personal.clone()), None);
            };
            visit.change_application(set).await?;
            Ok(visit.go_to(PAGE))
        }
        Err(problems) => {
            let typed = personal.cut();
            visit.change_application(|application| application.typed = Some(typed.clone())).await?;
            visit.refuse_step(Step::Personal, problems).await
        }
    }
}

impl Personal {
    /// Returns what was typed, cut so that it fits into the record.
    fn cut(self) -> Self {
        let cut = |text: String| text.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS).collect();
        Self {
            name: cut(self.name),
            family_name: cut(self.family_name),
            gender: cut(self.gender),
            date_of_birth: cut(self.date_of_birth),
            county_of_birth: cut(self.county_of_birth),
            place_of_birth: cut(self.place_of_birth),
            fiscal_code: cut(self.fiscal_code),
        }
    }

    /// Returns the data in their one form, or all problems.
    fn checked(&self, now: UnixTime) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let upper = |text: &str| text.trim().to_uppercase();
        let data = Self {
            name: self.name.split_whitespace().collect::<Vec<_>>().join(" "),
            family_name: self.family_name.split_whitespace().collect::<Vec<_>>().join(" "),
            gender: upper(&self.gender),
            date_of_birth: self.date_of_birth.trim().to_owned(),
            county_of_birth: upper(&self.county_of_birth),
            place_of_birth: upper(&self.place_of_birth),
            fiscal_code: String::new(),
        };
        for (name, problem) in [(&data.name, Problem::Name), (&data.family_name, Problem::FamilyName)] {
            if !is_name(name) {
                problems.push(problem);
            }
        }
        if !["F", "M"].contains(&data.gender.as_str()) {
            problems.push(Problem::Gender);
        }
        let birth = birth(&data.date_of_birth, now);
        problems.extend(birth.err());
        if data.county_of_birth.len() != 2 || !data.county_of_birth.bytes().all(|letter| letter.is_ascii_uppercase()) {
            problems.push(Problem::CountyOfBirth);
        }
        if !is_place(&data.place_of_birth) {
            problems.push(Problem::PlaceOfBirth);
        }
        let code = FiscalCode::parse(&self.fiscal_code);
        problems.extend(code.as_ref().err());
        // The code is compared with data that are right by themselves.
        if let (Ok(code), Ok(birth), true) = (&code, birth, problems.is_empty()) {
            let gender = if data.gender == "F" { 'F' } else { 'M' };
            problems.extend(code.check(birth, gender, &data.place_of_birth).err());
        }
        match code {
            Ok(code) if problems.is_empty() => Ok(Self { fiscal_code: code.as_str().to_owned(), ..data }),
            _ => Err(problems),
        }
    }
}

/// Returns `true` for names of letters, apostrophes, hyphens and spaces.
fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphabetic() || " '’-.".contains(letter);
    name.chars().any(char::is_alphabetic) && name.chars().count() <= NAME_CHARS && name.chars().all(is_letter)
}

/// Returns the date of birth of an adult.
fn birth(text: &str, now: UnixTime) -> Result<Date, Problem> {
    let birth: Date = text.parse().map_err(|_| Problem::DateOfBirth)?;
    let today = today(now);
    if birth.year() < 1900 || birth > today || text.len() != 10 {
        return Err(Problem::DateOfBirth);
    }
    // A person born on 29 February is an adult from 1 March.
    let youngest = today.checked_sub(ADULT_YEARS.years()).map_err(|_| Problem::DateOfBirth)?;
    if birth > youngest { Err(Problem::Minor) } else { Ok(birth) }
}

/// Returns the day in Italy.
pub(crate) fn today(now: UnixTime) -> Date {
    let zone = jiff::tz::TimeZone::get("Europe/Rome").unwrap_or(jiff::tz::TimeZone::UTC);
    Timestamp::from_second(now.into()).unwrap_or_default().to_zoned(zone).date()
}

/// Returns `true` for the form of codes of municipalities and countries: `H501`.
fn is_place(code: &str) -> bool {
    let (letter, digits) = code.split_at_checked(1).unwrap_or_default();
    letter.bytes().all(|letter| letter.is_ascii_uppercase())
        && digits.len() == 3
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}
