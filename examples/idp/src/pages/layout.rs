use maud::{DOCTYPE, Markup, html};
use serde::{Deserialize, Serialize};

use super::language::{Language, Text};
use crate::problem::Refused;

/// The start of the title of a page with an alert. Screen readers say the title of a page that comes, and may pass over
/// an alert that is there from the start.
pub(crate) const ERROR: Text = Text("Errore: ", "Error: ");
const SKIP: Text = Text("Vai al contenuto", "Skip to the content");
const CLAIM: Text = Text("Identità digitale", "Digital identity");
const ACCESS_TO: Text = Text("Accesso a", "Signing in to");
const NOT_SENT: Text =
    Text("Questa è una dimostrazione. Il messaggio è in", "This is a demonstration. The message is in");
const OUTBOX: Text = Text("Messaggi inviati (altra scheda)", "Messages sent (another tab)");
const ELSEWHERE: Text = Text("Aprili sul computer del gestore:", "Open them on the provider's computer:");
const CANCEL: Text = Text("Annulla", "Cancel");

/// The style of all pages.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The context of a page: the language, the provider's name, the token of its forms, and the refusal of the last one.
pub(crate) struct Page<'a> {
    pub(crate) language: Language,
    pub(crate) provider: &'a str,
    pub(crate) form_token: &'a str,
    pub(crate) refused: &'a Refused,
    /// The name of the service that the browser logs in to.
    pub(crate) service: Option<&'a str>,
    /// The name of the service's request, also on the page about its answer.
    pub(crate) request: Option<&'a str>,
    /// The address of the outbox, in which a demonstration without a gateway keeps messages.
    pub(crate) outbox: Option<&'a str>,
}

/// An error at the top of a page, which screen readers read first.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Alert(pub(crate) String);

impl Page<'_> {
    /// Returns a text in the language of the page.
    pub(crate) const fn say(&self, text: Text) -> &'static str {
        text.in_language(self.language)
    }

    /// Returns the whole page. The refusal of a form comes before an alert of the page itself.
    pub(super) fn whole(&self, title: &str, alert: Option<&Alert>, content: &Markup) -> Markup {
        self.page(title, alert, content, &Language::ALL)
    }

    /// Returns the whole page for content that is shown once. Another language would be another page.
    pub(super) fn once(&self, title: &str, content: &Markup) -> Markup {
        self.page(title, None, content, &[])
    }

    fn page(&self, title: &str, alert: Option<&Alert>, content: &Markup, languages: &[Language]) -> Markup {
        let alert = self.refused.alert.as_ref().or(alert);
        html! {
            (DOCTYPE)
            html lang=(self.language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { @if alert.is_some() { (self.say(ERROR)) } (title) " - " (self.provider) }
                    link rel="stylesheet" href="/style.css";
                }
                body {
                    a .skip href="#content" { (self.say(SKIP)) }
                    header { div { a .brand href="/" { (self.provider) } span { (self.say(CLAIM)) } } }
                    main #content {
                        @if let Some(service) = self.service {
                            p .hint { (self.say(ACCESS_TO)) " " strong { (service) } }
                        }
                        h1 { (title) }
                        @if let Some(Alert(text)) = alert { p .alert role="alert" { (text) } }
                        (content)
                        @if self.service.is_some() {
                            form method="post" action="/cancel" {
                                (self.token())
                                button .link { (self.say(CANCEL)) }
                            }
                        }
                    }
                    footer { div {
                        @for language in languages {
                            form method="post" action={ "/language/" (language.code()) } {
                                (self.token())
                                button .link lang=(language.code()) disabled[*language == self.language] { (language.name()) }
                            }
                        }
                    } }
                }
            }
        }
    }

    /// Says in a demonstration where the message is for which a page waits. The page stays open.
    pub(super) fn outbox_hint(&self) -> Markup {
        html! {
            @if let Some(outbox) = self.outbox {
                p .hint {
                    (self.say(NOT_SENT)) " "
                    a href=(outbox) target="_blank" { (self.say(OUTBOX)) } "."
                    @if !outbox.starts_with('/') { " " (self.say(ELSEWHERE)) " " (outbox) }
                }
            }
        }
    }

    /// Returns the hidden fields that each form has: the token of the session, and in a login at a service the name of
    /// its request.
    pub(super) fn token(&self) -> Markup {
        html! {
            input type="hidden" name="form" value=(self.form_token);
            @if let Some(request) = self.request { input type="hidden" name="request" value=(request); }
        }
    }
}
