//! Runs of the fuzz targets on their committed seeds, and on each seed with one byte changed.

use std::fs;
use std::path::Path;

use crate::targets;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut seeds = 0;
    for file in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let seed = fs::read(file.unwrap().path()).unwrap();
        run(&seed);
        for at in 0..seed.len() {
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
    replay("import_two_fas", targets::two_fas);
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
