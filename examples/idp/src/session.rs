//! The sessions of browsers.

use axum::http::{HeaderMap, HeaderName, header};
use secondo::{AccountId, Transaction, UnixTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cookie::Cookie;
use crate::credentials::Recovery;
use crate::oidc::{Given, Request, Single};
use crate::open_sessions;
use crate::outage::Outage;
use crate::person::Person;
use crate::problem::Refused;
use crate::push::{Activating, Asked};
use crate::records::{Kept, Record, Records};
use crate::second_factor::{NewNumber, Step};
use crate::tries::LOCK_SECS;

/// The purpose of a session. A browser can have one of each: a login at a service, which other sites can begin, leaves
/// the session of the person's own pages alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    OwnPages,
    Service,
}

impl Purpose {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::OwnPages => Self::Service,
            Self::Service => Self::OwnPages,
        }
    }

    /// Returns the names of the cookie on HTTPS, where no other site of the domain can set it, and on loopback.
    const fn cookie(self) -> &'static [&'static str; 2] {
        match self {
            Self::OwnPages => &["__Host-idp", "idp"],
            Self::Service => &["__Host-idp-login", "idp-login"],
        }
    }
}

/// The seconds until a login must be done, and until a session ends without use.
const LOGIN_SECS: u64 = 10 * 60;
pub(crate) const SESSION_SECS: u64 = 60 * 60;
/// The seconds after the password for which a session may last, even if it is used all the time.
pub(crate) const LONGEST_SECS: u64 = 12 * 60 * 60;
/// The seconds for which a second factor is enough for changes that a thief of the session must not make.
const FRESH_SECS: u64 = 5 * 60;
/// The seconds after which the use of a session is noted again.
const NOTED_SECS: u64 = 60;
/// The seconds for which the second of two clicks leads from an old cookie to the session of the next one.
pub(crate) const MOVING_SECS: u64 = 10;
/// The seconds for which a form that is sent again is the second of two clicks on one that was refused.
pub(crate) const AGAIN_SECS: u64 = 3;

/// The header of a form's hash, which the provider sets itself.
pub(crate) const FORM_HASH: &str = "x-idp-form";

/// A session as the records have it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Random digits, from which the next cookie is made.
    salt: String,
    /// The move of the session to the next cookie.
    moved: Option<Moved>,
    /// The person, once the password was right.
    pub(crate) person: Option<String>,
    /// The id, set when a person is taken into the session. It stays when the cookie moves.
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// The number of times that the person's sessions had been ended before this one began.
    #[serde(default)]
    pub(crate) ends_before: u64,
    /// The second factor, once it was shown.
    pub(crate) second: Option<Second>,
    /// The authenticator that is being enrolled.
    pub(crate) enrolling: Option<u32>,
    /// The way in which the person shows the second factor, if one was chosen.
    pub(crate) step: Option<Step>,
    /// The mobile number that waits for its first code.
    pub(crate) number: Option<NewNumber>,
    /// The app that is being activated to approve logins.
    pub(crate) activating: Option<Activating>,
    /// The push that was sent in this login.
    pub(crate) push: Option<Asked>,
    /// The code of the language that the person chose.
    pub(crate) language: Option<String>,
    /// The time in seconds at which the person gave the password.
    pub(crate) began: u64,
    /// The request of the service that the person logs in to.
    pub(crate) request: Option<Request>,
    /// The last answer to a service.
    pub(crate) given: Option<Given>,
    /// A login of Level 1 at a service.
    pub(crate) single: Option<Single>,
    /// The page that the person wanted when the second factor was asked for.
    pub(crate) next: Option<String>,
    /// The person has signed in before, and shows a second factor again.
    #[serde(default)]
    pub(crate) is_again: bool,
    /// A secret that the next page shows, once.
    pub(crate) once: Option<Once>,
    /// The time in seconds at which the last use was noted.
    #[serde(default)]
    pub(crate) seen: u64,
    /// The id of the application for an identity that this browser makes.
    #[serde(default)]
    pub(crate) application: Option<String>,
    /// The recovery of a password.
    #[serde(default)]
    pub(crate) recovery: Option<Recovery>,
    /// The refusal of the last form.
    #[serde(default)]
    refusal: Option<Refusal>,
}

/// The refusal of a form, which the next page shows.
#[derive(Clone, Serialize, Deserialize)]
struct Refusal {
    refused: Refused,
    /// The hash of the form, if it has one.
    form: Option<String>,
    /// The time in seconds.
    at: u64,
    is_shown: bool,
}

