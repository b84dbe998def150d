//! An app that approves logins, on the device's side of secondo.

use base64ct::{Base64UrlUnpadded, Encoding};
use secondo::UnixTime;
use secondo::push::device::{Device, PersonalCode, Unlock};
use secondo::push::{Activation, SoftwareKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::browser::{Browser, agent};
use crate::support::provider::Provider;

const CODE: &str = "271828";

pub(crate) struct Phone {
    device: Device<SoftwareKey>,
    /// The name of the device in messages.
    name: String,
}

/// A status, and the body of an answer.
pub(crate) type Reply = (u16, Value);

/// Posts a message to the provider.
pub(crate) fn call(provider: &Provider, path: &str, body: &str) -> Reply {
    let request = agent().post(format!("{}/api/app/{path}", provider.origin)).content_type("application/json");
    let mut response = request.send(body).unwrap();
    assert!(response.headers().get("set-cookie").is_none());
    assert!(response.headers().get("access-control-allow-origin").is_none());
    let text = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
}

impl Phone {
    /// Makes an app with the key of this byte, and its answer to the activation.
    pub(crate) fn new(link: &str, byte: u8) -> (Self, String) {
        let key = SoftwareKey::from_bytes(&[byte; 32]).unwrap();
        let code = PersonalCode::new(CODE, [9; 16]).unwrap();
        let (device, answer) = Device::activate(&Activation::parse(link).unwrap(), key, Some(code)).unwrap();
        let fields: Value = serde_json::from_str(&answer).unwrap();
        let point = Base64UrlUnpadded::decode_vec(fields["key"].as_str().unwrap()).unwrap();
        let hash = Sha256::new().chain_update([2 + point[64] % 2]).chain_update(&point[1..33]).finalize();
        (Self { device, name: Base64UrlUnpadded::encode_string(&hash[..16]) }, answer)
    }

    /// Activates an app from the person's own pages, and confirms it.
    pub(crate) fn bind(provider: &Provider, browser: &mut Browser, byte: u8) -> Self {
        let (phone, answer) = Self::new(&begin(browser), byte);
        assert_eq!(call(provider, "activation", &answer), (200, json!({})));
        browser.submit("/security/app/confirm", &[("code", &phone.confirmation_code())]);
        assert!(browser.form("/security/app/confirm").is_none(), "{}", browser.page);
        phone
    }

    pub(crate) fn confirmation_code(&self) -> String {
        self.device.confirmation_code().as_str().to_owned()
    }

    /// Fetches the challenges that wait.
    pub(crate) fn challenges(&self, provider: &Provider) -> Vec<String> {
        let (status, body) = call(provider, "inbox", &json!({ "device": self.name }).to_string());
        assert_eq!(status, 200);
        let challenges = body["challenges"].as_array().unwrap();
        challenges.iter().map(|challenge| challenge.as_str().unwrap().to_owned()).collect()
    }

    /// Fetches the only challenge that waits.
    pub(crate) fn challenge(&self, provider: &Provider) -> String {
        let mut challenges = self.challenges(provider);
        assert_eq!(challenges.len(), 1, "{challenges:?}");
        challenges.remove(0)
    }

    /// Returns the acceptance of a challenge with the number that the person typed.
    pub(crate) fn acceptance(&mut self, challenge: &str, number: &str) -> String {
        let now = UnixTime::now().unwrap();
        let challenge = self.device.read(challenge, now).unwrap();
        self.device.accept(&challenge, number, Unlock::Code(CODE), now).unwrap()
    }

    pub(crate) fn denial(&self, challenge: &str) -> String {
        let now = UnixTime::now().unwrap();
        self.device.deny(&self.device.read(challenge, now).unwrap(), now).unwrap()
    }

    pub(crate) fn report(&self, challenge: &str) -> String {
        let now = UnixTime::now().unwrap();
        self.device.not_me(&self.device.read(challenge, now).unwrap(), now).unwrap()
    }

    /// Accepts the only challenge that waits.
    pub(crate) fn accept(&mut self, provider: &Provider, number: &str) -> Reply {
        let challenge = self.challenge(provider);
        call(provider, "answer", &self.acceptance(&challenge, number))
    }
}

/// Enrolls an authenticator app, and signs in with it.
pub(crate) fn enrolled(provider: &Provider) -> Browser {
    let mut browser = Browser::new(provider);
    browser.enroll(provider);
    browser.give_code();
    browser
}

/// Begins an activation on the person's own pages. Returns its link.
pub(crate) fn begin(browser: &mut Browser) -> String {
    browser.open("/security/app");
    browser.submit("/security/app", &[]);
    link(browser)
}

/// Returns the link of the activation on the page.
pub(crate) fn link(browser: &Browser) -> String {
    let page = &browser.page;
    let (_, link) = page.split_once(">secondo-push:").unwrap_or_else(|| panic!("no link on the page: {page}"));
    format!("secondo-push:{}", link.split_once('<').unwrap().0)
}

/// Returns the number that the page shows.
pub(crate) fn number(browser: &Browser) -> String {
    let page = &browser.page;
    let (_, number) = page.split_once("id=\"number\">").unwrap_or_else(|| panic!("no number on the page: {page}"));
    number.split_once('<').unwrap().0.to_owned()
}

/// Returns the text of a field of a message.
pub(crate) fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let (_, value) = message.split_once(&format!("\"{name}\":\"")).unwrap();
    value.split_once('"').unwrap().0
}

/// Returns a message with another text in one field.
pub(crate) fn changed(message: &str, name: &str, value: &str) -> String {
    message.replace(&format!("\"{name}\":\"{}\"", field(message, name)), &format!("\"{name}\":\"{value}\""))
}

/// Returns another number of six digits.
pub(crate) fn other_than(number: &str) -> String {
    format!("{:06}", (number.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Signs in to the person's own pages, up to the second factor.
pub(crate) fn give_password(provider: &Provider) -> Browser {
    let mut browser = Browser::new(provider);
    browser.open("/");
    browser.give_password(provider);
    browser
}
