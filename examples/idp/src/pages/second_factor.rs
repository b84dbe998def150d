use maud::{Markup, html};
use secondo::UnixTime;
use secondo::account::AuthenticatorView;
use secondo::factor::Kind;

use super::language::Text;
use super::layout::{Alert, Page};
use super::texts::{self, ATTEMPTS_LEFT};
use crate::config::Way;
use crate::second_factor::{LOST, SentTo, Ways};

const CHOICE_TITLE: Text = Text("Come vuoi confermare l'accesso?", "How do you want to confirm the sign-in?");
const BY_CODE: Text = Text("Codice dell'app o del dispositivo", "Code from your app or device");
const BY_SMS: Text = Text("SMS al numero", "Text message to");
const BY_PUSH: Text = Text("Notifica nell'app", "Notification in the app");
const BY_RECOVERY: Text = Text("Ho perso il telefono", "I have lost my phone");
const OTHER_WAY: Text = Text("Usa un altro metodo", "Use another method");
const HELP_DESK: Text =
    Text("Ho un codice di attivazione dell'assistenza", "I have an activation code from the help desk");

const CODE_TITLE: Text = Text("Codice dell'app", "Code from your app");
const CODE: Text = Text("Codice di 6 cifre", "6-digit code");
const CODE_HINT: Text =
    Text("Apri la tua app e scrivi il codice che mostra.", "Open your app and type the code that it shows.");
const APP_HERE: Text = Text(
    "La tua app è quella nel browser? Aprila (altra scheda).",
    "Is your app the one in the browser? Open it (another tab).",
);
const CLOSED: Text = Text(
    "Se hai i codici di recupero, puoi usarne uno. Altrimenti aspetta, o chiama l'assistenza.",
    "If you have recovery codes, you can use one. Otherwise wait, or call the help desk.",
);

const SMS_TITLE: Text = Text("Codice via SMS", "Code by text message");
const SMS_TO: Text = Text("Il codice arriva via SMS al numero", "The code comes by text message to");
const SMS_SENT: Text = Text("Abbiamo inviato un codice via SMS al numero", "We sent a code by text message to");
const SMS_VALID: Text =
    Text("Vale 5 minuti, e solo in questo accesso.", "It is valid for 5 minutes, for this sign-in only.");
const SEND: Text = Text("Invia il codice", "Send the code");
const SEND_AGAIN: Text = Text("Invia di nuovo", "Send again");
const WAIT: Text =
    Text("Secondi prima di poter chiedere un altro codice:", "Seconds until you can ask for another code:");
pub(crate) const UNSENT: Text = Text(
    "Il messaggio non è partito. Aspetta mezzo minuto e riprova: non conta come tentativo.",
    "The message could not be sent. Wait for half a minute and try again: this does not count as an attempt.",
);

const RECOVERY_TITLE: Text = Text("Ho perso il telefono", "I have lost my phone");
const RECOVERY_HINT: Text = Text(
    "Scrivi uno dei codici di recupero che hai stampato o salvato. Ogni codice vale una volta sola.",
    "Type one of the recovery codes that you printed or saved. Each code is valid once.",
);
const RECOVERY_CODE: Text = Text("Codice di recupero", "Recovery code");
const WHAT_IS_LOST: Text = Text("Che cosa non hai più?", "What do you no longer have?");
const LOST_HINT: Text = Text(
    "Ciò che selezioni viene disattivato subito. Dopo l'accesso attiverai una nuova app.",
    "The selected devices are deactivated at once. After the sign-in you will activate a new app.",
);

/// The form for a code: what is left of the attempts, and what holds them off.
pub(crate) struct Attempt<'a> {
    pub(crate) left: u8,
    /// A code would be compared now, or after a short wait.
    pub(crate) is_open: bool,
    /// The person has another way.
    pub(crate) has_others: bool,
    pub(crate) alert: Option<&'a Alert>,
}

/// The page with the ways that the person has.
pub(crate) fn choice(
    page: &Page<'_>,
    order: [Way; 3],
    ways: &Ways,
    attempts_left: u8,
    alert: Option<&Alert>,
) -> Markup {
    let way = |name: &str, text: Text, class: &str| {
        html! {
            li { form method="post" action="/choice" {
                (page.token())
                button name="way" value=(name) class=(class) { (page.say(text)) }
            } }
        }
    };
    let content = html! {
        ul .ways {
            @for offered in order {
                @match offered {
                    Way::Push => @for (number, name) in &ways.pushes {
                        li { form method="post" action="/push" {
                            (page.token())
                            @if ways.pushes.len() > 1 {
                                input type="hidden" name="device" value=(number);
                                button { (page.say(BY_PUSH)) ": " (name.as_str()) }
                            } @else {
                                button { (page.say(BY_PUSH)) }
                            }
                        } }
                    },
                    Way::Code => @if ways.has_codes { (way("code", BY_CODE, "way")) },
                    Way::Sms => @for (number, masked) in &ways.numbers {
                        li { form method="post" action="/sms" {
                            (page.token())
                            input type="hidden" name="number" value=(number);
                            button .way { (page.say(BY_SMS)) " " (masked.as_str()) }
                        } }
                    },
                }
            }
            @if ways.has_recovery_codes { (way("recovery", BY_RECOVERY, "way second")) }
        }
        p .hint { (page.say(ATTEMPTS_LEFT)) " " (attempts_left) }
        (help(page))
    };
    page.whole(page.say(CHOICE_TITLE), alert, &content)
}

