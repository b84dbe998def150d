//! Packages of pip and npm that tests install.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Installs packages at the first run and whenever their list has changed, and returns their folder.
fn installed(name: &str, list: &Path, install: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (list, done) = (fs::read(list).unwrap(), folder.join("installed"));
    if fs::read(&done).is_ok_and(|installed| installed == list) {
        return folder;
    }
    let _absent = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    install(&folder);
    fs::write(done, list).unwrap();
    folder
}

/// Returns a command that runs this program with the packages of the `requirements.txt` beside it.
pub(crate) fn python(name: &str, program: &Path) -> Command {
    let list = program.with_file_name("requirements.txt");
    let folder = installed(name, &list, |folder| {
        succeed(Command::new("/usr/bin/python3").args(["-m", "venv"]).arg(folder));
        let pip = ["-m", "pip", "install", "--quiet", "--requirement"];
        succeed(Command::new(folder.join("bin/python")).args(pip).arg(&list));
    });
    let mut command = Command::new(folder.join("bin/python"));
    command.arg(program);
    command
}

/// Returns a command that runs this program with the packages of the `package.json` beside it.
pub(crate) fn node(name: &str, program: &Path) -> Command {
    let list = program.with_file_name("package.json");
    let folder = installed(name, &list, |folder| {
        fs::copy(&list, folder.join("package.json")).unwrap();
        succeed(Command::new("npm").args(["install", "--silent", "--no-package-lock"]).current_dir(folder));
    });
    // Modules are found beside the program.
    let copy = folder.join(program.file_name().unwrap());
    fs::copy(program, &copy).unwrap();
    let mut command = Command::new("node");
    command.arg(copy);
    command
}

fn succeed(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?} ({error}); tests/run installs it"));
    assert!(status.success(), "{command:?}");
}
