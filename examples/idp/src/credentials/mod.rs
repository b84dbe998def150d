//! The recovery of a forgotten password: a code by mail, then one by SMS, then a new password.
//!
//! The second factor stays as it is, and is asked for at the next login. All answers are the same for names that nobody
//! has, and take the same time.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Form, Router};
use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::audit::Line;
use crate::challenge::{self, Begun, Checked, DAY, HOUR, JUST_SENT};
use crate::http::{Answer, Visit};
use crate::limits;
use crate::outage::{Outage, in_background};
use crate::pages::{Alert, Language, Text, credentials as pages};
use crate::password;
use crate::person::{Person, Standing, normalized};
use crate::records::{Kept, Record};
use crate::registration::{CODE_OVER, WRONG_CODE};

const PAGE: &str = "/recover";
/// The mails to one person that requests of one address can cause. A count of all addresses would let anybody who knows
/// a user name use up the mails of its person.
const MAILS: (u32, u64) = (5, HOUR);
/// The SMS of one procedure to one person. The code in each can be guessed at five times.
pub(crate) const SMS: (u32, u64) = (5, DAY);
/// The greatest number of characters of a user name.
const USER_CHARS: usize = 128;

/// A recovery in the session of a browser.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Recovery {
    id: String,
    /// The user name as it was typed, whether a person has it or not.
    user: String,
    pub(crate) stage: Stage,
    /// The person, after the code by mail.
    person: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Mail,
    Sms,
    Password,
    Done,
}

/// The fact that a recovery has set a password.
#[derive(Serialize, Deserialize)]
struct Recovered {}

impl Record for Recovered {
    const KIND: &'static str = "recovered";
}

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(PAGE, get(show).post(begin))
        .route("/recover/code", post(take_code))
        .route("/recover/again", post(send_again))
        .route("/recover/password", post(take_password))
}

#[derive(Deserialize)]
struct Wanted {
    /// Present if the person wants to start again.
    again: Option<String>,
}

async fn show(State(app): State<Arc<App>>, headers: HeaderMap, Query(Wanted { again }): Query<Wanted>) -> Answer {
    let visit = Visit::of_page(app, &headers).await?;
    if again.is_some() {
        return Ok(visit.show(StatusCode::OK, pages::user));
    }
    visit.show_recovery().await
}

#[derive(Deserialize)]
struct User {
    form: String,
    #[serde(default)]
    user: String,
}

async fn begin(State(app): State<Arc<App>>, asked: Parts, Form(User { form, user }): Form<User>) -> Answer {
    let mut visit = Visit::of(app, &asked.headers).await?;
    if form != visit.browser.form_token() {
        return Ok(visit.go_to(PAGE));
    }
    let user = normalized(&user).chars().take(USER_CHARS).collect();
    let recovery = Recovery { id: visit.browser.procedure(), user, stage: Stage::Mail, person: None };
    visit.browser.session.recovery = Some(recovery.clone());
    visit.browser.keep(&visit.app.records, visit.now).await?;
    visit.begin_recovery_code(recovery, &asked).await
}

#[derive(Deserialize)]
struct Again {
    form: String,
}

async fn send_again(State(app): State<Arc<App>>, asked: Parts, Form(Again { form }): Form<Again>) -> Answer {
    let visit = Visit::of(app, &asked.headers).await?;
    let recovery = visit.browser.session.recovery.clone().filter(|_| form == visit.browser.form_token());
    let Some(recovery) = recovery else { return Ok(visit.go_to(PAGE)) };
    visit.begin_recovery_code(recovery, &asked).await
}

#[derive(Deserialize)]
struct Code {
    form: String,
    #[serde(default)]
    code: String,
}

