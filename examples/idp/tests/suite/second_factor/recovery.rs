use super::{MOBILE, after_password, codes, is_logged_in, messages, with_number};
use crate::support::browser::Browser;
use crate::support::provider::Provider;
use crate::support::service::{ID, LEVEL_2, Service, claims, request_object};

fn boxes(browser: &Browser) -> Vec<String> {
    let inputs = browser.page.split("<input type=\"checkbox\" id=\"").skip(1);
    inputs.map(|input| input.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn lost_phone() {
    let (mut provider, mut session) = with_number();
    let sheet = provider.give_recovery_codes();
    let mut browser = after_password(&provider);
    browser.submit("/choice", &[("way", "recovery")]);
    // The app is marked as lost, and the number is not.
    let boxes = boxes(&browser);
    assert_eq!(boxes.len(), 2);
    assert_eq!(browser.page.matches(" checked").count(), 1);
    let app = boxes[0].clone();
    // A typing error does not count. A wrong code counts on the codes alone.
    let last = sheet[0].chars().last().unwrap();
    let mistyped = format!("{}{}", &sheet[0][..sheet[0].len() - 1], if last == '7' { '8' } else { '7' });
    browser.submit("/recovery-code", &[("code", &mistyped), (&app, "yes")]);
    assert!(browser.is_refused() && browser.page.contains("errore di battitura"), "{}", browser.page);
    let form = browser.form("/recovery-code").unwrap();
    let mut click = browser.clone();
    browser.post("/recovery-code", &form, &[("code", &sheet[0].to_lowercase()), (&app, "yes")]);
    // The next app is enrolled in this session.
    assert!(browser.form("/enrollment").is_some() && browser.page.contains("Annulla"), "{}", browser.page);
    click.post("/recovery-code", &form, &[("code", &sheet[0].to_lowercase()), (&app, "yes")]);
    assert!(click.form("/enrollment").is_some(), "{}", click.page);
    let recovered =
        |provider: &Provider| messages(provider).iter().filter(|(_, text)| text.contains("codice di recupero")).count();
    assert_eq!(recovered(&provider), 1);
    // The lost app is refused from now on, and its session has ended.
    session.open("/security/add");
    assert!(session.form("/password").is_some(), "{}", session.page);
    let mut thief = after_password(&provider);
    session.lend(&mut thief);
    assert!(thief.form("/choice").is_none() && thief.page.contains("•••000"), "{}", thief.page);
    browser.confirm_app();
    assert!(is_logged_in(&browser), "{}", browser.page);
    let mut next = after_password(&provider);
    browser.lend(&mut next);
    next.submit("/choice", &[("way", "code")]);
    next.give_code();
    assert!(is_logged_in(&next), "{}", next.page);
    // The recovery code is used up.
    let mut again = after_password(&provider);
    again.submit("/choice", &[("way", "recovery")]);
    again.submit("/recovery-code", &[("code", &sheet[0])]);
    assert!(again.is_refused() && again.page.contains("Il codice non è corretto"), "{}", again.page);
    again.submit("/recovery-code", &[("code", &sheet[1])]);
    // Nothing was lost, and an app is there.
    assert!(is_logged_in(&again), "{}", again.page);
    assert_eq!(recovered(&provider), 2);
}

#[test]
fn everything_but_the_codes_is_lost() {
    let (mut provider, _) = with_number();
    let sheet = provider.give_recovery_codes();
    let mut browser = after_password(&provider);
    browser.submit("/choice", &[("way", "recovery")]);
    let boxes = boxes(&browser);
    browser.submit("/recovery-code", &[("code", &sheet[3]), (&boxes[0], "yes"), (&boxes[1], "yes")]);
    assert!(browser.form("/enrollment").is_some(), "{}", browser.page);
    browser.submit("/security/add/cancel", &[]);
    assert!(is_logged_in(&browser));
    // The number is suspended, and the codes are the only way.
    let mut next = after_password(&provider);
    assert!(next.form("/recovery-code").is_some() && next.form("/sms").is_none(), "{}", next.page);
    next.submit("/recovery-code", &[("code", &sheet[4])]);
    next.confirm_app();
    assert!(is_logged_in(&next), "{}", next.page);
    assert_eq!(codes(&provider, MOBILE).len(), 1);
}

#[test]
fn wrong_recovery_codes_do_not_lock_the_account() {
    let (mut provider, _) = with_number();
    // The codes of a set that has ended are well-formed and wrong.
    let wrong = provider.give_recovery_codes();
    provider.give_recovery_codes();
    let mut browser = after_password(&provider);
    browser.submit("/choice", &[("way", "recovery")]);
    for code in &wrong[..5] {
        browser.submit("/recovery-code", &[("code", code)]);
        assert!(browser.is_refused());
    }
    assert!(browser.page.contains("Potrai riprovare") && browser.form("/recovery-code").is_none(), "{}", browser.page);
    browser.open("/choice");
    assert!(browser.page.contains("Tentativi rimanenti: 5"));
    super::choose_sms(&mut browser);
    let code = codes(&provider, MOBILE)[0].clone();
    browser.submit("/code", &[("code", &code)]);
    assert!(is_logged_in(&browser), "{}", browser.page);

    // The help desk can end the lock of the codes alone.
    let unlock = ["admin", "unlock", &provider.user, "--operator", "anna", "--reason", "ticket 7"];
    provider.command(&unlock).unwrap();
    let mut next = after_password(&provider);
    next.submit("/choice", &[("way", "recovery")]);
    assert!(next.form("/recovery-code").is_some(), "{}", next.page);
    provider.command(&unlock).unwrap_err();
}

#[test]
fn recovery_at_a_service() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    Browser::new(&provider).enroll(&provider);
    let sheet = provider.give_recovery_codes();
    let mut browser = Browser::new(&provider);
    browser.open(&service.url(&provider, &request_object(&provider, LEVEL_2)));
    browser.give_password(&provider);
    browser.open("/choice");
    browser.submit("/choice", &[("way", "recovery")]);
    let app = boxes(&browser)[0].clone();
    browser.submit("/recovery-code", &[("code", &sheet[0]), (&app, "yes")]);
    // The next app first, and then the service.
    browser.confirm_app();
    browser.consent();
    let reply = service.exchange(&provider, &browser.answer("code").unwrap());
    let (_, id) = claims(&provider, reply.body["id_token"].as_str().unwrap(), ID);
    assert_eq!((&id["acr"], &id["amr"]), (&LEVEL_2.into(), &serde_json::json!(["pwd", "mfa"])));
}
