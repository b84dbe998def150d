//! The cases of the taint check. They mark secrets and expected codes as uninitialized, and memcheck reports each
//! branch and address that is computed from them.

use std::convert::Infallible;
use std::hint::black_box;

use pollster::block_on;
use secondo::account::AccountError;
use secondo::audit::Operator;
use secondo::decision::CommitError;
use secondo::factor::{
    Attempt, CodeMessage, Destination, ImportedRecoveryCodes, Method, NewAuthenticator, RecoveryCodes, Transport,
    verify_batch,
};
use secondo::hsm::{Hmac, Hsm, HsmKey};
use secondo::policy::Sending;
use secondo::seal::{Deployment, KeyId, KeyRing, MasterKey, SealingKey};
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::verifier::Sent;
use secondo::{
    Algorithm, Authenticator, AuthenticatorNumber, Code, Digits, Hotp, Key, Policy, Refusal, Secret, State,
    SubmittedCode, Totp, UnixTime, Verifier, VerifierError,
};

use crate::Case;
use crate::login::{
    Device, Login, Module, STEPS, Subject, Typed, add, id, key, methods, name, remember, secret, transaction, unknown,
};
use crate::ocra;
use crate::push;
use crate::valgrind::make_secret;

/// Returns the cases in which memcheck must find no error.
pub(crate) fn subjects() -> Vec<Case> {
    let mut cases: Vec<Case> = SPELLINGS.map(|text| Case::new(format!("base32 {text}"), move || decode(text))).into();
    for algorithm in Algorithm::ALL.iter().copied() {
        cases.push(Case::new(format!("{algorithm} keys and codes"), move || keys_and_codes(algorithm)));
        for method in methods() {
            let name = format!("{algorithm} {}", name(&method));
            cases.push(Case::new(format!("{name} logins"), move || logins(method, algorithm)));
            cases.push(Case::new(format!("{name} confirmation"), move || confirm(method, algorithm)));
            cases.push(Case::new(format!("{name} resynchronization"), move || resync(method, algorithm)));
            cases.push(Case::new(format!("{name} sealed"), move || sealed(method, algorithm)));
        }
        cases.push(Case::new(format!("{algorithm} in an HSM"), move || in_hsm(algorithm)));
        for digits in ocra::DIGITS {
            cases.push(Case::new(format!("{algorithm} OCRA, {digits} digits"), move || {
                ocra::responses(algorithm, digits);
            }));
        }
    }
    cases.push(Case::new("all in a batch", batch));
    cases.push(Case::new("codes that are sent", sent_codes));
    cases.push(Case::new("numbers of pushes, plain", || {
        push::numbers(
            |store, policy| Verifier::unsealed(store, policy),
            |store, policy| Verifier::unsealed(store, policy),
        );
    }));
    cases.push(Case::new("numbers of pushes, sealed", || {
        push::numbers(
            |store, policy| Verifier::new(store, ring(false), policy),
            |store, policy| Verifier::new(store, ring(true), policy),
        );
    }));
    for (form, new) in [("plain", plain_verifier as fn(Policy) -> _), ("sealed", sealing_verifier)] {
        cases.push(Case::new(format!("logins with four devices, {form}"), move || four_devices(new, &Device::all())));
        cases.push(Case::new(format!("logins with four devices, one of them in an HSM, {form}"), move || {
            four_devices(new, &Device::all_with_hsm());
        }));
        cases.push(Case::new(format!("used steps beside others, {form}"), move || used_steps_beside_others(new)));
        cases.push(Case::new(format!("recovery codes, {form}"), move || recovery_codes(new)));
        cases.push(Case::new(format!("enrollment beside others, {form}"), move || enroll_beside_others(new)));
        cases.push(Case::new(format!("resynchronization beside others, {form}"), move || resync_beside_others(new)));
        cases.push(Case::new(format!("responses of a token, {form}"), move || ocra::in_account(new)));
        cases.push(Case::new(format!("eight browsers, {form}"), move || eight_browsers(new)));
    }
    cases
}

/// The same secret in different accepted spellings of base32.
const SPELLINGS: [&str; 4] = [
    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGE",
    "gezdgnbvgy3tqojqgezdgnbvgy3tqojqge======",
    "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ GE",
    "gezd-gnbv-gy3t-qojq-gezd-gnbv-gy3t-qojq-ge",
];

