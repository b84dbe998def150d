//! Keys on a token: their codes, their uses and their protection.

use std::iter;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType};
use pollster::block_on;
use secondo::hsm::{Hsm, HsmKey};
use secondo::seal::{Deployment, KeyId, LocalMasterKey, SealingKey};
use secondo::store::Memory;
use secondo::types::{AuthenticatorNumber, Counter, Period};
use secondo::{
    AccountId, Algorithm, Authenticator, Digits, Hotp, Policy, Refusal, Secret, State, Totp, UnixTime, Verifier,
    VerifierError,
};
use secondo_pkcs11::{TokenError, Workers};

use crate::logins::{Logins, fresh};
use crate::store::{Other, open, pkcs11_tool, with_softhsm};
use crate::{all, enroll, local_twin, name, one_worker, refusal, rfc_secret, ring, rows, verifier};

#[test]
fn codes_of_the_rfcs_are_accepted_once() {
    with_softhsm(|| {
        let token = open().unwrap();
        let verifier = verifier(&token);
        for algorithm in Algorithm::ALL {
            token.import(&name(&algorithm.to_string()), &rfc_secret(*algorithm), *algorithm).unwrap();
        }

        token.import(&name("hotp"), &rfc_secret(Algorithm::Sha1), Algorithm::Sha1).unwrap();
        let (hotp, login) = (AccountId::new("hotp").unwrap(), fresh());
        let now = UnixTime::EPOCH;
        let authenticator = Authenticator::in_hsm(Hotp::new(Digits::Six), Algorithm::Sha1, name("hotp"));
        let number = block_on(verifier.enroll(&hotp, &login, authenticator, now)).unwrap().number;
        let mut codes = rows(include_str!("../../../tests/vectors/rfc4226-appendix-d.txt")).map(|row| row[3]);
        let first = codes.next().unwrap();
        assert!(matches!(refusal(verifier.log_in(&hotp, first, now)), Refusal::Unconfirmed));
        let _confirmed = block_on(verifier.confirm(&hotp, &login, number, first, now)).unwrap();
        let mut accepted = 0;
        for code in codes {
            let _login = verifier.log_in(&hotp, code, now).unwrap();
            assert!(matches!(refusal(verifier.log_in(&hotp, code, now)), Refusal::Replayed { .. }));
            accepted += 1;
        }
        assert_eq!(accepted, 9);

        let method = Totp::new(Digits::Eight, Period::default());
        for (column, algorithm) in (1..).zip(Algorithm::ALL) {
            let totp = enroll(&verifier, method, *algorithm, &algorithm.to_string());
            for row in rows(include_str!("../../../tests/vectors/rfc6238-appendix-b.txt")) {
                let now = UnixTime::from_secs(row[0].parse().unwrap()).unwrap();
                let _login = verifier.log_in(&totp, row[column], now).unwrap();
                assert!(matches!(refusal(verifier.log_in(&totp, row[column], now)), Refusal::Replayed { .. }));
            }
            assert!(matches!(
                refusal(verifier.log_in(&totp, "00000000", UnixTime::from_secs(20_000_000_060).unwrap())),
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
        let now = UnixTime::EPOCH;
        let found =
            block_on(verifier.resync(&id, &fresh(), AuthenticatorNumber::new(1), &[&code(997), &code(998)], now))
                .unwrap();
        assert_eq!(found.counter, Counter::new(998));
        assert!(matches!(refusal(verifier.log_in(&id, &code(998), now)), Refusal::Replayed { .. }));
        let _login = verifier.log_in(&id, &code(999), now).unwrap();
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
                let _login = verifier.log_in(&id, code.as_str(), UnixTime::EPOCH).unwrap();
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
            // The seed existed outside of the token before.
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
        // An id that begins with the same bytes is another id.
        token.import(&name("rossi-1"), &other, Algorithm::Sha1).unwrap();

        // After a removal, a worker does not use the handle that it remembers.
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
        let id = AccountId::new("rossi").unwrap();
        let authenticator = Authenticator::new(Hotp::default(), Algorithm::Sha1, rfc_secret(Algorithm::Sha1));
        sealed_here.add(&id, authenticator, State::new().confirmed()).unwrap();

        let on_token = Verifier::new(&store, ring(&token.master_key(name("master"))), Policy::new());
        let _login = on_token.log_in(&id, "755224", UnixTime::EPOCH).unwrap();
        // Records that were sealed with it open after a restart.
        drop((token, on_token));
        let token = open().unwrap();
        let restarted = Verifier::new(&store, ring(&token.master_key(name("master"))), Policy::new());
        let _login = restarted.log_in(&id, "287082", UnixTime::EPOCH).unwrap();
        assert_eq!(restarted.state(&id).unwrap().watermark(), Some(Counter::new(1)));

        // Another master key opens no record, and no sealing key comes from an absent one.
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
        let opened = other.log_in(&id, "359152", UnixTime::EPOCH);
        assert!(matches!(opened, Err(VerifierError::Record(_))), "{opened:?}");
        let absent =
            SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &token.master_key(name("absent")));
        assert!(matches!(absent, Err(TokenError::NoKey)), "{absent:?}");
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
            let attempts = of_all.map(|((id, _), code)| {
                let (verifier, login) = (&verifier, fresh());
                async move { verifier.verify(id, &login, code, UnixTime::EPOCH).await }
            });
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
