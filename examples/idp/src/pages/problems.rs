//! The texts of the problems of fields, and the fields of forms that can have them.

use maud::{Markup, html};

use super::language::Text;
use super::layout::Page;
use super::number::NUMBER_REFUSED;
use crate::problem::Problem;

const SUMMARY: Text = Text("Correggi questi campi:", "Correct these fields:");

/// A field for a line of text.
pub(super) struct Field {
    /// The name, which is also the id.
    pub(super) name: &'static str,
    pub(super) label: Text,
    pub(super) hint: Option<Text>,
    /// The type of the input element.
    pub(super) kind: &'static str,
    pub(super) autocomplete: &'static str,
}

/// The list of all problems, with links to the fields.
pub(super) fn summary(page: &Page<'_>) -> Markup {
    let problems = &page.refused.problems;
    html! {
        @if !problems.is_empty() {
            div .alert role="alert" {
                p { (page.say(SUMMARY)) }
                ul { @for problem in problems {
                    li { a href={ "#" (problem.field()) } { (page.say(self::problem(*problem))) } }
                } }
            }
        }
    }
}

/// The label, the hint, the problem and the input of a field.
pub(super) fn field(page: &Page<'_>, field: &Field, value: &str) -> Markup {
    let Field { name, label, hint, kind, autocomplete } = field;
    html! {
        label for=(name) { (page.say(*label)) }
        @if let Some(hint) = hint { p .hint id={ (name) "-hint" } { (page.say(*hint)) } }
        (error(page, name))
        input id=(name) name=(name) type=(kind) value=(value) autocomplete=(autocomplete)
            required aria-invalid=[invalid(page, name)]
            aria-describedby=[described(page, name, hint.is_some())];
    }
}

/// The problem of a field, if it has one.
pub(super) fn error(page: &Page<'_>, name: &str) -> Markup {
    html! {
        @if let Some(problem) = of(page, name) {
            p .error id={ (name) "-error" } { (page.say(self::problem(problem))) }
        }
    }
}

/// Returns the value of `aria-invalid`.
pub(super) fn invalid(page: &Page<'_>, name: &str) -> Option<&'static str> {
    of(page, name).map(|_| "true")
}

/// Returns the value of `aria-describedby`.
pub(super) fn described(page: &Page<'_>, name: &str, has_hint: bool) -> Option<String> {
    let ids = [has_hint.then(|| format!("{name}-hint")), of(page, name).map(|_| format!("{name}-error"))];
    let ids: Vec<String> = ids.into_iter().flatten().collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

fn of(page: &Page<'_>, name: &str) -> Option<Problem> {
    page.refused.problems.iter().copied().find(|problem| problem.field() == name)
}

const SIZE: Text = Text("Il file supera 2,5 MB.", "The file is larger than 2.5 MB.");
const TYPE: Text = Text("Il file non è JPEG, PNG o PDF.", "The file is not JPEG, PNG or PDF.");

/// Returns the text of a problem.
pub(crate) const fn problem(problem: Problem) -> Text {
    match problem {
        Problem::Name => Text(
            "Scrivi il nome, con lettere e al massimo 60 caratteri.",
            "Type the first name: letters, up to 60 characters.",
        ),
        Problem::FamilyName => Text(
            "Scrivi il cognome, con lettere e al massimo 60 caratteri.",
            "Type the family name: letters, up to 60 characters.",
        ),
        Problem::Gender => Text("Scegli il sesso.", "Choose the sex."),
        Problem::DateOfBirth => {
            Text("Scrivi la data di nascita come 1980-02-29.", "Type the date of birth as 1980-02-29.")
        }
        Problem::Minor => {
            Text("La registrazione è possibile solo dai 18 anni.", "Registration is possible from the age of 18 only.")
        }
        Problem::CountyOfBirth => Text(
            "Scrivi la sigla della provincia di nascita, o EE per l'estero.",
            "Type the two letters of the province of birth, or EE for a place abroad.",
        ),
        Problem::PlaceOfBirth => Text(
            "Scrivi il codice del luogo di nascita: una lettera e tre cifre.",
            "Type the code of the place of birth: a letter and three digits.",
        ),
        Problem::FiscalCodeForm => Text(
            "Il codice fiscale ha 16 lettere e cifre, come RSSMRA80B69H501U.",
            "A fiscal code has 16 letters and digits, such as RSSMRA80B69H501U.",
        ),
        Problem::FiscalCodeCheck => Text(
            "L'ultimo carattere non corrisponde al resto del codice fiscale. Controlla il codice.",
            "The last character does not match the rest of the fiscal code. Check the code.",
        ),
        Problem::FiscalCodeDate => Text(
            "Il codice fiscale ha un'altra data di nascita.",
            "The date of birth in the fiscal code is different from the one you typed.",
        ),
        Problem::FiscalCodeGender => Text(
            "Il codice fiscale è di una persona dell'altro sesso.",
            "The sex in the fiscal code is different from the one you chose.",
        ),
        Problem::FiscalCodePlace => Text(
            "Il codice fiscale ha un altro luogo di nascita.",
            "The place of birth in the fiscal code is different from the one you typed.",
        ),
        Problem::Email => Text(
            "Scrivi un indirizzo e-mail, come nome@example.org.",
            "Type an e-mail address, such as name@example.org.",
        ),
        Problem::PasswordLength => {
            Text("La password deve avere da 8 a 64 caratteri.", "The password must have 8 to 64 characters.")
        }
        Problem::PasswordKinds => Text(
            "Alla password manca una maiuscola, una minuscola, una cifra o un carattere speciale.",
            "The password must contain an upper-case letter, a lower-case letter, a digit and a special character.",
        ),
        Problem::PasswordPersonal => Text(
            "La password non deve contenere il nome o l'indirizzo e-mail.",
            "The password must not contain the name or the e-mail address.",
        ),
        Problem::Mobile => {
            Text("Scrivi un numero di cellulare, come 333 1234567.", "Type a mobile number, such as 333 1234567.")
        }
        Problem::MobileCountry => NUMBER_REFUSED,
        Problem::IdentityDocumentMissing => {
            Text("Scegli il file del documento d'identità.", "Choose the file of the identity document.")
        }
        Problem::HealthCardMissing => {
            Text("Scegli il file della tessera sanitaria.", "Choose the file of the health card.")
        }
        Problem::IdentityDocumentSize | Problem::HealthCardSize => SIZE,
        Problem::IdentityDocumentType | Problem::HealthCardType => TYPE,
        Problem::Files => Text("Carica un solo file per campo.", "Upload one file in each field."),
        Problem::Terms => Text(
            "Per avere un'identità devi accettare le condizioni del servizio.",
            "You need to accept the terms of the service to have an identity.",
        ),
        Problem::HandoverConsent => Text(
            "Senza il tuo consenso i dati non possono essere trasferiti.",
            "The data cannot be handed over without your consent.",
        ),
        Problem::Reason => {
            Text("Scrivi il motivo, al massimo 300 caratteri.", "Type the reason, up to 300 characters.")
        }
    }
}
