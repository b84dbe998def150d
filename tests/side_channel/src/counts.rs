//! Groups of cases that must take equal numbers of instructions, since they differ only in secrets and in other values
//! that are not public.

use std::convert::Infallible;
use std::hint::black_box;
use std::ops::Range;

use pollster::block_on;
use secondo::factor::{NewAuthenticator, RecoveryCodes};
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Exchange, Store};
use secondo::types::Counter;
use secondo::{
    Algorithm, Authenticator, AuthenticatorNumber, Code, Hotp, Key, Policy, Secret, State, SubmittedCode, UnixTime,
    Verifier,
};

use crate::callgrind::Group;
use crate::controls::{early_exit, is_same_up_to, without_zeros};
use crate::login::{Device, Login, STEPS, Subject, add, id, key, methods, name, remember, secret, transaction};
use crate::ocra::{self, Exchange as OcraExchange};
use crate::push;
use crate::slot::Slot;

pub(crate) fn groups() -> Vec<Group> {
    let mut groups = vec![Group::equal("base32", SECRETS.map(|text| move || decode(text)))];
    for algorithm in Algorithm::ALL.iter().copied() {
        groups.push(Group::equal(format!("{algorithm} codes"), (0..8).map(|number| move || code(algorithm, number))));
        for digits in ocra::DIGITS {
            let exchange: &'static OcraExchange = Box::leak(Box::new(OcraExchange::new(algorithm, digits)));
            let name = format!("{algorithm} OCRA, {digits} digits");
            groups.push(Group::equal(format!("{name}, responses"), (0..8).map(|pin| move || exchange.respond(pin))));
            groups.push(Group::equal(
                format!("{name}, accepted"),
                exchange.right().map(|right| verified(exchange, right, true)),
            ));
            groups.push(Group::equal(
                format!("{name}, refused"),
                exchange.wrong().map(|wrong| verified(exchange, wrong, false)),
            ));
        }
        for method in methods() {
            let name = format!("{algorithm} {}", name(&method));
            let subject = Subject::new(method, key(algorithm, SUBJECT), 1_000).with_leading_zeros();
            let subject: &'static Subject = Box::leak(Box::new(subject));
            let all = subject.logins();
            let some = |right| subject.logins().into_iter().filter(move |login| login.is_right() == right);
            // The presence of a watermark shows in the stored state, so the code may branch on it. Only states with one
            // are compared here.
            let stored = |right| some(right).filter(|login| login.state.watermark().is_some());

            groups.push(Group::equal(format!("{name} until the verdict"), all.into_iter().map(decide)));
            groups.push(Group::equal(format!("{name} accepted"), some(true).map(commit)));
            groups.push(Group::equal(format!("{name} refused"), some(false).map(commit)));
            groups.push(Group::equal(format!("{name} accepted, sealed"), stored(true).map(verify_sealed)));
            groups.push(Group::equal(format!("{name} refused, sealed"), stored(false).map(verify_sealed)));
            groups.push(Group::equal(format!("{name} resynchronization"), resyncs(subject)));
        }
    }
    let right = Device::all().iter().flat_map(|device| (0..STEPS).map(|step| device.subject.code(step))).collect();
    groups.push(Group::equal("one of four devices accepted, sealed", of_four_devices(right, true)));
    let wrong = Device::all().iter().map(|device| device.subject.wrong()).collect();
    groups.push(Group::equal("none of four devices accepted, sealed", of_four_devices(wrong, false)));
    groups.push(Group::equal(
        "one of ten recovery codes accepted, sealed",
        (0..10).map(|at| recover([at, (at + 3) % 10], 2)),
    ));
    let refused = (0..10).map(|at| [at, at]).chain((0..3).map(|at| [at, WRONG]));
    groups
        .push(Group::equal("a used or a wrong recovery code refused, sealed", refused.map(|codes| recover(codes, 1))));
    groups.push(Group::leaky(
        "recovery codes compared up to the match",
        [b"one ", b"two ", b"none"].map(|code| {
            move || {
                black_box(early_exit(black_box(b"one two thre"), black_box(code)));
            }
        }),
    ));
    groups.push(Group::leaky("devices compared one after another, up to the match", up_to_the_match()));
    groups.push(Group::equal("one of eight browsers recalled, sealed", of_eight_browsers(0..8)));
    groups.push(Group::equal("none of eight browsers recalled, sealed", of_eight_browsers(8..12)));
    groups.push(Group::leaky("browsers recalled one after another, up to the match", (0..4).map(up_to_the_browser)));
    groups.push(Group::equal("a wrong number of a push, whichever one is right, sealed", wrong_numbers()));
    groups.push(Group::leaky(
        "numbers of pushes compared up to the first difference",
        [b"424241", b"424142", b"000000"].map(|number| {
            move || {
                black_box(is_same_up_to(black_box(number), black_box(b"424242")));
            }
        }),
    ));
    groups.push(Group::leaky(
        "a search that ends at the match",
        [b"755224", b"359152", b"000000"].map(|code| {
            move || {
                black_box(early_exit(black_box(b"755224287082359152"), black_box(code)));
            }
        }),
    ));
    groups.push(Group::leaky(
        "a response compared up to the first difference",
        [b"65347737", b"65347738", b"95347737"].map(|response| {
            move || {
                black_box(is_same_up_to(black_box(b"65347737"), black_box(response)));
            }
        }),
    ));
    groups.push(Group::leaky(
        "leading zeros skipped",
        [b"000042", b"287082"].map(|code| {
            move || {
                black_box(without_zeros(black_box(code)));
            }
        }),
    ));
    groups
}

