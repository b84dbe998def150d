//! Tests of remembered browsers.
#![cfg(feature = "std")]

use crate::support::enrolled;
use crate::support::logins;
use crate::support::refusals;
use crate::support::subscriber;

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use enrolled::{FIRST, NOW, SECOND, after, keys, wrong_code};
use logins::{DESK, Logins, fresh};
use pollster::block_on;
use refusals::{account_error, refusal};
use secondo::account::{AccountError, RecordError, Status};
use secondo::factor::{BrowserDays, BrowserDaysError};
use secondo::hsm::Hsm;
use secondo::store::{Memory, Store};
use secondo::types::DisplayName;
use secondo::verifier::{NewBrowser, Remembered};
use secondo::{
    AccountId, Authenticator, AuthenticatorNumber, Policy, Refusal, Secret, State, Totp, UnixTime, Verifier,
    VerifierError,
};
use subscriber::{bind, code_of, id, passkey, phone, roomy, stored};

const DAY: i64 = 86_400;

fn days(days: u8) -> BrowserDays {
    BrowserDays::new(days).unwrap()
}

fn random(byte: u8) -> [u8; 32] {
    [byte; 32]
}

/// Calls on the account of the tests, whose first authenticator is a phone with the secret of ones.
trait Browsers<E> {
    /// Logs in, and remembers the browser for 30 days.
    fn remember_in(&self, byte: u8, now: UnixTime) -> Result<NewBrowser, VerifierError<E>>;

    /// Recalls a browser, whose next token is made of this byte.
    fn recall_in(&self, token: &str, byte: u8, now: UnixTime) -> Result<Remembered, VerifierError<E>>;
}

impl<S: Store, H: Hsm> Browsers<S::Error> for Verifier<S, H> {
    fn remember_in(&self, byte: u8, now: UnixTime) -> Result<NewBrowser, VerifierError<S::Error>> {
        let accepted = self.log_in(&id(), &code_of(1, now), now)?;
        let name = DisplayName::new("Firefox on Linux").unwrap();
        block_on(self.remember(&accepted, name, days(30), &random(byte), now))
    }

    fn recall_in(&self, token: &str, byte: u8, now: UnixTime) -> Result<Remembered, VerifierError<S::Error>> {
        block_on(self.recall(&id(), token, &random(byte), now))
    }
}

/// Creates a verifier of the account with the phone.
fn verifier<S: Store>(store: S) -> Verifier<S> {
    let verifier = Verifier::new(store, keys(), roomy());
    verifier.add(&id(), phone(1), State::new().confirmed()).unwrap();
    verifier
}

fn token(known: &Remembered) -> String {
    known.token().unwrap().as_str().to_owned()
}

#[test]
fn a_browser_is_recognized_and_gets_a_new_token() {
    let verifier = verifier(Memory::new());
    let browser = verifier.remember_in(10, NOW).unwrap();
    assert_eq!((browser.number, browser.expires, browser.replaced), (SECOND, after(30 * DAY), None));
    let text = browser.token.as_str();
    assert!(text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));

    let known = verifier.recall_in(text, 11, after(100)).unwrap();
    assert_eq!((known.account(), known.browser(), known.expires()), (&id(), SECOND, browser.expires));
    assert_ne!(token(&known), text);
    let again = verifier.recall_in(&token(&known), 12, after(200)).unwrap();
    assert_eq!(again.browser(), SECOND);

    let view = block_on(verifier.view(&id(), after(200))).unwrap();
    let [listed] = view.browsers[..] else { panic!("{view:?}") };
    assert_eq!((listed.number, listed.name.as_str(), listed.status), (SECOND, "Firefox on Linux", Status::Active));
    assert_eq!((listed.added, listed.last_used, listed.expires), (NOW, after(200), browser.expires));
}

/// A record that a wrong clock made unreadable would lock the person out.
#[test]
fn at_the_end_of_time_the_account_stays_readable() {
    let verifier = verifier(Memory::new());
    let browser = verifier.remember_in(10, after(-60)).unwrap();
    let last = UnixTime::from_secs(UnixTime::MAX.as_secs() - 1).unwrap();
    let late = verifier.remember_in(11, last).unwrap();
    assert_eq!(late.expires, UnixTime::MAX);
    assert!(verifier.recall_in(late.token.as_str(), 12, last).unwrap().token().is_some());
    let recalled = verifier.recall_in(browser.token.as_str(), 13, NOW);
    assert_eq!(account_error(recalled), AccountError::UnknownBrowser);
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().browsers.len(), 1);
}

