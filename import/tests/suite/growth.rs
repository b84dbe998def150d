//! Measurements with growing files: the work of every reader grows no faster than its file.
//!
//! Work is counted in instructions under valgrind, since a clock also measures what else the machine does.

use std::env;
use std::fs;
use std::hint::black_box;
use std::process::Command;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use secondo::formats::otpauth::{KeyUri, Migration};
use secondo::formats::{google_authenticator, json, pskc, recovery_codes, usersfile};
use secondo_import::{Format, Unlock};

use crate::support::{BASE32, HEX, moved_at};

/// The name of the case that the check must find.
const PLANTED: &str = "planted";
/// The lengths in bytes of the files of a case: one length, twice and four times as many.
const LENGTHS: [usize; 3] = [8000, 16_000, 32_000];

/// A reader, which returns the number of records and errors.
type Read = Box<dyn Fn(&[u8]) -> usize>;

/// A file that grows: `unit`, repeated between `start` and `end`.
struct Case {
    name: &'static str,
    read: Read,
    start: String,
    unit: String,
    end: &'static str,
    /// The length at which the reader stops reading, if it is less than the files above.
    longest: usize,
    /// Encrypts the file, if it is one that is read encrypted.
    seal: fn(String) -> Vec<u8>,
}

impl Case {
    fn file(&self, len: usize) -> Vec<u8> {
        let len = len * self.longest / LENGTHS[2];
        let count = len.saturating_sub(self.start.len() + self.end.len()) / self.unit.len();
        (self.seal)([&self.start, self.unit.repeat(count).as_str(), self.end].concat())
    }
}

/// Reads a file, and returns the number of records and errors. Its calls are counted.
#[inline(never)]
fn measured(read: &dyn Fn(&[u8]) -> usize, file: &[u8]) -> usize {
    black_box(read(black_box(file)))
}

#[test]
#[ignore = "the test below runs it under valgrind"]
fn counted() {
    let cases = cases();
    // All files are made first, since what lies between two calls is counted with the first of them.
    let files: Vec<_> = cases.iter().map(|case| LENGTHS.map(|len| case.file(len))).collect();
    for (case, files) in cases.iter().zip(&files) {
        for file in files {
            measured(&case.read, file);
        }
    }
    // Callgrind writes the count of a call when the next one begins.
    measured(&|_| 0, b"");
}

