//! The text of a source file in which each mutant has a switch:
//! `if ::mutant_switch::on(7) { mutant } else { original }`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::mutant::{Edit, Mutant};

/// A rewritten source file.
pub(crate) struct Written {
    pub(crate) text: String,
    /// The place in the text where each mutant and its original are, by the number of the mutant.
    pub(crate) places: BTreeMap<usize, Range<usize>>,
}

/// Writes a source file with these mutants and their numbers, and without these words `const`.
pub(crate) fn write(source: &str, mutants: &[(usize, &Mutant)], consts: &[Range<usize>]) -> Written {
    let mut insertions: Vec<_> =
        mutants.iter().flat_map(|&(number, mutant)| insertions(number, &mutant.edit)).collect();
    for word in consts {
        insertions.push(Insertion::new(word.start, Order::Statement, None, "/*"));
        insertions.push(Insertion::new(word.end, Order::Statement, None, "*/"));
    }
    insertions.sort_by_key(|insertion| (insertion.at, insertion.order));

    let mut written = Written { text: String::new(), places: BTreeMap::new() };
    let mut at = 0;
    for insertion in insertions {
        written.text += &source[at..insertion.at];
        at = insertion.at;
        let start = written.text.len();
        written.text += &insertion.text;
        if let Some(number) = insertion.number {
            written.places.entry(number).or_insert(start..start).end = written.text.len();
        }
    }
    written.text += &source[at..];
    written
}

/// A text that is inserted in front of a byte of the source.
struct Insertion {
    at: usize,
    order: Order,
    /// The number of the mutant to which the text belongs.
    number: Option<usize>,
    text: String,
}

/// The order of insertions in the same place. Of two expressions, the longer one is around the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    End { length: usize },
    Statement,
    Start { length: Reverse<usize> },
}

impl Insertion {
    fn new(at: usize, order: Order, number: Option<usize>, text: impl Into<String>) -> Self {
        Self { at, order, number, text: text.into() }
    }
}

fn insertions(number: usize, edit: &Edit) -> Vec<Insertion> {
    let on = format!("::mutant_switch::on({number})");
    let insertion = |at, order, text| Insertion::new(at, order, Some(number), text);
    match edit {
        Edit::Return { at, value } => {
            vec![insertion(*at, Order::Statement, format!(" if {on} {{ return {value}; }}"))]
        }
        Edit::DeleteArm { at } => vec![insertion(*at, Order::Statement, format!(" if !{on}"))],
        Edit::Replace { range, by } => {
            let length = range.len();
            vec![
                insertion(
                    range.start,
                    Order::Start { length: Reverse(length) },
                    format!("(if {on} {{ {by} }} else {{ "),
                ),
                insertion(range.end, Order::End { length }, " })".to_owned()),
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::write;
    use crate::find::find;

    /// Returns the source with all its mutants, and their keys.
    fn rewritten(source: &str, kept: &[&str]) -> (String, Vec<String>) {
        let kept: BTreeSet<_> = kept.iter().map(|&name| name.to_owned()).collect();
        let found = find("a.rs", source, &kept).unwrap();
        let numbered: Vec<_> = found.mutants.iter().enumerate().collect();
        let keys = found.mutants.iter().map(ToString::to_string).collect();
        // The name of the switch is long.
        (write(source, &numbered, &found.consts).text.replace("::mutant_switch::on", "on"), keys)
    }

    #[test]
    fn a_body_returns_other_values() {
        let (text, keys) = rewritten("fn count(&self) -> Option<u8> { self.0 }", &[]);
        let switches = "if on(0) { return None; } if on(1) { return Some(0); } if on(2) { return Some(1); }";
        assert_eq!(text, format!("fn count(&self) -> Option<u8> {{ {switches} self.0 }}"));
        assert_eq!(keys, ["None", "Some(0)", "Some(1)"].map(|value| format!("a.rs count: return {value} #1")));
    }

    #[test]
    fn the_longer_of_two_expressions_is_around_the_other() {
        let (text, keys) = rewritten("impl A { fn drop(&self) { self.a - 1 - 2; } }", &[]);
        let inner = "(if on(0) { self.a + 1 } else { self.a - 1 })";
        let outer = format!("(if on(1) {{ (self.a - 1) + 2 }} else {{ {inner} - 2 }})");
        assert_eq!(text, format!("impl A {{ fn drop(&self) {{ {outer}; }} }}"));
        assert_eq!(keys, ["a.rs A::drop: - -> + #1", "a.rs A::drop: - -> + #2"]);
    }

    #[test]
    fn negations_are_deleted_and_a_condition_with_let_stays() {
        let (text, keys) = rewritten("fn drop() { if !a && let Some(b) = c {} }", &[]);
        assert_eq!(text, "fn drop() { if (if on(0) { a } else { !a }) && let Some(b) = c {} }");
        assert_eq!(keys, ["a.rs drop: delete ! #1"]);
    }

    #[test]
    fn guards_are_replaced_and_arms_before_a_wildcard_deleted() {
        let (text, keys) = rewritten("fn drop() { match a { 1 => {} n if is(n) => {} _ => {} } }", &[]);
        let guard = "(if on(1) { true } else { (if on(2) { false } else { is(n) }) })";
        assert_eq!(text, format!("fn drop() {{ match a {{ 1 if !on(0) => {{}} n if {guard} => {{}} _ => {{}} }} }}"));
        assert_eq!(
            keys,
            ["delete arm 1", "guard -> true", "guard -> false"].map(|change| format!("a.rs drop: {change} #1"))
        );
    }

    #[test]
    fn constants_and_tests_stay() {
        let kept = "const A: u8 = 1 + 1; const fn kept() -> u8 { 1 + 1 } impl A { const fn new() { a() } }";
        let source = format!("{kept} #[cfg(test)] mod tests {{ fn a() {{ b() }} }}");
        let (text, keys) = rewritten(&source, &["kept", "A::new"]);
        assert_eq!(text, source);
        assert_eq!(keys, [""; 0]);
        let (text, _) = rewritten("impl B { const fn new() { a() } }", &["new", "A::new"]);
        assert_eq!(text, "impl B { /*const*/ fn new() { if on(0) { return (); } a() } }");
    }
}
