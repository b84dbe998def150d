use maud::{Markup, html};

use super::language::Text;
use super::layout::{Alert, Page};
use super::texts;
use crate::attributes::Attribute;

const CONSENT_TITLE: Text = Text("Autorizzi l'invio dei dati?", "Do you agree to send your data?");
const CONSENT_HINT: Text = Text("Questi dati saranno inviati al servizio:", "These data will be sent to the service:");
const CONSENT_NONE: Text = Text(
    "Al servizio non sarà inviato nessun dato personale, solo un identificativo che vale per quel servizio.",
    "No personal data will be sent to the service, only an identifier that is valid for that service.",
);
const CONSENT_YES: Text = Text("Acconsento", "I agree");
const CONSENT_NO: Text = Text("Non acconsento", "I do not agree");
const CONSENT_NO_HINT: Text = Text(
    "Se non acconsenti, torni al servizio senza entrare.",
    "If you do not agree, you go back to the service without signing in.",
);
const ENDED_TITLE: Text = Text("Accesso non riuscito", "Sign-in failed");
const BACK_TO: Text = Text("Torna a", "Back to");
const REFUSED_TITLE: Text = Text("Richiesta non valida", "Invalid request");
const REFUSED_HINT: Text = Text(
    "Il servizio ha inviato una richiesta non valida. Torna al servizio e riprova.",
    "The service sent an invalid request. Go back to the service and try again.",
);
const USED_TITLE: Text = Text("Richiesta già usata", "Request used already");
const USED_HINT: Text = Text(
    "Questa richiesta del servizio vale per un solo accesso, ed è già stata usata. Torna al servizio e premi di nuovo il \
        pulsante per entrare, una volta sola.",
    "This request of the service is valid for one sign-in, and was used already. Go back to the service and press the \
        sign-in button again, once.",
);

/// The page that asks for consent to send these attributes to the service.
pub(crate) fn consent(page: &Page<'_>, attributes: &[Attribute]) -> Markup {
    let content = html! {
        @if attributes.is_empty() {
            p { (page.say(CONSENT_NONE)) }
        } @else {
            p { (page.say(CONSENT_HINT)) }
            ul { @for attribute in attributes { li { (page.language.attribute(*attribute)) } } }
        }
        p .hint { (page.say(CONSENT_NO_HINT)) }
        form method="post" action="/consent" {
            (page.token())
            button name="consent" value="yes" { (page.say(CONSENT_YES)) }
            " "
            button .second name="consent" value="no" { (page.say(CONSENT_NO)) }
        }
    };
    page.whole(page.say(CONSENT_TITLE), None, &content)
}

/// The page after a login that ended, with the way back to the service.
pub(crate) fn ended(page: &Page<'_>, text: &str, service: &str, location: &str) -> Markup {
    let alert = Alert(text.to_owned());
    let content = html! {
        p { a .button href=(location) { (page.say(BACK_TO)) " " (service) } }
    };
    page.whole(page.say(ENDED_TITLE), Some(&alert), &content)
}

/// The page for a request that has begun a login before.
pub(crate) fn request_used(page: &Page<'_>) -> Markup {
    let content = html! {
        p { (page.say(USED_HINT)) }
        p .hint lang="en" { "the request object was used before" }
        p { a href="/" { (page.say(texts::BACK)) } }
    };
    page.whole(page.say(USED_TITLE), None, &content)
}

/// The page for a request that no service gets an answer to.
pub(crate) fn refused(page: &Page<'_>, reason: &str) -> Markup {
    let content = html! {
        p { (page.say(REFUSED_HINT)) }
        p .hint lang="en" { (reason) }
        p { a href="/" { (page.say(texts::BACK)) } }
    };
    page.whole(page.say(REFUSED_TITLE), None, &content)
}
