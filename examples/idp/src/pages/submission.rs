//! The last pages of a registration, and those around it.

use maud::{Markup, html};

use super::language::Text;
use super::layout::Page;
use super::problems::{Field, described, error, field, invalid, summary as problems_of};
use super::registration::progress;
use super::texts;
use crate::registration::{Application, Kind, Step};

const DOCUMENTS_TITLE: Text = Text("Documenti", "Documents");
const DOCUMENTS_HINT: Text = Text(
    "Due file JPEG, PNG o PDF, ciascuno fino a 2,5 MB. Li vede solo l'operatore che completa la richiesta.",
    "Two files in JPEG, PNG or PDF, each up to 2.5 MB. Only the operator who completes the application sees them.",
);
const UPLOADED: Text =
    Text("I documenti sono già caricati. Puoi sostituirli.", "The documents are there. You can replace them.");
const TERMS_TITLE: Text = Text("Condizioni e consensi", "Terms and consents");
const TERMS_TEXT: Text = Text(
    "L'identità è personale: non comunicare a nessuno la password e i codici. I tuoi dati servono a rilasciarla e a \
        gestirla. Puoi chiedere in ogni momento che sia sospesa o revocata.",
    "The identity is personal: give nobody your password and your codes. Your data are used to issue and to manage it. \
        You can have it suspended or revoked at any time.",
);
const TERMS_LABEL: Text = Text("Accetto le condizioni del servizio", "I accept the terms of the service");
const REQUIRED: Text = Text("(obbligatorio)", "(required)");
const MARKETING: Text = Text(
    "Vuoi ricevere informazioni commerciali? La risposta non cambia nulla nella tua richiesta.",
    "Do you want to receive commercial information? The answer changes nothing in your application.",
);
const YES: Text = Text("Sì", "Yes");
const NO: Text = Text("No", "No");
const SUMMARY_TITLE: Text = Text("Controlla e invia", "Check and send");
const DATA: Text = Text("Dati", "Data");
const SEND: Text = Text("Invia la richiesta", "Send the application");
const ACTIVATE: Text = Text("Attiva l'identità", "Activate the identity");
const CHANGE: Text = Text("Modifica", "Change");
const SENT_TITLE: Text = Text("Richiesta inviata", "Application sent");
const SENT_TEXT: Text = Text(
    "Ti abbiamo inviato per e-mail il codice della pratica. Un operatore completerà la richiesta entro 30 giorni, e una \
        e-mail ti dirà che l'identità è attiva.",
    "The procedure code was sent to you by e-mail. An operator will complete the application within 30 days, and an e-mail \
        will tell you that the identity is active.",
);
const SENT_NEXT: Text = Text(
    "Ora non devi fare altro. Quando l'identità è attiva, entra dalla pagina iniziale con il tuo indirizzo e-mail e la \
        tua password.",
    "There is nothing else to do now. When the identity is active, sign in on the first page with your e-mail address \
        and your password.",
);
const ACTIVE_TITLE: Text = Text("L'identità è attiva", "The identity is active");
const ACTIVE_TEXT: Text = Text(
    "Ora entra con il tuo indirizzo e-mail e la tua password, e attiva la tua app.",
    "Now sign in with your e-mail address and your password, and activate your app.",
);
pub(super) const SIGN_IN: Text = Text("Entra", "Sign in");
const WITHDRAW_TITLE: Text = Text("Ritira la richiesta", "Withdraw the application");
const WITHDRAW_TEXT: Text = Text(
    "La richiesta, i dati e i documenti saranno cancellati.",
    "The application, the data and the documents will be deleted.",
);
const PROCEDURE: Field = Field {
    name: "procedure",
    label: Text("Codice della pratica", "Procedure code"),
    hint: Some(Text("È nell'e-mail che hai ricevuto.", "It is in the e-mail that you received.")),
    kind: "text",
    autocomplete: "off",
};
const WITHDRAWN_TITLE: Text = Text("Richiesta ritirata", "Application withdrawn");
const HANDOVER_TITLE: Text = Text("Trasferisci la tua identità", "Transfer your identity");
const HANDOVER_TEXT: Text = Text(
    "Se hai una credenziale regionale con password temporanea o un PIN INPS, sei già stato identificato e non servono \
        documenti. Confermerai con un codice via SMS al numero certificato.",
    "If you have a regional credential with one-time passwords or an INPS PIN, you have already been identified, and no \
        documents are needed. You will confirm with a code sent by text message to the mobile number that the issuer \
        has on record.",
);
const HANDOVER_CODE: Field = Field {
    name: "fiscal_code",
    label: Text("Codice fiscale", "Fiscal code"),
    hint: None,
    kind: "text",
    autocomplete: "off",
};
const PIN: Field = Field {
    name: "pin",
    label: Text("PIN o password della credenziale", "PIN or password of the credential"),
    hint: None,
    kind: "password",
    autocomplete: "off",
};
const OTP: Text =
    Text("Password temporanea, se la tua credenziale la usa", "One-time password, if your credential has one");
