use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroUsize;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use secondo::Algorithm;
use secondo::hsm::HsmKey;
use zeroize::Zeroizing;

use crate::TokenError;
use crate::module::Module;

/// The module, the token's name and its user PIN, shared by all connections to one token.
pub(crate) struct Access {
    pub(crate) module: Arc<Module>,
    name: Name,
    /// Its lock is held while connecting: one login runs at a time, and none after the token refused the PIN.
    login: Mutex<Login>,
}

/// The property by which a token is chosen.
pub(crate) enum Name {
    Label(Box<str>),
    Serial(Box<str>),
}

struct Login {
    pin: Pin,
    /// The slot in which the token was seen last, and the generation of the module at that time.
    seen: Option<(Slot, u64)>,
}

enum Pin {
    Usable(AuthPin),
    Refused(RvError),
}

impl Access {
    pub(crate) fn new(module: &Path, name: Name, pin: &str) -> Result<Self, TokenError> {
        let pin = Pin::Usable(AuthPin::new(pin.into()));
        Ok(Self { module: Module::load(module)?, name, login: Mutex::new(Login { pin, seen: None }) })
    }

    /// Sets the PIN for all later logins.
    pub(crate) fn set_pin(&self, pin: &str) {
        lock(&self.login).pin = Pin::Usable(AuthPin::new(pin.into()));
    }

    /// Opens a session, and logs in unless another session of this process has done so.
    ///
    /// If the token is missing, the module is initialized again where that is possible.
    fn connect(&self, rights: Rights) -> Result<Connection, TokenError> {
        let mut login = lock(&self.login);
        match self.attempt(&mut login, rights) {
            Err(error) if error.is_absence() => {
                let generation = self.module.generation();
                let missing = login.seen.filter(|(_, since)| *since == generation).map(|(slot, _)| slot);
                if self.module.finalize_for(missing) { self.attempt(&mut login, rights) } else { Err(error) }
            }
            connected => connected,
        }
    }

    fn attempt(&self, login: &mut Login, rights: Rights) -> Result<Connection, TokenError> {
        let usable = match &login.pin {
            Pin::Usable(usable) => usable,
            Pin::Refused(code) => return Err(TokenError::Pin(*code)),
        };
        let _call = self.module.call();
        self.module.initialize()?;
        let since = self.module.generation();
        let slot = self.slot()?;
        login.seen = Some((slot, since));
        let session = match rights {
            Rights::Use => self.module.context.open_ro_session_no_drop(slot)?,
            Rights::Change => self.module.context.open_rw_session_no_drop(slot)?,
        };
        let error = match session.login(UserType::User, Some(usable)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                self.module.opened(slot);
                return Ok(Connection { session, handles: HashMap::new(), slot, since });
            }
            Err(error) => error,
        };
        // A session that cannot be closed is not used again either.
        let _ = session.close();
        let Error::Pkcs11(
            code @ (RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired
            | RvError::PinLocked
            | RvError::UserPinNotInitialized),
            _,
        ) = error
        else {
            return Err(error.into());
        };
        login.pin = Pin::Refused(code);
        Err(TokenError::Pin(code))
    }

    /// Finds the slot of the token. The slot's number may change when the module is initialized again.
    fn slot(&self) -> Result<Slot, TokenError> {
        // A token whose information cannot be read is skipped.
        let is_it = |slot: &Slot| {
            let info = self.module.context.get_token_info(*slot);
            info.is_ok_and(|info| {
                info.token_initialized()
                    && match &self.name {
                        Name::Label(label) => info.label() == &**label,
                        Name::Serial(serial) => info.serial_number() == &**serial,
                    }
            })
        };
        let mut slots = self.module.context.get_slots_with_token()?.into_iter().filter(is_it);
        match (slots.next(), slots.next()) {
            (Some(slot), None) => Ok(slot),
            (None, _) => Err(TokenError::NoToken),
            (Some(_), Some(_)) => Err(TokenError::DuplicateToken),
        }
    }
}

/// The rights of a session to the token's objects.
#[derive(Clone, Copy)]
pub(crate) enum Rights {
    Use,
    Change,
}

/// A connection that is opened when it is first needed, and again after an error.
pub(crate) struct Link {
    access: Arc<Access>,
    rights: Rights,
    connection: Option<Connection>,
}

impl Link {
    pub(crate) fn new(access: Arc<Access>, rights: Rights) -> Self {
        Self { access, rights, connection: None }
    }

