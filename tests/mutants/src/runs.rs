//! Runs of test programs, on as many threads as the machine has cores.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;

/// One thread of the runs, with a folder for its files.
pub(crate) struct Worker<'p> {
    package: &'p Path,
    folder: PathBuf,
}

/// The state of the switch in a run.
#[derive(Clone, Copy)]
pub(crate) enum Switch {
    /// No mutant is on.
    Off,
    /// No mutant is on, and the numbers of those that are reached go to the file [`Worker::trace`].
    Traced,
    /// The mutant of this number is on.
    On(usize),
}

/// The end of a run.
pub(crate) enum End {
    Passed,
    /// The names of the tests that failed. The list is empty if the program was aborted or took too long.
    Failed(Vec<String>),
}

impl Worker<'_> {
    /// The file for the numbers of the mutants that a run reaches.
    pub(crate) fn trace(&self) -> PathBuf {
        self.folder.join("trace")
    }

    /// Runs the named tests of a program, or all.
    pub(crate) fn run(&self, program: &Path, tests: &[&str], switch: Switch, limit: Duration) -> Result<End, Error> {
        // Programs that a test leaves behind could keep a pipe open.
        let output = self.folder.join("output");
        let mut command = Command::new(program);
        if !tests.is_empty() {
            command.arg("--exact").args(tests);
        }
        command.current_dir(self.package).env("RUST_TEST_THREADS", "1").env("RUST_BACKTRACE", "0");
        match switch {
            Switch::Off => &mut command,
            Switch::Traced => command.env("MUTANT_TRACE", self.trace()),
            Switch::On(number) => command.env("MUTANT", number.to_string()),
        };
        command.stdin(Stdio::null()).stdout(File::create(&output)?).stderr(Stdio::null());
        if wait(&mut command, limit)?.is_some_and(|status| status.success()) {
            return Ok(End::Passed);
        }
        let output = fs::read(&output)?;
        let failed = |line: &str| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.to_owned());
        Ok(End::Failed(String::from_utf8_lossy(&output).lines().filter_map(failed).collect()))
    }
}

/// Returns the status of a program at its end, or `None` if it took longer. What it started ends with it.
fn wait(command: &mut Command, limit: Duration) -> Result<Option<ExitStatus>, Error> {
    let mut child = command.process_group(0).spawn()?;
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            kill_group(&child)?;
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(3));
    }
    kill_group(&child)?;
    child.wait()?;
    Ok(None)
}

fn kill_group(leader: &Child) -> Result<(), Error> {
    // Fails if nothing of the group is left.
    Command::new("kill").args(["-KILL", "--", &format!("-{}", leader.id())]).stderr(Stdio::null()).status()?;
    Ok(())
}

/// Calls `job` for each item, and returns the results in the order of the items.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    package: &Path,
    items: &[T],
    job: impl Fn(&Worker<'_>, &T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let next = AtomicUsize::new(0);
    let work = |number: usize| -> Result<Vec<(usize, R)>, Error> {
        let worker = Worker { package, folder: package.join(format!("target/worker-{number}")) };
        fs::create_dir_all(&worker.folder)?;
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return Ok(results) };
            results.push((index, job(&worker, item)?));
        }
    };
    let cores = thread::available_parallelism()?.get();
    let mut results = thread::scope(|scope| -> Result<Vec<(usize, R)>, Error> {
        let threads: Vec<_> = (0..cores).map(|number| scope.spawn(move || work(number))).collect();
        let mut results = Vec::new();
        for thread in threads {
            results.extend(thread.join().map_err(|_| "a thread panicked")??);
        }
        Ok(results)
    })?;
    results.sort_by_key(|&(index, _)| index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
