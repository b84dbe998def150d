use maud::{Markup, html};

use super::language::{Text, date_and_time};
use super::layout::Page;
use super::texts::BACK;
use crate::messages::Message;

const TITLE: Text = Text("Messaggi inviati", "Messages sent");
const HINT: Text = Text(
    "Questa dimostrazione non invia né e-mail né SMS: li mostra qui.",
    "This demonstration sends neither e-mails nor text messages: it shows them here.",
);
const NONE: Text = Text("Nessun messaggio.", "No messages.");

pub(crate) fn outbox(page: &Page<'_>, messages: &[Message]) -> Markup {
    let content = html! {
        p .hint { (page.say(HINT)) }
        @if messages.is_empty() { p { (page.say(NONE)) } }
        @for message in messages {
            section .message {
                h2 { (message.to) }
                p .hint { (date_and_time(message.at)) }
                @if let Some(subject) = &message.subject { p { strong { (subject) } } }
                p .text { (message.text) }
            }
        }
        p { a href="/" { (page.say(BACK)) } }
    };
    page.whole(page.say(TITLE), None, &content)
}
