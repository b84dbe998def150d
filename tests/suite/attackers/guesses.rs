//! Guesses of one kind, and of several.

use pollster::block_on;
use secondo::decision::Hold;
use secondo::factor::{ImportedRecoveryCodes, NewAuthenticator, RecoveryCodes};
use secondo::store::Memory;
use secondo::types::SecretText;
use secondo::{Policy, Refusal, State, Totp, UnixTime, Verifier};

use super::GUESSES;
use super::attacker::{Attacker, choices};
use super::hsm::Module;
use crate::support::enrolled::{FIRST, NOW, after, authenticator, keys, wrong_code};
use crate::support::logins::{Logins, fresh};
use crate::support::refusals::refusal;
use crate::support::subscriber::{code_of, id, phone};

#[test]
fn one_way_of_guessing_gives_five_guesses() {
    for way in 0..10 {
        let (store, module) = (Memory::new(), Module::default());
        let mut attacker = Attacker::new(&store, &module);
        for _ in 0..20 {
            attacker.guess_by(way);
        }
        assert_eq!(attacker.evaluated, GUESSES, "way {way}");
    }
}

#[test]
fn all_ways_of_guessing_together_give_five_guesses() {
    for seed in 0..40 {
        let (store, module) = (Memory::new(), Module::default());
        let mut attacker = Attacker::new(&store, &module);
        let mut choices = choices(seed);
        while !attacker.is_held() {
            attacker.act(choices.next().unwrap());
            assert!(attacker.evaluated <= GUESSES, "seed {seed}");
        }
        assert_eq!(attacker.evaluated, GUESSES, "seed {seed}");
        for choice in (0..14).chain(choices.take(20)) {
            attacker.act(choice);
        }
        assert_eq!(attacker.evaluated, GUESSES, "seed {seed}");
    }
}

/// Guesses at the codes of phones and at recovery codes, mixed: long recovery codes have a count of their own, and
/// short ones share that of the phones.
#[test]
fn recovery_codes_give_five_guesses_of_their_own_or_none() {
    let wrong: Vec<_> = (0..3).flat_map(|seed| RecoveryCodes::long(&[seed; 32]).texts().collect::<Vec<_>>()).collect();
    for (is_long, seed) in [true, false].into_iter().flat_map(|is_long| (0..20).map(move |seed| (is_long, seed))) {
        let recovery: NewAuthenticator = if is_long {
            (&RecoveryCodes::long(&[0xee; 32])).into()
        } else {
            ImportedRecoveryCodes::from_texts(["75032147"], 26, &[7; 16]).unwrap().into()
        };
        let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
        for new in [authenticator(Totp::default()).into(), phone(2).into(), recovery] {
            verifier.add(&id(), new, State::new().confirmed()).unwrap();
        }
        let [mut codes, mut recoveries] = [0; 2];
        for (choice, wrong) in choices(seed).zip(wrong.iter().map(SecretText::as_str)) {
            let is_evaluated = |refused| matches!(refused, Refusal::Wrong { .. });
            let recovery = if is_long { wrong } else { "00000000" };
            match choice % 3 {
                0 => codes += usize::from(is_evaluated(refusal(verifier.log_in(&id(), &wrong_code(), NOW)))),
                1 => {
                    let refused = refusal(block_on(verifier.recover(&id(), &fresh(), recovery, NOW)));
                    recoveries += usize::from(is_evaluated(refused));
                }
                _ => {
                    let refused = refusal(block_on(verifier.recover_and_revoke(&id(), &fresh(), recovery, FIRST, NOW)));
                    recoveries += usize::from(is_evaluated(refused));
                }
            }
        }
        if is_long {
            assert_eq!((codes, recoveries), (GUESSES, GUESSES), "seed {seed}");
        } else {
            assert_eq!(codes + recoveries, GUESSES, "seed {seed}");
        }
    }
}

/// Each lock gives five guesses, and there are no more than 100 without a success of the owner.
#[test]
fn guesses_end_at_a_hundred_in_a_row() {
    for seed in 0..5 {
        let (store, module) = (Memory::new(), Module::default());
        let mut attacker = Attacker::new(&store, &module);
        let mut choices = choices(seed);
        for lock in 1..=20 {
            let mut acts = 0;
            while !attacker.is_held() {
                attacker.act(choices.next().unwrap());
                acts += 1;
                assert!(acts < 1000);
            }
            assert_eq!(attacker.evaluated, lock * GUESSES, "seed {seed}");
            if let Hold::LockedUntil(until) = block_on(attacker.verifier.view(&id(), attacker.now)).unwrap().hold {
                attacker.now = UnixTime::from_secs(until.as_secs() - 1).unwrap();
                (0..14).for_each(|choice| attacker.act(choice));
                assert_eq!(attacker.evaluated, lock * GUESSES, "seed {seed}");
                attacker.now = until;
                attacker.is_remembered = false;
            }
        }
        attacker.now = after(50 * 365 * 86_400);
        (0..14).for_each(|choice| attacker.act(choice));
        assert_eq!(attacker.evaluated, 100, "seed {seed}");
        let locked = refusal(attacker.verifier.log_in(&id(), &code_of(1, attacker.now), attacker.now));
        assert_eq!(locked, Refusal::Locked { until: None });
    }
}
