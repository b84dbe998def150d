//! The pages of the recovery of credentials.

use maud::{Markup, html};

use super::language::Text;
use super::layout::Page;
use super::problems::{field, summary};
use super::registration::{PASSWORD, code_form, masked};
use super::submission::SIGN_IN;
use super::texts;

const TITLE: Text = Text("Recupero credenziali", "Recover your credentials");
const USER: Text = Text("E-mail o codice fiscale", "E-mail or fiscal code");
const USER_HINT: Text = Text(
    "Ti invieremo un codice per e-mail, con il tuo nome utente, e poi uno via SMS. Il secondo fattore resta com'è.",
    "A code will be sent to you by e-mail, with your user name, and then one by text message. The second factor stays \
        as it is.",
);
const MAIL_TITLE: Text = Text("Codice per e-mail", "Code by e-mail");
const MAIL_HINT: Text = Text(
    "Se c'è un'identità con questo nome utente, abbiamo inviato un codice al suo indirizzo e-mail.",
    "If there is an identity with this user name, a code was sent to its e-mail address.",
);
const SMS_TITLE: Text = Text("Codice via SMS", "Code by text message");
pub(super) const SMS_HINT: Text =
    Text("Abbiamo inviato un codice al numero certificato", "We sent a code to the mobile number on record");
const PASSWORD_TITLE: Text = Text("Nuova password", "New password");
const DONE_TITLE: Text = Text("Password cambiata", "Password changed");
const DONE_TEXT: Text = Text(
    "Tutte le sessioni aperte sono terminate. Entra con la nuova password e con il secondo fattore.",
    "All open sessions have ended. Sign in with the new password and with your second factor.",
);
const AGAIN: Text = Text("Ricomincia", "Start again");

pub(crate) fn user(page: &Page<'_>) -> Markup {
    let content = html! {
        form method="post" action="/recover" {
            (page.token())
            label for="user" { (page.say(USER)) }
            p #user-hint .hint { (page.say(USER_HINT)) }
            input #user name="user" autocomplete="username" aria-describedby="user-hint" required autofocus;
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(TITLE), None, &content)
}

pub(crate) fn mail_code(page: &Page<'_>) -> Markup {
    code(page, MAIL_TITLE, &html! { (page.say(MAIL_HINT)) })
}

pub(crate) fn sms_code(page: &Page<'_>, mobile: &str) -> Markup {
    code(page, SMS_TITLE, &html! { (page.say(SMS_HINT)) " " strong { (masked(mobile)) } "." })
}

fn code(page: &Page<'_>, title: Text, hint: &Markup) -> Markup {
    let content = html! {
        p { (hint) }
        (code_form(page, "/recover/code", "/recover/again"))
        p { a href="/recover?again" { (page.say(AGAIN)) } }
    };
    page.whole(page.say(title), None, &content)
}

pub(crate) fn password(page: &Page<'_>) -> Markup {
    let content = html! {
        (summary(page))
        form method="post" action="/recover/password" {
            (page.token())
            (field(page, &PASSWORD, ""))
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(PASSWORD_TITLE), None, &content)
}

pub(crate) fn done(page: &Page<'_>) -> Markup {
    let content = html! {
        p { (page.say(DONE_TEXT)) }
        p { a .button href="/" { (page.say(SIGN_IN)) } }
    };
    page.whole(page.say(DONE_TITLE), None, &content)
}
