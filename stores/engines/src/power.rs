//! The power is cut at random moments of a process whose calls `strace` recorded.
//!
//! An image has all that was synced before the moment, and of the writes after that all, none, the first ones, or a
//! random selection of sectors. Names of files are taken as lasting at once, as the calls made them.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use rand::RngExt;

use crate::accounts::{Found, compare, inspected};
use crate::damage::write_image;
use crate::engine::{Error, Kind};

const ACCOUNTS: usize = 512;
const SECTOR: usize = 512;
const CALLS: &str = "openat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,sync_file_range,ftruncate,fallocate,\
                     rename,renameat,renameat2,unlink,unlinkat,mkdir,rmdir,lseek,link,linkat,copy_file_range,dup,dup2,dup3";

enum Call {
    Open {
        path: String,
        create: bool,
        truncate: bool,
    },
    /// A write, without an offset at the end of the file.
    Write {
        path: String,
        offset: Option<usize>,
        bytes: Vec<u8>,
    },
    Length {
        path: String,
        length: usize,
    },
    /// A sync, of the writes before this number of calls.
    Sync {
        path: String,
        before: usize,
    },
    Remove {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Folder {
        path: String,
    },
    Acknowledged {
        account: usize,
        number: String,
    },
}

#[derive(Default)]
struct OnDisk {
    synced: Vec<u8>,
    /// The writes that were not synced, each with its call.
    unsynced: Vec<(usize, Write)>,
    length: usize,
}

#[derive(Clone)]
enum Write {
    Sector(usize, Vec<u8>),
    Length(usize),
}

impl Write {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Sector(start, bytes) => {
                image.resize(image.len().max(start + bytes.len()), 0);
                image[*start..start + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => image.resize(*length, 0),
        }
    }
}

#[derive(Default)]
struct Disk {
    files: Vec<OnDisk>,
    names: BTreeMap<String, usize>,
    folders: Vec<String>,
    acknowledged: Found,
}

pub(crate) fn power(kind: Kind, cuts: usize, turns: usize) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let (data, log, image) = (folder.path().join("data"), folder.path().join("log"), folder.path().join("image"));
    fs::create_dir(&data)?;
    let status = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", "67108864", "-e", &format!("trace={CALLS}"), "-o"])
        .arg(&log)
        .arg(std::env::current_exe()?)
        .args(["work", &kind.to_string()])
        .arg(&data)
        .args([ACCOUNTS.to_string(), turns.to_string()])
        .stdout(File::create(folder.path().join("acknowledged"))?)
        .status()?;
    if !status.success() {
        return Err(format!("{kind}: the traced process failed").into());
    }
    let calls = parse(&log, &data)?;
    fs::remove_file(&log)?;
    let mut disk = Disk::default();
    let mut rng = rand::rng();
    let mut left = cuts;
    let [mut lost, mut torn, mut refused, mut creating, mut dropped] = [0; 5];
    for (n, call) in calls.iter().enumerate() {
        disk.perform(n, call)?;
        // Each remaining call is as likely as any other to be the last before a cut.
        if rng.random_range(0..calls.len() - n) >= left {
            continue;
        }
        left -= 1;
        dropped += disk.write(&image, left % 4)?;
        match inspected(kind, &image, ACCOUNTS)? {
            Ok(found) => {
                let (wrong, first) = compare(&disk.acknowledged, &found);
                lost += usize::from(wrong > 0);
                torn += usize::from(found.values().any(|found| found == "torn"));
                if let Some(first) = first {
                    println!("{kind}, call {n} of {}: {wrong} accounts, {first}", calls.len());
                }
            }
            Err(_) if disk.acknowledged.is_empty() => creating += 1,
            Err(why) => {
                refused += 1;
                println!("{kind}, call {n} of {}: {why}", calls.len());
            }
        }
    }
    let exchanges: u64 = disk.acknowledged.values().filter_map(|number| number.parse::<u64>().ok()).sum();
    println!(
        "| {kind} | {cuts} cuts, {dropped} sectors dropped | {exchanges} exchanges | {lost} cuts with losses | \
         {torn} torn | {refused} not opened | {creating} not opened when cut before the first exchange |"
    );
    Ok(())
}