const SUBJECT: u8 = 1;

const SECRETS: [&str; 3] =
    ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGE", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "234567zyxwvutsrqponmlkjihgfedcba7Z"];

fn decode(text: &str) {
    let text = black_box(text);
    black_box(Secret::from_base32(text)).expect("a secret");
    black_box(Secret::from_base32_grouped(text)).expect("a secret");
}

fn code(algorithm: Algorithm, number: u8) {
    let key = Key::new(algorithm, &secret(number, 20));
    black_box(Hotp::default().generate(&key, Counter::new(u64::from(number))));
}

fn verified(exchange: &'static OcraExchange, response: String, is_right: bool) -> impl Fn() {
    move || assert_eq!(exchange.verify(black_box(&response)), is_right)
}

fn decide(login: Login<'static>) -> impl Fn() {
    move || {
        let _ = black_box(login.verify());
    }
}

fn commit(login: Login<'static>) -> impl Fn() {
    move || {
        let verdict = login.verify().commit(|next| {
            black_box(next.to_bytes());
            Ok::<_, Infallible>(())
        });
        assert_eq!(black_box(verdict).is_ok(), login.is_right());
    }
}

/// Returns a case that adds an authenticator with a sealed record, verifies the login's code and stores the outcome.
fn verify_sealed(login: Login<'static>) -> impl Fn() {
    move || {
        let Subject { method, policy, .. } = login.subject;
        let authenticator = Authenticator::new(*method, login.subject.key.algorithm(), secret(SUBJECT, 20));
        let verifier = sealing_verifier(*policy);
        add(&verifier, &[(authenticator.into(), login.state)]);
        let verdict = block_on(verifier.verify(&id(), &transaction(1), login.code.as_str(), login.now));
        assert_eq!(verdict.is_ok(), login.is_right());
    }
}

/// Returns a case for each code that adds four devices to an account, verifies the code and stores the outcome.
fn of_four_devices(codes: Vec<Code>, is_right: bool) -> impl Iterator<Item = impl Fn()> {
    codes.into_iter().map(move |code| {
        move || {
            let devices = Device::all();
            let verifier = sealing_verifier(devices[0].subject.policy);
            add(&verifier, &devices.each_ref().map(|device| device.added(|secret| secret)));
            let verdict = block_on(verifier.verify(&id(), &transaction(1), code.as_str(), devices[0].subject.now()));
            assert_eq!(verdict.is_ok(), is_right);
        }
    })
}

/// A recovery code that the set does not have.
const WRONG: usize = 10;

/// Returns a case that enrolls recovery codes and submits these two, of which as many are right.
fn recover(submitted: [usize; 2], right: usize) -> impl Fn() {
    let of = |random| RecoveryCodes::long(&[random; 32]).texts().collect::<Vec<_>>();
    let texts: Vec<_> = of(1).into_iter().chain(of(2)).collect();
    move || {
        let verifier = sealing_verifier(Policy::new());
        add(&verifier, &[(NewAuthenticator::from(&RecoveryCodes::long(&[1; 32])), State::new().confirmed())]);
        let now = UnixTime::from_secs(1_700_000_000).expect("a time");
        let recover = |(number, at): (u8, usize)| {
            block_on(verifier.recover(&id(), &transaction(number), texts[at].as_str(), now)).is_ok()
        };
        assert_eq!((1..).zip(submitted).filter(|of| recover(*of)).count(), right);
    }
}

