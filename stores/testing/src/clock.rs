//! A clock that is set back.

use std::time::SystemTime;

use secondo::{Refusal, UnixTime};

use crate::engine::{Engine, Outcome, Provider, code, policy};
use crate::worker::Process;

/// A provider's clock is set back by an hour and by a day: nothing is accepted then, and the refusal says why. With the right
/// time, logins go on.
pub fn set_back<E: Engine>(address: &str) {
    let id = Provider::<E>::open(address, policy()).enroll("clock");
    let behind = format!("{:?}", Outcome::Refused(Refusal::ClockBehind));
    let now = UnixTime::try_from(SystemTime::now()).unwrap();
    let used = code(now);
    let mut worker = Process::start(address);
    assert_eq!(worker.ask(&format!("verify {id} {} {used} 1", now.as_secs())), "Accepted");
    drop(worker);
    for offset in ["-1h", "-1d"] {
        let mut worker = Process::start_at(offset, address);
        for entry in [&used, "own", &code(UnixTime::from_secs(now.as_secs() - 3_600).unwrap())] {
            assert_eq!(worker.ask(&format!("verify {id} now {entry} 1")), behind, "{entry} at {offset}");
        }
    }
    // A minute on, so that the code is one that was never used.
    let mut worker = Process::start_at("+1m", address);
    assert_eq!(worker.ask(&format!("verify {id} now own 1")), "Accepted");
    crate::report!("{}: nothing accepted with the clock an hour and a day back, and logins go on after it", E::NAME);
}
