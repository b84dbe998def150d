use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Instant;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;

use crate::TokenError;
use crate::connection::lock;

/// A module, shared by all tokens of this process that are opened from the same path.
///
/// A module may see only the tokens that were there when it was initialized. So it is finalized and initialized again
/// while a token is missing.
pub(crate) struct Module {
    pub(crate) context: Pkcs11,
    /// Held for reading while this package calls the module, and for writing while it finalizes the module.
    calls: RwLock<()>,
    /// Held while the module is initialized, so that one thread does it.
    starting: Mutex<()>,
    /// The number of times that this package initialized or finalized the module, which voids all sessions and handles.
    generation: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `true` if this package initialized the module, and not other code of the process.
    is_ours: bool,
    /// The number of this package's sessions in each slot.
    sessions: HashMap<u64, usize>,
    /// The time of the last finalization.
    finalized: Option<Instant>,
}

/// The time between two finalizations while a token is missing, since initializing can take long.
const PAUSE: Duration = Duration::from_secs(1);

impl Module {
    /// Returns the module at this path, which is loaded at the first time.
    pub(crate) fn load(path: &Path) -> Result<Arc<Self>, TokenError> {
        static LOADED: Mutex<Vec<(PathBuf, Arc<Module>)>> = Mutex::new(Vec::new());

        // A name without a folder is one for which the system searches.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.into());
        let mut loaded = lock(&LOADED);
        if let Some((_, module)) = loaded.iter().find(|(known, _)| *known == path) {
            return Ok(module.clone());
        }
        let module = Arc::new(Self {
            context: Pkcs11::new(&path)?,
            calls: RwLock::default(),
            starting: Mutex::default(),
            generation: AtomicU64::new(0),
            state: Mutex::default(),
        });
        // Modules are never unloaded, since they may run threads of their own.
        loaded.push((path, module.clone()));
        Ok(module)
    }

    /// Keeps the module from being finalized by this package during a call.
    pub(crate) fn call(&self) -> RwLockReadGuard<'_, ()> {
        self.calls.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Initializes the module, unless that is done.
    pub(crate) fn initialize(&self) -> Result<(), TokenError> {
        let _starting = lock(&self.starting);
        match self.context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) => {
                let mut state = lock(&self.state);
                state.is_ours = true;
                state.sessions.clear();
                self.generation.fetch_add(1, Ordering::AcqRel);
                Ok(())
            }
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Finalizes the module if this package initialized it, makes no call and has no session with another token.
    ///
    /// `missing` is the slot in which the token was. Its sessions ended with the token. Returns `true` if the module is
    /// finalized now.
    pub(crate) fn finalize_for(&self, missing: Option<Slot>) -> bool {
        let Ok(_no_calls) = self.calls.try_write() else { return false };
        let mut state = lock(&self.state);
        if let Some(slot) = missing {
            state.sessions.remove(&slot.id());
        }
        if !state.is_ours || !state.sessions.is_empty() || state.finalized.is_some_and(|at| at.elapsed() < PAUSE) {
            return false;
        }
        state.finalized = Some(Instant::now());
        self.finalize(&mut state).is_ok()
    }

    /// Finalizes the module, whoever initialized it, when the calls under way have ended.
    pub(crate) fn finalize_now(&self) -> Result<(), TokenError> {
        let _no_calls = self.calls.write().unwrap_or_else(PoisonError::into_inner);
        match self.finalize(&mut lock(&self.state)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn finalize(&self, state: &mut State) -> Result<(), Error> {
        self.context.clone().finalize()?;
        state.is_ours = false;
        state.sessions.clear();
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    pub(crate) fn opened(&self, slot: Slot) {
        *lock(&self.state).sessions.entry(slot.id()).or_default() += 1;
    }

    pub(crate) fn closed(&self, slot: Slot) {
        let sessions = &mut lock(&self.state).sessions;
        match sessions.get_mut(&slot.id()) {
            // The sessions of a missing token are counted no more.
            None => {}
            Some(1) => _ = sessions.remove(&slot.id()),
            Some(count) => *count -= 1,
        }
    }
}
