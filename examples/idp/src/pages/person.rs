use maud::{Markup, html};
use secondo::account::{AccountView, AuthenticatorView, Status};
use secondo::factor::Kind;

use super::admin::{ADMIN, lock, password_lock};
use super::devices::{kind, status};
use super::language::{Text, date_and_time};
use super::layout::Page;
use crate::person::{Person, Standing};

const FISCAL_CODE: Text = Text("Codice fiscale", "Fiscal code");
const EMAIL: Text = Text("E-mail", "E-mail");
const MOBILE: Text = Text("Cellulare", "Mobile");
const STANDING: Text = Text("Identità", "Identity");
const FAILURES: Text = Text("Tentativi falliti di seguito", "Consecutive failures");
const LOCK: Text = Text("Blocco", "Lock");
const SUSPENDED: Text = Text("L'account è sospeso.", "The account is suspended.");
const NO_ACCOUNT: Text = Text("Nessun dispositivo.", "No device.");
const ACTIVATION: Text = Text("Codice di attivazione valido fino al", "Activation code valid until");
const CODES_LEFT: Text = Text("codici ancora validi:", "codes left:");
const DEVICES: Text = Text("Dispositivi", "Devices");
const LAST_USED: Text = Text("ultimo uso", "last used");
const ACTIONS: Text = Text("Azioni sull'identità", "Actions on the identity");
const DEVICE_ACTIONS: Text = Text("Azioni sul dispositivo", "Actions on device");
const REASON: Text = Text("Motivo", "Reason");
const REASON_HINT: Text = Text(
    "Il motivo resta nel registro. La persona riceve un'e-mail.",
    "The reason stays in the audit log. The person gets an e-mail.",
);
const AUDIT: Text = Text("Registro della persona", "Audit log of the person");
const OWN: Text = Text("Non puoi agire sulla tua identità.", "You cannot act on your own identity.");
const FOR_GOOD: Text = Text(
    "L'identità è stata revocata per sempre: non c'è nulla da cambiare.",
    "The identity has been revoked for good: there is nothing to change.",
);

/// The value of a button, and its text.
type Action = (&'static str, Text);

const ON_IDENTITY: [Action; 6] = [
    ("unlock", Text("Sblocca", "Unlock")),
    ("suspend", Text("Sospendi l'identità", "Suspend the identity")),
    ("resume", Text("Riattiva l'identità", "Reactivate the identity")),
    ("issue_activation", Text("Emetti un codice di attivazione", "Issue an activation code")),
    ("withdraw_activation", Text("Ritira il codice di attivazione", "Withdraw the activation code")),
    ("revoke", Text("Revoca l'identità", "Revoke the identity")),
];
const ON_DEVICE: [Action; 3] = [
    ("suspend_device", Text("Sospendi", "Suspend")),
    ("resume_device", Text("Riattiva", "Reactivate")),
    ("revoke_device", Text("Revoca", "Revoke")),
];

/// A person, for an operator.
pub(crate) struct PersonView<'a> {
    pub(crate) person: &'a Person,
    pub(crate) account: Option<&'a AccountView>,
    /// The time in seconds until which the password is locked.
    pub(crate) password: Option<u64>,
    /// `true` if there is a lock to end.
    pub(crate) is_locked: bool,
    /// The name of the use of the forms.
    pub(crate) form_use: &'a str,
    /// `true` if the person is the operator, who cannot act on it.
    pub(crate) is_own: bool,
}

impl PersonView<'_> {
    /// Returns the actions that can apply to the identity as it is.
    fn on_identity(&self) -> Vec<Action> {
        ON_IDENTITY.into_iter().filter(|(action, _)| self.applies(action)).collect()
    }

    fn applies(&self, action: &str) -> bool {
        let (account, standing) = (self.account, self.person.standing);
        match action {
            _ if self.is_own => false,
            "unlock" => self.is_locked,
            // One that was interrupted has left the account as it was.
            "suspend" => match standing {
                Standing::Active => true,
                Standing::Suspended => account.is_some_and(|account| !account.is_suspended),
                Standing::Revoked => false,
            },
            "resume" => standing == Standing::Suspended,
            "issue_activation" => account.is_some(),
            "withdraw_activation" => account.is_some_and(|account| account.enrollment_code.is_some()),
            _ => standing != Standing::Revoked || account.is_some(),
        }
    }

    /// Returns the actions that can apply to a device as it is.
    fn on_device(&self, device: &AuthenticatorView) -> Vec<Action> {
        ON_DEVICE.into_iter().filter(|(action, _)| self.applies_to(device, action)).collect()
    }

    fn applies_to(&self, device: &AuthenticatorView, action: &str) -> bool {
        let is_other = |other: &AuthenticatorView| {
            other.number != device.number && other.status == Status::Active && other.kind != Kind::LookUp
        };
        match action {
            _ if self.is_own || matches!(device.status, Status::Unconfirmed { .. }) => false,
            "suspend_device" => device.status == Status::Active,
            "resume_device" => device.status == Status::Suspended,
            // The last one stays, since the person could not log in without it.
            _ => self.account.is_some_and(|account| account.authenticators.iter().any(is_other)),
        }
    }
}

