//! The target of the phone's side of push: attempts to unlock a device.

use std::sync::LazyLock;

use pollster::block_on;
use secondo::push::device::{Device, DeviceError, PersonalCode, Unlock};
use secondo::push::{Activation, Notification, SoftwareKey, Verdict};
use secondo::store::Memory;
use secondo::{AccountId, UnixTime};

use super::{MOVED_AT, with_app};

const ATTEMPTS: u8 = 5;
const CODE: &str = "271828";
const RECOGNIZED: Unlock<'_> = Unlock::Biometrics { is_recognized: true };
const WRONG: [Unlock<'_>; 4] =
    [Unlock::Biometrics { is_recognized: false }, Unlock::Code("271829"), Unlock::Code("2718280"), Unlock::Code("")];

static SENT: LazyLock<Notification> = LazyLock::new(|| with_app(&Memory::new()).4);

/// The device without a personal code, and with one, as stored after the activation.
static DEVICES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let id = AccountId::new("rossi").unwrap();
    let activation = Activation::new(&id, "idp.example.it", "Maria Rossi", &[5; 32]).unwrap();
    [None, Some(PersonalCode::new(CODE, [9; 16]).unwrap())]
        .map(|code| Device::activate(&activation, key(), code).unwrap().0.encode())
});

/// The answers that accept and deny, of which the verifier takes the first.
static ANSWERS: LazyLock<[String; 2]> = LazyLock::new(|| {
    let store = Memory::new();
    let (verifier, id, _, mut device, sent) = with_app(&store);
    let challenge = device.read(&sent.message, MOVED_AT).unwrap();
    let accepted = device.accept(&challenge, &sent.number, RECOGNIZED, MOVED_AT).unwrap();
    assert!(matches!(block_on(verifier.answer_push(&id, &accepted, MOVED_AT)), Ok(Verdict::Accept)));
    [accepted, device.deny(&challenge, MOVED_AT).unwrap()]
});

/// Checks that attempts to unlock a device have the same outcomes as in a model of its documentation, also after it is
/// stored and read, and that only an attempt that succeeds gives the answer.
///
/// The first byte decides if the device has a personal code. Each other byte is an operation.
pub fn push_device(bytes: &[u8]) {
    let Some((first, operations)) = bytes.split_first() else { return };
    let mut model = Model { has_code: first % 2 == 1, wrong_codes: 0, unrecognized: 0 };
    let mut device = Device::decode(&DEVICES[usize::from(model.has_code)], key()).unwrap();
    let challenge = device.read(&SENT.message, MOVED_AT).unwrap();
    let late = UnixTime::from_secs(MOVED_AT.as_secs() + 3_600).unwrap();
    for operation in operations.iter().take(40) {
        let before = device.encode();
        let wrong = WRONG[usize::from(operation >> 6)];
        let unlock = match operation % 8 {
            0 => {
                device = Device::decode(&before, key()).unwrap();
                assert_eq!(device.encode(), before);
                continue;
            }
            1 => {
                assert_eq!(device.deny(&challenge, MOVED_AT), Ok(ANSWERS[1].clone()));
                assert_eq!(device.encode(), before);
                continue;
            }
            // Neither a wrong number of digits nor a late answer takes an attempt.
            2 => {
                assert_eq!(device.accept(&challenge, &SENT.number[1..], wrong, MOVED_AT), Err(DeviceError::Number));
                assert_eq!(device.accept(&challenge, &SENT.number, wrong, late), Err(DeviceError::Expired));
                assert_eq!(device.encode(), before);
                continue;
            }
            3 => Unlock::Code(CODE),
            4 => RECOGNIZED,
            _ => wrong,
        };
        let expected = model.attempt(unlock).map(|()| ANSWERS[0].clone());
        assert_eq!(device.accept(&challenge, &SENT.number, unlock, MOVED_AT), expected, "{operation}");
    }
}

fn key() -> SoftwareKey {
    SoftwareKey::from_bytes(&[7; 32]).unwrap()
}

/// The attempts since the last success. A personal code ends both counts.
struct Model {
    has_code: bool,
    wrong_codes: u8,
    unrecognized: u8,
}

impl Model {
    fn attempt<E>(&mut self, unlock: Unlock<'_>) -> Result<(), DeviceError<E>> {
        let is_code = matches!(unlock, Unlock::Code(_));
        if is_code && !self.has_code {
            return Err(DeviceError::NoPersonalCode);
        }
        if self.wrong_codes == ATTEMPTS || !is_code && self.unrecognized == ATTEMPTS {
            return Err(DeviceError::Blocked);
        }
        match unlock {
            Unlock::Code(CODE) => (self.wrong_codes, self.unrecognized) = (0, 0),
            Unlock::Biometrics { is_recognized: true } => self.unrecognized = 0,
            _ => {
                let wrong = if is_code { &mut self.wrong_codes } else { &mut self.unrecognized };
                *wrong += 1;
                return Err(DeviceError::NotUnlocked { remaining: ATTEMPTS - *wrong });
            }
        }
        Ok(())
    }
}
