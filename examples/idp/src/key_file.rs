//! The file with the master keys, beside the data. Without it, nothing in the store can be opened again.
//!
//! Each line is the number of a key and 32 bytes in hexadecimal digits. The first line is the key that seals. During a
//! rotation there is a second one: the next key until it seals, and the one before until nothing is sealed with it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use sha2::{Digest, Sha256};

use crate::app::random_hex;
use crate::outage::Failure;

/// The keys of a key file, the one that seals first.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyFile {
    path: PathBuf,
    keys: Vec<(u32, String)>,
}

/// Returns the permissions of a file or folder.
pub(crate) fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

/// Returns `true` for the permissions of a file whose secrets others can read or replace.
pub(crate) const fn is_exposed(mode: u32) -> bool {
    // A group may read them, since a container's mount belongs to one.
    mode & 0o027 != 0
}

impl KeyFile {
    /// Reads the file, or creates it with a random key.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self, Failure> {
        let keys = vec![(1, random_hex()?)];
        let new = Self { path: path.to_owned(), keys };
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                file.write_all(new.text().as_bytes())?;
                file.sync_all()?;
                sync_folder(path)?;
                Ok(new)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(format!("{}: {error}", path.display()).into()),
        }
    }

    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let named = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let mode = mode(path).map_err(|error| named(&error))?;
        if is_exposed(mode) {
            return Err(named(&format!(
                "others can use the keys (mode {mode:04o}): run `chmod 600` on it, or for a mount in a container, set its \
                 mode to 0440 and the group of the process (in Kubernetes, `defaultMode: 0440` and `fsGroup`)"
            ))
            .into());
        }
        let text = fs::read_to_string(path).map_err(|error| named(&error))?;
        let key = |(at, line): (usize, &str)| -> Result<(u32, String), String> {
            let wrong = |why: &dyn fmt::Display| named(&format!("line {}: {why}", at + 1));
            let parts = line.split_once(' ').and_then(|(number, key)| Some((number.parse().ok()?, key)));
            let (number, key) =
                parts.ok_or_else(|| wrong(&"a key must be a number, a space and 64 hexadecimal digits"))?;
            LocalMasterKey::from_hex(key).map_err(|error| wrong(&error))?;
            Ok((number, key.to_owned()))
        };
        // A third line is too many already.
        let keys: Vec<_> = text.lines().enumerate().take(3).map(key).collect::<Result<_, _>>()?;
        if !(1..=2).contains(&keys.len()) {
            return Err(named(&"there must be 1 or 2 keys, each on a line").into());
        }
        Ok(Self { path: path.to_owned(), keys })
    }

    /// Replaces the file as a whole, so that a crash leaves the old one or the new one.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let new = self.path.with_extension("key.new");
        // One may be left of a rotation that was interrupted.
        if let Err(error) = fs::remove_file(&new)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error.into());
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        Ok(sync_folder(&self.path)?)
    }

    /// Returns the number of the key that seals.
    pub(crate) fn active(&self) -> u32 {
        self.keys.first().map_or(0, |(number, _)| *number)
    }

    /// Returns `true` if the key that seals in another file is in this one.
    pub(crate) fn has_active_of(&self, other: &Self) -> bool {
        other.keys.first().is_some_and(|active| self.keys.contains(active))
    }

    /// Returns the number of the other key of a rotation.
    pub(crate) fn other(&self) -> Option<u32> {
        self.keys.get(1).map(|(number, _)| *number)
    }

    /// Adds the next key, which does not seal yet.
    pub(crate) fn add(&mut self) -> Result<(), Failure> {
        self.keys.push((self.active() + 1, random_hex()?));
        Ok(())
    }

    /// Makes the other key the one that seals.
    pub(crate) fn swap(&mut self) {
        self.keys.reverse();
    }

    /// Forgets the other key.
    pub(crate) fn drop_other(&mut self) {
        self.keys.truncate(1);
    }

    /// Returns the keys that seal accounts.
    pub(crate) fn ring(&self, deployment: &str) -> Result<KeyRing, Failure> {
        let deployment = Deployment::new(deployment)?;
        let key = |(number, text): &(u32, String)| -> Result<SealingKey, Failure> {
            let master = LocalMasterKey::from_hex(text)?;
            Ok(SealingKey::derive(&deployment, KeyId::new(*number), &master)?)
        };
        let mut keys = self.keys.iter().map(key);
        let active = keys.next().ok_or("the key file is empty")??;
        Ok(KeyRing::new(active, keys.collect::<Result<Vec<_>, _>>()?)?)
    }

    /// Returns the keys for another purpose, with their numbers. The first is the one that seals.
    pub(crate) fn derived(&self, purpose: &str) -> Vec<(u32, [u8; 32])> {
        let key = |text: &str| Sha256::new().chain_update(purpose).chain_update(text).finalize().into();
        self.keys.iter().map(|(number, text)| (*number, key(text))).collect()
    }

    fn text(&self) -> String {
        let lines: Vec<_> = self.keys.iter().map(|(number, key)| format!("{number} {key}\n")).collect();
        lines.concat()
    }
}

/// Tells which keys are in use, by their numbers.
impl fmt::Display for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {} seals", self.active())?;
        self.other().map_or(Ok(()), |other| write!(f, ", and key {other} opens"))
    }
}

/// Syncs the folder, so that a new name is on disk as well.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
