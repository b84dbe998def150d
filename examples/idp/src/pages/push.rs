use maud::{Markup, html};
use secondo::formats::otpauth::Qr;

use super::language::Text;
use super::layout::{Alert, Page};
use super::texts;
use crate::push::Asked;

pub(super) const APP_TITLE: Text = Text("Approva gli accessi con l'app", "Approve sign-ins with the app");
const APP_HINT: Text = Text(
    "Con l'app approvi ogni accesso sul tuo telefono: scrivi il numero mostrato dalla pagina e il tuo codice personale.",
    "With the app you approve each sign-in on your phone: you type the number that the page shows, and your personal code.",
);
const BEGIN: Text = Text("Attiva l'app", "Activate the app");
const SCAN: Text = Text(
    "Inquadra il codice QR con la fotocamera del telefono. Si apre l'app.",
    "Scan the QR code with the camera of your phone. The app opens.",
);
const QR: Text = Text("Codice QR dell'attivazione", "QR code of the activation");
const THIS_DEVICE: Text = Text("Attiva l'app su questo dispositivo", "Activate the app on this device");
const OR_TEXT: Text =
    Text("Oppure copia questo testo nell'app, alla pagina", "Or copy this text into the app, on the page");
const SECRET: Text = Text(
    "Non mostrare il codice QR e il testo a nessuno. Valgono dieci minuti.",
    "Show the QR code and the text to nobody. They are valid for ten minutes.",
);
const APP_CODE: Text = Text("Codice mostrato dall'app", "Code that the app shows");
const APP_CODE_HINT: Text = Text(
    "Dopo l'attivazione l'app mostra un codice di 6 cifre. Se l'app dice che l'attivazione è già stata usata, \
        qualcun altro ha visto il codice QR: non scrivere nessun codice.",
    "After the activation, the app shows a code of 6 digits. If the app says that the activation was used before, \
        somebody else has seen the QR code: do not type any code.",
);
const ANSWERED: Text =
    Text("Un'app ha risposto. Scrivi il codice che mostra.", "An app has answered. Type the code that it shows.");
pub(crate) const NOT_ANSWERED: Text = Text(
    "L'app non ha ancora risposto. Inquadra prima il codice QR.",
    "The app has not answered yet. Scan the QR code first.",
);
pub(crate) const ENROLLMENT_ENDED: Text =
    Text("L'attivazione è scaduta. Iniziane un'altra.", "The activation has expired. Start a new one.");

/// The page that offers to activate an app.
pub(crate) fn offer(page: &Page<'_>, alert: Option<&Alert>) -> Markup {
    let content = html! {
        p { (page.say(APP_HINT)) }
        form #begin-app method="post" action="/security/app" { (page.token()) button { (page.say(BEGIN)) } }
        p { a href="/" { (page.say(texts::BACK)) } }
    };
    page.whole(page.say(APP_TITLE), alert, &content)
}

/// The page with the activation of an app, until the code of the app confirms it.
pub(crate) fn activation(page: &Page<'_>, qr: &Qr, link: &str, is_answered: bool) -> Markup {
    let content = html! {
        @if is_answered {
            p #answered { (page.say(ANSWERED)) }
        } @else {
            p { (page.say(SCAN)) }
            img .qr alt=(page.say(QR)) src=(qr.data_uri().as_str());
            p { a #this-device href={ "/app#" (link) } target="_blank" { (page.say(THIS_DEVICE)) } }
            p .hint { (page.say(OR_TEXT)) " " a href="/app" target="_blank" { "/app" } ":" }
            p { code #link .long { (link) } }
            p .hint { (page.say(SECRET)) }
        }
        form #confirm-app method="post" action="/security/app/confirm" {
            (page.token())
            label for="code" { (page.say(APP_CODE)) }
            input #code .code name="code" inputmode="numeric" autocomplete="off" aria-describedby="hint" required;
            p #hint .hint { (page.say(APP_CODE_HINT)) }
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(APP_TITLE), None, &content)
}

const NUMBER_TITLE: Text = Text("Approva l'accesso nell'app", "Approve the sign-in in the app");
const NUMBER_HINT: Text = Text(
    "Apri l'app sul tuo telefono, controlla il servizio e scrivi questo numero:",
    "Open the app on your phone, check the service, and type this number:",
);
const DEVICE: Text = Text("Dispositivo:", "Device:");
const NEVER: Text = Text(
    "Non dare il numero a chi ti chiama o ti scrive.",
    "Do not give the number to anybody who calls you or writes to you.",
);
const WAITS: Text =
    Text("In attesa dell'app. Questa pagina prosegue da sola.", "Waiting for the app. This page goes on by itself.");
const APPROVED: Text = Text("Ho approvato", "I have approved");
const OTHER_WAY: Text = Text("Usa un altro metodo", "Use another method");
pub(crate) const WAITING: Text = Text(
    "L'app non ha ancora risposto. Scrivi il numero nell'app, poi premi «Ho approvato».",
    "The app has not answered yet. Type the number into the app, then press \u{201c}I have approved\u{201d}.",
);
pub(crate) const DENIED: Text = Text("Hai rifiutato l'accesso nell'app.", "You denied the sign-in in the app.");
pub(crate) const REPORTED: Text = Text(
    "L'accesso è stato segnalato nell'app come non richiesto, ed è stato interrotto.",
    "This sign-in was reported in the app as not requested, and was stopped.",
);
pub(crate) const WRONG_NUMBER: Text = Text(
    "Il numero scritto nell'app non è quello mostrato. Invia un'altra richiesta e riprova.",
    "The number that was typed into the app is not the one shown. Send another request and try again.",
);
pub(crate) const EXPIRED: Text = Text(
    "La richiesta è scaduta: l'app non ha risposto in tempo. Invia un'altra richiesta o usa un altro metodo.",
    "The request has expired: the app did not answer in time. Send another request, or use another method.",
);
pub(crate) const HELD: Text = Text(
    "Ora non si possono inviare richieste all'app. Usa un altro metodo, o riprova più tardi.",
    "No requests can be sent to the app now. Use another method, or try again later.",
);

/// The page with the number that the person types into the app.
pub(crate) fn number(page: &Page<'_>, asked: &Asked) -> Markup {
    let content = html! {
        p { (page.say(NUMBER_HINT)) }
        p #number .number { (asked.number) }
        p .hint { (page.say(DEVICE)) " " (asked.device) ". " (page.say(NEVER)) }
        p role="status" { (page.say(WAITS)) }
        form #approved method="post" action="/push/approved" {
            (page.token())
            button { (page.say(APPROVED)) }
        }
        p { a href="/" { (page.say(OTHER_WAY)) } }
        script type="module" src="/push.js" {}
    };
    page.whole(page.say(NUMBER_TITLE), None, &content)
}
