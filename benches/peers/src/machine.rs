//! What the figures were measured on and with.

use std::fs;
use std::process::Command;

use crate::liboath;

/// The model, and which of the extensions that matter here it has.
pub(crate) fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").expect("Linux");
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

/// The version that was linked.
pub(crate) fn version(library: &str) -> String {
    const LOCK: &str = include_str!("../../../Cargo.lock");

    if library == "liboath" {
        return liboath::version();
    }
    let name = format!("name = \"{library}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != name);
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = "));
    version.expect("every library is locked").trim_matches('"').to_owned()
}
