//! One TOTP verification for a program without an operating system.
#![no_std]

use secondo::{Algorithm, Code, Digits, Key, Policy, Secret, State, Totp, UnixTime};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Whether the code is accepted; the state's bytes are replaced.
#[unsafe(no_mangle)]
pub extern "C" fn verify(secret: &[u8; 20], state: &mut [u8; State::LEN], digits: &[u8; 6], now: u64) -> bool {
    let (Ok(secret), Ok(current), Ok(digits)) =
        (Secret::from_bytes(secret), State::from_bytes(state), core::str::from_utf8(digits))
    else {
        return false;
    };
    let key = Key::new(Algorithm::Sha1, &secret);
    let code = Code::parse(digits, Digits::Six);
    let decision = Totp::default().verify(&key, &Policy::new(), &current, &code, UnixTime::from_secs(now));
    let verdict = decision.commit(|next| {
        *state = next.to_bytes();
        Ok::<_, ()>(())
    });
    verdict.is_ok()
}
