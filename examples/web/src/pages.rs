use axum::http::{HeaderMap, header};
use maud::{DOCTYPE, Markup, html};
use secondo::PublicRefusal;
use secondo::account::AuthenticatorView;
use secondo::decision::Language;
use secondo::formats::otpauth::Qr;
use secondo::types::Base32;

pub(crate) fn sign_in(message: Option<&str>) -> Markup {
    let form = html! {
        form method="post" action="/password" {
            label { "Name " input name="name" autocomplete="username" required; }
            label { "Password " input name="password" type="password" autocomplete="current-password" required; }
            button { "Continue" }
        }
    };
    page("Sign in", message, &form)
}

pub(crate) fn enrollment(message: Option<&str>, qr: &Qr, secret: &Base32) -> Markup {
    let body = html! {
        p { "Scan this with an authenticator app, or type the secret into it. Then enter the code that it shows." }
        img alt="QR code" width="300" src=(qr.data_uri().as_str());
        p { code { (secret.as_str()) } }
        (field())
    };
    page("Your second factor", message, &body)
}

pub(crate) fn code(message: Option<&str>, remaining: u8) -> Markup {
    let body = html! {
        @if message.is_none() { p { "Attempts left: " (remaining) } }
        (field())
    };
    page("Your code", message, &body)
}

pub(crate) fn logged_in(name: &str, device: Option<&AuthenticatorView>) -> Markup {
    let body = html! {
        p { (name) }
        @if let Some(device) = device {
            p { "Device: " (device.name.as_str()) }
            @if let Some(last) = device.last_used { p { "Last used: " (last) } }
        }
        form method="post" action="/logout" { button { "Log out" } }
    };
    page("You are logged in", None, &body)
}

/// Returns the text of a refusal, in Italian if the browser prefers it. A provider translates the pages as well.
pub(crate) fn text(headers: &HeaderMap, refusal: PublicRefusal) -> String {
    let is_italian = headers.get(header::ACCEPT_LANGUAGE).is_some_and(|tags| tags.as_bytes().starts_with(b"it"));
    let language = if is_italian { Language::Italian } else { Language::English };
    // Times are in UTC here. A provider writes them in the person's time zone.
    refusal.text(language, |time| time).to_string()
}

fn page(title: &str, message: Option<&str>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html {
            head { meta charset="utf-8"; title { (title) } }
            body {
                h1 { (title) }
                @if let Some(message) = message { p role="alert" { (message) } }
                (body)
            }
        }
    }
}

fn field() -> Markup {
    html! {
        form method="post" action="/code" {
            label { "Code " input name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus; }
            button { "Confirm" }
        }
    }
}
