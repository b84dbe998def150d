//! Tests of recovery codes of other systems.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pollster::block_on;
use secondo::factor::{ImportedRecoveryCodes, RecoveryCodesError};
use secondo::formats::{Problem, google_authenticator, recovery_codes};
use secondo::store::Memory;
use secondo::types::MalformedCode;
use secondo::{Policy, Refusal, State, Verifier};
use sha2::{Digest, Sha512};

use super::{recover, view, with_imported};
use crate::support::enrolled::{NOW, keys};
use crate::support::logins::DESK;
use crate::support::refusals::{refusal, replayed, wrong};
use crate::support::subscriber::id;

#[test]
fn scratch_codes_of_libpam_work_here() {
    let file = b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n75032147\n83920147\n";
    let read = google_authenticator::read("rossi", file, NOW).unwrap();
    let scratch = read.recovery_codes(&[7; 16]).unwrap();
    let verifier = Verifier::new(Memory::new(), keys(), Policy::new());
    let imported =
        [(read.imported.authenticator.into(), read.imported.state), (scratch.into(), State::new().confirmed())];
    block_on(verifier.import(&id(), &imported, DESK, NOW)).unwrap();
    assert_eq!(recover(&verifier, "83920147", NOW).unwrap().recovery_codes_left().unwrap().get(), 1);
    assert_eq!(refusal(recover(&verifier, "83920147", NOW)), replayed(4));
    assert_eq!(view(&verifier, NOW).failures, 1);

    let without = google_authenticator::read("rossi", &file[..file.len() - 18], NOW).unwrap();
    assert!(without.recovery_codes(&[7; 16]).is_none());
}

#[test]
fn hashed_codes_of_keycloak_work_here() {
    let hashed = ["ABCD1234EFGH", "ZYXW9876VUTS", "LLLL1111IIII"].map(|code| STANDARD.encode(Sha512::digest(code)));
    let file = format!("rossi\t61\tsha512:12\t{}\n", hashed.join(" "));
    let imported = recovery_codes::read(file.as_bytes(), &[7; 32]).next().unwrap().unwrap();
    assert_eq!((imported.line, imported.name.as_str()), (1, "rossi"));
    let verifier = with_imported(Policy::new(), imported.codes);
    assert!(recover(&verifier, "zyxw-9876-vuts", NOW).is_ok());
    assert_eq!(refusal(recover(&verifier, "ZYXW9876VUTS", NOW)), replayed(4));
    // Keycloak's codes have 1, I and L, which are not mistaken for each other.
    assert_eq!(refusal(recover(&verifier, "1111LLLLIIII", NOW)), wrong(3));
    assert_eq!(recover(&verifier, "LLLL-1111-IIII", NOW).unwrap().failures_before(), 2);
}

#[test]
fn all_codes_of_the_largest_set_are_accepted() {
    let texts: Vec<_> = (0..16).map(|n| format!("code{n:04}")).collect();
    let codes = ImportedRecoveryCodes::from_texts(texts.iter().map(String::as_str), 64, &[7; 16]).unwrap();
    let verifier = with_imported(Policy::new(), codes);
    for (left, text) in (0..16).rev().zip(&texts) {
        assert_eq!(recover(&verifier, text, NOW).unwrap().recovery_codes_left().unwrap().get(), left);
    }
}

#[test]
fn static_tokens_of_django_otp_work_here() {
    let file = b"rossi/1\t40\ttext\tgeo3x2ab 7sk2pq4d\r\n\nverdi/2\t40\ttext\tanother1\n";
    let sets: Vec<_> = recovery_codes::read(file, &[7; 32]).map(Result::unwrap).collect();
    assert!(sets.iter().map(|set| (set.line, set.name.as_str())).eq([(1, "rossi/1"), (3, "verdi/2")]));
    let verifier = with_imported(Policy::new(), sets.into_iter().next().unwrap().codes);
    assert_eq!(refusal(recover(&verifier, "another1", NOW)), wrong(4));
    assert_eq!(view(&verifier, NOW).failures, 1);
    assert_eq!(recover(&verifier, "7SK2 PQ4D", NOW).unwrap().recovery_codes_left().unwrap().get(), 1);
}