/// The page for a code of one of the person's apps or devices.
pub(crate) fn code(page: &Page<'_>, attempt: &Attempt<'_>) -> Markup {
    let content = html! {
        @if attempt.is_open {
            p #hint { (page.say(CODE_HINT)) }
            (code_form(page, attempt.left))
            @if page.outbox.is_some() { p .hint { a href="/app" target="_blank" { (page.say(APP_HERE)) } } }
        } @else {
            p { (page.say(CLOSED)) }
        }
        (other_way(page, attempt))
    };
    page.whole(page.say(CODE_TITLE), attempt.alert, &content)
}

/// The page for a code that is sent to a number, which is masked.
pub(crate) fn sms(page: &Page<'_>, attempt: &Attempt<'_>, to: SentTo, masked: &str, now: UnixTime) -> Markup {
    let content = html! {
        @if !attempt.is_open {
            p { (page.say(CLOSED)) }
        } @else {
            @if to.is_sent {
                p #hint { (page.say(SMS_SENT)) " " (masked) ". " (page.say(SMS_VALID)) }
                (code_form(page, attempt.left))
                (page.outbox_hint())
            } @else {
                p { (page.say(SMS_TO)) " " (masked) "." }
            }
            form method="post" action="/sms" {
                (page.token())
                input type="hidden" name="number" value=(to.number);
                (send_button(page, to, now))
            }
        }
        (other_way(page, attempt))
    };
    page.whole(page.say(SMS_TITLE), attempt.alert, &content)
}

/// The button that sends a code, or sends it again after the pause.
pub(super) fn send_button(page: &Page<'_>, to: SentTo, now: UnixTime) -> Markup {
    let wait = to.wait(now);
    html! {
        @if to.is_sent {
            button .second { (page.say(SEND_AGAIN)) }
        } @else {
            button { (page.say(SEND)) }
        }
        @if wait > 0 { p .hint { (page.say(WAIT)) " " (wait) } }
    }
}

/// The page for a recovery code.
pub(crate) fn recovery(page: &Page<'_>, attempt: &Attempt<'_>, devices: &[AuthenticatorView]) -> Markup {
    let content = html! {
        @if attempt.is_open {
            p #hint { (page.say(RECOVERY_HINT)) }
            form method="post" action="/recovery-code" {
                (page.token())
                label for="code" { (page.say(RECOVERY_CODE)) }
                input #code name="code" autocomplete="off" autocapitalize="characters" spellcheck="false"
                    aria-describedby="hint" required autofocus;
                @if !devices.is_empty() {
                    fieldset {
                        legend { (page.say(WHAT_IS_LOST)) }
                        @for device in devices {
                            @let name = format!("{LOST}{}", device.number);
                            div .box {
                                // Most who come here have lost the app. The number moves to the next phone.
                                input type="checkbox" id=(name) name=(name) value="yes" checked[device.kind != Kind::Sms];
                                label for=(name) {
                                    @match &device.destination {
                                        Some(masked) => { (page.say(BY_SMS)) " " (masked.as_str()) }
                                        None => (device.name.as_str()),
                                    }
                                }
                            }
                        }
                        p .hint { (page.say(LOST_HINT)) }
                    }
                }
                button { (page.say(texts::NEXT)) }
            }
        } @else {
            p { (page.say(CLOSED)) }
        }
        (other_way(page, attempt))
    };
    page.whole(page.say(RECOVERY_TITLE), attempt.alert, &content)
}

fn code_form(page: &Page<'_>, attempts_left: u8) -> Markup {
    html! {
        form method="post" action="/code" {
            (page.token())
            (code_field(page))
            p .hint { (page.say(ATTEMPTS_LEFT)) " " (attempts_left) }
            button { (page.say(texts::NEXT)) }
        }
    }
}

/// The field for a code of six digits. The page has a hint.
pub(super) fn code_field(page: &Page<'_>) -> Markup {
    html! {
        label for="code" { (page.say(CODE)) }
        input #code .code name="code" inputmode="numeric" autocomplete="one-time-code"
            aria-describedby="hint" required autofocus;
    }
}

fn other_way(page: &Page<'_>, attempt: &Attempt<'_>) -> Markup {
    html! {
        @if attempt.has_others { p { a href="/choice" { (page.say(OTHER_WAY)) } } }
        (help(page))
    }
}

/// The way of a person who has lost every device. A login at a service activates none.
fn help(page: &Page<'_>) -> Markup {
    html! { @if page.service.is_none() { p { a href="/security/activate" { (page.say(HELP_DESK)) } } } }
}
