//! Presses of the button: the codes that they show, and the errors.

use std::slice;

use secondo::types::Counter;
use token::{Error, SHOWN_MS, provision};

use crate::flash::{Flash, Wear};
use crate::person::{PAUSE, Session, Shown, press, use_token};
use crate::{SECRET, shown_at};

const PAGE: usize = 1024;

const DARK: &str = "        ";
const ERR: &str = "Err     ";

fn provisioned() -> Flash<PAGE> {
    provisioned_at(0)
}

fn provisioned_at(first: u64) -> Flash<PAGE> {
    let mut flash = Flash::blank(0);
    flash.power_on();
    provision(&mut flash, SECRET, Counter::new(first)).unwrap();
    flash
}

/// Checks that one press showed `Err`, returned the error, and left the display dark.
fn must_refuse(session: &Session, error: Error) {
    assert_eq!((session.texts(), &session.served[..]), (vec![ERR], &[Err(error)][..]));
    assert_eq!(session.left, DARK);
}

#[test]
fn shows_the_codes_of_rfc_4226() {
    let session = press(&mut provisioned(), 10);
    // RFC 4226, appendix D.
    let codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    assert_eq!(session.texts(), codes.map(|code| format!(" {} {}", &code[..3], &code[3..])));
    assert!(session.served.iter().all(Result::is_ok));
}

#[test]
fn is_dark_but_for_some_seconds_after_a_press() {
    let press = 1_000..1_100;
    let session = use_token(&mut provisioned(), slice::from_ref(&press), 3 * PAUSE);
    // The code is shown after the button is steady for 20 ms.
    let [Shown { text, from, to }] = &session.shown[..] else { panic!("{session:?}") };
    assert_eq!((text, to - from), (&shown_at(0), u64::from(SHOWN_MS)));
    assert!((1_015..1_025).contains(from), "{from}");
    assert_eq!(session.left, DARK, "the code is wiped from the display's chip too");
}

#[test]
fn a_bouncing_button_gives_one_code() {
    let bounces = |at: u64| [at..at + 2, at + 3..at + 9, at + 11..at + 12, at + 15..at + 200, at + 203..at + 207];
    let presses: Vec<_> = (0..3).flat_map(|n| bounces(n * PAUSE + 500)).collect();
    let session = use_token(&mut provisioned(), &presses, 3 * PAUSE);
    assert_eq!(session.texts(), [shown_at(0), shown_at(1), shown_at(2)]);
}

#[test]
fn a_button_that_bounces_when_it_is_released_gives_no_other_code() {
    // The button is held until the display is dark again. Before that, the display would hide another code.
    let end = 500 + PAUSE;
    let session = use_token(&mut provisioned(), &[500..end, end + 3..end + 9, end + 11..end + 14], 3 * PAUSE);
    assert_eq!(session.texts(), [shown_at(0)]);
}

#[test]
fn a_glitch_gives_none() {
    let presses: Vec<_> = (1..100).map(|n| n * 40..n * 40 + 15).collect();
    assert_eq!(use_token(&mut provisioned(), &presses, PAUSE).shown, []);
}

#[test]
fn a_button_that_is_kept_pressed_gives_one_code() {
    let session = use_token(&mut provisioned(), &[500..4 * PAUSE, 5 * PAUSE..5 * PAUSE + 100], 6 * PAUSE);
    assert_eq!(session.texts(), [shown_at(0), shown_at(1)]);
}

#[test]
fn a_button_that_is_pressed_when_the_power_comes_gives_none() {
    let session = use_token(&mut provisioned(), &[0..500, 1_000..1_100], PAUSE);
    assert_eq!(session.texts(), [shown_at(0)]);
    assert!(session.shown[0].from > 1_000);
}

#[test]
fn without_a_secret_there_is_no_code_and_no_counter_used_up() {
    must_refuse(&press(&mut Flash::<PAGE>::blank(0), 1), Error::Secret);

    let mut flash = provisioned();
    let before = flash.bits().to_vec();
    for bit in 0..2 * 8 * SECRET.len() {
        flash.flip(bit);
        must_refuse(&press(&mut flash, 1), Error::Secret);
        flash.flip(bit);
    }
    assert_eq!(flash.bits(), before);
    assert_eq!(press(&mut flash, 1).texts(), [shown_at(0)]);
}

#[test]
fn without_a_counter_there_is_no_code() {
    let mut flash = provisioned();
    flash.flip(8 * PAGE);
    must_refuse(&press(&mut flash, 1), Error::Counter);
}

#[test]
fn the_last_counter_is_not_the_first_again() {
    let session = press(&mut provisioned_at(u64::MAX - 2), 4);
    assert_eq!(session.texts(), [&shown_at(u64::MAX - 2), &shown_at(u64::MAX - 1), ERR, ERR]);
    assert_eq!(session.served[2..], [Err(Error::Counter); 2]);
}

#[test]
fn worn_flash_gives_no_code() {
    for wear in [Wear::Told, Wear::Silent] {
        let mut flash = provisioned();
        assert_eq!(press(&mut flash, 1).texts(), [shown_at(0)]);
        flash.wear = wear;
        must_refuse(&press(&mut flash, 1), Error::Flash);
        flash.wear = Wear::No;
        // A slot that could not be written uses up its counter.
        let next = if wear == Wear::Told { 1 } else { 2 };
        assert_eq!(press(&mut flash, 1).texts(), [shown_at(next)]);
    }
}

#[test]
fn a_page_that_cannot_be_erased_gives_no_code() {
    let mut flash = provisioned();
    // The record of the provisioning is the first of 64.
    assert_eq!(press(&mut flash, 63).texts().last(), Some(&shown_at(62).as_str()));
    flash.wear = Wear::Told;
    must_refuse(&press(&mut flash, 1), Error::Flash);
    flash.wear = Wear::No;
    assert_eq!(press(&mut flash, 1).texts(), [shown_at(63)]);
}

#[test]
fn pages_wear_alike_and_slowly() {
    let mut flash = provisioned();
    let [secret, first, second] = flash.erasures;
    let session = press(&mut flash, 64 * 20);
    assert!(session.served.iter().all(Result::is_ok));
    assert_eq!(flash.erasures, [secret, first + 10, second + 10]);
}