impl Disk {
    fn perform(&mut self, n: usize, call: &Call) -> Result<(), Error> {
        match call {
            Call::Open { path, create, truncate } => {
                if *create && !self.names.contains_key(path) {
                    self.names.insert(path.clone(), self.files.len());
                    self.files.push(OnDisk::default());
                }
                if *truncate {
                    self.change(n, path, Write::Length(0))?;
                }
            }
            Call::Write { path, offset, bytes } => {
                let (mut start, mut rest) = (offset.unwrap_or(self.file(path)?.length), bytes.as_slice());
                while !rest.is_empty() {
                    let (sector, after) = rest.split_at(rest.len().min(SECTOR - start % SECTOR));
                    self.change(n, path, Write::Sector(start, sector.to_vec()))?;
                    (start, rest) = (start + sector.len(), after);
                }
            }
            Call::Length { path, length } => self.change(n, path, Write::Length(*length))?,
            Call::Sync { path, before } => {
                if let Some(file) = self.names.get(path) {
                    let file = &mut self.files[*file];
                    let count = file.unsynced.iter().take_while(|(call, _)| call < before).count();
                    file.unsynced.drain(..count).for_each(|(_, write)| write.apply(&mut file.synced));
                }
            }
            Call::Remove { path } => _ = self.names.remove(path),
            Call::Rename { from, to } => {
                let file = self.names.remove(from).ok_or("an unknown name")?;
                self.names.insert(to.clone(), file);
            }
            Call::Folder { path } => self.folders.push(path.clone()),
            Call::Acknowledged { account, number } => _ = self.acknowledged.insert(*account, number.clone()),
        }
        Ok(())
    }

    fn file(&mut self, path: &str) -> Result<&mut OnDisk, Error> {
        let file = self.names.get(path).ok_or_else(|| format!("no file {path}"))?;
        Ok(&mut self.files[*file])
    }

    fn change(&mut self, n: usize, path: &str, write: Write) -> Result<(), Error> {
        let file = self.file(path)?;
        file.length = match &write {
            Write::Sector(start, bytes) => file.length.max(start + bytes.len()),
            Write::Length(length) => *length,
        };
        file.unsynced.push((n, write));
        Ok(())
    }

    /// Writes what is left after a cut, and returns the number of writes that are lost.
    fn write(&self, image: &Path, selection: usize) -> Result<usize, Error> {
        let mut rng = rand::rng();
        let mut unsynced: Vec<_> = self.files.iter().flat_map(|file| &file.unsynced).map(|(call, _)| *call).collect();
        unsynced.sort_unstable();
        let last = if unsynced.is_empty() { 0 } else { unsynced[rng.random_range(0..unsynced.len())] };
        let mut dropped = 0;
        let mut files = Vec::new();
        for (name, file) in &self.names {
            let mut bytes = self.files[*file].synced.clone();
            for (call, write) in &self.files[*file].unsynced {
                let survives = match selection {
                    0 => true,
                    1 => false,
                    2 => *call < last,
                    _ => rng.random(),
                };
                if survives { write.apply(&mut bytes) } else { dropped += 1 }
            }
            files.push((PathBuf::from(name), bytes));
        }
        write_image(image, &self.folders, &files)?;
        Ok(dropped)
    }
}

