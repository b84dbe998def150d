//! The days from which the sample service needs Level 2, before and after them, and the exceptions.

use jiff::{ToSpan, Zoned};

use crate::gepi::people::{AMIR, GIULIA, PAOLO, RITA, maria, pin};
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

fn give_pin(browser: &Chromium, provider: &Provider, holder: &str, pin: &str) {
    browser.open(&format!("{}/gepi", provider.origin));
    browser.submit("/gepi/pin", &[("fiscal_code", holder), ("pin", pin)]);
}

/// Logs in at Level 1 in a browser without cookies.
fn log_in(browser: &Chromium, provider: &Provider, (user, password): &(String, String)) {
    browser.forget();
    browser.come_from_service(provider, "1");
    browser.submit("/password", &[("user", user), ("password", password)]);
    browser.consent();
}

/// Returns `true` if the browser is in, and leaves the service.
fn was_in(browser: &Chromium) -> bool {
    let is_in = browser.is_at_service();
    if is_in {
        browser.click("form[action='/gepi/logout'] button");
    }
    is_in
}

#[test]
fn level_2_before_and_after_the_day() {
    for reader in Reader::of_test() {
        let today = Zoned::now().date();
        // Volunteers of a patronato have a day of their own.
        let [of_volunteers, day] = [2, 5].map(|days| today + days.days());
        let settings = format!("[gepi]\nlevel2_from = \"{day}\"\npatronato_level2_from = \"{of_volunteers}\"\n");
        let mut provider = Provider::start(&settings);
        let pins = [RITA, PAOLO, GIULIA, AMIR].map(|holder| (holder, pin(&provider, holder)));
        let browser = Chromium::new(reader);
        // A PIN and a login of Level 1 are enough until the day. A PIN that has expired never is.
        give_pin(&browser, &provider, RITA, &pins[0].1);
        assert!(browser.alert().contains("30/09/2021"));
        give_pin(&browser, &provider, PAOLO, &pins[1].1);
        assert!(was_in(&browser));
        browser.picture("gepi-1-before-the-day");
        browser.click("form[action='/gepi/login'] button[value='1']");
        browser.give_password(&provider);
        browser.consent();
        assert!(was_in(&browser));
        log_in(&browser, &provider, &provider.operator);
        assert!(was_in(&browser));

        provider.restart("+3d");
        log_in(&browser, &provider, &provider.operator);
        let written = of_volunteers.strftime("%d/%m/%Y").to_string();
        assert!(browser.alert().contains(&written), "{}", browser.alert());
        log_in(&browser, &provider, &maria(&provider));
        assert!(was_in(&browser));

        // The page of the day before is still open.
        provider.restart("+6d");
        browser.click("form[action='/gepi/login'] button[value='1']");
        browser.give_password(&provider);
        browser.consent();
        let written = day.strftime("%d/%m/%Y").to_string();
        assert!(browser.alert().contains(&written), "{}", browser.alert());
        browser.picture("gepi-2-level-2-needed");
        browser.open(&format!("{}/gepi", provider.origin));
        assert!(!browser.has("form[action='/gepi/login'] button[value='1']"));
        browser.picture("gepi-3-after-the-day");
        give_pin(&browser, &provider, RITA, &pins[0].1);
        assert!(browser.alert().contains("30/09/2021"));
        browser.picture("gepi-4-pin-expired");
        for (holder, pin) in &pins[1..] {
            give_pin(&browser, &provider, holder, pin);
            assert!(was_in(&browser), "{holder}");
        }

        // The PIN of a person without another reason is valid until it expires.
        provider.restart("+400d");
        for (holder, pin) in &pins[1..] {
            give_pin(&browser, &provider, holder, pin);
            assert_eq!(was_in(&browser), *holder != PAOLO, "{holder}");
        }
    }
}
