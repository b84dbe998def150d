use maud::{Markup, html};
use secondo::account::{AccountView, AuthenticatorView, Status};
use secondo::factor::Kind;

use super::language::Text;
use super::layout::Page;
use super::texts;

const ADD_TITLE: Text = Text("Aggiungi un'app", "Add an app");
const ADD_HINT: Text = Text(
    "Dai un nome al dispositivo, per riconoscerlo. Nella pagina seguente attivi la sua app.",
    "Give the device a name by which you recognize it. On the next page you activate its app.",
);
const NAME: Text = Text("Nome del dispositivo", "Name of the device");
const RENAME: Text = Text("Cambia nome", "Rename");
const REMOVE: Text = Text("Rimuovi il dispositivo", "Remove the device");
const REMOVE_HINT: Text =
    Text("Dopo la rimozione i suoi codici non valgono più.", "Once it is removed, its codes are no longer valid.");
const ONE_LEFT: Text = Text(
    "Attenzione: ti resterà un solo modo per entrare. Se lo perdi, dovrai contattare l'assistenza.",
    "Careful: you will have only one way left to sign in. If you lose it, you will have to contact the help desk.",
);
pub(crate) const LAST_DEVICE: Text = Text(
    "È l'unico dispositivo con cui puoi entrare, e non si può rimuovere. Aggiungine prima un altro.",
    "This is the only device that you can sign in with, so it cannot be removed. Add another one first.",
);
const ACTIVATE_TITLE: Text = Text("Attiva un'altra app", "Activate another app");
const ACTIVATE_HINT: Text = Text(
    "Se hai perso tutti i dispositivi, scrivi il codice di attivazione che hai ricevuto dall'assistenza.",
    "If you have lost every device, type the activation code that the help desk gave you.",
);
const ACTIVATION_CODE: Text = Text("Codice di attivazione", "Activation code");

/// Returns the name of a kind of device.
pub(crate) const fn kind(kind: Kind) -> Text {
    match kind {
        Kind::Totp => Text("App con codici", "App with codes"),
        Kind::Hotp | Kind::Ocra => Text("Dispositivo con codici", "Device with codes"),
        Kind::Sms => Text("SMS", "Text messages"),
        Kind::Voice => Text("Telefonate", "Telephone calls"),
        Kind::Mail => Text("E-mail", "E-mail"),
        Kind::LookUp => Text("Codici di recupero", "Recovery codes"),
        Kind::Push => Text("App con notifiche", "App with notifications"),
        _ => Text("Altro dispositivo", "Other device"),
    }
}

pub(crate) const fn status(device: &AuthenticatorView) -> Text {
    match device.status {
        Status::Unconfirmed { .. } => Text("in attesa di conferma", "waiting for confirmation"),
        Status::Active => Text("attivo", "active"),
        Status::Suspended => Text("sospeso", "suspended"),
    }
}

/// The page to add an app.
pub(crate) fn add_device(page: &Page<'_>, form_use: &str) -> Markup {
    let content = html! {
        p #hint { (page.say(ADD_HINT)) }
        form method="post" action="/security/add" {
            (page.token())
            input type="hidden" name="use" value=(form_use);
            label for="name" { (page.say(NAME)) }
            input #name name="name" maxlength="64" aria-describedby="hint" required autofocus;
            button { (page.say(texts::NEXT)) }
        }
        p { a href="/security" { (page.say(texts::MY_SECURITY)) } }
    };
    page.whole(page.say(ADD_TITLE), None, &content)
}

/// The page of one device.
pub(crate) fn device(page: &Page<'_>, device: &AuthenticatorView, view: &AccountView) -> Markup {
    let path = format!("/security/device/{}", device.number);
    let others = ways_beside(device, view);
    let content = html! {
        p { (page.say(kind(device.kind))) " - " (page.say(status(device))) }
        form method="post" action={ (path) "/name" } {
            (page.token())
            label for="name" { (page.say(NAME)) }
            input #name name="name" value=(device.name.as_str()) maxlength="64" required;
            button { (page.say(RENAME)) }
        }
        h2 { (page.say(REMOVE)) }
        @if is_last_way(device, view) {
            p { (page.say(LAST_DEVICE)) }
        } @else {
            p { (page.say(REMOVE_HINT)) }
            @if is_way(device) && others == 1 { p #warning { strong { (page.say(ONE_LEFT)) } } }
            form method="post" action={ (path) "/remove" } {
                (page.token())
                button .danger { (page.say(REMOVE)) }
            }
        }
        p { a href="/security" { (page.say(texts::MY_SECURITY)) } }
    };
    let name = device.name.as_str();
    page.whole(if name.is_empty() { page.say(kind(device.kind)) } else { name }, None, &content)
}

/// Returns `true` unless the device waits for its first code.
pub(crate) fn is_confirmed(device: &AuthenticatorView) -> bool {
    !matches!(device.status, Status::Unconfirmed { .. })
}

/// Returns `true` if the person can log in with this device and with no other one.
pub(crate) fn is_last_way(device: &AuthenticatorView, view: &AccountView) -> bool {
    is_way(device) && ways_beside(device, view) == 0
}

/// Returns `true` if the person can log in with this device.
fn is_way(device: &AuthenticatorView) -> bool {
    device.status == Status::Active && device.kind != Kind::LookUp && device.kind != Kind::Mail
}

/// Returns the number of other devices with which the person can log in.
fn ways_beside(device: &AuthenticatorView, view: &AccountView) -> usize {
    view.authenticators.iter().filter(|other| other.number != device.number && is_way(other)).count()
}

/// The page for a code of the help desk.
pub(crate) fn activation(page: &Page<'_>) -> Markup {
    let content = html! {
        p #hint { (page.say(ACTIVATE_HINT)) }
        form method="post" action="/security/activate" {
            (page.token())
            label for="code" { (page.say(ACTIVATION_CODE)) }
            input #code name="code" autocomplete="off" autocapitalize="characters" aria-describedby="hint" required
                autofocus;
            button { (page.say(texts::NEXT)) }
        }
        p { a href="/" { (page.say(texts::BACK)) } }
    };
    page.whole(page.say(ACTIVATE_TITLE), None, &content)
}
