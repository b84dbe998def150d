use maud::{Markup, html};

use super::language::{Language, Text, date_and_time};
use super::layout::{Alert, Page};
use super::texts;
use crate::problem::Refused;
use crate::tries::TRIES;

const SIGN_IN: Text = Text("Entra", "Sign in");
const USER: Text = Text("E-mail o codice fiscale", "E-mail or fiscal code");
const PASSWORD: Text = Text("Password", "Password");
pub(crate) const WRONG_PASSWORD: Text =
    Text("Il nome utente o la password non sono corretti.", "The user name or the password is not correct.");
const PASSWORD_LOCKED: Text =
    Text("Troppi tentativi. Potrai riprovare a partire da:", "Too many attempts. You can try again from:");
const RECOVER: Text = Text("Recupero credenziali", "Recover your credentials");
const NEW_HERE: Text = Text("Non hai un'identità digitale?", "Don't have a digital identity yet?");
const REGISTER: Text = Text("Registrati", "Register");

/// Returns the alert about a user name that is locked until a time in seconds.
pub(crate) fn password_locked(language: Language, until: u64) -> Alert {
    Alert(format!("{} {}", PASSWORD_LOCKED.in_language(language), date_and_time(until)))
}

/// The page for the user name and the password. A service may have named the user, and another page may follow the
/// login.
pub(crate) fn sign_in(page: &Page<'_>, named: &str, next: Option<&str>) -> Markup {
    let Refused { typed, attempts_left, .. } = page.refused;
    let user = if typed.is_empty() { named } else { typed };
    let content = html! {
        form method="post" action="/password" {
            (page.token())
            @if let Some(next) = next { input type="hidden" name="next" value=(next); }
            label for="user" { (page.say(USER)) }
            input #user name="user" value=(user) autocomplete="username" required autofocus;
            label for="password" { (page.say(PASSWORD)) }
            input #password name="password" type="password" autocomplete="current-password" required;
            // The attempts that are left are those of one name, and are not told beside another one.
            @if attempts_left.is_none() || !typed.is_empty() {
                p .hint { (page.say(texts::ATTEMPTS_LEFT)) " " (attempts_left.unwrap_or(TRIES)) }
            }
            button { (page.say(texts::NEXT)) }
        }
        p { a href="/recover" { (page.say(RECOVER)) } }
        p { (page.say(NEW_HERE)) " " a href="/register" { (page.say(REGISTER)) } }
    };
    page.whole(page.say(SIGN_IN), None, &content)
}