/// The page of a person, with the actions of the help desk.
pub(crate) fn person(page: &Page<'_>, view: &PersonView<'_>) -> Markup {
    let PersonView { person, account, password, .. } = view;
    let devices = account.map(|account| account.authenticators.as_slice()).unwrap_or_default();
    let action = format!("/admin/person/{}", person.id);
    let content = html! {
        dl {
            dt { (page.say(FISCAL_CODE)) } dd { (person.fiscal_code) }
            dt { (page.say(EMAIL)) } dd { (person.email) }
            dt { (page.say(MOBILE)) } dd { (person.mobile) }
            dt { (page.say(STANDING)) } dd #standing { (page.say(standing(person.standing))) }
            @if let Some(account) = account {
                dt { (page.say(FAILURES)) } dd { (account.failures) }
                @if let Some(lock) = lock(page, account.hold) { dt { (page.say(LOCK)) } dd #lock { (lock) } }
                @if let Some(until) = account.enrollment_code {
                    dt { (page.say(ACTIVATION)) } dd { (date_and_time(until.as_secs())) }
                }
            }
            @if let Some(until) = password {
                dt { (page.say(LOCK)) } dd { (password_lock(page, *until)) }
            }
        }
        @if account.is_some_and(|account| account.is_suspended) { p { (page.say(SUSPENDED)) } }
        h2 { (page.say(DEVICES)) }
        @if devices.is_empty() { p { (page.say(NO_ACCOUNT)) } }
        ul .items { @for listed in devices { li { (device(page, listed)) } } }
        p { a href={ "/admin/audit?person=" (person.id) } { (page.say(AUDIT)) } }
        h2 { (page.say(ACTIONS)) }
        @let actions = view.on_identity();
        @if actions.is_empty() {
            p { (page.say(if view.is_own { OWN } else { FOR_GOOD })) }
        } @else {
            form #identity method="post" action=(action) {
                (hidden(page, view))
                (reason(page, "reason"))
                (buttons(page, &actions))
            }
        }
        @for device in devices {
            @let actions = view.on_device(device);
            @if !actions.is_empty() {
                h2 { (page.say(DEVICE_ACTIONS)) " " (device.number) ": " (name(page, device)) }
                form id={ "device-" (device.number) } method="post" action=(action) {
                    (hidden(page, view))
                    input type="hidden" name="device" value=(device.number);
                    (reason(page, &format!("reason-{}", device.number)))
                    (buttons(page, &actions))
                }
            }
        }
        p { a href="/admin" { (page.say(ADMIN)) } }
    };
    page.whole(&format!("{} {}", person.name, person.family_name), None, &content)
}

fn device(page: &Page<'_>, device: &AuthenticatorView) -> Markup {
    html! {
        (device.number) ": " (name(page, device)) ", " (page.say(status(device)))
        @if let Some(left) = device.codes_left { ", " (page.say(CODES_LEFT)) " " (left.get()) }
        @if let Some(destination) = &device.destination { ", " (destination.to_string()) }
        @if let Some(used) = device.last_used { ", " (page.say(LAST_USED)) " " (date_and_time(used.as_secs())) }
    }
}

/// Returns the kind of a device, after the name that the person gave it.
fn name(page: &Page<'_>, device: &AuthenticatorView) -> String {
    let (name, kind) = (device.name.as_str(), page.say(kind(device.kind)));
    if name.is_empty() { kind.to_owned() } else { format!("{name} - {kind}") }
}

fn hidden(page: &Page<'_>, view: &PersonView<'_>) -> Markup {
    html! {
        (page.token())
        input type="hidden" name="use" value=(view.form_use);
    }
}

fn buttons(page: &Page<'_>, actions: &[Action]) -> Markup {
    html! { @for (name, text) in actions { button .second name="action" value=(name) { (page.say(*text)) } " " } }
}

fn reason(page: &Page<'_>, id: &str) -> Markup {
    html! {
        label for=(id) { (page.say(REASON)) }
        input id=(id) name="reason" maxlength="200" autocomplete="off" aria-describedby={ (id) "-hint" } required;
        p id={ (id) "-hint" } .hint { (page.say(REASON_HINT)) }
    }
}

pub(crate) const fn standing(standing: Standing) -> Text {
    match standing {
        Standing::Active => Text("attiva", "active"),
        Standing::Suspended => Text("sospesa", "suspended"),
        Standing::Revoked => Text("revocata", "revoked"),
    }
}
