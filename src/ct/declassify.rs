//! Where something stops being secret: what the taint check of `tests/side_channel` takes as public from there on.
//!
//! In its builds (`--cfg secondo_taint`) a function of the checking program's is told; in all others this is nothing.

/// What these bytes hold is public now.
#[cfg_attr(not(secondo_taint), expect(clippy::needless_pass_by_ref_mut, reason = "the compiler must read them anew"))]
#[inline(always)]
#[expect(clippy::inline_always, reason = "nothing is left of it")]
pub(crate) fn declassify(bytes: &mut [u8]) {
    #[cfg(secondo_taint)]
    if let Some(listener) = LISTENER.get() {
        listener(bytes);
    }
    #[cfg(not(secondo_taint))]
    let _ = bytes;
}

/// This condition, which is public now.
#[inline(always)]
#[expect(clippy::inline_always, reason = "nothing is left of it")]
pub(crate) fn public(condition: bool) -> bool {
    let mut byte = [u8::from(condition)];
    declassify(&mut byte);
    byte != [0]
}

/// Who is told.
#[cfg(secondo_taint)]
pub static LISTENER: std::sync::OnceLock<fn(&mut [u8])> = std::sync::OnceLock::new();
