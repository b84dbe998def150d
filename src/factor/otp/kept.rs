use alloc::vec::Vec;
use core::{mem, slice};

use cmov::Cmov;

use crate::codes::Key;
use crate::codes::search::Match;
use crate::ct::declassify::declassify;
use crate::decision::{Progress, Refusal, Resynchronized, Stage, Verified};
use crate::factor::kind::{
    AAL2_SECRET_LEN, AAL2_STEP_SECS, Answer, Comparison, Computation, Kept, Kind, SearchKey, is_same_secret,
};
use crate::factor::{Authenticator, Hotp, Material, Method, Totp};
use crate::hsm::HsmKey;
use crate::policy::Policy;
use crate::types::{Algorithm, Counter, Digits, Period, Secret, SubmittedCode, UnixTime};

/// An authenticator of one-time passwords in an account, with its progress.
///
/// | field                                                     | length in bytes |
/// |-----------------------------------------------------------|-----------------|
/// | flags                                                     | 1               |
/// | digits                                                    | 1               |
/// | period and T0 in seconds, for TOTP only                   | 2 and 5         |
/// | last used counter or time step                            | 8               |
/// | drift in time steps                                       | 2               |
/// | key                                                       | the rest        |
///
/// The flags are, from the lowest bit: 1 for TOTP; 1 if a code was used; two bits for the algorithm (SHA-1, SHA-256,
/// SHA-512); three bits for the form of the key (secret, prepared key, name of a key in an HSM); 1 if 65,536 s are to
/// be added to the period.
#[derive(Debug)]
pub(crate) struct Otp {
    pub(crate) authenticator: Authenticator,
    pub(crate) progress: Progress,
}

const TOTP: u8 = 1;
const USED_AT: u8 = 1;
const ALGORITHM_AT: u8 = 2;
const KEY_AT: u8 = 4;
/// The form of a key that is in an HSM.
const IN_HSM: u8 = 2;
const LONG_PERIOD: u8 = 1 << 7;

impl Kept for Otp {
    fn kind(&self) -> Kind {
        match self.authenticator.method() {
            Method::Hotp(_) => Kind::Hotp,
            Method::Totp(_) => Kind::Totp,
        }
    }

    fn encoded_len(&self) -> usize {
        let parameters = match self.authenticator.method() {
            Method::Hotp(_) => 2,
            Method::Totp(_) => 2 + 7,
        };
        let key = match self.authenticator.material() {
            Material::Secret(_, secret) => secret.expose().len(),
            Material::Key(key) => 2 * key.algorithm().output_len(),
            Material::Hsm(_, key) => key.as_bytes().len(),
        };
        parameters + 8 + 2 + key
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        let (method, material) = (self.authenticator.method(), self.authenticator.material());
        let algorithm = match self.authenticator.algorithm() {
            Algorithm::Sha1 => 0,
            Algorithm::Sha256 => 1,
            Algorithm::Sha512 => 2,
        };
        let key = match material {
            Material::Secret(..) => 0,
            Material::Key(_) => 1,
            Material::Hsm(..) => IN_HSM,
        };
        let used = u8::from(self.progress.is_used) << USED_AT;
        let flags = used | algorithm << ALGORITHM_AT | key << KEY_AT;
        if let Method::Totp(totp) = method {
            let [_, high, period @ ..] = totp.period().as_secs().to_be_bytes();
            let is_long = if high == 0 { 0 } else { LONG_PERIOD };
            bytes.extend_from_slice(&[flags | TOTP | is_long, method.digits() as u8]);
            bytes.extend_from_slice(&period);
            bytes.extend_from_slice(&totp.t0().to_be_bytes());
        } else {
            bytes.extend_from_slice(&[flags, method.digits() as u8]);
        }
        bytes.extend_from_slice(&self.progress.last_used.to_be_bytes());
        bytes.extend_from_slice(&self.progress.drift.to_be_bytes());
        match material {
            Material::Secret(_, secret) => bytes.extend_from_slice(secret.expose()),
            Material::Key(key) => key.words().for_each(|word| bytes.extend_from_slice(&word.to_be_bytes())),
            Material::Hsm(_, key) => bytes.extend_from_slice(key.as_bytes()),
        }
    }

