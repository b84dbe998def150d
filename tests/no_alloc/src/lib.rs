//! One TOTP verification, and a QR code, for a program without an operating system.
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

/// How many bytes the code's pictures have together, or 0 if there is no such code.
#[cfg(feature = "qr")]
#[unsafe(no_mangle)]
pub extern "C" fn draw(uri: &[u8; 100]) -> usize {
    use core::fmt::Write;

    struct Screen(usize);

    impl Write for Screen {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }

    let Some(qr) = core::str::from_utf8(uri).ok().and_then(|uri| secondo::otpauth::Qr::new(uri).ok()) else {
        return 0;
    };
    let mut screen = Screen(0);
    if write!(screen, "{}{}", qr.svg(), qr.terminal()).is_err() {
        return 0;
    }
    screen.0
}
