#![doc = include_str!("README.md")]

#[doc = include_str!("factors.md")]
pub mod factors {}

#[doc = include_str!("enrollment.md")]
pub mod enrollment {}

#[doc = include_str!("login.md")]
pub mod login {}

#[doc = include_str!("questions.md")]
pub mod questions {}

#[doc = include_str!("people.md")]
pub mod people {}

#[doc = include_str!("storage.md")]
pub mod storage {}

#[doc = include_str!("operation.md")]
pub mod operation {}

#[doc = include_str!("rotation.md")]
pub mod rotation {}

#[doc = include_str!("moving.md")]
pub mod moving {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("defaults.md")]
pub mod defaults {}

#[doc = include_str!("incidents.md")]
pub mod incidents {}

#[doc = include_str!("adopting.md")]
pub mod adopting {}
