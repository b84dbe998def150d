use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::layout::Sheet;
use super::texts;
use crate::gepi::calendar::time;
use crate::pages::Text;

const TITLE: Text = Text("Entra in GePI", "Sign in to GePI");
const HINT: Text = Text(
    "GePI è la piattaforma per il patto per l'inclusione sociale. Operatori, volontari di patronato e cittadini \
        entrano con la propria identità digitale SPID.",
    "GePI is the platform for the social inclusion pact. Operators, volunteers of a patronato (a free advice office) and \
        citizens sign in with their SPID digital identity.",
);
const COMPULSORY: Text = Text(
    "L'accesso richiede il Livello 2: dopo la password, un codice monouso.",
    "You need Level 2 to sign in: after the password, a one-time code.",
);
const NOT_YET: Text = Text(
    "Oggi basta il Livello 1. I volontari di patronato e chi ha già attivato l'app scelgono il Livello 2.",
    "Level 1 is enough today. Volunteers of a patronato, and those who have activated their app, choose Level 2.",
);
const PROVIDERS: Text = Text("Scegli il tuo gestore di identità", "Choose your identity provider");
const ENTER: Text = Text("Entra con SPID:", "Sign in with SPID:");
const LEVEL_2: Text = Text("Livello 2", "Level 2");
const LEVEL_1: Text = Text("Livello 1", "Level 1");
const OTHERS_HINT: Text = Text(
    "Un vero servizio elenca qui anche gli altri gestori. Questi nomi sono inventati, e non si possono scegliere:",
    "A real service also lists the other providers here. These names are invented, and cannot be chosen:",
);
const OTHERS: [Text; 3] = [
    Text("Gestore Alfa", "Provider Alfa"),
    Text("Gestore Beta", "Provider Beta"),
    Text("Gestore Gamma", "Provider Gamma"),
];
const PIN_TITLE: Text = Text("Entra con il PIN", "Sign in with your PIN");
const PIN_HINT: Text = Text(
    "Solo per i minorenni, per i cittadini non comunitari e per chi ha un PIN non ancora scaduto.",
    "Only for minors, for citizens of countries outside the EU, and for PINs that have not expired.",
);
const PIN: Text = Text("PIN", "PIN");
const PIN_ENTER: Text = Text("Entra con il PIN", "Sign in with the PIN");

/// The problem of a login that brought the browser back here.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(in crate::gepi) enum Problem {
    /// The outcome code of SPID, if there is one.
    Outcome(Option<u8>),
    /// The answer belongs to no login of this browser, or is not right.
    UnknownAnswer,
    /// The number of attempts left.
    WrongPin(u8),
    /// The time in seconds until which no PIN is compared.
    PinLocked(u64),
}

/// The page by which people come in.
pub(in crate::gepi) fn entrance(
    sheet: &Sheet<'_>,
    provider: &str,
    is_compulsory: bool,
    problem: Option<Problem>,
) -> Markup {
    let alert = problem.map(|problem| alert(sheet, problem));
    let content = html! {
        @if let Some(Problem::Outcome(Some(20))) = problem {
            p { a .button href="/" { (sheet.say(texts::MY_SECURITY)) } }
        }
        p { (sheet.say(HINT)) }
        h2 { (sheet.say(PROVIDERS)) }
        p .hint { (sheet.say(if is_compulsory { COMPULSORY } else { NOT_YET })) }
        form method="post" action="/gepi/login" {
            (sheet.token())
            @if !is_compulsory {
                button name="level" value="1" { (sheet.say(ENTER)) " " (provider) ", " (sheet.say(LEVEL_1)) }
                " "
            }
            button name="level" value="2" { (sheet.say(ENTER)) " " (provider) ", " (sheet.say(LEVEL_2)) }
        }
        p .hint { (sheet.say(OTHERS_HINT)) }
        ul .hint { @for other in OTHERS { li { (sheet.say(other)) } } }
        h2 { (sheet.say(PIN_TITLE)) }
        form method="post" action="/gepi/pin" {
            (sheet.token())
            p #pin-hint .hint { (sheet.say(PIN_HINT)) }
            (sheet.fiscal_code("fiscal_code"))
            label for="pin" { (sheet.say(PIN)) }
            input #pin name="pin" type="password" autocomplete="off" aria-describedby="pin-hint" required;
            button .second { (sheet.say(PIN_ENTER)) }
        }
    };
    sheet.whole(sheet.say(TITLE), alert.as_deref(), &content)
}

