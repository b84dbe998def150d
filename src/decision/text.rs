use core::fmt::{self, Display, Formatter};

use crate::decision::{Hold, PublicRefusal};
use crate::types::{MalformedCode, UnixTime};

/// A language of the texts that subscribers read, such as [`PublicRefusal::text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Language {
    /// English.
    English,
    /// Italian.
    Italian,
}

impl PublicRefusal {
    /// Returns a text for the login page.
    ///
    /// `time` writes a time for the person who reads the page, in that person's time zone and style. The crate knows no
    /// time zones.
    ///
    /// ```
    /// use secondo::decision::{Hold, Language};
    /// use secondo::{PublicRefusal, UnixTime};
    ///
    /// let time = |_: UnixTime| "18:30"; // from the page's calendar library
    /// let wrong = PublicRefusal::Wrong { remaining: 1, hold: Hold::None };
    /// assert_eq!(wrong.text(Language::English, time).to_string(), "The code is not correct. 1 attempt remains.");
    ///
    /// let locked = PublicRefusal::Locked { until: Some(UnixTime::from_secs(1_700_000_000)?) };
    /// let text = locked.text(Language::Italian, time).to_string();
    /// assert_eq!(text, "Ci sono stati troppi tentativi non riusciti. Potrai riprovare a partire da: 18:30.");
    /// # Ok::<(), secondo::types::TimeError>(())
    /// ```
    pub fn text<T: Display>(self, language: Language, time: impl Fn(UnixTime) -> T) -> impl Display {
        Text::new(self, language, time)
    }
}

/// A refusal as a text for a page.
pub(super) struct Text<F> {
    refusal: PublicRefusal,
    phrases: &'static Phrases,
    time: F,
}

/// The phrases of one language. A pair stands before and after a number or a time.
struct Phrases {
    length: (&'static str, &'static str),
    character: &'static str,
    count: (&'static str, &'static str),
    whole_recovery_code: &'static str,
    recovery_character: &'static str,
    typing_error: &'static str,
    wrong: &'static str,
    one_remains: &'static str,
    remain: (&'static str, &'static str),
    too_many: &'static str,
    again: (&'static str, &'static str),
    suspended: &'static str,
    expired: &'static str,
    not_approved: &'static str,
    enrollment_code: &'static str,
    unavailable: &'static str,
    help: &'static str,
}

const ENGLISH: Phrases = Phrases {
    length: ("Enter a code of ", " digits."),
    character: "Enter digits only.",
    count: ("Enter ", " consecutive codes."),
    whole_recovery_code: "Enter the whole recovery code.",
    recovery_character: "Enter only the letters and digits of the recovery code.",
    typing_error: "The recovery code has a typing error. Compare it with your list.",
    wrong: "The code is not correct.",
    one_remains: "1 attempt remains.",
    remain: ("", " attempts remain."),
    too_many: "Too many attempts have failed.",
    again: ("You can try again from ", "."),
    suspended: "Your authenticator is suspended.",
    expired: "The time is over. Ask for another code or notification.",
    not_approved: "The login was not approved in the app.",
    enrollment_code: "The code of the help desk is wrong, used or expired.",
    unavailable: "The code cannot be verified now. Try again later.",
    help: "Contact the help desk.",
};

const ITALIAN: Phrases = Phrases {
    length: ("Inserisci un codice di ", " cifre."),
    character: "Inserisci soltanto cifre.",
    count: ("Inserisci ", " codici consecutivi."),
    whole_recovery_code: "Inserisci il codice di recupero per intero.",
    recovery_character: "Inserisci soltanto le lettere e le cifre del codice di recupero.",
    typing_error: "Il codice di recupero contiene un errore di battitura. Confrontalo con il tuo elenco.",
    wrong: "Il codice non è corretto.",
    one_remains: "Resta 1 tentativo.",
    remain: ("Restano ", " tentativi."),
    too_many: "Ci sono stati troppi tentativi non riusciti.",
    again: ("Potrai riprovare a partire da: ", "."),
    suspended: "Il tuo autenticatore è sospeso.",
    expired: "Il tempo è scaduto. Chiedi un altro codice o un'altra notifica.",
    not_approved: "L'accesso non è stato approvato nell'app.",
    enrollment_code: "Il codice dell'assistenza è errato, già usato o scaduto.",
    unavailable: "Il codice non può essere verificato in questo momento. Riprova più tardi.",
    help: "Contatta l'assistenza.",
};

