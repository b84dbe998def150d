//! Programs of others that tests install.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Installs packages at the first run and whenever their list has changed, and returns their folder.
pub(crate) fn installed(name: &str, list: &Path, install: impl FnOnce(&Path)) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (list, done) = (fs::read(list).unwrap(), folder.join("installed"));
    if fs::read(&done).is_ok_and(|installed| installed == list) {
        return folder;
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    install(&folder);
    fs::write(done, list).unwrap();
    folder
}

/// Installs the packages of npm that this file `package.json` lists.
pub(crate) fn npm(name: &str, list: &Path) -> PathBuf {
    installed(name, list, |folder| {
        fs::copy(list, folder.join("package.json")).unwrap();
        succeed(Command::new("npm").args(["install", "--silent", "--no-package-lock"]).current_dir(folder));
    })
}

pub(crate) fn succeed(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// Returns a path in the folder of the tests.
pub(crate) fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite").join(path)
}