fn alert(sheet: &Sheet<'_>, problem: Problem) -> String {
    match problem {
        Problem::Outcome(number) => {
            let text = sheet.say(outcome(number));
            number.map_or_else(|| text.to_owned(), |number| format!("{text} (ErrorCode nr{number})"))
        }
        Problem::UnknownAnswer => sheet.say(UNKNOWN_ANSWER).to_owned(),
        Problem::WrongPin(left) => format!("{} {left}", sheet.say(WRONG_PIN)),
        Problem::PinLocked(until) => format!("{} {}", sheet.say(PIN_LOCKED), time(until)),
    }
}

const UNKNOWN_ANSWER: Text = Text(
    "La risposta del gestore non è valida, oppure è di un accesso precedente. Ricomincia da questa pagina.",
    "The provider's answer is not valid, or belongs to an earlier sign-in. Start again from this page.",
);
const WRONG_PIN: Text = Text(
    "Il codice fiscale o il PIN non sono corretti. Tentativi rimanenti:",
    "The fiscal code or the PIN is not correct. Attempts left:",
);
const PIN_LOCKED: Text = Text(
    "Troppi tentativi con questo codice fiscale. Entra con SPID, oppure riprova a partire da:",
    "Too many attempts with this fiscal code. Sign in with SPID, or try again from:",
);

/// Returns the text of an outcome code, with what to do next.
const fn outcome(number: Option<u8>) -> Text {
    match number {
        Some(19) => Text(
            "Hai superato il numero di tentativi presso il gestore. Riprova più tardi; se hai dimenticato la password o \
                perso il telefono, il gestore ti aiuta a entrare.",
            "You have used up the attempts at the provider. Try again later; if you have forgotten your password or lost \
                your phone, the provider helps you to sign in.",
        ),
        Some(20) => Text(
            "Le tue credenziali non raggiungono il livello richiesto. Attiva l'app del tuo gestore, poi torna qui ed \
                entra di nuovo.",
            "Your credentials do not reach the required level. Activate the app of your provider, then come back here \
                and sign in again.",
        ),
        Some(21) => Text(
            "Il tempo per l'accesso è scaduto. Entra di nuovo, e completa i passi entro dieci minuti.",
            "The time to sign in has expired. Sign in again, and complete the steps within ten minutes.",
        ),
        Some(22) => Text(
            "Non hai autorizzato l'invio dei dati, senza i quali GePI non può riconoscerti. Entra di nuovo e acconsenti, \
                oppure contatta il tuo comune.",
            "You did not agree to send your data, without which GePI cannot recognize you. Sign in again and agree, or \
                contact your municipality.",
        ),
        Some(23) => Text(
            "La tua identità è sospesa o revocata. Chiama l'assistenza del tuo gestore.",
            "Your identity is suspended or revoked. Call the help desk of your provider.",
        ),
        Some(25) => Text(
            "Hai annullato l'accesso. Entra di nuovo quando vuoi.",
            "You cancelled the sign-in. Sign in again whenever you like.",
        ),
        _ => Text(
            "Il gestore non ha completato l'accesso. Riprova; se succede ancora, chiama l'assistenza di GePI.",
            "The provider did not complete the sign-in. Try again; if it happens again, call the help desk of GePI.",
        ),
    }
}
