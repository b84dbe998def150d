//! The firmware in QEMU: a test presses its button, reads its display from the levels of the pins, and verifies the
//! codes.
//!
//! The tests lay out the flash according to the documentation and take codes from `oathtool`, so that none of the
//! token's own code judges the token. To lose power, QEMU is killed and started again with the contents that the flash
//! had at that instant. Each word is then either written or not. The tests of the simulated flash cover words and pages
//! that are left half written or half erased.

mod board;
mod gdb;
#[path = "../support/max7219.rs"]
mod max7219;

use std::collections::HashSet;
use std::convert::Infallible;
use std::process::Command;
use std::thread;
use std::time::Duration;

use pollster::block_on;
use rand::RngExt;
use secondo::audit::Operator;
use secondo::store::Memory;
use secondo::types::Counter;
use secondo::{
    Accepted, AccountId, Algorithm, Authenticator, AuthenticatorNumber, Hotp, Policy, Refusal, Secret, State,
    Transaction, UnixTime, Verifier, VerifierError,
};

use crate::board::{Board, PAGE};

const NOW: UnixTime = match UnixTime::from_secs(1_700_000_000) {
    Ok(time) => time,
    Err(_) => panic!(),
};
const ERR: &str = "Err     ";

/// The secret of a token, and the codes of its first counters.
struct Seed {
    secret: [u8; 20],
    codes: Vec<String>,
}

impl Seed {
    /// Creates a random seed for which no two of these codes are equal by chance.
    fn random() -> Self {
        loop {
            let secret: [u8; 20] = rand::random();
            let hex = secret.map(|byte| format!("{byte:02x}")).concat();
            let output = Command::new("oathtool").args(["--hotp", "--window=199", &hex]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let codes: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
            assert_eq!(codes.len(), 200);
            if codes.iter().collect::<HashSet<_>>().len() == codes.len() {
                return Self { secret, codes };
            }
        }
    }

    fn authenticator(&self) -> Authenticator {
        Authenticator::new(Hotp::default(), Algorithm::Sha1, Secret::from_bytes(&self.secret).unwrap())
    }

    /// Returns the pages of a token that has shown this number of codes.
    fn flash(&self, shown: u64) -> Vec<u8> {
        let mut flash = vec![0xff; 3 * PAGE];
        let (secret, log) = flash.split_at_mut(PAGE);
        secret[..40].copy_from_slice(&record(&self.secret));
        // The log has two pages of 64 records of 16 bytes. Older records are erased page by page.
        for unused in 0..=shown {
            let slot = (unused % 128) as usize * 16;
            if slot.is_multiple_of(PAGE) {
                log[slot..slot + PAGE].fill(0xff);
            }
            log[slot..slot + 16].copy_from_slice(&record(&unused.to_le_bytes()));
        }
        flash
    }
}

/// Returns a new transaction.
fn transaction() -> Transaction {
    Transaction::new(&rand::random::<[u8; 16]>()).unwrap()
}

/// Returns the bytes, followed by their complement.
fn record(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().chain(bytes.iter().map(|byte| !byte)).collect()
}

/// A verifier with the token, and the last counter that it accepted.
struct Login<'s> {
    seed: &'s Seed,
    verifier: Verifier<Memory>,
    id: AccountId,
    last: Option<u64>,
}

impl<'s> Login<'s> {
    fn new(seed: &'s Seed) -> Self {
        let verifier = Verifier::unsealed(Memory::new(), Policy::default());
        Self { seed, verifier, id: AccountId::new("rossi").unwrap(), last: None }
    }

    /// Enrolls the token, and confirms it with its first code.
    fn enroll(&mut self, shown: &str) {
        let login = transaction();
        let enrolled = block_on(self.verifier.enroll(&self.id, &login, self.seed.authenticator(), NOW)).unwrap();
        assert_eq!(enrolled.number, AuthenticatorNumber::new(1));
        block_on(self.verifier.confirm(&self.id, &login, enrolled.number, shown.trim(), NOW)).unwrap();
        self.last = Some(self.counter_of(shown));
        self.must_refuse(shown);
    }

    /// Imports a token that has shown this number of codes elsewhere.
    fn import(&mut self, shown: u64) {
        let state = State::new().starting_at(Counter::new(shown)).confirmed();
        let token = [(self.seed.authenticator().into(), state)];
        block_on(self.verifier.import(&self.id, &token, Operator::new("desk", "test"), NOW)).unwrap();
        self.last = shown.checked_sub(1);
    }

