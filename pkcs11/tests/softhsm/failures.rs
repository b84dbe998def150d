//! Failures: no module, token, login or key, or too little time.

use std::fs;
use std::num::NonZeroU8;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use pollster::block_on;
use secondo::hsm::Hsm;
use secondo::seal::{Deployment, KeyId, SealingKey};
use secondo::types::Counter;
use secondo::{Algorithm, Hotp, Secret, UnixTime, VerifierError};
use secondo_pkcs11::{Token, TokenError, Workers};

use crate::logins::Logins;
use crate::store::{
    LABEL, MODULE, Other, PIN, faulty_module, open, second_token, tokens_are_away, vanish, with_softhsm,
};
use crate::{all, enroll, hmacs, local_twin, name, one_worker, rfc_secret, verifier, with_hsm};

#[test]
fn a_module_that_is_none_or_a_token_that_is_not_there() {
    with_softhsm(|| {
        for module in ["/nowhere.so", file!(), "/etc/passwd", "libm.so.6"] {
            let opened = Token::open(module, LABEL, PIN);
            assert!(matches!(opened, Err(TokenError::Module(_))), "{module}: {opened:?}");
        }
        for label in ["", "verifie", "verifier2", &"verifier".repeat(9)] {
            let opened = Token::open(MODULE, label, PIN);
            assert!(matches!(opened, Err(TokenError::NoToken)), "{label}: {opened:?}");
        }
        for pin in ["2468-User", "2", ""] {
            let opened = Token::open(MODULE, LABEL, pin);
            assert!(matches!(opened, Err(TokenError::Pin(_))), "{opened:?}");
        }
        let error = Token::open(MODULE, LABEL, "secret-pin").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret-pin"));
        let token = open().unwrap();
        let shown = format!("{token:?} {:?} {:?}", Workers::new().start(&token).unwrap(), token.master_key(name("m")));
        assert!(!shown.contains(PIN), "{shown}");
    });
}

