//! Searches of the audit log by person, area and period.

use secondo::UnixTime;

use crate::audit::{Audit, Block, Head, Line};
use crate::outage::Outage;

/// The blocks that one search reads, and the lines that are enough for a page.
const SEARCHED_BLOCKS: usize = 200;
const FOUND_LINES: usize = 50;

/// A search of the log, for lines of a period.
pub(crate) struct Search {
    pub(crate) person: Option<String>,
    pub(crate) area: Option<String>,
    /// The first and the last second.
    pub(crate) from: u64,
    pub(crate) until: u64,
}

impl Search {
    /// Returns `true` for a line that the search finds.
    pub(crate) fn fits(&self, line: &Line) -> bool {
        (self.from..=self.until).contains(&line.time)
            && self.person.as_ref().is_none_or(|person| line.names(person))
            && self.area.as_ref().is_none_or(|area| line.area.as_ref() == Some(area))
    }
}

/// Lines that were found, and the block before which a search for older ones goes on.
pub(crate) struct Found {
    pub(crate) lines: Vec<Line>,
    pub(crate) older: Option<u64>,
}

impl Audit {
    /// Returns lines of a search, the newest first. A part of the log is read at a time, before this block.
    pub(crate) async fn search(&self, search: &Search, before: Option<u64>, now: UnixTime) -> Result<Found, Outage> {
        let head: Head = self.records.load(Head::NAME, now).await?.unwrap_or_else(Head::start);
        let mut number = match before {
            Some(before) => before.min(head.next),
            None => self.first_after(search.until, &head, now).await?,
        };
        let mut lines = Vec::new();
        for _ in 0..SEARCHED_BLOCKS {
            if number <= head.first || lines.len() >= FOUND_LINES {
                break;
            }
            number -= 1;
            let Some(block) = self.records.load::<Block>(&number.to_string(), now).await? else { continue };
            let is_too_old = block.lines.iter().all(|line| line.time < search.from);
            lines.extend(block.lines.into_iter().rev().filter(|line| search.fits(line)));
            if is_too_old {
                return Ok(Found { lines, older: None });
            }
        }
        Ok(Found { lines, older: (number > head.first).then_some(number) })
    }

    /// Returns the number of the first block that begins after this time in seconds.
    async fn first_after(&self, time: u64, head: &Head, now: UnixTime) -> Result<u64, Outage> {
        let (mut low, mut high) = (head.first, head.next);
        while low < high {
            let middle = low.midpoint(high);
            let block = self.records.load::<Block>(&middle.to_string(), now).await?;
            if block.is_some_and(|block| block.lines.first().is_some_and(|line| line.time > time)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }
}