/// Takes the code by mail or by SMS.
async fn take_code(State(app): State<Arc<App>>, asked: Parts, Form(Code { form, code }): Form<Code>) -> Answer {
    let mut visit = Visit::of(app, &asked.headers).await?;
    let held = visit.browser.session.recovery.clone().filter(|_| form == visit.browser.form_token());
    let Some((mut recovery, name)) = held.and_then(|recovery| Some((recovery.clone(), recovery.challenge()?))) else {
        return Ok(visit.go_to(PAGE));
    };
    let alert = match challenge::check(&visit.app.records, &name, &code, visit.now).await? {
        Checked::Right => {
            let Some(person) = find(&visit.app, &recovery.user, visit.now).await? else {
                return Err(Outage("missing_person"));
            };
            recovery.stage = if recovery.stage == Stage::Mail { Stage::Sms } else { Stage::Password };
            recovery.person = Some(person.id);
            visit.browser.session.recovery = Some(recovery.clone());
            visit.browser.renew(&visit.app.records, visit.now).await?;
            return visit.begin_recovery_code(recovery, &asked).await;
        }
        Checked::Repeated => return visit.follow_first(PAGE).await,
        Checked::Wrong(left) => format!("{} {left}", WRONG_CODE.in_language(visit.language)),
        Checked::Over => CODE_OVER.in_language(visit.language).to_owned(),
    };
    visit.refuse(PAGE, Alert(alert)).await
}

#[derive(Deserialize)]
struct Password {
    form: String,
    #[serde(default)]
    password: String,
}

async fn take_password(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Password { form, password }): Form<Password>,
) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let held = visit.browser.session.recovery.clone().filter(|_| form == visit.browser.form_token());
    let Some(recovery) = held.filter(|recovery| recovery.stage == Stage::Password) else {
        return Ok(visit.go_to(PAGE));
    };
    let (records, now) = (&visit.app.records, visit.now);
    let id = recovery.person.as_deref().ok_or(Outage("no_person"))?;
    let person = visit.app.persons.load(id, now).await?.filter(|person| person.standing != Standing::Revoked);
    let person = person.ok_or(Outage("missing_person"))?;
    if let Err(problem) = password::check(&password, &[&person.name, &person.family_name, &person.email]) {
        return visit.refuse(PAGE, problem).await;
    }
    // The second of two clicks changes nothing, and an outage before the password is set leaves the step to be
    // repeated.
    if records.load::<Recovered>(&recovery.id, now).await?.is_none() {
        visit.app.persons.recover_password(&person.id, password, &recovery.id, now).await?;
        visit.app.persons.forget_tries(&person, now).await?;
        // Two clicks at once set the same password, and are told of once.
        if records.create(&recovery.id, Kept::until(now.saturating_add(HOUR), Recovered {}), now).await? {
            visit.app.audit.record(Line {
                time: now.as_secs(),
                person: Some(person.id.clone()),
                action: "password_recovery".to_owned(),
                outcome: "done".to_owned(),
                ..Line::default()
            });
            visit.app.messages.mail(&person.email, visit.say(DONE_SUBJECT), visit.say(DONE_TEXT), now).await?;
        }
    }
    visit.browser.session.recovery = Some(Recovery { stage: Stage::Done, person: None, ..recovery });
    visit.browser.renew(&visit.app.records, visit.now).await?;
    Ok(visit.go_to(PAGE))
}

const MAIL_SUBJECT: Text = Text("Recupero credenziali", "Recovery of your credentials");
const MAIL_TEXT: Text = Text(
    "Scrivi questo codice nella pagina di recupero. Vale 10 minuti. Non comunicarlo a nessuno. Se non hai chiesto il \
        recupero, non devi fare nulla. Il tuo nome utente è",
    "Type this code on the page of the recovery. It is valid for 10 minutes. Do not give it to anybody. If you did not \
        ask for it, there is nothing to do. Your user name is",
);
const SMS_TEXT: Text = Text(
    "codice per il recupero delle credenziali. Non comunicarlo a nessuno:",
    "code for the recovery of your credentials. Do not give it to anybody:",
);
pub(crate) const TOO_MANY: Text = Text(
    "Sono già stati inviati troppi codici. Riprova domani o chiama l'assistenza.",
    "Too many codes were sent already. Try again tomorrow, or call the help desk.",
);
const DONE_SUBJECT: Text = Text("Password cambiata", "Password changed");
const DONE_TEXT: Text = Text(
    "La password della tua identità digitale è stata recuperata e cambiata. Tutte le sessioni aperte sono terminate. \
        Se non sei stato tu, chiama subito l'assistenza.",
    "The password of your digital identity was recovered and changed. All open sessions have ended. If this was not \
        you, call the help desk at once.",
);

