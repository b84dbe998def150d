//! Tests of the stored form of a state: its bytes are fixed, and any other bytes are refused.

use crate::support::cases::cases;

use proptest::prelude::*;
use secondo::decision::StateError;
use secondo::types::Counter;
use secondo::{State, UnixTime};

/// A stored state, written by hand from the layout in `State::to_bytes`.
///
/// Databases hold such bytes, so the layout must not change.
const STORED: [u8; State::LEN] = [
    1,     // version
    0b101, // confirmed, not suspended, with a watermark
    0,     // no hold
    0, 0, 0, // failures, failures since the last lock, doublings of the next lock
    0xff, 0xfe, // drift: two steps behind
    0, 0, 0, 0, 0x03, 0x5f, 0x3c, 0x12, // watermark: the last used step
    0, 0, 0, 0, 0, 0, 0, 0, // end of the hold
    0, 0, 0, 0, 0, 0, 0, 0, // end of the last lock
    0, 0, 0, 0, 0, 0, 0, 0, // revision
];

#[test]
fn the_layout_is_fixed() {
    let state = State::new().starting_at(Counter::new(0x035f_3c13)).with_drift(-2).confirmed();
    assert_eq!(state.to_bytes(), STORED);
    assert_eq!(State::from_bytes(&STORED), Ok(state));
    assert_eq!(State::from_bytes(&State::new().suspend().to_bytes()), Ok(State::new().suspend()));
}

#[test]
fn what_was_used_stays_used() {
    let state = State::new().starting_at(Counter::new(10));
    assert_eq!(state.watermark(), Some(Counter::new(9)));
    assert_eq!(state.starting_at(Counter::new(5)), state);
    assert_eq!(state.starting_at(Counter::new(0)), state);
    assert_eq!(state.starting_at(Counter::new(10)), state);
    assert_eq!(state.starting_at(Counter::new(11)).watermark(), Some(Counter::new(10)));
    assert_eq!(State::new().starting_at(Counter::new(0)).watermark(), None);
    assert_eq!(State::new().starting_at(Counter::new(1)).watermark(), Some(Counter::new(0)));
}

#[test]
fn bytes_that_are_not_a_state_are_refused() {
    let with = |at: usize, byte: u8| {
        let mut bytes = STORED;
        bytes[at] = byte;
        State::from_bytes(&bytes)
    };
    for version in (0..=255).filter(|version| *version != 1) {
        assert_eq!(with(0, version), Err(StateError::Version(version)));
    }
    assert_eq!(with(1, 0b1101), Err(StateError::Field { offset: 1 }));
    assert_eq!(with(1, 0b001), Err(StateError::Field { offset: 8 }), "a watermark, though nothing was used");
    assert_eq!(with(2, 4), Err(StateError::Field { offset: 2 }));
    assert_eq!(with(4, 1), Err(StateError::Field { offset: 4 }), "more failures since the last lock than in total");
    assert_eq!(with(23, 1), Err(StateError::Field { offset: 16 }), "an end of the hold, but no hold");
    assert_eq!(with(16, 1), Err(StateError::Field { offset: 16 }), "an end of the hold after the last possible time");
    assert_eq!(
        with(24, 1),
        Err(StateError::Field { offset: 24 }),
        "an end of the last lock after the last possible time"
    );
    assert_eq!(State::from_bytes(&[]), Err(StateError::Length(0)));
    assert_eq!(State::from_bytes(&STORED[..39]), Err(StateError::Length(39)));
    assert_eq!(State::from_bytes(&[STORED.as_slice(), &[0]].concat()), Err(StateError::Length(41)));
    // A longer form of a later version is reported by its version, not by its length.
    assert_eq!(State::from_bytes(&[2; 64]), Err(StateError::Version(2)));
    assert_eq!(StateError::Version(2).to_string(), "unknown state version 2; this library reads version 1");
}

#[test]
fn whatever_is_read_is_written_the_same() {
    proptest!(cases(2_000), |(
        flags in 0..9_u8, hold in 0..5_u8, watermark in prop::option::of(any::<u64>()), until in prop::option::of(0..2 * UnixTime::MAX.as_secs()),
        ended in 0..2 * UnixTime::MAX.as_secs(), rest in any::<[u8; 13]>(),
    )| {
        let mut bytes = [0; State::LEN];
        bytes[0] = 1;
        bytes[1] = flags;
        bytes[2] = hold;
        bytes[3..8].copy_from_slice(&rest[..5]);
        bytes[8..16].copy_from_slice(&watermark.unwrap_or(0).to_be_bytes());
        bytes[16..24].copy_from_slice(&until.unwrap_or(0).to_be_bytes());
        bytes[24..32].copy_from_slice(&ended.to_be_bytes());
        bytes[32..].copy_from_slice(&rest[5..]);
        if let Ok(state) = State::from_bytes(&bytes) {
            prop_assert_eq!(state.to_bytes(), bytes);
        }
    });
}

#[cfg(feature = "serde")]
#[test]
fn serde_stores_the_same_bytes() {
    let state = State::from_bytes(&STORED).unwrap();
    let json = serde_json::to_string(&state).unwrap();
    assert_eq!(json, serde_json::to_string(STORED.as_slice()).unwrap());
    assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
    for broken in ["[]", "[1,2,3]", "null", "\"\"", &json.replacen('1', "7", 1), &json.replace(']', ",0]")] {
        assert!(serde_json::from_str::<State>(broken).is_err(), "{broken}");
    }
    let error = serde_json::from_str::<State>(&json.replacen('1', "7", 1)).unwrap_err();
    assert!(error.to_string().contains("unknown state version 7"), "{error}");
    let error = serde_json::from_str::<State>(&json.replace(']', ",0]")).unwrap_err();
    assert!(error.to_string().starts_with("invalid length 41"), "{error}");
}
