//! Cases and persons to try the service with, made together with the demonstration's persons of the provider.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use secondo::UnixTime;

use super::calendar::day;
use super::cases;
use super::levels::{PinTerms, Reason};
use super::people;
use super::pins::Pin;
use super::rules::{Accreditation, Case, Delegation, Matter, Period, Profile};
use crate::app::{App, random_hex};
use crate::outage::Outage;
use crate::person::{Person, hash};
use crate::records::Kept;

const AREA: &str = "Roma 1";

/// Makes the area of Maria, who is its administrator and a case manager, with the cases of four citizens.
pub(crate) async fn begin(app: &App, maria: &Person, anna: &Person, now: UnixTime) -> Result<(), Outage> {
    let today = day(now);
    let year = Period { from: today.checked_sub(1.year())?, until: today.checked_add(1.year())? };
    let past = Period { from: date(2020, 10, 1), until: date(2021, 9, 30) };
    let (maria, anna) = (maria.fiscal_code.as_str(), anna.fiscal_code.as_str());
    let staff = [(maria, Profile::Administrator), (maria, Profile::CaseManager), (anna, Profile::CaseManager)];
    for (operator, profile) in staff {
        let accreditation = Accreditation { area: AREA.into(), profile, period: year };
        people::accredit(&app.records, operator, &accreditation, now).await?.map_err(|people::Full| Outage("full"))?;
    }

    let born = date(2012, 5, 4);
    let paolo = Citizen { name: "Paolo Verdi", code: "VRDPLA70C10H501T", expires: year.until, reason: None };
    let rita = Citizen { name: "Rita Gallo", code: "GLLRTI60E55H501B", expires: past.until, reason: None };
    let giulia = Citizen {
        name: "Giulia Neri",
        code: "NREGLI12E44H501E",
        expires: past.until,
        reason: Some(Reason::Minor { born }),
    };
    let amir =
        Citizen { name: "Amir Haddad", code: "HDDMRA85D12Z330Q", expires: past.until, reason: Some(Reason::NonEu) };
    for (citizen, manager) in [(&paolo, Some(maria)), (&amir, Some(maria)), (&giulia, Some(anna)), (&rita, None)] {
        citizen.give_pin(app, now).await?;
        let title = format!("Patto di {}", citizen.name);
        let id = open(app, Matter::Pact, title, Some(citizen.code), manager, now).await?;
        let period = match citizen.name {
            "Paolo Verdi" => year,
            "Rita Gallo" => past,
            _ => continue,
        };
        // Anna is a volunteer as well: one delegation is in force, and one is over.
        let delegation = Delegation { case: id, period, by: maria.to_owned() };
        people::delegate(&app.records, anna, &delegation, now).await?.map_err(|people::Full| Outage("full"))?;
    }
    let residence = format!("Verifica della residenza di {}", rita.name);
    open(app, Matter::Registry, residence, Some(rita.code), None, now).await?;
    let household = format!("Verifica del nucleo familiare di {}", amir.name);
    open(app, Matter::Household, household, Some(amir.code), None, now).await?;
    open(app, Matter::Project, "Cura del parco di via Esempio".into(), None, None, now).await?;
    Ok(())
}

/// A citizen with a PIN of older days.
struct Citizen {
    name: &'static str,
    code: &'static str,
    expires: Date,
    reason: Option<Reason>,
}

impl Citizen {
    /// Gives a random PIN, which the outbox shows and nothing else keeps.
    async fn give_pin(&self, app: &App, now: UnixTime) -> Result<(), Outage> {
        let pin: String = random_hex()?.to_uppercase().chars().take(16).collect();
        let terms = PinTerms { expires: self.expires, reason: self.reason };
        let record = Pin { name: self.name.to_owned(), hash: hash(&pin)?, terms };
        app.records.create(self.code, Kept::forever(record), now).await?;
        let text = format!("{}\nCodice fiscale: {}\nPIN: {pin}", self.name, self.code);
        app.messages.mail(self.name, "Il tuo PIN di GePI", &text, now).await
    }
}

/// Opens a case, and returns its id.
async fn open(
    app: &App,
    matter: Matter,
    title: String,
    citizen: Option<&str>,
    assigned: Option<&str>,
    now: UnixTime,
) -> Result<String, Outage> {
    let id: String = random_hex()?.chars().take(12).collect();
    let (citizen, assigned) = (citizen.map(ToOwned::to_owned), assigned.map(ToOwned::to_owned));
    let case = Case { id: id.clone(), area: AREA.into(), matter, title, citizen, assigned };
    cases::add(&app.records, case, now).await?;
    Ok(id)
}
