//! The settings of the configuration, and those that stop the start.

use crate::push::phone::{Phone, enrolled, give_password};
use crate::support::browser::Browser;
use crate::support::provider::Provider;

fn handover(fiscal_code: &str, hash: &str, expires: &str) -> String {
    format!(
        "[[handover]]\nissuer = \"Regione Esempio\"\nfiscal_code = \"{fiscal_code}\"\nhash = \"{hash}\"\nname = \"Luigi\"\n\
         family_name = \"Verdi\"\nmobile = \"+393330000002\"\nexpires = \"{expires}\"\n"
    )
}

#[test]
fn wrong_settings_stop_the_start() {
    const HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let one = handover("VRDLGU90E17F205V", HASH, "2036-12-31");
    for (tables, reason) in [
        (format!("{one}{one}"), "[[handover]] number 2: another one has the same fiscal code"),
        (handover("VRDLGU90E17F205V", "1234", "2036-12-31"), "[[handover]] number 1: hash is not one"),
        (handover("VRDLGU90E17F205V", HASH, "31/12/2036"), "[[handover]] number 1: expires is not a day"),
        (format!("{one}otp = \"totp\"\n"), "[[handover]] number 1: otp is not a key URI"),
        ("ways = [\"push\", \"code\", \"push\"]".into(), "ways must name push, code and sms, each once"),
        ("name = \"Esempio: prova\"".into(), "name must have 1 to 64 bytes, and no colon"),
        ("name = \" \"".into(), "name must have 1 to 64 bytes, and no colon"),
        ("origin = \"https://idp.example.it/\"".into(), "origin must be as browsers write it"),
        ("origin = \"https://IDP.example.it\"".into(), "origin must be as browsers write it"),
        ("origin = \"https://idp.example.it:443\"".into(), "origin must be as browsers write it"),
        ("origin = \"https://idp.example.it/sign-in\"".into(), "origin must be as browsers write it"),
        ("origin = \"https://\"".into(), "origin must be as browsers write it"),
        ("ways = [\"push\", \"code\"]".into(), "invalid length 2"),
        ("[attempts]\ncodes = 0".into(), "[attempts] codes: the failure cap must be 1 to 100, not 0"),
        ("[attempts]\nlock_minutes = 0".into(), "[attempts] lock_minutes"),
        ("[attempts]\nlock_minutes = 18446744073709551615".into(), "lock_minutes"),
    ] {
        let error = Provider::refuse(&tables);
        assert!(error.contains(reason) && !error.contains("VRDLGU"), "{tables}: {error}");
    }
}

#[test]
fn refused_line_of_the_configuration_is_named_and_not_shown() {
    const SECRET: &str = "48151623";
    const CLIENT: &str = "[[client]]\nid = \"wiki\"\nname = \"Wiki\"\nredirect_uris = []\n";
    for (tables, place, reason) in [
        (format!("{CLIENT}secrt = \"{SECRET}\""), "line 5, column 1: ", "unknown field `secrt`, expected one of"),
        (format!("\nmetrics_token = {SECRET}"), "line 2, column 17: ", "invalid type: integer, expected a string"),
        (format!("[limits]\npassword = \"{SECRET}\""), "line 2, column 12: ", "invalid type: string, expected u32"),
        (format!("sms = \"a, expected {SECRET}\""), "line 1, column 7: ", "invalid type: string, expected "),
        (format!("ways = [\"{SECRET}\"]"), "line 1, column ", "unknown variant, expected one of"),
        (format!("[sms]\nurl = \"{SECRET}\""), "line 2, column 7: ", "relative URL without a base…"),
        (format!("[gepi]\nlevel2_from = \"{SECRET}x\""), "line 2, column 15: ", ""),
        (format!("store = \"postgres://idp:{SECRET}@db/idp"), "line 1, column ", ""),
        (format!("metrics_token = x{SECRET}"), "line 1, column ", ""),
        (format!("metrics_token = \"{SECRET}\"\nmetrics_token = \"{SECRET}\""), "line 2, column 1: ", "duplicate key"),
    ] {
        let error = Provider::refuse(&tables);
        assert!(error.contains("idp.toml, ") && error.contains(place) && error.contains(reason), "{tables}: {error}");
        assert!(!error.contains(SECRET), "{tables}: {error}");
    }
}

/// The name is for pages and apps. The data does not depend on it.
#[test]
fn name_can_be_any_and_can_be_changed() {
    let mut provider = Provider::start("name = \"Comune di Forlì\"");
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    std::fs::write(provider.file("idp.toml"), "name = \"Città di Forlì\"").unwrap();
    provider.restart("+0s");
    browser.give_next_code(0);
    assert!(browser.form("/logout").is_some() && browser.page.contains("Città di Forlì"), "{}", browser.page);
}

#[test]
fn attempts_and_ways_are_those_of_the_configuration() {
    let provider = Provider::start("ways = [\"sms\", \"code\", \"push\"]\n[attempts]\ncodes = 2\n");
    Phone::bind(&provider, &mut enrolled(&provider), 7);
    let mut browser = give_password(&provider);
    let place = |text: &str| browser.page.find(text).unwrap_or_else(|| panic!("{text}: {}", browser.page));
    assert!(place("value=\"code\"") < place("action=\"/push\"") && browser.page.contains("Tentativi rimanenti: 2"));
    browser.submit("/choice", &[("way", "code")]);
    for code in ["000000", "000001"] {
        browser.submit("/code", &[("code", code)]);
    }
    assert!(browser.page.contains("Potrai riprovare a partire da: "), "{}", browser.page);
}

#[test]
fn provider_without_the_sample_service() {
    let provider = Provider::start("[gepi]\nenabled = false\n");
    let mut browser = Browser::new(&provider);
    for path in ["/gepi", "/gepi/cases"] {
        browser.open(path);
        assert!(
            browser.page.contains("<h1>Pagina non trovata</h1>") && !browser.page.contains("GePI"),
            "{}",
            browser.page
        );
    }
    let request = format!("/authorize?client_id={}/gepi&response_type=code", provider.origin);
    browser.open(&request);
    assert!(browser.page.contains("unknown client_id"), "{}", browser.page);
}
