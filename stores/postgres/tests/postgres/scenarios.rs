//! The scenarios and the conformance suite that every store must pass.

use std::sync::Mutex;
use std::time::Duration;

use secondo::UnixTime;
use secondo::store::conformance::{Harness, NotApplicable, check, check_listing};
use secondo_postgres::PostgresStore;
use store_testing::{Engine, Postgres, Proxy, Server, clock, crowd, kills, outage, pushes, races, responses, sent};

use crate::{Patient, TIMEOUT, block_on, impatient, migrated, patient};

struct Suite {
    server: Postgres,
    /// The proxy that cuts writes off, at another point each time.
    proxy: Proxy,
    breaks: Mutex<usize>,
}

impl Harness for Suite {
    type Store<'a> = PostgresStore;

    fn connect(&self) -> PostgresStore {
        block_on(patient().connect(&self.server.url_at(self.proxy.address()))).unwrap()
    }
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        block_on(future)
    }
    fn forget_expired(&self, now: UnixTime) {
        block_on(self.connect().purge(now)).unwrap();
    }
    fn break_next_write(&self) -> Result<(), NotApplicable> {
        let mut breaks = self.breaks.lock().unwrap();
        match *breaks % 3 {
            0 => self.proxy.cut_answer_after(0),
            1 => self.proxy.cut_request_after(*breaks * 50),
            _ => self.proxy.cut_request_after(0),
        }
        *breaks += 1;
        Ok(())
    }
    fn restart(&self) -> Result<(), NotApplicable> {
        self.server.kill();
        self.server.restart();
        Ok(())
    }
}

#[test]
fn it_keeps_the_contract() {
    let server = migrated(&[]);
    let proxy = Proxy::new(server.address());
    let report = check(&Suite { server, proxy, breaks: Mutex::default() });
    let report = report.unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(report.not_applicable().count(), 0, "{report}");
}

#[test]
fn a_right_code_is_accepted_once() {
    races::one_right_code::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn it_lists_every_id() {
    let server = migrated(&["fsync=off"]);
    let proxy = Proxy::new(server.address());
    check_listing(&Suite { server, proxy, breaks: Mutex::default() }).unwrap();
}

#[test]
fn wrong_codes_are_counted() {
    races::wrong_codes::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn wrong_codes_count_for_all_devices_together() {
    races::wrong_codes_for_four_devices::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn nothing_is_lost_between_calls_of_every_kind() {
    crowd::every_kind_at_once::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn a_sent_code_is_accepted_once() {
    sent::one_sent_code::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn a_response_is_accepted_once() {
    responses::one_response::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn codes_to_one_number_are_limited_together() {
    sent::codes_to_one_number::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn a_right_code_is_accepted_once_in_a_transaction() {
    races::one_right_code_in_one_transaction::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn a_recovery_code_is_accepted_once() {
    races::one_recovery_code::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn the_last_two_devices_are_not_both_revoked() {
    races::last_two_revoked::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn a_push_answer_is_taken_once() {
    pushes::one_push_answer::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn what_a_killed_process_told_holds() {
    kills::while_verifying::<Patient>(&migrated(&["fsync=off"]).url());
}

#[test]
fn a_clock_that_is_set_back_accepts_nothing() {
    clock::set_back::<Patient>(&migrated(&["fsync=off"]).url());
}

struct Impatient;

impl Engine for Impatient {
    type Store = PostgresStore;

    const NAME: &'static str = "PostgreSQL";
    const SHARED: bool = true;
    const TIMEOUT: Duration = TIMEOUT;

    fn open(url: &str) -> PostgresStore {
        block_on(impatient().connect(url)).unwrap()
    }
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        block_on(future)
    }
}

#[test]
fn nothing_is_lost_when_the_server_is_killed() {
    let server = migrated(&[]);
    outage::killed::<Impatient>(&server, &server.url());
}

#[test]
fn calls_end_while_the_server_stands_still() {
    let server = migrated(&["fsync=off"]);
    outage::paused::<Impatient>(&server, &server.url());
}

#[test]
fn connections_are_cut() {
    let server = migrated(&["fsync=off"]);
    outage::cut::<Impatient>(&server, |address| server.url_at(address));
}
