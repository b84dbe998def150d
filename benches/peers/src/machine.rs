//! The processor, the compiler and the library versions of the measurements.

use std::fs;
use std::process::Command;

use crate::liboath;

/// Returns the processor's model, and the presence of each extension that matters here.
pub(crate) fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").expect("Linux has /proc/cpuinfo");
    let field = |name| info.lines().find_map(|line| line.strip_prefix(name)?.split_once(": ")).map(|(_, value)| value);
    let flags: Vec<_> = field("flags").unwrap_or_default().split(' ').collect();
    let extensions = ["sha_ni", "avx2", "avx512f"].map(|name| {
        let absent = if flags.contains(&name) { "" } else { "no " };
        format!("{absent}{name}")
    });
    format!("{} ({})", field("model name").unwrap_or("unknown"), extensions.join(", "))
}

pub(crate) fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("rustc is installed");
    String::from_utf8(output.stdout).expect("ASCII").trim().to_owned()
}

/// Returns the version of a library that was linked.
pub(crate) fn version(library: &str) -> String {
    const LOCK: &str = include_str!("../../../Cargo.lock");
    // A library is measured in the one or in the other program.
    const ALONE: &str = include_str!("../alone/Cargo.lock");

    if library == "liboath" {
        return liboath::version();
    }
    let name = format!("name = \"{library}\"");
    let mut lines = LOCK.lines().chain(ALONE.lines()).skip_while(|line| *line != name);
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = "));
    version.expect("every library is locked").trim_matches('"').to_owned()
}
