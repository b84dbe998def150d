//! What a library adds to a program: machine code, dependencies, build time, and memory for each authenticator.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use object::{Object, ObjectSection};
use pollster::block_on;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::Memory;
use secondo::{Algorithm, Authenticator, AuthenticatorId, Policy, Secret, State, Totp, Verifier};
use serde_json::{Value, json};

use crate::{machine, root, rounds, save};

/// The programs in `size/`, and what each does about a code that was typed.
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

/// Measures everything; prints and saves it.
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
    // In rounds, as with the speed.
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

    println!("\n| authenticators in memory | bytes each |\n|---|---|");
    let stores = AUTHENTICATORS.map(|count| {
        let bytes = store_growth(count) / u64::from(count);
        println!("| {count} | {bytes} |");
        json!({ "authenticators": count, "bytes_each": bytes })
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

/// The machine code of a program that accepts the right code and refuses a wrong one.
fn program_size(name: &str) -> u64 {
    let manifest = root().join("benches/peers/size").join(name).join("Cargo.toml");
    let target = root().join("target/size");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]).arg(&manifest);
    run(cargo.arg("--target-dir").arg(&target));

    let program = target.join("release").join(format!("size-{name}"));
    let accepts = |arguments: &[&str]| Command::new(&program).args(arguments).status().expect("it runs").success();
    assert!(accepts(&[]) && !accepts(&["wrong"]), "{name} does not verify");

    let bytes = fs::read(&program).expect("built above");
    let file = object::File::parse(&*bytes).expect("an ELF file");
    file.section_by_name(".text").expect("it has code").size()
}

/// An empty package that depends on one crate, as the workspace has it locked.
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

    /// All packages that are compiled for it, without itself.
    fn dependencies(&self) -> usize {
        let tree =
            run(self.cargo().args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--no-dedupe"]));
        // The same package may be marked as a procedural macro in one place.
        let packages: BTreeSet<_> = tree.lines().map(|line| line.split(" (").next()).collect();
        packages.len() - 2
    }

    /// A build from nothing.
    fn build_seconds(&self) -> f64 {
        let target = self.folder.join("target");
        // There is none the first time.
        let _ = fs::remove_dir_all(&target);
        let mut cargo = self.cargo();
        cargo.args(["build", "--release", "--offline", "--target-dir"]).arg(&target);
        let start = Instant::now();
        run(&mut cargo);
        start.elapsed().as_secs_f64()
    }
}

/// What the resident memory of a process of its own grows by.
fn store_growth(authenticators: u32) -> u64 {
    let mut this = Command::new(std::env::current_exe().expect("it has a path"));
    let growth = run(this.args(["store", &authenticators.to_string()]));
    growth.trim().parse().expect("a number")
}

/// What that process does.
pub(crate) fn print_store_growth(authenticators: u32) {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).expect("64 digits");
    let keys = KeyRing::new(
        SealingKey::derive(&Deployment::new("tests").expect("a name"), KeyId::new(1), &master).expect("local"),
        [],
    )
    .expect("one key");
    let verifier = Verifier::new(Memory::new(), keys, Policy::default());
    let before = resident();
    for n in 0..u64::from(authenticators) {
        // Spread as a UUID is, and different for each.
        let high = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hex = format!("{high:016x}{n:016x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        let id = AuthenticatorId::new(&parts.join("-")).expect("36 characters");
        let secret = Secret::from_bytes(&[high, n, high].map(u64::to_be_bytes).concat()[..20]).expect("20 bytes");
        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
        block_on(verifier.enroll(&id, &authenticator, State::new())).expect("in memory");
    }
    println!("{}", resident() - before);
}

/// The bytes of this process that are in memory.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes * 1024
}

/// Runs it, and returns what it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("it can be started");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
