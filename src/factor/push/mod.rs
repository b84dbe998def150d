//! Push with number matching: a page shows a number, the person types it into an app, and the app signs the answer.
//!
//! A device has a key on the curve P-256 in the phone's secure hardware. A challenge names the service, the place and
//! the time of the login. The person accepts it with the number of the page, denies it, or reports it. The answer is
//! signed over all of this, so that one for another login, page or time is refused.
//!
//! The provider [enrolls](crate::Verifier::enroll) an [`Activation`], shows its link as a QR code, and passes the app's
//! messages on: `activate_push` and `confirm` of the [`Verifier`](crate::Verifier) bind the app, and `push`,
//! `answer_push` and `poll` log in with it. The module [`device`] is the phone's side. It needs neither `std` nor the
//! verifier. The example `push` has both sides in one program.
//!
//! An activation is as secret as a key URI: the first device that answers it can be bound. The app then shows a code,
//! and the person types it into the page that showed the activation. The code depends on the device's key, so that the
//! page does not confirm the device of somebody else who saw the activation.
//!
//! # Messages
//!
//! A message is a JSON object of at most 2048 bytes. Its fields are texts, except for `v` and `expires`, which are
//! whole numbers. `v` is the first field and has the value 1, and `type` is the second one. The others may be in any
//! order. A message with an unknown field, or with a field twice, is refused. Bytes are written in base64url without
//! padding (RFC 4648 section 5).
//!
//! | `type` | from | fields |
//! |---|---|---|
//! | `activation` | the app | `account`; `id` of the activation, 16 bytes; `key`, the public key as an uncompressed point, 65 bytes; `proof`, a signature |
//! | `challenge` | the provider | `account`; `device`, 16 bytes; `id`, 16 bytes; `relying_party`, `place` and `time`, texts of 1 to 128 bytes; `matching`: `type-6`, `type-2` or `compare`; `number`, only for `compare`: six digits; `expires`, the Unix time in seconds |
//! | `answer` | the app | `account`; `device`; `id` of the challenge; `digest` of the challenge, 32 bytes; `verdict`: `accept`, `deny` or `not-me`; `number`, the digits that the person typed, empty for `compare` and for other verdicts; `signature` |
//!
//! A `device` is named by the first 16 bytes of the SHA-256 hash of its public key as a compressed point. Texts that
//! are shown have no control characters and no marks that change the direction of text.
//!
//! The link of an activation is `secondo-push:` and, in base64url without padding: the byte 1, the `id` (16 bytes), the
//! secret (16 bytes), and three texts with their length in one byte before each: the account, the name of the provider,
//! and the name of the person.
//!
//! # Signatures
//!
//! A signature is ECDSA on P-256 with SHA-256, written as `r` and `s` of 32 bytes each, as `WebCrypto` does. It is over
//! bytes and not over the JSON. In the table, a text has its length in two bytes before it, numbers are big-endian, and
//! a point and an id have no length.
//!
//! | signed or hashed | bytes |
//! |---|---|
//! | `proof` | the text `secondo push activation`, the byte 1, the text `account`, `id`, the secret of the activation, `key` |
//! | `digest` | the SHA-256 hash of: the text `secondo push challenge`, the byte 1, the text `account`, `device`, `id`, the texts `relying_party`, `place` and `time`, the byte 0, 1 or 2 for `matching` in the order above, the text `number` or the empty text, `expires` in 8 bytes |
//! | `signature` | the text `secondo push answer`, the byte 1, `digest`, the byte 1, 2 or 3 for `verdict` in the order above, the text `number` |
//!
//! The code that confirms a device depends on the SHA-256 hash of the text `secondo push confirmation`, the byte 1 and
//! `device`. It is the number in the first four bytes of the hash, modulo 2^31 and then modulo 1,000,000, in six
//! digits.
//!
//! # Limits
//!
//! A push does not resist phishing: a person who types the number of a false page into the app logs its owner in. The
//! texts that the app shows are the provider's claim. A challenge lasts a minute by default.

mod activation;
mod answer;
mod challenge;
#[cfg(feature = "verifier")]
mod details;
pub mod device;
mod device_error;
mod json;
#[cfg(feature = "verifier")]
mod kept;
mod key;
mod matching;
mod message_error;
#[cfg(feature = "verifier")]
mod notification;
#[cfg(feature = "verifier")]
mod question;
#[cfg(feature = "verifier")]
mod refusal;
mod signed;

pub use activation::{Activation, ActivationAnswer};
pub use answer::{Answer, Verdict};
pub use challenge::Challenge;
#[cfg(feature = "verifier")]
pub use details::{Details, DetailsError};
#[cfg(feature = "verifier")]
pub(crate) use kept::Push;
pub use key::{DeviceKey, SoftwareKey, raw_signature};
pub use matching::Matching;
pub use message_error::MessageError;
#[cfg(feature = "verifier")]
pub use notification::Notification;
#[cfg(feature = "verifier")]
pub(crate) use question::{Question, Status};
#[cfg(feature = "verifier")]
pub use refusal::PushRefusal;