#[test]
#[ignore = "a minute: `cargo test -p secondo-import --test suite -- --ignored nothing_grows`"]
fn nothing_grows_faster_than_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("counts");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-before=*growth::measured*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(env::current_exe().unwrap())
        .args(["growth::counted", "--exact", "--ignored", "--test-threads=1"])
        .output()
        .unwrap_or_else(|error| panic!("valgrind cannot be run ({error}); tests/run installs it"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The first one is what came before the first call.
    let mut numbers = 2..;
    let mut count = || {
        let number = numbers.next().unwrap();
        let dump = fs::read_to_string(format!("{}.{number}", out.display())).unwrap();
        dump.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap().parse::<i64>().unwrap()
    };
    let (mut unread, mut fast) = (Vec::new(), Vec::new());
    for case in cases() {
        let counts = LENGTHS.map(|_| count());
        println!("{}: {counts:?}", case.name);
        let (first, second) = (counts[1] - counts[0], counts[2] - counts[1]);
        // A reader that stops early would not be measured. Some skip what they do not need in vectors.
        if second < i64::try_from(case.longest / 32).unwrap() {
            unread.push(case.name);
        }
        // Twice as much for twice the bytes; squared, it would be four times as much.
        if second > first * 5 / 2 + 20_000 {
            fast.push(case.name);
        }
    }
    assert!(unread.is_empty(), "{unread:?}");
    assert_eq!(fast, [PLANTED]);
}

fn cases() -> Vec<Case> {
    [
        pskc_documents(),
        encrypted(),
        tokens_of_safenet(),
        entries_of_keepass(),
        tables(),
        documents(),
        lines(),
        secondo_itself(),
        planted(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of(format: Format) -> Read {
    Box::new(move |file| format.read(file, &Unlock::new(), moved_at()).count())
}

fn case(
    name: &'static str,
    format: Format,
    start: impl Into<String>,
    unit: impl Into<String>,
    end: &'static str,
) -> Case {
    Case {
        name,
        read: of(format),
        start: start.into(),
        unit: unit.into(),
        end,
        longest: LENGTHS[2],
        seal: String::into_bytes,
    }
}

fn pskc_documents() -> Vec<Case> {
    const PSKC: &str = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">"#;
    const DRAFT: &str = r#"<KeyContainer version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:container:1.0"><Device>"#;

    let key = "<Key Id='1' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:hotp'>\
        <AlgorithmParameters><ResponseFormat Length='6' Encoding='DECIMAL'/></AlgorithmParameters>\
        <Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret></Data>";
    let package = format!("<KeyPackage>{key}</Key></KeyPackage>");
    let open = format!("{PSKC}<KeyPackage>{key}");
    let rest = "</Key></KeyPackage></KeyContainer>";
    vec![
        case("PSKC, packages", Format::Pskc, PSKC, package, "</KeyContainer>"),
        case("PSKC, keys of a device", Format::Pskc, DRAFT, format!("{key}</Key>"), "</Device></KeyContainer>"),
        case("PSKC, keys that are refused", Format::Pskc, DRAFT, "<Key><a/></Key>", "</Device></KeyContainer>"),
        case("PSKC, names of a key", Format::Pskc, open.clone(), "<FriendlyName>a</FriendlyName>", rest),
        case(
            "PSKC, a long text",
            Format::Pskc,
            format!("{open}<Issuer>"),
            "a",
            "</Issuer></Key></KeyPackage></KeyContainer>",
        ),
        case("PSKC, a long name", Format::Pskc, format!("{open}<"), "a", "/></Key></KeyPackage></KeyContainer>"),
        case(
            "PSKC, entities",
            Format::Pskc,
            format!("{open}<Issuer>"),
            "&lt;",
            "</Issuer></Key></KeyPackage></KeyContainer>",
        ),
        case(
            "PSKC, entities in an attribute",
            Format::Pskc,
            format!("{open}<Extensions b='"),
            "&lt;",
            "'/></Key></KeyPackage></KeyContainer>",
        ),
        case("PSKC, comments", Format::Pskc, open.clone(), "<!---->", rest),
        case(
            "PSKC, nested extensions",
            Format::Pskc,
            format!("{open}<Extensions>"),
            "<a><a><a><a><a></a></a></a></a></a>",
            "</Extensions></Key></KeyPackage></KeyContainer>",
        ),
        case(
            "PSKC, attributes",
            Format::Pskc,
            format!("{open}<Extensions"),
            " b=''",
            "/></Key></KeyPackage></KeyContainer>",
        ),
        case("PSKC, namespaces", Format::Pskc, open.clone(), "<a xmlns:b='urn:b' xmlns='urn:c'><b:d/></a>", rest),
        case(
            "PSKC, policies",
            Format::Pskc,
            format!("{open}<Policy>"),
            "<KeyUsage>OTP</KeyUsage>",
            "</Policy></Key></KeyPackage></KeyContainer>",
        ),
        case(
            "PSKC, values of a draft",
            Format::Pskc,
            format!("{DRAFT}{key}"),
            "<Data Name='TIME'/>",
            "</Key></Device></KeyContainer>",
        ),
    ]
}

/// Files whose values or whole are encrypted: the values of PSKC are from RFC 6030, figure 6, and from python's
/// `cryptography` with the same key.
fn encrypted() -> Vec<Case> {
    const KEY: [u8; 16] =
        [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12];
    const START: &str = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><EncryptionKey/>"#;
    const MAC: &str = r#"<MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"><MACKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/><xenc:CipherData><xenc:CipherValue>ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX</xenc:CipherValue></xenc:CipherData></MACKey></MACMethod>"#;

    let package = |cipher: &str, value: &str, mac: &str| {
        format!(
            "<KeyPackage><Key Id='1' Algorithm='urn:ietf:params:xml:ns:keyprov:pskc:hotp'><AlgorithmParameters>\
             <ResponseFormat Length='6' Encoding='DECIMAL'/></AlgorithmParameters><Data><Secret><EncryptedValue>\
             <xenc:EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#{cipher}'/><xenc:CipherData>\
             <xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></EncryptedValue>{mac}</Secret></Data></Key>\
             </KeyPackage>"
        )
    };
    let cbc = "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv";
    let cbc = package("aes128-cbc", cbc, "<ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=</ValueMAC>");
    let wrapped = package("kw-aes128", "yFllA1LXMaOtyuWxyzuYaNg+9LmIFpmkVDZsGUeX5GM=", "");
    let read: fn(&[u8]) -> usize = |file| {
        let tokens = Format::Pskc.read(file, &Unlock::new().with_key(&KEY), moved_at());
        // An error would be measured in the place of decryption.
        let read = tokens.flatten().count();
        assert!(read > 0);
        read
    };
    let pskc = |name, start: String, unit| Case {
        read: Box::new(read),
        ..case(name, Format::Pskc, start, unit, "</KeyContainer>")
    };
    let entry =
        format!(r#"{{"secret":"{BASE32}","label":"a","digits":6,"type":"TOTP","algorithm":"SHA1","period":30}},"#);
    let read_backup: fn(&[u8]) -> usize = |file| {
        let records = Format::AndOtp.read(file, &Unlock::new().with_passphrase("correct horse"), moved_at());
        assert!(records.flatten().count() > 0);
        1
    };
    vec![
        pskc("PSKC, packages with AES-CBC and a MAC", format!("{START}{MAC}"), cbc),
        pskc("PSKC, packages with AES key wrap", START.to_owned(), wrapped),
        Case {
            read: Box::new(read_backup),
            seal: sealed_as_andotp,
            ..case("andOTP, an encrypted backup", Format::AndOtp, "[", entry, "{}]")
        },
    ]
}

/// Encrypts a backup as andOTP does, with one iteration of PBKDF2.
fn sealed_as_andotp(text: String) -> Vec<u8> {
    let (salt, nonce, mut key) = ([1; 12], [2; 12], [0; 32]);
    pbkdf2::pbkdf2_hmac::<sha1::Sha1>(b"correct horse", &salt, 1, &mut key);
    let mut bytes = text.into_bytes();
    let tag =
        Aes256Gcm::new(&key.into()).encrypt_inout_detached(&nonce.into(), &[], bytes.as_mut_slice().into()).unwrap();
    [&1_u32.to_be_bytes()[..], &salt, &nonce, &bytes, &tag].concat()
}

fn tokens_of_safenet() -> Vec<Case> {
    const TOKEN: &str = "<Tokens><Token serial='1'><Applications><Application>";

    let token =
        format!("<Token serial='1'><Applications><Application><Seed>{HEX}</Seed></Application></Applications></Token>");
    vec![
        case("SafeNet, tokens", Format::SafeNetXml, "<Tokens>", token, "</Tokens>"),
        case(
            "SafeNet, elements",
            Format::SafeNetXml,
            TOKEN,
            "<Seed>31</Seed>",
            "</Application></Applications></Token></Tokens>",
        ),
        case(
            "SafeNet, a long text",
            Format::SafeNetXml,
            format!("{TOKEN}<Seed>"),
            "3",
            "</Seed></Application></Applications></Token></Tokens>",
        ),
        case(
            "SafeNet, entities",
            Format::SafeNetXml,
            format!("{TOKEN}<Seed>"),
            "&lt;",
            "</Seed></Application></Applications></Token></Tokens>",
        ),
        case("SafeNet, attributes", Format::SafeNetXml, "<Tokens><Token", " a=''", "/></Tokens>"),
        case(
            "SafeNet, a long name",
            Format::SafeNetXml,
            format!("{TOKEN}<"),
            "a",
            "/></Application></Applications></Token></Tokens>",
        ),
        case(
            "SafeNet, nested elements",
            Format::SafeNetXml,
            TOKEN,
            "<a><a><a></a></a></a>",
            "</Application></Applications></Token></Tokens>",
        ),
    ]
}

fn entries_of_keepass() -> Vec<Case> {
    const ENTRY: &str = "<KeePassFile><Root><Group><Entry>";
    const END: &str = "</Entry></Group></Root></KeePassFile>";

    let field = format!("<String><Key>otp</Key><Value>{BASE32}</Value></String>");
    let entry = format!("<Entry>{field}</Entry>");
    vec![
        case(
            "KeePass, entries",
            Format::KeePassXml,
            "<KeePassFile><Root><Group>",
            entry.clone(),
            "</Group></Root></KeePassFile>",
        ),
        case("KeePass, fields", Format::KeePassXml, ENTRY, field.clone(), END),
        case(
            "KeePass, unknown fields",
            Format::KeePassXml,
            ENTRY,
            "<String><Key>a</Key><Value>b</Value></String>",
            END,
        ),
        case(
            "KeePass, history",
            Format::KeePassXml,
            format!("{ENTRY}{field}<History>"),
            entry,
            "</History></Entry></Group></Root></KeePassFile>",
        ),
        case(
            "KeePass, groups",
            Format::KeePassXml,
            "<KeePassFile><Root>",
            "<Group><Group></Group></Group>",
            "</Root></KeePassFile>",
        ),
    ]
}

fn tables() -> Vec<Case> {
    const ENTRA: &str = "upn,serial number,secret key,time interval,manufacturer,model\n";
    const BITWARDEN: &str = "name,login_username,login_totp\n";
    const KEEPASS: &str = "Group,Title,Username,TOTP\n";

    let hotp = format!("OATH-HOTP,t,1,cc,,{HEX},,,0,0,0,6,0,0,0,0,0,0\n");
    vec![
        case("Entra, rows", Format::EntraCsv, ENTRA, format!("a,1,{BASE32},30,b,c\n"), ""),
        case("Entra, rows that are refused", Format::EntraCsv, ENTRA, "a,b\n", ""),
        case("Entra, blank lines", Format::EntraCsv, ENTRA, "\r\n", ""),
        case("Entra, a long field", Format::EntraCsv, format!("{ENTRA}\""), "a", "\",1,2,3,4,5\n"),
        case("Entra, quotation marks", Format::EntraCsv, format!("{ENTRA}\""), "\"\"", "\",1,2,3,4,5\n"),
        case("Entra, many fields", Format::EntraCsv, ENTRA, "a,", "\n"),
        case(
            "Entra, unknown columns",
            Format::EntraCsv,
            "upn,serial number,secret key,time interval,manufacturer,model",
            ",a",
            "\n",
        ),
        case("OATH CSV, rows", Format::OathCsv, "", format!("O1,{HEX},totp,8,60\n"), ""),
        case("OATH CSV, comments", Format::OathCsv, "# version: 2\n", "# a\n", ""),
        case("OATH CSV, a long secret", Format::OathCsv, "O1,", "3", ",totp,8,60\n"),
        case("Yubico, rows", Format::YubicoCsv, "", hotp, ""),
        case("Yubico, rows of its own format", Format::YubicoCsv, "", format!("508326,,0,{HEX},,t,\n"), ""),
        case("Yubico, lines of a log", Format::YubicoCsv, "", "LOGGING START,t\n", "Yubico OTP,t\n"),
        case("Bitwarden CSV, rows", Format::BitwardenCsv, BITWARDEN, format!("a,b,{BASE32}\n"), ""),
        case("Bitwarden CSV, unknown columns", Format::BitwardenCsv, "name,login_username,login_totp", ",a", "\n"),
        case("KeePass CSV, rows", Format::KeePassCsv, KEEPASS, format!("g,a,b,otpauth://totp/a?secret={BASE32}\n"), ""),
        case(
            "KeePass CSV, a long URI",
            Format::KeePassCsv,
            format!("{KEEPASS}g,a,b,otpauth://totp/a?secret={BASE32}"),
            "&a=%41",
            "\n",
        ),
    ]
}

fn documents() -> Vec<Case> {
    let graph = format!(r#"{{"serialNumber":"1","secretKey":"{BASE32}","timeIntervalInSeconds":30}},"#);
    let info = format!(r#"{{"secret":"{BASE32}","algo":"SHA1","digits":6,"period":30}}"#);
    let aegis = format!(r#"{{"type":"totp","name":"a","issuer":"b","info":{info}}},"#);
    let two_fas = format!(r#"{{"name":"a","secret":"{BASE32}","otp":{{"tokenType":"TOTP"}}}},"#);
    let andotp =
        format!(r#"{{"secret":"{BASE32}","label":"a","digits":6,"type":"TOTP","algorithm":"SHA1","period":30}},"#);
    let freeotp = r#"{"algo":"SHA1","digits":6,"issuerExt":"a","label":"b","period":30,"secret":[49,50,51,52,53,54,55,56,57,48],"type":"TOTP"},"#;
    let bitwarden = format!(r#"{{"type":1,"name":"a","login":{{"username":"b","totp":"{BASE32}"}}}},"#);
    let last = "{}]}";
    vec![
        case("Graph, entries", Format::GraphJson, r#"{"value":["#, graph, last),
        case("Graph, unknown fields", Format::GraphJson, r#"{"value":[{"#, r#""a":1,"#, r#""b":1}]}"#),
        case("Graph, escapes", Format::GraphJson, r#"{"value":[{"serialNumber":""#, r"\u0041", r#""}]}"#),
        case("Graph, nesting", Format::GraphJson, r#"{"value":["#, "[", ""),
        case("Graph, white space", Format::GraphJson, "", " ", r#"{"value":[{}]}"#),
        case(
            "Aegis, entries",
            Format::Aegis,
            r#"{"version":1,"header":{"slots":null,"params":null},"db":{"version":2,"entries":["#,
            aegis,
            "{}]}}",
        ),
        case(
            "Aegis, slots",
            Format::Aegis,
            r#"{"version":1,"header":{"slots":["#,
            r#"{"type":1,"uuid":"a","key":"00","key_params":{"nonce":"00","tag":"00"}},"#,
            r#"{}]},"db":""}"#,
        ),
        case("2FAS, services", Format::TwoFas, r#"{"schemaVersion":4,"services":["#, two_fas, last),
        case(
            "2FAS, a long encrypted text",
            Format::TwoFas,
            r#"{"schemaVersion":4,"servicesEncrypted":""#,
            "QUFB",
            r#":QUFB:QUFB"}"#,
        ),
        case("andOTP, entries", Format::AndOtp, "[", andotp, "{}]"),
        case("FreeOTP+, entries", Format::FreeOtpPlus, r#"{"tokenOrder":[],"tokens":["#, freeotp, last),
        case(
            "FreeOTP+, a long secret",
            Format::FreeOtpPlus,
            r#"{"tokenOrder":[],"tokens":[{"secret":["#,
            "49,",
            "49]}]}",
        ),
        case("Bitwarden JSON, items", Format::BitwardenJson, r#"{"encrypted":false,"items":["#, bitwarden, last),
        case(
            "Bitwarden JSON, unknown fields",
            Format::BitwardenJson,
            r#"{"encrypted":false,"items":[{"#,
            r#""a":[],"#,
            r#""type":2}]}"#,
        ),
    ]
}

fn lines() -> Vec<Case> {
    let line = format!(r#"{{"name":"a","type":"totp","secret":"{BASE32}","encoding":"base32"}}"#) + "\n";
    let used = format!("HOTP/T30\ta\t-\t{HEX}\t0\t755224\t2009-12-07T17:25:42L\n");
    vec![
        case("JSON lines", Format::JsonLines, "", line, ""),
        case("JSON lines, blank ones", Format::JsonLines, "", "\n", "{}\n"),
        case("JSON lines, a long one", Format::JsonLines, "{\"a\":\"", "a", "\"}\n"),
        case("usersfile", Format::Usersfile, "", format!("HOTP/T30\ta\t-\t{HEX}\n"), ""),
        case("usersfile, comments", Format::Usersfile, "", "# a\n", "HOTP a\n"),
        // Each of its lines takes 3,400 codes.
        Case { longest: 1000, ..case("usersfile, logins", Format::Usersfile, "", used, "") },
        case("state file", Format::GoogleAuthenticator, format!("{BASE32}\n\" TOTP_AUTH\n"), "12345678\n", ""),
        case(
            "state file, steps",
            Format::GoogleAuthenticator,
            format!("{BASE32}\n\" TOTP_AUTH\n\" DISALLOW_REUSE"),
            " 1",
            "\n",
        ),
        case(
            "state file, hosts",
            Format::GoogleAuthenticator,
            format!("{BASE32}\n\" TOTP_AUTH\n"),
            "\" LAST0 a 1\n",
            "",
        ),
        case("key URIs", Format::KeyUris, "", format!("otpauth://totp/a?secret={BASE32}\n"), ""),
        case("key URIs, a long one", Format::KeyUris, format!("otpauth://totp/a?secret={BASE32}"), "&a=%41", "\n"),
    ]
}

/// The readers of `secondo`, which take a whole file or a text that is longer than a line.
fn secondo_itself() -> Vec<Case> {
    let case = |name, read: fn(&[u8]) -> usize, longest, start: &str, unit: &str, end| Case {
        name,
        read: Box::new(read),
        start: start.into(),
        unit: unit.into(),
        end,
        longest,
        seal: String::into_bytes,
    };
    let whole = LENGTHS[2];
    let uri = format!("otpauth://totp/a?secret={BASE32}");
    let all_users = |file: &[u8]| usersfile::read(file, moved_at()).count();
    let all_lines = |file: &[u8]| json::read(file, moved_at()).count();
    let all_sets = |file: &[u8]| recovery_codes::read(file, &[7; 32]).count();
    let state = |file: &[u8]| 1 + usize::from(google_authenticator::read("a", file, moved_at()).is_ok());
    let tokens = |file: &[u8]| pskc::Reader::new(file, pskc::Credential::None, moved_at()).count();
    let uris = move |file: &[u8]| 1 + usize::from(KeyUri::parse(str::from_utf8(file).unwrap()).is_ok());
    let batch =
        |file: &[u8]| 1 + Migration::parse(str::from_utf8(file).unwrap()).map_or(0, |batch| batch.accounts().len());
    vec![
        case("usersfile in memory", all_users, whole, "", &format!("HOTP/T30\ta\t-\t{HEX}\n"), ""),
        case("usersfile in memory, fields", all_users, whole, "HOTP", " ", "a\n"),
        case("usersfile in memory, blank lines", all_users, whole, "", "\n", "HOTP\n"),
        case("JSON lines in memory", all_lines, whole, "", "{\"a\":1}\n", ""),
        case("JSON lines in memory, unknown fields", all_lines, 4096, "{", "\"a\":1,", "\"b\":1}\n"),
        case("JSON lines in memory, escapes", all_lines, 4096, "{\"name\":\"", "\\u0041", "\"}\n"),
        // Each code is hashed for a millisecond, as a password is.
        case("recovery codes in memory", all_sets, 1000, "", "a\t40\ttext\tabcdefgh\n", ""),
        case("recovery codes in memory, refused lines", all_sets, whole, "", "a\t40\ttext\n", ""),
        case("recovery codes in memory, many codes", all_sets, 4096, "a\t40\ttext\tabcdefgh", " a", "\n"),
        case("state file in memory", state, whole, &format!("{BASE32}\n"), "12345678\n", ""),
        case(
            "PSKC in memory",
            tokens,
            whole,
            "<KeyContainer Version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc'>",
            "<KeyPackage/>",
            "</KeyContainer>",
        ),
        case("key URI, parameters", uris, KeyUri::MAX_LEN, &uri, "&a=1", ""),
        case("key URI, a long name", uris, KeyUri::MAX_LEN, &format!("{uri}&issuer="), "%41", ""),
        case("key URI, ampersands", uris, KeyUri::MAX_LEN, &uri, "&", ""),
        // Accounts without a secret, and fields that are not known.
        case("migration, accounts", batch, Migration::MAX_LEN, "otpauth-migration://offline?data=", "CgIQAQoC", "EAE="),
        case(
            "migration, unknown fields",
            batch,
            Migration::MAX_LEN,
            "otpauth-migration://offline?data=",
            "eAF4AXgB",
            "",
        ),
    ]
}

/// A reader whose work grows as the square of its file.
fn planted() -> Vec<Case> {
    let read =
        |file: &[u8]| file.iter().map(|byte| file.iter().filter(|other| *other > byte).count()).max().unwrap_or(0);
    vec![Case {
        name: PLANTED,
        read: Box::new(read),
        start: "b".into(),
        unit: "a".into(),
        end: "",
        longest: 500,
        seal: String::into_bytes,
    }]
}