/// Returns a case for each of four devices, in which its code is verified with one device after another.
fn up_to_the_match() -> impl Iterator<Item = impl Fn()> {
    Device::all().into_iter().map(|device| device.subject.code(1)).map(|code| {
        move || {
            let devices = Device::all();
            let verifier = sealing_verifier(devices[0].subject.policy);
            add(&verifier, &devices.each_ref().map(|device| device.added(|secret| secret)));
            let matches = |number| {
                let (login, number) = (transaction(number), AuthenticatorNumber::new(number.into()));
                let now = devices[0].subject.now();
                block_on(verifier.verify_with(&id(), &login, number, code.as_str(), now)).is_ok()
            };
            assert!((1..=4).any(matches));
        }
    })
}

/// Returns cases that recall browsers of an account with eight, which have the numbers 0 to 7.
///
/// Each run copies the stored account, from and to the same places. To remember the browsers in each run would move
/// lists, which the allocator does in different ways.
fn of_eight_browsers(numbers: Range<u8>) -> impl Iterator<Item = impl Fn()> {
    let stored: &'static Slot = Box::leak(Box::default());
    let [device, ..] = Device::all();
    let (policy, now) = (device.subject.policy, device.subject.now());
    remember(&sealing_verifier_on(stored, policy), 0..8, |_| {});
    numbers.map(move |number| {
        let sent = remember(&sealing_verifier(policy), number..number + 1, |_| {});
        move || {
            let slot = Slot::default();
            let entry = block_on(stored.load(&id())).expect("a slot").expect("an account");
            let copied = block_on(slot.compare_exchange(&id(), None, entry.value, None));
            assert_eq!(copied, Ok(Exchange::Stored));
            let known = block_on(sealing_verifier_on(slot, policy).recall(&id(), sent[0].as_str(), &[99; 32], now));
            assert_eq!(known.is_ok(), number < 8);
        }
    })
}

/// Returns cases that submit the same answer of an app to challenges with different numbers, all of which it misses.
///
/// Each run copies the stored account: see [`of_eight_browsers`].
fn wrong_numbers() -> impl Iterator<Item = impl Fn()> {
    // Numbers that share no digit with the answer's, that share most, and that are as low and as high as can be.
    [0_u32, 424_241, 424_243, 242_424, 999_999].into_iter().map(|number| {
        let stored: &'static Slot = Box::leak(Box::default());
        // The lowest value from which the number is drawn.
        let drawn_from = u64::try_from((u128::from(number) << 64).div_ceil(1_000_000)).expect("64 bits");
        let verifier = sealing_verifier_on(stored, Policy::new());
        let (mut answer, shown) = push::ask(&verifier, push::bind(&verifier), drawn_from, |_| {});
        assert_eq!(shown, format!("{number:06}"));
        let answer = answer("424242");
        move || {
            let slot = Slot::default();
            let entry = block_on(stored.load(&id())).expect("a slot").expect("an account");
            let copied = block_on(slot.compare_exchange(&id(), None, entry.value, None));
            assert_eq!(copied, Ok(Exchange::Stored));
            assert!(!push::submit(&sealing_verifier_on(slot, Policy::new()), &answer));
        }
    })
}

/// Returns a case that recalls a token in one account after another, until the one that has the browser.
fn up_to_the_browser(number: u8) -> impl Fn() {
    move || {
        let [device, ..] = Device::all();
        let accounts: Vec<_> = (0..4)
            .map(|browser| {
                let verifier = sealing_verifier(device.subject.policy);
                let tokens = remember(&verifier, browser..browser + 1, |_| {});
                (verifier, tokens)
            })
            .collect();
        let token = &accounts[usize::from(number)].1[0];
        let recall = |(verifier, _): &(Verifier<Slot>, _)| {
            block_on(verifier.recall(&id(), token.as_str(), &[99; 32], device.subject.now())).is_ok()
        };
        assert!(accounts.iter().any(recall));
    }
}

fn sealing_verifier(policy: Policy) -> Verifier<Slot> {
    sealing_verifier_on(Slot::default(), policy)
}

fn sealing_verifier_on<S: Store>(store: S, policy: Policy) -> Verifier<S> {
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).expect("a key");
    let sealing =
        SealingKey::derive(&Deployment::new("tests").expect("a name"), KeyId::new(1), &master).expect("a key");
    Verifier::new(store, KeyRing::new(sealing, []).expect("one key"), policy)
}

/// Returns resynchronizations with right pairs of codes at several steps, and with wrong pairs.
fn resyncs(subject: &'static Subject) -> impl Iterator<Item = impl Fn()> {
    let state = State::new().starting_at(Counter::new(subject.first - 4));
    [(0, 1), (1, 2), (4, 5), (2, 1), (3, 3)].into_iter().map(move |(one, other)| {
        let codes = [subject.code(one), subject.code(other)].map(|code| SubmittedCode::from(&code));
        move || {
            let Subject { method, key, policy, .. } = subject;
            let _ = black_box(method.resync(key, policy, &state, &codes, subject.now()));
        }
    })
}
