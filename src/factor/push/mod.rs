//! Push with number matching: a phone signs the answer to a notification.

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
