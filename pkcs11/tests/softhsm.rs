//! Keys on a token of `SoftHSM`: what is accepted, what is kept from whom, and what happens when the token is away.

#[path = "support/softhsm.rs"]
mod softhsm;

use core::num::NonZeroU8;
use core::task::Poll;
use core::time::Duration;
use std::fmt;
use std::future::poll_fn;
use std::iter;
use std::pin::pin;
use std::task::{Context, Waker};

use cryptoki::error::RvError;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::types::AuthPin;
use pollster::block_on;
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::seal::{KeyId, KeyRing, LocalMasterKey, MasterKey, SealingKey};
use secondo::store::Memory;
use secondo::{
    Algorithm, Authenticator, AuthenticatorId, Counter, Digits, Hotp, Key, Method, Period, Policy, Refusal, Secret,
    State, Totp, UnixTime, Verifier, VerifierError,
};
use secondo_pkcs11::{Token, TokenError, TokenHsm, Workers};
use softhsm::{LABEL, MODULE, Other, PIN, open, pkcs11_tool, second_token, tokens_are_away, with_softhsm};

#[test]
fn codes_of_the_rfcs_are_accepted_once() {
    with_softhsm(|| {
        let token = open().unwrap();
        let verifier = verifier(&token);
        for algorithm in Algorithm::ALL {
            token.import(&name(&algorithm.to_string()), &rfc_secret(*algorithm), *algorithm).unwrap();
        }

        let hotp = enroll(&verifier, Hotp::new(Digits::Six), Algorithm::Sha1, "SHA1", State::new());
        let mut codes = rows(include_str!("../../tests/vectors/rfc4226-appendix-d.txt")).map(|row| row[3]);
        let now = UnixTime::from_secs(0);
        let first = codes.next().unwrap();
        assert!(matches!(refusal(block_on(verifier.verify(&hotp, first, now))), Refusal::Unconfirmed));
        let _confirmed = block_on(verifier.confirm(&hotp, first, now)).unwrap();
        let mut accepted = 0;
        for code in codes {
            let _login = block_on(verifier.verify(&hotp, code, now)).unwrap();
            assert!(matches!(refusal(block_on(verifier.verify(&hotp, code, now))), Refusal::Replayed { .. }));
            accepted += 1;
        }
        assert_eq!(accepted, 9);

        let method = Totp::new(Digits::Eight, Period::default());
        for (column, algorithm) in (1..).zip(Algorithm::ALL) {
            let totp = enroll(&verifier, method, *algorithm, &algorithm.to_string(), State::new().confirmed());
            for row in rows(include_str!("../../tests/vectors/rfc6238-appendix-b.txt")) {
                let now = UnixTime::from_secs(row[0].parse().unwrap());
                let _login = block_on(verifier.verify(&totp, row[column], now)).unwrap();
                assert!(matches!(
                    refusal(block_on(verifier.verify(&totp, row[column], now))),
                    Refusal::Replayed { .. }
                ));
            }
            assert!(matches!(
                refusal(block_on(verifier.verify(&totp, "00000000", UnixTime::from_secs(20_000_000_060)))),
                Refusal::Wrong { .. }
            ));
        }
    });
}

#[test]
fn a_token_that_ran_ahead_is_found_in_a_thousand_counters() {
    with_softhsm(|| {
        let token = open().unwrap();
        let verifier = verifier(&token);
        let (id, key) = local_twin(&token, &verifier, "ahead", &[7; 20], Algorithm::Sha1);
        let code = |counter| Hotp::new(Digits::Six).generate(&key, Counter::new(counter)).as_str().to_owned();
        let now = UnixTime::from_secs(0);
        let found = block_on(verifier.resync(&id, &[&code(997), &code(998)], now)).unwrap();
        assert_eq!(found.counter(), Counter::new(998));
        assert!(matches!(refusal(block_on(verifier.verify(&id, &code(998), now))), Refusal::Replayed { .. }));
        let _login = block_on(verifier.verify(&id, &code(999), now)).unwrap();
    });
}

