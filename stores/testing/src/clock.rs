//! The scenario of a clock that is set back.

use secondo::{Refusal, UnixTime};

use crate::engine::{Engine, Outcome, Provider, code, policy};
use crate::worker::Process;

/// Sets a provider's clock back by an hour and by a day, and checks that no code is accepted then.
///
/// The refusal must name the clock as its reason. With the right time, logins must go on.
pub fn set_back<E: Engine>(address: &str) {
    let id = Provider::<E>::open(address, policy()).enroll("clock");
    let behind = format!("{:?}", Outcome::Refused(Refusal::ClockBehind));
    let now = UnixTime::now().unwrap();
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
    // One minute ahead, so that the code was never used.
    let mut worker = Process::start_at("+1m", address);
    assert_eq!(worker.ask(&format!("verify {id} now own 1")), "Accepted");
    crate::report!("{}: no code accepted with the clock an hour and a day back, and logins go on after it", E::NAME);
}
