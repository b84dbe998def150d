//! The weight that a library adds to a program: machine code, dependencies, build time, and memory for each
//! authenticator.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use object::{Object, ObjectSection};
use pollster::block_on;
use secondo::audit::Operator;
use secondo::store::Memory;
use secondo::{AccountId, Algorithm, Authenticator, Key, Policy, Secret, State, Totp, Transaction, UnixTime, Verifier};
use serde_json::{Value, json};

use crate::{machine, ours, root, rounds, save};

/// The programs in `size/`, and the work that each does on a typed code.
const PROGRAMS: [(&str, &str); 6] = [
    ("secondo", "reads it, window, state: accepted once, attempts limited; constant time; wipes"),
    ("totp-rfc", "reads it, window; constant time; wipes the hash's state"),
    ("totp-rs", "reads it, window; ends at a match"),
    ("otp-simple", "window; SHA-1 alone, compared with ==; the program reads it"),
    ("totp-embed", "generates; SHA-1 alone; the program reads it, loops and compares with =="),
    ("none", "nothing: start-up code"),
];
const CRATES: [&str; 6] = ["secondo", "totp-rs", "totp-rfc", "totp-lite", "libreauth", "otpauth"];
const BUILDS: usize = 3;
const AUTHENTICATORS: [u32; 2] = [1_000_000, 10_000_000];

/// Measures everything, prints the tables and saves the figures.
pub(crate) fn report() {
    println!("On {} with {}.", machine::processor(), machine::compiler());

    println!("\n| program without std and alloc | .text, bytes | what it does with a typed code |\n|---|---|---|");
    let sizes = PROGRAMS.map(|(name, checks)| {
        let bytes = program_size(name);
        println!("| {name} | {bytes} | {checks} |");
        json!({ "program": name, "text_bytes": bytes, "checks": checks })
    });

    println!("\n| crate, default features | dependencies | clean build, seconds |\n|---|---|---|");
    let probes = CRATES.map(Probe::new);
    // The crates are built in rounds, so that other load affects all alike.
    let mut builds = CRATES.map(|_| Vec::new());
    for _ in 0..BUILDS {
        for (times, probe) in builds.iter_mut().zip(&probes) {
            times.push(probe.build_seconds());
        }
    }
    let measured = CRATES.iter().zip(&probes).zip(builds);
    let crates: Value = measured
        .map(|((name, probe), times)| {
            let (dependencies, seconds) = (probe.dependencies(), rounds::median(times));
            println!("| {name} | {dependencies} | {seconds:.1} |");
            json!({ "crate": name, "dependencies": dependencies, "build_seconds": seconds })
        })
        .collect();

    println!("\n| authenticators in memory | bytes each, imported | after a login of each |\n|---|---|---|");
    let stores = AUTHENTICATORS.map(|count| {
        let [imported, used] = store_growth(count).map(|bytes| bytes / u64::from(count));
        println!("| {count} | {imported} | {used} |");
        json!({ "authenticators": count, "bytes_each": { "imported": imported, "after_a_login": used } })
    });

    save(
        "weight.json",
        &json!({
            "processor": machine::processor(),
            "compiler": machine::compiler(),
            "sizes": sizes,
            "crates": crates,
            "stores": stores,
        }),
    );
}

/// Builds a program, checks that it accepts a right code only, and returns the size of its machine code in bytes.
fn program_size(name: &str) -> u64 {
    let manifest = root().join("benches/peers/size").join(name).join("Cargo.toml");
    let target = root().join("target/size");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]).arg(&manifest);
    run(cargo.arg("--target-dir").arg(&target));

    let program = target.join("release").join(format!("size-{name}"));
    let accepts =
        |arguments: &[&str]| Command::new(&program).args(arguments).status().expect("the program runs").success();
    assert!(accepts(&[]) && !accepts(&["wrong"]), "{name} does not verify");

    let bytes = fs::read(&program).expect("built above");
    let file = object::File::parse(&*bytes).expect("an ELF file");
    file.section_by_name(".text").expect("a program has code").size()
}

/// An empty package that depends on one crate, in the version of the workspace's lock file.
struct Probe {
    folder: PathBuf,
}

