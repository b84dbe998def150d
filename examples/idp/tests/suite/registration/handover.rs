//! The hand-over of an identity from a credential of somebody else.

use std::fmt::Write;

use argon2::{Argon2, PasswordHasher};
use secondo::{Algorithm, Key, Secret, Totp, UnixTime};

use crate::operation::commands::contents;
use crate::registration::applicant::{Applicant, PASSWORD, fiscal_code};
use crate::support::browser::Browser;
use crate::support::outbox::{code, message, messages};
use crate::support::provider::Provider;

pub(crate) const NUMBER: &str = "+393331112223";

/// Returns a table `[[handover]]`.
pub(crate) fn credential(fiscal_code: &str, pin: &str, expires: &str) -> String {
    let hash = Argon2::default().hash_password(pin.as_bytes()).unwrap().to_string();
    let mut table =
        "[[handover]]\nissuer = \"Regione Esempio\"\nname = \"Luigi\"\nfamily_name = \"Verdi\"\n".to_owned();
    writeln!(table, "fiscal_code = \"{fiscal_code}\"\nhash = \"{hash}\"").unwrap();
    writeln!(table, "mobile = \"{NUMBER}\"\nexpires = \"{expires}\"").unwrap();
    table
}

/// Returns the line of a credential's device, and its code of now.
pub(crate) fn device() -> (String, String) {
    let secret = Secret::from_bytes(b"a device of the region").unwrap();
    let line = format!("otp = \"otpauth://totp/luigi?secret={}\"\n", secret.to_base32().as_str());
    let code = Totp::default().generate(&Key::new(Algorithm::Sha1, &secret), UnixTime::now().unwrap()).unwrap();
    (line, code.as_str().to_owned())
}

#[test]
fn identity_is_active_without_documents() {
    let luigi = fiscal_code("VRDLGU90E17F205");
    let provider = Provider::start(&credential(&luigi, "12345678", "2099-12-31"));
    let mut person = Applicant::new(&provider, "VRDLGU");
    let hand_over = |browser: &mut Browser| {
        browser.open("/register/handover");
        let form = browser.form("/register/handover").unwrap();
        let fields = [("fiscal_code", luigi.as_str()), ("pin", "12345678"), ("consent", "yes")];
        browser.post("/register/handover", &form, &fields);
        form
    };
    let form = hand_over(&mut person.browser);
    assert!(person.browser.page.contains("Passo 1 di 5") && person.browser.page.contains("*** 223"));
    assert!(!person.browser.page.contains("Luigi") && !person.browser.page.contains(NUMBER));
    // The second of two clicks, and attempts to go on with another number.
    person.browser.post(
        "/register/handover",
        &form,
        &[("fiscal_code", &luigi), ("pin", "12345678"), ("consent", "yes")],
    );
    let form = person.browser.form("/register/code/mobile").unwrap();
    person.browser.post("/register/mobile", &form, &[("mobile", "333 9999999")]);
    person.browser.open("/register?step=mobile");
    person.browser.submit("/register/code/mobile", &[("code", &code(&message(&provider, NUMBER, 1)))]);
    assert!(person.browser.page.contains("Dati certificati da Regione Esempio:"), "{}", person.browser.page);

    // The certified data stay, and typed ones have to match them.
    let mut data = vec![("name", "Ugo"), ("family_name", "Neri"), ("fiscal_code", "RSSMRA80B69H501U")];
    data.extend([("gender", "M"), ("county_of_birth", "MI"), ("place_of_birth", "F205")]);
    person.browser.submit("/register/personal", &[&data[..], &[("date_of_birth", "1990-05-18")]].concat());
    assert!(person.browser.is_refused() && person.browser.page.contains("altra data di nascita"));
    // The list of problems leads to the certified code, which is no field.
    let page = &person.browser.page;
    assert!(page.contains("<a href=\"#fiscal_code\">") && page.contains("<li id=\"fiscal_code\""), "{page}");
    assert!(page.contains("id=\"fiscal_code-error\""), "{page}");
    person.browser.submit("/register/personal", &[&data[..], &[("date_of_birth", "1990-05-17")]].concat());
    person.give_email(&provider);
    person.browser.submit("/register/terms", &[("terms", "yes")]);
    assert!(person.browser.page.contains("Passo 5 di 5") && person.browser.page.contains(&luigi));
    let form = person.browser.form("/register/summary").unwrap();
    for _ in 0..2 {
        person.browser.post("/register/summary", &form, &[]);
        assert!(person.browser.page.contains("<h1>L'identità è attiva</h1>"), "{}", person.browser.page);
    }
    assert!(message(&provider, &person.email, 2).contains("attiva"));
    let mut login = Browser::new(&provider);
    login.enroll_as(&luigi, PASSWORD);
    login.give_code();
    assert!(login.form("/logout").is_some());

    // One identity for a person.
    let mut provider = provider;
    provider.restart("+61s");
    let mut again = Applicant::new(&provider, "BNCMRA");
    hand_over(&mut again.browser);
    again.browser.submit("/register/code/mobile", &[("code", &code(&message(&provider, NUMBER, 3)))]);
    again.browser.submit("/register/personal", &[&data[..], &[("date_of_birth", "1990-05-17")]].concat());
    again.give_email(&provider);
    again.browser.submit("/register/terms", &[("terms", "yes")]);
    again.browser.submit("/register/summary", &[]);
    assert!(again.browser.is_refused() && again.browser.page.contains("Hai già un'identità"), "{}", again.browser.page);
}

