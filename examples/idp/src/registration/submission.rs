//! The last steps: the terms and the consents, and the application that is sent.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use secondo::UnixTime;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::application::{Application, Stage, Step, change};
use super::{PAGE, files, waiting};
use crate::app::{App, random_hex};
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages::Text;
use crate::problem::Problem;

#[derive(Deserialize)]
pub(super) struct Consents {
    form: String,
    /// `yes`, or nothing.
    #[serde(default)]
    terms: String,
    /// `yes` or `no`, which changes nothing else.
    #[serde(default)]
    marketing: String,
}

pub(super) async fn take_terms(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Consents { form, terms, marketing }): Form<Consents>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let application = visit.application().await?.unwrap_or_default();
    if form != visit.browser.form_token() || !application.may_change(Step::Terms) {
        return Ok(visit.go_to(PAGE));
    }
    if terms != "yes" {
        return visit.refuse_step(Step::Terms, Problem::Terms).await;
    }
    let now = visit.now;
    let set = |application: &mut Application| {
        application.terms = Some(now.as_secs());
        application.wants_marketing = marketing == "yes";
    };
    visit.change_application(set).await?;
    Ok(visit.go_to(PAGE))
}

#[derive(Deserialize)]
pub(super) struct Submit {
    form: String,
}

const FULL: Text = Text(
    "In questo momento non possiamo ricevere altre richieste. Riprova domani: i dati restano per un'ora.",
    "No more applications can be received now. Try again tomorrow: the data are kept for an hour.",
);
const TAKEN: Text = Text(
    "Hai già un'identità digitale con questo codice fiscale o con questo indirizzo e-mail. Se non ricordi la password, \
        usa «Recupero credenziali» nella pagina di accesso.",
    "You have a digital identity with this fiscal code or this e-mail address already. If you do not remember the \
        password, use \u{201c}Recover your credentials\u{201d} on the sign-in page.",
);
const SENT_SUBJECT: Text = Text("La tua richiesta di identità digitale", "Your application for a digital identity");
const SENT_TEXT: Text = Text(
    "Abbiamo ricevuto la tua richiesta. Un operatore la completerà entro 30 giorni; poi i dati saranno cancellati. \
        Se vuoi ritirarla, apri la pagina indicata e scrivi il codice della pratica.",
    "Your application has arrived. An operator will complete it within 30 days. The data are deleted after that. To \
        withdraw it, open the page below and type the procedure code.",
);
const PROCEDURE: Text = Text("Codice della pratica:", "Procedure code:");
pub(super) const ACTIVE_SUBJECT: Text = Text("La tua identità digitale è attiva", "Your digital identity is active");
pub(super) const ACTIVE_TEXT: Text = Text(
    "Entra con il tuo indirizzo e-mail e la tua password, e attiva la tua app.",
    "Sign in with your e-mail address and your password, and activate your app.",
);

/// Sends the application to the operators, or makes the identity if another credential was handed over.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Submit { form }): Form<Submit>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let application = visit.application().await?.unwrap_or_default();
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(PAGE));
    }
    if !application.may_change(Step::Summary) {
        return visit.step_not_due(&application, Step::Summary.name()).await;
    }
    let sent = match application.certified {
        Some(_) => visit.activate().await?,
        None => visit.send(&application.documents).await?,
    };
    if let Some(problem) = sent {
        return visit.refuse(PAGE, visit.warning(problem)).await;
    }
    visit.browser.renew(&visit.app.records, visit.now).await?;
    Ok(visit.go_to(PAGE))
}

impl Visit {
    /// Sends the application, and mails the procedure code.
    async fn send(&self, documents: &[files::Document]) -> Result<Option<Text>, Outage> {
        let (id, records, now) = (self.application_id()?, &self.app.records, self.now);
        if !waiting::add(records, &id, now).await? {
            return Ok(Some(FULL));
        }
        files::keep_all(records, documents, now).await?;
        let person = new_id()?;
        let procedure: String = random_hex()?.to_uppercase().chars().take(12).collect();
        let send = |application: &mut Application| {
            if !application.may_change(Step::Summary) {
                return None;
            }
            (application.stage, application.typed) = (Stage::Waiting, None);
            self.language.code().clone_into(&mut application.language);
            application.person.clone_from(&person);
            application.procedure = hash(&procedure);
            application.sent = now.as_secs();
            Some(application.clone())
        };
        // The second of two clicks sends nothing.
        let Some(application) = change(records, &id, now, send).await? else { return Ok(None) };
        self.app.audit.record(line("application", &application, now));
        let say = |text: Text| application.say(text);
        let link = format!("{}/register/withdraw/{id}", self.app.origin);
        let text = format!("{}\n{link}\n{} {procedure}", say(SENT_TEXT), say(PROCEDURE));
        self.app.messages.mail(&application.email, say(SENT_SUBJECT), &text, now).await?;
        Ok(None)
    }

