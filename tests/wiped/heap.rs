//! Tests that the library wipes heap memory that held a secret before it frees it.

use std::convert::Infallible;

use hmac::{KeyInit, Mac};
use pollster::block_on;
use secondo::audit::Operator;
use secondo::decision::Language;
use secondo::factor::ocra::{PinHash, Suite, Token};
use secondo::factor::{CodeMessage, Destination, Method, NewAuthenticator, RecoveryCodes, Transport};
use secondo::formats::otpauth::{Batches, KeyUri, Migration};
use secondo::formats::{google_authenticator, usersfile};
use secondo::policy::Sending;
use secondo::seal::{Deployment, KeyId, KeyRing, LocalMasterKey, SealingKey};
use secondo::store::{Exchange, Memory, Store, Value};
use secondo::types::Counter;
use secondo::verifier::Sent;
use secondo::{
    AccountId, Algorithm, Authenticator, AuthenticatorNumber, Digits, Hotp, Policy, Refusal, Secret, State, Totp,
    Transaction, UnixTime, Verifier, VerifierError,
};

use crate::watching::{assert_none_freed, freed, look_for};

const SECRET: &[u8; 20] = b"a very secret secret";
const BASE32: &str = "MEQHMZLSPEQHGZLDOJSXIIDTMVRXEZLU";
const SCRATCH_CODE: &str = "75032147";

/// Parts to look for: of the secret as bytes, in base32, and in base64 at each of its three alignments; and a code.
const PARTS: [&[u8]; 6] = [b"ry secre", b"MZLSPEQH", b"IHNlY3Jl", b"eSBzZWNy", b"cnkgc2Vj", SCRATCH_CODE.as_bytes()];

/// This is the only test in this file, because the allocator would also inspect memory that other tests free.
#[test]
fn no_freed_memory_holds_a_secret() {
    look_for(&PARTS);
    for text in
        ["MEQHMZLSPEQHGZLDOJSXIIDTMVRXEZLU", "YSB2ZXJ5IHNlY3JldCBz", "AGEgdmVyeSBzZWNyZXQg", "AABhIHZlcnkgc2VjcmV0"]
    {
        assert!(PARTS.iter().any(|part| text.as_bytes().windows(8).any(|of| of == *part)));
    }
    stores();
    accounts();
    recovery_codes();
    tokens();
    messages();
    sealing_keys();
    look_for(&PARTS);
    key_uris_and_exports();
    assert_none_freed("key URIs and exports");
    imports();
    assert_none_freed("imported authenticators");
    #[cfg(feature = "pskc")]
    key_files();
    #[cfg(feature = "png")]
    pictures();
}

/// Creates a store, and before it clears the stack below the caller. The shards are moved from there to the heap, and
/// would take along what earlier calls of the test left where a shard has no bytes of its own.
#[inline(never)]
fn memory() -> Memory {
    std::hint::black_box([0_u8; 1 << 14]);
    Memory::new()
}

/// Makes recovery codes, writes them, enrolls them, and uses one.
fn recovery_codes() {
    let codes = || Box::new(RecoveryCodes::new(&[7; 32]));
    let of_first = |of: &str| -> [u8; 20] { of.as_bytes()[..20].try_into().unwrap() };
    let grouped = of_first(codes().texts().next().unwrap().as_str());
    let mut plain = [0; 17];
    plain.iter_mut().zip(grouped.iter().filter(|byte| **byte != b'-')).for_each(|(slot, byte)| *slot = *byte);
    look_for(&[&grouped, &plain]);

    let codes = codes();
    assert_eq!(codes.texts().count(), 10);
    drop(codes.to_page());
    let (now, login) = (UnixTime::from_secs(1_700_000_000).unwrap(), Transaction::new(&[7; 16]).unwrap());
    let (id, desk) = (AccountId::new("rossi").unwrap(), Operator::new("desk", "test"));
    let verifier = Verifier::unsealed(memory(), Policy::new());
    block_on(verifier.import(&id, &[(NewAuthenticator::from(&*codes), State::new().confirmed())], desk, now)).unwrap();
    drop(codes);
    assert!(block_on(verifier.recover(&id, &login, core::str::from_utf8(&grouped).unwrap(), now)).is_ok());
    drop(verifier);
    assert_none_freed("recovery codes");
}