/// Two tabs may send the same cookie, and only one of the answers has a new token.
#[test]
fn the_token_before_is_recognized_for_sixty_seconds() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let first = verifier.remember_in(10, NOW).unwrap().token;
    let second = token(&verifier.recall_in(first.as_str(), 11, after(100)).unwrap());
    let before = stored(&store);
    for secs in [100, 101, 159] {
        for sent in [first.as_str(), &second] {
            let known = verifier.recall_in(sent, 12, after(secs)).unwrap();
            assert_eq!((known.browser(), known.token().is_none()), (SECOND, true), "{secs}");
            assert_eq!(stored(&store), before);
        }
    }
    for secs in [160, 161, DAY] {
        let stale = verifier.recall_in(first.as_str(), 12, after(secs));
        assert_eq!(account_error(stale), AccountError::UnknownBrowser);
        assert_eq!(stored(&store), before);
    }
    let third = token(&verifier.recall_in(&second, 13, after(160)).unwrap());
    // A replaced token is never accepted again, and a token that was not handed out is not accepted either.
    assert_eq!(account_error(verifier.recall_in(first.as_str(), 14, after(161))), AccountError::UnknownBrowser);
    assert!(verifier.recall_in(&second, 14, after(219)).is_ok());
    assert_eq!(account_error(verifier.recall_in(&second, 14, after(220))), AccountError::UnknownBrowser);
    assert!(verifier.recall_in(&third, 14, after(220)).is_ok());
}

/// A machine whose clock is ahead replaces a token.
#[test]
fn a_clock_that_was_ahead_does_not_keep_the_token_before() {
    let verifier = verifier(Memory::new());
    let first = verifier.remember_in(10, NOW).unwrap().token;
    let second = token(&verifier.recall_in(first.as_str(), 11, after(10 * DAY)).unwrap());
    assert_eq!(account_error(verifier.recall_in(first.as_str(), 12, after(100))), AccountError::UnknownBrowser);
    assert!(verifier.recall_in(&second, 12, after(100)).unwrap().token().is_some(), "and tokens are replaced");

    // With a clock that is less than a minute ahead, both tabs are recognized as ever.
    let verifier = self::verifier(Memory::new());
    let sent = verifier.remember_in(10, NOW).unwrap().token;
    assert!(verifier.recall_in(sent.as_str(), 11, after(50)).unwrap().token().is_some());
    assert!(verifier.recall_in(sent.as_str(), 12, NOW).is_ok());
}

#[test]
fn the_days_are_counted_from_the_login_and_not_from_the_last_use() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let browser = verifier.remember_in(10, NOW).unwrap();
    let mut sent = browser.token.as_str().to_owned();
    let last = after(30 * DAY - 1);
    for (byte, now) in (11..).zip((1..30).map(|day| after(day * DAY)).chain([last])) {
        let known = verifier.recall_in(&sent, byte, now).unwrap();
        assert_eq!(known.expires(), browser.expires);
        sent = token(&known);
    }
    assert_eq!(block_on(verifier.view(&id(), last)).unwrap().browsers.len(), 1);
    let before = stored(&store);
    assert_eq!(account_error(verifier.recall_in(&sent, 60, after(30 * DAY))), AccountError::BrowserExpired);
    assert_eq!(stored(&store), before);
    assert!(block_on(verifier.view(&id(), after(30 * DAY))).unwrap().browsers.is_empty());
    // The next browser takes its place for good.
    verifier.remember_in(61, after(30 * DAY)).unwrap();
    assert_eq!(account_error(verifier.recall_in(&sent, 62, last)), AccountError::UnknownBrowser);
}