#[test]
fn of_two_tokens_of_one_label_one_is_chosen_by_its_serial_number() {
    with_softhsm(|| {
        second_token();
        let error = open().unwrap_err();
        assert!(matches!(error, TokenError::DuplicateToken) && error.to_string().contains("serial number"), "{error}");
        let serials = Other::new().serials();
        let [first, second] = [0, 1].map(|n| Token::open_by_serial(MODULE, &serials[n], PIN).unwrap());
        first.import(&name("rossi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        hmacs(&one_worker(&first), "rossi").unwrap();
        assert!(matches!(hmacs(&one_worker(&second), "rossi"), Err(TokenError::NoKey)));
        for serial in ["", LABEL, &serials[0][1..]] {
            assert!(matches!(Token::open_by_serial(MODULE, serial, PIN), Err(TokenError::NoToken)), "{serial}");
        }
    });
}

#[test]
fn without_exactly_one_key_nothing_is_counted() {
    with_softhsm(|| {
        let token = open().unwrap();
        let verifier = verifier(&token);
        let id = enroll(&verifier, Hotp::default(), Algorithm::Sha1, "rossi");
        let before = verifier.state(&id).unwrap();
        let failed = |expected: &str| {
            for code in ["755224", "000000"] {
                let error = verifier.log_in(&id, code, UnixTime::EPOCH).unwrap_err();
                assert!(matches!(error, VerifierError::Hsm(_)), "{error:?}");
                assert!(format!("{error:?}").contains(expected), "{error:?}");
            }
            assert_eq!(verifier.state(&id).unwrap(), before);
        };
        failed("NoKey");

        // PKCS #11 lets others give one id to two keys.
        let session = Other::new().session();
        for seed in [b"12345678901234567890", b"another_of_20_bytes_"] {
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::GENERIC_SECRET),
                Attribute::Token(true),
                Attribute::Sign(true),
                Attribute::Id(b"rossi".into()),
                Attribute::Value(seed.into()),
            ];
            session.create_object(&template).unwrap();
        }
        failed("DuplicateKey");
        assert!(matches!(token.remove(&name("rossi")), Err(TokenError::DuplicateKey)));
        let again = token.import(&name("rossi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1);
        assert!(matches!(again, Err(TokenError::KeyExists)));
    });
}

#[test]
fn what_others_do_to_the_module_costs_a_call() {
    with_softhsm(|| {
        let token = open().unwrap();
        let other = Other::new();
        let verifier = with_hsm(one_worker(&token));
        let (id, key) = local_twin(&token, &verifier, "rossi", &[7; 20], Algorithm::Sha1);
        let mut counter = 0;
        let mut login = || {
            let code = Hotp::default().generate(&key, Counter::new(counter));
            let before = verifier.state(&id).unwrap();
            match verifier.log_in(&id, code.as_str(), UnixTime::EPOCH) {
                Ok(_) => {
                    counter += 1;
                    Ok(())
                }
                Err(VerifierError::Hsm(error)) => {
                    assert_eq!(verifier.state(&id).unwrap(), before);
                    Err(error.downcast::<TokenError>().unwrap())
                }
                Err(error) => panic!("{error:?}"),
            }
        };
        login().unwrap();

        // Handles of private keys become invalid with the logout.
        other.session().logout().unwrap();
        let error = login().unwrap_err();
        assert!(!matches!(*error, TokenError::NoKey), "{error:?}");
        login().unwrap();
        login().unwrap();

        // A key that was never looked up is not reported as absent after a logout either.
        let hsm = one_worker(&token);
        token.import(&name("bianchi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        assert!(matches!(hmacs(&hsm, "nobody"), Err(TokenError::NoKey)));
        other.session().logout().unwrap();
        assert!(matches!(hmacs(&hsm, "bianchi"), Err(TokenError::NotLoggedIn)));
        hmacs(&hsm, "bianchi").unwrap();

        other.finalize();
        assert!(matches!(*login().unwrap_err(), TokenError::Lost(RvError::CryptokiNotInitialized)));
        login().unwrap();
        login().unwrap();

        tokens_are_away(true);
        other.finalize();
        assert!(matches!(*login().unwrap_err(), TokenError::Lost(RvError::CryptokiNotInitialized)));
        for _ in 0..3 {
            assert!(matches!(*login().unwrap_err(), TokenError::NoToken));
        }
        tokens_are_away(false);
        other.finalize();
        login().unwrap();
        login().unwrap();

        // The blocking calls also connect again.
        other.finalize();
        let secret = Secret::from_bytes(&[8; 32]).unwrap();
        token.import(&name("master"), &secret, Algorithm::Sha256).unwrap();
        SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &token.master_key(name("master")))
            .unwrap();
    });
}

#[test]
fn a_handle_that_became_another_key_makes_no_code() {
    with_softhsm(|| {
        let token = open().unwrap();
        token.import(&name("rossi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        token.import(&name("bianchi"), &Secret::from_bytes(&[7; 20]).unwrap(), Algorithm::Sha1).unwrap();
        drop(token);
        let other = Other::new();
        other.finalize();

        // Session 1 is the token's, session 2 is the worker's, and object 3 is the key.
        let token = open().unwrap();
        let hsm = one_worker(&token);
        hmacs(&hsm, "rossi").unwrap();

        other.finalize();
        other.initialize();
        let sessions = [other.logged_in(PIN), other.session()];
        let found = sessions[0].find_objects(&[Attribute::Id(b"bianchi".into())]).unwrap();
        assert_eq!((sessions[1].handle(), found[0].handle()), (2, 3), "the module numbers handles in another way");
        let result = hmacs(&hsm, "rossi");
        assert!(matches!(result, Err(TokenError::WrongAnswer)), "{result:?}");
        hmacs(&hsm, "rossi").unwrap();
    });
}

#[test]
fn a_pin_that_was_refused_is_not_tried_again() {
    with_softhsm(|| {
        let token = open().unwrap();
        token.import(&name("rossi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        let hsm = one_worker(&token);
        hmacs(&hsm, "rossi").unwrap();
        let other = Other::new();
        other.session().set_pin(&AuthPin::new(PIN.into()), &AuthPin::new("changed".into())).unwrap();
        other.session().logout().unwrap();
        assert!(matches!(hmacs(&hsm, "rossi"), Err(TokenError::Module(_))));
        assert!(matches!(hmacs(&hsm, "rossi"), Err(TokenError::Pin(RvError::PinIncorrect))));
        // The PIN is made right again, but it must not be tried.
        let session = other.logged_in("changed");
        session.set_pin(&AuthPin::new("changed".into()), &AuthPin::new(PIN.into())).unwrap();
        drop(session);
        assert!(matches!(hmacs(&hsm, "rossi"), Err(TokenError::Pin(RvError::PinIncorrect))));
        assert!(matches!(token.remove(&name("rossi")), Err(TokenError::Pin(_))));
        // The way back, for the same workers. While the process is logged in, any PIN would do.
        other.session().logout().unwrap();
        assert!(matches!(token.log_in("2468-User"), Err(TokenError::Pin(RvError::PinIncorrect))));
        assert!(matches!(hmacs(&hsm, "rossi"), Err(TokenError::Pin(RvError::PinIncorrect))));
        token.log_in(PIN).unwrap();
        hmacs(&hsm, "rossi").unwrap();
        hmacs(&one_worker(&open().unwrap()), "rossi").unwrap();
    });
}

/// `SoftHSM` never locks a PIN. A module in front of it does.
#[test]
fn a_pin_that_is_locked_is_reported_until_its_officer_sets_a_new_one() {
    with_softhsm(|| {
        let module = faulty_module();
        let token = Token::open(&module, LABEL, PIN).unwrap();
        token.import(&name("rossi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        let hsm = one_worker(&token);
        hmacs(&hsm, "rossi").unwrap();

        let other = Other::of(&module);
        other.session().logout().unwrap();
        for _ in 0..3 {
            let wrong = other.session().login(UserType::User, Some(&AuthPin::new("2468-User".into())));
            assert!(matches!(wrong, Err(Error::Pkcs11(RvError::PinIncorrect, _))), "{wrong:?}");
        }
        assert!(matches!(hmacs(&hsm, "rossi"), Err(TokenError::Module(_))));
        for _ in 0..2 {
            let error = hmacs(&hsm, "rossi").unwrap_err();
            assert!(matches!(error, TokenError::Pin(RvError::PinLocked)), "{error:?}");
            assert!(error.to_string().contains("locked: its security officer must set a new one"), "{error}");
        }
        assert!(matches!(token.log_in(PIN), Err(TokenError::Pin(RvError::PinLocked))));
        assert!(matches!(Token::open(&module, LABEL, PIN), Err(TokenError::Pin(RvError::PinLocked))));

        other.reset_pin("renewed");
        assert!(matches!(hmacs(&hsm, "rossi"), Err(TokenError::Pin(RvError::PinLocked))));
        token.log_in("renewed").unwrap();
        hmacs(&hsm, "rossi").unwrap();
    });
}

#[test]
fn a_module_that_goes_away_in_the_middle_of_a_call_is_connected_again() {
    with_softhsm(|| {
        let token = Token::open(faulty_module(), LABEL, PIN).unwrap();
        let verifier = with_hsm(one_worker(&token));
        let (id, key) = local_twin(&token, &verifier, "rossi", &[7; 20], Algorithm::Sha1);
        let log_in = |counter| {
            let code = Hotp::default().generate(&key, Counter::new(counter));
            verifier.log_in(&id, code.as_str(), UnixTime::EPOCH).map(drop)
        };
        log_in(0).unwrap();
        for counter in 1..3 {
            let before = verifier.state(&id).unwrap();
            fs::write(vanish(), "").unwrap();
            let Err(VerifierError::Hsm(error)) = log_in(counter) else { panic!("the module did not go away") };
            let error = error.downcast::<TokenError>().unwrap();
            assert!(matches!(*error, TokenError::Lost(RvError::DeviceRemoved)), "{error:?}");
            assert!(!vanish().exists());
            assert_eq!(verifier.state(&id).unwrap(), before);
            log_in(counter).unwrap();
        }
    });
}

#[test]
fn what_waits_is_bounded_in_number_and_time() {
    with_softhsm(|| {
        let token = open().unwrap();
        token.import(&name("rossi"), &rfc_secret(Algorithm::Sha512), Algorithm::Sha512).unwrap();
        let counters: Vec<_> = (0..32).map(Counter::new).collect();
        let name = name("rossi");

        let hsm = Workers::new().with_threads(NonZeroU8::MIN).with_queue(4).start(&token).unwrap();
        let calls = block_on(all((0..500).map(|_| hsm.hmacs(&name, Algorithm::Sha512, &counters)).collect()));
        let (done, refused): (Vec<_>, Vec<_>) = calls.into_iter().partition(Result::is_ok);
        assert!(done.len() >= 4 && refused.len() > 100, "{} of 500", done.len());
        assert!(done.into_iter().all(|hmacs| hmacs.unwrap().len() == 32));
        assert!(refused.iter().all(|call| matches!(call, Err(TokenError::Busy))), "{refused:?}");

        let patient =
            Workers::new().with_threads(NonZeroU8::MIN).with_queue(1000).with_timeout(Duration::from_secs(60));
        let hsm = patient.start(&token).unwrap();
        let begun = Instant::now();
        for call in block_on(all((0..300).map(|_| hsm.hmacs(&name, Algorithm::Sha512, &counters)).collect())) {
            assert_eq!(call.unwrap().len(), 32);
        }
        let waited_for = begun.elapsed();
        // Calls whose futures were dropped are not done, and do not delay others.
        let begun = Instant::now();
        for _ in 0..900 {
            let mut call = pin!(hsm.hmacs(&name, Algorithm::Sha512, &counters));
            let _dropped = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        block_on(hsm.hmacs(&name, Algorithm::Sha512, &counters)).unwrap();
        assert!(begun.elapsed() < waited_for, "{:?} and {waited_for:?}", begun.elapsed());

        let hurried =
            Workers::new().with_threads(NonZeroU8::MIN).with_queue(1000).with_timeout(Duration::from_millis(5));
        let hsm = hurried.start(&token).unwrap();
        let calls = block_on(all((0..1000).map(|_| hsm.hmacs(&name, Algorithm::Sha512, &counters)).collect()));
        let late: Vec<_> = calls.into_iter().filter_map(Result::err).collect();
        assert!(late.len() > 100, "{} of 1000", late.len());
        assert!(late.iter().all(|error| matches!(error, TokenError::Timeout)), "{late:?}");
    });
}
