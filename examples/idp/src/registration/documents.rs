//! The step for the documents: an identity document and the health card.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::http::HeaderMap;

use super::PAGE;
use super::application::{Application, Step};
use super::files::{Document, Kind, Media, remove_all};
use crate::app::App;
use crate::challenge::{self, DAY};
use crate::http::{Answer, Visit};
use crate::pages::Text;
use crate::problem::Problem;

/// The greatest length of a file: 2.5 MB.
const FILE_BYTES: usize = 2_500_000;
/// The greatest length of the form. Larger files are read to their end and refused, so that the person sees the page.
pub(super) const UPLOAD_BYTES: usize = 16 * 1024 * 1024;
/// The uploads of one application in a day.
const UPLOADS: (u32, u64) = (10, DAY);

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
        return Ok(visit.go_to(PAGE));
    }
    let Ok(Form { token, files, mut problems }) = Form::read(multipart).await else {
        return visit.refuse_step(Step::Documents, visit.warning(UNREADABLE)).await;
    };
    if token != visit.browser.form_token() {
        return Ok(visit.go_to(PAGE));
    }
    let mut checked = Vec::new();
    for (kind, bytes) in files {
        match Media::of(&bytes) {
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
        return visit.refuse_step(Step::Documents, problems).await;
    }
    let count = format!("uploads of {}", visit.application_id()?);
    if !challenge::permits(&visit.app.records, &count, UPLOADS, None, visit.now).await? {
        return visit.refuse_step(Step::Documents, visit.warning(TOO_MANY)).await;
    }
    let mut documents = Vec::new();
    for (kind, media, bytes) in checked {
        documents.push(Document::store(&visit.app.records, kind, media, bytes, visit.now).await?);
    }
    remove_all(&visit.app.records, &application.documents, visit.now).await?;
    visit.change_application(|application: &mut Application| application.documents.clone_from(&documents)).await?;
    Ok(visit.go_to(PAGE))
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

impl Kind {
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
