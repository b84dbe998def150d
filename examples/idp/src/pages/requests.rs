//! The pages for operators who complete applications.

use maud::{Markup, html};
use secondo::UnixTime;

use super::admin::ADMIN;
use super::language::{Text, time_of_day};
use super::layout::Page;
use super::problems::{described, error, invalid, summary};
use super::submission::{data, kind};
use crate::registration::Application;

const LIST_TITLE: Text = Text("Richieste da completare", "Applications to complete");
const NONE: Text = Text("Nessuna richiesta.", "No applications.");
const SHOWN: Text = Text("Le richieste più vecchie su un totale di", "The oldest applications out of");
const SENT: Text = Text("inviata", "sent");
const TITLE: Text = Text("Richiesta di identità", "Application for an identity");
const DOCUMENTS: Text = Text("Documenti", "Documents");
const DOWNLOAD: Text = Text("Scarica:", "Download:");
const DECISION: Text = Text("Decisione", "Decision");
const ACCEPT_HINT: Text = Text(
    "Accetta solo dopo avere riconosciuto la persona e confrontato i dati con i documenti.",
    "Accept only after you have identified the person and compared the data with the documents.",
);
const ACCEPT: Text = Text("Accetta", "Accept");
const REASON: Text = Text("Motivo del rifiuto", "Reason for the rejection");
const REASON_HINT: Text = Text("La persona lo legge nell'e-mail.", "The person reads it in the e-mail.");
const REJECT: Text = Text("Respingi", "Reject");
const ALL: Text = Text("Tutte le richieste", "All applications");

pub(crate) fn list(page: &Page<'_>, applications: &[(String, Application)], all: usize) -> Markup {
    let content = html! {
        @if applications.is_empty() { p { (page.say(NONE)) } }
        @if applications.len() < all { p .hint { (page.say(SHOWN)) " " (all) } }
        ul { @for (id, application) in applications { @if let Some(data) = &application.personal {
            li {
                a href={ "/admin/requests/" (id) } { (data.family_name) " " (data.name) ", " (data.fiscal_code) }
                @if let Ok(sent) = UnixTime::from_secs(application.sent) { span .hint { " " (page.say(SENT)) " " (time_of_day(sent)) } }
            }
        } } }
        p { a href="/admin" { (page.say(ADMIN)) } }
    };
    page.whole(page.say(LIST_TITLE), None, &content)
}

pub(crate) fn request(page: &Page<'_>, id: &str, application: &Application) -> Markup {
    let path = format!("/admin/requests/{id}");
    let content = html! {
        (summary(page))
        dl { @for (name, value) in data(application) { dt { (page.say(name)) } dd { (value) } } }
        h2 { (page.say(DOCUMENTS)) }
        ul { @for document in &application.documents {
            li { a href={ (path) "/documents/" (document.kind.name()) } download {
                (page.say(DOWNLOAD)) " " (page.say(kind(document.kind)))
            } }
        } }
        h2 { (page.say(DECISION)) }
        form method="post" action={ (path) "/accept" } {
            (page.token())
            p { (page.say(ACCEPT_HINT)) }
            button { (page.say(ACCEPT)) }
        }
        form method="post" action={ (path) "/reject" } {
            (page.token())
            label for="reason" { (page.say(REASON)) }
            p #reason-hint .hint { (page.say(REASON_HINT)) }
            (error(page, "reason"))
            input #reason name="reason" maxlength="300" required
                aria-invalid=[invalid(page, "reason")] aria-describedby=[described(page, "reason", true)];
            button .second { (page.say(REJECT)) }
        }
        p { a href="/admin/requests" { (page.say(ALL)) } }
    };
    page.whole(page.say(TITLE), None, &content)
}
