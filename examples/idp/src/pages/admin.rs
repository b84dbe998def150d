use maud::{Markup, html};
use secondo::decision::Hold;
use secondo::factor::EnrollmentCode;

use super::language::{Text, date_and_time};
use super::layout::{Alert, Page};
use super::texts;
use crate::person::Person;

pub(super) const ADMIN: Text = Text("Amministrazione", "Administration");
const NOT_OPERATOR: Text = Text("Questa pagina è per gli operatori.", "This page is for operators.");
const FIND: Text = Text("Cerca", "Find");
const FIND_TITLE: Text = Text("Cerca una persona", "Find a person");
const PERSON: Text = Text("E-mail, codice fiscale o identificativo", "E-mail, fiscal code or id");
const LOCKED: Text = Text("Account bloccati", "Locked accounts");
const NONE: Text = Text("Nessun account è bloccato.", "No account is locked.");
const LAST_ATTEMPT: Text = Text("ultimo tentativo", "last attempt");
const MORE: Text = Text(
    "L'elenco ha le ultime 50 persone che sono state bloccate. Le altre sono nel registro.",
    "The list has the last 50 persons who were locked out. The others are in the audit log.",
);
const UNTIL: Text = Text("bloccato fino al", "locked until");
const PASSWORD_UNTIL: Text = Text("password bloccata fino al", "password locked until");
const UNTIL_UNLOCKED: Text = Text("bloccato finché non viene sbloccato", "locked until it is unlocked");
const REQUESTS: Text = Text("Richieste da completare", "Applications to complete");
const AUDIT: Text = Text("Registro", "Audit log");
const CODE_TITLE: Text = Text("Codice di attivazione", "Activation code");
const CODE_HINT: Text = Text(
    "Dai questo codice alla persona, di persona o a un indirizzo verificato. Vale una volta, per 24 ore. Non sarà \
        mostrato di nuovo.",
    "Give this code to the person, in person or at a validated address. It is valid once, for 24 hours. It will not be \
        shown again.",
);
const CODE_USE: Text = Text(
    "La persona entra con la password e sceglie: Ho un codice di attivazione dell'assistenza.",
    "The person signs in with the password and chooses: I have an activation code from the help desk.",
);

/// A person whose account or password is locked now.
pub(crate) struct Locked {
    pub(crate) person: Person,
    /// The time in seconds of the last attempt.
    pub(crate) at: u64,
    pub(crate) hold: Hold,
    /// The time in seconds until which the password is locked.
    pub(crate) password: Option<u64>,
}

/// Returns the text about a lock that is in force.
pub(super) fn lock(page: &Page<'_>, hold: Hold) -> Option<String> {
    match hold {
        Hold::Locked => Some(page.say(UNTIL_UNLOCKED).to_owned()),
        Hold::LockedUntil(until) => Some(format!("{} {}", page.say(UNTIL), date_and_time(until.as_secs()))),
        _ => None,
    }
}

/// Returns the text about a password that is locked until this time in seconds.
pub(super) fn password_lock(page: &Page<'_>, until: u64) -> String {
    format!("{} {}", page.say(PASSWORD_UNTIL), date_and_time(until))
}

/// The first page of the administration.
pub(crate) fn admin(page: &Page<'_>, locked: &[Locked], may_have_more: bool) -> Markup {
    let content = html! {
        h2 { (page.say(FIND_TITLE)) }
        form method="post" action="/admin/find" {
            (page.token())
            label for="person" { (page.say(PERSON)) }
            input #person name="person" autocomplete="off" required;
            button { (page.say(FIND)) }
        }
        h2 { (page.say(LOCKED)) }
        @if locked.is_empty() { p { (page.say(NONE)) } }
        ul #locked .items {
            @for Locked { person, at, hold, password } in locked {
                li {
                    a href={ "/admin/person/" (person.id) } { (person.name) " " (person.family_name) }
                    " - "
                    @let locks = lock(page, *hold).into_iter().chain(password.map(|until| password_lock(page, until)));
                    @for lock in locks { (lock) ", " }
                    (page.say(LAST_ATTEMPT)) " " (date_and_time(*at))
                }
            }
        }
        @if may_have_more { p .hint { (page.say(MORE)) } }
        h2 { (page.say(REQUESTS)) }
        p { a href="/admin/requests" { (page.say(REQUESTS)) } }
        h2 { (page.say(AUDIT)) }
        p { a href="/admin/audit" { (page.say(AUDIT)) } }
        p { a href="/security" { (page.say(texts::MY_SECURITY)) } }
    };
    page.whole(page.say(ADMIN), None, &content)
}

/// The page for a person who is no operator.
pub(crate) fn not_operator(page: &Page<'_>) -> Markup {
    let alert = Alert(page.say(NOT_OPERATOR).to_owned());
    page.whole(page.say(ADMIN), Some(&alert), &html! { p { a href="/" { (page.say(texts::BACK)) } } })
}

/// The page that shows an activation code once.
pub(crate) fn activation_code(page: &Page<'_>, code: &EnrollmentCode, person: &str) -> Markup {
    let content = html! {
        p { (page.say(CODE_HINT)) }
        p .codes { code #code { (code.text().as_str()) } }
        p { (page.say(CODE_USE)) }
        p .unprinted { a .button href=(person) { (page.say(texts::NEXT)) } }
    };
    page.whole(page.say(CODE_TITLE), None, &content)
}
