//! A check of the page on dependencies: it has exactly the packages of `Cargo.toml` and `Cargo.lock`, and notes on
//! those that see secrets.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::collections::{BTreeMap, BTreeSet};

use crate::packages::{cargo, published};

const PAGE: &str = include_str!("../../src/dependencies.md");

/// Indirect dependencies that see secrets. A direct one has a note, or the page says that it sees none.
const SEE_SECRETS: &str = "aead block-buffer cipher combine crypto-bigint ctr ctutils digest ecdsa elliptic-curve ff \
    ghash group hybrid-array inout md-5 percent-encoding postgres-protocol primefield primeorder rfc6979 ring \
    rustls-pki-types salsa20 secrecy stringprep subtle tinyvec tokio-rustls tokio-util unicode-normalization \
    universal-hash url wnaf";

type Names = BTreeSet<String>;

/// Returns the names in backticks in one column of each section of a page, by the section's heading, and the names that
/// a section has twice.
fn tables(page: &str, column: impl Fn(&str) -> usize) -> (BTreeMap<String, Names>, Vec<String>) {
    let (mut tables, mut twice) = (BTreeMap::<String, Names>::new(), Vec::new());
    for section in page.split("\n# ").skip(1) {
        let heading = section.lines().next().unwrap();
        let names = tables.entry(heading.to_owned()).or_default();
        for row in section.lines().filter(|line| line.starts_with("| ")) {
            let cell = row.trim_matches(['|', ' ']).split(" | ").nth(column(heading)).unwrap_or_default();
            for name in cell.split('`').skip(1).step_by(2) {
                if !names.insert(name.to_owned()) {
                    twice.push(format!("{heading}: {name}"));
                }
            }
        }
    }
    (tables, twice)
}

/// Returns what differs between the page and the dependencies of the packages: `direct` by the package, and `all` that
/// are compiled.
fn differences(page: &str, direct: &BTreeMap<String, Names>, all: &Names) -> Vec<String> {
    let (mut tables, twice) = tables(page, |heading| usize::from(heading == "Indirect dependencies"));
    let mut differences: Vec<_> = twice.into_iter().map(|name| format!("{name} is there twice")).collect();
    let mut compare = |heading: &str, wanted: &Names, stated: &Names| {
        differences.extend(wanted.difference(stated).map(|name| format!("{heading}: {name} is missing")));
        differences.extend(stated.difference(wanted).map(|name| format!("{heading}: {name} is no dependency")));
    };
    let mut indirect = all.clone();
    for (package, wanted) in direct {
        let heading = format!("Direct dependencies of `{package}`");
        compare(&heading, wanted, &tables.remove(&heading).unwrap_or_default());
        indirect.retain(|name| !wanted.contains(name));
    }
    let heading = "Indirect dependencies";
    compare(heading, &indirect, &tables.remove(heading).unwrap_or_default());
    let mut noted = tables.remove("What they do with secrets").unwrap_or_default();
    let none = tables.remove("Direct dependencies that see no secrets").unwrap_or_default();
    differences.extend(noted.intersection(&none).map(|name| format!("notes: {name} sees secrets and none")));
    noted.extend(none);
    let mut wanted: Names = direct.values().flatten().cloned().collect();
    wanted.extend(all.iter().filter(|name| SEE_SECRETS.split(' ').any(|other| other == name.as_str())).cloned());
    differences.extend(wanted.difference(&noted).map(|name| format!("notes: {name} is missing")));
    differences.extend(noted.difference(all).map(|name| format!("notes: {name} is no dependency")));
    differences
}

/// Returns the direct dependencies of each published package, and all that are compiled for any of them.
fn dependencies() -> (BTreeMap<String, Names>, Names) {
    let (mut direct, mut all) = (BTreeMap::new(), Names::new());
    for package in published() {
        let name = package["name"].as_str().unwrap();
        let needed = package["dependencies"].as_array().unwrap().iter().filter(|needed| needed["kind"].is_null());
        let names = needed.map(|needed| needed["name"].as_str().unwrap().to_owned());
        direct.insert(name.to_owned(), names.filter(|name| name != "secondo").collect());

        let edges = ["--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{p}"];
        let tree = cargo(&[&["tree", "--locked", "--all-features", "--package", name][..], &edges].concat());
        all.extend(tree.lines().map(|line| line.split(' ').next().unwrap().to_owned()));
    }
    all.retain(|name| !direct.contains_key(name));
    (direct, all)
}

#[test]
fn the_page_lists_exactly_the_dependencies() {
    let (direct, all) = dependencies();
    assert_eq!(differences(PAGE, &direct, &all), [""; 0]);
}

#[test]
fn planted_faults_of_the_page_are_found() {
    let page = "intro\n# Direct dependencies of `a`\n| `b` | why | who |\n| `b` | why | who |\n\
        # Indirect dependencies\n| who | `c` `d` | what |\n# What they do with secrets\n| `b` `e` | what | how |\n\
        # Direct dependencies that see no secrets\n| `b` | what |\n";
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Names>();
    let direct = BTreeMap::from([("a".to_owned(), names(&["b", "f"]))]);
    assert_eq!(
        differences(page, &direct, &names(&["b", "c", "f", "ff"])),
        [
            "Direct dependencies of `a`: b is there twice",
            "Direct dependencies of `a`: f is missing",
            "Indirect dependencies: ff is missing",
            "Indirect dependencies: d is no dependency",
            "notes: b sees secrets and none",
            "notes: f is missing",
            "notes: ff is missing",
            "notes: e is no dependency",
        ]
    );
}