impl Recovery {
    /// Returns the name of the challenge of this stage.
    fn challenge(&self) -> Option<String> {
        match self.stage {
            Stage::Mail => Some(format!("recovery by mail {} {}", self.id, self.user)),
            Stage::Sms => Some(format!("recovery by sms {}", self.id)),
            Stage::Password | Stage::Done => None,
        }
    }
}

impl Visit {
    /// Sends the code of this stage, if there is one, and goes to the page.
    async fn begin_recovery_code(&self, recovery: Recovery, asked: &Parts) -> Answer {
        let Some(name) = recovery.challenge() else { return Ok(self.go_to(PAGE)) };
        let (records, now) = (&self.app.records, self.now);
        let person = recovery.person.as_ref().filter(|_| recovery.stage == Stage::Sms);
        let limits = person.map(|person| (format!("recovery by sms of {person}"), SMS));
        match challenge::begin(records, &name, limits.as_slice(), now).await? {
            Begun::New => {
                let from = limits::counted(asked, self.app.config.trusted_proxy);
                in_background(send(Arc::clone(&self.app), recovery, name, from, self.language, now));
                Ok(self.go_to(PAGE))
            }
            Begun::Already => Ok(self.go_to(PAGE)),
            Begun::Early => self.refuse(PAGE, self.warning(JUST_SENT)).await,
            Begun::TooMany { .. } => self.refuse(PAGE, self.warning(TOO_MANY)).await,
        }
    }

    async fn show_recovery(&self) -> Answer {
        let recovery = self.browser.session.recovery.as_ref();
        let person = match recovery.and_then(|recovery| recovery.person.as_deref()) {
            Some(person) => self.app.persons.load(person, self.now).await?,
            None => None,
        };
        let mobile = person.map(|person| person.mobile).unwrap_or_default();
        Ok(self.show(StatusCode::OK, |page| match recovery.map(|recovery| recovery.stage) {
            None => pages::user(page),
            Some(Stage::Mail) => pages::mail_code(page),
            Some(Stage::Sms) => pages::sms_code(page, &mobile),
            Some(Stage::Password) => pages::password(page),
            Some(Stage::Done) => pages::done(page),
        }))
    }
}

/// Sends the code, if there is such a person who may get one. Otherwise, no code answers the challenge.
async fn send(
    app: Arc<App>,
    recovery: Recovery,
    challenge: String,
    from: Option<IpAddr>,
    language: Language,
    now: UnixTime,
) -> Result<(), Outage> {
    let say = |text: Text| text.in_language(language);
    let Some(person) = find(&app, &recovery.user, now).await? else { return Ok(()) };
    if recovery.stage == Stage::Sms {
        let code = challenge::code(&app.records, &challenge, now).await?;
        return app.messages.sms(&person.mobile, &format!("{}: {} {code}", app.config.name, say(SMS_TEXT)), now).await;
    }
    let from = from.map(|from| from.to_string()).unwrap_or_default();
    let count = format!("recovery by mail of {} from {from}", person.id);
    if !challenge::permits(&app.records, &count, MAILS, None, now).await? {
        return Ok(());
    }
    let code = challenge::code(&app.records, &challenge, now).await?;
    let text = format!("{} {}.\n{code}", say(MAIL_TEXT), person.email);
    app.messages.mail(&person.email, say(MAIL_SUBJECT), &text, now).await
}

