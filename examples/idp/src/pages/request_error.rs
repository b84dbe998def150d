use maud::{Markup, html};

use super::language::Text;
use super::layout::{Alert, Page};
use super::texts::{BACK, PAGE_BEFORE, UNAVAILABLE};
use crate::errors::RequestError;

impl RequestError {
    /// Returns the title of the page.
    pub(crate) const fn title(self) -> Text {
        match self {
            Self::OtherSite => Text("Modulo non accettato", "Form not accepted"),
            Self::NotFound => Text("Pagina non trovata", "Page not found"),
            Self::TooLong => Text("Testo troppo lungo", "Text too long"),
            Self::Unreadable => Text("Richiesta non valida", "Invalid request"),
            Self::Unavailable => Text("Servizio non disponibile", "Service not available"),
        }
    }

    /// Returns what happened, and what the person can do.
    pub(crate) const fn text(self) -> Text {
        match self {
            Self::OtherSite => Text(
                "Il modulo è stato inviato da un altro sito o da un altro indirizzo. Per la tua sicurezza non è stato \
                    accettato. Ricomincia da qui.",
                "The form was sent from another site or address. For your security it was not accepted. Start again \
                    from here.",
            ),
            Self::NotFound => Text(
                "A questo indirizzo non c'è nessuna pagina, oppure la pagina non c'è più.",
                "There is no page at this address, or it is no longer there.",
            ),
            Self::TooLong => Text(
                "Quello che hai inviato è troppo lungo, e non è stato salvato. Accorcialo e invialo di nuovo.",
                "What you sent is too long, and was not saved. Shorten it and send it again.",
            ),
            Self::Unreadable => Text(
                "La richiesta è arrivata incompleta, e non è stato salvato niente. Torna alla pagina e riprova.",
                "The request did not arrive complete, and nothing was saved. Go back to the page and try again.",
            ),
            Self::Unavailable => UNAVAILABLE,
        }
    }
}

/// Returns the page about a request that failed. `again` is the page with the form that was sent, if it is known.
pub(crate) fn request_error(page: &Page<'_>, error: RequestError, again: Option<&str>) -> Markup {
    let alert = Alert(page.say(error.text()).to_owned());
    let content = html! {
        @if let Some(again) = again { p { a .button href=(again) { (page.say(PAGE_BEFORE)) } } }
        p { a href="/" { (page.say(BACK)) } }
    };
    page.whole(page.say(error.title()), Some(&alert), &content)
}
