//! An authenticator app, with its own clock.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secondo::codes::Key;
use secondo::types::Counter;
use secondo::{Algorithm, Digits, Hotp, Secret};

#[derive(Clone)]
pub(crate) struct App {
    secret: String,
    /// The last time step whose code was used.
    step: u64,
}

impl App {
    /// Returns an app with this secret in Base32.
    pub(crate) fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned(), step: 0 }
    }

    /// Returns the code of the step before, for a clock that is this many seconds ahead. It confirms the app, and the
    /// current code is left for a login.
    pub(crate) fn first_code(&mut self, ahead: u64) -> String {
        self.step = step(ahead) - 1;
        self.used_code()
    }

    /// Returns the next code that was not used, and waits for it.
    pub(crate) fn next_code(&mut self) -> String {
        let code = self.next_code_at(0);
        while step(0) < self.step {
            sleep(Duration::from_millis(100));
        }
        code
    }

    /// Returns the next code of a clock that is this many seconds ahead. It does not wait for the code's step.
    pub(crate) fn next_code_at(&mut self, ahead: u64) -> String {
        self.step = step(ahead).max(self.step + 1);
        self.used_code()
    }

    /// Returns the last code that was used.
    pub(crate) fn used_code(&self) -> String {
        let key = Key::new(Algorithm::Sha1, &Secret::from_base32(&self.secret).unwrap());
        Hotp::new(Digits::Six).generate(&key, Counter::new(self.step)).as_str().to_owned()
    }
}

fn step(ahead: u64) -> u64 {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + ahead) / 30
}
