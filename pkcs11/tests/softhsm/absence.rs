//! Tokens that appear late or go away, and sessions that are lost.

use std::thread;
use std::time::{Duration, Instant};

use cryptoki::error::RvError;
use secondo::Algorithm;
use secondo_pkcs11::{Token, TokenError, TokenHsm, Workers};

use crate::store::{LABEL, MODULE, Other, PIN, open, second_token, tokens_are_away, with_softhsm};
use crate::{hmacs, name, one_worker, rfc_secret};

/// Repeats the call until it succeeds, as logins do.
fn eventually<T>(mut call: impl FnMut() -> Result<T, TokenError>) -> T {
    let begun = Instant::now();
    loop {
        match call() {
            Ok(done) => return done,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error:?}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Asserts that the call fails for longer than the pause between two initializations.
fn fails<T: std::fmt::Debug>(mut call: impl FnMut() -> Result<T, TokenError>) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2_500) {
        call().unwrap_err();
        thread::sleep(Duration::from_millis(20));
    }
}

fn with_key() -> (Token, TokenHsm) {
    let token = open().unwrap();
    token.import(&name("rossi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
    let hsm = one_worker(&token);
    hmacs(&hsm, "rossi").unwrap();
    (token, hsm)
}

#[test]
fn a_token_that_appears_after_the_start_is_found_without_a_restart() {
    with_softhsm(|| {
        tokens_are_away(true);
        for _ in 0..3 {
            assert!(matches!(open(), Err(TokenError::NoToken)));
        }
        tokens_are_away(false);
        let token = eventually(open);
        token.import(&name("rossi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        hmacs(&one_worker(&token), "rossi").unwrap();
    });
}

#[test]
fn a_token_that_goes_away_for_a_minute_is_found_again_without_a_restart() {
    with_softhsm(|| {
        let (token, hsm) = with_key();
        // Sessions that make no calls while the token is away.
        let idle = Workers::new().start(&token).unwrap();
        for _ in 0..4 {
            hmacs(&idle, "rossi").unwrap();
        }
        tokens_are_away(true);
        fails(|| hmacs(&hsm, "rossi"));
        assert!(matches!(hmacs(&hsm, "rossi"), Err(TokenError::NoToken)));
        tokens_are_away(false);
        eventually(|| hmacs(&hsm, "rossi"));
        for _ in 0..4 {
            hmacs(&idle, "rossi").unwrap();
        }
        token.remove(&name("rossi")).unwrap();
    });
}

#[test]
fn a_session_that_was_lost_costs_a_call() {
    with_softhsm(|| {
        let (_token, hsm) = with_key();
        let other = Other::new();
        for _ in 0..3 {
            // This closes all sessions of the process.
            other.finalize();
            other.initialize();
            let lost = hmacs(&hsm, "rossi").unwrap_err();
            assert!(matches!(lost, TokenError::Lost(RvError::SessionHandleInvalid)), "{lost:?}");
            assert!(lost.label() == "lost" && lost.to_string().contains("the next call"), "{lost}");
            hmacs(&hsm, "rossi").unwrap();
        }
    });
}

/// The package does not finalize a module under other code, or under its own sessions with another token.
#[test]
fn the_caller_asks_for_a_module_that_others_initialized() {
    with_softhsm(|| {
        tokens_are_away(true);
        let other = Other::new();
        other.initialize();
        assert!(matches!(open(), Err(TokenError::NoToken)));
        tokens_are_away(false);
        fails(open);
        Token::reinitialize(MODULE).unwrap();
        open().unwrap();
        // It also ends sessions that are open, whose owners connect again.
        let (_token, hsm) = with_key();
        Token::reinitialize(MODULE).unwrap();
        hmacs(&hsm, "rossi").unwrap();
    });
}

#[test]
fn a_missing_token_does_not_end_the_sessions_with_another() {
    with_softhsm(|| {
        let (_token, hsm) = with_key();
        let other = Other::new();
        let session = other.session();
        second_token();
        // The module shows the second token only after the next initialization.
        fails(|| Token::open(MODULE, "other", PIN));
        session.get_session_info().unwrap();
        hmacs(&hsm, "rossi").unwrap();
        Token::reinitialize(MODULE).unwrap();
        assert!(matches!(Token::open(MODULE, LABEL, PIN), Err(TokenError::DuplicateToken)));
    });
}
