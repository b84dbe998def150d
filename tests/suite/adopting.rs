//! A check of the numbers of dependencies and lines in the guide's page on adopting and in the README.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../../src/guide/adopting.md");

/// Returns the number of packages that this package needs with these features, without itself.
fn packages(arguments: &[&str]) -> usize {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--no-dedupe"]).args(arguments);
    let output = tree.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packages: BTreeSet<_> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    packages.len() - 1
}

/// Returns the arguments of `cargo tree` for the first cell of a row, or `None` for a row about something else.
fn arguments(cell: &str) -> Option<Vec<String>> {
    let names: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
    let arguments: Vec<&str> = match names[..] {
        _ if cell == "all" => vec!["-p", "secondo", "--all-features"],
        _ if cell == "none" => vec!["-p", "secondo", "--no-default-features"],
        [package] if package.starts_with("secondo-") => vec!["-p", package],
        [package, features] if package.starts_with("secondo-") => vec!["-p", package, "--features", features],
        [] => return None,
        _ => {
            return Some(
                ["-p", "secondo", "--no-default-features", "--features", &names.join(",")].map(str::to_owned).to_vec(),
            );
        }
    };
    Some(arguments.into_iter().map(str::to_owned).collect())
}

#[test]
fn dependencies_are_as_many_as_the_guide_and_the_readme_say() {
    let (_, section) = PAGE.split_once("# Dependencies").unwrap();
    let (section, _) = section.split_once("\n# ").unwrap();
    let mut rows = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let (Some(arguments), Ok(stated)) = (arguments(cells[0]), cells[1].parse::<usize>()) else { continue };
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        assert_eq!(packages(&arguments), stated, "{row}");
        rows += 1;
    }
    assert_eq!(rows, 19);

    let (default, none) = (packages(&["-p", "secondo"]), packages(&["-p", "secondo", "--no-default-features"]));
    let stated = format!("{default} crates with default features on x86-64 Linux, {none} without features");
    assert!(include_str!("../../README.md").contains(&stated), "{stated}");
}

/// Returns the number of lines in a file of Rust, or in those of a folder, without blank ones and comments.
fn lines(path: &Path) -> usize {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().map(|entry| lines(&entry.unwrap().path())).sum();
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return 0;
    }
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn examples_have_about_as_many_lines_as_the_guide_says() {
    let (_, section) = PAGE.split_once("# What is left to write").unwrap();
    let (section, _) = section.split_once("\n# ").unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut rows = 0;
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let (name, stated) = (cells[0].split('`').nth(1).unwrap(), cells[1].replace(',', "").parse::<usize>().unwrap());
        let paths = [format!("web/src/{name}"), format!("{name}.rs"), format!("{name}/src")];
        let path = paths.iter().map(|path| examples.join(path)).find(|path| path.exists());
        let found = lines(&path.unwrap_or_else(|| panic!("{name} is no example")));
        // Not every commit should have to change the page.
        assert!(stated.abs_diff(found) <= 5 + found / 10, "{row}: {found}");
        rows += 1;
    }
    assert_eq!(rows, 12);
}
