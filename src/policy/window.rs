use core::fmt;

/// The time steps besides the current one that a TOTP login accepts.
///
/// The default is one past step and no future step: RFC 6238 section 5.2 recommends at most one for the time that a
/// code takes to arrive.
///
/// Each step makes one more code correct at any moment. A guess is therefore `past + 1 + future` times as likely to be
/// correct as with one step. With six digits its chance is 2 in a million by default, 3 in a million with one step each
/// way, and 11 in a million with the widest window.
///
/// A past step also keeps a code that somebody saw usable for one more period, unless it was used: a used step is never
/// accepted again. Future steps are only for clocks that run ahead.
/// [`Policy::with_learned_drift`](crate::Policy::with_learned_drift) follows such clocks with a narrower window.
///
/// ```
/// use secondo::policy::{Window, WindowError};
///
/// let window = Window::new(1, 1)?;
/// assert!(Window::new(10, 1).is_err());
/// # Ok::<(), WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    past: u8,
    future: u8,
}

impl Window {
    /// The maximum number of steps besides the current one, past and future together.
    pub const MAX: u8 = 10;
    pub(crate) const DEFAULT: Self = Self { past: 1, future: 0 };

    /// Creates a window of `past` steps before and `future` steps after the current one.
    ///
    /// # Errors
    ///
    /// Returns [`WindowError`] if `past` and `future` together are more than [`Self::MAX`].
    pub const fn new(past: u8, future: u8) -> Result<Self, WindowError> {
        if past.saturating_add(future) > Self::MAX {
            return Err(WindowError { past, future });
        }
        Ok(Self { past, future })
    }

    /// Returns the number of steps before the current one.
    #[must_use]
    pub const fn past(self) -> u8 {
        self.past
    }

    /// Returns the number of steps after the current one.
    #[must_use]
    pub const fn future(self) -> u8 {
        self.future
    }

    /// Returns `true` if the window still contains the current step when it is moved by `drift` steps.
    pub(crate) fn reaches(self, drift: i16) -> bool {
        (-i16::from(self.future)..=i16::from(self.past)).contains(&drift)
    }
}

impl Default for Window {
    /// Creates a window of one past step and no future step.
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A window of more than [`Window::MAX`] steps besides the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowError {
    /// The requested number of steps before the current one.
    pub past: u8,
    /// The requested number of steps after the current one.
    pub future: u8,
}

impl WindowError {
    /// Returns a short name of the error, for use as a metric label. It does not change between versions.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        "window"
    }
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { past, future } = self;
        write!(
            f,
            "a window must have at most {} steps besides the current one, not {past} past and {future} future",
            Window::MAX
        )
    }
}

impl core::error::Error for WindowError {}
