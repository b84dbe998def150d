//! The steps for the e-mail address with the password, and for the mobile number. Each is confirmed with a code.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use secondo::UnixTime;
use serde::Deserialize;

use super::PAGE;
use super::application::{Application, Step, change};
use crate::app::App;
use crate::challenge::{self, Begun, Checked, HOUR, JUST_SENT};
use crate::http::{Answer, Visit};
use crate::messages::is_served;
use crate::outage::{Outage, in_background};
use crate::pages::{Alert, Language, Text};
use crate::password;
use crate::person::normalized;
use crate::problem::{Problem, Refused};

/// The codes to an address or a number, and those of an application, in an hour.
const CODES: (u32, u64) = (10, HOUR);

#[derive(Deserialize)]
pub(super) struct Account {
    form: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn take_email(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Account { form, email, password }): Form<Account>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let application = visit.application().await?.unwrap_or_default();
    if form != visit.browser.form_token() || !application.may_change(Step::Email) {
        return Ok(visit.go_to(PAGE));
    }
    let address = normalized(&email);
    let mut personal = vec![address.as_str()];
    personal.extend(application.personal.iter().flat_map(|data| [data.name.as_str(), data.family_name.as_str()]));
    let problems = [(!is_email(&address)).then_some(Problem::Email), password::check(&password, &personal).err()];
    let problems: Vec<Problem> = problems.into_iter().flatten().collect();
    if !problems.is_empty() {
        return visit.refuse_step(Step::Email, Refused::from(problems).with_typed(&email)).await;
    }
    let hash = visit.app.persons.hash(password).await?;
    let set = |application: &mut Application| {
        application.is_email_confirmed &= application.email == address;
        application.email.clone_from(&address);
        application.password.clone_from(&hash);
    };
    visit.change_application(set).await?;
    visit.begin_code(Step::Email).await
}

#[derive(Deserialize)]
pub(super) struct Mobile {
    form: String,
    #[serde(default)]
    mobile: String,
}

pub(super) async fn take_mobile(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Mobile { form, mobile }): Form<Mobile>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let application = visit.application().await?.unwrap_or_default();
    let may_change = application.may_change(Step::Mobile) && application.certified.is_none();
    if form != visit.browser.form_token() || !may_change {
        return Ok(visit.go_to(PAGE));
    }
    let number = match number(&mobile) {
        Ok(number) => number,
        Err(problem) => return visit.refuse_step(Step::Mobile, Refused::from(problem).with_typed(&mobile)).await,
    };
    let set = |application: &mut Application| {
        application.is_mobile_confirmed &= application.mobile == number;
        application.mobile.clone_from(&number);
    };
    visit.change_application(set).await?;
    visit.begin_code(Step::Mobile).await
}

#[derive(Deserialize)]
pub(super) struct Code {
    form: String,
    #[serde(default)]
    code: String,
}

/// Takes the code that confirms an address or a number.
pub(super) async fn take_code(
    State(app): State<Arc<App>>,
    Path(step): Path<String>,
    headers: HeaderMap,
    Form(Code { form, code }): Form<Code>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let application = visit.application().await?.unwrap_or_default();
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(PAGE));
    }
    let Some(confirmed) = Confirmed::due(&application, &step) else {
        return visit.step_not_due(&application, &step).await;
    };
    let id = visit.application_id()?;
    match challenge::check(&visit.app.records, &confirmed.challenge(&id), &code, visit.now).await? {
        Checked::Right => {
            let set = |application: &mut Application| {
                // Another tab may have given another address since.
                match Confirmed::due(application, &step) {
                    Some(due) if due == confirmed && due.step == Step::Email => application.is_email_confirmed = true,
                    Some(due) if due == confirmed => application.is_mobile_confirmed = true,
                    _ => return None,
                }
                Some(())
            };
            change(&visit.app.records, &id, visit.now, set).await?;
            visit.browser.renew(&visit.app.records, visit.now).await?;
            Ok(visit.go_to(PAGE))
        }
        Checked::Repeated => visit.follow_first(PAGE).await,
        Checked::Wrong(left) => {
            let alert = format!("{} {left}", WRONG_CODE.in_language(visit.language));
            visit.refuse(PAGE, Alert(alert)).await
        }
        Checked::Over => visit.refuse(PAGE, visit.warning(CODE_OVER)).await,
    }
}

#[derive(Deserialize)]
pub(super) struct Again {
    form: String,
}