impl Refusal {
    /// Returns `true` for the second of two clicks on the form.
    fn is_again(&self, form: Option<&str>, now: UnixTime) -> bool {
        form.is_some() && form == self.form.as_deref() && now.as_secs().saturating_sub(self.at) <= AGAIN_SECS
    }
}

/// A secret that was made in this session. It is not stored: the cookie and the salt give it again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Once {
    /// Recovery codes, made when the account had this revision.
    RecoveryCodes { revision: u64 },
    /// The enrollment code that a form issued for a person.
    EnrollmentCode { person: String, form_use: String },
}

/// The move of a session to another cookie.
#[derive(Clone, Serialize, Deserialize)]
struct Moved {
    /// The time in seconds.
    at: u64,
    /// The hash of the form that moved it, with its password or code.
    form: Option<String>,
}

impl Moved {
    /// Returns `true` for the second of two clicks on the form that moved the session.
    ///
    /// Somebody who knows the old cookie does not know what the person typed.
    fn leads(&self, form: Option<&str>, now: UnixTime) -> bool {
        form.is_some() && form == self.form.as_deref() && now.as_secs().saturating_sub(self.at) <= MOVING_SECS
    }
}

impl Session {
    /// Returns the name of the service's request, or of the last one that was answered.
    pub(crate) fn last_request(&self) -> Option<&str> {
        let given = self.given.as_ref().map(|given| &given.request);
        self.request.as_ref().map(|request| &request.id).or(given).map(String::as_str)
    }

    fn request_id(&self) -> Option<String> {
        self.request.as_ref().map(|request| request.id.clone())
    }

    /// Returns `true` if the answer to this request of a service was given.
    fn has_answered(&self, request: Option<&Request>) -> bool {
        let given = self.given.as_ref().zip(request);
        given.is_some_and(|(given, request)| given.request == request.id)
    }

    fn mark_refusal(&mut self, is_shown: bool) {
        if let Some(refusal) = &mut self.refusal {
            refusal.is_shown = is_shown;
        }
    }

    /// Returns a session under the same cookie as if nothing had been done in it.
    pub(crate) fn empty(&self) -> Self {
        Self { salt: self.salt.clone(), ..Self::default() }
    }

    /// Returns the time until which the session is kept after a step.
    pub(crate) fn end(&self, now: UnixTime) -> UnixTime {
        // The request of a login that takes too long is needed for the answer to the service.
        let is_login = self.second.is_some() || self.single.is_some() || self.request.is_some();
        // Documents take time to find.
        let is_long = is_login || self.application.is_some();
        now.saturating_add(if is_long { SESSION_SECS } else { LOGIN_SECS })
    }

    /// Returns `true` if the session is still one of this person.
    pub(crate) fn is_of(&self, person: &Person, now: UnixTime) -> bool {
        let is_theirs = self.person.as_ref() == Some(&person.id);
        let is_open = self.ends_before == person.session_ends || self.id == person.kept_session;
        is_theirs && self.id.is_some() && is_open && now.as_secs().saturating_sub(self.began) < LONGEST_SECS
    }

    /// Returns `true` in a session of the person's own pages, after the second factor.
    pub(crate) const fn is_own(&self) -> bool {
        self.person.is_some() && self.second.is_some() && self.request.is_none()
    }

    /// Returns `true` if the second factor was shown in the last minutes.
    pub(crate) fn is_fresh(&self, now: UnixTime) -> bool {
        self.second.as_ref().is_some_and(|second| now.as_secs().saturating_sub(second.at) <= FRESH_SECS)
    }
}

/// A second factor that was shown in a session.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Second {
    pub(crate) authenticator: u32,
    pub(crate) at: u64,
    /// The level of the login: 1 to 3.
    pub(crate) level: u8,
    pub(crate) amr: Vec<String>,
}

impl Record for Session {
    const KIND: &'static str = "session";
}

fn new_salt() -> Result<String, Outage> {
    Ok(base16ct::lower::encode_string(&Cookie::random()?.0))
}

/// Ends the login of a service's request in a session, unless a person has given a password or the request was
/// answered. Returns `false` if nothing was ended.
pub(crate) async fn end_untouched(
    records: &Records,
    session: &str,
    request: &str,
    now: UnixTime,
) -> Result<bool, Outage> {
    let end = |held: Option<Session>| match held {
        Some(held) if held.person.is_none() && held.request.as_ref().is_some_and(|pending| pending.id == request) => {
            let ended = Session { request: None, ..held };
            (Some(Kept::until(ended.end(now), ended)), true)
        }
        _ => (None, false),
    };
    records.change(session, now, end).await
}

