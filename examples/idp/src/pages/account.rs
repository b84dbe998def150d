use maud::{Markup, html};
use secondo::account::AccountView;
use secondo::formats::otpauth::Qr;
use secondo::types::Base32;

use super::layout::{Alert, Page};

/// The page that shows the secret of a new device, until its first code.
pub(crate) fn enrollment(page: &Page<'_>, qr: &Qr, secret: &Base32, alert: Option<&Alert>) -> Markup {
    let texts = page.texts();
    let content = html! {
        p { (texts.enroll_hint) }
        img .qr alt=(texts.qr) src=(qr.data_uri().as_str());
        p .hint { (texts.secret) " " code { (secret.as_str()) } }
        form method="post" action="/code" {
            (page.token())
            label for="code" { (texts.first_code) }
            input #code .code name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus;
            button { (texts.next) }
        }
    };
    page.whole(texts.enroll_title, alert, &content)
}

/// The person's own page.
pub(crate) fn account(page: &Page<'_>, view: &AccountView, alert: Option<&Alert>) -> Markup {
    let texts = page.texts();
    let content = html! {
        h2 { (texts.devices) }
        ul { @for device in &view.authenticators { li { (device.name.as_str()) } } }
        form method="post" action="/logout" { (page.token()) button { (texts.log_out) } }
    };
    page.whole(texts.my_security, alert, &content)
}
