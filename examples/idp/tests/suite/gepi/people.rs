//! The persons of the demonstration, as they come in.

use crate::support::browser::Browser;
use crate::support::provider::Provider;

pub(crate) const MARIA: &str = "RSSMRA80B69H501U";
pub(crate) const ANNA: &str = "BNCNNA75A41H501U";
/// A citizen with a PIN that is valid.
pub(crate) const PAOLO: &str = "VRDPLA70C10H501T";
/// A citizen with a PIN that has expired.
pub(crate) const RITA: &str = "GLLRTI60E55H501B";
/// A minor.
pub(crate) const GIULIA: &str = "NREGLI12E44H501E";
/// A citizen of a country outside the EU.
pub(crate) const AMIR: &str = "HDDMRA85D12Z330Q";

pub(crate) const AREA: &str = "Roma+1";

/// A configuration by which nobody needs Level 2 yet.
pub(crate) const BEFORE: &str = "[gepi]\nlevel2_from = \"2999-01-01\"\npatronato_level2_from = \"2999-01-01\"\n";

/// Returns the PIN that was sent to this citizen.
pub(crate) fn pin(provider: &Provider, holder: &str) -> String {
    let mut browser = Browser::new(provider);
    browser.open("/outbox");
    let (_, pin) = browser.page.split_once(&format!("Codice fiscale: {holder}\nPIN: ")).unwrap();
    pin.split('<').next().unwrap().to_owned()
}

pub(crate) fn give_pin(browser: &mut Browser, holder: &str, pin: &str) {
    browser.open("/gepi");
    browser.submit("/gepi/pin", &[("fiscal_code", holder), ("pin", pin)]);
}

pub(crate) fn enter_by_pin(provider: &Provider, holder: &str) -> Browser {
    let mut browser = Browser::new(provider);
    give_pin(&mut browser, holder, &pin(provider, holder));
    browser
}

/// Logs in at the provider up to the consent, which is left to give.
pub(crate) fn log_in(browser: &mut Browser, (user, password): &(String, String), level: &str) {
    browser.open("/gepi");
    browser.submit("/gepi/login", &[("level", level)]);
    browser.submit("/password", &[("user", user), ("password", password)]);
}

pub(crate) fn maria(provider: &Provider) -> (String, String) {
    (provider.user.clone(), provider.password.clone())
}

/// Enters with a login of Level 1.
pub(crate) fn enter(provider: &Provider, person: &(String, String)) -> Browser {
    let mut browser = Browser::new(provider);
    log_in(&mut browser, person, "1");
    browser.consent();
    browser
}

/// Returns the id of the case with this title on the page of cases.
pub(crate) fn case(browser: &mut Browser, title: &str) -> String {
    browser.open("/gepi/cases");
    let (before, _) = browser.page.split_once(&format!("\">{title}</a>")).unwrap_or_else(|| panic!("{}", browser.page));
    before.rsplit('/').next().unwrap().to_owned()
}

/// Returns the titles on the page of cases, in alphabetical order.
pub(crate) fn titles(browser: &mut Browser) -> Vec<String> {
    browser.open("/gepi/cases");
    let cases = browser.page.split("href=\"/gepi/case/").skip(1);
    let title = |link: &str| link.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned();
    let mut titles: Vec<_> = cases.map(title).collect();
    titles.sort();
    titles
}

/// Accredits an operator from the page of the administrator.
pub(crate) fn accredit(administrator: &mut Browser, operator: &str, profile: &str) {
    administrator.open(&format!("/gepi/staff?area={AREA}"));
    let period = [("from", "2020-01-01"), ("until", "2999-01-01")];
    let fields = [("operator", operator), ("profile", profile), period[0], period[1]];
    administrator.submit("/gepi/staff/accredit", &fields);
    assert!(administrator.status == 200 && administrator.page.contains(operator), "{}", administrator.page);
}

/// Ends the accreditations of an operator.
pub(crate) fn end(administrator: &mut Browser, operator: &str) {
    administrator.open("/gepi/cases");
    let form = administrator.form("/gepi/logout").unwrap();
    administrator.post("/gepi/staff/end", &form, &[("area", "Roma 1"), ("operator", operator)]);
    assert!(!administrator.page.contains(operator), "{}", administrator.page);
}
