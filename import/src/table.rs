//! The rows of a CSV file, one at a time, in a buffer of fixed size that is wiped.

use std::io::BufRead;
use std::mem;

use csv_core::ReadRecordResult;
use secondo::formats;
use zeroize::{Zeroize, Zeroizing};

use crate::document::MARK;
use crate::{ImportError, Place, Problem, Record};

/// The maximum length in bytes of a row without its separators.
pub const MAX_ROW: usize = 64 * 1024;
/// The maximum number of fields of a row. The longest row of a known format has 18.
const MAX_COLUMNS: usize = 64;

/// The columns of a format that has a header.
pub(crate) struct Header {
    pub(crate) columns: &'static [Column],
    /// `true` if another column is ignored, as the formats of password managers have many.
    pub(crate) others: bool,
    /// The format, as a noun for a message.
    pub(crate) format: &'static str,
}

pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
}

/// An iterator over the records in the rows of a file.
pub(crate) struct Records<R, F> {
    table: Table<R>,
    header: Option<Header>,
    /// The index in the rows of each column of the header.
    order: Option<Vec<Option<usize>>>,
    width: usize,
    read: F,
    failed: bool,
}

impl<R: BufRead, F> Records<R, F> {
    /// Creates the iterator. `read` returns `None` for a row that has no authenticator.
    pub(crate) fn new(read: R, header: Option<Header>, row: F) -> Self
    where
        F: FnMut(&Row<'_>) -> Result<Option<Record>, Problem>,
    {
        Self { table: Table::new(read), header, order: None, width: 0, read: row, failed: false }
    }
}

impl<R: BufRead, F: FnMut(&Row<'_>) -> Result<Option<Record>, Problem>> Iterator for Records<R, F> {
    type Item = Result<Record, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let (line, row) = match self.table.next_row() {
                Ok(row) => row?,
                Err(problem) => {
                    self.failed = true;
                    return Some(Err(ImportError::of_file(problem)));
                }
            };
            let place = Place::Line(line);
            if let (Some(header), None) = (&self.header, &self.order) {
                match row.and_then(|row| order_of(&row, header).map(|order| (order, row.len()))) {
                    Ok((order, width)) => (self.order, self.width) = (Some(order), width),
                    Err(problem) => {
                        self.failed = true;
                        return Some(Err(ImportError { place, problem, ends_file: true }));
                    }
                }
                continue;
            }
            let record = row.and_then(|mut row| {
                if let Some(order) = &self.order {
                    if row.len() != self.width {
                        return Err(Problem::Columns { found: row.len(), expected: self.width });
                    }
                    row.order = Some(order);
                }
                (self.read)(&row)
            });
            match record {
                Ok(None) => {}
                Ok(Some(record)) => return Some(Ok(record)),
                Err(problem) => return Some(Err(ImportError::of_record(place, problem))),
            }
        }
        None
    }
}

/// Returns the index of each known column in the row.
fn order_of(row: &Row<'_>, header: &Header) -> Result<Vec<Option<usize>>, Problem> {
    let mut order = vec![None; header.columns.len()];
    let mut has_unknown = false;
    for at in 0..row.len() {
        let name = row.text(at, "header")?;
        let known = header.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
        let slot = known.and_then(|known| Some((header.columns.get(known)?, order.get_mut(known)?)));
        match slot {
            Some((column, slot)) => {
                if slot.replace(at).is_some() {
                    return Err(Problem::Field(formats::Problem::Duplicate(column.name)));
                }
            }
            None => has_unknown = true,
        }
    }
    if order.iter().all(Option::is_none) {
        return Err(Problem::NotThisFormat(header.format));
    }
    if has_unknown && !header.others {
        return Err(Problem::Field(formats::Problem::Unknown));
    }
    match header.columns.iter().zip(&order).find(|(column, at)| column.required && at.is_none()) {
        Some((column, _)) => Err(Problem::missing(column.name)),
        None => Ok(order),
    }
}

/// A row, whose fields have no quotation marks around them.
pub(crate) struct Row<'a> {
    pub(crate) line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
    order: Option<&'a [Option<usize>]>,
}