/// Enrolls a token with the hash of a PIN, asks it with the data of a session, and submits a wrong response.
fn tokens() {
    const SESSION: &[u8; 16] = b"a secret session";

    let pin_hash = || PinHash::new(Algorithm::Sha1, "4711");
    look_for(&[SECRET, pin_hash().expose(), SESSION]);
    let (now, login) = (UnixTime::from_secs(1_700_000_000).unwrap(), Transaction::new(&[7; 16]).unwrap());
    let (id, desk) = (AccountId::new("rossi").unwrap(), Operator::new("desk", "test"));
    let verifier = Verifier::unsealed(memory(), Policy::new());
    let suite = Suite::parse("OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-S016").unwrap();
    let token = Token::new(suite, Secret::from_bytes(SECRET).unwrap(), Some(pin_hash())).unwrap();
    block_on(verifier.import(&id, &[(token.into(), State::new().confirmed())], desk, now)).unwrap();
    for byte in 7..9 {
        let first = AuthenticatorNumber::new(1);
        let login = Transaction::new(&[byte; 16]).unwrap();
        assert!(block_on(verifier.challenge(&id, &login, first, Some(SESSION), now, &[byte; 32])).is_ok());
    }
    assert!(block_on(verifier.verify(&id, &login, "000000", now)).is_err());
    block_on(verifier.raise_watermarks(&id, desk, now)).unwrap();
    drop(verifier);
    assert_none_freed("a token");
}

/// Has a code sent, and writes its message for each channel.
fn messages() {
    struct NoGateway;

    impl Transport for NoGateway {
        type Error = Infallible;

        async fn send(&self, _: &CodeMessage) -> Result<(), Infallible> {
            Ok(())
        }
    }

    let (now, login) = (UnixTime::from_secs(1_700_000_000).unwrap(), Transaction::new(&[7; 16]).unwrap());
    let id = AccountId::new("rossi").unwrap();
    let message = || {
        let policy = Policy::new().with_sending(Sending::new().with_digits(Digits::Eight));
        let verifier = Verifier::unsealed(memory(), policy);
        let number = Destination::voice("+393331234567").unwrap();
        let number = block_on(verifier.enroll(&id, &login, number, now)).unwrap().number;
        match block_on(verifier.send_code(&id, &login, number, &NoGateway, now, &[7; 32])).unwrap() {
            Sent::New(message) => message,
            repeated @ Sent::Repeated { .. } => panic!("{repeated:?}"),
        }
    };
    let code: [u8; 8] = message().code().as_str().as_bytes().try_into().unwrap();
    let [a, b, c, ..] = code;
    look_for(&[&code, &[a, b',', b' ', b, b',', b' ', c, b',']]);
    let message = message();
    assert_eq!(message.code().as_str().as_bytes(), code);
    for language in [Language::Italian, Language::English] {
        drop(message.text(language, "INPS"));
    }
    drop((message.spoken(), message.web_otp_line("idp.example.it")));
    drop(message);
    assert_none_freed("a code that was sent");
}

/// Checks a key ring. If the processor has AES instructions, the first round keys equal the key and must be wiped too.
fn sealing_keys() {
    let master = || LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let derived = |id: u8| -> [u8; 32] {
        let mut mac = <hmac::Hmac<sha2::Sha256> as KeyInit>::new_from_slice(&[0x5e; 32]).unwrap();
        mac.update(b"secondo sealing key\0\0\0");
        mac.update(&[id, 1]);
        mac.finalize().into_bytes().into()
    };
    let keys = [1, 2, 3, 4, 5].map(derived);
    look_for(&keys.each_ref().map(<[u8; 32]>::as_slice));

    let key = |id| SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(id), &master()).unwrap();
    drop(KeyRing::new(key(1), (2..=5).map(key)).unwrap());
    assert_none_freed("a ring of keys");
}

