//! Exports of Bitwarden, as JSON or CSV, which are not encrypted.
//!
//! Only items with an authenticator key are records. Their field `totp` (`login_totp` in CSV) is a key URI, or a secret
//! in base32 for SHA-1, six digits and 30 s. The user name of the item becomes [`Record::name`] and its own name
//! [`Record::issuer`], unless a key URI has them. A key that begins with `steam://` is reported as not supported, and
//! so is an encrypted export: export again without encryption.

use std::io::BufRead;

use secondo::UnixTime;
use serde::Deserialize;

use crate::document::{self, Document, Entries, Text};
use crate::others::{Item, of_key};
use crate::table::{Column, Header, Records};
use crate::{ImportError, Place, Problem, Record};

const COLUMNS: &[Column] = &[
    Column { name: "name", required: true },
    Column { name: "login_username", required: false },
    Column { name: "login_totp", required: true },
];

/// Reads the authenticator keys of a JSON export. `now` is the time of the move.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::bitwarden;
///
/// let file = br#"{"encrypted":false,"folders":[],"items":[{"type":1,"name":"Example","login":{"username":"rossi",
///     "password":"x","totp":"gezd gnbv gy3t qojq gezd gnbv gy3t qojq"}},{"type":2,"name":"a note"}]}"#;
/// let items: Vec<_> = bitwarden::read_json(&file[..], UnixTime::from_secs(1_795_500_000)?).collect();
/// assert_eq!(items.len(), 1);
/// let item = items[0].as_ref().unwrap();
/// assert_eq!((item.name.as_str(), item.issuer.as_deref()), ("rossi", Some("Example")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_json<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    let document = document::whole(read).and_then(|bytes| Document::new(bytes, items));
    document::records(document, move |text, place| item(text, place, now))
}

/// Reads the authenticator keys of a CSV export. `now` is the time of the move.
///
/// ```
/// use secondo::UnixTime;
/// use secondo_import::bitwarden;
///
/// let file = b"folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n\
///              ,,login,Example,,,0,https://example.com,rossi,x,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n";
/// let item = bitwarden::read_csv(&file[..], UnixTime::from_secs(1_795_500_000)?).next().unwrap()?;
/// assert_eq!((item.name.as_str(), item.issuer.as_deref()), ("rossi", Some("Example")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_csv<R: BufRead>(read: R, now: UnixTime) -> impl Iterator<Item = Result<Record, ImportError>> {
    let header = Header { columns: COLUMNS, others: true, format: "a CSV of Bitwarden" };
    Records::new(read, Some(header), move |row| {
        let key = row.text(2, "login_totp")?;
        if key.is_empty() {
            return Ok(None);
        }
        let item = Item { name: row.text(1, "login_username")?, issuer: row.text(0, "name")?, field: "login_totp" };
        of_key(key, &item, row.place(), now).map(Some)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export<'a> {
    encrypted: bool,
    #[serde(borrow)]
    items: Option<Entries<'a>>,
}

fn items(text: &str) -> Result<Entries<'_>, Problem> {
    let export: Export<'_> = serde_json::from_str(text).map_err(|error| Problem::json(&error))?;
    if export.encrypted {
        return Err(Problem::Unsupported("an encrypted export of Bitwarden"));
    }
    export.items.ok_or(Problem::missing("items"))
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    login: Option<Login<'a>>,
}

#[derive(Deserialize)]
struct Login<'a> {
    #[serde(borrow)]
    username: Option<Text<'a>>,
    #[serde(borrow)]
    totp: Option<Text<'a>>,
}

fn item(text: &str, place: Place, now: UnixTime) -> Result<Option<Record>, Problem> {
    let entry: Entry<'_> = serde_json::from_str(text).map_err(|error| Problem::json_entry(&error, text))?;
    let Some(login) = entry.login else { return Ok(None) };
    let Some(key) = login.totp.as_deref().filter(|key| !key.trim().is_empty()) else { return Ok(None) };
    let (name, issuer) = (login.username.as_deref().unwrap_or_default(), entry.name.as_deref().unwrap_or_default());
    of_key(key, &Item { name, issuer, field: "totp" }, place, now).map(Some)
}
