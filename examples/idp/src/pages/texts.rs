//! The texts of the pages in Italian and English.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secondo::assurance::OutcomeCode;
use secondo::decision::Language as RefusalLanguage;
use secondo::{PublicRefusal, UnixTime};

use crate::attributes::Attribute;

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

    /// Returns the text of a refusal.
    pub(crate) fn refusal(self, refusal: PublicRefusal) -> String {
        let language = match self {
            Self::Italian => RefusalLanguage::Italian,
            Self::English => RefusalLanguage::English,
        };
        refusal.text(language, time_of_day).to_string()
    }

    /// Returns the text about a login that ended, or `None` if the person chose to end it.
    pub(crate) const fn outcome(self, outcome: OutcomeCode) -> Option<&'static str> {
        let texts = self.texts();
        match outcome {
            OutcomeCode::TooManyAttempts => Some(texts.too_many_attempts),
            OutcomeCode::NoCredential => Some(texts.no_credential),
            OutcomeCode::TimedOut => Some(texts.timed_out),
            OutcomeCode::Suspended => Some(texts.suspended),
            OutcomeCode::ConsentRefused | OutcomeCode::Cancelled => None,
        }
    }

    /// Returns the name of an attribute.
    pub(crate) const fn attribute(self, attribute: Attribute) -> &'static str {
        let (italian, english) = match attribute {
            Attribute::SpidCode => ("Codice identificativo SPID", "SPID identifier"),
            Attribute::FiscalNumber => ("Codice fiscale", "Fiscal code"),
            Attribute::GivenName => ("Nome", "First name"),
            Attribute::FamilyName => ("Cognome", "Family name"),
            Attribute::Gender => ("Sesso", "Sex"),
            Attribute::DateOfBirth => ("Data di nascita", "Date of birth"),
            Attribute::PlaceOfBirth => ("Luogo e provincia di nascita", "Place and province of birth"),
            Attribute::MobilePhone => ("Numero di cellulare", "Mobile number"),
            Attribute::Email => ("Indirizzo e-mail", "E-mail address"),
            Attribute::DigitalAddress => ("Domicilio digitale", "Digital address"),
            Attribute::ExpirationDate => ("Scadenza dell'identità", "Expiry of the identity"),
        };
        match self {
            Self::Italian => italian,
            Self::English => english,
        }
    }

    pub(crate) const fn texts(self) -> &'static Texts {
        match self {
            Self::Italian => &ITALIAN,
            Self::English => &ENGLISH,
        }
    }
}

/// Returns a time as the clocks in Italy show it, with the date if that is another day.
fn time_of_day(time: UnixTime) -> String {
    let zone = TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC);
    let local = |time: Timestamp| time.to_zoned(zone.clone());
    let shown = local(Timestamp::from_second(time.into()).unwrap_or_default());
    let is_today = shown.date() == local(Timestamp::now()).date();
    shown.strftime(if is_today { "%H:%M" } else { "%d/%m/%Y %H:%M" }).to_string()
}

/// The texts in one language.
pub(crate) struct Texts {
    pub(crate) skip: &'static str,
    pub(crate) claim: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
    pub(crate) next: &'static str,
    pub(crate) wrong_password: &'static str,
    pub(crate) attempts_left: &'static str,
    pub(crate) password_locked: &'static str,
    pub(crate) code_title: &'static str,
    pub(crate) code: &'static str,
    pub(crate) code_hint: &'static str,
    pub(crate) enroll_title: &'static str,
    pub(crate) enroll_hint: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) first_code: &'static str,
    pub(crate) qr: &'static str,
    pub(crate) my_security: &'static str,
    pub(crate) devices: &'static str,
    pub(crate) log_out: &'static str,
    pub(crate) unavailable: &'static str,
    pub(crate) back: &'static str,
    pub(crate) access_to: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) consent_title: &'static str,
    pub(crate) consent_hint: &'static str,
    pub(crate) consent_none: &'static str,
    pub(crate) consent_yes: &'static str,
    pub(crate) consent_no: &'static str,
    pub(crate) ended_title: &'static str,
    pub(crate) back_to: &'static str,
    pub(crate) too_many_attempts: &'static str,
    pub(crate) no_credential: &'static str,
    pub(crate) timed_out: &'static str,
    pub(crate) suspended: &'static str,
    pub(crate) refused_title: &'static str,
    pub(crate) refused_hint: &'static str,
}

