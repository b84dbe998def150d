use core::fmt;
use std::io::BufRead;

use secondo::UnixTime;

use crate::{
    ImportError, Record, Unlock, aegis, andotp, bitwarden, document, entra, freeotp, graph, keepassxc, oath_csv,
    others, safenet, two_fas, yubico,
};

/// A format of files with authenticators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// CSV of hardware tokens for Entra ID: [`entra`].
    EntraCsv,
    /// JSON of hardware tokens for Microsoft Graph: [`graph`].
    GraphJson,
    /// OATH CSV: [`oath_csv`].
    OathCsv,
    /// CSV of Yubico: [`yubico`].
    YubicoCsv,
    /// XML of SafeNet and Aladdin: [`safenet`].
    SafeNetXml,
    /// Vault of Aegis: [`aegis`].
    Aegis,
    /// Backup of 2FAS: [`two_fas`].
    TwoFas,
    /// Backup of andOTP: [`andotp`].
    AndOtp,
    /// Export of FreeOTP+: [`freeotp`].
    FreeOtpPlus,
    /// JSON of Bitwarden: [`bitwarden`].
    BitwardenJson,
    /// CSV of Bitwarden: [`bitwarden`].
    BitwardenCsv,
    /// CSV of KeePassXC: [`keepassxc`].
    KeePassCsv,
    /// XML of KeePass 2 and KeePassXC: [`keepassxc`].
    KeePassXml,
    /// PSKC (RFC 6030): [`secondo::formats::pskc`].
    Pskc,
    /// Lines of JSON: [`secondo::formats::json`].
    JsonLines,
    /// The usersfile of liboath: [`secondo::formats::usersfile`].
    Usersfile,
    /// The state file of google-authenticator-libpam, which names nobody: [`secondo::formats::google_authenticator`].
    GoogleAuthenticator,
    /// Key URIs and batches of the app Google Authenticator, one a line: [`secondo::formats::otpauth`].
    KeyUris,
}

impl Format {
    /// All formats.
    pub const ALL: &[Self] = &[
        Self::EntraCsv,
        Self::GraphJson,
        Self::OathCsv,
        Self::YubicoCsv,
        Self::SafeNetXml,
        Self::Aegis,
        Self::TwoFas,
        Self::AndOtp,
        Self::FreeOtpPlus,
        Self::BitwardenJson,
        Self::BitwardenCsv,
        Self::KeePassCsv,
        Self::KeePassXml,
        Self::Pskc,
        Self::JsonLines,
        Self::Usersfile,
        Self::GoogleAuthenticator,
        Self::KeyUris,
    ];

    /// The number of bytes at the start of a file by which [`Self::recognize`] decides.
    pub const START: usize = 64 * 1024;

    /// Returns the format of a file that begins with `start`, its first [`Self::START`] bytes or fewer.
    ///
    /// Returns `None` if the file is of no known format. A format that is returned is a guess: the reader decides.
    #[must_use]
    pub fn recognize(start: &[u8]) -> Option<Self> {
        let start = start.get(..Self::START).unwrap_or(start);
        let start = start.strip_prefix(document::MARK).unwrap_or(start).trim_ascii_start();
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
        let has = |text: &str| contains(start, text.as_bytes());
        let key = |name: &str| has_key(start, name);
        let begins = |text: &str| line.get(..text.len()).is_some_and(|line| line.eq_ignore_ascii_case(text.as_bytes()));
        match start.first()? {
            0 if andotp::is_encrypted(start) => Some(Self::AndOtp),
            b'<' if has("KeyContainer") || has("keycontainer") || has("SecretContainer") => Some(Self::Pskc),
            b'<' if has("<KeePassFile") => Some(Self::KeePassXml),
            b'<' if has("<Tokens") || has(":Tokens") => Some(Self::SafeNetXml),
            b'{' if key("encoding") && line.ends_with(b"}") => Some(Self::JsonLines),
            b'{' if key("header") && key("slots") => Some(Self::Aegis),
            b'{' if key("services") || key("servicesEncrypted") => Some(Self::TwoFas),
            b'{' if key("tokens") && key("secret") => Some(Self::FreeOtpPlus),
            b'{' if key("encrypted") => Some(Self::BitwardenJson),
            b'{' | b'[' if key("secretKey") || key("hashFunction") => Some(Self::GraphJson),
            b'[' if key("secret") && key("algorithm") => Some(Self::AndOtp),
            b'{' | b'[' => None,
            _ if begins("otpauth://") || begins("otpauth-migration:") => Some(Self::KeyUris),
            _ if is_usersfile(start) => Some(Self::Usersfile),
            _ if has("\n\" ") && is_base32(line) => Some(Self::GoogleAuthenticator),
            _ if has_columns(line, &["serial number", "secret key"]) => Some(Self::EntraCsv),
            _ if has_columns(line, &["login_totp"]) => Some(Self::BitwardenCsv),
            _ if has_columns(line, &["title", "totp"]) => Some(Self::KeePassCsv),
            _ => rows(start),
        }
    }

