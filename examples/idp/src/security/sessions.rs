//! The person ends sessions.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;

use crate::app::App;
use crate::audit::Line;
use crate::http::{Answer, Visit};
use crate::messages::Notice;
use crate::open_sessions;
use crate::outage::Outage;
use crate::pages::Text;
use crate::person::Person;

#[derive(Deserialize)]
pub(crate) struct Ended {
    form: String,
    /// The id of a session, or `others`.
    session: String,
}

/// Ends one session, or all but this one.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(Ended { form, session }): Form<Ended>,
) -> Answer {
    let visit = Visit::of(app, &headers).await?;
    let id = match visit.owner() {
        Ok(person) => person.id.clone(),
        Err(stopped) => return Ok(*stopped),
    };
    if form != visit.browser.form_token() {
        return Ok(visit.go_to("/security"));
    }
    let (records, now) = (&visit.app.records, visit.now);
    let is_own = visit.browser.session.id.as_ref() == Some(&session);
    let is_ended = if session == "others" {
        visit.end_others(&id).await? && open_sessions::remove_ended(records, &id, now).await?
    } else {
        !is_own && open_sessions::end(records, &id, &session, now).await?
    };
    if !is_ended {
        return Ok(visit.go_to("/security"));
    }
    visit.app.audit.record(Line {
        time: visit.now.as_secs(),
        person: Some(id),
        action: "session_end".into(),
        outcome: "done".into(),
        ..Line::default()
    });
    visit.changed(ENDED, "/security").await
}

const ENDED: Notice = Notice {
    subject: Text("Sessioni chiuse", "Sessions ended"),
    text: Text(
        "Altre sessioni delle tue pagine personali sono state chiuse.",
        "Other sessions of your own pages were ended.",
    ),
};

impl Visit {
    /// Ends the sessions of the person but this one, unless it was ended meanwhile. Then it may not end others, and
    /// `false` is returned.
    pub(super) async fn end_others(&self, person: &str) -> Result<bool, Outage> {
        let own = &self.browser.session;
        let end = |person: &mut Person| {
            let may_end = own.is_of(person, self.now);
            if may_end {
                person.end_sessions(own.id.as_deref());
            }
            may_end
        };
        self.app.persons.change(person, self.now, end).await
    }

