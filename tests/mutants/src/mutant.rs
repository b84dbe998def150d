//! A mutant, and the key that names it in `reviewed.txt`.

use std::fmt;
use std::ops::Range;

/// A change in one place of a function that a test should notice.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    pub(crate) file: String,
    /// The name of the function, after that of its type or trait.
    pub(crate) function: String,
    pub(crate) change: String,
    /// The number among equal changes in functions of this name, from 1.
    pub(crate) ordinal: usize,
    pub(crate) line: usize,
    pub(crate) edit: Edit,
}

/// The place of a change in the source, in bytes, and what is there instead.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// The body of a function, which starts here, returns a value at once.
    Return { at: usize, value: String },
    /// An expression is another one.
    Replace { range: Range<usize>, by: String },
    /// The arm of a match whose pattern ends here never matches.
    DeleteArm { at: usize },
}

/// Writes the key. It has no line number, so that it stays the same when other functions change.
impl fmt::Display for Mutant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, function, change, ordinal, .. } = self;
        write!(formatter, "{file} {function}: {change} #{ordinal}")
    }
}
