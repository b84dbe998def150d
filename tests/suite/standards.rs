//! A check of the pages on standards, threats, incidents and differences: each row names an existing test, or the
//! reason why there is none.

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

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches(['|', ' ']).split(" | ").collect()
}

/// Returns the fault of a row of a table with this number of columns, of which the last one has the tests.
fn problem(columns: usize, row: &str) -> Option<String> {
    let cells = cells(row);
    let Some((tests, rest)) = cells.split_last().filter(|_| cells.len() == columns) else {
        return Some(format!("{} cells", cells.len()));
    };
    if *tests == "-" {
        let has_reason = ["left to the provider", "not done", "no test"]
            .iter()
            .any(|reason| rest.iter().any(|cell| cell.contains(reason)));
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

/// Returns the faults of all tables of a page whose last column is called "test", and checks that they have this number
/// of rows.
fn problems(page: &str, rows: std::ops::Range<usize>) -> Vec<String> {
    let (mut columns, mut count, mut problems) = (None, 0, Vec::new());
    let mut before = "";
    for line in page.lines() {
        if line.starts_with("|---") {
            columns = Some(cells(before)).filter(|header| header.last() == Some(&"test")).map(|header| header.len());
        } else if !line.starts_with('|') {
            columns = None;
        } else if let Some(columns) = columns {
            count += 1;
            problems.extend(problem(columns, line).map(|problem| format!("{problem}: {line}")));
        }
        before = line;
    }
    assert!(rows.contains(&count), "{count} rows, not {rows:?}");
    problems
}

#[test]
fn each_row_names_a_test() {
    for (page, rows) in [
        (include_str!("../../src/standards.md"), 200..400),
        (include_str!("../../src/guide/threats.md"), 20..100),
        (include_str!("../../src/guide/incidents.md"), 20..100),
        (include_str!("../../src/guide/moving.md"), 5..50),
    ] {
        let problems = problems(page, rows);
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}

/// Returns the first cells of the rows of a page that name an attacker.
fn attackers(page: &str) -> BTreeSet<&str> {
    let (mut is_attacker, mut attackers) = (false, BTreeSet::new());
    for line in page.lines() {
        if line.starts_with("| attacker |") {
            is_attacker = true;
        } else if !line.starts_with('|') {
            is_attacker = false;
        } else if is_attacker && !line.starts_with("|---") {
            attackers.insert(cells(line)[0]);
        }
    }
    attackers
}

#[test]
fn each_attacker_of_the_security_policy_has_a_test_in_the_threat_model() {
    let security = attackers(include_str!("../../SECURITY.md"));
    let threats = attackers(include_str!("../../src/guide/threats.md"));
    assert!(security.len() > 20, "{security:?}");
    assert_eq!(security.difference(&threats).collect::<Vec<_>>(), [&""; 0]);
}

#[test]
fn planted_faults_of_rows_are_found() {
    for (wrong, found) in [
        ("| 1 | asks | where | `tests/suite/vectors.rs` `rfc4226_appendix_e` |", "rfc4226_appendix_e is no test"),
        ("| 1 | asks | where | `tests/suite/vectors.rs` `rows` |", "rows is no test"),
        ("| 1 | asks | where | `tests/suite/vector.rs` `rfc4226_appendix_d` |", "rfc4226_appendix_d is no test"),
        ("| 1 | asks | where | `tests/suite/vectors.rs` |", "no test"),
        ("| 1 | asks | where | - |", "no test and no reason"),
        ("| 1 | asks | - |", "3 cells"),
    ] {
        let page = format!(
            "| section | asks | where | test |\n|---|---|---|---|\n{wrong}\n\n| section | asks |\n|---|---|\n| 1 | - |"
        );
        assert_eq!(problems(&page, 1..2), [format!("{found}: {wrong}")]);
    }
}