impl<'a> Row<'a> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn place(&self) -> Place {
        Place::Line(self.line)
    }

    /// Returns a field without white space around it, or an empty text if there is no such field.
    ///
    /// `column` is an index in the header of the format, if it has one, and otherwise in the row.
    pub(crate) fn text(&self, column: usize, name: &'static str) -> Result<&'a str, Problem> {
        let at = self.order.map_or(Some(column), |order| order.get(column).copied().flatten());
        let field = at.and_then(|at| {
            let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
            self.bytes.get(start..*self.ends.get(at)?)
        });
        let text = str::from_utf8(field.unwrap_or_default()).map_err(|_| Problem::invalid(name))?;
        let text = text.trim();
        if text.contains(char::is_control) { Err(Problem::invalid(name)) } else { Ok(text) }
    }

    /// Returns a field that must not be empty.
    pub(crate) fn required(&self, column: usize, name: &'static str) -> Result<&'a str, Problem> {
        self.text(column, name).and_then(|text| if text.is_empty() { Err(Problem::missing(name)) } else { Ok(text) })
    }
}

struct Table<R> {
    read: R,
    parser: csv_core::Reader,
    bytes: Zeroizing<Vec<u8>>,
    /// The bytes that the last row has used.
    used: usize,
    ends: [usize; MAX_COLUMNS],
    line: u64,
    is_first: bool,
}

/// The line of a row, and the row or what is wrong with its form.
type Numbered<'a> = (u64, Result<Row<'a>, Problem>);

impl<R: BufRead> Table<R> {
    fn new(read: R) -> Self {
        let bytes = Zeroizing::new(vec![0; MAX_ROW]);
        Self { read, parser: csv_core::Reader::new(), bytes, used: 0, ends: [0; MAX_COLUMNS], line: 1, is_first: true }
    }

    /// Reads the next row, which is not blank. Returns `None` at the end of the file.
    fn next_row(&mut self) -> Result<Option<Numbered<'_>>, Problem> {
        // Wiping all of it for each row would take most of the time.
        self.bytes.get_mut(..self.used).unwrap_or_default().zeroize();
        self.used = 0;
        let (mut len, mut count, mut too_long) = (0, 0, false);
        let (mut first_line, mut quotes) = (None, false);
        loop {
            let input = self.read.fill_buf().map_err(|error| Problem::io(&error))?;
            let output = self.bytes.get_mut(len..).unwrap_or_default();
            let ends = self.ends.get_mut(count..).unwrap_or_default();
            let (result, taken, written, ended) = self.parser.read_record(input, output, ends);
            for byte in input.get(..taken).unwrap_or_default() {
                if first_line.is_none() && !matches!(byte, b'\r' | b'\n') {
                    first_line = Some(self.line);
                }
                quotes ^= *byte == b'"';
                self.line += u64::from(*byte == b'\n');
            }
            self.read.consume(taken);
            (len, count) = (len + written, count + ended);
            self.used = self.used.max(len);
            match result {
                ReadRecordResult::InputEmpty => {}
                // The rest of the row is read over its start, to find its end.
                ReadRecordResult::OutputFull => (too_long, len) = (true, 0),
                ReadRecordResult::OutputEndsFull => (too_long, count) = (true, 0),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => {
                    let row = self.bytes.get_mut(..len).unwrap_or_default();
                    if mem::replace(&mut self.is_first, false) && row.starts_with(MARK) {
                        // White space, which is trimmed.
                        row.iter_mut().take(MARK.len()).for_each(|byte| *byte = b' ');
                    }
                    if count > 1 || too_long || !row.trim_ascii().is_empty() {
                        break;
                    }
                    (len, count, first_line, quotes) = (0, 0, None, false);
                }
            }
        }
        let line = first_line.unwrap_or(self.line);
        if too_long {
            return Ok(Some((line, Err(Problem::TooLong(MAX_ROW)))));
        }
        let bytes = self.bytes.get(..len).unwrap_or_default();
        let row = Row { line, bytes, ends: self.ends.get(..count).unwrap_or_default(), order: None };
        // A comment may have any character.
        let is_comment = row.bytes.starts_with(b"#");
        Ok(Some((line, if quotes && !is_comment { Err(Problem::Quotes) } else { Ok(row) })))
    }
}
