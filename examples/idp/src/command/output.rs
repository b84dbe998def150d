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
        const WIDTH: usize = 40;
        match said {
            Said::Progress { done, total } if std::io::stderr().is_terminal() => {
                let full = WIDTH * done / total.max(1);
                eprint!("\r[{:<WIDTH$}] {:3} %", "#".repeat(full), 100 * done / total.max(1));
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
