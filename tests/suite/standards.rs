//! A check of the page on standards: each row names an existing test, or the reason why there is none.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Returns the names of the tests in a file of this repository, or none if there is no such file.
fn tests_of(file: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default();
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim_start) {
        let function = line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split_once('('));
        tests.extend(function.filter(|_| is_test).map(|(name, _)| name.to_owned()));
        let is_attribute = ["#[test]", "#[tokio::test"].iter().any(|attribute| line.starts_with(attribute));
        is_test = is_attribute || is_test && line.starts_with("#[");
    }
    tests
}

fn problem(row: &str) -> Option<String> {
    let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").collect();
    let [_, _, place, tests] = cells[..] else { return Some(format!("{} cells", cells.len())) };
    if tests == "-" {
        let has_reason = ["left to the provider", "not done", "no test"].iter().any(|reason| place.contains(reason));
        return (!has_reason).then(|| "no test and no reason".to_owned());
    }
    let (mut in_file, mut count) = (BTreeSet::new(), 0);
    for name in tests.split('`').skip(1).step_by(2) {
        if name.contains('/') {
            in_file = tests_of(name);
        } else if in_file.contains(name) {
            count += 1;
        } else {
            return Some(format!("{name} is no test"));
        }
    }
    (count == 0).then(|| "no test".to_owned())
}

#[test]
fn each_row_names_a_test() {
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| section ");
    let rows: Vec<_> = include_str!("../../src/standards.md").lines().filter(is_row).collect();
    assert!(rows.len() > 200, "{}", rows.len());
    let problems: Vec<_> = rows.iter().filter_map(|row| Some(format!("{}: {row}", problem(row)?))).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));

    for (wrong, found) in [
        ("| 1 | asks | where | `tests/suite/vectors.rs` `rfc4226_appendix_e` |", "rfc4226_appendix_e is no test"),
        ("| 1 | asks | where | `tests/suite/vectors.rs` `rows` |", "rows is no test"),
        ("| 1 | asks | where | `tests/suite/vector.rs` `rfc4226_appendix_d` |", "rfc4226_appendix_d is no test"),
        ("| 1 | asks | where | `tests/suite/vectors.rs` |", "no test"),
        ("| 1 | asks | where | - |", "no test and no reason"),
        ("| 1 | asks | - |", "3 cells"),
    ] {
        assert_eq!(problem(wrong).as_deref(), Some(found), "{wrong}");
    }
}
