//! The commands of the audit log, and its export by person, area and period.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::civil::Date;
use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use super::output::{Output, counted};
use super::verify::verify;
use crate::app::App;
use crate::audit::{Line, Mark};
use crate::audit_search::Search;
use crate::gepi;
use crate::outage::Failure;
use crate::pages::start_of_day;

#[derive(Debug, Serialize, Deserialize, Subcommand)]
pub(crate) enum Audit {
    /// Finds lines that were removed or changed, and events that are missing. Prints the head, to be kept elsewhere.
    Verify {
        /// A head that was printed before and kept elsewhere: the log must still contain it.
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<Mark>,
    },
    /// Writes the lines of a person, an area and a period into a new file.
    Export(Export),
}

#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Export {
    /// The file to make. The lines are JSON, or CSV if its name ends with `.csv`.
    file: PathBuf,
    #[command(flatten)]
    lines: Lines,
}

/// The lines that a command is about.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct Lines {
    /// The person: the e-mail address, the fiscal code or the id. These are the lines about the person, and those of
    /// what the person did as an operator. Without it: all lines.
    #[arg(long)]
    person: Option<String>,
    /// The territorial area. Without it: all areas.
    #[arg(long)]
    area: Option<String>,
    /// The first day, such as 2026-11-01.
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day.
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
}

impl Lines {
    pub(super) async fn search(&self, app: &App) -> Result<Search, Failure> {
        let Self { person, area, from, to } = self;
        let from = from.as_deref().map(|text| Ok::<_, Failure>(midnight(day(text)?))).transpose()?.unwrap_or(0);
        let until = to.as_deref().map(|text| Ok::<_, Failure>(midnight(day(text)?.tomorrow()?).saturating_sub(1)));
        let until = until.transpose()?.unwrap_or(u64::MAX);
        let person = match person {
            // A person who was erased has only the id.
            Some(name) => Some(gepi::known_id(app, name, UnixTime::now()?).await?.unwrap_or_else(|| name.clone())),
            None => None,
        };
        Ok(Search { person, area: area.clone(), from, until })
    }
}

impl Audit {
    pub(super) const fn file_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Verify { .. } => None,
            Self::Export(export) => Some(&mut export.file),
        }
    }
}

pub(super) async fn audit(app: &App, command: Audit, output: &Output) -> Result<(), Failure> {
    app.audit.flush().await?;
    match command {
        Audit::Verify { head } => verify(app, head.as_ref(), output).await,
        Audit::Export(arguments) => export(app, &arguments, output).await,
    }
}

async fn export(app: &App, arguments: &Export, output: &Output) -> Result<(), Failure> {
    let Export { file: path, lines } = arguments;
    let search = lines.search(app).await?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = Writer::new(file.map_err(|error| format!("{}: {error}", path.display()))?, path)?;
    let (mut count, mut failure) = (0_usize, None);
    let each = |line: &Line| {
        if search.fits(line) && failure.is_none() {
            count += 1;
            failure = file.write(line).err();
        }
    };
    let problems = app.audit.read(each, UnixTime::now()?).await?.problems;
    if let Some(failure) = failure.or_else(|| file.end().err()) {
        let _ = fs::remove_file(path);
        return Err(failure);
    }
    output.say(format!("{} in {}.", counted(count, "line is", "lines are"), path.display()));
    if problems.is_empty() {
        return Ok(());
    }
    Err("the log has problems: see `idp audit verify`".into())
}

fn day(text: &str) -> Result<Date, Failure> {
    Ok(text.parse().map_err(|_| format!("{text} is not a day such as 2026-11-01"))?)
}

/// Returns the first second of a day in Italy. Days before 1970 have no lines.
fn midnight(day: Date) -> u64 {
    start_of_day(day).unwrap_or(0)
}

/// The columns of CSV. The time is in UTC, as RFC 3339 writes it.
const COLUMNS: [&str; 12] = [
    "time",
    "person",
    "action",
    "outcome",
    "authenticator",
    "remaining",
    "revision",
    "operator",
    "reason",
    "area",
    "subject",
    "detail",
];

struct Writer {
    file: BufWriter<fs::File>,
    is_csv: bool,
}

impl Writer {
    fn new(file: fs::File, path: &Path) -> Result<Self, Failure> {
        let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let mut file = BufWriter::new(file);
        if is_csv {
            writeln!(file, "{}\r", COLUMNS.join(","))?;
        }
        Ok(Self { file, is_csv })
    }

    fn write(&mut self, line: &Line) -> Result<(), Failure> {
        if !self.is_csv {
            serde_json::to_writer(&mut self.file, line)?;
            return Ok(self.file.write_all(b"\n")?);
        }
        let time = UnixTime::from_secs(line.time)?.to_string();
        let line = serde_json::to_value(line)?;
        let cell = |name| match line.get(name) {
            // Programs for tables read no seconds since 1970.
            Some(_) if name == "time" => time.clone(),
            Some(serde_json::Value::String(text)) => quoted(text),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        let cells = COLUMNS.map(cell);
        Ok(writeln!(self.file, "{}\r", cells.join(","))?)
    }

    fn end(self) -> Result<(), Failure> {
        Ok(self.file.into_inner()?.sync_all()?)
    }
}

/// Returns a cell (RFC 4180). A text that a spreadsheet would compute begins with an apostrophe.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
