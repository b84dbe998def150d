//! Backups of the file with all data, and their way back.

use std::fs;
use std::path::Path;

use secondo::audit::Operator;
use secondo::{UnixTime, VerifierError};
use secondo_redb::{RedbStore, RedbStoreError};

use super::output::{Output, counted};
use crate::app::App;
use crate::config::Config;
use crate::key_file::KeyFile;
use crate::outage::Failure;
use crate::records::{is_of_verifier, kind_of};
use crate::store::Engine;

const OTHER_STORE: &str = "the data is not in a file: use the tools of the database server";
/// The kinds of records that end with a restore: logins that may have ended since, and codes that may have been used.
const ENDED: [&str; 4] = ["session", "code", "grant", "gepi-session"];

pub(super) async fn backup(app: &App, file: &Path, output: &Output) -> Result<(), Failure> {
    let Engine::File(store) = app.engine.clone() else { return Err(OTHER_STORE.into()) };
    // The log is complete up to now.
    app.audit.flush().await?;
    let path = file.to_owned();
    let copied = tokio::task::spawn_blocking(move || store.backup(&path)).await?;
    copied.map_err(|error| named(file, &error))?;
    output.say(format!("All data is in {}.", file.display()));
    output.say(format!(
        "The key file is not. Keep a copy of {} in another place: without it the backup cannot be read, and whoever has \
         both can read all of it.",
        app.config.key_path().display()
    ));
    Ok(())
}

fn named(file: &Path, error: &RedbStoreError) -> String {
    match error {
        RedbStoreError::Io(source) => format!("{}: {source}", file.display()),
        error => format!("{}: {error}", file.display()),
    }
}

/// Puts a backup in the place of the data, and makes it safe: nothing that was used since the backup is accepted again.
pub(crate) async fn restore(config: Config, file: &Path) -> Result<(), Failure> {
    if config.store != "file" {
        return Err(OTHER_STORE.into());
    }
    let data = config.data.display();
    if super::is_there(&config.data) {
        return Err(format!("there is data at {data}: stop the provider, and move the file away").into());
    }
    KeyFile::read(&config.key_path())?;
    // The work is done on a copy, which gets its name when it is safe.
    let copy = config.data.with_extension("restored");
    let _ = fs::remove_file(&copy);
    RedbStore::open(file).and_then(|store| store.backup(&copy)).map_err(|error| named(file, &error))?;
    let origin = config.origin_at(config.listen)?;
    let of_copy = Config { data: copy.clone(), ..config.clone() };
    let app = App::assemble(of_copy, &config.key_path(), origin).await.map_err(|error| {
        let _ = fs::remove_file(&copy);
        let key = config.key_path();
        format!("the key file {} does not open the backup: put the key file of its time there ({error})", key.display())
    })?;
    let count = make_safe(&app).await?;
    app.audit.flush().await?;
    drop(app);
    fs::rename(&copy, &config.data)?;
    let accounts = counted(count, "account accepts", "accounts accept");
    println!("The data is at {data}. {accounts} no code of the time before, for about five minutes.");
    println!("Recovery codes and codes of HOTP tokens that were used since the backup can be used again.");
    Ok(())
}

async fn make_safe(app: &App) -> Result<usize, Failure> {
    let (now, by) = (UnixTime::now()?, Operator::new("idp restore", "restored from a backup"));
    let mut count = 0;
    for id in app.engine.ids().await? {
        match kind_of(&id) {
            Some(kind) if ENDED.contains(&kind) => app.records.erase(&id, now).await?,
            Some(_) => {}
            None if is_of_verifier(&id) => {}
            None => match app.verifier.raise_watermarks(&id, by, now).await {
                Ok(()) => count += 1,
                Err(VerifierError::Unknown | VerifierError::Refused(_)) => {}
                Err(error) => return Err(format!("{id}: {error}").into()),
            },
        }
    }
    Ok(count)
}
