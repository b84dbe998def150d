use maud::{Markup, html};

use super::layout::{Alert, Page};

/// The page for the user name and the password.
pub(crate) fn sign_in(page: &Page<'_>, user: &str, attempts_left: u8, alert: Option<&Alert>) -> Markup {
    let texts = page.texts();
    let content = html! {
        form method="post" action="/password" {
            (page.token())
            label for="user" { (texts.user) }
            input #user name="user" value=(user) autocomplete="username" required autofocus;
            label for="password" { (texts.password) }
            input #password name="password" type="password" autocomplete="current-password" required;
            p .hint { (texts.attempts_left) " " (attempts_left) }
            button { (texts.next) }
        }
    };
    page.whole(texts.sign_in, alert, &content)
}

/// The page for a code of one of the person's devices.
pub(crate) fn code(page: &Page<'_>, attempts_left: u8, alert: Option<&Alert>) -> Markup {
    let texts = page.texts();
    let content = html! {
        form method="post" action="/code" {
            (page.token())
            label for="code" { (texts.code) }
            input #code .code name="code" inputmode="numeric" autocomplete="one-time-code" aria-describedby="hint"
                required autofocus;
            p #hint .hint { (texts.code_hint) " " (texts.attempts_left) " " (attempts_left) }
            button { (texts.next) }
        }
    };
    page.whole(texts.code_title, alert, &content)
}
