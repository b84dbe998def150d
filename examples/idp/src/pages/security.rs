use maud::{Markup, html};
use secondo::account::AccountView;
use secondo::factor::Kind;

use super::devices::{kind, status};
use super::language::{Text, date_and_time};
use super::layout::Page;
use super::texts;
use crate::activity::Access;
use crate::session::Session;

const DEVICES: Text = Text("Dispositivi", "Devices");
const ADD: Text = Text("Aggiungi un'app", "Add an app");
const ADDED: Text = Text("Aggiunto il", "Added on");
const LAST_USED: Text = Text("Ultimo uso", "Last used");
const NEVER: Text = Text("mai", "never");
const MANAGE: Text = Text("Gestisci", "Manage");
const CODES: Text = Text("Codici di recupero", "Recovery codes");
const CODES_LEFT: Text = Text("Codici ancora validi:", "Codes left:");
const NO_CODES: Text = Text(
    "Non hai codici di recupero. Creali: servono se perdi il telefono.",
    "You have no recovery codes. Make them: you need them if you lose your phone.",
);
const NEW_CODES: Text = Text("Nuovi codici di recupero", "New recovery codes");
const ALTERNATIVE: Text = Text(
    "Gli SMS sono meno sicuri di un'app. Aggiungi un'app.",
    "Text messages are less secure than an app. Add an app.",
);
const ACCESSES: Text = Text("Ultimi accessi", "Recent sign-ins");
const NO_ACCESSES: Text = Text("Nessun accesso negli ultimi 24 mesi.", "No sign-ins in the last 24 months.");
const UNKNOWN_ACCESS: Text = Text(
    "Se non riconosci un accesso, cambia la password e chiama l'assistenza.",
    "If you do not recognize a sign-in, change your password and call the help desk.",
);
const WHEN: Text = Text("Data e ora", "Date and time");
const SERVICE: Text = Text("Servizio", "Service");
const LEVEL: Text = Text("Livello", "Level");
const SESSIONS: Text = Text("Sessioni aperte", "Open sessions");
const BEGAN: Text = Text("Iniziata il", "Began on");
const SEEN: Text = Text("ultimo uso", "last used");
const THIS_ONE: Text = Text("questa sessione", "this session");
const END: Text = Text("Chiudi la sessione", "End the session");
const END_OTHERS: Text = Text("Chiudi tutte le altre sessioni", "End all other sessions");
const PASSWORD: Text = Text("Password", "Password");
const CHANGE: Text = Text("Cambia la password", "Change the password");
const ADMINISTRATION: Text = Text("Amministrazione", "Administration");
const AGAIN_TITLE: Text = Text("Conferma che sei tu", "Confirm that it is you");
const AGAIN_HINT: Text = Text(
    "Per questa operazione conferma che sei tu, con un nuovo codice o con l'app.",
    "For this change, confirm that it is you, with a new code or with the app.",
);
const OLD: Text = Text("Password attuale", "Current password");
const NEW: Text = Text("Nuova password", "New password");
const NEW_AGAIN: Text = Text("Ripeti la nuova password", "Repeat the new password");
const PASSWORD_RULES: Text = Text(
    "Da 8 a 64 caratteri, con una maiuscola, una minuscola, una cifra e un carattere speciale, e senza il tuo nome o \
        il tuo indirizzo.",
    "8 to 64 characters, with an upper-case and a lower-case letter, a digit and a special character, and without your \
        name or your address.",
);

/// The contents of the person's own page.
pub(crate) struct Security<'a> {
    pub(crate) view: &'a AccountView,
    /// The last accesses, with the names of services.
    pub(crate) accesses: &'a [Access],
    /// The open sessions, the newest first.
    pub(crate) sessions: &'a [Session],
    /// The id of this session.
    pub(crate) own: Option<&'a str>,
    pub(crate) is_operator: bool,
}

/// The person's own page.
pub(crate) fn security(page: &Page<'_>, security: &Security<'_>) -> Markup {
    let content = html! {
        (devices(page, security.view))
        (codes(page, security.view))
        (accesses(page, security.accesses))
        (sessions(page, security))
        h2 { (page.say(PASSWORD)) }
        p { a href="/security/password" { (page.say(CHANGE)) } }
        @if security.is_operator {
            h2 { (page.say(ADMINISTRATION)) }
            p { a href="/admin" { (page.say(ADMINISTRATION)) } }
        }
        form method="post" action="/logout" { (page.token()) button { (page.say(texts::LOG_OUT)) } }
    };
    page.whole(page.say(texts::MY_SECURITY), None, &content)
}