    /// Runs `work` on the connection. Opens a connection first if none is open.
    pub(crate) fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        // A session from before the last initialization is not closed: its handle may be another session's by now.
        let live = self.connection.take().filter(|connection| connection.is_live(&self.access.module));
        let mut connection = match live {
            Some(connection) => connection,
            None => self.access.connect(self.rights)?,
        };
        let module = &self.access.module;
        let _call = module.call();
        if !connection.is_live(module) {
            // The module was finalized since the lines above.
            return Err(TokenError::Lost(RvError::SessionHandleInvalid));
        }
        let result = work(&mut connection);
        match &result {
            Err(error) if error.ends_session() => module.closed(connection.slot),
            Err(error) if !error.spares_session() => connection.close(module),
            _ => self.connection = Some(connection),
        }
        result
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let module = &self.access.module;
        let _call = module.call();
        if connection.is_live(module) {
            connection.close(module);
        }
    }
}

/// A session that is logged in.
pub(crate) struct Connection {
    session: Session,
    /// The handles of keys found before, since a search is slow in some modules.
    handles: HashMap<Box<[u8]>, ObjectHandle>,
    slot: Slot,
    /// The module's generation at the time of connecting.
    since: u64,
}

impl Connection {
    const MAX_HANDLES: usize = 1024;

    /// Computes the HMAC of each message under the key with this id.
    pub(crate) fn hmacs<M: AsRef<[u8]>>(
        &mut self,
        key: &HsmKey,
        algorithm: Algorithm,
        messages: impl ExactSizeIterator<Item = M>,
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, TokenError> {
        let (mechanism, _) = mechanism(algorithm)?;
        let handle = self.handle(key)?;
        let mut hmacs = Vec::with_capacity(messages.len());
        for message in messages {
            let hmac = Zeroizing::new(self.session.sign(&mechanism, handle, message.as_ref())?);
            if hmac.len() != algorithm.output_len() {
                return Err(TokenError::WrongAnswer);
            }
            hmacs.push(hmac);
        }
        // A module may reuse the handle for another key, for example after other code in this process finalized and
        // initialized it. So the id of the key is read again afterwards.
        match self.session.get_attributes(handle, &[AttributeType::Id])?.as_slice() {
            [Attribute::Id(id)] if id == key.as_bytes() => Ok(hmacs),
            _ => Err(TokenError::WrongAnswer),
        }
    }

    /// Creates an object on the token, unless the token has a key with this id.
    pub(crate) fn create(&mut self, key: &HsmKey, template: &[Attribute]) -> Result<(), TokenError> {
        match self.find(key) {
            Err(TokenError::NoKey) => {}
            Ok(_) | Err(TokenError::DuplicateKey) => return Err(TokenError::KeyExists),
            Err(error) => return Err(error),
        }
        self.session.create_object(template)?;
        Ok(())
    }

    /// Destroys the key with this id.
    pub(crate) fn destroy(&mut self, key: &HsmKey) -> Result<(), TokenError> {
        let handle = self.find(key)?;
        Ok(self.session.destroy_object(handle)?)
    }

    fn handle(&mut self, key: &HsmKey) -> Result<ObjectHandle, TokenError> {
        if let Some(handle) = self.handles.get(key.as_bytes()) {
            return Ok(*handle);
        }
        let handle = self.find(key)?;
        if self.handles.len() == Self::MAX_HANDLES {
            self.handles.clear();
        }
        self.handles.insert(key.as_bytes().into(), handle);
        Ok(handle)
    }

    fn find(&self, key: &HsmKey) -> Result<ObjectHandle, TokenError> {
        const TWO: NonZeroUsize = const { NonZeroUsize::new(2).unwrap() };
        let template =
            [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true), Attribute::Id(key.as_bytes().into())];
        let mut found = self.session.iter_objects_with_cache_size(&template, TWO)?;
        match (found.next().transpose()?, found.next().transpose()?) {
            (Some(handle), None) => Ok(handle),
            (Some(_), Some(_)) => Err(TokenError::DuplicateKey),
            (None, _) => {
                drop(found);
                // A session that is not logged in does not see private keys.
                match self.session.get_session_info()?.session_state() {
                    SessionState::RoUser | SessionState::RwUser => Err(TokenError::NoKey),
                    _ => Err(TokenError::NotLoggedIn),
                }
            }
        }
    }

    fn is_live(&self, module: &Module) -> bool {
        self.since == module.generation()
    }

    fn close(self, module: &Module) {
        // A session that cannot be closed is not used again either.
        let _ = self.session.close();
        module.closed(self.slot);
    }
}

/// Returns the HMAC mechanism of this algorithm: as an argument of calls, and as the type that a key is restricted to.
pub(crate) fn mechanism(algorithm: Algorithm) -> Result<(Mechanism<'static>, MechanismType), TokenError> {
    match algorithm {
        Algorithm::Sha1 => Ok((Mechanism::Sha1Hmac, MechanismType::SHA1_HMAC)),
        Algorithm::Sha256 => Ok((Mechanism::Sha256Hmac, MechanismType::SHA256_HMAC)),
        Algorithm::Sha512 => Ok((Mechanism::Sha512Hmac, MechanismType::SHA512_HMAC)),
        _ => Err(TokenError::Algorithm),
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
