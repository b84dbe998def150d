//! The lines of a file, one at a time, in a buffer of fixed size that is wiped.

use std::io::BufRead;

use secondo::formats::MAX_LINE;
use zeroize::{Zeroize, Zeroizing};

use crate::document::MARK;
use crate::{ImportError, Place, Problem, Record};

struct Lines<R> {
    read: R,
    line: Zeroizing<Vec<u8>>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads the next line. Returns `false` at the end of the file.
    fn advance(&mut self) -> Result<bool, Problem> {
        self.line.as_mut_slice().zeroize();
        self.line.clear();
        let mut is_end = true;
        loop {
            let part = self.read.fill_buf().map_err(|error| Problem::io(&error))?;
            if part.is_empty() {
                break;
            }
            is_end = false;
            let end = part.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(part.len(), |end| end + 1);
            // A line end, or one byte more than the maximum, which is enough to refuse the line.
            let room = (MAX_LINE + 2).saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..taken.min(room)).unwrap_or_default());
            self.read.consume(taken);
            if end.is_some() {
                break;
            }
        }
        self.number += 1;
        Ok(!is_end)
    }
}

/// Returns the records of the lines of a file. `read` returns those of one line, with the line's place.
pub(crate) fn records<R: BufRead>(
    read: R,
    mut line: impl FnMut(&[u8], Place) -> Vec<Result<Record, ImportError>>,
) -> impl Iterator<Item = Result<Record, ImportError>> {
    let mut lines = Lines { read, line: Zeroizing::new(Vec::with_capacity(MAX_LINE + 2)), number: 0 };
    let mut has_failed = false;
    core::iter::from_fn(move || {
        if has_failed {
            return None;
        }
        match lines.advance() {
            Ok(false) => None,
            Ok(true) => {
                let mark = if lines.number == 1 { MARK } else { &[] };
                let text = lines.line.strip_prefix(mark).unwrap_or(&lines.line);
                let text = text.strip_suffix(b"\n").unwrap_or(text);
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                let place = Place::Line(lines.number);
                if text.len() > MAX_LINE {
                    return Some(vec![Err(ImportError::of_record(place, Problem::TooLong(MAX_LINE)))]);
                }
                Some(line(text, place))
            }
            Err(problem) => {
                has_failed = true;
                Some(vec![Err(ImportError::of_file(problem))])
            }
        }
    })
    .flatten()
}
