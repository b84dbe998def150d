//! The switch of the mutants, which are all compiled into one library. The environment variable `MUTANT` has the number
//! of the one that is on. `MUTANT_TRACE` names a file that gets the numbers of all that were reached, each on a line.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The mutants that this process has reached. Their numbers are lower than its length.
static REACHED: [AtomicBool; 1 << 16] = [const { AtomicBool::new(false) }; 1 << 16];

static SETTINGS: OnceLock<Settings> = OnceLock::new();

struct Settings {
    chosen: Option<usize>,
    trace: Option<File>,
}

impl Settings {
    fn read() -> Self {
        let chosen = env::var("MUTANT").ok().map(|number| number.parse().expect("MUTANT is a number"));
        // Programs that a test starts add to the file of the test.
        let open =
            |path| OpenOptions::new().create(true).append(true).open(path).expect("MUTANT_TRACE can be written to");
        Self { chosen, trace: env::var_os("MUTANT_TRACE").map(open) }
    }
}

/// Returns `true` if the mutant of this number is on, and notes that it was reached.
///
/// # Panics
///
/// If the environment variables are wrong, or the number is too high.
#[inline(never)]
#[must_use]
pub fn on(number: usize) -> bool {
    let settings = SETTINGS.get_or_init(Settings::read);
    if let Some(trace) = &settings.trace {
        note(number, trace);
    }
    settings.chosen == Some(number)
}

fn note(number: usize, mut trace: &File) {
    if !REACHED[number].load(Ordering::Relaxed) && !REACHED[number].swap(true, Ordering::Relaxed) {
        // One write for the whole line, because other programs may write to the file as well.
        trace.write_all(format!("{number}\n").as_bytes()).expect("MUTANT_TRACE can be written to");
    }
}
