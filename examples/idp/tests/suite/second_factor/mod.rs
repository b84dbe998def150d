//! The second factor on the login pages.

mod code;
mod first_app;
mod gateway;
mod number;
mod password;
mod recovery;
mod sms;

use crate::support::browser::Browser;
use crate::support::provider::Provider;

/// The mobile number of the demonstration's person.
pub(crate) const MOBILE: &str = "+393330000000";

/// Returns the messages of the outbox as their addresses and contents, the newest first.
pub(crate) fn messages(provider: &Provider) -> Vec<(String, String)> {
    let mut browser = Browser::new(provider);
    browser.open("/outbox");
    let sections = browser.page.split("<section class=\"message\"><h2>").skip(1);
    let message = |section: &str| {
        let (to, rest) = section.split_once("</h2>").unwrap();
        (to.to_owned(), rest.split("</section>").next().unwrap().to_owned())
    };
    sections.map(message).collect()
}

/// Returns the codes of the second factor that were sent to a number, the newest first.
pub(crate) fn codes(provider: &Provider, to: &str) -> Vec<String> {
    let is_code = |(address, text): &(String, String)| address == to && !text.contains("attivazione");
    let of_number = messages(provider).into_iter().filter(is_code);
    let code = |(_, text): (String, String)| Some(text.split_once(": ")?.1.get(..6)?.to_owned());
    of_number.filter_map(code).collect()
}

/// Starts a provider, and logs a person in who has an app and the confirmed number.
pub(crate) fn with_number() -> (Provider, Browser) {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    browser.give_code();
    browser.open("/security/number");
    browser.submit("/security/number", &[("number", MOBILE)]);
    browser.submit("/security/number/code", &[("code", &codes(&provider, MOBILE)[0])]);
    assert!(browser.form("/logout").is_some(), "{}", browser.page);
    (provider, browser)
}

/// Returns a browser that has given the password.
fn after_password(provider: &Provider) -> Browser {
    let mut browser = Browser::new(provider);
    browser.open("/");
    browser.give_password(provider);
    browser
}

/// Chooses the only number, to which a code is sent.
fn choose_sms(browser: &mut Browser) {
    browser.open("/choice");
    browser.submit("/sms", &[]);
}

/// Returns the number of the SMS authenticator in the account.
fn sms_number(browser: &Browser) -> String {
    let form = browser.form("/sms").unwrap_or_else(|| panic!("no number: {}", browser.page));
    form.into_iter().find(|(name, _)| name == "number").unwrap().1
}

fn is_logged_in(browser: &Browser) -> bool {
    browser.form("/logout").is_some()
}

/// Returns a code of six digits that is not among these.
pub(crate) fn other_than(codes: &[String], at: u32) -> String {
    let mut candidates = (at * 10..).map(|number| format!("{number:06}"));
    candidates.find(|code| !codes.contains(code)).unwrap()
}
