//! The bodies of the fuzz targets, shared with the package `fuzz`: one for each reader.

use secondo::formats::json;
use secondo::types::Counter;
use secondo::{State, UnixTime};
use secondo_import::{Format, Place, Unlock};

pub fn entra(bytes: &[u8]) {
    check(Format::EntraCsv, bytes);
}

pub fn graph(bytes: &[u8]) {
    check(Format::GraphJson, bytes);
}

pub fn oath_csv(bytes: &[u8]) {
    check(Format::OathCsv, bytes);
}

pub fn yubico(bytes: &[u8]) {
    check(Format::YubicoCsv, bytes);
}

pub fn safenet(bytes: &[u8]) {
    check(Format::SafeNetXml, bytes);
}

pub fn aegis(bytes: &[u8]) {
    check(Format::Aegis, bytes);
}

pub fn two_fas(bytes: &[u8]) {
    check(Format::TwoFas, bytes);
}

pub fn andotp(bytes: &[u8]) {
    check(Format::AndOtp, bytes);
}

pub fn freeotp(bytes: &[u8]) {
    check(Format::FreeOtpPlus, bytes);
}

pub fn bitwarden_json(bytes: &[u8]) {
    check(Format::BitwardenJson, bytes);
}

pub fn bitwarden_csv(bytes: &[u8]) {
    check(Format::BitwardenCsv, bytes);
}

pub fn keepass_csv(bytes: &[u8]) {
    check(Format::KeePassCsv, bytes);
}

pub fn keepass_xml(bytes: &[u8]) {
    check(Format::KeePassXml, bytes);
}

/// Checks that any file is recognized as something or nothing, and read. The formats of `secondo` are read only here.
pub fn recognized(bytes: &[u8]) {
    if let Some(format) = Format::recognize(bytes) {
        check(format, bytes);
    }
}

/// Returns limits that let a run take milliseconds. The seeds that are encrypted cost less.
pub fn unlock(format: Format) -> Unlock<'static> {
    // A backup of 2FAS does not record the number of iterations, which is always this one.
    let iterations = if format == Format::TwoFas { 10_000 } else { 20 };
    let unlock = Unlock::new().with_passphrase("correct horse").with_plain_secrets();
    unlock.with_max_iterations(iterations).with_max_scrypt(64).with_max_codes(10_000)
}

/// Checks that records come in order, and that they can be stored and written as JSON.
fn check(format: Format, bytes: &[u8]) {
    let now = UnixTime::from_secs(1_795_500_000).unwrap();
    let (mut last, mut has_ended) = (0, false);
    for item in format.read(bytes, &unlock(format), now) {
        assert!(!has_ended);
        let place = item.as_ref().map_or_else(|error| error.place, |record| record.place);
        has_ended = item.as_ref().is_err_and(|error| error.ends_file);
        match place {
            // A line may have a batch of accounts.
            Place::Line(at) | Place::Entry(at) => {
                assert!(at >= last);
                last = at;
            }
            _ => {}
        }
        let Ok(record) = item else { continue };
        assert!(record.name.len() <= 255 || format == Format::Pskc);
        assert_eq!(State::from_bytes(&record.state.to_bytes()), Ok(record.state));
        if record.state.watermark() != Some(Counter::new(u64::MAX)) {
            json::write("a", &record.authenticator, &record.state).unwrap();
        }
    }
    assert!(last <= bytes.len() as u64 + 1);
}
