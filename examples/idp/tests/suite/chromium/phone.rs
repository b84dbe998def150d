//! The page of the phone, in a browser beside that of the login.

use crate::push::phone::enrolled;
use crate::support::browser::Browser;
use crate::support::chromium::{Chromium, Reader};
use crate::support::provider::Provider;

pub(super) const CODE: &str = "271828";

/// Waits for a section of the page of the phone.
pub(super) fn section(phone: &Chromium, id: &str) {
    phone.wait_for(&format!("#{id}:not([hidden])"));
}

/// Does what shows a code of an authenticator, and returns the code. The page shows it only until its time step ends,
/// which may be at once.
pub(super) fn shown_code(phone: &Chromium, act: impl FnOnce()) -> String {
    phone.run(
        "window.shownCode = ''; \
         const codes = () => Array.from(document.querySelectorAll('output'), at => at.textContent); \
         const look = () => { window.shownCode ||= codes().find(text => text.length === 6) ?? ''; }; \
         new MutationObserver(look).observe(document.body, { childList: true, subtree: true })",
    );
    act();
    phone.wait("window.shownCode !== ''");
    phone.run("return window.shownCode").as_str().unwrap().to_owned()
}

/// Activates the app of the phone, on the person's own pages of a session.
pub(super) fn activate(provider: &Provider, session: &Browser, desk: &Chromium, phone: &Chromium) {
    let app = format!("{}/app", provider.origin);
    desk.open(&app);
    // This page sets no cookie.
    desk.run(&format!("document.cookie = '{}'", session.cookie()));
    desk.open(&format!("{}/security/app", provider.origin));
    desk.picture("security-10-app");
    desk.click("#begin-app button");
    desk.picture("security-11-app-activation");

    phone.open(&app);
    section(phone, "add");
    phone.picture("app-1-add");
    phone.write("#link", &desk.text("#link"));
    phone.write("#code", CODE);
    phone.write("#repeated-code", "271829");
    phone.press("#add-form button");
    phone.wait_for("#message.alert");
    phone.write("#repeated-code", CODE);
    phone.press("#add-form button");
    section(phone, "confirm");
    phone.picture("app-2-confirm");
    desk.write("#code", &phone.text("#confirmation-code"));
    desk.click("#confirm-app button");
    phone.press("#confirmed");
    section(phone, "home");
    phone.picture("app-3-home");
    desk.click("form[action='/logout'] button");
}

/// Signs in with the password, and sends a push. Returns the number.
fn ask(desk: &Chromium, provider: &Provider) -> String {
    desk.open(&provider.origin);
    desk.give_password(provider);
    desk.click("form[action='/push'] button");
    desk.text("#number")
}

/// A camera that shows a QR code, since the machines of tests have none.
const CAMERA: &str = "window.BarcodeDetector = class { detect() { return [{ rawValue: 'otpauth://totp/a' }]; } }; \
    navigator.mediaDevices.getUserMedia = () => document.createElement('canvas').captureStream(); \
    HTMLMediaElement.prototype.play = () => Promise.resolve();";

#[test]
fn app_is_installable_and_reads_qr_codes() {
    for reader in Reader::BOTH {
        let provider = Provider::start("");
        let phone = Chromium::new(reader);
        phone.open(&provider.origin);
        // Only a browser with windows can install an app.
        assert!(reader == Reader::English || !phone.installability_errors().is_empty());
        phone.open(&format!("{}/app", provider.origin));
        assert!(reader == Reader::English || phone.installability_errors().is_empty());
        section(&phone, "add");
        let limit = reader.say("Questa app è una pagina web", "This app is a web page");
        assert!(phone.text("#add").contains(limit), "{}", phone.text("#add"));
        // A browser without a detector says so. With one, the camera fills the field.
        assert!(phone.has("#scan[hidden]") && !phone.text("#no-scan").is_empty());
        phone.run(CAMERA);
        phone.run("document.getElementById('scan').hidden = false");
        phone.press("#scan");
        phone.wait(
            "document.getElementById('link').value === 'otpauth://totp/a' && document.querySelector('video').hidden",
        );
        phone.run("navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error())");
        phone.press("#scan");
        phone.wait_for("#message.alert");
    }
}

#[test]
fn app_is_activated_and_answers() {
    for reader in Reader::of_test() {
        let provider = Provider::start("");
        let (desk, phone) = (Chromium::new(reader), Chromium::new(reader));
        activate(&provider, &enrolled(&provider), &desk, &phone);

        // A link of another site gives the app no key, and takes nothing from its place.
        let open = |link: &str| {
            phone.run(&format!("location.hash = '{link}'"));
            phone.run("return location.hash")
        };
        let key = "#otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(open(key), key);
        assert!(phone.has("#add[hidden]") && phone.run("return document.getElementById('link').value") == "");
        open("#enrollment");
        section(&phone, "add");
        phone.wait_for("#message.alert:not([hidden])");
        assert_eq!(phone.run("return document.getElementById('link').value"), "");
        phone.press("#add-form .home");
        section(&phone, "home");
        let number = ask(&desk, &provider);
        section(&phone, "challenge");
        open("#enrollment");
        phone.wait_for("#message.alert:not([hidden])");
        assert!(phone.has("#challenge:not([hidden])"));
        phone.write("#number", &number);
        phone.write("#personal-code", "000001");
        phone.press("#approve");
        phone.wait_for("#message.alert");
        phone.write("#personal-code", CODE);
        phone.press("#approve");
        section(&phone, "home");
        desk.wait_for("form[action='/logout']");
        assert!(desk.is_at_own());
        desk.click("form[action='/logout'] button");

        // The page of the login goes on after a report as well.
        ask(&desk, &provider);
        section(&phone, "challenge");
        phone.press("#not-me");
        section(&phone, "home");
        desk.wait_for("[role=alert]");

        // The key of an authenticator app, and five wrong personal codes.
        phone.press("#another");
        section(&phone, "add");
        phone.write("#link", "otpauth://totp/Secondo:maria?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        phone.write("#code", CODE);
        // The personal code was just given.
        shown_code(&phone, || phone.press("#add-form button"));
        section(&phone, "home");
        phone.picture("app-4-code");
        for left in (1..5).rev() {
            phone.write(".token input", "000001");
            phone.press(".token button");
            phone.wait(&format!("document.getElementById('message').textContent.includes('{left}')"));
        }
        phone.write(".token input", "000001");
        phone.press(".token button");
        section(&phone, "add");
    }
}
