//! The documents of applications.
//!
//! A document is stored as many sealed records, since a record is small. They expire with the application.

use base64ct::{Base64, Encoding};
use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::JoinSet;

use super::application::{Application, DRAFT_SECS, WAITING_SECS};
use crate::app::random_hex;
use crate::challenge::DAY;
use crate::outage::Outage;
use crate::records::{Kept, Record, Records};

/// The bytes of a record, which Base64 makes a third longer.
const CHUNK_BYTES: usize = 2900;
/// The records that are written at a time.
const AT_ONCE: usize = 64;

/// A document of an application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) kind: Kind,
    pub(crate) media: Media,
    pub(crate) bytes: usize,
    /// The start of the names of its records.
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Identity,
    HealthCard,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Identity, Self::HealthCard];

    /// Returns the name of the field, and of the file that an operator gets.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity_document",
            Self::HealthCard => "health_card",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The type of a file, by its content. The name and the type that the browser sends are not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Media {
    Jpeg,
    Png,
    Pdf,
}

impl Media {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::Pdf].into_iter().find(|media| bytes.starts_with(media.start()))
    }

    const fn start(self) -> &'static [u8] {
        match self {
            Self::Jpeg => &[0xff, 0xd8, 0xff],
            Self::Png => b"\x89PNG\r\n\x1a\n",
            Self::Pdf => b"%PDF-",
        }
    }

    /// Returns the media type and the extension of file names.
    pub(super) const fn names(self) -> [&'static str; 2] {
        match self {
            Self::Jpeg => ["image/jpeg", "jpg"],
            Self::Png => ["image/png", "png"],
            Self::Pdf => ["application/pdf", "pdf"],
        }
    }
}

/// A part of a document.
#[derive(Serialize, Deserialize)]
struct Chunk(String);

impl Record for Chunk {
    const KIND: &'static str = "document";
}

impl Document {
    fn names(&self) -> impl Iterator<Item = String> + use<> {
        let name = self.name.clone();
        (0..self.bytes.div_ceil(CHUNK_BYTES)).map(move |number| format!("{name} {number}"))
    }

    /// Stores a document for as long as a draft can last.
    pub(super) async fn store(
        records: &Records,
        kind: Kind,
        media: Media,
        bytes: Vec<u8>,
        now: UnixTime,
    ) -> Result<Self, Outage> {
        let document = Self { kind, media, bytes: bytes.len(), name: random_hex()? };
        let chunks: Vec<Chunk> = bytes.chunks(CHUNK_BYTES).map(|part| Chunk(Base64::encode_string(part))).collect();
        drop(bytes);
        let expires = now.saturating_add(DRAFT_SECS + DAY);
        let mut writing = JoinSet::new();
        for (name, chunk) in document.names().zip(chunks) {
            if writing.len() >= AT_ONCE {
                finish(&mut writing).await?;
            }
            let records = records.clone();
            writing.spawn(async move { records.create(&name, Kept::until(expires, chunk), now).await.map(|_| ()) });
        }
        while finish(&mut writing).await? {}
        Ok(document)
    }

    /// Returns the whole document.
    pub(super) async fn load(&self, records: &Records, now: UnixTime) -> Result<Vec<u8>, Outage> {
        let mut bytes = Vec::with_capacity(self.bytes);
        for name in self.names() {
            let Chunk(part) = records.load(&name, now).await?.ok_or(Outage("missing_document"))?;
            bytes.extend(Base64::decode_vec(&part)?);
        }
        Ok(bytes)
    }

    /// Gives each record another end, or removes it.
    async fn change(&self, records: &Records, expires: Option<UnixTime>, now: UnixTime) -> Result<(), Outage> {
        let mut writing = JoinSet::new();
        for name in self.names() {
            if writing.len() >= AT_ONCE {
                finish(&mut writing).await?;
            }
            let records = records.clone();
            writing.spawn(async move {
                let change = |chunk: Option<Chunk>| match (chunk, expires) {
                    (Some(chunk), Some(expires)) => (Some(Kept::until(expires, chunk)), true),
                    (Some(_), None) => (Some(Kept::removed(now)), true),
                    // Removing it twice is no fault.
                    (None, expires) => (None, expires.is_none()),
                };
                let is_whole = records.change(&name, now, change).await?;
                if is_whole { Ok(()) } else { Err(Outage("missing_document")) }
            });
        }
        while finish(&mut writing).await? {}
        Ok(())
    }
}

/// Removes the documents of an application, which is as its record has it. Returns the number of their records.
pub(crate) async fn remove_documents(records: &Records, application: &Value, now: UnixTime) -> Result<usize, Outage> {
    let Application { documents, .. } = serde_json::from_value(application.clone())?;
    remove_all(records, &documents, now).await?;
    Ok(documents.iter().map(|document| document.names().count()).sum())
}

/// Waits for one write. Returns `false` if no write is pending.
async fn finish(writing: &mut JoinSet<Result<(), Outage>>) -> Result<bool, Outage> {
    match writing.join_next().await {
        Some(written) => written?.map(|()| true),
        None => Ok(false),
    }
}

/// Keeps the documents of an application as long as the application that was sent.
pub(super) async fn keep_all(records: &Records, documents: &[Document], now: UnixTime) -> Result<(), Outage> {
    for document in documents {
        document.change(records, Some(now.saturating_add(WAITING_SECS)), now).await?;
    }
    Ok(())
}

pub(super) async fn remove_all(records: &Records, documents: &[Document], now: UnixTime) -> Result<(), Outage> {
    for document in documents {
        document.change(records, None, now).await?;
    }
    Ok(())
}
