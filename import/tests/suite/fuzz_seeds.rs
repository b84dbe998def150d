//! Runs of the fuzz targets on their committed seeds, and on each seed with one byte changed.

use std::fs;
use std::path::{Path, PathBuf};

use secondo_import::{Format, Unlock};

use crate::support::moved_at;
use crate::targets;

fn replay(target: &str, run: fn(&[u8])) {
    replay_some(target, run, 1);
}

/// Runs a target on its seeds, and on copies of them with one byte changed: every byte in turn, or the first of each
/// `every` bytes.
fn replay_some(target: &str, run: fn(&[u8]), every: usize) {
    let folder = folder(target);
    let mut seeds = 0;
    for file in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let seed = fs::read(file.unwrap().path()).unwrap();
        run(&seed);
        for at in (0..seed.len()).step_by(every) {
            for byte in *b"\0\"<{[,:9A\xff" {
                let mut changed = seed.clone();
                changed[at] = byte;
                run(&changed);
                targets::recognized(&changed);
            }
        }
        seeds += 1;
    }
    assert!(seeds > 0, "{} holds no seeds", folder.display());
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target)
}

/// Without it, the fuzz targets would stop at the encryption.
#[test]
fn encrypted_seeds_are_decrypted_within_the_limits_of_the_targets() {
    for (target, format) in
        [("import_aegis", Format::Aegis), ("import_two_fas", Format::TwoFas), ("import_andotp", Format::AndOtp)]
    {
        let seed = fs::read(folder(target).join("encrypted")).unwrap();
        assert_eq!(Format::recognize(&seed), Some(format));
        let read: Vec<_> = format.read(seed.as_slice(), &targets::unlock(format), moved_at()).collect();
        assert_eq!((read.len(), read[0].as_ref().unwrap().name.as_str()), (1, "rossi"), "{target}");
        assert!(format.read(seed.as_slice(), &Unlock::new(), moved_at()).all(|record| record.is_err()), "{target}");
    }
}

#[test]
fn entra() {
    replay("import_entra", targets::entra);
}

#[test]
fn graph() {
    replay("import_graph", targets::graph);
}

#[test]
fn oath_csv() {
    replay("import_oath_csv", targets::oath_csv);
}

#[test]
fn yubico() {
    replay("import_yubico", targets::yubico);
}

#[test]
fn safenet() {
    replay("import_safenet", targets::safenet);
}

#[test]
fn aegis() {
    replay("import_aegis", targets::aegis);
}

#[test]
fn two_fas() {
    // Each run that decrypts takes 10,000 iterations.
    replay_some("import_two_fas", targets::two_fas, 7);
}

#[test]
fn andotp() {
    replay("import_andotp", targets::andotp);
}

#[test]
fn freeotp() {
    replay("import_freeotp", targets::freeotp);
}

#[test]
fn bitwarden_json() {
    replay("import_bitwarden_json", targets::bitwarden_json);
}

#[test]
fn bitwarden_csv() {
    replay("import_bitwarden_csv", targets::bitwarden_csv);
}

#[test]
fn keepass_csv() {
    replay("import_keepass_csv", targets::keepass_csv);
}

#[test]
fn keepass_xml() {
    replay("import_keepass_xml", targets::keepass_xml);
}

/// The seeds are files of the formats that `secondo` reads.
#[test]
fn recognized() {
    replay("import_recognized", targets::recognized);
    for file in fs::read_dir(folder("import_recognized")).unwrap() {
        let seed = fs::read(file.unwrap().path()).unwrap();
        let format = Format::recognize(&seed).unwrap();
        let read = format.read(seed.as_slice(), &targets::unlock(format), moved_at());
        assert!(read.flatten().count() > 0, "{format}");
    }
}
