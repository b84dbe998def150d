//! A provider that is busy with logins.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::support::provider::Provider;
use crate::support::service::{Service, userinfo};
use crate::support::wait;

/// A configuration without limits per address, for many logins from one.
pub(crate) const UNLIMITED: &str = "[limits]\npassword = 0\ncode = 0\nauthorize = 0\napi = 0\nform = 0\n";

/// The logins that go on at the same time, and the rounds of work at most.
const CLIENTS: usize = 3;
const ROUNDS: usize = 200;

/// Ends the logins, also after a panic.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does some work, round after round, while people log in at a service. Each login succeeds, up to the attributes, and
/// several of them end between the first round and the last. The number of rounds is returned.
pub(crate) fn while_people_log_in(provider: &Provider, service: &Service, mut work: impl FnMut(usize)) -> usize {
    let (done, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let count = || done.load(Ordering::Relaxed);
    thread::scope(|scope| {
        let end = End(&is_over);
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let browser = service.log_in(provider);
                    let tokens = service.exchange(provider, &browser.answer("code").unwrap());
                    assert_eq!(tokens.status, 200, "{tokens:?}");
                    let reply = userinfo(provider, tokens.body["access_token"].as_str().unwrap());
                    assert_eq!(reply.status, 200, "{reply:?}");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        wait::until(|| count() >= CLIENTS);
        let (before, mut rounds) = (count(), 0);
        while rounds < 3 || rounds < ROUNDS && count() < before + 2 * CLIENTS {
            work(rounds);
            rounds += 1;
        }
        assert!(count() >= before + 2 * CLIENTS, "people do not log in");
        drop(end);
        rounds
    })
}