impl Probe {
    fn new(name: &'static str) -> Self {
        let folder = root().join("target/weight").join(name);
        let dependency = match name {
            "secondo" => format!("path = \"{}\"", root().display()),
            _ => format!("version = \"={}\"", machine::version(name)),
        };
        let manifest = format!(
            "[package]\nname = \"probe\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{name} = {{ {dependency} }}\n"
        );
        fs::create_dir_all(folder.join("src")).expect("target/ can be written to");
        let write = |path: &str, text: &str| fs::write(folder.join(path), text).expect("target/ can be written to");
        write("Cargo.toml", &manifest);
        write("Cargo.lock", &fs::read_to_string(root().join("Cargo.lock")).expect("the workspace is locked"));
        write("src/lib.rs", "");
        let probe = Self { folder };
        run(probe.cargo().arg("fetch"));
        probe
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.folder).arg("--quiet");
        cargo
    }

    /// Returns the number of packages that are compiled for the crate, without the crate itself.
    fn dependencies(&self) -> usize {
        let tree =
            run(self.cargo().args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--no-dedupe"]));
        // The mark of a procedural macro is cut off, so that a package that is listed with it and without it counts
        // once.
        let packages: BTreeSet<_> = tree.lines().map(|line| line.split(" (").next()).collect();
        packages.len() - 2
    }

    /// Builds the package with all dependencies from nothing, and returns the seconds that this takes.
    fn build_seconds(&self) -> f64 {
        let target = self.folder.join("target");
        // Before the first build there is no folder to remove.
        let _ = fs::remove_dir_all(&target);
        let mut cargo = self.cargo();
        cargo.args(["build", "--release", "--offline", "--target-dir"]).arg(&target);
        let start = Instant::now();
        run(&mut cargo);
        start.elapsed().as_secs_f64()
    }
}

/// Returns the bytes by which the resident memory of a separate process has grown with this number of accounts, each
/// with one authenticator: after their import, and after a login of each.
fn store_growth(authenticators: u32) -> [u64; 2] {
    let mut this = Command::new(std::env::current_exe().expect("this program has a path"));
    let growth = run(this.args(["store", &authenticators.to_string()]));
    let growth: Vec<_> = growth.split_whitespace().map(|bytes| bytes.parse().expect("a number")).collect();
    growth.try_into().expect("two numbers")
}

/// Imports the authenticators and logs each in, and prints the bytes by which resident memory has grown after either:
/// the work of the separate process.
pub(crate) fn print_store_growth(authenticators: u32) {
    let verifier = Verifier::new(Memory::new(), ours::ring(), Policy::default());
    let now = UnixTime::from_secs(1_700_000_000).expect("before the year 9999");
    let before = resident();
    for n in 0..u64::from(authenticators) {
        let (id, secret) = account(n);
        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
        let added = [(authenticator.into(), State::new().confirmed())];
        block_on(verifier.import(&id, &added, Operator::new("desk", "test"), now)).expect("in memory");
    }
    println!("{}", resident() - before);
    for n in 0..u64::from(authenticators) {
        let (id, secret) = account(n);
        let code = Totp::default().generate(&Key::new(Algorithm::Sha1, &secret), now).expect("after T0");
        let login = Transaction::new(&[n.to_be_bytes(); 2].concat()).expect("16 bytes");
        let _accepted = block_on(verifier.verify(&id, &login, code.as_str(), now)).expect("the code is right");
    }
    println!("{}", resident() - before);
}

/// Returns the id and the secret of an account. The ids are spread like UUIDs, and all different.
fn account(n: u64) -> (AccountId, Secret) {
    let high = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hex = format!("{high:016x}{n:016x}");
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    let id = AccountId::new(&parts.join("-")).expect("36 characters");
    let secret = Secret::from_bytes(&[high, n, high].map(u64::to_be_bytes).concat()[..20]).expect("20 bytes");
    (id, secret)
}

/// Returns the resident memory of this process in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has /proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux reports VmRSS");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes * 1024
}

/// Runs a command, and returns its standard output.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the command can be started");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8 output")
}
