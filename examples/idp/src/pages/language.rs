//! The languages of the pages, and the texts of values of the crate.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use secondo::assurance::OutcomeCode;
use secondo::decision::Language as RefusalLanguage;
use secondo::{PublicRefusal, UnixTime};

use crate::attributes::Attribute;

/// A text in Italian and in English.
#[derive(Clone, Copy)]
pub(crate) struct Text(pub(crate) &'static str, pub(crate) &'static str);

impl Text {
    pub(crate) const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::Italian => self.0,
            Language::English => self.1,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Italian,
    English,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::Italian, Self::English];

    /// Returns the language with this code of BCP 47, or with one that begins with it.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        let start = code.split('-').next()?;
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(start))
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Italian => "it",
            Self::English => "en",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Italian => "Italiano",
            Self::English => "English",
        }
    }

    /// Returns the language of the crate's texts.
    pub(crate) const fn of_refusals(self) -> RefusalLanguage {
        match self {
            Self::Italian => RefusalLanguage::Italian,
            Self::English => RefusalLanguage::English,
        }
    }

    /// Returns the text of a refusal.
    pub(crate) fn refusal(self, refusal: PublicRefusal) -> String {
        refusal.text(self.of_refusals(), time_of_day).to_string()
    }

    /// Returns the text about a login that ended, or `None` if the person chose to end it.
    pub(crate) const fn outcome(self, outcome: OutcomeCode) -> Option<&'static str> {
        let text = match outcome {
            OutcomeCode::TooManyAttempts => Text(
                "Troppi tentativi non riusciti. Riprova più tardi, o chiama l'assistenza.",
                "Too many failed attempts. Try again later, or call the help desk.",
            ),
            OutcomeCode::NoCredential => Text(
                "Il servizio richiede un livello di sicurezza che le tue credenziali non raggiungono.",
                "The service requires a level of security that your credentials do not reach.",
            ),
            OutcomeCode::TimedOut => Text(
                "Il tempo per l'accesso è scaduto. Ricomincia dal servizio.",
                "The time to sign in has expired. Start again at the service.",
            ),
            OutcomeCode::Suspended => Text(
                "La tua identità o le tue credenziali sono sospese o revocate.",
                "Your identity or your credentials are suspended or revoked.",
            ),
            OutcomeCode::ConsentRefused | OutcomeCode::Cancelled => return None,
        };
        Some(text.in_language(self))
    }

    /// Returns the name of an attribute.
    pub(crate) const fn attribute(self, attribute: Attribute) -> &'static str {
        let text = match attribute {
            Attribute::SpidCode => Text("Codice identificativo SPID", "SPID identifier"),
            Attribute::FiscalNumber => Text("Codice fiscale", "Fiscal code"),
            Attribute::GivenName => Text("Nome", "First name"),
            Attribute::FamilyName => Text("Cognome", "Family name"),
            Attribute::Gender => Text("Sesso", "Sex"),
            Attribute::DateOfBirth => Text("Data di nascita", "Date of birth"),
            Attribute::PlaceOfBirth => Text("Luogo e provincia di nascita", "Place and province of birth"),
            Attribute::MobilePhone => Text("Numero di cellulare", "Mobile number"),
            Attribute::Email => Text("Indirizzo e-mail", "E-mail address"),
            Attribute::DigitalAddress => Text("Domicilio digitale", "Digital address"),
            Attribute::ExpirationDate => Text("Scadenza dell'identità", "Expiry of the identity"),
        };
        text.in_language(self)
    }
}

/// Returns a time as the clocks in Italy show it, with the date if that is another day.
pub(crate) fn time_of_day(time: UnixTime) -> String {
    let shown = in_italy(Timestamp::from_second(time.into()).unwrap_or_default());
    let is_today = shown.date() == in_italy(Timestamp::now()).date();
    shown.strftime(if is_today { "%H:%M" } else { DATE_AND_TIME }).to_string()
}

/// Returns a time in seconds with its date, as the clocks in Italy show it.
pub(super) fn date_and_time(secs: u64) -> String {
    let time = i64::try_from(secs).ok().and_then(|secs| Timestamp::from_second(secs).ok());
    in_italy(time.unwrap_or_default()).strftime(DATE_AND_TIME).to_string()
}

const DATE_AND_TIME: &str = "%d/%m/%Y %H:%M";

/// Returns the first second of a day, such as `2026-02-28`, in Italy.
pub(crate) fn start_of_day(date: Date) -> Option<u64> {
    let start = date.to_zoned(TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC)).ok()?;
    u64::try_from(start.timestamp().as_second()).ok()
}

fn in_italy(time: Timestamp) -> Zoned {
    time.to_zoned(TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC))
}
