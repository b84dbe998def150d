use alloc::string::String;

use crate::decision::Language;
use crate::factor::out_of_band::{Channel, Destination};
use crate::types::{Code, SecretText, UnixTime};

/// A code to send to a subscriber, with its destination.
///
/// It is secret until the subscriber has it: keep it out of logs. `Debug` shows neither code nor address.
#[derive(Debug)]
#[must_use = "the subscriber waits for this message"]
pub struct CodeMessage {
    pub(crate) destination: Destination,
    pub(crate) code: Code,
    pub(crate) expires: UnixTime,
    pub(crate) next_at: UnixTime,
}

impl CodeMessage {
    /// Returns the destination.
    #[must_use]
    pub const fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Returns the code.
    #[must_use]
    pub const fn code(&self) -> &Code {
        &self.code
    }

    /// Returns the time from which the code is no longer accepted.
    #[must_use]
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// Returns the time from which another code can be sent in the same login, as in
    /// [`Sent::Repeated`](crate::verifier::Sent::Repeated).
    #[must_use]
    pub const fn next_at(&self) -> UnixTime {
        self.next_at
    }

    /// Returns a text that names the relying party: the service at which the subscriber logs in, or the provider.
    ///
    /// In the text of a voice call the digits stand apart, so that they are spoken one by one, and are repeated.
    #[must_use]
    pub fn text(&self, language: Language, relying_party: &str) -> SecretText {
        let (code_for, is, never_share) = match language {
            Language::English => ("Your code for ", ": ", ". Never tell it to anybody."),
            Language::Italian => ("Il tuo codice per ", ": ", ". Non comunicarlo a nessuno."),
        };
        let spoken = self.spoken();
        let code = match self.destination.channel() {
            Channel::Voice => spoken.as_str(),
            Channel::Sms | Channel::Mail => self.code.as_str(),
        };
        let times = if self.destination.channel() == Channel::Voice { 2 } else { 1 };
        let length = code_for.len() + relying_party.len() + times * (is.len() + code.len()) + never_share.len();
        let mut text = String::with_capacity(length);
        text.push_str(code_for);
        text.push_str(relying_party);
        for _ in 0..times {
            text.push_str(is);
            text.push_str(code);
        }
        text.push_str(never_share);
        SecretText::new(text)
    }

    /// Returns the digits of the code, apart from one another: `4, 9, 3, 0, 2, 1`.
    #[must_use]
    pub fn spoken(&self) -> SecretText {
        let mut text = String::with_capacity(3 * self.code.as_str().len());
        for digit in self.code.as_str().chars() {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push(digit);
        }
        SecretText::new(text)
    }

    /// Returns the last line of a text message from which a browser offers the code to the page of this domain, and to
    /// no other: `@idp.example.it #493021`.
    ///
    /// Such codes ("origin-bound one-time codes", which the `WebOTP` API reads) protect against pages that imitate the
    /// provider's. The line must be the last one of the message.
    #[must_use]
    pub fn web_otp_line(&self, domain: &str) -> SecretText {
        let mut line = String::with_capacity(domain.len() + self.code.as_str().len() + 3);
        for part in ["@", domain, " #", self.code.as_str()] {
            line.push_str(part);
        }
        SecretText::new(line)
    }
}
