use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use rand::TryRng;
use rand::rngs::SysRng;
use secondo::factor::Transport;
use secondo::store::BoxedError;
use secondo::verifier::Sent;
use secondo::{AuthenticatorNumber, UnixTime, VerifierError};
use serde::{Deserialize, Serialize};

use super::Step;
use crate::app::App;
use crate::http::{Answer, Visit};
use crate::messages::Unsent;
use crate::outage::Outage;
use crate::pages::UNSENT;

/// A number of the account, and the last code that was sent to it in this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentTo {
    pub(crate) number: u32,
    /// A code is on its way.
    pub(crate) is_sent: bool,
    /// The time in seconds from which another code can be sent.
    next_at: u64,
}

impl SentTo {
    pub(super) fn nothing(number: AuthenticatorNumber) -> Self {
        Self { number: number.get(), is_sent: false, next_at: 0 }
    }

    /// Returns the seconds until another code can be sent.
    pub(crate) fn wait(&self, now: UnixTime) -> u64 {
        self.next_at.saturating_sub(now.as_secs())
    }
}

#[derive(Deserialize)]
pub(super) struct Sending {
    form: String,
    request: Option<String>,
    number: u32,
}

/// Chooses a number for this login, and sends a code to it.
pub(super) async fn send(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Sending { form, request, number }): Form<Sending>,
) -> Answer {
    let mut visit = Visit::of_step(app, &headers, request.as_deref()).await?;
    if let Some(answer) = visit.not_due(&form, request.as_deref()) {
        return Ok(answer);
    }
    let before = match visit.browser.session.step {
        Some(Step::Sms(to)) if to.number == number => to,
        _ => SentTo::nothing(AuthenticatorNumber::new(number)),
    };
    match visit.send_code(before).await {
        Ok(to) => {
            visit.browser.session.step = Some(Step::Sms(to));
            visit.browser.keep(&visit.app.records, visit.now).await?;
            if to.is_sent { Ok(visit.go_to("/")) } else { visit.refuse("/", visit.warning(UNSENT)).await }
        }
        Err(error) => visit.not_accepted(error).await,
    }
}

impl Visit {
    /// Sends a code in this session to a number of the account.
    ///
    /// If the gateway fails, nothing counts as a failure of the person, who can ask for another code after the pause.
    pub(super) async fn send_code(&self, to: SentTo) -> Result<SentTo, VerifierError<BoxedError>> {
        let fault = |Outage(label)| VerifierError::Transport(Box::new(Unsent(label)));
        let (account, login) =
            self.browser.account().and_then(|account| Ok((account, self.browser.login()?))).map_err(fault)?;
        let mut random = [0; 32];
        SysRng.try_fill_bytes(&mut random).map_err(|_| fault(Outage("random")))?;
        let number = AuthenticatorNumber::new(to.number);
        match self.app.verifier.send_code(&account, &login, number, self, self.now, &random).await? {
            Sent::New(message) => {
                let sent = self.send(&message).await;
                if let Err(Unsent(label)) = &sent {
                    eprintln!("sms: {label}");
                }
                Ok(SentTo { is_sent: sent.is_ok(), next_at: message.next_at().as_secs(), ..to })
            }
            // The other one of two clicks has sent it, or knows that it could not.
            Sent::Repeated { next_at, .. } => {
                Ok(SentTo { is_sent: to.is_sent || to.next_at == 0, next_at: next_at.as_secs(), ..to })
            }
        }
    }
}
