//! Checks of pages.

use crate::support::browser::Browser;
use crate::support::provider::Provider;

/// Asserts that a page has one heading of the first level, and a label for each field.
pub(crate) fn assert_labels(page: &str) {
    assert_eq!(page.matches("<h1>").count(), 1, "{page}");
    let fields = page.split("<input").chain(page.split("<select")).filter(|field| !field.starts_with("<!DOCTYPE"));
    for field in fields {
        let field = field.split_once('>').unwrap().0;
        if field.contains("type=\"hidden\"") {
            continue;
        }
        let id = field.split("id=\"").nth(1).unwrap_or_else(|| panic!("a field without id: {field}"));
        let id = id.split_once('"').unwrap().0;
        assert!(page.contains(&format!("<label for=\"{id}\">")), "no label for {id}");
    }
}

/// Asserts that a page about an error is not only a bare text, and that it has a link or a form for what comes next.
pub(crate) fn assert_leads_onward(page: &str) {
    assert_has(page, " href=\"/");
}

/// Asserts the same of a page that can also lead back to a service.
pub(crate) fn assert_leads_onward_or_out(page: &str) {
    assert_has(page, " href=\"");
}

/// Asserts that a page has a heading, and a form or a link that begins so.
fn assert_has(page: &str, link: &str) {
    let main = page.split_once("<main id=\"content\">").unwrap_or_else(|| panic!("a bare page: {page}")).1;
    let main = main.split_once("</main>").unwrap().0;
    assert!(main.contains("<h1>") && (main.contains(link) || main.contains("<form")), "{page}");
}

/// Returns the number of mails with this subject, or with one that begins with it.
pub(crate) fn mails(provider: &Provider, subject: &str) -> usize {
    let mut browser = Browser::new(provider);
    browser.open("/outbox");
    browser.page.matches(&format!("<strong>{subject}")).count()
}
