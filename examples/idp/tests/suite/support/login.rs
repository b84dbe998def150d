//! The steps of a login in Chromium, as the pages lead through them.

use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::chromium::Chromium;
use crate::support::outbox;
use crate::support::provider::Provider;

/// Enrolls an authenticator app for the demonstration's person, in another browser.
pub(crate) fn enrolled_app(provider: &Provider) -> App {
    let mut browser = Browser::new(provider);
    browser.enroll(provider);
    browser.app().clone()
}

impl Chromium {
    /// Opens the sample service, and chooses the provider with a level.
    pub(crate) fn come_from_service(&self, provider: &Provider, level: &str) {
        self.open(&format!("{}/gepi", provider.origin));
        self.click(&format!("form[action='/gepi/login'] button[value='{level}']"));
    }

    pub(crate) fn give_password(&self, provider: &Provider) {
        self.submit("/password", &[("user", &provider.user), ("password", &provider.password)]);
    }

    /// Gives the code that was sent to the certified number, after which an app can be activated.
    pub(crate) fn give_activation_code(&self, provider: &Provider) {
        outbox::give_activation_code(Browser::new(provider), |code| {
            self.submit("/first-app", &[("code", code)]);
            !self.has("form[action='/first-app']")
        });
    }

    pub(crate) fn give_code(&self, code: &str) {
        self.submit("/code", &[("code", code)]);
    }

    /// Gives the first code of an app that the page shows, for a clock that is this many seconds ahead.
    pub(crate) fn confirm_app(&self, app: &mut App, ahead: u64) {
        // The step can end before the code arrives.
        for _ in 0..3 {
            self.submit("/enrollment", &[("code", &app.first_code(ahead))]);
            if !self.has("form[action='/enrollment']") {
                return;
            }
        }
    }

    pub(crate) fn consent(&self) {
        self.click("form[action='/consent'] button[value='yes']");
    }

    /// Returns `true` on the page of the sample service after a login.
    pub(crate) fn is_at_service(&self) -> bool {
        self.address().path() == "/gepi/cases" && self.has("form[action='/gepi/logout']")
    }

    /// Returns `true` on the person's own page.
    pub(crate) fn is_at_own(&self) -> bool {
        self.address().path() == "/security" && self.has("form[action='/logout']")
    }

    /// Returns the text of the alert on the page.
    pub(crate) fn alert(&self) -> String {
        self.text("[role=alert]")
    }
}