/// A session with the cookie of its browser.
pub(crate) struct Browser {
    purpose: Purpose,
    cookie: Cookie,
    /// `true` if the records had the session. If they no longer do, it was ended meanwhile.
    is_stored: bool,
    /// `true` if the browser may not have the cookie yet. It keeps another one that it has got since the request.
    is_new: bool,
    /// The hash of the form in the request.
    form: Option<String>,
    /// The name of the service's request that the session had when it was read.
    read: Option<String>,
    pub(crate) session: Session,
}

impl Browser {
    /// Returns the session of a request for a purpose, or a new one.
    ///
    /// A session in which nothing was done is not stored. Its cookie is enough for the forms of its pages, and is
    /// replaced after the password.
    pub(crate) async fn of(
        records: &Records,
        headers: &HeaderMap,
        purpose: Purpose,
        is_secure: bool,
        now: UnixTime,
    ) -> Result<Self, Outage> {
        let form = headers.get(FORM_HASH).and_then(|hash| hash.to_str().ok()).map(str::to_owned);
        let mut cookie = Cookie::read(headers, purpose.cookie(), is_secure);
        let mut is_new = cookie.is_none();
        while let Some(held) = cookie.take() {
            let Some(session) = records.load::<Session>(&held.hash("session"), now).await? else {
                return Ok(Self { is_new, form, ..Self::start(purpose, held)? });
            };
            match &session.moved {
                None => {
                    let read = session.request_id();
                    return Ok(Self { purpose, cookie: held, is_stored: true, is_new, form, read, session });
                }
                Some(moved) if moved.leads(form.as_deref(), now) => {
                    (cookie, is_new) = (Some(held.next(&session.salt)), true);
                }
                // The request was under way when the session moved. The browser has the next cookie.
                Some(_) => is_new = false,
            }
        }
        Ok(Self { is_new, form, ..Self::start(purpose, Cookie::random()?)? })
    }

    fn start(purpose: Purpose, cookie: Cookie) -> Result<Self, Outage> {
        let session = Session { salt: new_salt()?, ..Session::default() };
        Ok(Self { purpose, cookie, is_stored: false, is_new: true, form: None, read: None, session })
    }

    /// Starts a session with another cookie. Only the language stays.
    pub(crate) fn start_again(&mut self) -> Result<(), Outage> {
        let language = self.session.language.take();
        *self = Self::start(self.purpose, Cookie::random()?)?;
        self.session.language = language;
        Ok(())
    }

    /// Takes a person into the session, who gave the password at this time in seconds.
    pub(crate) fn sign_in(&mut self, person: &Person, at: u64) {
        self.session.person = Some(person.id.clone());
        // Others may know the cookie that the browser had before the password, but not the next one.
        self.session.id = Some(self.next_procedure());
        (self.session.ends_before, self.session.began) = (person.session_ends, at);
    }

    /// Takes the person out of a session that is over. The request of a service stays.
    pub(crate) fn sign_out(&mut self, person: Option<&Person>, now: UnixTime) -> bool {
        let session = &mut self.session;
        if session.person.is_none() || person.is_some_and(|person| session.is_of(person, now)) {
            return false;
        }
        let (language, request, given) = (session.language.take(), session.request.take(), session.given.take());
        let (application, recovery, refusal) =
            (session.application.take(), session.recovery.take(), session.refusal.take());
        *session = Session { language, request, given, application, recovery, refusal, ..session.empty() };
        true
    }

    /// Notes the use of a session of the person's own pages, which lasts an hour longer then.
    pub(crate) async fn note_use(&self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        if !self.session.is_own() || now.as_secs().saturating_sub(self.session.seen) < NOTED_SECS {
            return Ok(());
        }
        // Nothing else is changed, since another request may have moved the session.
        let note = |session: Option<Session>| match session {
            Some(session) if session.is_own() => {
                let noted = Session { seen: now.as_secs(), ..session };
                (Some(Kept::until(now.saturating_add(SESSION_SECS), noted)), ())
            }
            _ => (None, ()),
        };
        records.change(&self.name(), now, note).await
    }

    /// Stores the session. A form that changes it ends the refusal of an earlier one. A session that was ended
    /// meanwhile stays so, and so does one whose login at a service was answered, or was followed by another one.
    pub(crate) async fn keep(&self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        let refusal = self.session.refusal.clone().filter(|_| self.form.is_none());
        let session = Session { refusal, ..self.session.clone() };
        let keep = |held: Option<Session>| {
            let is_over = held.as_ref().map_or(self.is_stored, |held| self.is_overtaken(held));
            ((!is_over).then(|| Kept::until(session.end(now), session.clone())), ())
        };
        records.change(&self.name(), now, keep).await
    }

