//! Processes that are killed while they write. What they acknowledged must be there afterwards.

use std::fs::File;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rand::RngExt;

use crate::accounts::{Found, acknowledged, compare, inspected};
use crate::engine::{Error, Kind};

const ACCOUNTS: usize = 2_000;

pub(crate) fn kill(kind: Kind, kills: usize) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let (data, out) = (folder.path().join("data"), folder.path().join("acknowledged"));
    std::fs::create_dir(&data)?;
    kind.open(&data)?.0.close()?;
    let mut known = Found::new();
    let (mut lost, mut refused, mut sum) = (0, 0, 0);
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["work", &kind.to_string()])
            .arg(&data)
            .args([ACCOUNTS.to_string(), usize::MAX.to_string()])
            .stdout(File::create(&out)?)
            .spawn()?;
        // Every third process is killed while it opens or soon after.
        let most = if kill % 3 == 0 { 40 } else { 1_000 };
        thread::sleep(Duration::from_millis(rand::rng().random_range(1..most)));
        child.kill()?;
        child.wait()?;
        for (account, number) in acknowledged(&out)? {
            let before: u64 = known.get(&account).map_or(Ok(0), |before| before.parse())?;
            sum += number.parse::<u64>()? - before;
            known.insert(account, number);
        }
        match inspected(kind, &data, ACCOUNTS)? {
            Ok(found) => {
                let (wrong, first) = compare(&known, &found);
                if let Some(first) = first {
                    println!("{kind}, kill {kill}: {first}");
                }
                lost += wrong;
                known = found;
            }
            Err(why) => {
                println!("{kind}, kill {kill}: {why}");
                refused += 1;
                break;
            }
        }
    }
    println!("| {kind} | {kills} kills | {sum} exchanges | {lost} lost or torn | {refused} not opened |");
    Ok(())
}
