use maud::{Markup, html};

use super::layout::Sheet;
use crate::errors::RequestError;
use crate::pages::texts::{BACK, PAGE_BEFORE};

/// Returns the page about a request that failed.
pub(in crate::gepi) fn request_error(sheet: &Sheet<'_>, error: RequestError, again: Option<&str>) -> Markup {
    let content = html! {
        @if let Some(again) = again { p { a .button href=(again) { (sheet.say(PAGE_BEFORE)) } } }
        p { a href="/gepi" { (sheet.say(BACK)) } }
    };
    sheet.whole(sheet.say(error.title()), Some(sheet.say(error.text())), &content)
}
