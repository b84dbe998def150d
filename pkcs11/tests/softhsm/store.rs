//! `SoftHSM`, an independent software token, with an empty token store for each test.

use std::any::type_name;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, process};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use secondo_pkcs11::{Token, TokenError};

pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const LABEL: &str = "verifier";
pub(crate) const PIN: &str = "2468-user";
const SO_PIN: &str = "1357-officer";
/// The environment variable with the path of a test process's store.
const STORE: &str = "SECONDO_TEST_TOKENS";

/// Runs the test in a process of its own, with one token in the store.
///
/// The module reads the path of its store from the environment when it is initialized, and a login holds for a whole
/// process.
pub(crate) fn with_softhsm<F: FnOnce()>(test: F) {
    if env::var_os(STORE).is_some() {
        return test();
    }
    let (_, name) = type_name::<F>().split_once("::").unwrap();
    let name = name.trim_end_matches("::{{closure}}");
    let store = Store::new(name);
    store.init_token();
    let mut child = Command::new(env::current_exe().unwrap());
    child.args([name, "--exact", "--nocapture"]).env(STORE, &store.0).env("SOFTHSM2_CONF", store.configuration());
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{}\n{text}{errors}", output.status);
}

/// Creates a second token with the same label.
pub(crate) fn second_token() {
    Store(env::var_os(STORE).unwrap().into()).init_token();
}

pub(crate) fn open() -> Result<Token, TokenError> {
    Token::open(MODULE, LABEL, PIN)
}

/// Removes all tokens from the module's store, or puts them back.
pub(crate) fn tokens_are_away(away: bool) {
    let store = PathBuf::from(env::var_os(STORE).unwrap());
    let (here, there) = (store.join("tokens"), store.join("away"));
    if away {
        fs::rename(&here, there).unwrap();
        fs::create_dir(here).unwrap();
    } else {
        fs::remove_dir(&here).unwrap();
        fs::rename(there, here).unwrap();
    }
}

/// Runs `pkcs11-tool` of `OpenSC` with a login.
pub(crate) fn pkcs11_tool(arguments: &[&str]) {
    let mut tool = Command::new("pkcs11-tool");
    tool.args(["--module", MODULE, "--token-label", LABEL, "--login", "--pin", PIN]).args(arguments);
    run(&mut tool);
}

/// Builds a module in front of `SoftHSM` that locks the PIN after three wrong ones, and returns its path.
///
/// If the file [`vanish`] is there, the module goes away in the middle of the next signature, and removes the file.
pub(crate) fn faulty_module() -> PathBuf {
    let module = PathBuf::from(env::var_os(STORE).unwrap()).join("faulty.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/softhsm/faulty.c");
    let names = [("MODULE", Path::new(MODULE)), ("VANISH", &vanish())];
    let mut compiler = Command::new("cc");
    compiler.args(names.map(|(name, path)| format!("-D{name}=\"{}\"", path.display())));
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&module).arg(source);
    run(&mut compiler);
    module
}

pub(crate) fn vanish() -> PathBuf {
    PathBuf::from(env::var_os(STORE).unwrap()).join("vanish")
}

/// Other code in the same process that uses the module as well.
pub(crate) struct Other(Pkcs11);

impl Other {
    pub(crate) fn new() -> Self {
        Self::of(Path::new(MODULE))
    }

    pub(crate) fn of(module: &Path) -> Self {
        Self(Pkcs11::new(module).unwrap())
    }

    pub(crate) fn initialize(&self) {
        self.0.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    }

    pub(crate) fn finalize(&self) {
        self.0.clone().finalize().unwrap();
    }

    /// Sets the user PIN as the security officer, who may not log in beside sessions that only read.
    pub(crate) fn reset_pin(&self, pin: &str) {
        self.finalize();
        self.initialize();
        let session = self.session();
        session.login(UserType::So, Some(&AuthPin::new(SO_PIN.into()))).unwrap();
        session.init_pin(&AuthPin::new(pin.into())).unwrap();
        session.logout().unwrap();
    }

    /// Returns the serial numbers of all tokens.
    pub(crate) fn serials(&self) -> Vec<String> {
        let slots = self.0.get_slots_with_initialized_token().unwrap();
        slots.iter().map(|slot| self.0.get_token_info(*slot).unwrap().serial_number().to_owned()).collect()
    }

    /// Opens a session that may write. It is logged in only if the process is.
    pub(crate) fn session(&self) -> Session {
        self.0.open_rw_session(self.0.get_slots_with_initialized_token().unwrap()[0]).unwrap()
    }

    pub(crate) fn logged_in(&self, pin: &str) -> Session {
        let session = self.session();
        session.login(UserType::User, Some(&AuthPin::new(pin.into()))).unwrap();
        session
    }
}

/// A folder with the configuration and tokens, removed on drop.
struct Store(PathBuf);

impl Store {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("secondo-pkcs11-{}-{name}", process::id()));
        fs::create_dir_all(folder.join("tokens")).unwrap();
        let configuration = format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.join("tokens").display());
        fs::write(folder.join("softhsm2.conf"), configuration).unwrap();
        Self(folder)
    }

    fn configuration(&self) -> PathBuf {
        self.0.join("softhsm2.conf")
    }

    fn init_token(&self) {
        let mut tool = Command::new("softhsm2-util");
        tool.args(["--init-token", "--free", "--label", LABEL, "--so-pin", SO_PIN, "--pin", PIN]);
        run(tool.env("SOFTHSM2_CONF", self.configuration()));
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if env::var_os(STORE).is_none() {
            let _ = fs::remove_dir_all(Path::new(&self.0));
        }
    }
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} cannot be run ({error}); run `apt-get install softhsm2 opensc`, or run tests/run")
    });
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
