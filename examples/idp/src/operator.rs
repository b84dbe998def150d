//! The gates of pages: the person's own pages need a second factor, and those of the administration an operator.
//!
//! A browser that does not pass is sent to a page that says why, after a form as well.

use axum::response::Response;

use crate::http::Visit;
use crate::person::Person;

/// The page of the administration that says who may see it.
pub(crate) const ADMIN: &str = "/admin";

/// The response to a browser that a gate does not let pass.
pub(crate) type Stopped = Box<Response>;

impl Visit {
    /// Returns the person of a session with a second factor.
    pub(crate) fn owner(&self) -> Result<&Person, Stopped> {
        let person = self.person.as_deref().filter(|_| self.browser.session.is_own() && self.is_active());
        person.ok_or_else(|| Box::new(self.go_to("/")))
    }

    /// Returns the person of a session whose second factor is of the last minutes. Otherwise, one is asked for before
    /// this page.
    pub(crate) fn fresh_owner(&self, page: &str) -> Result<&Person, Stopped> {
        let person = self.owner()?;
        if self.browser.session.is_fresh(self.now) {
            return Ok(person);
        }
        Err(Box::new(self.go_to(&format!("/security/again?next={page}"))))
    }

    /// Returns the operator of a session whose second factor is of the last minutes. Otherwise, one is asked for before
    /// this page.
    pub(crate) fn operator(&self, page: &str) -> Result<&Person, Stopped> {
        if !self.owner()?.is_operator {
            return Err(Box::new(self.go_to(ADMIN)));
        }
        self.fresh_owner(page)
    }
}
