//! The scenarios across processes that every store must pass.

use store_testing::{Redis, clock, crowd, kills, outage, pushes, races, responses, sent};

use crate::cluster::Cluster;
use crate::{Impatient, Patient};

fn durable() -> Redis {
    Redis::start(&["--appendonly", "yes", "--appendfsync", "always"])
}

#[test]
fn a_right_code_is_accepted_once() {
    races::one_right_code::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn wrong_codes_are_counted() {
    races::wrong_codes::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn a_right_code_is_accepted_once_in_a_cluster() {
    races::one_right_code::<Patient>(&Cluster::start(3).urls());
}

#[test]
fn wrong_codes_count_for_all_devices_together() {
    races::wrong_codes_for_four_devices::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn nothing_is_lost_between_calls_of_every_kind() {
    crowd::every_kind_at_once::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn a_sent_code_is_accepted_once() {
    sent::one_sent_code::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn a_response_is_accepted_once() {
    responses::one_response::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn codes_to_one_number_are_limited_together() {
    sent::codes_to_one_number::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn a_right_code_is_accepted_once_in_a_transaction() {
    races::one_right_code_in_one_transaction::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn a_recovery_code_is_accepted_once() {
    races::one_recovery_code::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn the_last_two_devices_are_not_both_revoked() {
    races::last_two_revoked::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn a_push_answer_is_taken_once() {
    pushes::one_push_answer::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn what_a_killed_process_told_holds() {
    kills::while_verifying::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn a_clock_that_is_set_back_accepts_nothing() {
    clock::set_back::<Patient>(&Redis::start(&[]).url());
}

#[test]
fn what_a_killed_server_answered_holds() {
    let redis = durable();
    outage::killed::<Impatient>(&redis, &redis.url());
}

#[test]
fn a_server_that_stands_still_is_an_outage() {
    let redis = durable();
    outage::paused::<Impatient>(&redis, &redis.url());
}

#[test]
fn connections_cut_in_the_middle_accept_nothing_twice() {
    outage::cut::<Impatient>(&durable(), |address| format!("redis://{address}"));
}

#[test]
fn a_cluster_that_stands_still_is_an_outage() {
    let cluster = Cluster::start(3);
    outage::paused::<Impatient>(&cluster, &cluster.urls());
}

/// This takes minutes, since a cluster takes two seconds to come back after each kill.
#[test]
#[ignore = "minutes: `cargo test -p secondo-redis -- --ignored killed_cluster`"]
fn what_a_killed_cluster_answered_holds() {
    let cluster = Cluster::start(3);
    outage::killed::<Impatient>(&cluster, &cluster.urls());
}
