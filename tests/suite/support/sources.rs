//! The source files of a package.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The text of source files by path, without `.rs` or `/mod.rs`.
pub(crate) type Sources = BTreeMap<String, String>;

/// Reads the source files below a folder of this repository.
pub(crate) fn sources(folder: &str) -> Sources {
    let mut sources = Sources::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), "", &mut sources);
    sources
}

fn read(folder: &Path, name: &str, sources: &mut Sources) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, file) = (entry.path(), entry.file_name().into_string().unwrap());
        let stem = file.strip_suffix(".rs");
        let at = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}/{part}") };
        match stem {
            None if path.is_dir() => read(&path, &at(&file), sources),
            None => {}
            Some("mod") => drop(sources.insert(name.to_owned(), fs::read_to_string(path).unwrap())),
            Some(stem) => drop(sources.insert(at(stem), fs::read_to_string(path).unwrap())),
        }
    }
}
