//! One bit flips in the files of a database that no process has open.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::accounts::{Found, id, inspected, value};
use crate::engine::{Error, Kind, NEVER, Request};

const ACCOUNTS: usize = 5_000;
/// Bytes that are all zero in such a block hold nothing.
const BLOCK: usize = 4_096;

type Files = Vec<(PathBuf, Vec<u8>)>;

pub(crate) fn damage(kind: Kind, trials: usize) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let (data, image) = (folder.path().join("data"), folder.path().join("image"));
    fs::create_dir(&data)?;
    let (mut engine, reader) = kind.open(&data)?;
    let mut order: Vec<_> = (0..ACCOUNTS).collect();
    for number in 1..=3 {
        order.shuffle(&mut rand::rng());
        for chunk in order.chunks(64) {
            let request = |account: &usize| {
                let id = id(*account);
                let expected = reader.load(&id)?.map(|entry| entry.revision);
                Ok(Request { id, expected, put: Some((value(*account, number), NEVER)) })
            };
            engine.apply(&chunk.iter().map(request).collect::<Result<Vec<_>, Error>>()?)?;
        }
    }
    // With no call under way, the files are as a killed process leaves them.
    let killed = files(&data, &data)?;
    drop(reader);
    engine.close()?;
    let closed = files(&data, &data)?;
    for (state, files) in [("killed", killed), ("closed", closed)] {
        let mut sums = BTreeMap::new();
        for _ in 0..trials {
            let (files, place) = flip(&files);
            let folders = folders(&data, &data)?;
            write_image(&image, &folders, &files)?;
            let outcome = outcome(inspected(kind, &image, ACCOUNTS)?);
            if outcome.starts_with("WRONG") || outcome == "panic" {
                eprintln!("{kind}, {state}: {outcome}: {place}");
            }
            *sums.entry(outcome).or_insert(0) += 1;
        }
        println!("| {kind} | {state} | {trials} flips | {sums:?} |");
    }
    Ok(())
}

fn outcome(inspected: Result<Found, String>) -> &'static str {
    let found = match inspected {
        Ok(found) => found,
        Err(why) if why.starts_with("open") => return "refused at opening",
        Err(why) if why == "hang" => return "hang",
        Err(_) => return "panic",
    };
    let any = |what: &str| found.values().any(|found| found == what);
    if any("1") || any("2") {
        "WRONG: older values"
    } else if any("0") {
        "WRONG: entries missing"
    } else if any("torn") {
        "WRONG: changed value"
    } else if any("error") {
        "error at reading"
    } else {
        "all values right"
    }
}

/// Flips a bit of a block that is not empty.
fn flip(files: &Files) -> (Files, String) {
    let mut files = files.clone();
    let blocks =
        |bytes: &[u8]| bytes.chunks(BLOCK).map(|block| block.iter().any(|byte| *byte != 0)).collect::<Vec<_>>();
    let full = |(n, (_, bytes)): (usize, &(PathBuf, Vec<u8>))| {
        let full = blocks(bytes).into_iter().enumerate().filter(|(_, full)| *full).map(|(block, _)| (n, block));
        full.collect::<Vec<_>>()
    };
    let places: Vec<_> = files.iter().enumerate().flat_map(full).collect();
    let mut rng = rand::rng();
    let (n, block) = places[rng.random_range(0..places.len())];
    let (path, bytes) = &mut files[n];
    let byte = rng.random_range(block * BLOCK..bytes.len().min((block + 1) * BLOCK));
    bytes[byte] ^= 1 << rng.random_range(0..8);
    let place = format!("byte {byte} of {} in {}", bytes.len(), path.display());
    (files, place)
}

fn files(folder: &Path, root: &Path) -> Result<Files, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, root)?);
        } else if !path.to_string_lossy().ends_with("-shm") {
            found.push((path.strip_prefix(root)?.into(), fs::read(&path)?));
        }
    }
    Ok(found)
}

fn folders(folder: &Path, root: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path.strip_prefix(root)?.to_string_lossy().into_owned());
            found.extend(folders(&path, root)?);
        }
    }
    Ok(found)
}

/// Writes files below a new folder, with holes where they are empty.
pub(crate) fn write_image(image: &Path, folders: &[String], files: &Files) -> Result<(), Error> {
    match fs::remove_dir_all(image) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir(image)?,
    }
    for folder in folders {
        fs::create_dir_all(image.join(folder))?;
    }
    for (path, bytes) in files {
        let file = File::create(image.join(path))?;
        file.set_len(bytes.len() as u64)?;
        for (n, block) in bytes.chunks(BLOCK).enumerate() {
            if block.iter().any(|byte| *byte != 0) {
                file.write_all_at(block, (n * BLOCK) as u64)?;
            }
        }
    }
    Ok(())
}
