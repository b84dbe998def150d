//! Marks for the points at which a secret becomes public, used by the taint check of `tests/side_channel`.
//!
//! In builds for this check (`--cfg secondo_taint`) each mark calls a function of the checking program. In all other
//! builds the marks compile to nothing.

/// Marks the contents of these bytes as public from now on.
#[cfg_attr(not(secondo_taint), expect(clippy::needless_pass_by_ref_mut, reason = "the compiler must read them again"))]
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiles to nothing")]
pub(crate) fn declassify(bytes: &mut [u8]) {
    #[cfg(secondo_taint)]
    if let Some(listener) = LISTENER.get() {
        listener(bytes);
    }
    #[cfg(not(secondo_taint))]
    let _ = bytes;
}

/// Marks a condition as public from now on, and returns it.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiles to nothing")]
pub(crate) fn public(condition: bool) -> bool {
    let mut byte = [u8::from(condition)];
    declassify(&mut byte);
    byte != [0]
}

/// The checking program's function, which each mark calls with the bytes that become public.
#[cfg(secondo_taint)]
pub static LISTENER: std::sync::OnceLock<fn(&mut [u8])> = std::sync::OnceLock::new();