fn stores() {
    drop(std::hint::black_box(Value::from(SECRET.to_vec())));
    assert_none_freed("a value");

    let now = UnixTime::from_secs(1_700_000_000).unwrap();
    let secret = || Secret::from_bytes(SECRET).unwrap();
    let code = Totp::default().generate(&secondo::Key::new(Algorithm::Sha1, &secret()), now).unwrap();
    let master = LocalMasterKey::from_hex(&"5e".repeat(32)).unwrap();
    let keys =
        KeyRing::new(SealingKey::derive(&Deployment::new("tests").unwrap(), KeyId::new(1), &master).unwrap(), [])
            .unwrap();
    let (desk, first) = (Operator::new("desk", "test"), AuthenticatorNumber::new(1));
    let [login, other] = [7, 8].map(|byte| Transaction::new(&[byte; 16]).unwrap());
    for verifier in [Verifier::unsealed(memory(), Policy::new()), Verifier::new(memory(), keys, Policy::new())] {
        for n in 0..100 {
            let id = AccountId::new(&format!("id/{n}")).unwrap();
            let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, secret());
            let added = vec![(NewAuthenticator::from(authenticator), State::new().confirmed())];
            block_on(verifier.import(&id, &added, desk, now)).unwrap();
            drop(added);
            assert!(block_on(verifier.verify(&id, &login, "000000", now)).is_err());
            assert!(block_on(verifier.verify(&id, &login, code.as_str(), now)).is_ok());
            let resync = block_on(verifier.resync(&id, &other, first, &["000000", "000000"], now));
            assert!(matches!(resync, Err(VerifierError::Refused(Refusal::Wrong { .. }))), "{resync:?}");
            block_on(verifier.suspend(&id, desk, now)).unwrap();
            if n % 2 == 0 {
                block_on(verifier.close(&id, None, desk, now)).unwrap();
            }
        }
        drop(verifier);
        assert_none_freed("a store of accounts");
    }

    // Half of the entries expire, and the purge moves the others to new memory.
    let store = memory();
    for n in 0..10_000 {
        let id = AccountId::new(&format!("id/{n}")).unwrap();
        let expiry = (n % 2 == 0).then_some(now);
        let exchange = block_on(store.compare_exchange(&id, None, Value::from(SECRET.as_slice()), expiry));
        assert_eq!(exchange.unwrap(), Exchange::Stored);
    }
    let before = freed();
    store.purge(now);
    assert_eq!(store.len(), 5_000);
    assert!(freed() - before > 100_000, "the purge must free the old memory");
    assert_none_freed("a purged store");
    drop(store);
    assert_none_freed("a dropped store");
}

/// Adds authenticators to an account, moves them when others are erased, and exports them.
fn accounts() {
    let now = UnixTime::from_secs(1_700_000_000).unwrap();
    let (desk, login) = (Operator::new("desk", "test"), Transaction::new(&[7; 16]).unwrap());
    let verifier = Verifier::unsealed(memory(), Policy::new().with_right_codes(255).unwrap());
    let id = AccountId::new("rossi").unwrap();
    // The secrets differ, and all contain the part that is looked for.
    let device = |n: u8| {
        let bytes: [u8; 21] = std::array::from_fn(|at| SECRET.get(at).copied().unwrap_or(n));
        let secret = Secret::from_bytes(&bytes).unwrap();
        NewAuthenticator::from(Authenticator::new(Totp::default(), Algorithm::Sha1, secret))
    };
    let confirmed = |n| (device(n), State::new().confirmed());

    block_on(verifier.import(&id, &[confirmed(1), confirmed(2)], desk, now)).unwrap();
    assert_none_freed("an import");
    let enrolled = block_on(verifier.enroll(&id, &login, device(3), now)).unwrap();
    assert_none_freed("an enrollment beside others");
    let again = block_on(verifier.enroll(&id, &login, device(4), now)).unwrap();
    assert_eq!(again.replaced, Some(enrolled.number));
    assert_none_freed("an enrollment in the place of another");
    block_on(verifier.import(&id, &[confirmed(5), confirmed(6), confirmed(7)], desk, now)).unwrap();
    assert_none_freed("an import beside others");
    assert!(block_on(verifier.import(&id, &[confirmed(8), confirmed(7)], desk, now)).is_err());
    assert_none_freed("a refused import");
    block_on(verifier.revoke(&id, AuthenticatorNumber::new(1), desk, now)).unwrap();
    assert_none_freed("a revoked authenticator");
    assert!(block_on(verifier.verify(&id, &login, "000000", now)).is_err());
    assert_none_freed("a login with several authenticators");
    drop(block_on(verifier.export(&id, desk, now)).unwrap());
    assert_none_freed("exported authenticators");
}

#[cfg(feature = "png")]
fn pictures() {
    let png =
        || secondo::formats::otpauth::Qr::new("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ").unwrap().png(8).unwrap();
    {
        let png = png();
        let (_, part) = png.as_bytes().split_at(png.as_bytes().len() / 2);
        look_for(&[part]);
    }
    drop(png());
    assert_none_freed("a QR code as a PNG file");
}

