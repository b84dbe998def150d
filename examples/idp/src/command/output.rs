use std::io::{IsTerminal, Write};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

/// Returns a count with the words for one thing or for many, such as "1 record is" and "2 records are".
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A part of the answer to a command.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    Line(String),
    Progress {
        done: usize,
        total: usize,
    },
    /// The end, with the text of an error.
    End(Result<(), String>),
}

/// The place where a command writes its answer. Nobody may be listening any more.
pub(super) struct Output(UnboundedSender<Said>);

impl Output {
    pub(super) const fn new(said: UnboundedSender<Said>) -> Self {
        Self(said)
    }

    pub(super) fn say(&self, line: impl Into<String>) {
        let _ = self.0.send(Said::Line(line.into()));
    }

    pub(super) fn progress(&self, done: usize, total: usize) {
        // One part in a hundred is enough.
        if done == total || done.is_multiple_of((total / 100).max(1)) {
            let _ = self.0.send(Said::Progress { done, total });
        }
    }
}

/// Prints answers, and the progress as a bar if someone sees it.
#[derive(Default)]
pub(super) struct Printer {
    has_bar: bool,
}

impl Printer {
    pub(super) fn print(&mut self, said: Said) {
        match said {
            Said::Progress { done, total } if std::io::stderr().is_terminal() => {
                eprint!("\r{}", bar(done, total));
                let _ = std::io::stderr().flush();
                self.has_bar = true;
            }
            Said::Line(line) => {
                if std::mem::take(&mut self.has_bar) {
                    eprintln!();
                }
                println!("{line}");
            }
            Said::Progress { .. } | Said::End(_) => {}
        }
    }
}

/// Returns a bar for what is done, and its share.
fn bar(done: usize, total: usize) -> String {
    const WIDTH: usize = 40;
    let share = |of: usize| of * done.min(total) / total.max(1);
    format!("[{:<WIDTH$}] {:3} %", "#".repeat(share(WIDTH)), share(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_shows_the_share() {
        assert_eq!(bar(0, 0), format!("[{}]   0 %", " ".repeat(40)));
        assert_eq!(bar(1, 3), format!("[{}{}]  33 %", "#".repeat(13), " ".repeat(27)));
        // More than was counted, since records are added during the work.
        for done in [3, 4] {
            assert_eq!(bar(done, 3), format!("[{}] 100 %", "#".repeat(40)));
        }
    }
}
