//! Backups of the file with all data, and their way back.

use std::fs;
use std::path::Path;

use secondo::audit::Operator;
use secondo::{UnixTime, VerifierError};
use secondo_redb::{RedbStore, RedbStoreError};

use super::output::{Output, counted};
use super::socket;
use crate::app::App;
use crate::config::Config;
use crate::key_file::KeyFile;
use crate::outage::Failure;
use crate::records::{is_of_verifier, kind_of};
use crate::store::Engine;

const OTHER_STORE: &str = "the data is not in a file: use the tools of the database server";
/// The kinds of records that end with a restore: logins that may have ended since, and codes that may have been used.
///
/// A signed token of a service, which was used since, is taken again for the rest of its hour. It only begins a login,
/// or comes with a code that has ended.
const ENDED: [&str; 7] = ["session", "code", "grant", "challenge", "recovered", "gepi-session", "gepi-login"];

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

/// Puts a backup in the place of the data, and makes it safe. A database server has put its own backup back already.
pub(crate) async fn restore(config: Config, file: Option<&Path>) -> Result<(), Failure> {
    KeyFile::read(&config.key_path())?;
    match file {
        Some(_) if config.store != "file" => Err(OTHER_STORE.into()),
        None if config.store == "file" => Err("name the file that `idp backup` made".into()),
        Some(file) => restore_file(config, file).await,
        None if socket::connect(&config.socket_path()).await?.is_some() => Err("stop the provider first".into()),
        None => make_safe(config).await,
    }
}

async fn restore_file(config: Config, file: &Path) -> Result<(), Failure> {
    let data = config.data.clone();
    if super::is_there(&data) {
        let data = data.display();
        return Err(format!("there is data at {data}: stop the provider, and move the file away").into());
    }
    // The work is done on a copy, which gets its name when it is safe.
    let copy = data.with_extension("restored");
    let _ = fs::remove_file(&copy);
    RedbStore::open(file).and_then(|store| store.backup(&copy)).map_err(|error| named(file, &error))?;
    make_safe(Config { data: copy.clone(), ..config }).await.inspect_err(|_| {
        let _ = fs::remove_file(&copy);
    })?;
    fs::rename(&copy, &data)?;
    println!("The data is at {}.", data.display());
    Ok(())
}

/// Ends what would be accepted again after the data was put back, and prints what an operator has to do again.
async fn make_safe(config: Config) -> Result<(), Failure> {
    let (origin, key) = (config.origin_at(config.listen)?, config.key_path());
    let app = App::assemble(config, &key, origin).await.map_err(|error| {
        let key = key.display();
        format!("{error}. If the key file {key} does not open the backup, put the key file of its time there")
    })?;
    let (now, by) = (UnixTime::now()?, Operator::new("idp restore", "restored from a backup"));
    let last = app.audit.last_time(now).await?;
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
    app.audit.flush().await?;
    let accounts = counted(count, "account accepts", "accounts accept");
    println!("{accounts} no code of the time before, for about five minutes.");
    println!(
        "Used since the backup, and valid again: recovery codes, codes of HOTP tokens, signed requests of services for"
    );
    println!("an hour, and one-time passwords of credentials that were handed over.");
    let last = last.map_or_else(|| "nothing".to_owned(), |last| last.to_string());
    println!("The last line of the audit log is of: {last}. What was done since then is undone. Do these again:");
    println!("- erasures; revocations and suspensions of identities and devices; dismissals of operators;");
    println!("- changes of passwords; replacements of keys that others may know.");
    Ok(())
}