/// Sends another code.
pub(super) async fn send_again(
    State(app): State<Arc<App>>,
    Path(step): Path<String>,
    headers: HeaderMap,
    Form(Again { form }): Form<Again>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let application = visit.application().await?.unwrap_or_default();
    let confirmed = Confirmed::due(&application, &step).filter(|_| form == visit.browser.form_token());
    let Some(confirmed) = confirmed else { return Ok(visit.go_to(PAGE)) };
    visit.begin_code(confirmed.step).await
}

pub(crate) const WRONG_CODE: Text =
    Text("Il codice non è corretto. Tentativi rimanenti:", "The code is not correct. Attempts left:");
pub(crate) const CODE_OVER: Text = Text(
    "Il codice non è più valido. Fattene inviare un altro.",
    "The code is no longer valid. Have another one sent to you.",
);
const TOO_MANY: Text = Text(
    "Sono già stati inviati troppi codici. Riprova tra un'ora.",
    "Too many codes were sent already. Try again in an hour.",
);
const EMAIL_SUBJECT: Text = Text("Codice per la tua registrazione", "Code for your registration");
const EMAIL_TEXT: Text = Text(
    "Scrivi questo codice nella pagina di registrazione. Vale 10 minuti. Non comunicarlo a nessuno.",
    "Type this code on the page of the registration. It is valid for 10 minutes. Do not give it to anybody.",
);
const OWNER_SUBJECT: Text = Text("Hai già un'identità digitale", "You have a digital identity already");
const OWNER_TEXT: Text = Text(
    "Qualcuno ha iniziato una registrazione con il tuo indirizzo e-mail. Se sei stato tu: hai già un'identità. \
        Se non ricordi la password, usa «Recupero credenziali» nella pagina di accesso. Altrimenti non devi fare nulla.",
    "Somebody began a registration with your e-mail address. If it was you: you have an identity already. \
        If you do not remember the password, use \u{201c}Recover your credentials\u{201d} on the sign-in page. \
        Otherwise there is nothing to do.",
);
const SMS_TEXT: Text = Text(
    "codice per la registrazione. Non comunicarlo a nessuno:",
    "code for the registration. Do not give it to anybody:",
);

/// An address or a number of an application that waits for its code.
#[derive(Clone, PartialEq, Eq)]
struct Confirmed {
    step: Step,
    to: String,
}

impl Confirmed {
    /// Returns the address or number of this step, if it is to be confirmed.
    fn due(application: &Application, step: &str) -> Option<Self> {
        let step = application.named(step)?;
        let (to, is_confirmed) = match step {
            Step::Email => (&application.email, application.is_email_confirmed),
            Step::Mobile => (&application.mobile, application.is_mobile_confirmed),
            _ => return None,
        };
        (!to.is_empty() && !is_confirmed).then(|| Self { step, to: to.clone() })
    }

    /// Returns the name of the challenge. A code for one address does not confirm another one.
    fn challenge(&self, application: &str) -> String {
        format!("registration {application} {}", self.to)
    }
}

impl Visit {
    /// Sends a code to the address or number of this step, unless it is confirmed, and goes to the next page.
    pub(super) async fn begin_code(&self, step: Step) -> Answer {
        let application = self.application().await?.unwrap_or_default();
        let Some(confirmed) = Confirmed::due(&application, step.name()) else { return Ok(self.go_to(PAGE)) };
        let (id, records, now) = (self.application_id()?, &self.app.records, self.now);
        let name = confirmed.challenge(&id);
        let limits = [(format!("codes of {id}"), CODES), (format!("codes to {}", confirmed.to), CODES)];
        match challenge::begin(records, &name, &limits, now).await? {
            Begun::New => {
                in_background(send(Arc::clone(&self.app), confirmed, name, self.language, now));
                Ok(self.go_to(PAGE))
            }
            Begun::Already => Ok(self.go_to(PAGE)),
            Begun::Early => self.refuse(PAGE, self.warning(JUST_SENT)).await,
            Begun::TooMany { .. } => self.refuse(PAGE, self.warning(TOO_MANY)).await,
        }
    }
}

/// Sends a code. The owner of an address that has an identity gets a mail without a code, and the page is the same.
async fn send(
    app: Arc<App>,
    Confirmed { step, to }: Confirmed,
    challenge: String,
    language: Language,
    now: UnixTime,
) -> Result<(), Outage> {
    let say = |text: Text| text.in_language(language);
    if step == Step::Email && app.persons.named(&to, now).await?.is_some() {
        return app.messages.mail(&to, say(OWNER_SUBJECT), say(OWNER_TEXT), now).await;
    }
    let code = challenge::code(&app.records, &challenge, now).await?;
    if step == Step::Email {
        return app.messages.mail(&to, say(EMAIL_SUBJECT), &format!("{}\n{code}", say(EMAIL_TEXT)), now).await;
    }
    app.messages.sms(&to, &format!("{}: {} {code}", app.config.name, say(SMS_TEXT)), now).await
}