fn devices(page: &Page<'_>, view: &AccountView) -> Markup {
    let devices = || view.authenticators.iter().filter(|device| device.kind != Kind::LookUp);
    html! {
        h2 { (page.say(DEVICES)) }
        @if view.needs_alternative { p .hint { (page.say(ALTERNATIVE)) } }
        ul .items {
            @for device in devices() {
                @let name = device.name.as_str();
                li {
                    strong { (if name.is_empty() { page.say(kind(device.kind)) } else { name }) }
                    br;
                    (page.say(kind(device.kind)))
                    @if let Some(destination) = &device.destination { " " (destination.to_string()) }
                    " - " (page.say(status(device)))
                    br;
                    span .hint {
                        (page.say(ADDED)) " " (date_and_time(device.added.as_secs())) ". "
                        (page.say(LAST_USED)) ": "
                        (device.last_used.map_or(page.say(NEVER).to_owned(), |used| date_and_time(used.as_secs()))) "."
                    }
                    br;
                    a href={ "/security/device/" (device.number) } {
                        (page.say(MANAGE)) span .unseen { " " (name) " " (device.number) }
                    }
                }
            }
        }
        p { a .button href="/security/add" { (page.say(ADD)) } }
        p { a href="/security/app" { (page.say(super::push::APP_TITLE)) } }
        p { a href="/security/number" { (page.say(super::number::TITLE)) } }
    }
}

fn codes(page: &Page<'_>, view: &AccountView) -> Markup {
    let left = view.authenticators.iter().find_map(|device| device.codes_left);
    html! {
        h2 { (page.say(CODES)) }
        @match left {
            Some(left) => p { (page.say(CODES_LEFT)) " " (left.get()) },
            None => p { (page.say(NO_CODES)) },
        }
        p { a href="/security/codes" { (page.say(NEW_CODES)) } }
    }
}

fn accesses(page: &Page<'_>, accesses: &[Access]) -> Markup {
    html! {
        h2 { (page.say(ACCESSES)) }
        @if accesses.is_empty() {
            p { (page.say(NO_ACCESSES)) }
        } @else {
            table #accesses {
                thead {
                    tr {
                        th scope="col" { (page.say(WHEN)) }
                        th scope="col" { (page.say(SERVICE)) }
                        th scope="col" { (page.say(LEVEL)) }
                    }
                }
                tbody {
                    @for access in accesses {
                        tr {
                            td { (date_and_time(access.at)) }
                            td { (access.service.as_deref().unwrap_or(page.say(texts::MY_SECURITY))) }
                            td { (access.detail.trim_start_matches("level ")) }
                        }
                    }
                }
            }
            p .hint { (page.say(UNKNOWN_ACCESS)) }
        }
    }
}

fn sessions(page: &Page<'_>, security: &Security<'_>) -> Markup {
    html! {
        h2 { (page.say(SESSIONS)) }
        ul .items {
            @for session in security.sessions {
                @let id = session.id.as_deref();
                li {
                    (page.say(BEGAN)) " " (date_and_time(session.began)) ", "
                    (page.say(SEEN)) " " (date_and_time(session.seen))
                    @if id == security.own {
                        " " strong { "(" (page.say(THIS_ONE)) ")" }
                    } @else {
                        form method="post" action="/security/sessions" {
                            (page.token())
                            input type="hidden" name="session" value=(id.unwrap_or_default());
                            button .link { (page.say(END)) }
                        }
                    }
                }
            }
        }
        @if security.sessions.len() > 1 {
            form #others method="post" action="/security/sessions" {
                (page.token())
                input type="hidden" name="session" value="others";
                button .second { (page.say(END_OTHERS)) }
            }
        }
    }
}

/// The page that asks for a second factor again, before another page.
pub(crate) fn again(page: &Page<'_>, next: &str) -> Markup {
    let content = html! {
        p { (page.say(AGAIN_HINT)) }
        form method="post" action="/security/again" {
            (page.token())
            input type="hidden" name="next" value=(next);
            button { (page.say(texts::NEXT)) }
        }
        p { a href="/security" { (page.say(texts::MY_SECURITY)) } }
    };
    page.whole(page.say(AGAIN_TITLE), None, &content)
}

/// The page to change the password.
pub(crate) fn change_password(page: &Page<'_>) -> Markup {
    let content = html! {
        form method="post" action="/security/password" {
            (page.token())
            label for="old" { (page.say(OLD)) }
            input #old name="old" type="password" autocomplete="current-password" required autofocus;
            label for="new" { (page.say(NEW)) }
            input #new name="new" type="password" autocomplete="new-password" aria-describedby="rules" required;
            p #rules .hint { (page.say(PASSWORD_RULES)) }
            label for="again" { (page.say(NEW_AGAIN)) }
            input #again name="again" type="password" autocomplete="new-password" required;
            button { (page.say(CHANGE)) }
        }
        p { a href="/security" { (page.say(texts::MY_SECURITY)) } }
    };
    page.whole(page.say(CHANGE), None, &content)
}
