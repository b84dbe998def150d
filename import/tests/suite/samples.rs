//! Files of other projects, which are not in this repository.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use secondo_import::{Format, Unlock};

use crate::support::moved_at;

/// Prints what is read of every file in the folder `SAMPLES`, and the reasons for the rest.
///
/// A file `NAME` is read with the key in `NAME.key`, in hexadecimal, or the passphrase in `NAME.passphrase`.
#[test]
#[ignore = "a person runs it: `SAMPLES=folder cargo test -p secondo-import --test suite -- --ignored --nocapture samples`"]
fn samples_of_other_projects() {
    let folder = PathBuf::from(env::var("SAMPLES").unwrap());
    let mut files = Vec::new();
    walk(&folder, &mut files);
    files.sort();
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let beside = |kind: &str| fs::read_to_string(format!("{}.{kind}", path.display())).ok();
        let (key, passphrase) = (beside("key"), beside("passphrase"));
        let key = key.map(|key| bytes_of(key.trim()));
        let mut unlock = Unlock::new();
        if let Some(passphrase) = &passphrase {
            unlock = unlock.with_passphrase(passphrase.trim_end());
        }
        if let Some(key) = &key {
            unlock = unlock.with_key(key);
        }
        let name = path.strip_prefix(&folder).unwrap().display();
        let Some(format) = Format::recognize(&bytes) else {
            println!("{name}: no known format");
            continue;
        };
        let (mut read, mut refused) = (0, BTreeMap::<String, usize>::new());
        for record in format.read(bytes.as_slice(), &unlock, moved_at()) {
            match record {
                Ok(_) => read += 1,
                Err(error) => *refused.entry(error.problem.to_string()).or_default() += 1,
            }
        }
        println!("{name}: {format}, {read} read");
        for (reason, count) in refused {
            println!("    {count} not: {reason}");
        }
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let is_credential = path.extension().is_some_and(|kind| kind == "key" || kind == "passphrase");
        if path.is_dir() {
            walk(&path, files);
        } else if !is_credential {
            files.push(path);
        }
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
