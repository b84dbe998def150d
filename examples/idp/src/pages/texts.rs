//! Texts that several pages have. The texts of one page stand beside it.

use super::language::Text;

pub(crate) const NEXT: Text = Text("Prosegui", "Continue");
pub(crate) const ATTEMPTS_LEFT: Text = Text("Tentativi rimanenti:", "Attempts left:");
pub(crate) const MY_SECURITY: Text = Text("La mia sicurezza", "My security");
pub(crate) const LOG_OUT: Text = Text("Esci", "Sign out");
pub(crate) const UNAVAILABLE: Text =
    Text("Il servizio non è disponibile. Riprova più tardi.", "The service is not available. Try again later.");
pub(crate) const PAGE_BEFORE: Text = Text("Torna alla pagina di prima", "Back to the page before");
pub(crate) const BACK: Text = Text("Torna all'inizio", "Back to the start");