const HANDOVER_CONSENT: Text = Text(
    "Acconsento al trasferimento di codice fiscale, cognome e nome",
    "I agree that fiscal code, family name and first name are handed over",
);

pub(super) const fn kind(kind: Kind) -> Text {
    match kind {
        Kind::Identity => Text("Documento d'identità", "Identity document"),
        Kind::HealthCard => Text("Tessera sanitaria", "Health card"),
    }
}

pub(crate) fn documents(page: &Page<'_>, application: &Application) -> Markup {
    let content = html! {
        (progress(page, application, Step::Documents))
        (problems_of(page))
        p #files-hint { (page.say(DOCUMENTS_HINT)) }
        @if !application.documents.is_empty() { p { (page.say(UPLOADED)) } }
        form method="post" action="/register/documents" enctype="multipart/form-data" {
            (page.token())
            @for of in Kind::ALL {
                @let name = of.name();
                label for=(name) { (page.say(kind(of))) }
                (error(page, name))
                input id=(name) name=(name) type="file" accept="image/jpeg,image/png,application/pdf" required
                    aria-invalid=[invalid(page, name)]
                    aria-describedby={ "files-hint " (described(page, name, false).unwrap_or_default()) };
            }
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(DOCUMENTS_TITLE), None, &content)
}

pub(crate) fn terms(page: &Page<'_>, application: &Application) -> Markup {
    let choice = |value: &str, text: Text, is_chosen: bool| {
        let id = format!("marketing-{value}");
        html! {
            div .box {
                input id=(id) type="radio" name="marketing" value=(value) checked[is_chosen];
                label for=(id) { (page.say(text)) }
            }
        }
    };
    let content = html! {
        (progress(page, application, Step::Terms))
        (problems_of(page))
        p { (page.say(TERMS_TEXT)) }
        form method="post" action="/register/terms" {
            (page.token())
            (error(page, "terms"))
            div .box {
                input #terms type="checkbox" name="terms" value="yes" checked[application.terms.is_some()] required
                    aria-invalid=[invalid(page, "terms")] aria-describedby=[described(page, "terms", false)];
                label for="terms" { (page.say(TERMS_LABEL)) " " (page.say(REQUIRED)) }
            }
            fieldset {
                legend { (page.say(MARKETING)) }
                (choice("yes", YES, application.wants_marketing))
                (choice("no", NO, !application.wants_marketing))
            }
            button { (page.say(texts::NEXT)) }
        }
    };
    page.whole(page.say(TERMS_TITLE), None, &content)
}

/// The rows of the data of an application.
pub(super) fn data(application: &Application) -> Vec<(Text, String)> {
    let data = application.personal.clone().unwrap_or_default();
    vec![
        (Text("Nome", "First name"), data.name),
        (Text("Cognome", "Family name"), data.family_name),
        (Text("Sesso", "Sex"), data.gender),
        (Text("Data di nascita", "Date of birth"), data.date_of_birth),
        (Text("Luogo di nascita", "Place of birth"), format!("{} ({})", data.place_of_birth, data.county_of_birth)),
        (Text("Codice fiscale", "Fiscal code"), data.fiscal_code),
        (Text("E-mail", "E-mail"), application.email.clone()),
        (Text("Cellulare", "Mobile number"), application.mobile.clone()),
    ]
}

/// The page that shows everything before it is sent.
pub(super) fn summary(page: &Page<'_>, application: &Application) -> Markup {
    let title = |step: Step| match step {
        Step::Personal => Some(Text("I tuoi dati", "Your data")),
        Step::Email => Some(Text("E-mail e password", "E-mail and password")),
        Step::Mobile => application.certified.is_none().then_some(Text("Cellulare", "Mobile number")),
        Step::Documents => Some(DOCUMENTS_TITLE),
        Step::Terms => Some(TERMS_TITLE),
        Step::Summary => None,
    };
    let send = if application.certified.is_some() { ACTIVATE } else { SEND };
    let content = html! {
        (progress(page, application, Step::Summary))
        h2 { (page.say(DATA)) }
        dl { @for (name, value) in data(application) { dt { (page.say(name)) } dd { (value) } } }
        ul { @for step in application.steps() { @if let Some(title) = title(*step) {
            li { a href={ "/register?step=" (step.name()) } { (page.say(CHANGE)) ": " (page.say(title)) } }
        } } }
        form method="post" action="/register/summary" { (page.token()) button { (page.say(send)) } }
    };
    page.whole(page.say(SUMMARY_TITLE), None, &content)
}

pub(crate) fn sent(page: &Page<'_>) -> Markup {
    let content = html! {
        p { (page.say(SENT_TEXT)) }
        (page.outbox_hint())
        p { (page.say(SENT_NEXT)) }
        p { a href="/" { (page.say(texts::BACK)) } }
    };
    page.whole(page.say(SENT_TITLE), None, &content)
}

pub(crate) fn active(page: &Page<'_>) -> Markup {
    let content = html! {
        p { (page.say(ACTIVE_TEXT)) }
        p { a .button href="/" { (page.say(SIGN_IN)) } }
    };
    page.whole(page.say(ACTIVE_TITLE), None, &content)
}

pub(crate) fn withdraw(page: &Page<'_>, id: &str) -> Markup {
    let content = html! {
        p { (page.say(WITHDRAW_TEXT)) }
        form method="post" action={ "/register/withdraw/" (id) } {
            (page.token())
            (field(page, &PROCEDURE, ""))
            button { (page.say(WITHDRAW_TITLE)) }
        }
    };
    page.whole(page.say(WITHDRAW_TITLE), None, &content)
}

pub(crate) fn withdrawn(page: &Page<'_>) -> Markup {
    let content = html! { p { a href="/" { (page.say(texts::BACK)) } } };
    page.whole(page.say(WITHDRAWN_TITLE), None, &content)
}

pub(crate) fn handover(page: &Page<'_>) -> Markup {
    let content = html! {
        (problems_of(page))
        p { (page.say(HANDOVER_TEXT)) }
        form method="post" action="/register/handover" {
            (page.token())
            (field(page, &HANDOVER_CODE, &page.refused.typed))
            (field(page, &PIN, ""))
            label for="otp" { (page.say(OTP)) }
            input #otp .code name="otp" inputmode="numeric" autocomplete="one-time-code";
            (error(page, "consent"))
            div .box {
                input #consent type="checkbox" name="consent" value="yes" required
                    aria-invalid=[invalid(page, "consent")]
                    aria-describedby=[described(page, "consent", false)];
                label for="consent" { (page.say(HANDOVER_CONSENT)) }
            }
            button { (page.say(texts::NEXT)) }
        }
        p { a href="/register" { (page.say(WITH_DOCUMENTS)) } }
    };
    page.whole(page.say(HANDOVER_TITLE), None, &content)
}

const WITH_DOCUMENTS: Text = Text("Registrati con i tuoi documenti", "Register with your documents");
