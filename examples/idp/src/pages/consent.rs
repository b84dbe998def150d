use maud::{Markup, html};

use super::layout::{Alert, Page};
use crate::attributes::Attribute;

/// The page that asks for consent to send these attributes to the service.
pub(crate) fn consent(page: &Page<'_>, request: &str, attributes: &[Attribute]) -> Markup {
    let texts = page.texts();
    let content = html! {
        @if attributes.is_empty() {
            p { (texts.consent_none) }
        } @else {
            p { (texts.consent_hint) }
            ul { @for attribute in attributes { li { (page.language.attribute(*attribute)) } } }
        }
        form method="post" action="/consent" {
            (page.token())
            input type="hidden" name="request" value=(request);
            button name="consent" value="yes" { (texts.consent_yes) }
            " "
            button .second name="consent" value="no" { (texts.consent_no) }
        }
    };
    page.whole(texts.consent_title, None, &content)
}

/// The page after a login that ended, with the way back to the service.
pub(crate) fn ended(page: &Page<'_>, text: &str, service: &str, location: &str) -> Markup {
    let texts = page.texts();
    let alert = Alert(text.to_owned());
    let content = html! { p { a .button href=(location) { (texts.back_to) " " (service) } } };
    page.whole(texts.ended_title, Some(&alert), &content)
}

/// The page for a request that no service gets an answer to.
pub(crate) fn refused(page: &Page<'_>, reason: &str) -> Markup {
    let texts = page.texts();
    let content = html! {
        p { (texts.refused_hint) }
        p .hint lang="en" { (reason) }
        p { a href="/" { (texts.back) } }
    };
    page.whole(texts.refused_title, None, &content)
}
