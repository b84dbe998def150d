//! The gate of the pages for the staff of the provider.

use crate::http::Visit;
use crate::outage::Outage;
use crate::person::{Person, Standing};

impl Visit {
    /// Returns the operator whose session this is, or `None` for every other session. The password alone is not enough.
    pub(crate) async fn operator(&self) -> Result<Option<Person>, Outage> {
        let session = &self.browser.session;
        if session.second.is_none() || session.request.is_some() {
            return Ok(None);
        }
        let Some(person) = session.person.as_deref() else { return Ok(None) };
        let person = self.app.persons.load(person, self.now).await?;
        Ok(person.filter(|person| person.is_operator && person.standing == Standing::Active))
    }
}
