//! The check by instruction counts: runs this program under valgrind's callgrind, and compares the counts of its cases.

use std::collections::BTreeMap;
use std::env;
use std::ffi::CString;
use std::fs;
use std::process::Command;

use crate::counts;
use crate::report::Report;
use crate::valgrind::{runs_this, start_counting, write_count};

/// The argument with which this program runs under callgrind.
pub(crate) const COUNT: &str = "count";

/// A group of cases that must take equal numbers of instructions, or different numbers if a defect is planted in them.
pub(crate) struct Group {
    pub(crate) name: String,
    /// `true` if a defect is planted in the cases.
    pub(crate) is_leaky: bool,
    pub(crate) cases: Vec<Box<dyn Fn()>>,
}

impl Group {
    pub(crate) fn equal<F: Fn() + 'static>(name: impl Into<String>, cases: impl IntoIterator<Item = F>) -> Self {
        let cases = cases.into_iter().map(|case| Box::new(case) as Box<dyn Fn()>).collect();
        Self { name: name.into(), is_leaky: false, cases }
    }

    pub(crate) fn leaky<F: Fn() + 'static>(name: impl Into<String>, cases: impl IntoIterator<Item = F>) -> Self {
        Self { is_leaky: true, ..Self::equal(name, cases) }
    }
}

/// Counts the instructions of all groups, prints the results, and returns `true` if every group is as expected.
pub(crate) fn check() -> bool {
    let mut report = Report::new("the instruction counts under callgrind");
    match under_callgrind() {
        Ok(counted) => {
            for group in counts::groups() {
                let counts = counted.get(&group.name).map_or(&[][..], Vec::as_slice);
                let is_equal = counts.windows(2).all(|pair| pair[0] == pair[1]);
                report.test(
                    &group.name,
                    match (group.is_leaky, is_equal) {
                        _ if counts.len() != group.cases.len() || counts.contains(&0) => {
                            Err(format!("some cases were not counted: {counts:?}"))
                        }
                        (false, false) => Err(format!("different counts: {counts:?}")),
                        (true, true) => Err(format!("the check missed a planted leak: equal counts {counts:?}")),
                        _ => Ok(()),
                    },
                );
            }
        }
        Err(why) => report.test("callgrind", Err(why)),
    }
    report.finish()
}

/// Returns the counts of each group's cases, in the order of the cases.
fn under_callgrind() -> Result<BTreeMap<String, Vec<u64>>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let out = folder.path().join("out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", &format!("--callgrind-out-file={}", out.display())])
        .arg(env::current_exe().map_err(|error| error.to_string())?)
        .arg(COUNT)
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let mut counts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    // callgrind numbers its files from 1, in the order of the cases.
    for number in 1.. {
        let Ok(file) = fs::read_to_string(format!("{}.{number}", out.display())) else { break };
        let field = |name: &str| file.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let Some(group) = field("desc: Trigger: Client Request:") else { continue };
        let total = field("totals:").and_then(|total| total.parse().ok()).unwrap_or(0);
        counts.entry(group.to_owned()).or_default().push(total);
    }
    Ok(counts)
}

/// Runs each case ten times under callgrind, and counts only the last run.
///
/// The first run detects the processor's features and links functions. The others bring the allocator's lists of free
/// memory into the same form for every case.
pub(crate) fn count() -> bool {
    if !runs_this() {
        return false;
    }
    // All groups are kept to the end: memory that they freed would be found by the allocator in later cases.
    for Group { name, cases, .. } in &counts::groups() {
        let name = CString::new(name.as_str()).expect("a name without a zero byte");
        for case in cases {
            (0..9).for_each(|_| case());
            start_counting();
            case();
            write_count(&name);
        }
    }
    true
}