fn decode(text: &str) {
    let mut text = text.to_owned();
    make_secret(&mut text, |text| text.as_bytes());
    let is_grouped = text.len() > 40;
    let decoded = if is_grouped { Secret::from_base32_grouped(&text) } else { Secret::from_base32(&text) };
    assert_eq!(decoded.expect("a secret").expose().len(), 21);
    assert!(Secret::import_short_base32(&text).is_ok());
}

fn keys_and_codes(algorithm: Algorithm) {
    // Secrets longer than a block of the hash are hashed first (RFC 2104, section 2).
    for len in [20, 64, 65, 128] {
        let secret = unknown(secret(1, len));
        let key = Key::new(algorithm, &secret);
        black_box(secret.to_base32());
        for digits in [Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine] {
            black_box(Hotp::new(digits).generate(&key, Counter::new(7)));
            black_box(Totp::default().generate(&key, UnixTime::from_secs(1_111_111_109).unwrap()).expect("after T0"));
        }
        let codes = Hotp::default().generate_batch((0..20).map(|counter| (&key, Counter::new(counter))));
        assert_eq!(codes.map(black_box).collect::<Vec<Code>>().len(), 20);
    }
}

/// Creates the same subject twice: with a known key, and with a key that memcheck watches.
fn subject(method: Method, algorithm: Algorithm) -> (Subject, Subject) {
    let of = |secret| Subject::new(method, Key::new(algorithm, &secret), 1_000);
    (of(secret(2, 20)), of(unknown(secret(2, 20))))
}

