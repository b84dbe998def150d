use maud::{Markup, html};
use secondo::UnixTime;

use super::language::Text;
use super::layout::Page;
use super::second_factor::{code_field, send_button};
use super::texts;
use crate::second_factor::SentTo;

pub(super) const TITLE: Text = Text("Numero di cellulare", "Mobile number");
const PRESENT: Text = Text("Il tuo numero è", "Your number is");
const HINT: Text = Text(
    "Ti inviamo un codice per confermarlo. Da quel momento i codici via SMS arrivano a questo numero, e non più a quello \
        di prima.",
    "We send a code to confirm it. From then on, codes by text message go to this number, and no longer to the \
        previous one.",
);
const NUMBER: Text = Text("Numero da confermare", "Number to confirm");
const CONFIRM_TITLE: Text = Text("Conferma il numero", "Confirm the number");
const SENT: Text =
    Text("Scrivi il codice che abbiamo inviato via SMS a", "Type the code that we sent by text message to");
const CANCEL: Text = Text("Usa un altro numero", "Use another number");
pub(crate) const NOT_A_MOBILE: Text = Text(
    "Scrivi un numero di cellulare, per esempio +39 333 123 4567.",
    "Type a mobile number, for example +39 333 123 4567.",
);
pub(crate) const NUMBER_IN_USE: Text = Text("Questo numero è già attivo.", "This number is already active.");
pub(crate) const NUMBER_REFUSED: Text =
    Text("Inviamo SMS soltanto a numeri italiani.", "We send text messages to Italian numbers only.");
pub(crate) const START_AGAIN: Text = Text(
    "Il numero non è stato confermato. Scrivilo di nuovo per avere un altro codice.",
    "The number was not confirmed. Type it again to get another code.",
);

/// The page for another mobile number.
pub(crate) fn number(page: &Page<'_>, present: &str) -> Markup {
    let content = html! {
        p #hint { (page.say(PRESENT)) " " strong { (present) } ". " (page.say(HINT)) }
        form method="post" action="/security/number" {
            (page.token())
            label for="number" { (page.say(NUMBER)) }
            input #number name="number" type="tel" autocomplete="tel" value=(present) aria-describedby="hint"
                required;
            button { (page.say(texts::NEXT)) }
        }
        p { a href="/" { (page.say(texts::BACK)) } }
    };
    page.whole(page.say(TITLE), None, &content)
}

/// The page for the first code of a number.
pub(crate) fn confirm_number(page: &Page<'_>, number: &str, to: SentTo, now: UnixTime) -> Markup {
    let content = html! {
        @if to.is_sent {
            p #hint { (page.say(SENT)) " " strong { (number) } "." }
            form method="post" action="/security/number/code" {
                (page.token())
                (code_field(page))
                button { (page.say(texts::NEXT)) }
            }
        }
        form method="post" action="/security/number/send" { (page.token()) (send_button(page, to, now)) }
        form method="post" action="/security/number/cancel" {
            (page.token())
            button .link { (page.say(CANCEL)) }
        }
    };
    page.whole(page.say(CONFIRM_TITLE), None, &content)
}
