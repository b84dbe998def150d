use maud::{Markup, html};

use super::layout::Sheet;
use super::texts;
use crate::gepi::calendar::written;
use crate::gepi::levels::TooWeak;
use crate::gepi::rules::Refusal;
use crate::pages::Text;

const TOO_WEAK: Text = Text("Serve il Livello 2", "Level 2 is needed");
const TOO_WEAK_NEXT: Text = Text(
    "Entra con la tua identità SPID e con il codice dell'app del tuo gestore. Se non hai ancora attivato l'app, attivala \
        prima.",
    "Sign in with your SPID identity and the code from your provider's app. If you have not activated the app yet, \
        activate it first.",
);
const LEVEL_SINCE: Text =
    Text("Per il tuo profilo il Livello 2 è obbligatorio dal", "For your profile, Level 2 is compulsory since");
const PIN_OVER: Text = Text("Il tuo PIN è scaduto il", "Your PIN expired on");
const ENTER: Text = Text("Entra con SPID, Livello 2", "Sign in with SPID, Level 2");

/// The page about a login that is too weak for the person's rights.
pub(in crate::gepi) fn too_weak(sheet: &Sheet<'_>, too_weak: TooWeak) -> Markup {
    let alert = match too_weak {
        TooWeak::Level2(since) => format!("{} {}.", sheet.say(LEVEL_SINCE), written(since)),
        TooWeak::PinOver(until) => format!("{} {}.", sheet.say(PIN_OVER), written(until)),
    };
    let content = html! {
        p { (sheet.say(TOO_WEAK_NEXT)) }
        form method="post" action="/gepi/login" {
            (sheet.token())
            button name="level" value="2" { (sheet.say(ENTER)) }
        }
        p { a href="/" { (sheet.say(texts::MY_SECURITY)) } }
    };
    sheet.whole(sheet.say(TOO_WEAK), Some(&alert), &content)
}

const TITLE: Text = Text("Operazione non permessa", "Not permitted");

/// The page about an action that the rules do not permit.
pub(in crate::gepi) fn refusal(sheet: &Sheet<'_>, refusal: Refusal) -> Markup {
    let (text, next) = words(refusal);
    let alert = match refusal {
        Refusal::DelegationNotYet(day) | Refusal::DelegationOver(day) => {
            format!("{} {}.", sheet.say(text), written(day))
        }
        _ => sheet.say(text).to_owned(),
    };
    let content = html! {
        p { (sheet.say(next)) }
        (sheet.back_to_cases())
    };
    sheet.whole(sheet.say(TITLE), Some(&alert), &content)
}

const EARLIER: Text = Text(
    "Se ti serve prima, chiedi all'operatore di inserire un'altra delega.",
    "If you need it earlier, ask the operator to enter another delegation.",
);
const RENEW: Text =
    Text("Chiedi all'operatore di inserire una nuova delega.", "Ask the operator to enter a new delegation.");

/// Returns the text of a refusal, and what to do next.
const fn words(refusal: Refusal) -> (Text, Text) {
    match refusal {
        Refusal::NotYours => (
            Text(
                "Il caso non esiste, o non è tra quelli che puoi aprire.",
                "The case does not exist, or is not yours to open.",
            ),
            Text(
                "Se ti serve, chiedi al coordinatore di assegnartelo.",
                "If you need it, ask the coordinator to assign it to you.",
            ),
        ),
        Refusal::NoContent => (
            Text(
                "L'amministratore di ambito non vede il contenuto dei casi.",
                "The administrator of an area does not see the content of cases.",
            ),
            Text(
                "Puoi vedere gli accessi al caso nel registro.",
                "You can see the accesses to the case in the traces.",
            ),
        ),
        Refusal::NotPermitted => (
            Text("Puoi vedere questo caso, ma non fare questa operazione.", "You may see this case, but not do this."),
            Text(
                "Contatta un operatore dell'ambito che ha il profilo per farlo.",
                "Contact an operator of the area who has the profile for it.",
            ),
        ),
        Refusal::NeverSubmits => (
            Text(
                "Un volontario di patronato può vedere e stampare il fascicolo, ma non inviare domande.",
                "A volunteer of a patronato (free advice office) may view and print the file, but not submit applications.",
            ),
            Text(
                "La domanda è inviata dal cittadino o da un operatore.",
                "The citizen or an operator submits the application.",
            ),
        ),
        Refusal::DelegationNotYet(_) => {
            (Text("La delega vale solo dal", "The delegation is in force only from"), EARLIER)
        }
        Refusal::DelegationOver(_) => (Text("La delega è scaduta il", "The delegation ended on"), RENEW),
        Refusal::NotAccredited => (
            Text(
                "Non sei accreditato per questa operazione nell'ambito.",
                "You are not accredited for this in the area.",
            ),
            Text("Contatta l'amministratore dell'ambito.", "Contact the administrator of the area."),
        ),
        Refusal::OwnAccreditation => (
            Text("Nessuno può cambiare il proprio accreditamento.", "Nobody can change their own accreditation."),
            Text("Chiedilo a un altro amministratore dell'ambito.", "Ask another administrator of the area."),
        ),
        Refusal::OwnDelegation => (
            Text(
                "Il volontario non può essere l'operatore stesso né il cittadino.",
                "The volunteer cannot be the operator or the citizen.",
            ),
            Text("Inserisci il codice fiscale del volontario.", "Enter the fiscal code of the volunteer."),
        ),
        Refusal::NotAnOfficer => (
            Text(
                "Il caso può essere assegnato solo a chi è accreditato per la sua materia nell'ambito.",
                "The case can only be assigned to an operator who is accredited for its matter in the area.",
            ),
            Text("Scegli un operatore dell'elenco.", "Choose an operator of the list."),
        ),
    }
}