/// Reads and writes files. The files are not on the heap, where they would be found themselves.
fn imports() {
    let now = UnixTime::from_secs(1_795_500_000).unwrap();
    let usersfile = b"HOTP/T30 a 1234 6120766572792073656372657420736563726574 0\n";
    drop(usersfile::read(usersfile, now).map(Result::unwrap).collect::<Vec<_>>());

    let file = b"MEQHMZLSPEQHGZLDOJSXIIDTMVRXEZLU\n\" TOTP_AUTH\n75032147\n75032147\n75032147\n75032147\n75032147\n";
    let read = google_authenticator::read("a", file, now).unwrap();
    assert_eq!(read.imported.authenticator.secret().unwrap().to_base32().as_str(), BASE32);
    assert_eq!(read.scratch_codes[4].as_str(), SCRATCH_CODE);
    drop(read);

    #[cfg(feature = "json")]
    {
        use secondo::formats::json;

        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(SECRET).unwrap());
        for name in ["n", &"name ".repeat(50)] {
            drop(json::write(name, &authenticator, &State::new()).unwrap());
        }
        let end = r#","last_step":-1,"confirmed":true,"suspended":false}"#;
        for secret in
            [r#""a very secret secret","encoding":"text""#, r#""YSB2ZXJ5IHNlY3JldCBzZWNyZXQ=","encoding":"base64""#]
        {
            // The line is on the heap, but never freed, so the allocator does not inspect it.
            let line = core::mem::ManuallyDrop::new(format!(r#"{{"name":"a","type":"totp","secret":{secret}{end}"#));
            drop(json::read(line.as_bytes(), now).map(Result::unwrap).collect::<Vec<_>>());
        }
    }
}

/// Writes the longest key URIs and exports, and reads every form of them.
fn key_uris_and_exports() {
    let hotp = Hotp::new(Digits::Nine);
    let secret = |len| Secret::from_bytes(&std::array::from_fn::<u8, 128, _>(|at| SECRET[at % 20])[..len]).unwrap();
    let uri = |len, method: Method| {
        let authenticator = Authenticator::new(method, Algorithm::Sha512, secret(len));
        let uri = KeyUri::new(&"/".repeat(255), authenticator).unwrap().with_issuer(&"/".repeat(255)).unwrap();
        Box::new(uri.with_image(&"/".repeat(255)).unwrap().starting_at(Counter::new(u64::MAX)))
    };
    for len in [20, 128] {
        let uri = uri(len, hotp.into());
        for written in [uri.to_uri(), uri.to_short_uri()] {
            drop(Box::new(KeyUri::parse(written.as_str()).unwrap()));
        }
        drop(uri);
    }
    drop(Box::new(KeyUri::parse("otpauth://totp/a?secret=%4dEQH+MZLS-PEQH%20GZLDOJSXIIDTMVRXEZLU").unwrap()));
    assert!(KeyUri::parse("otpauth://totp/a?secret=MEQHMZLSPEQHGZLD%4fJSXI!!").is_err());
    assert!(KeyUri::parse("otpauth://totp/a?secret=MEQHMZLSPEQHGZLD%4fJSXI%ff").is_err());

    let totp = |len| *uri(len, Totp::default().into());
    let accounts: Vec<_> = (0..15).map(|n| totp(if n < 12 { 20 } else { 128 })).collect();
    let mut batches = Batches::new();
    for text in Migration::write(&accounts, 1).unwrap() {
        let text = text.as_str();
        batches.insert(Migration::parse(text).unwrap()).unwrap();
        assert!(Migration::parse(&text[..text.len() / 2]).is_err());
    }
    drop(Migration::write(&accounts[14..], -1).unwrap());
    drop(accounts);
    assert_eq!(batches.into_accounts().len(), 15);
}

#[cfg(feature = "pskc")]
fn key_files() {
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use secondo::formats::pskc::{Credential, Protection, Reader, Token, Writer};

    let (key, now) = (&[7; 16], UnixTime::EPOCH);
    for (protection, credential) in
        [(Protection::Plain, Credential::None), (Protection::Key { name: "k", key }, Credential::Key(key))]
    {
        let authenticator = Authenticator::new(Totp::default(), Algorithm::Sha1, Secret::from_bytes(SECRET).unwrap());
        let mut token = Token::new("1", authenticator, State::new());
        token.user_id = Some("\"".repeat(4096));
        // The caller must wipe the documents that it reads from and writes to.
        let mut document = zeroize::Zeroizing::new(vec![0; 100_000]);
        let mut writer = Writer::new(&mut document[..], protection, StdRng::seed_from_u64(1)).unwrap();
        writer.write(&token).unwrap();
        let left = writer.finish().unwrap().len();
        let document = &document[..document.len() - left];
        let read = Reader::new(document, credential, now).next().unwrap().unwrap();
        assert_eq!(read.authenticator.secret().unwrap().expose(), SECRET);

        // Text in pieces, line ends that are normalized, a secret that is not used, and documents that end early.
        let at = document.windows(4).position(|part| part == b"IHNl").unwrap_or(document.len());
        let mut other = zeroize::Zeroizing::new(Vec::with_capacity(document.len() + 100));
        other.extend_from_slice(&document[..at]);
        other.extend_from_slice(b"\r\n<!-- -->&#13;");
        other.extend_from_slice(&document[at..]);
        for cut in other.len() - 1_000..=other.len() {
            for token in Reader::new(&other[..cut], credential, now) {
                drop(token);
            }
        }
    }
    assert_none_freed("key files");
}