/// The first-time user tries it without a configuration: the outbox has a credential, which is erased with the person.
#[test]
fn demonstration_has_a_credential() {
    let mut provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    let browser = &mut person.browser;
    let text = message(&provider, "Luigi Verdi", 1);
    let pin = text.split_once("PIN: ").unwrap().1.split('\n').next().unwrap();
    browser.open("/register/handover");
    let luigi = fiscal_code("VRDLGU90E17F205");
    assert!(text.contains(&luigi), "{text}");
    browser.submit("/register/handover", &[("fiscal_code", &luigi), ("pin", pin), ("consent", "yes")]);
    browser.submit("/register/code/mobile", &[("code", &code(&message(&provider, "+393330000002", 1)))]);
    assert!(browser.page.contains("Dati certificati da Regione Esempio:"), "{}", browser.page);
    let data = [("gender", "M"), ("date_of_birth", "1990-05-17"), ("county_of_birth", "MI")];
    browser.submit("/register/personal", &[&data[..], &[("place_of_birth", "F205")]].concat());
    assert!(!browser.is_refused() && browser.form("/register/email").is_some(), "{}", browser.page);
    person.give_email(&provider);
    person.browser.submit("/register/terms", &[("terms", "yes")]);
    person.browser.submit("/register/summary", &[]);
    assert!(person.browser.page.contains("<h1>L'identità è attiva</h1>"), "{}", person.browser.page);
    provider.command(&["erase", &luigi, "--operator", "anna", "--reason", "letter"]).unwrap();
    provider.terminate();
    for (id, content) in contents(&provider) {
        let content = content.to_lowercase();
        for name in ["luigi", &luigi.to_lowercase()] {
            assert!(!content.contains(name), "{id} has {name}: {content}");
        }
    }
}

#[test]
fn one_time_password_is_taken_once_beside_the_pin() {
    let luigi = fiscal_code("VRDLGU90E17F205");
    let (otp, code) = device();
    let mut provider = Provider::start(&(credential(&luigi, "12345678", "2099-12-31") + &otp));
    let mut browser = Browser::new(&provider);
    let mut give = |pin: &str, otp: &str| {
        browser.open("/register/handover");
        let fields = [("fiscal_code", luigi.as_str()), ("pin", pin), ("otp", otp), ("consent", "yes")];
        browser.submit("/register/handover", &fields);
        !browser.is_refused()
    };
    // A wrong PIN uses up no password, and neither of the two is enough.
    let wrong = if code.as_str() == "000000" { "000001" } else { "000000" };
    for (pin, otp) in [("87654321", code.as_str()), ("12345678", ""), ("12345678", wrong)] {
        assert!(!give(pin, otp), "{pin} {otp}");
    }
    assert!(give("12345678", code.as_str()));
    // After the restart as well, the password is used.
    provider.restart("+0s");
    let mut again = Browser::new(&provider);
    again.open("/register/handover");
    let fields = [("fiscal_code", luigi.as_str()), ("pin", "12345678"), ("otp", code.as_str()), ("consent", "yes")];
    again.submit("/register/handover", &fields);
    assert!(again.is_refused() && again.page.contains("non sono corretti"), "{}", again.page);
}

#[test]
fn wrong_expired_and_without_consent() {
    let (luigi, ugo) = (fiscal_code("VRDLGU90E17F205"), fiscal_code("NREGUO90E17F205"));
    let tables = [credential(&luigi, "12345678", "2099-12-31"), credential(&ugo, "12345678", "2024-12-31")];
    let provider = Provider::start(&tables.concat());
    let mut browser = Browser::new(&provider);
    browser.open("/register/handover");
    let mut give = |fiscal_code: &str, pin: &str, consent: &str| {
        browser.submit("/register/handover", &[("fiscal_code", fiscal_code), ("pin", pin), ("consent", consent)]);
        assert!(browser.is_refused());
        browser.page.clone()
    };
    let page = give(&luigi, "12345678", "");
    assert!(page.contains("Senza il tuo consenso") && page.contains(&luigi));
    assert!(give(&ugo, "12345678", "yes").contains("è scaduta"));
    // Known and unknown codes have the same answers.
    for guess in ["1", "1", "2", "3", "4", "5", "12345678"] {
        let [known, unknown] = [&luigi, "BNCMRA90E17F205X"].map(|code| give(code, guess, "yes").replace(code, ""));
        // The time at which the lock ends is in the alert.
        let [known, unknown] = [known, unknown].map(|page| page.split("Potrai riprovare").next().unwrap().to_owned());
        assert_eq!(known, unknown);
        assert_eq!(known.contains("Troppi tentativi"), guess == "12345678");
    }
    assert!(messages(&provider, NUMBER).is_empty());
}
