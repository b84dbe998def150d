//! The rotation of the key that seals accounts and records.
//!
//! The key file holds the state, so that a rotation that was interrupted goes on with the next call:
//!
//! 1. The next key is added. The provider knows it, and does not use it yet.
//! 2. The next key seals. Records of the key before are opened as well.
//! 3. Everything is sealed with the next key.
//! 4. The key before is dropped.

use secondo::VerifierError;

use super::output::{Output, counted};
use crate::key_file::KeyFile;
use crate::outage::Failure;
use crate::provider::Provider;
use crate::records::{is_of_verifier, kind_of};

pub(super) async fn rotate(provider: &Provider, output: &Output) -> Result<(), Failure> {
    let Ok(_rotation) = provider.rotation.try_lock() else { return Err("another rotation is running".into()) };
    let config = provider.app().config.clone();
    let mut keys = KeyFile::read(&config.key_path())?;
    if let Some(other) = keys.other() {
        output.say(format!("A rotation between the keys {} and {other} goes on.", keys.active()));
    } else {
        keys.add()?;
        keys.write()?;
    }
    provider.use_keys(&keys).await?;
    if let Some(next) = keys.other().filter(|other| *other > keys.active()) {
        output
            .say(format!("Key {next} is in {}. Keep a copy of the file in a safe place.", config.key_path().display()));
        keys.swap();
        keys.write()?;
        provider.use_keys(&keys).await?;
    }
    provider.app().verifier.check_keys().await?;
    output.say(format!("Key {} seals from now on.", keys.active()));

    let (resealed, failed) = reseal_all(provider, output).await?;
    if failed > 0 {
        let entries = counted(failed, "entry", "entries");
        return Err(format!("{entries} could not be sealed, so the old key stays: call the command again").into());
    }
    if let Some(old) = keys.other() {
        keys.drop_other();
        keys.write()?;
        provider.use_keys(&keys).await?;
        output.say(format!(
            "{} sealed with key {}. Key {old} is no longer needed, but for backups of the time before.",
            counted(resealed, "entry was", "entries were"),
            keys.active()
        ));
    }
    Ok(())
}

/// Seals all accounts and records with the active key. Returns the number of those that another one had sealed, and of
/// failures.
async fn reseal_all(provider: &Provider, output: &Output) -> Result<(usize, usize), Failure> {
    let app = provider.app();
    // Entries that are made from now on are sealed with the active key.
    let ids = app.engine.ids().await?;
    let (mut resealed, mut failed) = (0, 0);
    for (n, id) in ids.iter().enumerate() {
        output.progress(n, ids.len());
        let result = if kind_of(id).is_some() {
            app.records.reseal(id).await
        } else if is_of_verifier(id) {
            // The verifier's own entries: canaries stay, and limits of destinations expire.
            Ok(false)
        } else {
            match app.verifier.reseal(id).await {
                // It has expired since it was listed.
                Err(VerifierError::Unknown) => Ok(false),
                result => result.map_err(Into::into),
            }
        };
        match result {
            Ok(was_old) => resealed += usize::from(was_old),
            Err(_) => failed += 1,
        }
    }
    output.progress(ids.len(), ids.len());
    Ok((resealed, failed))
}
