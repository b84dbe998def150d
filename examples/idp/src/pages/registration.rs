use maud::{Markup, html};

use super::language::Text;
use super::layout::Page;
use super::problems::{Field, described, error, field, invalid, summary};
use super::submission::summary as summary_of;
pub(crate) use super::submission::{active, documents, handover, sent, terms, withdraw, withdrawn};
use super::texts;
use crate::registration::{Application, Personal, Step};

const STEP: Text = Text("Passo", "Step");
const OF: Text = Text("di", "of");
const PERSONAL_TITLE: Text = Text("I tuoi dati", "Your data");
const PERSONAL_HINT: Text = Text(
    "Per avere un'identità digitale devi avere almeno 18 anni.",
    "You need to be at least 18 years old to have a digital identity.",
);
const HANDOVER_LINK: Text = Text(
    "Hai già una credenziale regionale o un PIN INPS? Trasferisci la tua identità.",
    "Do you have a regional credential or an INPS PIN? Use it to transfer your identity.",
);
const CERTIFIED: Text = Text("Dati certificati da", "Data certified by");
const GENDER: Text = Text("Sesso", "Sex");
const CHOOSE: Text = Text("Scegli", "Choose");
const WOMAN: Text = Text("Femmina", "Female");
const MAN: Text = Text("Maschio", "Male");
const NAME: Field =
    Field { name: "name", label: Text("Nome", "First name"), hint: None, kind: "text", autocomplete: "given-name" };
const FAMILY_NAME: Field = Field {
    name: "family_name",
    label: Text("Cognome", "Family name"),
    hint: None,
    kind: "text",
    autocomplete: "family-name",
};
const DATE_OF_BIRTH: Field = Field {
    name: "date_of_birth",
    label: Text("Data di nascita", "Date of birth"),
    hint: None,
    kind: "date",
    autocomplete: "bday",
};
const COUNTY_OF_BIRTH: Field = Field {
    name: "county_of_birth",
    label: Text("Provincia di nascita", "Province of birth"),
    hint: Some(Text("La sigla di due lettere, o EE per l'estero.", "Its two letters, or EE for a place abroad.")),
    kind: "text",
    autocomplete: "off",
};
const PLACE_OF_BIRTH: Field = Field {
    name: "place_of_birth",
    label: Text("Codice del luogo di nascita", "Code of the place of birth"),
    hint: Some(Text(
        "I caratteri dal 12 al 15 del codice fiscale, come H501 per Roma.",
        "The characters 12 to 15 of the fiscal code, such as H501 for Rome.",
    )),
    kind: "text",
    autocomplete: "off",
};
const FISCAL_CODE: Field = Field {
    name: "fiscal_code",
    label: Text("Codice fiscale", "Fiscal code"),
    hint: None,
    kind: "text",
    autocomplete: "off",
};
const EMAIL_TITLE: Text = Text("E-mail e password", "E-mail and password");
const EMAIL: Field = Field {
    name: "email",
    label: Text("Indirizzo e-mail", "E-mail address"),
    hint: Some(Text("Sarà il tuo nome utente.", "It will be your user name.")),
    kind: "email",
    autocomplete: "username",
};
pub(super) const PASSWORD: Field = Field {
    name: "password",
    label: Text("Password", "Password"),
    hint: Some(Text(
        "Da 8 a 64 caratteri, con almeno una maiuscola, una minuscola, una cifra e un carattere speciale. Non deve \
            contenere il tuo nome o il tuo indirizzo e-mail.",
        "8 to 64 characters, with at least one upper-case letter, one lower-case letter, one digit and one special \
            character. It must not contain your name or your e-mail address.",
    )),
    kind: "password",
    autocomplete: "new-password",
};
const MOBILE_TITLE: Text = Text("Numero di cellulare", "Mobile number");
const MOBILE: Field = Field {
    name: "mobile",
    label: Text("Numero di cellulare", "Mobile number"),
    hint: Some(Text(
        "Riceverai un SMS con un codice. Il numero deve essere italiano.",
        "You will get a text message with a code. The number must be Italian.",
    )),
    kind: "tel",
    autocomplete: "tel",
};
const EMAIL_CODE_TITLE: Text = Text("Conferma l'indirizzo e-mail", "Confirm the e-mail address");
const MOBILE_CODE_TITLE: Text = Text("Conferma il numero di cellulare", "Confirm the mobile number");
const CODE_SENT: Text = Text("Abbiamo inviato un messaggio a", "A message was sent to");
const CHANGE: Text = Text("Correggi", "Correct it");

/// The page of the next step, or of an earlier one.
pub(crate) fn step(page: &Page<'_>, application: &Application, earlier: Option<Step>) -> Markup {
    let Application { email: address, mobile: number, .. } = application;
    let typed = &page.refused.typed;
    let shown = |given| if typed.is_empty() { given } else { typed };
    match earlier.unwrap_or_else(|| application.step()) {
        Step::Personal => {
            let typed = application.typed.clone().or_else(|| application.personal.clone()).unwrap_or_default();
            personal(page, application, &application.with_certified(typed))
        }
        Step::Email if earlier.is_none() && !address.is_empty() => code(page, application, Step::Email),
        Step::Email => email(page, application, shown(address)),
        Step::Mobile if !number.is_empty() && (earlier.is_none() || application.certified.is_some()) => {
            code(page, application, Step::Mobile)
        }
        Step::Mobile => mobile(page, application, shown(number)),
        Step::Documents => documents(page, application),
        Step::Terms => terms(page, application),
        Step::Summary => summary_of(page, application),
    }
}

