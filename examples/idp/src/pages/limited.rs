use maud::{Markup, html};

use super::language::Text;
use super::layout::Page;
use super::texts::BACK;

const TITLE: Text = Text("Troppe richieste", "Too many requests");
const EXPLANATION: Text = Text(
    "Dal tuo indirizzo di rete sono arrivate troppe richieste. Non è stato contato nessun tentativo. Riprova tra",
    "Too many requests came from your network address. No attempt was counted. Try again in",
);
const SECONDS: Text = Text("secondi.", "seconds.");

/// Returns the page of a request beyond the limit of its address.
pub(crate) fn limited(page: &Page<'_>, wait: u64) -> Markup {
    let content = html! {
        p { (page.say(EXPLANATION)) " " (wait) " " (page.say(SECONDS)) }
        p { a .button href="/" { (page.say(BACK)) } }
    };
    page.whole(page.say(TITLE), None, &content)
}
