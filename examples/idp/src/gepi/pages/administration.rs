use maud::{Markup, html};

use super::layout::Sheet;
use super::list::query;
use super::texts;
use crate::gepi::calendar::{time, written};
use crate::gepi::notice::Mistake;
use crate::gepi::rules::{Actor, Profile};
use crate::gepi::traces::{Recipient, Trace};
use crate::pages::Text;

const STAFF: Text = Text("Operatori dell'ambito", "Operators of the area");
const END: Text = Text("Termina gli accreditamenti", "End the accreditations");
const ACCREDIT: Text = Text("Accredita un operatore", "Accredit an operator");
const PROFILE: Text = Text("Profilo", "Profile");
const ACCREDIT_BUTTON: Text = Text("Accredita", "Accredit");
const MISTAKE: Text = Text("Controlla i dati", "Check your input");
const BACK: Text = Text("Torna agli operatori", "Back to the operators");
const TRACES: Text = Text("Accessi ai casi dell'ambito", "Accesses to the cases of the area");
const NO_TRACES: Text = Text("Nessun accesso.", "No accesses.");
const WHEN: Text = Text("Quando", "When");
const WHO: Text = Text("Chi", "Who");
const CASE: Text = Text("Caso", "Case");
const ACTION: Text = Text("Operazione", "Action");
const GROUND: Text = Text("A quale titolo", "On which ground");
const EARLIER: Text = Text("Accessi precedenti", "Earlier accesses");

/// The page with the operators of an area.
pub(in crate::gepi) fn staff(sheet: &Sheet<'_>, area: &str, administrator: &str, staff: &[Actor]) -> Markup {
    let content = html! {
        @for operator in staff {
            section .message {
                h2 { (operator.fiscal_code) }
                ul { @for held in operator.accreditations.iter().filter(|held| held.area == area) {
                    li {
                        (sheet.say(texts::profile(held.profile))) ", "
                        (written(held.period.from)) " - " (written(held.period.until))
                    }
                } }
                @if operator.fiscal_code != administrator {
                    form method="post" action="/gepi/staff/end" {
                        (sheet.token())
                        input type="hidden" name="area" value=(area);
                        input type="hidden" name="operator" value=(operator.fiscal_code);
                        button .second { (sheet.say(END)) " " (operator.fiscal_code) }
                    }
                }
            }
        }
        h2 { (sheet.say(ACCREDIT)) }
        form method="post" action="/gepi/staff/accredit" {
            (sheet.token())
            input type="hidden" name="area" value=(area);
            (sheet.fiscal_code("operator"))
            label for="profile" { (sheet.say(PROFILE)) }
            select #profile name="profile" {
                @for profile in Profile::ALL {
                    option value=(format!("{profile:?}")) { (sheet.say(texts::profile(profile))) }
                }
            }
            (sheet.period())
            button { (sheet.say(ACCREDIT_BUTTON)) }
        }
        (sheet.back_to_cases())
    };
    sheet.whole(&format!("{} {area}", sheet.say(STAFF)), None, &content)
}

/// The page about a form of the administration that was not filled in well.
pub(in crate::gepi) fn mistake_of_area(sheet: &Sheet<'_>, area: &str, mistake: Mistake) -> Markup {
    let content = html! { p { a href={ "/gepi/staff?" (query(area)) } { (sheet.say(BACK)) } } };
    sheet.whole(sheet.say(MISTAKE), Some(sheet.say(texts::mistake(mistake))), &content)
}

/// The page with the accesses to the cases of an area, the newest first.
pub(in crate::gepi) fn traces(sheet: &Sheet<'_>, area: &str, traces: &[Trace], number: u64) -> Markup {
    let content = html! {
        @if traces.is_empty() {
            p { (sheet.say(NO_TRACES)) }
        } @else {
            div .wide tabindex="0" role="region" aria-label=(sheet.say(TRACES)) {
                table {
                    thead { tr {
                        @for name in [WHEN, WHO, CASE, ACTION, GROUND] { th scope="col" { (sheet.say(name)) } }
                    } }
                    tbody { @for trace in traces {
                        tr {
                            td { (time(trace.at)) }
                            td { (trace.who) }
                            td { (trace.case) }
                            td {
                                (sheet.say(texts::action(trace.action)))
                                @if let Some(Recipient { fiscal_code, period }) = &trace.to {
                                    ": " (fiscal_code)
                                    @if let Some(period) = period {
                                        ", " (written(period.from)) " - " (written(period.until))
                                    }
                                }
                            }
                            td { (sheet.say(texts::ground(trace.ground))) }
                        }
                    } }
                }
            }
        }
        @if let Some(earlier) = number.checked_sub(1) {
            p { a href={ "/gepi/traces?" (query(area)) "&page=" (earlier) } { (sheet.say(EARLIER)) } }
        }
        (sheet.back_to_cases())
    };
    sheet.whole(&format!("{} {area}", sheet.say(TRACES)), None, &content)
}