#[test]
fn a_line_that_is_not_a_set_is_refused() {
    let hash = STANDARD.encode([7; 64]);
    let seventeen = ["a"; 17].join(" ");
    for (line, problem) in [
        ("a\t40\ttext", Problem::Missing("codes")),
        ("a\t40\ttext\tb\tc", Problem::Unknown),
        ("\t40\ttext\tb", Problem::Invalid("name")),
        ("a\t0\ttext\tb", Problem::Invalid("bits")),
        ("a\t256\ttext\tb", Problem::Invalid("bits")),
        ("a\t+40\ttext\tb", Problem::Invalid("bits")),
        ("a\t40\tText\tb", Problem::Invalid("form")),
        ("a\t40\ttext:8\tb", Problem::Invalid("form")),
        ("a\t61\tsha512\tb", Problem::Invalid("form")),
        ("a\t61\tsha512:256\tb", Problem::Invalid("form")),
        (&format!("a\t61\tsha512:0\t{hash}"), Problem::Invalid("codes")),
        (&format!("a\t61\tsha512:12\t{}", &hash[4..]), Problem::Invalid("codes")),
        (&format!("a\t61\tsha512:12\t{}", [hash.as_str(); 17].join(" ")), Problem::Invalid("codes")),
        (&format!("a\t61\tsha512:12\t{hash} {hash}="), Problem::Invalid("codes")),
        ("a\t40\ttext\t ", Problem::Invalid("codes")),
        ("a\t40\ttext\t-", Problem::Invalid("codes")),
        (&format!("a\t40\ttext\t{seventeen}"), Problem::Invalid("codes")),
    ] {
        let read = recovery_codes::read(line.as_bytes(), &[7; 32]).next().unwrap();
        let error = read.map(drop).unwrap_err();
        assert_eq!((error.line, error.problem), (1, problem), "{line}");
    }
}

#[test]
fn codes_of_other_systems_have_the_limits_of_their_entropy() {
    for (bits, counts_on_account) in [(27, true), (63, true), (64, false), (111, false), (112, false), (255, false)] {
        let codes = ImportedRecoveryCodes::from_texts(["one code", "the-Other"], bits, &[7; 16]).unwrap();
        let verifier = with_imported(Policy::new(), codes);
        assert_eq!(refusal(recover(&verifier, "wrong", NOW)), wrong(4));
        assert_eq!(view(&verifier, NOW).failures, u8::from(counts_on_account));
        assert!(recover(&verifier, "THE OTHER", NOW).is_ok());
        assert!(recover(&verifier, "onecode", NOW).is_ok());
        assert_eq!(
            refusal(recover(&verifier, " - ", NOW)),
            Refusal::Malformed(MalformedCode::RecoveryLength { expected: 0, found: 0 })
        );
    }
}

#[test]
fn codes_that_cannot_be_imported_are_refused() {
    let of = |codes: &[&str]| ImportedRecoveryCodes::from_texts(codes.iter().copied(), 40, &[7; 16]).err();
    assert_eq!(of(&[]), Some(RecoveryCodesError::Count(0)));
    assert_eq!(of(&["a"; 16]), None);
    assert_eq!(of(&["a"; 17]), Some(RecoveryCodesError::Count(17)));
    assert_eq!(of(&["a", "- -"]), Some(RecoveryCodesError::Length(3)));
    assert_eq!(of(&[&"a".repeat(64)]), None);
    assert_eq!(of(&[&"a".repeat(65)]), Some(RecoveryCodesError::Length(65)));
    let of = |len| ImportedRecoveryCodes::from_sha512([[1; 64]], len, 61, &[7; 16]).err();
    assert_eq!((of(0), of(1), of(64)), (Some(RecoveryCodesError::Length(0)), None, None));
    assert_eq!(of(65), Some(RecoveryCodesError::Length(65)));
}