/// Reads the calls on files below the folder, with paths as from there.
fn parse(log: &Path, data: &Path) -> Result<Vec<Call>, Error> {
    let mut calls = Vec::new();
    let mut begun: HashMap<String, (usize, String)> = HashMap::new();
    let mut appending: HashMap<String, bool> = HashMap::new();
    let mut offsets: HashMap<String, usize> = HashMap::new();
    let root = format!("{}/", data.display());
    for line in BufReader::new(File::open(log)?).lines() {
        let line = line?;
        let (thread, rest) = line.split_once(' ').ok_or("a line without a thread")?;
        let rest = rest.trim_start();
        if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(thread.into(), (calls.len(), start.into()));
            continue;
        }
        let (at, text) = match rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, end)) => {
                let (at, start) = begun.remove(thread).ok_or("a call that did not begin")?;
                (at, start + end)
            }
            None => (calls.len(), rest.to_owned()),
        };
        let Some((name, arguments)) = text.split_once('(') else { continue };
        let Some((arguments, result)) = arguments.rsplit_once(" = ") else { continue };
        if result.starts_with('-') || name.starts_with(['+', '-']) {
            continue;
        }
        let arguments = arguments.trim_end().strip_suffix(')').ok_or("a call without an end")?;
        let arguments: Vec<_> = arguments.split(", ").collect();
        let (fd, path) = arguments[0].split_once('<').map_or((arguments[0], String::new()), |(fd, path)| {
            (fd, String::from_utf8(unescape(path.trim_end_matches('>'))).unwrap_or_default())
        });
        let below = |path: &str| path.strip_prefix(&root).filter(|path| !path.ends_with("-shm")).map(String::from);
        let named = |n: usize| String::from_utf8(unescape(arguments[n])).map(|path| below(&path));
        if name == "write" && fd == "1" {
            let text = String::from_utf8(unescape(arguments[1]))?;
            let (account, number) = text.trim_end().split_once(' ').ok_or("no number")?;
            calls.push(Call::Acknowledged { account: account.parse()?, number: number.into() });
            continue;
        }
        match (name, below(&path)) {
            ("openat", _) => {
                let Some(path) = named(1)? else { continue };
                let has = |flag| arguments[2].contains(flag);
                let fd = result.split_once('<').map_or(result, |(fd, _)| fd).to_owned();
                appending.insert(fd.clone(), has("O_APPEND"));
                offsets.insert(fd, 0);
                if !has("O_DIRECTORY") {
                    calls.push(Call::Open { path, create: has("O_CREAT"), truncate: has("O_TRUNC") });
                }
            }
            ("mkdir", _) => calls.extend(named(0)?.map(|path| Call::Folder { path })),
            ("unlink", _) => calls.extend(named(0)?.map(|path| Call::Remove { path })),
            ("unlinkat", _) => calls.extend(named(1)?.map(|path| Call::Remove { path })),
            ("rename", _) => calls.extend(named(0)?.zip(named(1)?).map(|(from, to)| Call::Rename { from, to })),
            ("renameat" | "renameat2", _) => {
                calls.extend(named(1)?.zip(named(3)?).map(|(from, to)| Call::Rename { from, to }));
            }
            (_, None) => {}
            ("lseek", Some(_)) => _ = offsets.insert(fd.into(), result.parse()?),
            ("write", Some(path)) => {
                let bytes = unescape(arguments[1]);
                let offset = if appending.get(fd) == Some(&true) { None } else { offsets.get(fd).copied() };
                if let Some(offset) = offsets.get_mut(fd) {
                    *offset += bytes.len();
                }
                calls.push(Call::Write { path, offset, bytes });
            }
            ("pwrite64", Some(path)) => {
                let (bytes, offset) = (unescape(arguments[1]), Some(arguments[3].parse()?));
                calls.push(Call::Write { path, offset, bytes });
            }
            ("ftruncate", Some(path)) => calls.push(Call::Length { path, length: arguments[1].parse()? }),
            ("fsync" | "fdatasync", Some(path)) => calls.push(Call::Sync { path, before: at }),
            (name, Some(path)) => return Err(format!("{name} of {path}").into()),
        }
    }
    Ok(calls)
}

/// Returns the bytes of a string that `strace` printed in hexadecimal.
fn unescape(text: &str) -> Vec<u8> {
    let digits = text.trim_matches('"').split("\\x").skip(1);
    digits.filter_map(|digits| u8::from_str_radix(digits, 16).ok()).collect()
}