    fn decode(bytes: &mut [u8]) -> Result<Self, usize> {
        // Only the key is secret. The name of a key in an HSM is not.
        let flags = bytes.split_first_mut().ok_or(0_usize)?.0;
        declassify(slice::from_mut(flags));
        let flags = *flags;
        let parameters = if flags & TOTP == 0 { 2 + 10 } else { 2 + 7 + 10 };
        let form = (flags & !LONG_PERIOD) >> KEY_AT;
        let public = if form == IN_HSM { parameters.max(bytes.len()) } else { parameters };
        declassify(bytes.get_mut(..public).ok_or(0_usize)?);
        let bytes = &*bytes;
        let ([_, digits], rest) = bytes.split_first_chunk().ok_or(0_usize)?;
        let digits = Digits::try_from(*digits).map_err(|_| 1_usize)?;
        let is_long = flags & LONG_PERIOD != 0;
        let (method, rest): (Method, _) = if flags & TOTP == 0 {
            if is_long {
                return Err(0);
            }
            (Hotp::new(digits).into(), rest)
        } else {
            let (period, rest) = rest.split_first_chunk().ok_or(2_usize)?;
            let (t0, rest) = rest.split_first_chunk().ok_or(4_usize)?;
            let period = u64::from(u16::from_be_bytes(*period)) + if is_long { 1 << 16 } else { 0 };
            let period = Period::from_secs(period).map_err(|_| 2_usize)?;
            let t0 = UnixTime::from_be_bytes(*t0).ok_or(4_usize)?;
            (Totp::new(digits, period).with_t0(t0).into(), rest)
        };
        let at = bytes.len() - rest.len();
        let (last_used, rest) = rest.split_first_chunk().ok_or(at)?;
        let (drift, key) = rest.split_first_chunk().ok_or(at + 8)?;
        let (last_used, is_used) = (u64::from_be_bytes(*last_used), flags >> USED_AT & 1 != 0);
        if !is_used && last_used > 0 {
            return Err(at);
        }
        let algorithm = match flags >> ALGORITHM_AT & 0b11 {
            0 => Algorithm::Sha1,
            1 => Algorithm::Sha256,
            2 => Algorithm::Sha512,
            _ => return Err(0),
        };
        let key_at = at + 10;
        let authenticator = match form {
            0 => Authenticator::new(method, algorithm, Secret::import_short(key).map_err(|_| key_at)?),
            1 => Authenticator::from_key(method, Key::from_words(algorithm, key).ok_or(key_at)?),
            IN_HSM => Authenticator::in_hsm(method, algorithm, HsmKey::new(key).map_err(|_| key_at)?),
            _ => return Err(0),
        };
        let progress = Progress { last_used, is_used, drift: i16::from_be_bytes(*drift) };
        Ok(Self { authenticator, progress })
    }