    /// Returns `true` if another tab has answered the login of this request, or has begun another one. The first of two
    /// clicks, which has moved the session to the next cookie, is no other tab.
    fn is_overtaken(&self, held: &Session) -> bool {
        let id = held.request_id();
        let is_known = held.moved.is_some() || id == self.read || id == self.session.request_id();
        !is_known || held.has_answered(self.session.request.as_ref())
    }

    /// Stores the refusal of a form for the next page, and nothing else.
    pub(crate) async fn refuse(&self, records: &Records, refused: Refused, now: UnixTime) -> Result<(), Outage> {
        let note = |held: Option<Session>| {
            let held = match held {
                Some(held) => held,
                None if self.is_stored => return (None, ()),
                None => self.session.clone(),
            };
            // Another request may have moved the session, whose next page is not about this form then.
            let (refused, form) = (refused.clone(), self.form.clone());
            let refusal = Some(Refusal { refused, form, at: now.as_secs(), is_shown: false });
            let noted = held.moved.is_none().then_some(Session { refusal, ..held });
            (noted.map(|noted| Kept::until(noted.end(now), noted)), ())
        };
        records.change(&self.name(), now, note).await
    }

    /// Returns the refusal of the last form unless a page has shown it, and marks it as shown. The attempts that are
    /// left stay as long as they may be so few, without the user name that they belong to.
    pub(crate) async fn take_refused(&mut self, records: &Records, now: UnixTime) -> Result<Refused, Outage> {
        let Some(Refusal { refused, at, is_shown, .. }) = self.session.refusal.clone() else {
            return Ok(Refused::default());
        };
        if is_shown {
            let is_recent = now.as_secs().saturating_sub(at) < LOCK_SECS;
            return Ok(Refused { attempts_left: refused.attempts_left.filter(|_| is_recent), ..Refused::default() });
        }
        self.session.mark_refusal(true);
        let show = |held: Option<Session>| {
            let shown = held.map(|mut held| {
                held.mark_refusal(true);
                Kept::until(held.end(now), held)
            });
            (shown, ())
        };
        records.change(&self.name(), now, show).await?;
        Ok(refused)
    }

    /// Has a refusal shown again, for the second of two clicks on its form: the second click may have taken the page
    /// away before anybody read it.
    pub(crate) async fn put_back_refused(&mut self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        let form = self.form.clone();
        let is_again = |session: &Session| {
            let shown = session.refusal.as_ref().filter(|refusal| refusal.is_shown);
            session.moved.is_none() && shown.is_some_and(|refusal| refusal.is_again(form.as_deref(), now))
        };
        if !is_again(&self.session) {
            return Ok(());
        }
        self.session.mark_refusal(false);
        let put_back = |held: Option<Session>| {
            let again = held.filter(is_again).map(|mut held| {
                held.mark_refusal(false);
                Kept::until(held.end(now), held)
            });
            (again, ())
        };
        records.change(&self.name(), now, put_back).await
    }

    /// Stores the session under another cookie, after a password, a code or another proof. Whoever knows the old cookie
    /// does not have the new session.
    ///
    /// The next cookie follows from the old one and its salt. The second of two clicks on the same form therefore leads
    /// to the same session, for some seconds.
    pub(crate) async fn renew(&mut self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        let (old, was_stored) = (self.name(), self.is_stored);
        let next = self.cookie.next(&self.session.salt);
        let cookie = std::mem::replace(&mut self.cookie, next);
        let moved = Session {
            salt: std::mem::replace(&mut self.session.salt, new_salt()?),
            moved: Some(Moved { at: now.as_secs(), form: self.form.clone() }),
            ..Session::default()
        };
        (self.is_stored, self.is_new, self.session.seen) = (false, true, now.as_secs());
        // The next cookie does not give the secret again.
        self.session.once = None;
        self.keep(records, now).await?;
        // Before the old one moves, so that the list always has one of the two.
        if let Some(person) = self.session.person.as_ref().filter(|_| self.session.is_own()) {
            open_sessions::add(records, person, &self.name(), &old, now).await?;
        }
        let keep = |held: Option<Session>| {
            let is_overtaken = held.as_ref().is_some_and(|held| self.is_overtaken(held));
            let moved = Kept::until(now.saturating_add(MOVING_SECS + 1), moved.clone());
            ((!is_overtaken).then_some(moved), (held, is_overtaken))
        };
        match records.change(&old, now, keep).await? {
            // The login at a service was answered meanwhile, or followed by another one.
            (Some(held), true) => {
                self.end(records, now).await?;
                (self.cookie, self.session, self.is_new) = (cookie, held, false);
            }
            (None, _) if was_stored => {
                // It was ended meanwhile.
                self.end(records, now).await?;
                return self.start_again();
            }
            _ => {}
        }
        self.is_stored = true;
        Ok(())
    }