    /// Reads the records of a file of this format. `now` is the time of the move, after the old system stopped.
    ///
    /// The module of the format has the details.
    pub fn read<'a, R: BufRead + 'a>(
        self,
        read: R,
        unlock: &Unlock<'a>,
        now: UnixTime,
    ) -> Box<dyn Iterator<Item = Result<Record, ImportError>> + 'a> {
        match self {
            Self::EntraCsv => Box::new(entra::read(read, now)),
            Self::GraphJson => Box::new(graph::read(read, now)),
            Self::OathCsv => Box::new(oath_csv::read(read, now)),
            Self::YubicoCsv => Box::new(yubico::read(read, now)),
            Self::SafeNetXml => Box::new(safenet::read(read, now)),
            Self::Aegis => Box::new(aegis::read(read, unlock, now)),
            Self::TwoFas => Box::new(two_fas::read(read, unlock, now)),
            Self::AndOtp => Box::new(andotp::read(read, unlock, now)),
            Self::FreeOtpPlus => Box::new(freeotp::read(read, now)),
            Self::BitwardenJson => Box::new(bitwarden::read_json(read, now)),
            Self::BitwardenCsv => Box::new(bitwarden::read_csv(read, now)),
            Self::KeePassCsv => Box::new(keepassxc::read_csv(read, now)),
            Self::KeePassXml => Box::new(keepassxc::read_xml(read, now)),
            Self::Pskc => Box::new(others::pskc(read, unlock, now)),
            Self::JsonLines => Box::new(others::json_lines(read, now)),
            Self::Usersfile => Box::new(others::usersfile(read, unlock, now)),
            Self::GoogleAuthenticator => Box::new(others::google_authenticator(read, now)),
            Self::KeyUris => Box::new(others::uris(read, now)),
        }
    }
}

/// Writes the name of the format, as a noun.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EntraCsv => "CSV of tokens for Entra ID",
            Self::GraphJson => "JSON of tokens for Microsoft Graph",
            Self::OathCsv => "OATH CSV",
            Self::YubicoCsv => "CSV of Yubico",
            Self::SafeNetXml => "XML of SafeNet or Aladdin",
            Self::Aegis => "vault of Aegis",
            Self::TwoFas => "backup of 2FAS",
            Self::AndOtp => "backup of andOTP",
            Self::FreeOtpPlus => "export of FreeOTP+",
            Self::BitwardenJson => "JSON of Bitwarden",
            Self::BitwardenCsv => "CSV of Bitwarden",
            Self::KeePassCsv => "CSV of KeePassXC",
            Self::KeePassXml => "XML of KeePass",
            Self::Pskc => "PSKC key file (RFC 6030)",
            Self::JsonLines => "lines of JSON",
            Self::Usersfile => "usersfile of liboath",
            Self::GoogleAuthenticator => "state file of google-authenticator-libpam",
            Self::KeyUris => "key URIs",
        })
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// Returns whether JSON has this key: a name in quotation marks before a colon.
fn has_key(json: &[u8], name: &str) -> bool {
    let quoted =
        |window: &[u8]| window.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) == Some(name.as_bytes());
    let mut places = json.windows(name.len() + 2).enumerate().filter(|(_, window)| quoted(window));
    places.any(|(at, window)| {
        let rest = json.get(at + window.len()..).unwrap_or_default();
        rest.trim_ascii_start().starts_with(b":")
    })
}

/// Returns whether the first line that is no comment is one of a usersfile.
fn is_usersfile(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#")).unwrap_or_default();
    first.strip_prefix(b"HOTP").is_some_and(|rest| matches!(rest.first(), Some(b'/' | b' ' | b'\t')))
}

/// Returns the format of a CSV file without a header: that of the first row with more than a serial number.
fn rows(start: &[u8]) -> Option<Format> {
    let mut rows = start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|row| !row.is_empty()).peekable();
    if rows.peek()?.strip_prefix(b"#").is_some_and(|comment| comment.trim_ascii().starts_with(b"version:")) {
        return Some(Format::OathCsv);
    }
    let is_log = |row: &[u8]| row.get(..13).is_some_and(|start| start.eq_ignore_ascii_case(b"LOGGING START"));
    let mut rows = rows.filter(|row| !row.starts_with(b"#") && !is_log(row)).map(fields);
    format_of(&rows.find(|row| row.iter().skip(1).any(|field| !field.is_empty()))?)
}

/// Returns the fields of a row, split at every comma: enough to recognize it.
fn fields(row: &[u8]) -> Vec<&[u8]> {
    row.split(|byte| *byte == b',').map(bare).collect()
}

/// Returns a field without white space or quotation marks around it.
fn bare(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field).trim_ascii()
}

/// Returns the format of a row. Its seed may be too short: the reader reports each row by itself.
fn format_of(fields: &[&[u8]]) -> Option<Format> {
    let field = |at: usize| fields.get(at).copied().unwrap_or_default();
    let is_hex = |at: usize, min: usize| field(at).len() >= min && field(at).iter().all(u8::is_ascii_hexdigit);
    let is_type =
        |at: usize| ["hotp", "totp", "ocra"].iter().any(|kind| field(at).eq_ignore_ascii_case(kind.as_bytes()));
    let is_date = |at: usize| field(at).get(..5).is_some_and(|year| year.ends_with(b"-"));
    let kind = field(0).to_ascii_lowercase();
    let is_kind = |name: &str| kind.starts_with(name.as_bytes());
    match fields.len() {
        // A kind may have more words, as in `Static Password: Scan Code`.
        18 if ["oath-hotp", "yubico otp", "static password"].into_iter().any(is_kind) => Some(Format::YubicoCsv),
        6..=8 if kind.iter().all(u8::is_ascii_digit) && (is_hex(3, 16) || is_date(5)) => Some(Format::YubicoCsv),
        2 if is_hex(1, 2) => Some(Format::OathCsv),
        2..=9 if is_type(2) || is_type(5) || is_hex(1, 16) || is_hex(4, 16) => Some(Format::OathCsv),
        _ => None,
    }
}

fn is_base32(line: &[u8]) -> bool {
    line.len() >= 16 && line.iter().all(u8::is_ascii_alphanumeric)
}

/// Returns whether a header has these columns, with or without quotation marks.
fn has_columns(line: &[u8], columns: &[&str]) -> bool {
    let names = fields(line);
    columns.iter().all(|column| names.iter().any(|name| name.eq_ignore_ascii_case(column.as_bytes())))
}
