//! Logins through PAM modules of other projects, with their files in a folder of the test's own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{self, Command, Output, Stdio};

pub(crate) struct Pam {
    folder: PathBuf,
}

impl Pam {
    /// Creates a folder with a PAM service that uses `module`.
    ///
    /// `arguments` returns the module's arguments for the path of its state file.
    pub(crate) fn new(test: &str, module: &str, arguments: impl Fn(&str) -> String) -> Self {
        let pam = Self { folder: std::env::temp_dir().join(format!("secondo-{}-{test}", process::id())) };
        fs::create_dir_all(pam.folder.join("services")).unwrap();
        let arguments = arguments(pam.file().to_str().unwrap());
        fs::write(pam.folder.join("services/tested"), format!("auth required {module} {arguments}\n")).unwrap();
        fs::write(pam.folder.join("services/other"), "auth required pam_deny.so\n").unwrap();
        pam
    }

    /// Returns the path of the module's state file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub(crate) fn write(&self, text: &str) {
        let _absent = fs::remove_file(self.file());
        fs::write(self.file(), text).unwrap();
        fs::set_permissions(self.file(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn read(&self) -> Vec<u8> {
        fs::read(self.file()).unwrap()
    }

    /// Returns `true` if the module accepts the user's response, in the time zone `zone`.
    pub(crate) fn login(&self, user: &str, response: &str, zone: &str) -> bool {
        let mut pamtester = Command::new("pamtester");
        pamtester.args(["tested", user, "authenticate"]).env("TZ", zone).env("LD_PRELOAD", "libpam_wrapper.so");
        pamtester.env("PAM_WRAPPER", "1").env("PAM_WRAPPER_SERVICE_DIR", self.folder.join("services"));
        let output = run(&mut pamtester, "pamtester", response);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !said.contains("cannot be preloaded"),
            "libpam_wrapper.so is missing; install it with `apt-get install libpam-wrapper`: {said}"
        );
        output.status.success()
    }
}

impl Drop for Pam {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Runs a program of a Debian package to its end.
pub(crate) fn run(command: &mut Command, package: &str, input: &str) -> Output {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("{command:?} cannot be run ({error}); install it with `apt-get install {package}`, or run tests/run")
    });
    // Some programs end without reading the input.
    let _closed = writeln!(child.stdin.take().unwrap(), "{input}");
    child.wait_with_output().unwrap()
}