    /// Checks that the code is accepted once and at its own counter, and therefore was not shown before.
    fn log_in(&mut self, shown: &str) {
        let accepted = self.verify(shown).unwrap().counter().get();
        assert_eq!(accepted, self.counter_of(shown));
        assert!(self.last < Some(accepted), "{accepted} after {:?}", self.last);
        self.last = Some(accepted);
        self.must_refuse(shown);
    }

    fn must_refuse(&self, shown: &str) {
        let refused = self.verify(shown);
        assert!(matches!(refused, Err(VerifierError::Refused(Refusal::Replayed { .. }))), "{refused:?}");
    }

    /// Verifies a shown code in a login of its own.
    fn verify(&self, shown: &str) -> Result<Accepted, VerifierError<Infallible>> {
        block_on(self.verifier.verify(&self.id, &transaction(), shown.trim(), NOW))
    }

    /// Returns the counter of a shown code, by oathtool.
    fn counter_of(&self, shown: &str) -> u64 {
        let code = shown.replace(' ', "");
        assert_eq!(*shown, format!(" {} {}", &code[..3], &code[3..]));
        self.seed.codes.iter().position(|known| *known == code).unwrap() as u64
    }
}

#[test]
#[ignore = "needs the firmware; `examples/token/run` builds it and runs this test"]
fn codes_are_accepted_once() {
    let seed = Seed::random();
    let mut login = Login::new(&seed);
    let mut board = Board::start(&seed.flash(0));
    login.enroll(&board.press());
    for _ in 0..3 {
        login.log_in(&board.press());
    }
    let in_vain: Vec<_> = (0..3).map(|_| board.press()).collect();
    login.log_in(&board.press());
    for unused in in_vain {
        assert!(login.verify(&unused).is_err(), "a later code was used");
    }
    login.log_in(&board.press());
    assert_eq!(login.last, Some(8));
}

#[test]
#[ignore = "needs the firmware; `examples/token/run` builds it and runs this test"]
fn power_may_be_lost_while_the_counter_is_written() {
    // Each word of a record takes two writes to the controller. If the last page is full, erasing the next takes three
    // more.
    for (shown, writes) in [(5, [2, 4, 6, 8].as_slice()), (127, &[3, 5, 7, 9, 11])] {
        for cut in writes {
            let seed = Seed::random();
            let before = seed.flash(shown);
            let mut board = Board::start(&before);
            board.press_until_write(*cut);
            let (flash, texts) = board.cut();
            assert_eq!(texts, [""; 0], "nothing is shown before the record is written");
            assert!(flash != before, "something is written");

            let mut login = Login::new(&seed);
            login.import(shown);
            let mut board = Board::start(&flash);
            login.log_in(&board.press());
            login.log_in(&board.press());
            let skipped = login.last.unwrap() - (shown + 1);
            assert!(skipped <= 1, "{skipped} codes were skipped for one cut");
        }
    }
}

#[test]
#[ignore = "needs the firmware; `examples/token/run` builds it and runs this test"]
fn power_may_be_lost_at_any_moment() {
    let seed = Seed::random();
    let mut login = Login::new(&seed);
    let mut flash = seed.flash(0);
    let mut random = rand::rng();
    let (mut cuts, mut shown_before) = (0, 0);
    for _ in 0..12 {
        let mut board = Board::start(&flash);
        let text = board.press();
        if login.last.is_none() {
            login.enroll(&text);
        } else {
            login.log_in(&text);
        }
        board.start_press();
        thread::sleep(Duration::from_micros(random.random_range(0..4_000)));
        let (left, texts) = board.cut();
        for text in &texts[1..] {
            login.log_in(text);
            shown_before += 1;
        }
        cuts += 1;
        flash = left;
    }
    println!("{cuts} cuts, {shown_before} of them after the code was shown; the last counter is {:?}", login.last);
    assert!(login.last.unwrap() < 2 * cuts, "a cut skips one code at most");
}

#[test]
#[ignore = "needs the firmware; `examples/token/run` builds it and runs this test"]
fn without_a_secret_or_a_counter_there_is_no_code() {
    let seed = Seed::random();
    let whole = seed.flash(0);
    let damaged = |at: usize| {
        let mut flash = whole.clone();
        flash[at] ^= 1;
        flash
    };
    for flash in [vec![0xff; whole.len()], damaged(0), damaged(39), damaged(PAGE)] {
        let mut board = Board::start(&flash);
        assert_eq!([board.press(), board.press()], [ERR; 2]);
        assert!(board.cut().0 == flash, "nothing is written");
    }
}
