//! secondo: a typed code against a state, which is replaced. Attempts are counted and limited, a code is accepted once.
#![no_std]
#![no_main]

use core::hint::black_box;

use secondo::{Algorithm, Code, Digits, Key, Policy, Secret, State, Totp, UnixTime, Window};

// The C library starts the program and has memcpy.
#[link(name = "c")]
unsafe extern "C" {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// 0 if the code is accepted. With an argument the code is a wrong one.
#[unsafe(no_mangle)]
pub extern "C" fn main(arguments: i32) -> i32 {
    let typed = black_box(if arguments > 1 { "000000" } else { "050471" });
    let secret = black_box(b"12345678901234567890");
    let now = black_box(1_111_111_111);
    i32::from(!is_accepted(secret, typed, now))
}

fn is_accepted(secret: &[u8; 20], typed: &str, now: u64) -> bool {
    let (Ok(secret), Ok(window)) = (Secret::from_bytes(secret), Window::new(1, 1)) else { return false };
    let key = Key::new(Algorithm::Sha1, &secret);
    let policy = Policy::new().with_window(window);
    let mut state = black_box(State::new().confirmed());
    let code = Code::parse(typed, Digits::Six);
    let decision = Totp::default().verify(&key, &policy, &state, &code, UnixTime::from_secs(now));
    let verdict = decision.commit(|next| {
        state = *next;
        black_box(&state);
        Ok::<_, ()>(())
    });
    verdict.is_ok()
}
