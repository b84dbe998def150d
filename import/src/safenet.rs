//! The XML of SafeNet and Aladdin, for tokens such as eToken PASS.
//!
//! ```xml
//! <Tokens>
//!   <Token serial="00040008CFA5">
//!     <ProductName>eToken PASS</ProductName>
//!     <Applications><Application>
//!       <Seed>3132333435363738393031323334353637383930</Seed><MovingFactor>7</MovingFactor>
//!     </Application></Applications>
//!   </Token>
//! </Tokens>
//! ```
//!
//! `serial` becomes [`Record::serial`], `Seed` is the secret in hexadecimal, and `MovingFactor` the next counter, 0 if
//! it is absent. Other elements are ignored. The tokens are HOTP. The algorithm is the one whose output is as long as
//! the secret, with [`Note::AlgorithmOfLength`], and otherwise SHA-1; secrets of 28 and 48 bytes, which may mean
//! SHA-224 and SHA-384, are rejected. The format does not record the number of digits: six are assumed, with
//! [`Note::DigitsUnknown`].
//!
//! A token with several seeds or counters is rejected, and so is one without a seed or a serial number. A document type
//! declaration ends the file, and so does a tag or text of more than 1 MiB. Element names may have a prefix, and `seed`
//! is not `Seed`.
//!
//! [`Note::AlgorithmOfLength`]: secondo::formats::Note::AlgorithmOfLength
//! [`Note::DigitsUnknown`]: secondo::formats::Note::DigitsUnknown

use std::io::BufRead;

use secondo::formats;
use secondo::{Secret, UnixTime};

use crate::record::{Fields, Moving, algorithm_of_length, number, secret_from_hex};
use crate::xml::{Step, Xml};
use crate::{ImportError, Place, Problem, Record};

/// Reads the tokens of a document.
///
/// ```
/// use secondo::UnixTime;
/// use secondo::types::Counter;
/// use secondo_import::safenet;
///
/// let file = br#"<Tokens><Token serial="00040008CFA5"><Applications><Application>
///     <Seed>3132333435363738393031323334353637383930</Seed><MovingFactor>7</MovingFactor>
///     </Application></Applications></Token></Tokens>"#;
/// let token = safenet::read(&file[..], UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((token.serial.as_deref(), token.state.watermark()), (Some("00040008CFA5"), Some(Counter::new(6))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    let mut xml = Xml::new(read);
    let mut has_ended = false;
    let mut count = 0;
    core::iter::from_fn(move || {
        if has_ended {
            return None;
        }
        let token = next(&mut xml, &mut count);
        has_ended = !matches!(token, Ok(Some(_)));
        let place = Place::Entry(count);
        let record = token.map_err(ImportError::of_file).transpose()?;
        Some(
            record.and_then(|token| token.record(place, now).map_err(|problem| ImportError::of_record(place, problem))),
        )
    })
}

/// A token as it is read. A part with an error decides what becomes of the token.
struct Token {
    serial: String,
    seed: Option<Result<Secret, Problem>>,
    counter: Option<Result<u64, Problem>>,
    /// The element that occurs twice.
    duplicate: Option<&'static str>,
}

impl Token {
    fn record(self, place: Place, now: UnixTime) -> Result<Record, Problem> {
        if let Some(name) = self.duplicate {
            return Err(Problem::Field(formats::Problem::Duplicate(name)));
        }
        if self.serial.trim().is_empty() {
            return Err(Problem::missing("serial"));
        }
        let secret = self.seed.ok_or(Problem::missing("Seed"))??;
        let mut notes = Vec::new();
        let fields = Fields {
            name: "",
            issuer: None,
            serial: Some(&self.serial),
            algorithm: algorithm_of_length(&secret, &mut notes)?,
            secret,
            moving: Moving::Counter(self.counter.unwrap_or(Ok(0))?),
            digits: None,
            notes,
        };
        fields.record(place, now)
    }
}

/// Reads the next token. The depth of elements is that of `Tokens`, `Token`, `Applications`, `Application`, `Seed`.
fn next<R: BufRead>(xml: &mut Xml<R>, count: &mut u64) -> Result<Option<Token>, Problem> {
    let mut token = None;
    let mut open = Vec::new();
    loop {
        let depth = xml.depth();
        match xml.step("serial")? {
            Step::Start(name, serial) => {
                if depth == 0 && name != "Tokens" {
                    return Err(Problem::NotThisFormat("XML of SafeNet or Aladdin"));
                }
                if depth == 1 && name == "Token" {
                    *count += 1;
                    let serial = serial.unwrap_or_default();
                    token = Some(Token { serial, seed: None, counter: None, duplicate: None });
                }
                open.push(name);
            }
            Step::End => {
                let name = open.pop();
                if depth == 2
                    && let Some(token) = token.take()
                {
                    return Ok(Some(token));
                }
                let (Some(token), 5) = (&mut token, depth) else { continue };
                let text = xml.text();
                match name.as_deref() {
                    Some("Seed") => {
                        let seed = text.ok_or(Problem::invalid("Seed")).and_then(|text| secret_from_hex(text, "Seed"));
                        token.duplicate = token.duplicate.or(token.seed.replace(seed).map(|_| "Seed"));
                    }
                    Some("MovingFactor") => {
                        let text = text.filter(|text| !text.is_empty()).ok_or(Problem::invalid("MovingFactor"));
                        let counter = text.and_then(|text| number(text, "MovingFactor"));
                        token.duplicate = token.duplicate.or(token.counter.replace(counter).map(|_| "MovingFactor"));
                    }
                    _ => {}
                }
            }
            Step::Eof => return Ok(None),
        }
    }
}