    /// Returns `true` if another request has taken the session a step further since this one read it: to the next
    /// cookie, into or out of an enrollment, to a push, to the answer for a service, or to its end.
    pub(crate) async fn has_gone_on(&self, records: &Records, now: UnixTime) -> Result<bool, Outage> {
        let Some(held) = records.load::<Session>(&self.name(), now).await? else { return Ok(self.is_stored) };
        Ok(held.moved.is_some()
            || held.enrolling != self.session.enrolling
            || held.push != self.session.push
            || held.request_id() != self.session.request_id())
    }

    /// Ends the enrollment of an app, and changes nothing else. Another request may have stored the session meanwhile.
    pub(crate) async fn end_enrollment(&self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        let end = |held: Option<Session>| {
            let ended = held.filter(|held| held.enrolling.is_some()).map(|held| Session { enrolling: None, ..held });
            (ended.map(|ended| Kept::until(ended.end(now), ended)), ())
        };
        records.change(&self.name(), now, end).await
    }

    /// Reads the session again, as the first of two clicks on the same form has left it. Returns `true` if that click
    /// has moved it to the next cookie, which is this browser's from now on.
    pub(crate) async fn follow(&mut self, records: &Records, now: UnixTime) -> Result<bool, Outage> {
        let Some(mut held) = records.load::<Session>(&self.name(), now).await? else { return Ok(false) };
        let mut has_moved = false;
        if let Some(moved) = &held.moved {
            let next = self.cookie.next(&held.salt);
            let session = records.load(&next.hash("session"), now).await?;
            let Some(session) = session.filter(|_| moved.leads(self.form.as_deref(), now)) else { return Ok(false) };
            (self.cookie, self.is_new, held, has_moved) = (next, true, session, true);
        }
        (self.read, self.session) = (held.request_id(), held);
        Ok(has_moved)
    }

    pub(crate) async fn end(&self, records: &Records, now: UnixTime) -> Result<(), Outage> {
        records.remove::<Session>(&self.name(), now).await
    }

    /// Returns the name of the session in the records.
    pub(crate) fn name(&self) -> String {
        self.cookie.hash("session")
    }

    /// Returns 32 bytes for a secret of this purpose. Without the cookie, or after the session, nobody can compute
    /// them.
    pub(crate) fn seed(&self, purpose: &Once) -> Result<[u8; 32], Outage> {
        let hash = Sha256::new().chain_update("once").chain_update(self.cookie.0).chain_update(&self.session.salt);
        Ok(hash.chain_update(serde_json::to_vec(purpose)?).finalize().into())
    }

    /// Returns the account of the person.
    pub(crate) fn account(&self) -> Result<AccountId, Outage> {
        let person = self.session.person.as_deref().ok_or(Outage("no_person"))?;
        Ok(AccountId::new(person)?)
    }

    /// Returns the login of this session. It has a secret of its own, since the cookie travels with each request.
    pub(crate) fn login(&self) -> Result<Transaction, Outage> {
        Ok(Transaction::new(self.cookie.hash("transaction").as_bytes())?)
    }

    /// Returns the login of the session that [`Self::renew`] moves this one to.
    pub(crate) fn next_login(&self) -> Result<Transaction, Outage> {
        Ok(Transaction::new(self.cookie.next(&self.session.salt).hash("transaction").as_bytes())?)
    }

    /// Returns the id of a procedure that this session begins. Both of two clicks get the same one.
    pub(crate) fn procedure(&self) -> String {
        self.cookie.procedure()
    }

    /// Returns the id of a procedure that begins with the session that [`Self::renew`] moves this one to.
    pub(crate) fn next_procedure(&self) -> String {
        self.cookie.next(&self.session.salt).procedure()
    }

    /// Returns the value that each form of this session has, so that no other site can send one.
    pub(crate) fn form_token(&self) -> String {
        self.cookie.hash("form")
    }

    /// Returns `true` if the first of two clicks on the form of this request has moved the session before.
    pub(crate) const fn is_led(&self) -> bool {
        self.is_new && self.is_stored
    }

    /// Returns the header that sets the cookie, unless the browser has it or a newer one.
    pub(crate) fn set_cookie(&self, is_secure: bool) -> Option<[(HeaderName, String); 1]> {
        self.is_new.then(|| [(header::SET_COOKIE, self.cookie.header(self.purpose.cookie(), is_secure))])
    }
}
