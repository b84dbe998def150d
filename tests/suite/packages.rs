//! A check of the published packages: their metadata, and the files in them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs cargo in this repository, and returns its output.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the metadata of the packages that are published.
pub(crate) fn published() -> Vec<Value> {
    let text = cargo(&["metadata", "--no-deps", "--locked", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().filter(|package| package["publish"].is_null()).cloned().collect()
}

/// Returns what the metadata of a package lacks.
fn lacks(package: &Value) -> Vec<&'static str> {
    let is_text = |name: &str| package[name].as_str().is_some_and(|text| !text.is_empty());
    let count = |name: &str| package[name].as_array().map_or(0, Vec::len);
    let has_features = package["features"].as_object().is_some_and(|features| !features.is_empty());
    let docs_have_all = package["metadata"]["docs"]["rs"]["all-features"] == Value::Bool(true);
    [
        ("a description", is_text("description")),
        ("the license", package["license"] == "MIT OR Apache-2.0"),
        ("the readme", package["readme"] == "README.md"),
        ("rust-version", is_text("rust_version")),
        // crates.io takes at most five of each.
        ("keywords", (1..=5).contains(&count("keywords"))),
        ("categories", (1..=5).contains(&count("categories"))),
        ("all features on docs.rs", docs_have_all || !has_features),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| (!is_there).then_some(name))
    .collect()
}

/// Returns what is wrong with the list of files in a package.
fn faults(files: &[&str]) -> Vec<String> {
    let texts = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "src/lib.rs"];
    let missing = texts.iter().filter(|text| !files.contains(text)).map(|text| format!("{text} is missing"));
    // Vectors are included by unit tests.
    let tests = files.iter().filter(|file| file.starts_with("tests/") && !file.starts_with("tests/vectors/"));
    missing.chain(tests.map(|file| format!("{file} cannot run without the repository"))).collect()
}

#[test]
fn every_published_package_has_its_metadata_and_texts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = published();
    assert_eq!(packages.len(), 6);
    for package in packages {
        let name = package["name"].as_str().unwrap();
        assert_eq!(lacks(&package), [""; 0], "{name}");

        let list = cargo(&["package", "--list", "--allow-dirty", "--locked", "--quiet", "--package", name]);
        let files: Vec<_> = list.lines().collect();
        assert_eq!(faults(&files), [""; 0], "{name}");

        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert_eq!(fs::read(folder.join(license)).unwrap(), fs::read(root.join(license)).unwrap(), "{name}");
        }
        let changelog = fs::read_to_string(folder.join("CHANGELOG.md")).unwrap();
        let version = package["version"].as_str().unwrap();
        let is_listed = changelog.contains(&format!("## [{version}]")) || changelog.contains("## [Unreleased]");
        assert!(is_listed, "the changelog of {name} has neither {version} nor unreleased changes");
    }
}

#[test]
fn planted_faults_of_packages_are_found() {
    let package = published().into_iter().find(|package| package["name"] == "secondo").unwrap();
    for (field, value, lacked) in [
        ("description", Value::Null, "a description"),
        ("license", "MIT".into(), "the license"),
        ("readme", Value::Null, "the readme"),
        ("rust_version", Value::Null, "rust-version"),
        ("keywords", vec!["otp"; 6].into(), "keywords"),
        ("categories", Value::Array(Vec::new()), "categories"),
        ("metadata", Value::Null, "all features on docs.rs"),
    ] {
        let mut package = package.clone();
        package[field] = value;
        assert_eq!(lacks(&package), [lacked]);
    }
    let files = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "src/lib.rs", "tests/run"];
    assert_eq!(faults(&files), ["LICENSE-APACHE is missing", "tests/run cannot run without the repository"]);
}