    /// Makes the identity of a person whom somebody else has identified.
    async fn activate(&self) -> Result<Option<Text>, Outage> {
        let (id, records, now) = (self.application_id()?, &self.app.records, self.now);
        let person = new_id()?;
        // A second click, or one after an outage, is about the same person.
        let name = |application: &mut Application| {
            if application.person.is_empty() {
                application.person.clone_from(&person);
            }
            self.language.code().clone_into(&mut application.language);
            Some(application.clone())
        };
        let Some(application) = change(records, &id, now, name).await? else { return Ok(None) };
        let Some(person) = application.person(now)? else { return Ok(None) };
        if !self.app.persons.add(person, now).await? {
            return Ok(Some(TAKEN));
        }
        let end = |application: &mut Application| {
            let was_draft = application.stage == Stage::Draft;
            *application = Application { stage: Stage::Active, ..Application::default() };
            was_draft.then_some(())
        };
        if change(records, &id, now, end).await?.is_some() {
            let issuer = application.certified.as_ref().map(|certified| certified.issuer.clone());
            self.app.audit.record(Line { subject: issuer, ..line("handover", &application, now) });
            announce(&self.app, &application, now).await?;
        }
        Ok(None)
    }
}

/// Tells the person that the identity is active.
pub(super) async fn announce(app: &App, application: &Application, now: UnixTime) -> Result<(), Outage> {
    let text = format!("{}\n{}", application.say(ACTIVE_TEXT), app.origin);
    app.messages.mail(&application.email, application.say(ACTIVE_SUBJECT), &text, now).await
}

/// Returns a line of the audit log about an application.
pub(super) fn line(action: &str, application: &Application, now: UnixTime) -> Line {
    Line {
        time: now.as_secs(),
        person: Some(application.person.clone()),
        action: action.to_owned(),
        outcome: "done".to_owned(),
        ..Line::default()
    }
}

/// Returns the hash of a procedure code, whose case and spaces do not matter.
pub(super) fn hash(procedure: &str) -> String {
    let code: String = procedure.chars().filter(char::is_ascii_alphanumeric).collect();
    base16ct::lower::encode_string(&Sha256::digest(code.to_uppercase()))
}

fn new_id() -> Result<String, Outage> {
    Ok(random_hex()?.chars().take(32).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use super::*;
    use crate::records::Record;
    use crate::registration::Personal;
    use crate::registration::application::Certified;
    use crate::registration::files::{Document, Kind, Media};
    use crate::session::Session;
    use crate::test_browser::{self, Browser, click_twice};

    /// The first of two clicks has sent the application, or is about to, and has not set its cookie.
    #[tokio::test]
    async fn double_click_on_the_summary_sends_once_and_leads_to_the_end() {
        async fn send<R: Record>(app: &Arc<App>, email: &str, certified: Option<Certified>) {
            let mut browser = Browser::new(app);
            browser.send("GET", PAGE, String::new(), None).await;
            let mut visit = Visit::of(Arc::clone(app), &browser.headers()).await.unwrap();
            let document = async |kind| {
                Document::store(&app.records, kind, Media::Pdf, b"%PDF-1.7".to_vec(), visit.now).await.unwrap()
            };
            let personal = Personal { fiscal_code: email.to_uppercase(), ..Personal::default() };
            let (title, subject) = match certified {
                Some(_) => ("L'identità è attiva", ACTIVE_SUBJECT),
                None => ("Richiesta inviata", SENT_SUBJECT),
            };
            let application = Application {
                personal: Some(personal),
                email: email.to_owned(),
                is_email_confirmed: true,
                is_mobile_confirmed: true,
                documents: vec![document(Kind::Identity).await, document(Kind::HealthCard).await],
                terms: Some(1),
                certified,
                ..Application::default()
            };
            visit.begin_application(application).await.unwrap();
            let form = format!("form={}", visit.browser.form_token());
            click_twice::<R>(app, &mut browser, "/register/summary", [form.clone(), form]).await;
            assert!(browser.page.contains(&format!("<h1>{title}</h1>")), "{}", browser.page);
            let mails = app.messages.all(visit.now).await.unwrap();
            let sent = mails.iter().filter(|mail| mail.to == email && mail.subject.as_deref() == Some(subject.0));
            assert_eq!(sent.count(), 1);
        }
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let certified = || {
            let text = String::new;
            Some(Certified { issuer: text(), fiscal_code: text(), name: text(), family_name: text() })
        };
        send::<Application>(&app, "a@example.org", None).await;
        send::<Session>(&app, "b@example.org", None).await;
        send::<Application>(&app, "c@example.org", certified()).await;
        send::<Session>(&app, "d@example.org", certified()).await;
    }
}
