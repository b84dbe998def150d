//! The hand-over from a credential of somebody else, such as a regional one-time password or the PIN of INPS.
//!
//! The table `[[handover]]` of the configuration stands for the other side, which identified the person. Whoever gives
//! the PIN, the one-time password if there is one, and reads the certified number, needs no other identification. A
//! demonstration has a credential of its own.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use secondo::decision;
use secondo::formats::otpauth::KeyUri;
use secondo::{Policy, SubmittedCode, UnixTime};
use serde::{Deserialize, Serialize};

use super::application::{Application, Certified, Step};
use super::personal::today;
use crate::app::App;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages::{Text, password_locked, registration as pages};
use crate::problem::{Problem, Refused};
use crate::records::{Kept, Record, Records};
use crate::session::MOVING_SECS;
use crate::tries::{self, Pin};

pub(super) const PAGE: &str = "/register/handover";

/// A credential of somebody else.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credential {
    /// The name of the other side.
    pub(crate) issuer: String,
    pub(crate) fiscal_code: String,
    /// The hash of the PIN (argon2, in the PHC format).
    pub(crate) hash: String,
    /// The key URI of the device that shows its one-time passwords, if it has such a device.
    pub(crate) otp: Option<String>,
    pub(crate) name: String,
    pub(crate) family_name: String,
    /// The number that the other side has certified, in its international form.
    pub(crate) mobile: String,
    /// The last day on which the credential is valid.
    pub(crate) expires: String,
}

/// Checks the credentials of a configuration. The reason of a refusal names the table by its place.
pub(crate) fn check_credentials(credentials: &[Credential]) -> Result<(), String> {
    let mut codes = HashSet::new();
    for (place, Credential { fiscal_code, hash, otp, expires, .. }) in (1..).zip(credentials) {
        let problem = if *fiscal_code != fiscal_code.to_uppercase() {
            "fiscal_code is not in capital letters"
        } else if !codes.insert(fiscal_code) {
            "another one has the same fiscal code"
        } else if !hash.starts_with("$argon2id$") || PasswordHash::new(hash).is_err() {
            "hash is not one that `idp hash-pin` prints"
        } else if otp.as_ref().is_some_and(|uri| KeyUri::parse(uri).is_err()) {
            "otp is not a key URI, such as otpauth://totp/name?secret=…"
        } else if expires.parse::<Date>().is_err() {
            "expires is not a day such as 2036-12-31"
        } else {
            continue;
        };
        return Err(format!("the table [[handover]] number {place}: {problem}"));
    }
    Ok(())
}

/// The credential of a demonstration.
impl Record for Credential {
    const KIND: &'static str = "credential";
}

/// The device of a credential that has shown passwords, by the fiscal code.
#[derive(Serialize, Deserialize)]
struct Device {
    /// The state of the one-time passwords: those up to its watermark are used.
    state: Vec<u8>,
    /// The hash of the form whose password was accepted last, and its time in seconds.
    last: (String, u64),
}

impl Record for Device {
    const KIND: &'static str = DEVICE;
}

/// The kind of the records of devices. They stay when a person is erased, since used passwords would be valid again.
pub(crate) const DEVICE: &str = "credential-device";

/// The result of a one-time password.
enum Verified {
    Right,
    /// The same form was right a moment ago: the second of two clicks.
    Again,
    Wrong,
}

/// The name of the demonstration's credential in the records.
const OF_DEMONSTRATION: &str = "demonstration";

/// Keeps a credential for a demonstration, which has no configuration.
pub(crate) async fn keep_credential(app: &App, credential: Credential, now: UnixTime) -> Result<(), Outage> {
    app.records.create(OF_DEMONSTRATION, Kept::forever(credential), now).await?;
    Ok(())
}

const WRONG: Text = Text(
    "Il codice fiscale, il PIN o la password temporanea non sono corretti.",
    "The fiscal code, the PIN or the one-time password is not correct.",
);
const EXPIRED: Text = Text(
    "La credenziale è scaduta. Registrati con i tuoi documenti.",
    "The credential has expired. Register with your documents.",
);

pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    Ok(visit.show(StatusCode::OK, pages::handover))
}

#[derive(Deserialize)]
pub(super) struct Given {
    form: String,
    #[serde(default)]
    fiscal_code: String,
    #[serde(default)]
    pin: String,
    #[serde(default)]
    otp: String,
    /// `yes`, or nothing.
    #[serde(default)]
    consent: String,
}