/// The number of the step.
pub(super) fn progress(page: &Page<'_>, application: &Application, step: Step) -> Markup {
    let all = application.steps().len();
    html! {
        p .hint { (page.say(STEP)) " " (application.number(step).unwrap_or(1)) " " (page.say(OF)) " " (all) }
    }
}

pub(crate) fn personal(page: &Page<'_>, application: &Application, data: &Personal) -> Markup {
    let content = html! {
        (progress(page, application, Step::Personal))
        (summary(page))
        @if let Some(certified) = &application.certified {
            p { (page.say(CERTIFIED)) " " (certified.issuer) ":" }
            ul {
                li { (data.name) " " (data.family_name) }
                // Typed data may not fit the code, and the list of problems leads to it.
                li #fiscal_code tabindex="-1" { (data.fiscal_code) (error(page, "fiscal_code")) }
            }
        } @else {
            p { (page.say(PERSONAL_HINT)) }
            p { a href="/register/handover" { (page.say(HANDOVER_LINK)) } }
        }
        form method="post" action="/register/personal" {
            (page.token())
            @if application.certified.is_none() {
                (field(page, &NAME, &data.name))
                (field(page, &FAMILY_NAME, &data.family_name))
            }
            label for="gender" { (page.say(GENDER)) }
            (error(page, "gender"))
            select #gender name="gender" required aria-invalid=[invalid(page, "gender")]
                aria-describedby=[described(page, "gender", false)] {
                option value="" { (page.say(CHOOSE)) }
                option value="F" selected[data.gender == "F"] { (page.say(WOMAN)) }
                option value="M" selected[data.gender == "M"] { (page.say(MAN)) }
            }
            (field(page, &DATE_OF_BIRTH, &data.date_of_birth))
            (field(page, &COUNTY_OF_BIRTH, &data.county_of_birth))
            (field(page, &PLACE_OF_BIRTH, &data.place_of_birth))
            @if application.certified.is_none() { (field(page, &FISCAL_CODE, &data.fiscal_code)) }
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(PERSONAL_TITLE), None, &content)
}

pub(crate) fn email(page: &Page<'_>, application: &Application, address: &str) -> Markup {
    let content = html! {
        (progress(page, application, Step::Email))
        (summary(page))
        form method="post" action="/register/email" {
            (page.token())
            (field(page, &EMAIL, address))
            (field(page, &PASSWORD, ""))
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(EMAIL_TITLE), None, &content)
}

pub(crate) fn mobile(page: &Page<'_>, application: &Application, number: &str) -> Markup {
    let content = html! {
        (progress(page, application, Step::Mobile))
        (summary(page))
        form method="post" action="/register/mobile" {
            (page.token())
            (field(page, &MOBILE, number))
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(MOBILE_TITLE), None, &content)
}

/// The page for the code to an address or a number.
fn code(page: &Page<'_>, application: &Application, step: Step) -> Markup {
    let [title, to] = match step {
        Step::Email => [page.say(EMAIL_CODE_TITLE), &application.email],
        _ => [page.say(MOBILE_CODE_TITLE), &application.mobile],
    };
    let is_certified = application.certified.is_some() && step == Step::Mobile;
    let to = if is_certified { masked(to) } else { to.to_owned() };
    let [action, again] = ["code", "again"].map(|path| format!("/register/{path}/{}", step.name()));
    let content = html! {
        (progress(page, application, step))
        p { (page.say(CODE_SENT)) " " strong { (to) } "." }
        (code_form(page, &action, &again))
        @if !is_certified { p { a href={ "/register?step=" (step.name()) } { (page.say(CHANGE)) } } }
    };
    page.whole(title, None, &content)
}

/// The form for a code that was sent, and the one that has another sent.
pub(super) fn code_form(page: &Page<'_>, action: &str, again: &str) -> Markup {
    html! {
        form method="post" action=(action) {
            (page.token())
            label for="code" { (page.say(CODE)) }
            p #code-hint .hint { (page.say(CODE_HINT)) }
            input #code .code name="code" inputmode="numeric" autocomplete="one-time-code" aria-describedby="code-hint"
                required autofocus;
            button { (page.say(texts::NEXT)) }
        }
        (page.outbox_hint())
        form method="post" action=(again) { (page.token()) button .link { (page.say(AGAIN)) } }
    }
}

const CODE: Text = Text("Codice di 6 cifre", "Code of 6 digits");
const CODE_HINT: Text = Text("Il codice vale 10 minuti.", "The code is valid for 10 minutes.");
const AGAIN: Text = Text("Invia un altro codice (dopo un minuto)", "Send another code (after a minute)");

/// Returns a number of which only the end can be read.
pub(super) fn masked(number: &str) -> String {
    let end: String = number.chars().skip(number.chars().count().saturating_sub(3)).collect();
    format!("*** {end}")
}
