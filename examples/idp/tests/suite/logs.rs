//! Tests of the output of a running provider.

use std::fs;

use crate::credentials::NEW;
use crate::gepi::people::{MARIA, PAOLO, enter_by_pin, give_pin};
use crate::push::phone::{Phone, begin, call, enrolled, give_password, number};
use crate::registration::applicant::{Applicant, PASSWORD, operator};
use crate::second_factor;
use crate::support::browser::Browser;
use crate::support::outbox::{code, message, messages};
use crate::support::provider::Provider;
use crate::support::service::{
    CALLBACK, LEVEL_2, Service, VERIFIER, client_assertion, redeem, request_object, userinfo,
};

const MOBILE: &str = "+393330000000";

#[test]
fn output_has_no_secret_of_a_whole_login() {
    let service = Service::new();
    let mut provider = Provider::start_logged(&service.registration());
    let mut secrets = vec![provider.password.clone(), provider.operator.1.clone(), "wrong-password-7".to_owned()];
    let shown = |browser: &Browser| -> Vec<String> {
        browser.page.split("<code>").skip(1).map(|code| code.split('<').next().unwrap().to_owned()).collect()
    };
    let mut browser = Browser::new(&provider);
    browser.enroll(&provider);
    secrets.push(browser.used_code());
    let mut other = Browser::new(&provider);
    other.open("/");
    other.submit("/password", &[("user", &provider.user), ("password", "wrong-password-7")]);
    browser.submit("/code", &[("code", "000001")]);
    browser.submit("/code", &[("code", "12345x")]);
    browser.give_next_code(0);
    secrets.push(browser.used_code());
    browser.open("/security/codes");
    browser.submit("/security/codes", &[]);
    secrets.extend(shown(&browser));
    browser.open("/security/add");
    browser.submit("/security/add", &[("name", "tablet")]);
    secrets.extend(shown(&browser));
    assert_eq!(secrets.len(), 16, "{}", browser.page);
    browser.submit("/enrollment", &[("code", "000000")]);
    browser.give_first_code(0);
    secrets.push(browser.used_code());
    browser.open("/security/number");
    browser.submit("/security/number", &[("number", MOBILE)]);
    let sent = messages(&provider, MOBILE).remove(0);
    let sent = sent.split_once(": ").unwrap().1.get(..6).unwrap();
    secrets.extend([sent.to_owned(), "000002".to_owned()]);
    browser.submit("/security/number/code", &[("code", "000002")]);
    browser.submit("/security/number/code", &[("code", sent)]);
    assert!(browser.form("/logout").is_some(), "{}", browser.page);

    provider.restart("+30s");
    let mut login = Browser::new(&provider);
    browser.lend(&mut login);
    login.open(&service.url(&provider, &request_object(&provider, LEVEL_2)));
    login.give_password(&provider);
    login.submit("/choice", &[("way", "code")]);
    login.submit("/code", &[("code", "000003")]);
    login.give_next_code(30);
    secrets.extend(["000001", "12345x", "000003", "000000", &login.used_code()].map(ToOwned::to_owned));
    login.consent();
    let code = login.answer("code").unwrap();
    let tokens = service.exchange(&provider, &code).body;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!((userinfo(&provider, access).status, userinfo(&provider, "x").status), (200, 401));
    let assertion = service.sign(&client_assertion(&provider));
    assert_eq!(redeem(&provider, &assertion, &code, CALLBACK, VERIFIER).status, 400);
    secrets.extend([access, tokens["id_token"].as_str().unwrap()].map(ToOwned::to_owned));
    secrets.extend([code, assertion, VERIFIER.to_owned()]);
    for browser in [&browser, &login] {
        secrets.extend(browser.cookie().split("; ").map(|cookie| cookie.split_once('=').unwrap().1.to_owned()));
    }

    assert_absent(&mut provider, &secrets);
}

/// Ends the provider, and asserts that its output has none of these secrets.
fn assert_absent(provider: &mut Provider, secrets: &[String]) {
    assert!(provider.terminate().success());
    let log = fs::read_to_string(provider.file("log")).unwrap();
    // The passwords of the demonstration are written once, before the address to open.
    let (_, log) = log.split_once("Open ").unwrap();
    for secret in secrets {
        assert!(secret.len() >= 6 && !log.contains(secret), "{secret} is in the output: {log}");
    }
}

/// Returns the words of a text that are as long as keys, such as those of a link.
fn keys(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_".contains(letter));
    words.filter(|word| word.len() >= 16).map(ToOwned::to_owned).collect()
}

