//! The parts of the cost of a login: the password hash, the second factor, and the rest.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use argon2::{Argon2, PasswordVerifier};
use rand::rngs::SysRng;
use secondo::audit::Operator;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Memory, Store};
use secondo::{AccountId, Algorithm, Authenticator, Policy, Secret, State, Totp, Transaction, UnixTime, Verifier};
use secondo_redb::RedbStore;
use tokio::task::JoinSet;

use super::people::PASSWORD;
use super::server::processor_time;
use crate::app::random_hex;
use crate::outage::Failure;
use crate::person::hash;

/// The numbers of calls that are measured: in memory, with a file, and of password hashes.
const CALLS: u32 = 5_000;
const STORED: u32 = 400;
const HASHES: u32 = 10;
/// The passes of password hashes. The least one counts, since other work on the machine makes hashes slower.
const PASSES: u32 = 4;
/// The share, in percent, below which the second factor stays in a login without the password hash.
const SHARE: f64 = 2.0;

/// Prints the parts of a login that took this time of the processor. A second factor whose computation takes too much
/// of it is an error.
pub(super) async fn report(login: Duration, folder: &Path, clients: usize) -> Result<(), Failure> {
    let password = password()?;
    let alone = second_factor(Memory::new(), CALLS, 1).await?;
    let stored = second_factor(RedbStore::open(folder.join("cost.redb"))?, STORED, clients).await?;
    let rest = login.saturating_sub(password);
    let part = |time: Duration, of: Duration| 100.0 * time.as_secs_f64() / of.max(time).as_secs_f64().max(f64::EPSILON);
    println!(
        "A login takes {:.2} ms of the processor, of which {:.2} ms are the password hash.",
        ms(login),
        ms(password)
    );
    let share = part(alone, rest);
    println!(
        "The second factor takes {:.3} ms: {:.3} % of a login, {share:.3} % without the password hash \
         (goal: below {SHARE}).",
        ms(alone),
        part(alone, login)
    );
    println!(
        "With its own write to the store it takes {:.3} ms: {:.1} % of a login, {:.1} % without the password hash.",
        ms(stored),
        part(stored, login),
        part(stored, rest)
    );
    check(share)
}

/// Returns an error if the second factor takes more than its share.
fn check(share: f64) -> Result<(), Failure> {
    if share < SHARE {
        return Ok(());
    }
    let error = format!("the second factor takes {share:.1} % of a login without the password hash");
    Err(format!("{error}, which is not less than {SHARE} %").into())
}

fn ms(time: Duration) -> f64 {
    1000.0 * time.as_secs_f64()
}

/// Returns the processor time of a password hash.
fn password() -> Result<Duration, Failure> {
    let expected = hash(PASSWORD)?;
    let mut least = Duration::MAX;
    for _ in 0..PASSES {
        let begun = processor_time(std::process::id())?;
        for _ in 0..HASHES {
            Argon2::default().verify_password(PASSWORD.as_bytes(), expected.as_str())?;
        }
        least = least.min(processor_time(std::process::id())?.saturating_sub(begun) / HASHES);
    }
    Ok(least)
}

/// Returns the processor time of one verification, while this number of clients verify at the same time.
async fn second_factor<S: Store + 'static>(store: S, calls: u32, clients: usize) -> Result<Duration, Failure> {
    let master = LocalMasterKey::from_hex(&random_hex()?)?;
    let keys = KeyRing::new(SealingKey::derive(&Deployment::new("load")?, KeyId::new(1), &master)?, [])?;
    let verifier = Arc::new(Verifier::new(store, keys, Policy::new()));
    let now = UnixTime::now()?;
    let mut attempts = Vec::new();
    for n in 0..calls {
        let id = AccountId::new(&format!("load-{n}"))?;
        let secret = Secret::generate(&mut SysRng, Algorithm::Sha1)?;
        let app = Authenticator::new(Totp::default(), Algorithm::Sha1, secret);
        let code = app.totp_code(now).ok_or("no code")?;
        let by = Operator::new("idp load", "load");
        verifier.import(&id, &[(app.into(), State::new().confirmed())], by, now).await?;
        attempts.push((id, Transaction::new(&n.to_le_bytes().repeat(4))?, code.as_str().to_owned()));
    }
    let begun = processor_time(std::process::id())?;
    let mut running = JoinSet::new();
    let attempts = Arc::new(attempts);
    for client in 0..clients {
        let (verifier, attempts) = (Arc::clone(&verifier), Arc::clone(&attempts));
        running.spawn(async move {
            for (id, login, code) in attempts.iter().skip(client).step_by(clients) {
                let verified = verifier.verify(id, login, code, now).await;
                let _accepted = verified.map_err(|error| error.to_string())?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(client) = running.join_next().await {
        client??;
    }
    Ok(processor_time(std::process::id())?.saturating_sub(begun) / calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_factor_takes_less_than_two_percent() {
        assert!(check(0.1).is_ok() && check(1.9).is_ok() && check(2.0).is_err());
        let error = check(2.1).map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("takes 2.1 %") && error.contains("less than 2 %")));
    }
}
