//! The messages that the provider sent, from the page of the demonstration.

use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::wait;

/// Returns the texts of all messages to an address or a number, the newest first.
pub(crate) fn messages(provider: &Provider, to: &str) -> Vec<String> {
    let mut browser = Browser::new(provider);
    browser.open("/outbox");
    let sections = browser.page.split("<section class=\"message\">").skip(1);
    let sections = sections.filter_map(|section| section.strip_prefix(&format!("<h2>{to}</h2>")));
    sections.map(|section| section.split("</section>").next().unwrap().to_owned()).collect()
}

/// Gives the newest activation code that this browser sees in the outbox, until one is accepted.
pub(crate) fn give_activation_code(mut outbox: Browser, mut is_accepted: impl FnMut(&str) -> bool) {
    let mut given = None;
    wait::until(|| {
        let newest = activation_code(&mut outbox);
        let is_new = newest != given;
        given = newest;
        is_new && given.as_deref().is_some_and(&mut is_accepted)
    });
}

/// Returns the newest activation code that the outbox shows to this browser, if there is one.
fn activation_code(browser: &mut Browser) -> Option<String> {
    browser.open("/outbox");
    let texts = browser.page.split("<p class=\"text\">").skip(1);
    let mut texts = texts.filter_map(|text| text.split_once("</p>")).map(|(text, _)| text);
    let text =
        texts.find(|text| ["codice di attivazione", "activation code"].iter().any(|words| text.contains(words)))?;
    Some(text[text.len() - 6..].to_owned())
}

/// Waits until a number of messages was sent, and returns the newest.
pub(crate) fn message(provider: &Provider, to: &str, count: usize) -> String {
    let mut sent = Vec::new();
    wait::until(|| {
        sent = messages(provider, to);
        sent.len() >= count
    });
    assert_eq!(sent.len(), count, "{sent:?}");
    sent.swap_remove(0)
}

/// Returns the code of six digits at the end of a message.
pub(crate) fn code(message: &str) -> String {
    let text = message.strip_suffix("</p>").unwrap_or_else(|| panic!("no text: {message}"));
    let code = text.get(text.len().saturating_sub(6)..).unwrap();
    assert!(code.bytes().all(|digit| digit.is_ascii_digit()), "{message}");
    code.to_owned()
}

/// Returns another code.
pub(crate) fn wrong(code: &str, by: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + by) % 1_000_000)
}