    /// Ends the sessions of the person after one of their devices has ended: all but this one, unless it was ended
    /// itself.
    pub(crate) async fn end_after_device(&self, person: &str) -> Result<(), Outage> {
        let own = &self.browser.session;
        let end = |person: &mut Person| {
            let is_open = own.is_of(person, self.now);
            person.end_sessions(own.id.as_deref().filter(|_| is_open));
        };
        self.app.persons.change(person, self.now, end).await?;
        open_sessions::remove_ended(&self.app.records, person, self.now).await?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails so")]
mod tests {
    use std::time::Duration;

    use secondo::audit::Operator;
    use secondo::{AccountId, AuthenticatorNumber, State, UnixTime};
    use tokio::sync::Semaphore;

    use super::*;
    use crate::admin::actions::{self, DeviceChange};
    use crate::enrollment::new_app;
    use crate::open_sessions::Open;
    use crate::records::Record;
    use crate::session::Session;
    use crate::test_browser::{self, Browser, Gate, USER, click_after, gated_app};

    const BY: Operator<'static> = Operator::new("anna", "test");

    async fn person(app: &App) -> Person {
        app.persons.named(USER, UnixTime::now().unwrap()).await.unwrap().unwrap()
    }

    /// Opens a provider in which the person has three apps. Returns the numbers of two as well.
    async fn open(folder: &std::path::Path) -> (Arc<App>, [u32; 2]) {
        let app = test_browser::open(folder).await;
        let account = AccountId::new(&person(&app).await.id).unwrap();
        let now = UnixTime::now().unwrap();
        let phones = ["", "tablet", "old"].map(|name| (new_app(name).unwrap(), State::new().confirmed()));
        app.verifier.import(&account, &phones, BY, now).await.unwrap();
        test_browser::change(&app, |person| person.second_factor_since = Some(1)).await;
        let view = app.verifier.view(&account, now).await.unwrap();
        (app, [0, 1].map(|place| view.authenticators[place].number.get()))
    }

    /// Returns `true` if the browser is signed in.
    async fn is_in(browser: &mut Browser) -> bool {
        browser.send("GET", "/security", String::new(), None).await;
        browser.page.contains("action=\"/logout\"")
    }

    const NEW_PASSWORD: &str = "&old=password&new=Nuova-1984&again=Nuova-1984";

    /// Each form that ends the other sessions, with its fields.
    fn forms(device: u32) -> [(String, String); 3] {
        let form = |path: &str, fields: &str| (path.to_owned(), fields.to_owned());
        [
            form("/security/sessions", "&session=others"),
            form(&format!("/security/device/{device}/remove"), ""),
            form("/security/password", NEW_PASSWORD),
        ]
    }

    /// The second of two clicks finds its own session, however far the first one is.
    #[tokio::test]
    async fn double_click_ends_the_other_sessions_alone() {
        async fn click<R: Record>(written: usize) {
            for form in 0..3 {
                let folder = tempfile::tempdir().unwrap();
                let (app, [device, _]) = open(folder.path()).await;
                let (path, fields) = forms(device)[form].clone();
                let (mut thief, mut browser) = (test_browser::sign_in(&app).await, test_browser::sign_in(&app).await);
                assert!(is_in(&mut thief).await && is_in(&mut browser).await);
                let fields = format!("form={}{fields}", browser.hidden("form"));
                click_after::<R>(&app, written, &mut browser, &path, [fields.clone(), fields]).await;
                assert!(is_in(&mut browser).await, "{path}: {}", browser.page);
                assert!(!is_in(&mut thief).await, "{path}: {}", thief.page);
            }
        }
        click::<Person>(0).await;
        click::<Open>(0).await;
    }

    /// The first click has stored the next session, has added it to the list, or has moved the old one as well.
    #[tokio::test]
    async fn double_click_on_a_password_leads_to_the_session_that_is_kept() {
        async fn click<R: Record>(written: usize) {
            let folder = tempfile::tempdir().unwrap();
            let (app, _) = open(folder.path()).await;
            let mut browser = test_browser::sign_in(&app).await;
            assert!(is_in(&mut browser).await);
            let fields = format!("form={}{NEW_PASSWORD}", browser.hidden("form"));
            click_after::<R>(&app, written, &mut browser, "/security/password", [fields.clone(), fields]).await;
            assert!(is_in(&mut browser).await, "{}", browser.page);
        }
        click::<Session>(0).await;
        click::<Open>(1).await;
        click::<Session>(1).await;
    }

    /// Runs a request until it is about to write a record of type `R` after it has written this many, and leaves it
    /// there, as an outage does. Returns `false` if it has ended before.
    async fn interrupt<R: Record, T>(app: &App, written: usize, request: impl AsyncFnOnce(Arc<App>) -> T) -> bool {
        let (gated, _gate, seen) = gated_app(app, Gate::Writes(R::KIND, written));
        let waits = async {
            while seen.writes() <= written {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            _ = request(gated) => false,
            () = waits => true,
        }
    }

    /// Sends a form of a browser, with its cookie.
    async fn send(app: Arc<App>, browser: &Browser, path: &str, fields: String) {
        let mut tab = Browser::new(&app);
        tab.cookie.clone_from(&browser.cookie);
        tab.send("POST", path, fields, None).await;
    }

    /// After the password is stored, an outage leaves no other session signed in.
    #[tokio::test]
    async fn password_and_end_of_the_sessions_are_one_change() {
        let folder = tempfile::tempdir().unwrap();
        let (app, _) = open(folder.path()).await;
        let (mut thief, mut browser) = (test_browser::sign_in(&app).await, test_browser::sign_in(&app).await);
        assert!(is_in(&mut thief).await && is_in(&mut browser).await);
        let fields = format!("form={}{NEW_PASSWORD}", browser.hidden("form"));
        let change = async |gated| send(gated, &browser, "/security/password", fields.clone()).await;
        assert!(interrupt::<Open, _>(&app, 0, change).await);
        assert!(app.persons.compare("Nuova-1984".into(), Some(person(&app).await.password)).await.unwrap());
        assert!(!is_in(&mut thief).await, "{}", thief.page);
        // The form can be sent again, and then writes no person.
        let change = async |gated| send(gated, &browser, "/security/password", fields.clone()).await;
        assert!(!interrupt::<Person, _>(&app, 0, change).await);
        test_browser::wait_for_mail(&app, USER, "Password cambiata").await;
    }

    /// The thief has the old password too. The owner changes it, or ends the other sessions, when a form of the thief
    /// is about to be done.
    #[tokio::test]
    async fn session_that_was_ended_changes_nothing() {
        let password = |new: &str| ("/security/password", format!("&old=password&new={new}&again={new}"));
        let others = || ("/security/sessions", "&session=others".to_owned());
        let (of_thief, of_owner) = (password("Ladro-1984"), password("Nuova-1984"));
        let remove = || ("/security/device/N/remove", String::new());
        let cases = [
            (of_thief.clone(), of_owner.clone()),
            (of_thief, others()),
            (others(), of_owner.clone()),
            (remove(), of_owner),
            (others(), remove()),
        ];
        for ((path, form), (own_path, own_form)) in cases {
            let folder = tempfile::tempdir().unwrap();
            let (app, [device, _]) = open(folder.path()).await;
            let (path, own_path) = (path.replace('N', &device.to_string()), own_path.replace('N', &device.to_string()));
            let (mut thief, mut browser) = (test_browser::sign_in(&app).await, test_browser::sign_in(&app).await);
            assert!(is_in(&mut thief).await && is_in(&mut browser).await);
            let (gated, gate, seen) = gated_app(&app, Gate::Writes(Person::KIND, 0));
            let form = format!("form={}{form}", thief.hidden("form"));
            let (mut tab, of_tab) = (Browser::new(&gated), path.clone());
            tab.cookie.clone_from(&thief.cookie);
            let late = tokio::spawn(async move { tab.send("POST", &of_tab, form, None).await });
            while seen.writes() == 0 {
                assert!(!late.is_finished(), "the form of the thief writes no person");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let form = format!("form={}{own_form}", browser.hidden("form"));
            browser.send("POST", &own_path, form, None).await;
            gate.add_permits(Semaphore::MAX_PERMITS);
            late.await.unwrap();
            let held = person(&app).await.password;
            assert!(!app.persons.compare("Ladro-1984".into(), Some(held)).await.unwrap(), "{path}");
            let account = AccountId::new(&person(&app).await.id).unwrap();
            let left = app.verifier.view(&account, UnixTime::now().unwrap()).await.unwrap().authenticators.len();
            assert_eq!(left, if own_path.ends_with("remove") { 2 } else { 3 }, "{path}");
            assert!(is_in(&mut browser).await && !is_in(&mut thief).await, "{path}: {}", browser.page);
        }
    }

    /// An outage comes before or after the revocation.
    #[tokio::test]
    async fn interrupted_end_of_a_device_leaves_no_session() {
        for written in 0..=1 {
            let folder = tempfile::tempdir().unwrap();
            let (app, [device, other]) = open(folder.path()).await;
            let (mut thief, mut browser) = (test_browser::sign_in(&app).await, test_browser::sign_in(&app).await);
            assert!(is_in(&mut thief).await && is_in(&mut browser).await);
            let (path, fields) =
                (format!("/security/device/{device}/remove"), format!("form={}", browser.hidden("form")));
            let remove = async |gated| send(gated, &browser, &path, fields.clone()).await;
            assert!(interrupt::<Person, _>(&app, written, remove).await);
            let account = AccountId::new(&person(&app).await.id).unwrap();
            let devices = async || app.verifier.view(&account, UnixTime::now().unwrap()).await.unwrap().authenticators;
            // If the device is there no more, nobody would remove it again.
            assert_eq!(devices().await.len() == 2, written == 1);
            assert_eq!(is_in(&mut thief).await, written == 0);
            browser.send("POST", &path, fields, None).await;
            assert!(!is_in(&mut thief).await && is_in(&mut browser).await, "{}", browser.page);

            // The same at the help desk, which ends all sessions.
            let (person, device) = (person(&app).await, AuthenticatorNumber::new(other));
            let mut browser = test_browser::sign_in(&app).await;
            let end = async |app: &App, change| {
                let now = UnixTime::now().unwrap();
                actions::change_device(app, &person, device, change, BY, now).await.is_ok()
            };
            for change in [DeviceChange::Suspend, DeviceChange::Revoke] {
                assert!(interrupt::<Person, _>(&app, written, async |gated: Arc<App>| end(&gated, change).await).await);
                assert_eq!(is_in(&mut browser).await, written == 0);
                assert_eq!(end(&app, change).await, written == 0 || matches!(change, DeviceChange::Suspend));
                assert!(!is_in(&mut browser).await);
                browser = test_browser::sign_in(&app).await;
            }
        }
    }
}
