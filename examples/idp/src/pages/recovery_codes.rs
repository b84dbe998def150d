use maud::{Markup, html};
use secondo::account::AccountView;
use secondo::factor::RecoveryCodes;

use super::language::Text;
use super::layout::Page;
use super::texts;

const TITLE: Text = Text("Codici di recupero", "Recovery codes");
const HINT: Text = Text(
    "Con un codice di recupero entri se perdi il telefono. Ogni codice vale una volta.",
    "With a recovery code you can sign in if you lose your phone. Each code is valid once.",
);
const LEFT: Text = Text("Codici ancora validi:", "Codes left:");
const ONCE: Text = Text(
    "I codici si vedono una volta sola, quando vengono creati. Se non li hai più, creane di nuovi: quelli precedenti \
        non varranno più.",
    "The codes are shown once, when they are made. If you no longer have them, make new ones: the earlier ones will no \
        longer be valid.",
);
const MAKE: Text = Text("Crea nuovi codici", "Make new codes");
const NEW_TITLE: Text = Text("I tuoi codici di recupero", "Your recovery codes");
const NEW_HINT: Text = Text(
    "Stampa questa pagina o scrivi i codici, e conservali lontano dal telefono. Non saranno mostrati di nuovo, nemmeno se \
        ricarichi la pagina.",
    "Print this page or write the codes down, and keep them away from your phone. They will not be shown again, even if \
        you reload the page.",
);

const NEXT_CODE: Text = Text(
    "Ora ti chiediamo un codice per entrare. Quello che hai appena usato non vale più: tra mezzo minuto l'app ne ha un altro.",
    "Next, we ask you for a code to sign in. The code that you have just used is no longer valid: in half a minute, the \
        app has another one.",
);

/// The page to make new recovery codes.
pub(crate) fn recovery_codes(page: &Page<'_>, view: &AccountView) -> Markup {
    let left = view.authenticators.iter().find_map(|device| device.codes_left);
    let content = html! {
        p { (page.say(HINT)) }
        p { (page.say(LEFT)) " " (left.map_or(0, secondo::factor::RecoveryCodesLeft::get)) }
        p { (page.say(ONCE)) }
        form method="post" action="/security/codes" {
            (page.token())
            input type="hidden" name="revision" value=(view.revision);
            button { (page.say(MAKE)) }
        }
        p { a href="/security" { (page.say(texts::MY_SECURITY)) } }
    };
    page.whole(page.say(TITLE), None, &content)
}

/// The page that shows new codes once, to be printed. The next page may ask for a code of the app.
pub(crate) fn new_codes(page: &Page<'_>, codes: &RecoveryCodes, asks_code: bool) -> Markup {
    let content = html! {
        p { (page.say(NEW_HINT)) }
        p .hint { (page.provider) }
        ol .codes { @for code in codes.texts() { li { code { (code.as_str()) } } } }
        p { (page.say(HINT)) }
        @if asks_code { p .unprinted { (page.say(NEXT_CODE)) } }
        p .unprinted { a .button href="/" { (page.say(texts::NEXT)) } }
    };
    page.once(page.say(NEW_TITLE), &content)
}