#[test]
fn a_browser_is_remembered_for_one_to_ninety_days() {
    for number in [0, 91, u8::MAX] {
        assert_eq!(BrowserDays::new(number), Err(BrowserDaysError { found: number }));
    }
    for number in [1, 90] {
        assert_eq!(days(number).get(), number);
        let verifier = verifier(Memory::new());
        let accepted = verifier.log_in(&id(), &code_of(1, NOW), NOW).unwrap();
        let browser = block_on(verifier.remember(&accepted, DisplayName::EMPTY, days(number), &random(1), NOW));
        assert_eq!(browser.unwrap().expires, after(i64::from(number) * DAY));
    }
}

#[test]
fn the_least_recently_used_browser_gives_way_to_a_ninth() {
    let verifier = verifier(Memory::new());
    let browsers: Vec<_> = (0..8).map(|n| verifier.remember_in(10 + n, after(30 * i64::from(n))).unwrap()).collect();
    assert!(browsers.iter().all(|browser| browser.replaced.is_none()));
    let view = block_on(verifier.view(&id(), after(300))).unwrap();
    assert!(view.browsers.iter().all(|browser| browser.last_used == browser.added));
    // The first one is used after the second one was remembered.
    let first = token(&verifier.recall_in(browsers[0].token.as_str(), 30, after(300)).unwrap());
    let ninth = verifier.remember_in(40, after(600)).unwrap();
    assert_eq!(ninth.replaced, Some(browsers[1].number));
    let replaced = verifier.recall_in(browsers[1].token.as_str(), 41, after(700));
    assert_eq!(account_error(replaced), AccountError::UnknownBrowser);
    for (byte, sent) in (50..).zip(browsers[2..].iter().map(|browser| browser.token.as_str()).chain([&*first])) {
        assert!(verifier.recall_in(sent, byte, after(700)).is_ok());
    }
    assert_eq!(block_on(verifier.view(&id(), after(700))).unwrap().browsers.len(), 8);
    // Browsers whose days have passed give way before one that is in use.
    let later = after(30 * DAY + 30);
    assert_eq!(verifier.remember_in(70, later).unwrap().replaced, None);
    assert_eq!(block_on(verifier.view(&id(), later)).unwrap().browsers.len(), 8);
}

#[test]
fn eight_browsers_leave_room_for_sixteen_authenticators() {
    let store = Memory::new();
    let verifier = verifier(&store);
    for n in 0..8 {
        verifier.remember_in(10 + n, after(30 * i64::from(n))).unwrap();
    }
    for byte in 2..=16 {
        bind(&verifier, phone(byte), &code_of(byte, NOW), NOW).unwrap();
    }
    let enrolled = block_on(verifier.enroll(&id(), &fresh(), phone(17), NOW));
    assert_eq!(account_error(enrolled), AccountError::TooMany);
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert_eq!((view.authenticators.len(), view.browsers.len()), (16, 8));
    let ninth = verifier.remember_in(30, after(600)).unwrap();
    assert!(ninth.replaced.is_some() && verifier.recall_in(ninth.token.as_str(), 31, after(700)).is_ok());
}

/// Adds authenticators of the greatest length until the account is full, and returns their number.
fn fill(store: &Memory, verifier: &Verifier<&Memory>) -> usize {
    let greatest = |byte: u8| {
        let secret = Secret::from_bytes(&[byte; Secret::MAX_LEN]).unwrap();
        Authenticator::new(Totp::default(), secondo::Algorithm::Sha512, secret).named(&"n".repeat(64)).unwrap()
    };
    let next = |added| greatest(u8::try_from(100 + added).unwrap());
    let added = (0..16).find(|added| verifier.add(&id(), next(*added), State::new().confirmed()).is_err()).unwrap();
    assert!(stored(store).len() > 2_000);
    added
}

/// A browser never takes the room that an authenticator needs.
#[test]
fn browsers_give_way_to_authenticators() {
    let (with, without) = (Memory::new(), Memory::new());
    let remembering = verifier(&with);
    let name = DisplayName::new(&"b".repeat(64)).unwrap();
    let login = remembering.log_in(&id(), &code_of(1, after(30)), after(30)).unwrap();
    for byte in 0..8 {
        let now = after(31 + i64::from(byte));
        block_on(remembering.remember(&login, name, days(30), &random(byte), now)).unwrap();
    }
    assert_eq!(fill(&with, &remembering), fill(&without, &verifier(&without)));
    let view = block_on(remembering.view(&id(), after(60))).unwrap();
    let left = view.browsers.len();
    assert!((1..8).contains(&left), "{left}");
    // The least recently used ones went.
    assert!(view.browsers.iter().all(|browser| browser.last_used >= after(31 + 8 - i64::try_from(left).unwrap())));
}

