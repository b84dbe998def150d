//! The verification of the audit log: the chain by itself, the accounts, and a head that was kept elsewhere.
//!
//! The chain alone does not show that its last blocks are gone and the head was replaced by an older copy. Each account
//! has the number of its changes, which the log must have told of.

use std::collections::BTreeMap;
use std::time::Duration;

use secondo::{AccountId, Refusal, UnixTime, VerifierError};
use tokio::time::sleep;

use super::output::{Output, counted};
use crate::app::App;
use crate::audit::{Mark, Reading};
use crate::outage::Failure;
use crate::records::{is_of_verifier, kind_of};

/// The times that the log is read, if it does not yet tell of a change of this moment, and the pause between.
const READINGS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn verify(app: &App, kept: Option<&Mark>, output: &Output) -> Result<(), Failure> {
    let (count, Reading { mut problems, last, .. }) = read(app).await?;
    if let Some(mark) = kept {
        problems.extend(app.audit.contradiction(mark, UnixTime::now()?).await?);
    }
    for problem in &problems {
        output.say(problem);
    }
    if !problems.is_empty() {
        let problems = counted(problems.len(), "problem", "problems");
        return Err(format!("the audit log has {problems} in {}", counted(count, "line", "lines")).into());
    }
    output.say(match count {
        1 => "1 line, in its place".to_owned(),
        count => format!("{count} lines, each in its place"),
    });
    if let Some(mark) = last {
        output.say(format!("Head: {mark}"));
        output.say(
            "Keep it elsewhere. `idp audit verify --head NUMBER:HASH` shows later that nothing before it is gone.",
        );
    }
    Ok(())
}

/// Reads the log, and compares it with the accounts.
async fn read(app: &App) -> Result<(usize, Reading), Failure> {
    let mut left = READINGS;
    loop {
        left -= 1;
        // The log tells of all changes that the accounts have before it is read, and of no change that they do not have
        // after it.
        let before = revisions(app).await?;
        app.audit.flush().await?;
        let mut count = 0_usize;
        let mut reading = app.audit.read(|_| count += 1, UnixTime::now()?).await?;
        let after = revisions(app).await?;
        let problems: Vec<_> = compare(&before, &reading, &after).collect();
        reading.problems.extend(problems);
        // Another machine may not have written its last lines yet.
        if reading.problems.is_empty() || left == 0 {
            return Ok((count, reading));
        }
        sleep(PAUSE).await;
    }
}

/// Returns the number of changes of each account that is not closed.
async fn revisions(app: &App) -> Result<BTreeMap<String, u64>, Failure> {
    let now = UnixTime::now()?;
    let mut revisions = BTreeMap::new();
    let is_account = |id: &AccountId| kind_of(id).is_none() && !is_of_verifier(id);
    for id in app.engine.ids().await?.into_iter().filter(is_account) {
        match app.verifier.view(&id, now).await {
            Ok(view) => {
                revisions.insert(id.to_string(), view.revision);
            }
            Err(VerifierError::Unknown | VerifierError::Refused(Refusal::Closed)) => {}
            Err(error) => return Err(format!("{id}: {error}").into()),
        }
    }
    Ok(revisions)
}

/// Compares the accounts before and after a reading of the log with the last revisions of which it tells.
fn compare(
    before: &BTreeMap<String, u64>,
    reading: &Reading,
    after: &BTreeMap<String, u64>,
) -> impl Iterator<Item = String> {
    let missing = before.iter().filter_map(|(id, revision)| match reading.last_revision(id) {
        Some(told) if told < *revision => {
            Some(format!("the log tells of {id} up to revision {told}, and the account has revision {revision}"))
        }
        // The lines of an account that nobody uses expire.
        None if reading.is_whole => {
            Some(format!("the log tells nothing of {id}, and the account has revision {revision}"))
        }
        _ => None,
    });
    let older = after.iter().filter_map(|(id, revision)| {
        let told = reading.last_revision(id).filter(|told| told > revision)?;
        Some(format!(
            "{id} has revision {revision}, and the log tells of revision {told}: the account is an older copy"
        ))
    });
    missing.chain(older)
}
