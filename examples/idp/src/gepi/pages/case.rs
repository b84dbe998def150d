use maud::{Markup, html};

use super::layout::Sheet;
use super::texts;
use crate::gepi::calendar::time;
use crate::gepi::cases::Entry;
use crate::gepi::notice::Mistake;
use crate::gepi::rules::{Actor, Case, Ground};
use crate::pages::Text;

const AREA: Text = Text("Ambito", "Area");
const MATTER: Text = Text("Materia", "Matter");
const CITIZEN: Text = Text("Cittadino", "Citizen");
const ASSIGNED: Text = Text("Assegnato a", "Assigned to");
const NOBODY: Text = Text("nessuno", "nobody");
const GROUND: Text = Text("Apri questo caso come:", "You open this case as:");
const TRACED: Text = Text("Questo accesso è registrato.", "This access is recorded.");
const ENTRIES: Text = Text("Voci", "Entries");
const NO_ENTRIES: Text = Text("Nessuna voce.", "No entries.");
const PRINT: Text = Text("Versione da stampare", "Version to print");
const PRINT_HINT: Text = Text("Usa il comando di stampa del browser.", "Use the print command of your browser.");
const SUBMIT: Text = Text("Invia una voce", "Submit an entry");
const TEXT: Text =
    Text("Domanda, nota o esito (al massimo 500 caratteri)", "Application, note or result (500 characters at most)");
const SEND: Text = Text("Invia", "Submit");
const ASSIGN: Text = Text("Assegna il caso", "Assign the case");
const OPERATOR: Text = Text("Operatore", "Operator");
const NO_OPERATOR: Text = Text(
    "Nessun operatore dell'ambito è accreditato per questa materia.",
    "No operator of the area is accredited for this matter.",
);
const DELEGATE: Text = Text("Inserisci una delega", "Enter a delegation");
const DELEGATE_HINT: Text = Text(
    "Il volontario di patronato potrà vedere e stampare il fascicolo, ma non inviare domande.",
    "The volunteer of a patronato (free advice office) will be able to view and print the file, but not to submit \
        applications.",
);
const DELEGATE_BUTTON: Text = Text("Delega", "Delegate");
const MISTAKE: Text = Text("Controlla i dati", "Check your input");
const BACK: Text = Text("Torna al caso", "Back to the case");

/// A case with what the person may do about it.
pub(in crate::gepi) struct CaseView<'a> {
    pub(in crate::gepi) case: &'a Case,
    pub(in crate::gepi) entries: &'a [Entry],
    pub(in crate::gepi) ground: Ground,
    pub(in crate::gepi) can_submit: bool,
    pub(in crate::gepi) can_delegate: bool,
    pub(in crate::gepi) can_assign: bool,
    /// The operators who can take the case.
    pub(in crate::gepi) takers: &'a [Actor],
}

/// The page of a case.
pub(in crate::gepi) fn case(sheet: &Sheet<'_>, view: &CaseView<'_>) -> Markup {
    let CaseView { case, entries, ground, .. } = view;
    let content = html! {
        p .hint { (sheet.say(GROUND)) " " (sheet.say(texts::ground(Some(*ground)))) ". " (sheet.say(TRACED)) }
        (content_of(sheet, case, entries))
        p { a href={ "/gepi/case/" (case.id) "/print" } { (sheet.say(PRINT)) } }
        @if view.can_submit {
            h2 { (sheet.say(SUBMIT)) }
            form method="post" action={ "/gepi/case/" (case.id) "/submit" } {
                (sheet.token())
                label for="text" { (sheet.say(TEXT)) }
                textarea #text name="text" maxlength="500" rows="4" required {}
                button { (sheet.say(SEND)) }
            }
        }
        @if view.can_assign {
            h2 { (sheet.say(ASSIGN)) }
            @if view.takers.is_empty() {
                p { (sheet.say(NO_OPERATOR)) }
            } @else {
                form method="post" action={ "/gepi/case/" (case.id) "/assign" } {
                    (sheet.token())
                    label for="operator" { (sheet.say(OPERATOR)) }
                    select #operator name="operator" {
                        @for taker in view.takers {
                            option selected[case.assigned.as_ref() == Some(&taker.fiscal_code)] { (taker.fiscal_code) }
                        }
                    }
                    button { (sheet.say(ASSIGN)) }
                }
            }
        }
        @if view.can_delegate {
            h2 { (sheet.say(DELEGATE)) }
            p .hint { (sheet.say(DELEGATE_HINT)) }
            form method="post" action={ "/gepi/case/" (case.id) "/delegate" } {
                (sheet.token())
                (sheet.fiscal_code("volunteer"))
                (sheet.period())
                button { (sheet.say(DELEGATE_BUTTON)) }
            }
        }
        (sheet.back_to_cases())
    };
    sheet.whole(&case.title, None, &content)
}

/// The page of a case for the printer.
pub(in crate::gepi) fn printed(sheet: &Sheet<'_>, case: &Case, entries: &[Entry]) -> Markup {
    let content = html! {
        p .hint .unprinted { (sheet.say(PRINT_HINT)) " " (sheet.say(TRACED)) }
        (content_of(sheet, case, entries))
        div .unprinted { (back(sheet, &case.id)) }
    };
    sheet.whole(&case.title, None, &content)
}

fn content_of(sheet: &Sheet<'_>, case: &Case, entries: &[Entry]) -> Markup {
    html! {
        dl {
            dt { (sheet.say(MATTER)) } dd { (sheet.say(texts::matter(case.matter))) }
            dt { (sheet.say(AREA)) } dd { (case.area) }
            @if let Some(citizen) = &case.citizen { dt { (sheet.say(CITIZEN)) } dd { (citizen) } }
            dt { (sheet.say(ASSIGNED)) } dd { (case.assigned.as_deref().unwrap_or(sheet.say(NOBODY))) }
        }
        h2 { (sheet.say(ENTRIES)) }
        @if entries.is_empty() { p { (sheet.say(NO_ENTRIES)) } }
        @for entry in entries {
            section .message {
                p .hint { (time(entry.at)) ", " (entry.by) }
                p .text { (entry.text) }
            }
        }
    }
}

/// The page about a form of a case that was not filled in well.
pub(in crate::gepi) fn mistake(sheet: &Sheet<'_>, case: &str, mistake: Mistake) -> Markup {
    sheet.whole(sheet.say(MISTAKE), Some(sheet.say(texts::mistake(mistake))), &back(sheet, case))
}

fn back(sheet: &Sheet<'_>, case: &str) -> Markup {
    html! { p { a href={ "/gepi/case/" (case) } { (sheet.say(BACK)) } } }
}
