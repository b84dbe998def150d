use maud::{Markup, html};
use secondo::formats::otpauth::Qr;
use secondo::types::Base32;

use super::credentials::SMS_HINT;
use super::language::Text;
use super::layout::Page;
use super::registration::{code_form, masked};
use super::texts;

const ENROLL_TITLE: Text = Text("Attiva la tua app", "Activate your app");
const ENROLL_HINT: Text = Text(
    "Inquadra il codice QR con un'app di autenticazione, poi scrivi il primo codice che mostra.",
    "Scan the QR code with an authenticator app, and type the first code that it shows.",
);
const SECRET: Text = Text("Oppure scrivi questa chiave nell'app:", "Or type this key into the app:");
const OPEN_APP: Text = Text(
    "Non hai un'app? Usa quella nel browser (altra scheda)",
    "No app at hand? Use the one in the browser (another tab)",
);
const FIRST_CODE: Text = Text("Primo codice", "First code");
const QR: Text = Text("Codice QR della chiave", "QR code of the key");
const CANCEL: Text = Text("Annulla", "Cancel");

const LOST_NUMBER: Text =
    Text("Non hai più questo numero? Chiama l'assistenza.", "Do you no longer have this number? Call the help desk.");

/// The page for the code to the certified number, which comes before the first app.
pub(crate) fn first_app(page: &Page<'_>, mobile: &str) -> Markup {
    let content = html! {
        p { (page.say(SMS_HINT)) " " strong { (masked(mobile)) } "." }
        (code_form(page, "/first-app", "/first-app/again"))
        p .hint { (page.say(LOST_NUMBER)) }
    };
    page.whole(page.say(ENROLL_TITLE), None, &content)
}

/// The page that shows the secret of a new device, until its first code. A further device can be cancelled.
///
/// The link to the provider's own app names the login, and not the key.
pub(crate) fn enrollment(page: &Page<'_>, qr: &Qr, secret: &Base32, is_further: bool) -> Markup {
    let login = page.request.map_or_else(String::new, |request| format!("={request}"));
    let content = html! {
        p { (page.say(ENROLL_HINT)) }
        img .qr alt=(page.say(QR)) src=(qr.data_uri().as_str());
        p .hint { (page.say(SECRET)) " " code { (secret.as_str()) } }
        p { a href={ "/app#enrollment" (login) } target="_blank" { (page.say(OPEN_APP)) } }
        form method="post" action="/enrollment" {
            (page.token())
            label for="code" { (page.say(FIRST_CODE)) }
            input #code .code name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus;
            button { (page.say(texts::NEXT)) }
        }
        @if is_further {
            form method="post" action="/security/add/cancel" {
                (page.token())
                button .second { (page.say(CANCEL)) }
            }
        }
    };
    page.whole(page.say(ENROLL_TITLE), None, &content)
}
