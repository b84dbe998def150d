//! Accounts whose values are numbers, so that a value shows which write it is of.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::{Error, Kind, NEVER, Request};
use crate::queue::Queued;

/// The length of a sealed record with one authenticator.
const LEN: usize = 146;

pub(crate) fn id(account: usize) -> String {
    // Neighbours in number are no neighbours in order.
    let spread = (account as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{:04x}-4000-8000-{account:012x}", spread >> 32, spread >> 16 & 0xffff)
}

/// Returns a value that begins with the number, and goes on with bytes that follow from it and the account.
pub(crate) fn value(account: usize, number: u64) -> Vec<u8> {
    let mut word = (account as u64) << 32 ^ number ^ 0x5dee_ce66;
    let filler = std::iter::from_fn(|| {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        Some(word.to_le_bytes())
    });
    number.to_be_bytes().into_iter().chain(filler.flatten()).take(LEN).collect()
}

/// Returns the number of a value, or `None` if it is not as it was written.
pub(crate) fn number(account: usize, bytes: &[u8]) -> Option<u64> {
    let number = u64::from_be_bytes(*bytes.first_chunk()?);
    (bytes == value(account, number)).then_some(number)
}

/// Loads an account and replaces its value by that of the next number, as a login does. Returns the number.
pub(crate) async fn count_up(queued: &Queued, account: usize) -> Result<u64, Error> {
    let id = id(account);
    let (expected, number) = match queued.load(&id)? {
        Some(entry) => (Some(entry.revision), number(account, &entry.value).ok_or("a torn value")? + 1),
        None => (None, 1),
    };
    let stored = queued.exchange(Request { id, expected, put: Some((value(account, number), NEVER)) }).await?;
    if stored { Ok(number) } else { Err("a conflict where nobody else writes".into()) }
}

/// The text that `inspect` prints for each account: the number that is stored, 0 without an entry, `torn` or `error`.
pub(crate) type Found = BTreeMap<usize, String>;

/// Prints what is under each account.
pub(crate) fn inspect(kind: Kind, folder: &Path, accounts: usize) -> Result<(), Error> {
    let (engine, reader) = kind.open(folder)?;
    for account in 0..accounts {
        let found = match reader.load(&id(account)) {
            Ok(None) => "0".into(),
            Ok(Some(entry)) => number(account, &entry.value).map_or("torn".into(), |number| number.to_string()),
            Err(_) => "error".into(),
        };
        println!("{account} {found}");
    }
    drop(reader);
    engine.close()
}

/// Inspects in a process of its own. Returns what was found, or the reason that the engine did not come to the end.
pub(crate) fn inspected(kind: Kind, folder: &Path, accounts: usize) -> Result<Result<Found, String>, Error> {
    let (out, err) = (folder.with_extension("out"), folder.with_extension("err"));
    let mut child = Command::new(std::env::current_exe()?)
        .args(["inspect", &kind.to_string()])
        .arg(folder)
        .arg(accounts.to_string())
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?)
        .stdin(Stdio::null())
        .spawn()?;
    let given_up = Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > given_up {
            child.kill()?;
            child.wait()?;
            return Ok(Err("hang".into()));
        }
        thread::sleep(Duration::from_millis(1));
    };
    let errors = fs::read_to_string(&err)?;
    if errors.contains("panicked") || !matches!(status.code(), Some(0 | 2)) {
        return Ok(Err(format!("panic: {errors}")));
    }
    let found = acknowledged(&out)?;
    if found.is_empty() {
        return Ok(Err(format!("open: {errors}")));
    }
    Ok(Ok(found))
}

/// Reads lines of an account and a number. The last line of an account counts.
pub(crate) fn acknowledged(path: &Path) -> Result<Found, Error> {
    let mut found = Found::new();
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        if let Some((account, number)) = line.split_once(' ') {
            found.insert(account.parse()?, number.into());
        }
    }
    Ok(found)
}

/// Compares with what was acknowledged, beyond which each account may be one number ahead. Returns the number of
/// accounts that are not as they should be, and the first of them.
pub(crate) fn compare(acknowledged: &Found, found: &Found) -> (usize, Option<String>) {
    let mut wrong = 0;
    let mut first = None;
    for (account, found) in found {
        let least: u64 = acknowledged.get(account).map_or(0, |number| number.parse().unwrap());
        if !found.parse().is_ok_and(|found: u64| (least..=least + 1).contains(&found)) {
            wrong += 1;
            first.get_or_insert(format!("account {account}: {least} acknowledged, {found} found"));
        }
    }
    (wrong, first)
}