#[test]
fn seeds_of_all_lengths_give_the_same_codes_as_here() {
    with_softhsm(|| {
        let token = open().unwrap();
        let verifier = verifier(&token);
        for algorithm in Algorithm::ALL {
            for len in [10, 20, 65, 128] {
                let seed: Vec<u8> = (1..=len).collect();
                let (id, key) = local_twin(&token, &verifier, &format!("{algorithm}-{len}"), &seed, *algorithm);
                let code = Hotp::new(Digits::Six).generate(&key, Counter::new(3));
                let _login = block_on(verifier.verify(&id, code.as_str(), UnixTime::from_secs(0))).unwrap();
            }
        }
    });
}

#[test]
fn an_imported_seed_can_make_hmacs_and_nothing_else() {
    with_softhsm(|| {
        let token = open().unwrap();
        token.import(&name("sealed"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        let session = Other::new().session();
        let found = session.find_objects(&[Attribute::Id(b"sealed".into())]).unwrap();
        assert_eq!(found.len(), 1);
        let asked = [
            AttributeType::Private,
            AttributeType::Modifiable,
            AttributeType::Sensitive,
            AttributeType::AlwaysSensitive,
            AttributeType::Extractable,
            AttributeType::Sign,
            AttributeType::Verify,
            AttributeType::Encrypt,
            AttributeType::Decrypt,
            AttributeType::Wrap,
            AttributeType::Unwrap,
            AttributeType::Derive,
        ];
        let attributes = session.get_attributes(found[0], &asked).unwrap();
        let expected = [
            Attribute::Private(true),
            Attribute::Modifiable(false),
            Attribute::Sensitive(true),
            // It was somewhere else before.
            Attribute::AlwaysSensitive(false),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Verify(false),
            Attribute::Encrypt(false),
            Attribute::Decrypt(false),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
        ];
        assert_eq!(attributes, expected);
        assert_eq!(session.get_attributes(found[0], &[AttributeType::Value]).unwrap(), []);
        assert!(session.update_attributes(found[0], &[Attribute::Sensitive(false)]).is_err());
        assert!(session.update_attributes(found[0], &[Attribute::Extractable(true)]).is_err());

        assert_eq!(session.sign(&Mechanism::Sha1Hmac, found[0], &[0; 8]).unwrap().len(), 20);
        assert!(session.sign(&Mechanism::Sha256Hmac, found[0], &[0; 8]).is_err());
        let hsm = Workers::new().start(&token).unwrap();
        let other = block_on(hsm.hmacs(&name("sealed"), Algorithm::Sha256, &[Counter::new(0)]));
        assert!(matches!(other, Err(TokenError::Module(_))), "{other:?}");
    });
}

#[test]
fn an_id_is_imported_once_until_it_is_removed() {
    with_softhsm(|| {
        let token = open().unwrap();
        let (one, other) = (rfc_secret(Algorithm::Sha1), Secret::from_bytes(&[9; 20]).unwrap());
        assert!(matches!(token.remove(&name("rossi")), Err(TokenError::NoKey)));
        token.import(&name("rossi"), &one, Algorithm::Sha1).unwrap();
        assert!(matches!(token.import(&name("rossi"), &other, Algorithm::Sha1), Err(TokenError::KeyExists)));
        // One that begins like it is another.
        token.import(&name("rossi-1"), &other, Algorithm::Sha1).unwrap();

        // After a removal no worker computes with what it remembers.
        let hsm = one_worker(&token);
        let counters = [Counter::new(0)];
        assert_eq!(block_on(hsm.hmacs(&name("rossi"), Algorithm::Sha1, &counters)).unwrap().len(), 1);
        token.remove(&name("rossi")).unwrap();
        assert!(block_on(hsm.hmacs(&name("rossi"), Algorithm::Sha1, &counters)).is_err());
        assert!(matches!(block_on(hsm.hmacs(&name("rossi"), Algorithm::Sha1, &counters)), Err(TokenError::NoKey)));
        assert_eq!(block_on(hsm.hmacs(&name("rossi-1"), Algorithm::Sha1, &counters)).unwrap().len(), 1);
        token.import(&name("rossi"), &other, Algorithm::Sha1).unwrap();
        assert_eq!(block_on(hsm.hmacs(&name("rossi"), Algorithm::Sha1, &counters)).unwrap().len(), 1);
    });
}

#[test]
fn a_master_key_on_the_token_opens_what_its_twin_sealed() {
    with_softhsm(|| {
        let bytes = [0x5e; 32];
        let token = open().unwrap();
        token.import(&name("master"), &Secret::from_bytes(&bytes).unwrap(), Algorithm::Sha256).unwrap();
        let store = Memory::new();
        let local = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
        let sealed_here = Verifier::new(&store, ring(&local), Policy::new());
        let id = AuthenticatorId::new("rossi").unwrap();
        let authenticator = Authenticator::new(Hotp::default(), Algorithm::Sha1, rfc_secret(Algorithm::Sha1));
        block_on(sealed_here.enroll(&id, &authenticator, State::new().confirmed())).unwrap();

        let on_token = Verifier::new(&store, ring(&token.master_key(name("master"))), Policy::new());
        let _login = block_on(on_token.verify(&id, "755224", UnixTime::from_secs(0))).unwrap();
        // What that sealed opens after a restart.
        drop((token, on_token));
        let token = open().unwrap();
        let restarted = Verifier::new(&store, ring(&token.master_key(name("master"))), Policy::new());
        let _login = block_on(restarted.verify(&id, "287082", UnixTime::from_secs(0))).unwrap();
        assert_ne!(
            block_on(restarted.state(&id)).unwrap(),
            State::new().confirmed(),
            "the state must be the one that was sealed"
        );

        // Another key opens nothing, and a key that is not there makes none.
        pkcs11_tool(&[
            "--keygen",
            "--key-type",
            "GENERIC:32",
            "--sensitive",
            "--usage-sign",
            "--id",
            "01",
            "--label",
            "m",
        ]);
        let made = token.master_key(HsmKey::new(&[1]).unwrap());
        let other = Verifier::new(&store, ring(&made), Policy::new());
        let opened = block_on(other.verify(&id, "359152", UnixTime::from_secs(0)));
        assert!(matches!(opened, Err(VerifierError::Record(_))), "{opened:?}");
        let absent = SealingKey::derive(KeyId::new(1), &token.master_key(name("absent")));
        assert!(matches!(absent, Err(TokenError::NoKey)), "{absent:?}");
    });
}

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
fn two_tokens_of_one_name_are_none() {
    with_softhsm(|| {
        second_token();
        assert!(matches!(open(), Err(TokenError::DuplicateToken)));
    });
}

#[test]
fn without_exactly_one_key_nothing_is_counted() {
    with_softhsm(|| {
        let token = open().unwrap();
        let verifier = verifier(&token);
        let id = enroll(&verifier, Hotp::default(), Algorithm::Sha1, "rossi", State::new().confirmed());
        let failed = |expected: &str| {
            for code in ["755224", "000000"] {
                let error = block_on(verifier.verify(&id, code, UnixTime::from_secs(0))).unwrap_err();
                assert!(matches!(error, VerifierError::Hsm(_)), "{error:?}");
                assert!(format!("{error:?}").contains(expected), "{error:?}");
            }
            assert_eq!(block_on(verifier.state(&id)).unwrap(), State::new().confirmed());
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
            let before = block_on(verifier.state(&id)).unwrap();
            match block_on(verifier.verify(&id, code.as_str(), UnixTime::from_secs(0))) {
                Ok(_) => {
                    counter += 1;
                    Ok(())
                }
                Err(VerifierError::Hsm(error)) => {
                    assert_eq!(block_on(verifier.state(&id)).unwrap(), before);
                    Err(error.downcast::<TokenError>().unwrap())
                }
                Err(error) => panic!("{error:?}"),
            }
        };
        login().unwrap();

        // Handles of private keys end with the login.
        other.session().logout().unwrap();
        let error = login().unwrap_err();
        assert!(!matches!(*error, TokenError::NoKey), "{error:?}");
        login().unwrap();
        login().unwrap();

        // Nor is a key that was never looked for said to be absent.
        let hsm = one_worker(&token);
        token.import(&name("bianchi"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        assert!(matches!(hmacs(&hsm, "nobody"), Err(TokenError::NoKey)));
        other.session().logout().unwrap();
        assert!(matches!(hmacs(&hsm, "bianchi"), Err(TokenError::NotLoggedIn)));
        hmacs(&hsm, "bianchi").unwrap();

        other.finalize();
        assert!(matches!(*login().unwrap_err(), TokenError::Module(_)));
        login().unwrap();
        login().unwrap();

        tokens_are_away(true);
        other.finalize();
        assert!(matches!(*login().unwrap_err(), TokenError::Module(_)));
        for _ in 0..3 {
            assert!(matches!(*login().unwrap_err(), TokenError::NoToken));
        }
        tokens_are_away(false);
        other.finalize();
        login().unwrap();
        login().unwrap();

        // What blocks, too.
        other.finalize();
        let secret = Secret::from_bytes(&[8; 32]).unwrap();
        token.import(&name("master"), &secret, Algorithm::Sha256).unwrap();
        SealingKey::derive(KeyId::new(1), &token.master_key(name("master"))).unwrap();
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

        // Session 1 is the token's, session 2 the worker's, and object 3 the key.
        let token = open().unwrap();
        let hsm = one_worker(&token);
        hmacs(&hsm, "rossi").unwrap();

        other.finalize();
        other.initialize();
        let sessions = [other.logged_in(PIN), other.session()];
        let found = sessions[0].find_objects(&[Attribute::Id(b"bianchi".into())]).unwrap();
        assert_eq!((sessions[1].handle(), found[0].handle()), (2, 3), "the module counts in another way");
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
        // Now it would be right, had it been tried.
        let session = other.logged_in("changed");
        session.set_pin(&AuthPin::new("changed".into()), &AuthPin::new(PIN.into())).unwrap();
        drop(session);
        assert!(matches!(hmacs(&hsm, "rossi"), Err(TokenError::Pin(RvError::PinIncorrect))));
        assert!(matches!(token.remove(&name("rossi")), Err(TokenError::Pin(_))));
        hmacs(&one_worker(&open().unwrap()), "rossi").unwrap();
    });
}

#[test]
fn many_at_once_are_each_given_their_own_once() {
    with_softhsm(|| {
        let token = open().unwrap();
        let verifier = verifier(&token);
        let twins: Vec<_> = (0..16)
            .map(|n| local_twin(&token, &verifier, &format!("user-{n}"), &[n; 20], Algorithm::ALL[usize::from(n) % 3]))
            .collect();
        let attempts = |counter: u64, times: usize, whose: usize| {
            let codes = twins.iter().map(|(_, key)| Hotp::default().generate(key, Counter::new(counter)));
            let codes: Vec<_> = codes.map(|code| code.as_str().to_owned()).collect();
            let of_all = twins.iter().zip(codes.iter().cycle().skip(whose));
            let of_all = iter::repeat_n(of_all, times).flatten();
            let attempts = of_all.map(|((id, _), code)| verifier.verify(id, code, UnixTime::from_secs(0)));
            block_on(all(attempts.collect()))
        };
        for neighbours in attempts(0, 1, 1) {
            assert!(matches!(refusal(neighbours), Refusal::Wrong { .. }));
        }
        for counter in 0..4 {
            let (accepted, refused): (Vec<_>, Vec<_>) = attempts(counter, 4, 0).into_iter().partition(Result::is_ok);
            assert_eq!((accepted.len(), refused.len()), (16, 48));
            assert!(refused.into_iter().all(|refused| matches!(refusal(refused), Refusal::Replayed { .. })));
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

        // A call that nobody waits for is not done, and is in nobody's way.
        for _ in 0..500 {
            let mut call = pin!(hsm.hmacs(&name, Algorithm::Sha512, &counters));
            let _dropped = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        while let Err(error) = block_on(hsm.hmacs(&name, Algorithm::Sha512, &counters)) {
            assert!(matches!(error, TokenError::Busy), "{error:?}");
        }

        let hurried =
            Workers::new().with_threads(NonZeroU8::MIN).with_queue(1000).with_timeout(Duration::from_millis(5));
        let hsm = hurried.start(&token).unwrap();
        let calls = block_on(all((0..1000).map(|_| hsm.hmacs(&name, Algorithm::Sha512, &counters)).collect()));
        let late: Vec<_> = calls.into_iter().filter_map(Result::err).collect();
        assert!(late.len() > 100, "{} of 1000", late.len());
        assert!(late.iter().all(|error| matches!(error, TokenError::Timeout)), "{late:?}");
    });
}

type Sealed = Verifier<Memory, TokenHsm>;

fn verifier(token: &Token) -> Sealed {
    with_hsm(Workers::new().start(token).unwrap())
}

fn with_hsm(hsm: TokenHsm) -> Sealed {
    let local = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    Verifier::new(Memory::new(), ring(&local), Policy::new()).with_hsm(hsm)
}

fn one_worker(token: &Token) -> TokenHsm {
    Workers::new().with_threads(NonZeroU8::MIN).start(token).unwrap()
}

fn ring<M: MasterKey>(master: &M) -> KeyRing {
    KeyRing::new(SealingKey::derive(KeyId::new(1), master).unwrap(), []).unwrap()
}

fn name(text: &str) -> HsmKey {
    HsmKey::new(text.as_bytes()).unwrap()
}

/// The first SHA-1 HMAC of a key, asked for without a verifier.
fn hmacs(hsm: &TokenHsm, key: &str) -> Result<Vec<Hmac>, TokenError> {
    block_on(hsm.hmacs(&name(key), Algorithm::Sha1, &[Counter::new(0)]))
}

fn rfc_secret(algorithm: Algorithm) -> Secret {
    let seed: Vec<u8> = b"1234567890".iter().copied().cycle().take(algorithm.output_len()).collect();
    Secret::from_bytes(&seed).unwrap()
}

fn rows(file: &str) -> impl Iterator<Item = Vec<&str>> {
    file.lines().filter(|row| !row.starts_with('#')).map(|row| row.split(' ').collect())
}

fn enroll(
    verifier: &Sealed,
    method: impl Into<Method>,
    algorithm: Algorithm,
    key: &str,
    state: State,
) -> AuthenticatorId {
    let method = method.into();
    let id =
        AuthenticatorId::new(&format!("{}-{key}", if matches!(method, Method::Hotp(_)) { "hotp" } else { "totp" }));
    let id = id.unwrap();
    block_on(verifier.enroll(&id, &Authenticator::in_hsm(method, algorithm, name(key)), state)).unwrap();
    id
}

/// A confirmed HOTP authenticator with its seed on the token, and the same key here.
fn local_twin(
    token: &Token,
    verifier: &Sealed,
    key: &str,
    seed: &[u8],
    algorithm: Algorithm,
) -> (AuthenticatorId, Key) {
    let secret = Secret::import_short(seed).unwrap();
    token.import(&name(key), &secret, algorithm).unwrap();
    (enroll(verifier, Hotp::default(), algorithm, key, State::new().confirmed()), Key::new(algorithm, &secret))
}

fn refusal<T: fmt::Debug, E: fmt::Debug>(result: Result<T, VerifierError<E>>) -> Refusal {
    match result {
        Err(VerifierError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// All of these at the same time.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    poll_fn(move |context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) {
            Poll::Ready(outputs.iter_mut().filter_map(Option::take).collect())
        } else {
            Poll::Pending
        }
    })
    .await
}
