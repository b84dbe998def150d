//! The gateway of text messages: an HTTP interface that takes each message as JSON.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use ureq::Agent;
use ureq::tls::TlsConfig;
use url::{Host, Url};

use crate::outage::{Failure, Outage};

/// The longest time of a call. It is less than that of a request of a browser.
const TIME: Duration = Duration::from_secs(10);

/// The table `[sms]` of the configuration.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatewayOptions {
    /// The address that takes messages.
    url: Url,
    /// The token by which the gateway knows the provider.
    token: String,
    /// The name or the number that the person sees as the sender.
    sender: String,
}

#[derive(Clone)]
pub(crate) struct Gateway {
    agent: Agent,
    options: GatewayOptions,
}

/// The body of a call.
#[derive(Serialize)]
struct Call<'a> {
    from: &'a str,
    to: &'a str,
    text: &'a str,
}

impl Gateway {
    pub(crate) fn new(options: GatewayOptions) -> Result<Self, Failure> {
        let is_local = match options.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match options.url.scheme() {
            "https" => {}
            "http" if is_local => {}
            _ => return Err("the url of [sms] must begin with https://".into()),
        }
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(default_provider())).build();
        // A redirect would give the token and the message to another address.
        let agent = Agent::config_builder().tls_config(tls).timeout_global(Some(TIME)).max_redirects(0);
        Ok(Self { agent: agent.http_status_as_error(false).build().into(), options })
    }

    /// Sends a text message. The gateway answers with 200 or 202 if it takes the message.
    pub(crate) async fn send(&self, to: &str, text: &str) -> Result<(), Outage> {
        let (gateway, to, text) = (self.clone(), to.to_owned(), text.to_owned());
        spawn_blocking(move || gateway.call(&to, &text)).await?
    }

    fn call(&self, to: &str, text: &str) -> Result<(), Outage> {
        let GatewayOptions { url, token, sender } = &self.options;
        let request = self.agent.post(url.as_str()).header("Authorization", format!("Bearer {token}"));
        let response = request.send_json(Call { from: sender, to, text }).map_err(|_| Outage("sms_gateway"))?;
        if matches!(response.status().as_u16(), 200 | 202) { Ok(()) } else { Err(Outage("sms_gateway_refused")) }
    }
}
