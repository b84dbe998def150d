//! The room of an account, which the model cannot compute. It only knows when there is enough of it.

use pollster::block_on;
use secondo::AccountId;

use super::device::Device;
use super::outcome::{Outcome, refused, same};
use super::{Entry, Library, Model};

/// The length that browsers, a code of an operator, outcomes and the account leave.
const MOST: usize = 3_160;

impl Model {
    /// Returns the account before a call with these new devices that may find no room, or `None` if there is enough.
    pub(super) fn before_room<'a>(&self, new: impl IntoIterator<Item = &'a Device>) -> Option<Entry> {
        let held = self.person().into_iter().flat_map(|person| &person.devices).map(Device::most_bytes);
        let most = held.chain(new.into_iter().map(Device::most_bytes)).sum::<usize>();
        (most > MOST).then(|| self.entry.clone())
    }

    /// Compares the outcomes of a call, which changes nothing if it finds no room.
    pub(super) fn same_in_room(
        &mut self,
        before: Option<Entry>,
        expected: Outcome,
        found: Outcome,
        operation: &str,
        (verifier, id): (&Library, &AccountId),
    ) -> Outcome {
        let Some(before) = before else { return same(expected, found, operation) };
        if found == refused("full") && !matches!(expected, Outcome::Refused(..)) {
            self.entry = before;
            return found;
        }
        let view = block_on(verifier.view(id, self.now()));
        if let (Entry::Open(person), Ok(view)) = (&mut self.entry, view) {
            // Browsers give way, the least recently used one first.
            while person.browsers.iter().filter(|browser| browser.lives(self.now)).count() > view.browsers.len() {
                let oldest = person.browsers.iter().min_by_key(|browser| browser.last_used).map(|oldest| oldest.number);
                person.browsers.retain(|browser| Some(browser.number) != oldest);
            }
        }
        same(expected, found, operation)
    }
}
