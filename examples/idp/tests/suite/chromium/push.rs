//! The six steps with the app of a second browser, and the answers that are no login.

use super::phone::{CODE, activate, section};
use crate::push::phone::other_than;
use crate::second_factor::with_number;
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

/// Comes from the service, and sends a push. Returns the number.
fn ask(desk: &Chromium, phone: &Chromium, provider: &Provider) -> String {
    desk.come_from_service(provider, "2");
    desk.give_password(provider);
    desk.click("form[action='/push'] button");
    section(phone, "challenge");
    desk.text("#number")
}

fn approve(phone: &Chromium, number: &str) {
    phone.write("#number", number);
    phone.write("#personal-code", CODE);
    phone.press("#approve");
    section(phone, "home");
}

#[test]
fn six_steps_and_the_answers_of_the_app() {
    for reader in Reader::of_test() {
        let (mut provider, session) = with_number();
        let (desk, phone) = (Chromium::new(reader), Chromium::new(reader));
        activate(&provider, &session, &desk, &phone);

        desk.open(&format!("{}/gepi", provider.origin));
        desk.picture("1-service");
        desk.click("form[action='/gepi/login'] button[value='2']");
        desk.picture("2-password");
        desk.give_password(&provider);
        desk.picture("3-choice");
        desk.click("form[action='/push'] button");
        desk.picture("4-number");
        section(&phone, "challenge");
        assert_eq!(phone.text("#service"), "GePI");
        phone.picture("5-approval");
        approve(&phone, &desk.text("#number"));
        // The page of the login goes on by itself.
        desk.wait_for("form[action='/consent']");
        desk.picture("6-consent");
        desk.consent();
        assert!(desk.is_at_service());
        desk.picture("7-signed-in");
        desk.click("form[action='/gepi/logout'] button");

        let number = ask(&desk, &phone, &provider);
        approve(&phone, &other_than(&number));
        assert!(phone.alert().contains(reader.say("non era quello mostrato", "not the one that the page shows")));
        desk.wait_for("[role=alert]");
        let wrong = reader.say("non è quello mostrato", "is not the one shown");
        assert!(desk.alert().contains(wrong) && desk.has("form[action='/push']"), "{}", desk.alert());
        desk.picture("push-wrong-number");

        ask(&desk, &phone, &provider);
        provider.restart("+121s");
        desk.wait_for("[role=alert]");
        let late = reader.say("non ha risposto in tempo", "did not answer in time");
        assert!(desk.alert().contains(late) && desk.has("form[action='/push']"), "{}", desk.alert());
        desk.picture("push-timed-out");
        phone.open(&format!("{}/app", provider.origin));
        section(&phone, "home");

        ask(&desk, &phone, &provider);
        phone.press("#deny");
        desk.wait_for("form[action='/gepi/login']");
        assert!(desk.alert().contains("nr25"), "{}", desk.alert());
    }
}