#[test]
fn output_has_no_secret_of_the_ways_to_an_identity() {
    let mut provider = Provider::start_logged("");
    let mut secrets = [PASSWORD, NEW, "wrong-pin-7", "wrong-code-7"].map(ToOwned::to_owned).to_vec();
    // Registrations, with documents and with a credential of somebody else.
    let mut applicant = Applicant::new(&provider, "BNCMRA");
    let (procedure, path) = applicant.apply(&provider);
    applicant.browser.open(&path);
    applicant.browser.submit(&path, &[("procedure", "wrong-code-7")]);
    applicant.browser.submit(&path, &[("procedure", &procedure)]);
    assert!(applicant.browser.page.contains("<h1>Richiesta ritirata</h1>"), "{}", applicant.browser.page);
    secrets.push(path.rsplit('/').next().unwrap().to_owned());
    secrets.push(procedure);
    let mut luigi = Applicant::new(&provider, "VRDLGU");
    let pin = message(&provider, "Luigi Verdi", 1);
    let pin = pin.split_once("PIN: ").unwrap().1.split('\n').next().unwrap();
    luigi.browser.open("/register/handover");
    for pin in ["wrong-pin-7", pin] {
        let fields = [("fiscal_code", luigi.fiscal_code.as_str()), ("pin", pin), ("consent", "yes")];
        luigi.browser.submit("/register/handover", &fields);
    }
    let sent = code(&message(&provider, "+393330000002", 1));
    luigi.browser.submit("/register/code/mobile", &[("code", "wrong-code-7")]);
    luigi.browser.submit("/register/code/mobile", &[("code", &sent)]);
    let data = [("gender", "M"), ("date_of_birth", "1990-05-17"), ("county_of_birth", "MI")];
    luigi.browser.submit("/register/personal", &[&data[..], &[("place_of_birth", "F205")]].concat());
    luigi.give_email(&provider);
    luigi.browser.submit("/register/terms", &[("terms", "yes")]);
    luigi.browser.submit("/register/summary", &[]);
    assert!(luigi.browser.page.contains("<h1>L'identità è attiva</h1>"), "{}", luigi.browser.page);

    // An app with codes, one that approves logins, and one by a code of the help desk.
    let mut browser = enrolled(&provider);
    secrets.push(browser.used_code());
    let link = begin(&mut browser);
    let (mut phone, answer) = Phone::new(&link, 1);
    assert_eq!(call(&provider, "activation", &answer).0, 200);
    browser.submit("/security/app/confirm", &[("code", "wrong-code-7")]);
    browser.submit("/security/app/confirm", &[("code", &phone.confirmation_code())]);
    secrets.extend(keys(&link));
    secrets.extend(keys(&answer));
    secrets.push(phone.confirmation_code());
    let mut login = give_password(&provider);
    login.submit("/push", &[]);
    let shown = number(&login);
    assert_eq!(phone.accept(&provider, &shown).0, 200);
    login.submit("/push/approved", &[]);
    assert!(login.form("/logout").is_some(), "{}", login.page);
    secrets.push(shown);
    let by = ["--operator", "anna", "--reason", "ticket 7"];
    let run = |command: &[&str]| provider.command(&[command, &by].concat()).unwrap();
    let said = run(&["admin", "activation", MARIA]);
    let activation = said.split(['\n', ',']).find_map(|part| part.strip_prefix("Code: ")).unwrap();
    let mut other = give_password(&provider);
    other.open("/security/activate");
    other.submit("/security/activate", &[("code", "wrong-code-7")]);
    other.submit("/security/activate", &[("code", activation)]);
    let (_, key) = other.page.split_once("<code>").unwrap_or_else(|| panic!("{}", other.page));
    secrets.push(key.split('<').next().unwrap().to_owned());
    other.give_first_code(0);
    secrets.extend([activation.to_owned(), activation.replace('-', ""), other.used_code()]);

    // A PIN of the sample service, an operator, and commands.
    let mut paolo = Browser::new(&provider);
    give_pin(&mut paolo, PAOLO, "wrong-pin-7");
    let paolo = enter_by_pin(&provider, PAOLO);
    assert!(paolo.form("/gepi/logout").is_some(), "{}", paolo.page);
    let mut operator = operator(&provider);
    secrets.push(operator.used_code());
    operator.open("/admin");
    operator.submit("/admin/find", &[("person", &luigi.fiscal_code)]);
    secrets.extend(keys(&fs::read_to_string(provider.file("idp.key")).unwrap()));
    provider.command(&["replace-signing-keys"]).unwrap();
    run(&["erase", &luigi.fiscal_code]);

    let mut recovery = Browser::new(&provider);
    recovery.open("/recover");
    let (mails, texts) = (messages(&provider, &provider.user).len(), messages(&provider, MOBILE).len());
    recovery.submit("/recover", &[("user", &provider.user)]);
    let by_mail = code(&message(&provider, &provider.user, mails + 1));
    recovery.submit("/recover/code", &[("code", "wrong-code-7")]);
    recovery.submit("/recover/code", &[("code", &by_mail)]);
    let by_sms = code(&message(&provider, MOBILE, texts + 1));
    recovery.submit("/recover/code", &[("code", &by_sms)]);
    recovery.submit("/recover/password", &[("password", NEW)]);
    assert!(recovery.page.contains("<h1>Password cambiata</h1>"), "{}", recovery.page);

    for browser in [&applicant.browser, &luigi.browser, &browser, &login, &other, &paolo, &operator, &recovery] {
        secrets.extend(browser.cookie().split("; ").map(|cookie| cookie.split_once('=').unwrap().1.to_owned()));
    }
    // The codes and the PINs that were sent.
    for (_, text) in second_factor::messages(&provider) {
        let words = text.split(|letter: char| !letter.is_ascii_digit());
        secrets.extend(words.filter(|word| word.len() >= 6).map(ToOwned::to_owned));
    }
    assert_absent(&mut provider, &secrets);
}