impl<F> Text<F> {
    pub(super) fn new(refusal: PublicRefusal, language: Language, time: F) -> Self {
        let phrases = match language {
            Language::English => &ENGLISH,
            Language::Italian => &ITALIAN,
        };
        Self { refusal, phrases, time }
    }
}

impl<T: Display, F: Fn(UnixTime) -> T> Display for Text<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.refusal {
            PublicRefusal::Malformed(MalformedCode::Length { expected, .. }) => {
                around(f, self.phrases.length, expected)
            }
            PublicRefusal::Malformed(MalformedCode::Character { .. }) => f.write_str(self.phrases.character),
            PublicRefusal::Malformed(MalformedCode::Count { expected, .. }) => around(f, self.phrases.count, expected),
            PublicRefusal::Malformed(MalformedCode::RecoveryLength { .. }) => {
                f.write_str(self.phrases.whole_recovery_code)
            }
            PublicRefusal::Malformed(MalformedCode::RecoveryCharacter { .. }) => {
                f.write_str(self.phrases.recovery_character)
            }
            PublicRefusal::Malformed(MalformedCode::RecoveryCheck) => f.write_str(self.phrases.typing_error),
            PublicRefusal::Wrong { remaining, hold } => {
                write!(f, "{} ", self.phrases.wrong)?;
                self.after_failure(f, remaining, hold)
            }
            PublicRefusal::Locked { until } => self.locked(f, until),
            PublicRefusal::Throttled { retry_at } => self.again(f, retry_at),
            PublicRefusal::Suspended => write!(f, "{} {}", self.phrases.suspended, self.phrases.help),
            PublicRefusal::NotApproved => f.write_str(self.phrases.not_approved),
            PublicRefusal::EnrollmentCode => write!(f, "{} {}", self.phrases.enrollment_code, self.phrases.help),
            PublicRefusal::Expired => f.write_str(self.phrases.expired),
            PublicRefusal::Unavailable => f.write_str(self.phrases.unavailable),
        }
    }
}

impl<T: Display, F: Fn(UnixTime) -> T> Text<F> {
    fn after_failure(&self, f: &mut Formatter<'_>, remaining: u8, hold: Hold) -> fmt::Result {
        match hold {
            Hold::None => self.remain(f, remaining),
            Hold::Throttled(retry_at) => {
                self.remain(f, remaining)?;
                f.write_str(" ")?;
                self.again(f, retry_at)
            }
            Hold::LockedUntil(until) => self.locked(f, Some(until)),
            Hold::Locked => self.locked(f, None),
        }
    }

    fn locked(&self, f: &mut Formatter<'_>, until: Option<UnixTime>) -> fmt::Result {
        write!(f, "{} ", self.phrases.too_many)?;
        match until {
            Some(until) => self.again(f, until),
            None => f.write_str(self.phrases.help),
        }
    }

    fn remain(&self, f: &mut Formatter<'_>, remaining: u8) -> fmt::Result {
        match remaining {
            1 => f.write_str(self.phrases.one_remains),
            _ => around(f, self.phrases.remain, remaining),
        }
    }

    fn again(&self, f: &mut Formatter<'_>, at: UnixTime) -> fmt::Result {
        around(f, self.phrases.again, (self.time)(at))
    }
}

fn around(f: &mut Formatter<'_>, (before, after): (&str, &str), value: impl Display) -> fmt::Result {
    write!(f, "{before}{value}{after}")
}