/// Returns `true` for an address that can be an e-mail address. The code shows that it is one.
fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    (1..=64).contains(&local.len())
        && local.bytes().all(is_local)
        && address.len() <= 128
        && domain.contains('.')
        && domain.split('.').all(is_part)
}

/// Returns a mobile number in its international form. Without a prefix, it is Italian.
///
/// As at a login, no codes are sent to other countries: anybody can register, and messages there cost more.
fn number(text: &str) -> Result<String, Problem> {
    let text: String = text.chars().filter(|letter| !" -./()".contains(*letter)).collect();
    let number = match (text.strip_prefix('+'), text.strip_prefix("00")) {
        (Some(number), _) | (None, Some(number)) => number.to_owned(),
        (None, None) => format!("39{text}"),
    };
    let is_mobile = number.strip_prefix("39").is_none_or(|italian| italian.starts_with('3') && italian.len() >= 9);
    let is_number = (8..=15).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit());
    let number = Some(format!("+{number}")).filter(|_| is_mobile && is_number).ok_or(Problem::Mobile)?;
    if is_served(&number) { Ok(number) } else { Err(Problem::MobileCountry) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;
    use crate::records::Record;
    use crate::registration::Personal;
    use crate::session::Session;
    use crate::test_browser::{self, Browser, USER, click_twice};

    /// The first of two clicks has confirmed the address or the number, or is about to, and has not set its cookie.
    #[tokio::test]
    async fn double_click_on_a_code_leads_to_the_next_step() {
        async fn give_code<R: Record>(app: &Arc<App>, step: Step, next: &str) {
            let mut browser = Browser::new(app);
            browser.send("GET", PAGE, String::new(), None).await;
            let mut visit = Visit::of(Arc::clone(app), &browser.headers()).await.unwrap();
            let application = Application {
                personal: Some(Personal::default()),
                email: "luigi.verdi@example.org".into(),
                is_email_confirmed: step == Step::Mobile,
                mobile: "+393331234567".into(),
                ..Application::default()
            };
            visit.begin_application(application.clone()).await.unwrap();
            let confirmed = Confirmed::due(&application, step.name()).unwrap();
            let challenge = confirmed.challenge(&visit.application_id().unwrap());
            assert!(challenge::begin(&app.records, &challenge, &[], visit.now).await.unwrap() == Begun::New);
            let code = challenge::code(&app.records, &challenge, visit.now).await.unwrap();
            let form = format!("form={}&code={code}", visit.browser.form_token());
            click_twice::<R>(app, &mut browser, &format!("/register/code/{}", step.name()), [form.clone(), form]).await;
            assert!(browser.page.contains(next) && !browser.page.contains("role=\"alert\""), "{}", browser.page);
        }
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        for (step, next) in [(Step::Email, "\"/register/code/mobile\""), (Step::Mobile, "\"/register/documents\"")] {
            give_code::<Application>(&app, step, next).await;
            give_code::<Session>(&app, step, next).await;
        }
    }

    /// The time of an answer must not tell who has an identity, so it comes before anybody looks.
    #[tokio::test]
    async fn answers_come_before_the_owner_of_the_address_is_looked_for() {
        const NEW: &str = "luigi.verdi@example.org";
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let (held, gate) = test_browser::held(&app);
        for address in [USER, NEW] {
            let mut browser = Browser::new(&held);
            browser.send("GET", PAGE, String::new(), None).await;
            let mut visit = Visit::of(Arc::clone(&app), &browser.headers()).await.unwrap();
            let application = Application { personal: Some(Personal::default()), ..Application::default() };
            visit.begin_application(application).await.unwrap();
            let form = format!("form={}&email={address}&password=Segreto-1984", visit.browser.form_token());
            browser.send("POST", "/register/email", form, None).await;
            browser.follow().await;
            assert!(browser.page.contains("/register/code/email"), "{address}: {}", browser.page);
        }
        let sent = [(USER, OWNER_SUBJECT.0), (NEW, EMAIL_SUBJECT.0)];
        for (address, subject) in sent {
            assert!(!test_browser::is_sent(&app, address, subject).await);
        }
        gate.add_permits(1);
        for (address, subject) in sent {
            test_browser::wait_for_mail(&app, address, subject).await;
        }
    }
}
