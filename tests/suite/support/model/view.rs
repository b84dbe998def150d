//! The comparison of the library's account with the model's.

use pollster::block_on;
use secondo::account::Status;
use secondo::factor::Kind;
use secondo::{AccountId, Refusal, UnixTime, VerifierError};

use super::device::{Device, Factor, Standing};
use super::outcome::Held;
use super::{DESK, Entry, Library, Model};

impl Model {
    pub(super) fn compare(&self, verifier: &Library, id: &AccountId) {
        let view = block_on(verifier.view(id, self.now()));
        let person = match &self.entry {
            Entry::Absent => return assert!(matches!(view, Err(VerifierError::Unknown))),
            Entry::Closed => return assert!(matches!(view, Err(VerifierError::Refused(Refusal::Closed)))),
            Entry::Open(person) => person,
        };
        let view = view.unwrap();
        assert_eq!(view.revision, person.changes);
        assert_eq!(view.is_suspended, person.is_suspended);
        assert_eq!(u64::from(view.failures), person.count.failures);
        assert_eq!(Held::from(view.hold), person.count.held.in_force(self.now));
        let issued = person.issued.as_ref().filter(|issued| issued.is_live(self.now)).map(|issued| issued.expires);
        assert_eq!(view.enrollment_code.map(UnixTime::as_secs), issued);
        assert_eq!(view.remaining, person.count.remaining(&self.setup.rules, self.now));

        let expires = |device: &Device| match device.standing {
            Standing::Unconfirmed { expires, .. } => Some(expires),
            Standing::Active | Standing::Suspended => None,
        };
        let shown: Vec<_> =
            person.devices.iter().filter(|device| expires(device).is_none_or(|expires| self.now < expires)).collect();
        assert_eq!(view.authenticators.len(), shown.len());
        for (device, view) in shown.iter().zip(&view.authenticators) {
            assert_eq!(view.number, device.number());
            assert_eq!(view.name.as_str(), device.name);
            assert_eq!(view.added.as_secs(), device.added);
            assert_eq!(view.last_used.map(UnixTime::as_secs), device.last_used);
            let status = match device.standing {
                Standing::Unconfirmed { expires, .. } => {
                    Status::Unconfirmed { expires: UnixTime::from_secs(expires).unwrap() }
                }
                Standing::Active => Status::Active,
                Standing::Suspended => Status::Suspended,
            };
            assert_eq!(view.status, status);
            let suite = if let Factor::Token(token) = &device.factor { Some(token.card.suite()) } else { None };
            assert_eq!((view.suite, view.is_activated), (suite, true));
            assert_eq!(view.external, device.external());
            let (kind, codes) = match &device.factor {
                Factor::Otp(otp) => (if otp.is_hotp { Kind::Hotp } else { Kind::Totp }, None),
                Factor::Number(_) => (Kind::Sms, None),
                Factor::Token(_) => (Kind::Ocra, None),
                Factor::Codes(codes) => (Kind::LookUp, Some(codes.left())),
                Factor::External(_) => (Kind::External, None),
                #[cfg(feature = "push")]
                Factor::App(_) => (Kind::Push, None),
            };
            assert_eq!((view.kind, view.codes_left.map(|left| usize::from(left.get()))), (kind, codes));
        }
        let browsers: Vec<_> = person.browsers.iter().filter(|browser| browser.lives(self.now)).collect();
        assert_eq!(view.browsers.len(), browsers.len());
        browsers.iter().zip(&view.browsers).for_each(|(browser, view)| browser.compare(view));
        let exported = block_on(verifier.export(id, DESK, self.now())).unwrap();
        for (otp, exported) in person.devices.iter().filter_map(Device::otp).zip(&exported) {
            assert_eq!(exported.state.watermark().map_or(-1, |used| i128::from(used.get())), otp.next - 1);
            assert_eq!(i64::from(exported.state.drift()), otp.drift);
        }
    }
}
