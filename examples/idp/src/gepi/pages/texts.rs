//! Texts that several pages have, and the names of values.

use crate::gepi::notice::Mistake;
use crate::gepi::rules::{Action, Ground, Matter, Profile};
use crate::pages::Text;

pub(super) const TO_CASES: Text = Text("Torna ai casi", "Back to the cases");
pub(super) const FROM: Text = Text("Dal giorno", "From the day");
pub(super) const UNTIL: Text = Text("Fino al giorno compreso", "Up to and including the day");
pub(super) const FISCAL_CODE: Text = Text("Codice fiscale", "Fiscal code");
pub(super) const MY_SECURITY: Text =
    Text("Attiva la tua app presso il gestore di identità", "Activate your app at the identity provider");

/// Returns the text about a mistake.
pub(super) const fn mistake(mistake: Mistake) -> Text {
    match mistake {
        Mistake::EntryLength => {
            Text("Il testo deve avere da 1 a 500 caratteri.", "The text must have 1 to 500 characters.")
        }
        Mistake::CaseFull => Text(
            "Questo caso ha già 100 voci, il massimo. Chiedi al coordinatore di aprirne un altro.",
            "This case already has 100 entries, the most that it can have. Ask the coordinator to open another one.",
        ),
        Mistake::CodeOrPeriod => Text(
            "Il codice fiscale deve avere 16 lettere e cifre, e il primo giorno non può venire dopo l'ultimo.",
            "The fiscal code must have 16 letters and digits, and the first day cannot come after the last one.",
        ),
        Mistake::TooMany => Text(
            "L'elenco è pieno. Termina prima una voce che non serve più.",
            "The list is full. First end an entry that is no longer needed.",
        ),
    }
}

/// Returns the name of a matter.
pub(super) const fn matter(matter: Matter) -> Text {
    match matter {
        Matter::Pact => Text("Patto per l'inclusione sociale", "Social inclusion pact"),
        Matter::Registry => Text("Verifica anagrafica", "Registry check"),
        Matter::Household => Text("Verifica del nucleo familiare", "Household check"),
        Matter::Project => Text("Progetto utile alla collettività", "Collective-benefit project"),
    }
}

/// Returns the name of a profile.
pub(super) const fn profile(profile: Profile) -> Text {
    match profile {
        Profile::Administrator => Text("Amministratore di ambito", "Administrator of the area"),
        Profile::PactCoordinator => {
            Text("Coordinatore per il patto per l'inclusione sociale", "Coordinator for the social inclusion pact")
        }
        Profile::CaseManager => Text("Case manager (operatore che segue i casi)", "Case manager"),
        Profile::RegistryCoordinator => {
            Text("Coordinatore per le verifiche anagrafiche", "Coordinator for registry checks")
        }
        Profile::RegistryOfficer => Text("Addetto alle verifiche anagrafiche", "Officer for registry checks"),
        Profile::HouseholdCoordinator => {
            Text("Coordinatore per le verifiche sui nuclei familiari", "Coordinator for household checks")
        }
        Profile::HouseholdOfficer => {
            Text("Addetto alle verifiche sui nuclei familiari", "Officer for household checks")
        }
        Profile::ProjectOfficer => {
            Text("Addetto ai progetti utili alla collettività", "Officer for collective-benefit projects")
        }
    }
}

/// Returns the name of an action.
pub(super) const fn action(action: Action) -> Text {
    match action {
        Action::Open => Text("Consultazione", "Opened"),
        Action::Print => Text("Stampa", "Printed"),
        Action::Submit => Text("Invio", "Submitted"),
        Action::Assign => Text("Assegnazione", "Assigned"),
        Action::Delegate => Text("Delega", "Delegated"),
    }
}

/// Returns the name of a ground.
pub(super) const fn ground(ground: Option<Ground>) -> Text {
    match ground {
        Some(Ground::Profile(held)) => profile(held),
        Some(Ground::Delegation) => {
            Text("Volontario di patronato, con delega", "Volunteer of a patronato (free advice office), by delegation")
        }
        Some(Ground::OwnFile) => Text("Interessato", "Own file"),
        None => Text("Rifiutato", "Refused"),
    }
}
