//! Guesses of one kind and of every kind, for months: the documented number of them, and not one more.

use secondo::store::Memory;
use secondo::{Policy, Totp};

use super::GUESSES;
use super::oracle::{Count, DAY, Guess};
use super::thief::{Thief, later};

/// Without a success of the owner, all guesses end: 100 on the account, and 100 on recovery codes with a count of their
/// own.
fn assert_that_guesses_end(thief: &mut Thief<'_>) {
    thief.go_on(45, false);
    let long_codes = usize::from(thief.long_codes.is_some() && thief.kinds.contains(&Guess::RecoveryCode));
    let on_account = thief.kinds.iter().any(|kind| match kind {
        Guess::FirstCode => false,
        Guess::RecoveryCode => thief.long_codes.is_none(),
        _ => true,
    });
    let expected = (usize::from(on_account) * Count::IN_A_ROW, long_codes * Count::IN_A_ROW);
    let evaluated = |thief: &Thief<'_>| (thief.account.in_a_row, thief.recovery_codes.in_a_row);
    assert_eq!(evaluated(thief), expected, "{:?}", thief.evaluated);
    assert!(thief.kinds.iter().all(|kind| thief.evaluated(*kind) > 0), "{:?}", thief.evaluated);
    thief.now = later(thief.now, 20 * 365 * DAY);
    (0..20).for_each(|_| thief.act());
    assert_eq!(evaluated(thief), expected, "{:?}", thief.evaluated);
}

#[test]
fn guesses_of_one_kind_end() {
    for (kind, is_long) in Guess::ALL.map(|kind| (kind, false)).into_iter().chain([(Guess::RecoveryCode, true)]) {
        let store = Memory::new();
        let mut thief = Thief::new(&store, is_long, 1);
        thief.kinds = vec![kind];
        assert_that_guesses_end(&mut thief);
    }
}

#[test]
fn guesses_of_every_kind_end_together() {
    for (seed, is_long) in (0..4).map(|seed| (seed, seed % 2 == 0)) {
        let store = Memory::new();
        assert_that_guesses_end(&mut Thief::new(&store, is_long, seed));
    }
}

/// Logins of the owner start the count again, and not the length of the locks.
#[test]
fn guesses_beside_the_owner_are_as_many_in_a_year_as_documented() {
    let store = Memory::new();
    let mut thief = Thief::new(&store, true, 11);
    thief.go_on(365, true);
    let documented = Policy::new().guess_probability([Totp::default()], thief.logins);
    let none = |chance: f64| (-chance).ln_1p();
    let guesses = f64::from(u32::try_from(GUESSES).unwrap());
    let most = guesses * none(documented.per_year) / none(documented.per_lock);
    let evaluated = f64::from(thief.evaluated_on_account());
    assert!((0.5 * most..=most).contains(&evaluated), "{evaluated} of {most}");
}
