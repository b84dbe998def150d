use std::time::Duration;

use secondo::policy::{BackOff, Lock, RateLimit, ResyncCodes, Sending, Window};
use secondo::types::Period;
use secondo::{Algorithm, Authenticator, Digits, Hotp, Method, Policy, Secret, Totp, UnixTime};

use super::count::Rules;
use super::input::Input;

/// The policy of a run, and the parameters that its authenticators share.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent options of a policy")]
pub(super) struct Setup {
    pub(super) algorithm: Algorithm,
    pub(super) period: u64,
    pub(super) t0: u64,
    pub(super) past: u8,
    pub(super) future: u8,
    pub(super) look_ahead: u8,
    pub(super) rules: Rules,
    pub(super) count_replays: bool,
    pub(super) count_malformed: bool,
    pub(super) learn_drift: bool,
    pub(super) max_drift: u16,
    pub(super) resync_span: u16,
    pub(super) resync_codes: usize,
    pub(super) confirmation_login: bool,
    pub(super) enrollment_secs: u64,
    /// The number of enrollments that may begin at once, and the seconds after which one more may.
    pub(super) enrollments: (u8, u64),
    pub(super) right_codes: u8,
    pub(super) sending: Rates,
    /// `true` if apps are bound. Their signatures take long.
    #[cfg(feature = "push")]
    pub(super) has_apps: bool,
    /// `true` if tokens are enrolled, and asked in half of the operations.
    pub(super) has_tokens: bool,
    /// `true` if an operator issues enrollment codes. Their hashes take long.
    pub(super) has_issued: bool,
    /// `true` if records are sealed, while keys are rotated.
    pub(super) is_sealed: bool,
}

/// The rules for codes that are sent. All times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    pub(super) digits: u8,
    pub(super) validity: u64,
    pub(super) pause: u64,
    pub(super) of_account: Limit,
    pub(super) of_destination: Limit,
}

/// A limit of some at once, and one more after each interval in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) at_once: u64,
    pub(super) interval: u64,
}

impl Rates {
    fn new(input: &mut Input<'_>) -> Self {
        let mut limit = || Limit { at_once: 1 + u64::from(input.below(8)), interval: 1 + u64::from(input.below(60)) };
        let (of_account, of_destination) = (limit(), limit());
        Self {
            digits: 6 + 2 * input.below(2),
            validity: 1 + u64::from(input.below(200)),
            pause: 1 + u64::from(input.below(40)),
            of_account,
            of_destination,
        }
    }

    fn sending(&self) -> Sending {
        let limit = |limit: Limit| {
            RateLimit::new(u8::try_from(limit.at_once).unwrap(), Duration::from_secs(limit.interval)).unwrap()
        };
        Sending::new()
            .with_digits(Digits::try_from(self.digits).unwrap())
            .with_validity(Duration::from_secs(self.validity))
            .unwrap()
            .with_pause(Duration::from_secs(self.pause))
            .unwrap()
            .with_account_limit(limit(self.of_account))
            .with_destination_limit(limit(self.of_destination))
    }
}

impl Setup {
    pub(super) fn new(input: &mut Input<'_>) -> Self {
        let past = input.below(11);
        Self {
            algorithm: Algorithm::ALL[usize::from(input.below(3)) % Algorithm::ALL.len()],
            period: [30, 1, 3600][usize::from(input.below(3))],
            t0: [0, 1_699_999_990, 1_700_000_050][usize::from(input.below(3))],
            past,
            future: input.below(11 - past),
            look_ahead: input.below(11),
            rules: Rules {
                cap: 1 + input.below(7),
                lock: input.flag().then(|| {
                    let first = u64::from(input.below(100)) + 1;
                    (first, first + u64::from(input.below(200)))
                }),
                back_off: input.flag().then_some((u64::from(input.below(5)) + 1, 30)),
            },
            count_replays: input.flag(),
            count_malformed: input.flag(),
            learn_drift: input.flag(),
            max_drift: u16::from(input.below(20)),
            resync_span: u16::from(input.below(40)) + 1,
            resync_codes: 2 + usize::from(input.below(2)),
            confirmation_login: input.flag(),
            enrollment_secs: 1 + u64::from(input.below(200)),
            enrollments: (if input.flag() { 255 } else { 1 + input.below(20) }, 1 + u64::from(input.below(60))),
            // Half of the policies have room for 16 authenticators.
            right_codes: match input.below(255) {
                few @ ..128 => 1 + few,
                _ => u8::MAX,
            },
            sending: Rates::new(input),
            #[cfg(feature = "push")]
            has_apps: input.below(10) == 0,
            has_tokens: input.below(10) == 0,
            has_issued: input.below(50) == 0,
            is_sealed: input.below(8) == 0,
        }
    }

    pub(super) fn policy(&self) -> Policy {
        let mut policy = Policy::new()
            .with_window(Window::new(self.past, self.future).unwrap())
            .with_look_ahead(self.look_ahead)
            .unwrap()
            .with_failure_cap(self.rules.cap)
            .unwrap()
            .with_counted_replays(self.count_replays)
            .with_counted_malformed(self.count_malformed)
            .with_learned_drift(self.learn_drift)
            .with_max_drift(self.max_drift)
            .unwrap()
            .with_resync_span(self.resync_span)
            .unwrap()
            .with_resync_codes(if self.resync_codes == 2 { ResyncCodes::Two } else { ResyncCodes::Three })
            .with_confirmation_login(self.confirmation_login)
            .with_enrollment_time(Duration::from_secs(self.enrollment_secs))
            .unwrap()
            .with_enrollments({
                let (at_once, interval) = self.enrollments;
                RateLimit::new(at_once, Duration::from_secs(interval)).unwrap()
            })
            .with_right_codes(self.right_codes)
            .unwrap()
            .with_sending(self.sending.sending());
        policy = policy.with_lock(match self.rules.lock {
            Some((first, longest)) => Lock::doubling(Duration::from_secs(first), Duration::from_secs(longest)).unwrap(),
            None => Lock::UNTIL_UNLOCKED,
        });
        if let Some((first, longest)) = self.rules.back_off {
            let back_off = BackOff::new(Duration::from_secs(first), Duration::from_secs(longest)).unwrap();
            policy = policy.with_back_off(back_off);
        }
        policy
    }

    pub(super) fn clamp(&self, drift: i64) -> i64 {
        drift.clamp(-i64::from(self.max_drift), i64::from(self.max_drift))
    }

    /// Returns `true` if the window moved by `drift` contains the current step.
    pub(super) fn reaches(&self, drift: i64) -> bool {
        drift - i64::from(self.past) <= 0 && drift + i64::from(self.future) >= 0
    }

    /// Returns the drift nearest to the known one that explains a code `ahead` steps ahead.
    ///
    /// If the window has a past step, the code may also be one step late.
    pub(super) fn fitting(&self, known: i64, ahead: i64) -> i64 {
        known.clamp(ahead, ahead + i64::from(self.past > 0))
    }

    pub(super) fn authenticator(&self, seed: u8, is_hotp: bool, digits: u8) -> Authenticator {
        let digits = Digits::try_from(digits).unwrap();
        let period = Period::from_secs(self.period).unwrap();
        let method: Method = if is_hotp {
            Hotp::new(digits).into()
        } else {
            Totp::new(digits, period).with_t0(UnixTime::from_secs(self.t0).unwrap()).into()
        };
        Authenticator::new(method, self.algorithm, Secret::from_bytes(&[seed; 20]).unwrap())
    }
}
