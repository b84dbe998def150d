//! Files of 100,000 rows, whose readers need no more memory than for one row.

use std::env;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::process::Command;
use std::time::Instant;

use secondo_import::{Format, Unlock};

use crate::support::{BASE32, HEX, moved_at};

const ROWS: usize = 100_000;
/// 64 MB, in the KiB of Linux.
const MAX_MEMORY: u64 = 64_000_000 / 1024;
/// The variables that tell the other process its format and its file.
const NAME: &str = "ROWS_FORMAT";
const FILE: &str = "ROWS_FILE";

/// Returns each CSV format with its name, its header and a row.
fn formats() -> [(&'static str, Format, &'static str, String); 5] {
    [
        (
            "entra",
            Format::EntraCsv,
            "upn,serial number,secret key,time interval,manufacturer,model\n",
            format!("person@example.com,23,{BASE32},30,Example,T1\n"),
        ),
        ("oath", Format::OathCsv, "", format!("OATH1,{HEX},totp,6,30\n")),
        ("yubico", Format::YubicoCsv, "", format!("OATH-HOTP,t,1,cccccccccccc,,{HEX},,,0,0,0,6,0,0,0,0,0,0\n")),
        (
            "bitwarden",
            Format::BitwardenCsv,
            "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n",
            format!(",,login,Example,a note,,0,https://example.com,person,secret,{BASE32}\n"),
        ),
        (
            "keepassxc",
            Format::KeePassCsv,
            "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\"\n",
            format!("\"Root\",\"Example\",\"person\",\"secret\",\"\",\"\",\"otpauth://totp/?secret={BASE32}\",\"0\"\n"),
        ),
    ]
}

/// Returns the most memory that this process has used, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "the test below runs it in a process of its own"]
fn rows_of_one_file() {
    let name = env::var(NAME).unwrap();
    let (_, format, ..) = formats().into_iter().find(|(other, ..)| *other == name).unwrap();
    let file = BufReader::new(File::open(env::var(FILE).unwrap()).unwrap());
    let began = Instant::now();
    assert_eq!(format.read(file, &Unlock::new(), moved_at()).flatten().count(), ROWS);
    println!("{name}: {} KiB, {:?}", peak_memory(), began.elapsed());
    assert!(peak_memory() < MAX_MEMORY, "{name} takes {} KiB", peak_memory());
}

/// Runs in the build of the tests, which is not optimized. The time is only printed, since a slow machine is no defect.
/// The `README.md` has the command that measures the program.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "a minute: `cargo test -p secondo-import --test suite -- --ignored hundred_thousand_rows`"]
fn hundred_thousand_rows_of_each_csv_take_less_than_64_mb() {
    let folder = tempfile::tempdir().unwrap();
    for (name, format, header, row) in formats() {
        let path = folder.path().join(name);
        let mut file = BufWriter::new(File::create(&path).unwrap());
        file.write_all(header.as_bytes()).unwrap();
        (0..ROWS).for_each(|_| file.write_all(row.as_bytes()).unwrap());
        file.flush().unwrap();
        assert_eq!(Format::recognize(format!("{header}{row}").as_bytes()), Some(format), "{name}");
        let output = Command::new(env::current_exe().unwrap())
            .args(["rows::rows_of_one_file", "--exact", "--ignored", "--nocapture"])
            .env(NAME, name)
            .env(FILE, &path)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        println!("{}", told.lines().find(|line| line.starts_with(name)).unwrap());
    }
}
