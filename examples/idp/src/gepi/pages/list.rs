use std::collections::BTreeMap;

use jiff::civil::Date;
use maud::{Markup, html};
use url::form_urlencoded::Serializer;

use super::layout::Sheet;
use super::texts;
use crate::gepi::calendar::written;
use crate::gepi::rules::{Actor, Case};
use crate::pages::Text;

const TITLE: Text = Text("I tuoi casi", "Your cases");
const NONE: Text = Text(
    "Non ci sono casi che puoi aprire. Gli operatori chiedono l'accreditamento all'amministratore del proprio ambito; i \
        volontari chiedono una delega all'operatore.",
    "There are no cases that you can open. Operators ask the administrator of their area for accreditation; volunteers \
        ask the operator for a delegation.",
);
const PROFILES: Text = Text("I tuoi profili", "Your profiles");
const STAFF: Text = Text("Operatori dell'ambito", "Operators of the area");
const TRACES: Text = Text("Accessi ai casi dell'ambito", "Accesses to the cases of the area");

/// An area in which the person is accredited.
pub(in crate::gepi) struct AreaRights<'a> {
    pub(in crate::gepi) name: &'a str,
    pub(in crate::gepi) can_administer: bool,
    pub(in crate::gepi) can_monitor: bool,
}

/// The page with the cases that the person may open.
pub(in crate::gepi) fn list(
    sheet: &Sheet<'_>,
    actor: &Actor,
    today: Date,
    cases: &BTreeMap<String, Case>,
    areas: &[AreaRights<'_>],
) -> Markup {
    let content = html! {
        @if cases.is_empty() { p { (sheet.say(NONE)) } }
        ul { @for case in cases.values() {
            li {
                a href={ "/gepi/case/" (case.id) } { (case.title) }
                " - " (sheet.say(texts::matter(case.matter))) ", " (case.area)
            }
        } }
        @if !areas.is_empty() { h2 { (sheet.say(PROFILES)) } }
        ul { @for held in actor.in_force(today) {
            li {
                (sheet.say(texts::profile(held.profile))) ", " (held.area) ", "
                (written(held.period.from)) " - " (written(held.period.until))
            }
        } }
        @for area in areas {
            @if area.can_administer {
                p { a href={ "/gepi/staff?" (query(area.name)) } { (sheet.say(STAFF)) " " (area.name) } }
            }
            @if area.can_monitor {
                p { a href={ "/gepi/traces?" (query(area.name)) } { (sheet.say(TRACES)) " " (area.name) } }
            }
        }
    };
    sheet.whole(sheet.say(TITLE), None, &content)
}

/// Returns the query that names an area.
pub(super) fn query(area: &str) -> String {
    Serializer::new(String::new()).append_pair("area", area).finish()
}
