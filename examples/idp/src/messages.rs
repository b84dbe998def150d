//! Messages to persons.
//!
//! The outbox keeps the last ones for a day. A demonstration shows them on a page of its own.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use crate::http::Visit;
use crate::outage::Outage;
use crate::pages::Text;
use crate::person::Person;
use crate::records::{Kept, Record, Records};

/// The number of messages that the outbox keeps.
const KEPT: u64 = 64;
/// The seconds for which it keeps them.
const DAY: u64 = 24 * 60 * 60;

/// A message that was sent.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The e-mail address.
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// The time in seconds at which it was sent.
    pub(crate) at: u64,
}

impl Record for Message {
    const KIND: &'static str = "message";
}

/// The number of the next message.
#[derive(Default, Serialize, Deserialize)]
struct Next(u64);

impl Record for Next {
    const KIND: &'static str = "outbox";
}

#[derive(Clone)]
pub(crate) struct Messages {
    records: Records,
}

impl Messages {
    pub(crate) const fn new(records: Records) -> Self {
        Self { records }
    }

    /// Sends a mail.
    pub(crate) async fn mail(&self, to: &str, subject: &str, text: &str, now: UnixTime) -> Result<(), Outage> {
        let (to, subject, text) = (to.to_owned(), subject.to_owned(), text.to_owned());
        let message = Message { to, subject, text, at: now.as_secs() };
        let take = |next: Option<Next>| {
            let Next(number) = next.unwrap_or_default();
            (Some(Kept::forever(Next(number + 1))), number)
        };
        let number = self.records.change("next", now, take).await?;
        let keep = |_: Option<Message>| (Some(Kept::until(now.saturating_add(DAY), message.clone())), ());
        self.records.change(&slot(number), now, keep).await
    }

    /// Returns the messages of the outbox, the newest first.
    pub(crate) async fn all(&self, now: UnixTime) -> Result<Vec<Message>, Outage> {
        let Next(next) = self.records.load("next", now).await?.unwrap_or_default();
        let mut messages = Vec::new();
        for number in (next.saturating_sub(KEPT)..next).rev() {
            messages.extend(self.records.load::<Message>(&slot(number), now).await?);
        }
        Ok(messages)
    }
}

impl Messages {
    /// Tells a person about a change that an operator made, in both languages.
    pub(crate) async fn tell(&self, person: &Person, notice: Notice, now: UnixTime) -> Result<(), Outage> {
        let Notice { subject, text } = notice;
        let subject = format!("{} / {}", subject.0, subject.1);
        let text = format!("{}\n{}\n\n{}\n{}", text.0, NOT_YOU.0, text.1, NOT_YOU.1);
        self.mail(&person.email, &subject, &text, now).await
    }
}

/// A mail about a change to a person's authenticators or data.
#[derive(Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) subject: Text,
    pub(crate) text: Text,
}

const NOT_YOU: Text =
    Text("Se non sei stato tu, chiama subito l'assistenza.", "If this was not you, call the help desk at once.");

impl Visit {
    /// Tells the person about a change.
    pub(crate) async fn notify(&self, Notice { subject, text }: Notice) -> Result<(), Outage> {
        let person = self.browser.session.person.as_deref().ok_or(Outage("no_person"))?;
        let Some(person) = self.app.persons.load(person, self.now).await? else { return Ok(()) };
        let say = |text: Text| text.in_language(self.language);
        let text = format!("{}\n{}", say(text), say(NOT_YOU));
        self.app.messages.mail(&person.email, say(subject), &text, self.now).await
    }
}

fn slot(number: u64) -> String {
    (number % KEPT).to_string()
}
