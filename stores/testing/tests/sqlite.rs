//! The scenarios on the example's store in SQLite, also from other processes.

#[path = "../../../examples/own_store.rs"]
#[expect(dead_code, reason = "the example runs its suite by itself")]
mod own_store;

use std::path::Path;
use std::time::Duration;

use own_store::Sqlite;
use store_testing::{Engine, clock, crowd, kills, pushes, races, responses, sent};

struct OfExample;

impl Engine for OfExample {
    type Store = Sqlite;

    const NAME: &'static str = "SQLite";
    const SHARED: bool = true;
    const TIMEOUT: Duration = Duration::from_secs(10);

    fn open(path: &str) -> Sqlite {
        Sqlite::open(Path::new(path)).unwrap()
    }
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        pollster::block_on(future)
    }
}

#[test]
#[ignore = "a process that the other tests start"]
fn worker() {
    store_testing::worker::<OfExample>();
}

fn on_a_file(scenario: fn(&str)) {
    let folder = tempfile::tempdir().unwrap();
    scenario(folder.path().join("accounts.sqlite").to_str().unwrap());
}

#[test]
fn a_right_code_is_accepted_once() {
    on_a_file(races::one_right_code::<OfExample>);
}

#[test]
fn wrong_codes_are_counted() {
    on_a_file(races::wrong_codes::<OfExample>);
}

#[test]
fn wrong_codes_count_for_all_devices_together() {
    on_a_file(races::wrong_codes_for_four_devices::<OfExample>);
}

#[test]
fn nothing_is_lost_between_calls_of_every_kind() {
    on_a_file(crowd::every_kind_at_once::<OfExample>);
}

#[test]
fn a_sent_code_is_accepted_once() {
    on_a_file(sent::one_sent_code::<OfExample>);
}

#[test]
fn a_response_is_accepted_once() {
    on_a_file(responses::one_response::<OfExample>);
}

#[test]
fn codes_to_one_number_are_limited_together() {
    on_a_file(sent::codes_to_one_number::<OfExample>);
}

#[test]
fn a_right_code_is_accepted_once_in_a_transaction() {
    on_a_file(races::one_right_code_in_one_transaction::<OfExample>);
}

#[test]
fn a_recovery_code_is_accepted_once() {
    on_a_file(races::one_recovery_code::<OfExample>);
}

#[test]
fn the_last_two_devices_are_not_both_revoked() {
    on_a_file(races::last_two_revoked::<OfExample>);
}

#[test]
fn a_push_answer_is_taken_once() {
    on_a_file(pushes::one_push_answer::<OfExample>);
}

#[test]
fn what_a_killed_process_told_holds() {
    on_a_file(kills::while_verifying::<OfExample>);
}

#[test]
fn a_clock_that_is_set_back_accepts_nothing() {
    on_a_file(clock::set_back::<OfExample>);
}
