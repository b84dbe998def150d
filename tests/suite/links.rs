//! A check of the pages in Markdown: their links lead to files and headings of this repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the pages below a folder, without what builds and package managers wrote.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules", "corpus"].contains(&name) {
            pages.extend(self::pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages
}

/// Returns the targets of the links of a page, without its blocks of code.
fn links(page: &str) -> Vec<&str> {
    let texts = page.split("```").step_by(2);
    texts.flat_map(|text| text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next())).collect()
}

/// Returns the anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> Vec<String> {
    let lines = page.split("```").step_by(2).flat_map(str::lines);
    let headings = lines.filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// Returns what is wrong with the links of a page at this path.
fn faults(path: &Path, page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for link in links(page) {
        // rustdoc checks the links to items.
        if link.contains("://") || link.contains("::") || link.starts_with("mailto:") {
            continue;
        }
        let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
        let target = if file.is_empty() { path.to_owned() } else { path.parent().unwrap().join(file) };
        if !target.exists() {
            faults.push(format!("{}: {link}", path.display()));
        } else if let Some(anchor) = anchor {
            let headings = if file.is_empty() { page.to_owned() } else { fs::read_to_string(&target).unwrap() };
            if !anchors(&headings).contains(&anchor.to_owned()) {
                faults.push(format!("{}: {link} has no heading", path.display()));
            }
        }
    }
    faults
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = pages(root);
    assert!(pages.len() > 30, "{pages:?}");
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    assert!(pages.iter().map(|path| links(&read(path)).len()).sum::<usize>() > 100);
    let found: Vec<_> = pages.iter().flat_map(|path| faults(path, &read(path))).collect();
    assert!(found.is_empty(), "{found:#?}");

    let readme = root.join("README.md");
    let planted =
        "[a](SECURITY.md) [b](SECURITY.md#constant-time) [c](MISSING.md) [d](SECURITY.md#missing) [e](#here)\n# Here";
    assert_eq!(faults(&readme, planted).len(), 2);
}
