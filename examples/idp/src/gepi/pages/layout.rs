use maud::{DOCTYPE, Markup, html};

use super::texts;
use crate::pages::{ERROR, Language, Text};

const SKIP: Text = Text("Vai al contenuto", "Skip to the content");
const SAMPLE: Text = Text("servizio di esempio", "sample service");

/// The context of a page: the language, the token of its forms, and the name of the person who is in.
pub(in crate::gepi) struct Sheet<'a> {
    pub(in crate::gepi) language: Language,
    pub(in crate::gepi) form_token: &'a str,
    pub(in crate::gepi) name: Option<&'a str>,
}

impl Sheet<'_> {
    /// Returns a text in the language of the page.
    pub(super) const fn say(&self, text: Text) -> &'static str {
        text.in_language(self.language)
    }

    /// Returns the whole page.
    pub(super) fn whole(&self, title: &str, alert: Option<&str>, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { @if alert.is_some() { (self.say(ERROR)) } (title) " - GePI" }
                    link rel="stylesheet" href="/style.css";
                }
                body .gepi {
                    a .skip href="#content" { (self.say(SKIP)) }
                    header { div { a .brand href="/gepi" { "GePI" } span { (self.say(SAMPLE)) } } }
                    main #content {
                        @if let Some(name) = self.name {
                            form .who method="post" action="/gepi/logout" {
                                (self.token())
                                span { (name) } " "
                                button .link { (self.say(crate::pages::texts::LOG_OUT)) }
                            }
                        }
                        h1 { (title) }
                        @if let Some(text) = alert { p .alert role="alert" { (text) } }
                        (content)
                    }
                    footer { div {
                        @for language in Language::ALL {
                            form method="post" action={ "/gepi/language/" (language.code()) } {
                                (self.token())
                                button .link lang=(language.code()) disabled[language == self.language] { (language.name()) }
                            }
                        }
                    } }
                }
            }
        }
    }

    /// Returns the hidden field that each form has.
    pub(super) fn token(&self) -> Markup {
        html! { input type="hidden" name="form" value=(self.form_token); }
    }

    /// Returns a link back to the list of cases.
    pub(super) fn back_to_cases(&self) -> Markup {
        html! { p { a href="/gepi/cases" { (self.say(texts::TO_CASES)) } } }
    }

    /// Returns the fields for the first and the last day of a period.
    pub(super) fn period(&self) -> Markup {
        html! {
            label for="from" { (self.say(texts::FROM)) }
            input #from name="from" type="date" required;
            label for="until" { (self.say(texts::UNTIL)) }
            input #until name="until" type="date" required;
        }
    }

    /// Returns the field for a fiscal code.
    pub(super) fn fiscal_code(&self, name: &str) -> Markup {
        html! {
            label for=(name) { (self.say(texts::FISCAL_CODE)) }
            input id=(name) name=(name) autocomplete="off" minlength="16" maxlength="16" required;
        }
    }
}
