//! The step for the documents: an identity document and the health card.
//!
//! A document is stored as many sealed records, since a record is small. They expire with the application.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::http::{HeaderMap, StatusCode};
use base64ct::{Base64, Encoding};
use secondo::UnixTime;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::application::{Application, DRAFT_SECS, Step, WAITING_SECS};
use crate::app::{App, random_hex};
use crate::challenge::{self, DAY};
use crate::http::{Answer, Visit};
use crate::outage::Outage;
use crate::pages::{Alert, Text, registration as pages};
use crate::problem::Problem;
use crate::records::{Kept, Record, Records};

/// The greatest length of a file: 2.5 MB.
const FILE_BYTES: usize = 2_500_000;
/// The greatest length of the form. Larger files are read to their end and refused, so that the person sees the page.
pub(super) const UPLOAD_BYTES: usize = 16 * 1024 * 1024;
/// The bytes of a record, which Base64 makes a third longer.
const CHUNK_BYTES: usize = 2900;
/// The records that are written at a time.
const AT_ONCE: usize = 64;
/// The uploads of one application in a day.
const UPLOADS: (u32, u64) = (10, DAY);

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

    const fn missing(self) -> Problem {
        match self {
            Self::Identity => Problem::IdentityDocumentMissing,
            Self::HealthCard => Problem::HealthCardMissing,
        }
    }

    const fn too_large(self) -> Problem {
        match self {
            Self::Identity => Problem::IdentityDocumentSize,
            Self::HealthCard => Problem::HealthCardSize,
        }
    }

    const fn wrong_type(self) -> Problem {
        match self {
            Self::Identity => Problem::IdentityDocumentType,
            Self::HealthCard => Problem::HealthCardType,
        }
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
    const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Pdf];

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

const UNREADABLE: Text = Text(
    "I documenti non sono arrivati per intero. Caricali di nuovo.",
    "The documents did not arrive whole. Upload them again.",
);
const TOO_MANY: Text = Text(
    "Hai caricato troppe volte i documenti. Riprova domani.",
    "You uploaded documents too often. Try again tomorrow.",
);

pub(super) async fn take(State(app): State<Arc<App>>, headers: HeaderMap, multipart: Multipart) -> Answer {
    let mut visit = Visit::of(app, &headers).await?;
    let application = visit.application().await?.unwrap_or_default();
    if !application.may_change(Step::Documents) {
        return Ok(visit.go_to("/register"));
    }
    let refuse = |visit: &Visit, status, problems: &[Problem], alert: Option<&Text>| {
        let alert = alert.map(|text| Alert(text.in_language(visit.language).to_owned()));
        visit.show(status, |page| pages::documents(page, &application, problems, alert.as_ref()))
    };
    let Ok(Form { token, files, mut problems }) = Form::read(multipart).await else {
        return Ok(refuse(&visit, StatusCode::BAD_REQUEST, &[], Some(&UNREADABLE)));
    };
    if token != visit.browser.form_token() {
        return Ok(visit.go_to("/register"));
    }
    let mut checked = Vec::new();
    for (kind, bytes) in files {
        let media = Media::ALL.into_iter().find(|media| bytes.starts_with(media.start()));
        match media {
            _ if bytes.is_empty() => {}
            _ if bytes.len() > FILE_BYTES => problems.push(kind.too_large()),
            None => problems.push(kind.wrong_type()),
            Some(media) => checked.push((kind, media, bytes)),
        }
    }
    for kind in Kind::ALL {
        let is_there = checked.iter().any(|(other, ..)| *other == kind)
            || problems.iter().any(|problem| problem.field() == kind.name() && *problem != Problem::Files);
        if !is_there {
            problems.push(kind.missing());
        }
    }
    if !problems.is_empty() {
        return Ok(refuse(&visit, StatusCode::UNPROCESSABLE_ENTITY, &problems, None));
    }
    let count = format!("uploads of {}", visit.application_id()?);
    if !challenge::permits(&visit.app.records, &count, UPLOADS, None, visit.now).await? {
        return Ok(refuse(&visit, StatusCode::TOO_MANY_REQUESTS, &[], Some(&TOO_MANY)));
    }
    let mut documents = Vec::new();
    for (kind, media, bytes) in checked {
        let document = Document { kind, media, bytes: bytes.len(), name: random_hex()? };
        document.store(&visit.app.records, bytes, visit.now).await?;
        documents.push(document);
    }
    remove_all(&visit.app.records, &application.documents, visit.now).await?;
    visit.change_application(|application: &mut Application| application.documents.clone_from(&documents)).await?;
    Ok(visit.go_to("/register"))
}

/// The parts of the form.
#[derive(Default)]
struct Form {
    token: String,
    files: Vec<(Kind, Vec<u8>)>,
    problems: Vec<Problem>,
}

impl Form {
    /// Reads the form. Of each file, no more is kept than is needed to refuse it.
    async fn read(mut multipart: Multipart) -> Result<Self, MultipartError> {
        let mut read = Self::default();
        while let Some(field) = multipart.next_field().await? {
            match field.name().map(ToOwned::to_owned) {
                Some(name) if name == "form" => {
                    read.token = String::from_utf8(bytes(field, 64).await?).unwrap_or_default();
                }
                Some(name) => {
                    let is_new = |kind: &Kind| read.files.iter().all(|(other, _)| other != kind);
                    match Kind::named(&name).filter(is_new) {
                        Some(kind) => read.files.push((kind, bytes(field, FILE_BYTES).await?)),
                        None if read.problems.is_empty() => read.problems.push(Problem::Files),
                        None => {}
                    }
                }
                None => {}
            }
        }
        Ok(read)
    }
}

/// Returns the bytes of a field, or one more than the limit.
async fn bytes(mut field: Field<'_>, limit: usize) -> Result<Vec<u8>, MultipartError> {
    let mut bytes = Vec::new();
    while let Some(part) = field.chunk().await? {
        let room = (limit + 1).saturating_sub(bytes.len());
        bytes.extend(part.iter().take(room));
    }
    Ok(bytes)
}

impl Document {
    fn names(&self) -> impl Iterator<Item = String> + use<> {
        let name = self.name.clone();
        (0..self.bytes.div_ceil(CHUNK_BYTES)).map(move |number| format!("{name} {number}"))
    }

    async fn store(&self, records: &Records, bytes: Vec<u8>, now: UnixTime) -> Result<(), Outage> {
        let chunks: Vec<Chunk> = bytes.chunks(CHUNK_BYTES).map(|part| Chunk(Base64::encode_string(part))).collect();
        drop(bytes);
        let expires = now.saturating_add(DRAFT_SECS + DAY);
        let mut writing = JoinSet::new();
        for (name, chunk) in self.names().zip(chunks) {
            if writing.len() >= AT_ONCE {
                finish(&mut writing).await?;
            }
            let records = records.clone();
            writing.spawn(async move { records.create(&name, Kept::until(expires, chunk), now).await.map(|_| ()) });
        }
        while finish(&mut writing).await? {}
        Ok(())
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
                    (Some(chunk), Some(expires)) => (Some(Kept::until(expires, chunk)), ()),
                    (Some(_), None) => (Some(Kept::removed(now)), ()),
                    (None, _) => (None, ()),
                };
                records.change(&name, now, change).await
            });
        }
        while finish(&mut writing).await? {}
        Ok(())
    }
}

/// Waits for one write. Returns `false` if there is none.
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
