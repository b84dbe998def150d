use core::fmt;

/// How many time steps besides the current one a TOTP login accepts.
///
/// One past step and no future step by default: RFC 6238 section 5.2 allows at most one for the time that a code takes
/// to arrive. Each step is one more code that is right at this moment, so the chance of a guess is
/// `past + 1 + future` times that of one code: with six digits 2 in a million by default, 3 in a million for one step
/// each way, 11 in a million for the widest window. A past step also leaves a code that somebody saw usable for one
/// period longer, unless it was used: a used step is never accepted again. Future steps are only for clocks that run
/// ahead; [`Policy::with_learned_drift`](crate::Policy::with_learned_drift) is the narrower answer to those.
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
    /// The most steps besides the current one, past and future together.
    pub const MAX: u8 = 10;
    pub(crate) const DEFAULT: Self = Self { past: 1, future: 0 };

    /// A window of so many steps before and after the current one.
    ///
    /// # Errors
    ///
    /// [`WindowError`] if they are more than [`Self::MAX`] together.
    pub const fn new(past: u8, future: u8) -> Result<Self, WindowError> {
        if past.saturating_add(future) > Self::MAX {
            return Err(WindowError { past, future });
        }
        Ok(Self { past, future })
    }

    /// The steps before the current one.
    #[must_use]
    pub const fn past(self) -> u8 {
        self.past
    }

    /// The steps after the current one.
    #[must_use]
    pub const fn future(self) -> u8 {
        self.future
    }

    /// Tells whether the window has the current step when it is moved by this drift.
    pub(crate) fn reaches(self, drift: i16) -> bool {
        (-i16::from(self.future)..=i16::from(self.past)).contains(&drift)
    }
}

impl Default for Window {
    /// One past step, no future one.
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A window of more than [`Window::MAX`] steps besides the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowError {
    /// The steps asked for before the current one.
    pub past: u8,
    /// The steps asked for after the current one.
    pub future: u8,
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