/// Takes the PIN, and the consent to hand over fiscal code, surname and name.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Given { form, fiscal_code, pin, otp, consent }): Form<Given>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(super::PAGE));
    }
    let code = fiscal_code.trim().to_uppercase();
    let refused = |visit: &Visit, text: Text| Refused::from(visit.warning(text)).with_typed(&code);
    if consent != "yes" {
        return visit.refuse(PAGE, Refused::from(Problem::HandoverConsent).with_typed(&code)).await;
    }
    let name = Pin::Handover.name(&code);
    // A password that is given again at another time is compared with others.
    let guess = format!("{} {pin}{otp} {}", pin.len(), visit.now.as_secs() / 30);
    if let Err(until) = tries::count(&visit.app.records, &name, &guess, &form, visit.now).await? {
        let alert = password_locked(visit.language, until);
        return visit.refuse(PAGE, Refused::from(alert).with_typed(&code)).await;
    }
    let of_demonstration: Option<Credential> = visit.app.records.load(OF_DEMONSTRATION, visit.now).await?;
    let mut credentials = visit.app.config.handover.iter().cloned().chain(of_demonstration);
    let credential = credentials.find(|credential| credential.fiscal_code == code);
    let hash = credential.as_ref().map(|credential| credential.hash.clone());
    let is_right = visit.app.persons.compare(pin, hash).await?;
    let Some(credential) = credential.filter(|_| is_right) else {
        return visit.refuse(PAGE, refused(&visit, WRONG)).await;
    };
    match credential.verify(&otp, &form, &visit.app.records, visit.now).await? {
        Verified::Right => tries::forget(&visit.app.records, &name, visit.now).await?,
        Verified::Again => return visit.follow_first(super::PAGE).await,
        Verified::Wrong => return visit.refuse(PAGE, refused(&visit, WRONG)).await,
    }
    let last: Option<Date> = credential.expires.parse().ok();
    if last.is_none_or(|last| last < today(visit.now)) {
        return visit.refuse(PAGE, refused(&visit, EXPIRED)).await;
    }
    let Credential { issuer, fiscal_code, name, family_name, mobile, .. } = credential;
    let certified = Some(Certified { issuer, fiscal_code, name, family_name });
    // A registration with documents that was begun in this browser ends here.
    visit.replace_application(Application { mobile, certified, ..Application::default() }).await?;
    visit.begin_code(Step::Mobile).await
}

impl Credential {
    /// Verifies a one-time password, if the credential has a device. Each password is accepted once. Wrong ones change
    /// nothing here: [`tries`] counts them with the PIN, and ends the lock by itself.
    async fn verify(&self, typed: &str, form: &str, records: &Records, now: UnixTime) -> Result<Verified, Outage> {
        let Some(uri) = &self.otp else { return Ok(Verified::Right) };
        let uri = KeyUri::parse(uri).map_err(|_| Outage("credential"))?;
        let (method, key) = (uri.authenticator().method(), uri.authenticator().key().ok_or(Outage("credential"))?);
        let form = tries::attempt(form, typed);
        let typed = SubmittedCode::new(typed);
        let verify = |held: Option<Device>| {
            let state = match &held {
                Some(Device { last: (of, at), .. }) if *of == form && now.as_secs() <= at + MOVING_SECS => {
                    return (None, Ok(Verified::Again));
                }
                Some(Device { state, .. }) => decision::State::from_bytes(state),
                None => Ok(uri.state().confirmed()),
            };
            let Ok(state) = state else { return (None, Err(Outage("credential"))) };
            let mut accepted = None;
            let decision = method.verify(&key, &Policy::new(), &state, &typed, now);
            let verified = decision.commit(|state| {
                accepted = Some(state.to_bytes().to_vec());
                Ok::<_, Infallible>(())
            });
            match (verified, accepted) {
                (Ok(_), Some(state)) => {
                    let device = Device { state, last: (form.clone(), now.as_secs()) };
                    (Some(Kept::forever(device)), Ok(Verified::Right))
                }
                _ => (None, Ok(Verified::Wrong)),
            }
        };
        records.change(&self.fiscal_code, now, verify).await?
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use secondo::{Algorithm, Key, Secret, Totp};

    use super::*;
    use crate::person::hash;
    use crate::session::Session;
    use crate::test_browser::{self, Browser, click_twice};

    /// The first of two clicks has used the password, and has not yet stored the application, or the session.
    #[tokio::test]
    async fn double_click_uses_a_one_time_password_once() {
        click_with_password::<Application>().await;
        click_with_password::<Session>().await;
    }

    async fn click_with_password<R: Record>() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        let secret = Secret::from_bytes(b"a device of the region").unwrap();
        let code = Totp::default().generate(&Key::new(Algorithm::Sha1, &secret), now).unwrap();
        let text = |text: &str| text.to_owned();
        let credential = Credential {
            issuer: text("Regione Esempio"),
            fiscal_code: text("VRDLGU90E17F205V"),
            hash: hash("12345678").unwrap(),
            otp: Some(format!("otpauth://totp/luigi?secret={}", secret.to_base32().as_str())),
            name: text("Luigi"),
            family_name: text("Verdi"),
            mobile: text("+393330000002"),
            expires: text("2099-12-31"),
        };
        let replace = |_: Option<Credential>| (Some(Kept::forever(credential.clone())), ());
        app.records.change(OF_DEMONSTRATION, now, replace).await.unwrap();
        let mut browser = Browser::new(&app);
        browser.send("GET", PAGE, String::new(), None).await;
        let given = format!("&fiscal_code=VRDLGU90E17F205V&pin=12345678&otp={}&consent=yes", code.as_str());
        let form = format!("form={}{given}", browser.hidden("form"));
        click_twice::<R>(&app, &mut browser, PAGE, [form.clone(), form]).await;
        assert!(browser.page.contains("\"/register/code/mobile\""), "{}", browser.page);
        // Another browser gets nothing by it.
        let mut other = Browser::new(&app);
        other.send("GET", PAGE, String::new(), None).await;
        let form = format!("form={}{given}", other.hidden("form"));
        other.send("POST", PAGE, form, None).await;
        other.follow().await;
        assert!(other.page.contains("role=\"alert\""), "{}", other.page);
    }
}