fn logins(method: Method, algorithm: Algorithm) {
    let (known, watched) = subject(method, algorithm);
    let mut outcomes = [0; 3];
    for login in known.logins() {
        let login = Login { subject: &watched, ..login }.with_unknown_code();
        let verdict = login.verify().commit(|next| {
            black_box(next.to_bytes());
            Ok::<_, Infallible>(())
        });
        let outcome = match verdict {
            Ok(_) => 0,
            Err(CommitError::Refused(Refusal::Wrong { .. })) => 1,
            Err(CommitError::Refused(Refusal::Replayed { .. })) => 2,
            Err(error) => panic!("{error:?}"),
        };
        outcomes[outcome] += 1;
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

fn confirm(method: Method, algorithm: Algorithm) {
    let (known, watched) = subject(method, algorithm);
    let state = State::new().starting_at(Counter::new(known.first));
    for (code, is_right) in [(known.code(1), true), (known.wrong(), false)] {
        let decision = method.confirm(&watched.key, &watched.policy, &state, &SubmittedCode::from(&code), known.now());
        assert_eq!(decision.commit(|_| Ok::<_, Infallible>(())).is_ok(), is_right);
    }
}

fn resync(method: Method, algorithm: Algorithm) {
    let (known, watched) = subject(method, algorithm);
    let state = State::new().starting_at(Counter::new(known.first - 2));
    for (codes, is_right) in [([known.code(3), known.code(4)], true), ([known.code(4), known.code(3)], false)] {
        let codes = codes.map(|mut code| {
            make_secret(&mut code, |code| code.as_str().as_bytes());
            SubmittedCode::from(&code)
        });
        let decision = method.resync(&watched.key, &watched.policy, &state, &codes, known.now());
        assert_eq!(decision.commit(|_| Ok::<_, Infallible>(())).is_ok(), is_right);
    }
}

/// Verifies a batch of all methods and algorithms mixed, with more attempts than fit into the widest vectors.
fn batch() {
    let kinds =
        methods().into_iter().flat_map(|method| Algorithm::ALL.iter().map(move |algorithm| (method, *algorithm)));
    let subjects: Vec<_> = kinds.cycle().take(50).map(|(method, algorithm)| subject(method, algorithm)).collect();
    let logins: Vec<_> = subjects.iter().map(|(known, _)| known.login(Typed::Right(1), Some(0))).collect();
    let attempts = subjects.iter().zip(&logins).map(|((_, watched), login)| Attempt {
        method: watched.method,
        key: &watched.key,
        state: &login.state,
        code: &login.submitted,
    });
    let policy = subjects[0].1.policy;
    let decisions = verify_batch(&policy, attempts, subjects[0].0.now());
    assert_eq!(decisions.filter_map(|decision| decision.commit(|_| Ok::<_, Infallible>(())).ok()).count(), 50);
}

/// A master key whose answers may be marked as secret.
struct Master {
    is_secret: bool,
}

impl MasterKey for Master {
    type Error = Infallible;

    fn hmac_sha256(&self, _: &[u8], mac: &mut [u8; 32]) -> Result<(), Infallible> {
        *mac = [0x5e; 32];
        if self.is_secret {
            make_secret(mac, |mac| mac);
        }
        Ok(())
    }
}

/// Creates a verifier whose sealing key is marked as secret.
pub(crate) fn sealing_verifier(policy: Policy) -> Verifier<Memory> {
    Verifier::new(Memory::new(), ring(true), policy)
}

/// Returns a ring with one key, which may be marked as secret.
fn ring(is_secret: bool) -> KeyRing {
    let Ok(key) = SealingKey::derive(&Deployment::new("tests").expect("a name"), KeyId::new(1), &Master { is_secret });
    KeyRing::new(key, []).expect("one key")
}

/// Creates a verifier whose records are plain, so that the secrets in them stay marked as secret.
pub(crate) fn plain_verifier(policy: Policy) -> Verifier<Memory> {
    Verifier::unsealed(Memory::new(), policy)
}

/// Verifies codes of each device of an account with four, of which one matches, and codes that match with none.
fn four_devices(new: fn(Policy) -> Verifier<Memory>, devices: &[Device; 4]) {
    let (policy, now) = (devices[0].subject.policy, devices[0].subject.now());
    for (number, device) in (1..).zip(devices) {
        for step in 0..STEPS {
            let code = device.subject.code(step);
            let with = |verifier: Verifier<Memory>, mark: fn(Secret) -> Secret, module| {
                let verifier = verifier.with_hsm(module);
                add(&verifier, &devices.each_ref().map(|device| device.added(mark)));
                let accepted = block_on(verifier.verify(&id(), &transaction(1), code.as_str(), now));
                (verifier, accepted.expect("the code is right"))
            };
            let (_, known) = with(plain_verifier(policy), |secret| secret, Module::new(|_| {}));
            assert_eq!(known.authenticator(), AuthenticatorNumber::new(number));
            let (verifier, _accepted) = with(new(policy), unknown, Module::new(make_unknown));
            let again = |login| block_on(verifier.verify(&id(), &transaction(login), code.as_str(), now));
            assert!(matches!(again(1), Err(VerifierError::Repeated(_))));
            assert!(matches!(again(2), Err(VerifierError::Refused(Refusal::Replayed { .. }))));
            let wrong = device.subject.wrong();
            let wrong = |login| block_on(verifier.verify(&id(), &transaction(login), wrong.as_str(), now));
            assert!(matches!(wrong(1), Err(VerifierError::Refused(Refusal::LoggedIn))));
            assert!(matches!(wrong(2), Err(VerifierError::Refused(Refusal::Wrong { .. }))));
        }
    }
}

/// Verifies codes of clocks whose steps are all used, beside those of counters.
fn used_steps_beside_others(new: fn(Policy) -> Verifier<Memory>) {
    let devices = Device::all();
    let now = devices[0].subject.now();
    let verifier = new(devices[0].subject.policy);
    add(&verifier, &devices.each_ref().map(|device| device.added(unknown)));
    block_on(verifier.raise_watermarks(&id(), Operator::new("desk", "test"), now)).expect("the account is there");
    let verify = |login, code: Code| block_on(verifier.verify(&id(), &transaction(login), code.as_str(), now));
    let [clock, counter, other_clock, _] = &devices;
    assert!(matches!(verify(1, clock.subject.code(1)), Err(VerifierError::Refused(Refusal::ClockBehind))));
    assert!(matches!(verify(2, other_clock.subject.code(1)), Err(VerifierError::Refused(Refusal::ClockBehind))));
    assert!(matches!(verify(3, clock.subject.wrong()), Err(VerifierError::Refused(Refusal::Wrong { .. }))));
    assert!(verify(4, counter.subject.code(1)).is_ok());
}

/// Marks the answers of an HSM as secret.
pub(crate) fn make_unknown(answer: &mut Vec<u8>) {
    make_secret(answer, |answer| answer);
}

/// Submits right, used and wrong recovery codes, of sets with each hash and each count.
fn recovery_codes(new: fn(Policy) -> Verifier<Memory>) {
    let now = UnixTime::from_secs(1_700_000_000).unwrap();
    let texts: Vec<_> = RecoveryCodes::long(&[7; 32]).texts().collect();
    let unknown_codes = || {
        let mut random = [7; 32];
        make_secret(&mut random, |random| random);
        NewAuthenticator::from(&RecoveryCodes::long(&random))
    };
    let imported = || {
        let mut salt = [7; 16];
        make_secret(&mut salt, |salt| salt);
        NewAuthenticator::from(ImportedRecoveryCodes::from_texts(["75032147", "36914702"], 26, &salt).expect("codes"))
    };
    let long = (unknown_codes as fn() -> _, [texts[8].as_str(), texts[3].as_str()], "0000-0000-0000-0000-0000-00000");
    for (codes, [first, second], wrong) in [long, (imported as fn() -> _, ["36914702", "75032147"], "11111111")] {
        let verifier = new(Policy::new());
        let device = Device::all()[0].added(unknown);
        add(&verifier, &[device, (codes(), State::new().confirmed())]);
        let recover = |login, text: &str| block_on(verifier.recover(&id(), &transaction(login), text, now));
        assert!(recover(1, first).is_ok());
        assert!(matches!(recover(1, first), Err(VerifierError::Repeated(_))));
        assert!(matches!(recover(2, first), Err(VerifierError::Refused(Refusal::Replayed { .. }))));
        assert!(matches!(recover(2, wrong), Err(VerifierError::Refused(Refusal::Wrong { .. }))));
        let lost = AuthenticatorNumber::new(1);
        assert!(block_on(verifier.recover_and_revoke(&id(), &transaction(3), second, lost, now)).is_ok());
        assert!(block_on(verifier.view(&id(), now)).is_ok());
    }
}

/// Enrolls a fourth device in an account, and confirms it by a right code after a wrong one.
fn enroll_beside_others(new: fn(Policy) -> Verifier<Memory>) {
    let [one, two, three, fourth] = Device::all();
    let now = one.subject.now();
    let verifier = new(one.subject.policy);
    add(&verifier, &[one, two, three].map(|device| device.added(unknown)));
    let (authenticator, _) = fourth.added(unknown);
    let enrolled = block_on(verifier.enroll(&id(), &transaction(1), authenticator, now)).expect("there is room");
    let confirm = |code: Code| block_on(verifier.confirm(&id(), &transaction(1), enrolled.number, code.as_str(), now));
    assert!(matches!(confirm(fourth.subject.wrong()), Err(VerifierError::Refused(Refusal::Wrong { .. }))));
    assert!(confirm(Hotp::default().generate(&fourth.subject.key, Counter::new(0))).is_ok());
}

/// Resynchronizes each device of an account with four.
fn resync_beside_others(new: fn(Policy) -> Verifier<Memory>) {
    let devices = Device::all();
    let now = devices[0].subject.now();
    let verifier = new(devices[0].subject.policy);
    add(&verifier, &devices.each_ref().map(|device| device.added(unknown)));
    for (number, Device { subject, .. }) in (1..).zip(&devices) {
        for ([first, second], is_right) in [([2, 1], false), ([1, 2], true)] {
            let codes = [subject.code(first), subject.code(second)];
            let codes = codes.each_ref().map(Code::as_str);
            let login = transaction(number * 2 + u8::from(is_right));
            let number = AuthenticatorNumber::new(number.into());
            assert_eq!(block_on(verifier.resync(&id(), &login, number, &codes, now)).is_ok(), is_right);
        }
    }
}

/// Recalls each of eight browsers by its token and by the one before it, and a token of none of them.
fn eight_browsers(new: fn(Policy) -> Verifier<Memory>) {
    let [device, ..] = Device::all();
    let verifier = new(device.subject.policy);
    let mut tokens = remember(&verifier, 0..8, |random| make_secret(random, |random| random));
    let now = device.subject.now();
    for (next, token) in (100..).zip(&tokens) {
        let recall = || {
            let mut random = [next; 32];
            make_secret(&mut random, |random| random);
            block_on(verifier.recall(&id(), token.as_str(), &random, now)).expect("the token is right")
        };
        assert!(recall().token().is_some() && recall().token().is_none());
    }
    tokens.extend(remember(&sealing_verifier(device.subject.policy), 50..51, |_| {}));
    let unknown = block_on(verifier.recall(&id(), tokens[8].as_str(), &[1; 32], now));
    assert!(matches!(unknown, Err(VerifierError::Account(AccountError::UnknownBrowser))));
}

/// Runs whole verifications: each opens the sealed record, decides and seals the next record.
fn sealed(method: Method, algorithm: Algorithm) {
    let known = Subject::new(method, key(algorithm, 3), 1_000);
    let state = State::new().starting_at(Counter::new(known.first)).confirmed();
    let secret = || unknown(secret(3, 20));
    let kept = [
        Authenticator::new(method, algorithm, secret()),
        Authenticator::from_key(method, Key::new(algorithm, &secret())),
    ];
    for authenticator in kept {
        let verifier = sealing_verifier(known.policy);
        add(&verifier, &[(authenticator.into(), state)]);
        let verify =
            |login, code: Code| block_on(verifier.verify(&id(), &transaction(login), code.as_str(), known.now()));
        assert!(verify(1, known.code(1)).is_ok());
        assert!(matches!(verify(2, known.code(1)), Err(VerifierError::Refused(Refusal::Replayed { .. }))));
        assert!(matches!(verify(2, known.wrong()), Err(VerifierError::Refused(Refusal::Wrong { .. }))));
        assert!(verify(2, known.code(2)).is_ok());
    }
}

/// Sends codes of all lengths, made of secret random bytes, and verifies a wrong and the right code.
fn sent_codes() {
    for digits in [Digits::Six, Digits::Seven, Digits::Eight, Digits::Nine] {
        for number in 1..=4 {
            let known = sent(plain_verifier, digits, [number; 32]).1;
            let mut random = [number; 32];
            make_secret(&mut random, |random| random);
            for new in [plain_verifier, sealing_verifier] {
                let (verifier, _) = sent(new, digits, random);
                let verify =
                    |code: &str| block_on(verifier.verify(&id(), &transaction(1), code, UnixTime::EPOCH)).is_ok();
                let wrong: String = known.code().as_str().chars().rev().collect();
                assert!(wrong == known.code().as_str() || !verify(&wrong));
                assert!(verify(known.code().as_str()));
            }
        }
    }
}

/// Sends a code to a telephone number.
pub(crate) fn sent(
    new: fn(Policy) -> Verifier<Memory>,
    digits: Digits,
    random: [u8; 32],
) -> (Verifier<Memory>, CodeMessage) {
    let verifier = new(Policy::new().with_sending(Sending::new().with_digits(digits)));
    let number = NewAuthenticator::from(Destination::sms("+393331234567").expect("a number"));
    add(&verifier, &[(number, State::new().confirmed())]);
    let (first, now) = (AuthenticatorNumber::new(1), UnixTime::EPOCH);
    match block_on(verifier.send_code(&id(), &transaction(1), first, &NoGateway, now, &random)) {
        Ok(Sent::New(message)) => (verifier, message),
        other => panic!("{other:?}"),
    }
}

/// A gateway that sends nothing.
struct NoGateway;

impl Transport for NoGateway {
    type Error = Infallible;

    async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
        Ok(())
    }
}

/// An HSM whose answers are marked as secret, and belong to no device.
struct AnyModule(Algorithm);

impl Hsm for AnyModule {
    type Error = Infallible;

    async fn hmacs(&self, _: &HsmKey, _: Algorithm, counters: &[Counter]) -> Result<Vec<Hmac>, Infallible> {
        let answers = counters.iter().map(|counter| {
            let mut bytes = counter.get().to_le_bytes().repeat(8);
            bytes.truncate(self.0.output_len());
            make_secret(&mut bytes, |bytes| bytes);
            Hmac::from_bytes(&bytes).expect("a MAC")
        });
        Ok(answers.collect())
    }
}

fn in_hsm(algorithm: Algorithm) {
    let key = HsmKey::new(b"seed").expect("a name");
    let verifier = Verifier::unsealed(Memory::new(), Policy::default());
    let authenticator = Authenticator::in_hsm(Totp::default(), algorithm, key);
    add(&verifier, &[(authenticator.into(), State::new().confirmed())]);
    let now = UnixTime::from_secs(1_111_111_109).unwrap();
    let refused = block_on(verifier.with_hsm(AnyModule(algorithm)).verify(&id(), &transaction(1), "123456", now));
    assert!(matches!(refused, Err(VerifierError::Refused(Refusal::Wrong { .. }))));
}