    fn compare(&self, answer: &Answer<'_>) -> Result<Comparison<'_>, Refusal> {
        let method = self.authenticator.method();
        let values = answer.codes.iter().map(|code| SubmittedCode::new(code).value(method.digits()));
        let Answer { codes, stage, policy, now, .. } = *answer;
        let search = method.search(policy, &self.progress, now, stage, codes.len(), values)?;
        Ok(match self.authenticator.material() {
            Material::Secret(algorithm, secret) => {
                Comparison::Search(search, SearchKey::Computed(Key::new(*algorithm, secret)))
            }
            Material::Key(key) => Comparison::Search(search, SearchKey::Prepared(key)),
            Material::Hsm(algorithm, key) => Comparison::Hsm(search, *algorithm, key),
        })
    }

    fn accept(&mut self, found: &Match, answer: &Answer<'_>) -> Computation {
        let (method, counter) = (self.authenticator.method(), found.counter());
        let mut next = Progress { last_used: counter.get(), is_used: true, ..self.progress };
        let drift = match answer.stage {
            Stage::Resynchronization => {
                let Resynchronized { drift, .. } = method.accept_resync(answer.policy, &mut next, counter, answer.now);
                drift
            }
            Stage::Login | Stage::Confirmation => {
                let Verified { drift, .. } = method.accept(answer.policy, &mut next, counter, answer.now);
                drift
            }
        };
        let fresh = found.fresh();
        let mut is_used = u32::from(self.progress.is_used);
        is_used.cmovnz(&1, fresh);
        self.progress.is_used = is_used != 0;
        self.progress.last_used.cmovnz(&next.last_used, fresh);
        self.progress.drift.cmovnz(&next.drift, fresh);
        Computation { counter: counter.get(), drift }
    }

    fn counts_for_aal2(&self) -> bool {
        let is_fast = match self.authenticator.method() {
            Method::Hotp(_) => true,
            Method::Totp(totp) => totp.period().as_secs() <= AAL2_STEP_SECS,
        };
        // The length of the secret behind a key is not known.
        let is_long = match self.authenticator.material() {
            Material::Secret(_, secret) => secret.expose().len() >= AAL2_SECRET_LEN,
            Material::Key(_) | Material::Hsm(..) => true,
        };
        is_fast && is_long
    }

    fn start_at(&mut self, next: Counter) {
        if let (Method::Hotp(_), Some(last)) = (self.authenticator.method(), next.get().checked_sub(1)) {
            self.use_to(last);
        }
    }

    fn import(&mut self, progress: &Progress) -> Result<(), Counter> {
        let known = mem::replace(&mut self.progress, *progress);
        if let Some(last) = known.watermark() {
            self.use_to(last.get());
        }
        match (self.authenticator.method(), self.progress.watermark()) {
            (Method::Totp(totp), Some(last)) if !totp.is_plausible(last) => Err(last),
            _ => Ok(()),
        }
    }

    /// Raises the watermark of a clock. A counter has no time, and does not change.
    fn after_restore(&mut self, policy: &Policy, now: UnixTime) {
        if let Method::Totp(totp) = self.authenticator.method()
            && let Some(last) = totp.farthest_step(policy, now)
        {
            self.use_to(last);
        }
    }

    fn right_answers(&self, policy: &Policy) -> u8 {
        let windows = match self.authenticator.method() {
            Method::Totp(_) if !policy.window.reaches(policy.known_drift(self.progress.drift)) => 2,
            Method::Totp(_) | Method::Hotp(_) => 1,
        };
        windows * self.authenticator.method().right_codes(policy)
    }

    fn shares_secret(&self, other: &Self) -> bool {
        match (self.authenticator.material(), other.authenticator.material()) {
            (Material::Hsm(_, a), Material::Hsm(_, b)) => a == b,
            (Material::Key(a), Material::Key(b)) => a.is_equal(b),
            (Material::Secret(algorithm, secret), _) => other.has_secret((*algorithm, secret)),
            (_, Material::Secret(algorithm, secret)) => self.has_secret((*algorithm, secret)),
            _ => false,
        }
    }
}

impl Otp {
    /// Returns `true` if its secret is this one.
    pub(crate) fn has_secret(&self, (algorithm, secret): (Algorithm, &Secret)) -> bool {
        match self.authenticator.material() {
            Material::Secret(of_this, this) => is_same_secret((*of_this, this), (algorithm, secret)),
            Material::Key(key) => Key::new(key.algorithm(), secret).is_equal(key),
            Material::Hsm(..) => false,
        }
    }

    pub(crate) const fn new(authenticator: Authenticator) -> Self {
        Self { authenticator, progress: Progress::NONE }
    }

    pub(crate) fn copied(&self) -> Self {
        Self { authenticator: self.authenticator.copied(), progress: self.progress }
    }

    /// Returns the step to which the watermark can be lowered, if it lies far in the future.
    pub(crate) fn lowered_watermark(&self, policy: &Policy, now: UnixTime) -> Option<Counter> {
        match self.authenticator.method() {
            Method::Totp(totp) => totp.lowered(policy, &self.progress, now),
            Method::Hotp(_) => None,
        }
    }

    pub(crate) fn has_clock(&self) -> bool {
        matches!(self.authenticator.method(), Method::Totp(_))
    }

    /// Marks all steps or counters up to this one as used.
    fn use_to(&mut self, last: u64) {
        self.progress.last_used = self.progress.last_used.max(last);
        self.progress.is_used = true;
    }
}