/// A browser that does not fit is refused, so that a verification never lacks room for its outcome.
#[test]
fn a_full_account_remembers_no_browser() {
    let store = Memory::new();
    let verifier = verifier(&store);
    fill(&store, &verifier);
    let mut remembered = Vec::new();
    let full = loop {
        let now = after(30 * i64::try_from(remembered.len()).unwrap());
        match verifier.remember_in(10 + u8::try_from(remembered.len()).unwrap(), now) {
            Ok(browser) if browser.replaced.is_some() => panic!("the account is not full"),
            Ok(browser) => remembered.push(browser),
            error => break account_error(error),
        }
    };
    assert_eq!(full, AccountError::Full);
    let before = stored(&store).len();
    for (byte, browser) in (100..).zip(&remembered) {
        assert!(verifier.recall_in(browser.token.as_str(), byte, after(1_000)).unwrap().token().is_some());
        assert_eq!(stored(&store).len(), before);
    }
    for guess in 0..5 {
        refusal(verifier.log_in(&id(), &format!("{guess:06}"), after(1_000)));
    }
}

#[test]
fn an_unknown_token_counts_nothing_and_changes_nothing() {
    let store = Memory::new();
    let verifier = verifier(&store);
    let browser = verifier.remember_in(10, NOW).unwrap();
    let sent = browser.token.as_str();
    let other = AccountId::new("bianchi").unwrap();
    verifier.add(&other, phone(2), State::new().confirmed()).unwrap();
    assert_eq!(
        account_error(block_on(verifier.recall(&other, sent, &random(11), after(100)))),
        AccountError::UnknownBrowser
    );
    let before = stored(&store);
    let mut changed = sent.to_owned();
    changed.replace_range(42.., if sent.ends_with('E') { "I" } else { "E" });
    for wrong in [
        String::new(),
        "A".repeat(43),
        sent[..42].to_owned(),
        format!("{sent}="),
        format!("{sent} "),
        sent.to_lowercase(),
        changed,
        "è".repeat(22),
        "A".repeat(1 << 20),
    ] {
        for _ in 0..3 {
            let recalled = verifier.recall_in(&wrong, 12, after(100));
            assert_eq!(account_error(recalled), AccountError::UnknownBrowser, "{} bytes", wrong.len());
        }
    }
    assert_eq!(stored(&store), before);
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().failures, 0);
    assert!(verifier.recall_in(sent, 13, after(100)).is_ok());
}

/// A lock limits guesses, and nobody guesses a token.
#[test]
fn a_lock_neither_hinders_a_browser_nor_ends_with_it() {
    let verifier = verifier(Memory::new());
    let browser = verifier.remember_in(10, NOW).unwrap();
    for _ in 0..5 {
        refusal(verifier.log_in(&id(), &wrong_code(), NOW));
    }
    assert!(verifier.recall_in(browser.token.as_str(), 11, after(60)).is_ok());
    let view = block_on(verifier.view(&id(), after(60))).unwrap();
    assert_eq!((view.failures, view.remaining), (5, 0));
    assert_eq!(refusal(verifier.log_in(&id(), &code_of(1, after(60)), after(60))).label(), "locked");
}

