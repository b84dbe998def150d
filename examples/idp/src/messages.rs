//! Messages to persons: mails and text messages.
//!
//! The outbox keeps the last ones for a day, except text messages that a gateway sends. A demonstration shows them on a
//! page of its own.

use std::fmt;

use secondo::UnixTime;
use secondo::factor::{CodeMessage, Destination, Transport};
use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
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
    /// The e-mail address, or the telephone number.
    pub(crate) to: String,
    /// The subject of a mail.
    pub(crate) subject: Option<String>,
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
    /// The gateway of text messages. Without one, the outbox has them.
    gateway: Option<Gateway>,
}

impl Messages {
    pub(crate) const fn new(records: Records, gateway: Option<Gateway>) -> Self {
        Self { records, gateway }
    }

    /// Sends a mail.
    pub(crate) async fn mail(&self, to: &str, subject: &str, text: &str, now: UnixTime) -> Result<(), Outage> {
        let (to, subject, text) = (to.to_owned(), Some(subject.to_owned()), text.to_owned());
        self.put(Message { to, subject, text, at: now.as_secs() }, now).await
    }

    /// Sends a text message.
    pub(crate) async fn sms(&self, to: &str, text: &str, now: UnixTime) -> Result<(), Outage> {
        if let Some(gateway) = &self.gateway {
            return gateway.send(to, text).await;
        }
        let (to, text) = (to.to_owned(), text.to_owned());
        self.put(Message { to, subject: None, text, at: now.as_secs() }, now).await
    }

    async fn put(&self, message: Message, now: UnixTime) -> Result<(), Outage> {
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
        let person = self.person.as_ref().ok_or(Outage("no_person"))?;
        let text = format!("{}\n{}", self.say(text), self.say(NOT_YOU));
        self.app.messages.mail(&person.email, self.say(subject), &text, self.now).await
    }
}

/// The calling codes of the countries to which codes are sent. Messages to others cost more, and earn fraudsters a
/// share.
const COUNTRIES: [&str; 1] = ["+39"];

/// Returns `true` if codes are sent to this number, which is in its international form.
pub(crate) fn is_served(number: &str) -> bool {
    COUNTRIES.iter().any(|code| number.starts_with(code))
}

impl Transport for Visit {
    type Error = Unsent;

    async fn screen(&self, destination: &Destination) -> Result<bool, Unsent> {
        Ok(is_served(destination.address()))
    }

    async fn send(&self, message: &CodeMessage) -> Result<(), Unsent> {
        let mut text = message.text(self.language.of_refusals(), &self.app.config.name).as_str().to_owned();
        // From the last line, browsers offer the code on the pages of this domain, and on no others.
        if let Some(domain) = self.app.origin.strip_prefix("https://") {
            let domain = domain.split(':').next().unwrap_or_default();
            text = format!("{text}\n\n{}", message.web_otp_line(domain).as_str());
        }
        let sent = self.app.messages.sms(message.destination().address(), &text, self.now).await;
        sent.map_err(|Outage(label)| Unsent(label))
    }
}

/// A code that was not sent, with the label of the fault.
#[derive(Debug)]
pub(crate) struct Unsent(pub(crate) &'static str);

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unsent {}

fn slot(number: u64) -> String {
    (number % KEPT).to_string()
}
