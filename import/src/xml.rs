//! A reader of XML: one tag or text at a time, in bounded memory that is wiped, without a document type.

use std::io::{self, BufRead, Read};

use quick_xml::encoding::EncodingError;
use quick_xml::errors::IllFormedError;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zeroize::{Zeroize, Zeroizing};

use crate::Problem;

/// The maximum length in bytes of a tag, a comment or a run of text: a picture in a password manager's export.
const MAX_EVENT: usize = 1024 * 1024;
/// The maximum length in bytes of the text of an element that is kept.
pub(crate) const MAX_TEXT: usize = 4096;
const MAX_DEPTH: usize = 128;

pub(crate) struct Xml<R> {
    reader: Reader<Bounded<R>>,
    event: Zeroizing<Vec<u8>>,
    text: Zeroizing<Vec<u8>>,
    depth: usize,
    has_root: bool,
}

/// A step through a document. Names are without prefix.
pub(crate) enum Step {
    /// The start of an element, with the value of the attribute that was asked for.
    Start(String, Option<String>),
    /// The end of an element, whose own text [`Xml::text`] returns.
    End,
    /// The end of the document.
    Eof,
}

impl<R: BufRead> Xml<R> {
    pub(crate) fn new(read: R) -> Self {
        let mut reader = Reader::from_reader(Bounded { read, allowance: 0, line: 1, has_ended: false });
        reader.config_mut().expand_empty_elements = true;
        // quick-xml stores a `<!` besides the bytes read. A buffer that grows would leave copies of the text behind.
        let [event, text] = [MAX_EVENT + 8, MAX_TEXT + 1].map(|len| Zeroizing::new(Vec::with_capacity(len)));
        Self { reader, event, text, depth: 0, has_root: false }
    }

    /// Returns the number of elements that are open.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the text since the last tag, without white space around it, if it has at most [`MAX_TEXT`] bytes.
    pub(crate) fn text(&self) -> Option<&str> {
        if self.text.len() > MAX_TEXT {
            return None;
        }
        str::from_utf8(&self.text).ok().map(str::trim)
    }

    /// Reads the next tag. `attribute` is the name of the attribute to return.
    pub(crate) fn step(&mut self, attribute: &str) -> Result<Step, Problem> {
        wipe(&mut self.text);
        loop {
            wipe(&mut self.event);
            self.reader.get_mut().allowance = MAX_EVENT;
            let event = self.reader.read_event_into(&mut self.event);
            let line = self.reader.get_ref().line;
            let (syntax, cut_off) = (Problem::Xml { line }, Problem::CutOff { line });
            let has_ended = self.reader.get_ref().has_ended;
            let event = event.map_err(|error| match error {
                error if has_ended && is_unfinished(&error) => cut_off,
                quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    Problem::TooLong(MAX_EVENT)
                }
                quick_xml::Error::Io(error) => Problem::io(&error),
                _ => syntax,
            })?;
            let mut run = match &event {
                Event::Start(start) => {
                    self.depth += 1;
                    self.has_root = true;
                    if self.depth > MAX_DEPTH {
                        return Err(syntax);
                    }
                    let name = start.local_name().into_inner().to_owned();
                    return Ok(Step::Start(name, value(start, attribute).map_err(|()| syntax)?));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::End);
                }
                Event::Eof if self.depth == 0 && self.has_root => return Ok(Step::Eof),
                Event::Text(text) => text.xml10_content(),
                Event::CData(text) => text.xml10_content(),
                Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                    Ok(Some(character)) => String::from(character).into(),
                    Ok(None) => resolve_predefined_entity(entity).ok_or(syntax)?.into(),
                    Err(_) => return Err(syntax),
                },
                Event::Decl(declaration) => match declaration.encoding() {
                    Some(Ok(name)) if !name.eq_ignore_ascii_case("utf-8") => {
                        return Err(Problem::Unsupported("an encoding other than UTF-8"));
                    }
                    Some(Err(_)) => return Err(syntax),
                    _ => continue,
                },
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof => return Err(cut_off),
                // Entities of a document type could grow without bound.
                Event::DocType(_) | Event::Empty(_) => return Err(syntax),
            };
            // One byte more than the maximum is enough to refuse the text.
            let room = (MAX_TEXT + 1).saturating_sub(self.text.len());
            self.text.extend_from_slice(run.as_bytes().get(..room.min(run.len())).unwrap_or_default());
            if let std::borrow::Cow::Owned(copy) = &mut run {
                copy.zeroize();
            }
        }
    }
}

/// Returns whether the error can come from an end within a tag, a comment, a reference, a character or the like.
fn is_unfinished(error: &quick_xml::Error) -> bool {
    match error {
        quick_xml::Error::Syntax(_) | quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => true,
        quick_xml::Error::Encoding(EncodingError::Utf8(error)) => error.error_len().is_none(),
        _ => false,
    }
}

/// Wipes the used part of a buffer and empties it. Wiping all of it for each tag would take most of the time.
fn wipe(buffer: &mut Vec<u8>) {
    buffer.as_mut_slice().zeroize();
    buffer.clear();
}

fn value(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, ()> {
    const MAX_ATTRIBUTES: usize = 32;

    let mut found = None;
    for (count, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|_| ())?;
        if count == MAX_ATTRIBUTES {
            return Err(());
        }
        if attribute.key.into_inner() == name {
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| ())?;
            found = Some(value.into_owned());
        }
    }
    Ok(found)
}

/// A source that fails once an event is longer than allowed.
struct Bounded<R> {
    read: R,
    allowance: usize,
    /// The number of the line, from 1.
    line: u64,
    /// `true` if the end of the source was reached.
    has_ended: bool,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut part = self.fill_buf()?;
        let count = part.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let part = self.read.fill_buf()?;
        if part.is_empty() {
            self.has_ended = true;
            return Ok(part);
        }
        match part.get(..part.len().min(self.allowance)) {
            Some(part) if !part.is_empty() => Ok(part),
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }

    fn consume(&mut self, count: usize) {
        self.allowance = self.allowance.saturating_sub(count);
        // The bytes are buffered, so that this reads nothing.
        let bytes = self.read.fill_buf().ok().and_then(|bytes| bytes.get(..count)).unwrap_or_default();
        self.line += bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.read.consume(count);
    }
}