#[test]
fn a_suspended_or_closed_account_knows_no_browser() {
    let verifier = verifier(Memory::new());
    let accepted = verifier.log_in(&id(), &code_of(1, NOW), NOW).unwrap();
    let remember = |byte| block_on(verifier.remember(&accepted, DisplayName::EMPTY, days(1), &random(byte), NOW));
    let (browser, other) = (remember(10).unwrap(), remember(11).unwrap());
    let recall = |browser: &NewBrowser, now| verifier.recall_in(browser.token.as_str(), 12, now);

    block_on(verifier.suspend(&id(), DESK, NOW)).unwrap();
    assert_eq!(refusal(recall(&browser, NOW)), Refusal::Suspended);
    assert_eq!(refusal(remember(13)), Refusal::Suspended);
    block_on(verifier.resume(&id(), DESK, NOW)).unwrap();

    block_on(verifier.suspend_authenticator(&id(), browser.number, DESK, NOW)).unwrap();
    assert_eq!(refusal(recall(&browser, NOW)), Refusal::Suspended);
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    assert_eq!(
        view.browsers.iter().map(|browser| browser.status).collect::<Vec<_>>(),
        [Status::Suspended, Status::Active]
    );
    assert!(recall(&other, NOW).is_ok());
    block_on(verifier.resume_authenticator(&id(), browser.number, DESK, NOW)).unwrap();
    let name = DisplayName::new("portatile").unwrap();
    block_on(verifier.rename(&id(), browser.number, name, DESK, NOW)).unwrap();
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().browsers[0].name, name);
    assert!(verifier.recall_in(browser.token.as_str(), 14, NOW).is_ok());

    block_on(verifier.revoke(&id(), browser.number, DESK, NOW)).unwrap();
    assert_eq!(account_error(recall(&browser, NOW)), AccountError::UnknownBrowser);
    block_on(verifier.close(&id(), None, DESK, NOW)).unwrap();
    assert_eq!(refusal(recall(&other, NOW)), Refusal::Closed);
    assert_eq!(refusal(remember(15)), Refusal::Closed);
    let unknown = block_on(verifier.recall(&AccountId::new("nobody").unwrap(), "", &random(16), NOW));
    assert!(matches!(unknown, Err(VerifierError::Unknown)));
}

/// A browser must never keep the account of somebody who has no second factor any more, or take its place.
#[test]
fn a_browser_is_no_authenticator() {
    let verifier = verifier(Memory::new());
    let browser = verifier.remember_in(10, NOW).unwrap();
    assert_eq!(account_error(block_on(verifier.revoke(&id(), FIRST, DESK, NOW))), AccountError::Last);
    let options = block_on(verifier.options(&id(), &fresh(), NOW)).unwrap();
    let view = block_on(verifier.view(&id(), NOW)).unwrap();
    for listed in [options.authenticators, view.authenticators] {
        assert_eq!(listed.iter().map(|listed| listed.number).collect::<Vec<_>>(), [FIRST]);
    }
    assert_eq!(block_on(verifier.export(&id(), DESK, NOW)).unwrap().len(), 1);

    let sent = browser.token.as_str();
    assert_eq!(refusal(block_on(verifier.verify(&id(), &fresh(), sent, NOW))).label(), "malformed");
    assert_eq!(refusal(block_on(verifier.verify_with(&id(), &fresh(), SECOND, sent, NOW))), Refusal::Unconfirmed);
    assert_eq!(refusal(block_on(verifier.resync(&id(), &fresh(), SECOND, &[sent; 2], NOW))), Refusal::Unconfirmed);
    assert_eq!(refusal(block_on(verifier.confirm(&id(), &fresh(), SECOND, sent, NOW))), Refusal::AlreadyConfirmed);
    assert_eq!(account_error(block_on(verifier.forget_drift(&id(), SECOND, DESK, NOW))), AccountError::NoClock);
    let lowered = block_on(verifier.lower_watermark(&id(), SECOND, DESK, NOW));
    assert_eq!(account_error(lowered), AccountError::WatermarkInReach);

    // With the only authenticator suspended, nothing else logs in.
    block_on(verifier.suspend_authenticator(&id(), FIRST, DESK, NOW)).unwrap();
    assert_eq!(refusal(verifier.log_in(&id(), &code_of(1, after(30)), after(30))), Refusal::Suspended);
    assert_eq!(account_error(block_on(verifier.revoke(&id(), FIRST, DESK, NOW))), AccountError::Last);
    block_on(verifier.revoke(&id(), SECOND, DESK, NOW)).unwrap();
    block_on(verifier.enroll(&id(), &fresh(), passkey(b"credential"), NOW)).unwrap();
    block_on(verifier.revoke(&id(), FIRST, DESK, NOW)).unwrap();
}

