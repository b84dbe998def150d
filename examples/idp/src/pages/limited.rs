use maud::{Markup, html};

use super::language::Text;
use super::layout::Page;
use super::texts::BACK;

const TITLE: Text = Text("Troppe richieste", "Too many requests");
const EXPLANATION: Text = Text(
    "Dal tuo indirizzo di rete sono arrivate troppe richieste. Non è stato contato nessun tentativo. Riprova tra",
    "Too many requests came from your network address. No attempt was counted. Try again in",
);
const SECOND: Text = Text("secondo.", "second.");
const SECONDS: Text = Text("secondi.", "seconds.");
const AGAIN: Text = Text("Riprova", "Try again");

/// Returns the page of a request beyond the limit of its address.
///
/// `again` is the page on which the person can try again, if it is known.
pub(crate) fn limited(page: &Page<'_>, wait: u64, again: Option<&str>) -> Markup {
    let content = html! {
        p { (page.say(EXPLANATION)) " " (wait) " " (page.say(if wait == 1 { SECOND } else { SECONDS })) }
        @if let Some(again) = again { p { a .button href=(again) { (page.say(AGAIN)) } } }
        p { a href="/" { (page.say(BACK)) } }
    };
    page.whole(page.say(TITLE), None, &content)
}
