use maud::{Markup, html};

use super::language::Text;
use super::layout::{Alert, Page};
use super::texts;

const SIGN_IN: Text = Text("Entra", "Sign in");
const USER: Text = Text("E-mail o codice fiscale", "E-mail or fiscal code");
const PASSWORD: Text = Text("Password", "Password");
pub(crate) const WRONG_PASSWORD: Text =
    Text("Il nome utente o la password non sono corretti.", "The user name or the password is not correct.");
const ATTEMPTS_LEFT: Text = Text("Tentativi rimanenti:", "Attempts left:");
pub(crate) const PASSWORD_LOCKED: Text =
    Text("Troppi tentativi. Riprova tra 15 minuti.", "Too many attempts. Try again in 15 minutes.");
const CODE_TITLE: Text = Text("Codice dell'app", "Code of the app");
const CODE: Text = Text("Codice di 6 cifre", "Code of 6 digits");
const CODE_HINT: Text =
    Text("Apri la tua app e scrivi il codice che mostra.", "Open your app and type the code that it shows.");

/// The page for the user name and the password.
pub(crate) fn sign_in(page: &Page<'_>, user: &str, attempts_left: u8, alert: Option<&Alert>) -> Markup {
    let content = html! {
        form method="post" action="/password" {
            (page.token())
            label for="user" { (page.say(USER)) }
            input #user name="user" value=(user) autocomplete="username" required autofocus;
            label for="password" { (page.say(PASSWORD)) }
            input #password name="password" type="password" autocomplete="current-password" required;
            p .hint { (page.say(ATTEMPTS_LEFT)) " " (attempts_left) }
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(SIGN_IN), alert, &content)
}

/// The page for a code of one of the person's devices.
pub(crate) fn code(page: &Page<'_>, attempts_left: u8, has_push: bool, alert: Option<&Alert>) -> Markup {
    let content = html! {
        form method="post" action="/code" {
            (page.token())
            label for="code" { (page.say(CODE)) }
            input #code .code name="code" inputmode="numeric" autocomplete="one-time-code" aria-describedby="hint"
                required autofocus;
            p #hint .hint { (page.say(CODE_HINT)) " " (page.say(ATTEMPTS_LEFT)) " " (attempts_left) }
            button { (page.say(texts::NEXT)) }
        }
        @if has_push { (super::push::button(page)) }
    };
    page.whole(page.say(CODE_TITLE), alert, &content)
}