#[test]
fn random_bytes_that_were_used_before_are_refused() {
    let verifier = verifier(Memory::new());
    verifier.remember_in(10, NOW).unwrap();
    assert_eq!(account_error(verifier.remember_in(10, after(30))), AccountError::SecretInUse(SECOND));
}

/// Neither the token nor the random bytes are stored, even if the store is not sealed.
#[test]
fn the_store_has_no_token() {
    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    verifier.add(&id(), phone(1), State::new().confirmed()).unwrap();
    let browser = verifier.remember_in(0xa5, NOW).unwrap();
    let sent = browser.token.as_str();
    let known = verifier.recall_in(sent, 0xa6, after(100)).unwrap();
    let bytes = stored(&store);
    for hidden in [&[0xa5; 8], &[0xa6; 8], &sent.as_bytes()[..8], &token(&known).as_bytes()[..8]] {
        assert!(!bytes.windows(8).any(|part| part == hidden));
    }
    for shown in [format!("{browser:?}"), format!("{known:?}")] {
        assert!(!shown.contains(sent) && !shown.contains(&token(&known)), "{shown}");
    }
}

#[test]
fn a_browser_that_cannot_be_read_is_an_error() {
    /// The lengths of the state of a browser, and of the outcome of a login, which is the last part of the record.
    const STATE: usize = 42;
    const OUTCOME: usize = 34;

    let store = Memory::new();
    let verifier = Verifier::unsealed(&store, Policy::new());
    verifier.add(&id(), phone(1), State::new().confirmed()).unwrap();
    let browser = verifier.remember_in(10, NOW).unwrap();
    let good = stored(&store);
    let state = good.len() - OUTCOME - STATE;
    let recall = |bytes: &[u8]| {
        let revision = block_on(store.load(&id())).unwrap().unwrap().revision;
        let _stored = block_on(store.compare_exchange(&id(), Some(revision), bytes.into(), None)).unwrap();
        verifier.recall_in(browser.token.as_str(), 11, NOW).map(|known| known.browser())
    };
    for (at, byte, offset) in
        [(state - 1, 41, state + 32), (state + 32, 0xff, state + 32), (state + 37, 0xff, state + 37)]
    {
        let mut bytes = good.clone();
        bytes[at] = byte;
        let error = recall(&bytes);
        assert!(
            matches!(error, Err(VerifierError::Record(RecordError::Field { offset: of })) if of == offset),
            "{error:?}"
        );
        assert_eq!(stored(&store), bytes);
    }
    assert_eq!(recall(&good).unwrap(), SECOND);
}

/// An in-memory store with a pause after each load, in which other threads can write.
struct Slow(Memory);

impl Store for Slow {
    type Error = std::convert::Infallible;

    async fn load(&self, id: &AccountId) -> Result<Option<secondo::store::Entry>, Self::Error> {
        let entry = self.0.load(id).await;
        thread::sleep(Duration::from_micros(20));
        entry
    }

    async fn compare_exchange(
        &self,
        id: &AccountId,
        expected: Option<secondo::store::Revision>,
        value: secondo::store::Value,
        expiry: Option<UnixTime>,
    ) -> Result<secondo::store::Exchange, Self::Error> {
        self.0.compare_exchange(id, expected, value, expiry).await
    }
}

#[test]
fn of_many_threads_one_replaces_the_token() {
    const THREADS: u8 = 8;

    let verifier = verifier(Slow(Memory::new()));
    let mut sent = verifier.remember_in(1, NOW).unwrap().token.as_str().to_owned();
    for round in 1..=20 {
        let (start, now) = (Barrier::new(THREADS.into()), after(i64::from(round) * 100));
        let recall = |thread: u8| {
            start.wait();
            verifier.recall_in(&sent, 8 * round + thread, now)
        };
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || recall(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let known: Vec<_> = results.into_iter().map(Result::unwrap).collect();
        let tokens: Vec<_> = known.iter().filter_map(Remembered::token).collect();
        let [next] = tokens[..] else { panic!("{} new tokens", tokens.len()) };
        sent = next.as_str().to_owned();
    }
    assert_eq!(block_on(verifier.view(&id(), NOW)).unwrap().browsers[0].number, AuthenticatorNumber::new(2));
}
