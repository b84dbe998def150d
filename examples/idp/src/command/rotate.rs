//! The rotation of the key that seals accounts and records.
//!
//! The key file holds the state, so that a rotation that was interrupted goes on with the next call:
//!
//! 1. The next key is added. The provider knows it, and does not use it yet.
//! 2. The next key seals. Records of the key before are opened as well.
//! 3. Everything is sealed with the next key, and the key before is dropped.
//!
//! On a store that machines share, each of these is a call of its own: all machines need the file of one step before
//! the next.

use clap::ValueEnum;
use secondo::VerifierError;
use serde::{Deserialize, Serialize};

use super::output::{Output, counted};
use crate::key_file::KeyFile;
use crate::outage::Failure;
use crate::provider::Provider;
use crate::records::{is_of_verifier, kind_of};

/// A step of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub(crate) enum Step {
    /// Adds the next key, which does not seal yet.
    Add,
    /// Seals with the next key.
    Seal,
    /// Seals everything with it, and drops the key before.
    Drop,
}

impl Step {
    /// Returns the step that comes next.
    fn of(keys: &KeyFile) -> Self {
        match keys.other() {
            None => Self::Add,
            Some(other) if other > keys.active() => Self::Seal,
            Some(_) => Self::Drop,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Seal => "seal",
            Self::Drop => "drop",
        }
    }
}

pub(super) async fn rotate(provider: &Provider, wanted: Option<Step>, output: &Output) -> Result<(), Failure> {
    let Ok(_rotation) = provider.rotation.try_lock() else { return Err("another rotation is running".into()) };
    let config = provider.app().config.clone();
    let mut keys = KeyFile::read(&config.key_path())?;
    let (path, first) = (config.key_path(), Step::of(&keys));
    if wanted.map_or(config.store != "file", |wanted| wanted != first) {
        return Err(format!(
            "the next step is `idp rotate-keys {}`: machines that share the store need the key file of each step before \
             the next one, and a key that one of them does not have locks it out",
            first.name()
        )
        .into());
    }
    if let Some(other) = keys.other() {
        if wanted.is_none() {
            output.say(format!("A rotation between the keys {} and {other} goes on.", keys.active()));
        }
        provider.use_keys(&keys).await?;
    }
    loop {
        let step = Step::of(&keys);
        let done = match step {
            Step::Add => {
                keys.add()?;
                let next = keys.other().unwrap_or_default();
                format!("Key {next} is in {}. Keep a copy of the file in a safe place.", path.display())
            }
            Step::Seal => {
                keys.swap();
                format!("Key {} seals from now on.", keys.active())
            }
            Step::Drop => {
                let resealed = reseal_all(provider, output).await?;
                let old = keys.other().unwrap_or_default();
                keys.drop_other();
                format!(
                    "{} sealed with key {}. Key {old} is no longer needed, but for backups of the time before.",
                    counted(resealed, "entry was", "entries were"),
                    keys.active()
                )
            }
        };
        keys.write()?;
        provider.use_keys(&keys).await?;
        output.say(done);
        if wanted.is_some() {
            output.say("Copy the key file to the other machines. Each says on its standard error that it follows.");
            if step != Step::Drop {
                output.say(format!("Then call `idp rotate-keys {}`.", Step::of(&keys).name()));
            }
        }
        if wanted.is_some() || step == Step::Drop {
            return Ok(());
        }
    }
}

/// Seals all accounts and records with the active key. Returns the number of those that another one had sealed.
async fn reseal_all(provider: &Provider, output: &Output) -> Result<usize, Failure> {
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
    if failed > 0 {
        let entries = counted(failed, "entry", "entries");
        return Err(format!("{entries} could not be sealed, so the old key stays: call the command again").into());
    }
    Ok(resealed)
}
