use maud::{DOCTYPE, Markup, html};

use super::language::{Language, Text};
use super::texts;

const TITLE: Text = Text("App", "App");
const NEEDS_SCRIPT: Text = Text("L'app ha bisogno di JavaScript.", "The app needs JavaScript.");
const ADD: Text = Text("Attiva l'app", "Activate the app");
const ADD_HINT: Text = Text(
    "Entra dal computer, apri «La mia sicurezza» e inquadra il codice QR che mostra. Senza fotocamera, entra su questo \
        dispositivo e scegli «Attiva l'app su questo dispositivo».",
    "Sign in on your computer, open \u{201c}My security\u{201d} and scan the QR code that it shows. Without a camera, \
        sign in on this device and choose \u{201c}Activate the app on this device\u{201d}.",
);
const SIGN_IN: Text = Text("Entra su questo dispositivo", "Sign in on this device");
const SCAN: Text = Text("Inquadra il codice QR", "Scan the QR code");
const NO_SCAN: Text = Text(
    "Questo browser non legge i codici QR: inquadra il codice con la fotocamera del telefono, o copia il testo.",
    "This browser reads no QR codes: scan the code with the camera of the phone, or copy the text.",
);
const VIDEO: Text = Text("Immagine della fotocamera", "View of the camera");
const LINK: Text = Text("Testo dell'attivazione o della chiave", "Text of the activation or of the key");
const PERSONAL_CODE: Text = Text("Codice personale di 6 cifre", "Personal code of 6 digits");
const REPEATED: Text = Text("Ripeti il codice personale", "Repeat the personal code");
const NEW_CODE_HINT: Text = Text(
    "Scegli un codice che non usi altrove. L'app lo chiede ogni volta, e dopo cinque codici errati cancella le sue chiavi.",
    "Choose a code that you do not use elsewhere. The app asks for it each time, and erases its keys after five wrong ones.",
);
const LIMIT: Text = Text(
    "Questa app è una pagina web: il codice personale protegge meno che in un'app vera, dove lo impone l'hardware del \
        telefono. Chi copia i dati di questo browser può provare tutti i codici.",
    "This app is a web page: the personal code protects less than in a real app, where the hardware of the phone enforces \
        it. Somebody who copies the data of this browser can try all codes.",
);
const CONFIRM: Text = Text("Conferma l'app", "Confirm the app");
const CONFIRM_HINT: Text = Text(
    "Scrivi questo codice nella pagina che mostrava il codice QR:",
    "Type this code into the page that showed the QR code:",
);
const DONE: Text = Text("Fatto", "Done");
const HOME: Text = Text("Le tue identità", "Your identities");
const ANOTHER: Text = Text("Aggiungi", "Add");
const CHALLENGE: Text = Text("Vuoi entrare?", "Do you want to sign in?");
const CHALLENGE_HINT: Text = Text(
    "Approva solo se hai iniziato tu questo accesso, ora. Non scrivere un numero che ti ha dato qualcun altro.",
    "Approve only if you started this sign-in yourself, just now. Do not type a number that somebody else gave you.",
);
const SERVICE: Text = Text("Servizio", "Service");
const PLACE: Text = Text("Da", "From");
const TIME: Text = Text("Ora", "Time");
const USER: Text = Text("Identità", "Identity");
const NUMBER: Text = Text("Numero mostrato dalla pagina", "Number that the page shows");
const APPROVE: Text = Text("Approva", "Approve");
const DENY: Text = Text("Rifiuta", "Deny");
const NOT_ME: Text = Text("Non sono stato io", "It was not me");

/// The page of the phone. Its script shows one section at a time.
pub(crate) fn app(language: Language, provider: &str) -> Markup {
    let say = |text: Text| text.in_language(language);
    html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="theme-color" content="#0066cc";
                title { (say(TITLE)) " - " (provider) }
                link rel="stylesheet" href="/style.css";
                link rel="manifest" href="/app/manifest.webmanifest";
                link rel="icon" href="/app/icon.svg" type="image/svg+xml";
                link rel="apple-touch-icon" href="/app/icon.png";
                script type="module" src="/app/app.mjs" {}
            }
            body {
                header { div { span .brand { (provider) } span { (say(TITLE)) } } }
                main #content {
                    h1 { (provider) }
                    noscript { p .alert { (say(NEEDS_SCRIPT)) } }
                    p #message role="alert" hidden {}
                    (home(say))
                    (add(say))
                    (confirm(say))
                    (challenge(say))
                }
                footer { div {
                    @for other in Language::ALL {
                        @if other != language {
                            a href={ "/app?lang=" (other.code()) } lang=(other.code()) hreflang=(other.code()) {
                                (other.name())
                            }
                        }
                    }
                } }
            }
        }
    }
}

fn home(say: impl Fn(Text) -> &'static str) -> Markup {
    html! {
        section #home hidden {
            h2 tabindex="-1" { (say(HOME)) }
            ul #identities {}
            p #status .hint role="status" {}
            button #another .second type="button" { (say(ANOTHER)) }
        }
    }
}

fn add(say: impl Fn(Text) -> &'static str) -> Markup {
    html! {
        section #add hidden {
            h2 tabindex="-1" { (say(ADD)) }
            div #add-hint {
                p { (say(ADD_HINT)) }
                p { a href="/security/app" { (say(SIGN_IN)) } }
            }
            button #scan .second type="button" { (say(SCAN)) }
            p #no-scan .hint hidden { (say(NO_SCAN)) }
            video #video aria-label=(say(VIDEO)) playsinline muted hidden {}
            form #add-form {
                label for="link" { (say(LINK)) }
                input #link autocomplete="off" spellcheck="false" required;
                label for="code" { (say(PERSONAL_CODE)) }
                input #code .code type="password" inputmode="numeric" autocomplete="off" required;
                div #new-personal-code {
                    label for="repeated-code" { (say(REPEATED)) }
                    input #repeated-code .code type="password" inputmode="numeric" autocomplete="off";
                    p .hint { (say(NEW_CODE_HINT)) }
                    p .hint { (say(LIMIT)) }
                }
                button { (say(texts::NEXT)) }
                " "
                button .second.home type="button" { (say(texts::BACK)) }
            }
        }
    }
}

fn confirm(say: impl Fn(Text) -> &'static str) -> Markup {
    html! {
        section #confirm hidden {
            h2 tabindex="-1" { (say(CONFIRM)) }
            p { (say(CONFIRM_HINT)) }
            p #confirmation-code .number {}
            button #confirmed .home type="button" { (say(DONE)) }
        }
    }
}

fn challenge(say: impl Fn(Text) -> &'static str) -> Markup {
    html! {
        section #challenge hidden {
            h2 tabindex="-1" { (say(CHALLENGE)) }
            p { (say(CHALLENGE_HINT)) }
            dl {
                dt { (say(SERVICE)) } dd #service {}
                dt { (say(PLACE)) } dd #place {}
                dt { (say(TIME)) } dd #time {}
                dt { (say(USER)) } dd #user {}
            }
            form #approve-form {
                label for="number" { (say(NUMBER)) }
                input #number .code inputmode="numeric" autocomplete="off" required;
                label for="personal-code" { (say(PERSONAL_CODE)) }
                input #personal-code .code type="password" inputmode="numeric" autocomplete="off" required;
                p {
                    button #approve { (say(APPROVE)) }
                    " "
                    button #deny .second type="button" { (say(DENY)) }
                    " "
                    button #not-me .second type="button" { (say(NOT_ME)) }
                }
            }
        }
    }
}