/// Returns the person with this user name, unless the identity is revoked.
async fn find(app: &App, user: &str, now: UnixTime) -> Result<Option<Person>, Outage> {
    let person = app.persons.named(user, now).await?;
    Ok(person.filter(|person| person.standing != Standing::Revoked))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails so")]

    use secondo::AccountId;
    use secondo::store::{Boxed, BoxedError, Entry, Enumerate, Exchange, Revision, Store, Value};

    use super::*;
    use crate::app::RECORDS;
    use crate::key_file::KeyFile;
    use crate::records::Records;
    use crate::session::{self, Purpose, Session};
    use crate::test_browser::{self, Browser, USER, click_twice};

    /// A store that takes nothing, and answers as if others kept changing it.
    struct Contended(Boxed);

    impl Store for Contended {
        type Error = BoxedError;

        async fn load(&self, id: &AccountId) -> Result<Option<Entry>, BoxedError> {
            self.0.load(id).await
        }

        async fn compare_exchange(
            &self,
            _: &AccountId,
            _: Option<Revision>,
            _: Value,
            _: Option<UnixTime>,
        ) -> Result<Exchange, BoxedError> {
            Ok(Exchange::Conflict)
        }
    }

    impl Enumerate for Contended {
        async fn ids_after(&self, after: Option<&AccountId>) -> Result<Vec<AccountId>, BoxedError> {
            self.0.ids_after(after).await
        }
    }

    /// Returns a browser that shows the page of this stage.
    async fn at(app: &Arc<App>, recovery: &Recovery) -> Browser {
        let now = UnixTime::now().unwrap();
        let mut browser = Browser::new(app);
        browser.send("GET", PAGE, String::new(), None).await;
        let headers = browser.headers();
        let mut held = session::Browser::of(&app.records, &headers, Purpose::OwnPages, false, now).await.unwrap();
        held.session.recovery = Some(recovery.clone());
        held.keep(&app.records, now).await.unwrap();
        browser.send("GET", PAGE, String::new(), None).await;
        browser
    }

    /// The first of two clicks has used the code, and has not set its cookie.
    #[tokio::test]
    async fn double_click_on_a_code_leads_to_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        for (stage, title) in [(Stage::Mail, "Codice via SMS"), (Stage::Sms, "Nuova password")] {
            let recovery = Recovery { id: title.into(), user: USER.into(), stage, person: None };
            let mut browser = at(&app, &recovery).await;
            let challenge = recovery.challenge().unwrap();
            assert!(challenge::begin(&app.records, &challenge, &[], now).await.unwrap() == Begun::New);
            let code = challenge::code(&app.records, &challenge, now).await.unwrap();
            let form = format!("form={}&code={code}", browser.hidden("form"));
            click_twice::<Session>(&app, &mut browser, "/recover/code", [form.clone(), form]).await;
            assert!(browser.page.contains(&format!("<h1>{title}</h1>")), "{}", browser.page);
            assert!(!browser.page.contains("role=\"alert\""), "{}", browser.page);
        }
    }

    #[tokio::test]
    async fn password_that_an_outage_kept_from_being_set_can_be_set_again() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let now = UnixTime::now().unwrap();
        let find = async || app.persons.named(USER, now).await.unwrap().unwrap();
        let keys = KeyFile::read(&app.config.key_path()).unwrap().derived(RECORDS);
        let records = Records::new(Boxed::new(Contended(app.engine.boxed())), &keys);
        let broken = Arc::new(App { persons: test_browser::persons(&app, &records), ..App::clone(&app) });

        // Both codes were right.
        let recovery =
            Recovery { id: "1".into(), user: USER.into(), stage: Stage::Password, person: Some(find().await.id) };
        let mut browser = at(&app, &recovery).await;
        let form = format!("form={}&password=Nuova-1984", browser.hidden("form"));

        let mut during = Browser::new(&broken);
        during.cookie.clone_from(&browser.cookie);
        during.send("POST", "/recover/password", form.clone(), None).await;
        assert_eq!(during.location, "", "it was answered as if the password was set");
        let is_set =
            async |password: &str| app.persons.compare(password.into(), Some(find().await.password)).await.unwrap();
        assert!(is_set("password").await);

        browser.send("POST", "/recover/password", form, None).await;
        browser.follow().await;
        assert!(browser.page.contains("<h1>Password cambiata</h1>"), "{}", browser.page);
        assert!(is_set("Nuova-1984").await);
    }

    /// The time of an answer must not tell who has an identity, so it comes before anybody looks.
    #[tokio::test]
    async fn answers_come_before_the_person_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let app = test_browser::open(folder.path()).await;
        let (held, gate) = test_browser::held(&app);
        for user in [USER, "nobody@example.org"] {
            let mut browser = Browser::new(&held);
            browser.send("GET", PAGE, String::new(), None).await;
            browser.send("POST", PAGE, format!("form={}&user={user}", browser.hidden("form")), None).await;
            browser.follow().await;
            assert!(browser.page.contains("<h1>Codice per e-mail</h1>"), "{user}: {}", browser.page);
        }
        assert!(!test_browser::is_sent(&app, USER, MAIL_SUBJECT.0).await);
        gate.add_permits(1);
        test_browser::wait_for_mail(&app, USER, MAIL_SUBJECT.0).await;
    }
}
