use maud::{Markup, html};

use super::admin::ADMIN;
use super::language::{Text, date_and_time};
use super::layout::{Alert, Page};
use crate::admin::Fields;
use crate::audit::Line;

const TITLE: Text = Text("Registro", "Audit log");
const PERSON: Text = Text("Identificativo della persona", "Id of the person");
const AREA: Text = Text("Area", "Area");
const FROM: Text = Text("Dal giorno", "From the day");
const UNTIL: Text = Text("Al giorno", "Until the day");
const SHOW: Text = Text("Mostra", "Show");
const NONE: Text = Text("Nessuna riga.", "No lines.");
const OLDER: Text = Text("Righe più vecchie", "Older lines");
const WHEN: Text = Text("Data e ora", "Date and time");
const ACTION: Text = Text("Azione", "Action");
const OUTCOME: Text = Text("Esito", "Outcome");
const DETAILS: Text = Text("Dettagli", "Details");

/// A search of the log, and the lines that were found.
pub(crate) struct AuditView<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) lines: &'a [Line],
    pub(crate) older: Option<u64>,
}

/// The page of the audit log.
pub(crate) fn audit(page: &Page<'_>, view: &AuditView<'_>, alert: Option<&Alert>) -> Markup {
    let AuditView { fields, lines, older } = view;
    let content = html! {
        form method="get" action="/admin/audit" {
            (field(page, "person", PERSON, &fields.person, "text"))
            (field(page, "area", AREA, &fields.area, "text"))
            (field(page, "from", FROM, &fields.from, "date"))
            (field(page, "until", UNTIL, &fields.until, "date"))
            button { (page.say(SHOW)) }
        }
        @if lines.is_empty() { p { (page.say(NONE)) } } @else { (table(page, lines)) }
        @if let Some(older) = older {
            p { a #older href={ "/admin/audit?" (fields.before(*older)) } { (page.say(OLDER)) } }
        }
        p { a href="/admin" { (page.say(ADMIN)) } }
    };
    page.whole(page.say(TITLE), alert, &content)
}

fn field(page: &Page<'_>, name: &str, label: Text, value: &str, kind: &str) -> Markup {
    html! {
        label for=(name) { (page.say(label)) }
        input id=(name) name=(name) value=(value) type=(kind);
    }
}

fn table(page: &Page<'_>, lines: &[Line]) -> Markup {
    html! {
        div .wide role="region" aria-label=(page.say(TITLE)) tabindex="0" {
            table {
                thead {
                    tr {
                        @for name in [WHEN, ACTION, OUTCOME, DETAILS] { th scope="col" { (page.say(name)) } }
                    }
                }
                tbody {
                    @for line in lines {
                        tr {
                            td { (date_and_time(line.time)) }
                            td { (line.action) }
                            td { (line.outcome) }
                            td { (details(page, line)) }
                        }
                    }
                }
            }
        }
    }
}

fn details(page: &Page<'_>, line: &Line) -> Markup {
    html! { @for (name, text) in line_details(line) { (page.say(name)) ": " (text) br; } }
}

/// Returns the further fields of a line, each with its label.
pub(crate) fn line_details(line: &Line) -> impl Iterator<Item = (Text, String)> {
    let texts = [
        (Text("persona", "person"), line.person.clone()),
        (Text("dispositivo", "device"), line.authenticator.map(|number| number.to_string())),
        (Text("revisione", "revision"), line.revision.map(|revision| revision.to_string())),
        (Text("operatore", "operator"), line.operator.clone()),
        (Text("motivo", "reason"), line.reason.clone()),
        (Text("area", "area"), line.area.clone()),
        (Text("oggetto", "subject"), line.subject.clone()),
        (Text("dettaglio", "detail"), line.detail.clone()),
    ];
    texts.into_iter().filter_map(|(name, text)| Some((name, text?)))
}