static ITALIAN: Texts = Texts {
    skip: "Vai al contenuto",
    claim: "Identità digitale",
    sign_in: "Entra",
    user: "E-mail o codice fiscale",
    password: "Password",
    next: "Prosegui",
    wrong_password: "Il nome utente o la password non sono corretti.",
    attempts_left: "Tentativi rimanenti:",
    password_locked: "Troppi tentativi. Riprova tra 15 minuti.",
    code_title: "Codice dell'app",
    code: "Codice di 6 cifre",
    code_hint: "Apri la tua app e scrivi il codice che mostra.",
    enroll_title: "Attiva la tua app",
    enroll_hint: "Inquadra il codice QR con un'app di autenticazione, poi scrivi il primo codice che mostra.",
    secret: "Oppure scrivi questa chiave nell'app:",
    first_code: "Primo codice",
    qr: "Codice QR della chiave",
    my_security: "La mia sicurezza",
    devices: "Dispositivi",
    log_out: "Esci",
    unavailable: "Il servizio non è disponibile. Riprova più tardi.",
    back: "Torna all'inizio",
    access_to: "Accesso a",
    cancel: "Annulla",
    consent_title: "Autorizzi l'invio dei dati?",
    consent_hint: "Questi dati saranno inviati al servizio:",
    consent_none: "Al servizio non sarà inviato nessun dato personale, solo un identificativo che vale per quel servizio.",
    consent_yes: "Acconsento",
    consent_no: "Non acconsento",
    ended_title: "Accesso non riuscito",
    back_to: "Torna a",
    too_many_attempts: "Troppi tentativi non riusciti. Riprova più tardi.",
    no_credential: "Il servizio richiede un livello di sicurezza che le tue credenziali non raggiungono. Attiva prima la tua \
        app nella pagina «La mia sicurezza».",
    timed_out: "Il tempo per l'accesso è scaduto. Ricomincia dal servizio.",
    suspended: "La tua identità o le tue credenziali sono sospese o revocate.",
    refused_title: "Richiesta non valida",
    refused_hint: "Il servizio ha inviato una richiesta non valida. Torna al servizio e riprova.",
};

static ENGLISH: Texts = Texts {
    skip: "Skip to the content",
    claim: "Digital identity",
    sign_in: "Sign in",
    user: "E-mail or fiscal code",
    password: "Password",
    next: "Continue",
    wrong_password: "The user name or the password is not correct.",
    attempts_left: "Attempts left:",
    password_locked: "Too many attempts. Try again in 15 minutes.",
    code_title: "Code of the app",
    code: "Code of 6 digits",
    code_hint: "Open your app and type the code that it shows.",
    enroll_title: "Activate your app",
    enroll_hint: "Scan the QR code with an authenticator app, and type the first code that it shows.",
    secret: "Or type this key into the app:",
    first_code: "First code",
    qr: "QR code of the key",
    my_security: "My security",
    devices: "Devices",
    log_out: "Sign out",
    unavailable: "The service is not available. Try again later.",
    back: "Back to the start",
    access_to: "Access to",
    cancel: "Cancel",
    consent_title: "Do you agree to send your data?",
    consent_hint: "These data will be sent to the service:",
    consent_none: "No personal data will be sent to the service, only an identifier that is valid for that service.",
    consent_yes: "I agree",
    consent_no: "I do not agree",
    ended_title: "Access failed",
    back_to: "Back to",
    too_many_attempts: "Too many failed attempts. Try again later.",
    no_credential: "The service requires a level of security that your credentials do not reach. Activate your app on the \
        page \u{201c}My security\u{201d} first.",
    timed_out: "The time for the login has passed. Start again at the service.",
    suspended: "Your identity or your credentials are suspended or revoked.",
    refused_title: "Invalid request",
    refused_hint: "The service sent an invalid request. Go back to the service and try again.",
};
