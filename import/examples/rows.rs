//! Writes a CSV file of many rows, to measure the program: `cargo run --release --example rows oath 100000 > rows`.

use std::env;
use std::io::{self, BufWriter, Write};

use secondo::Secret;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [format, count] = arguments.as_slice() else { return Err("usage: rows FORMAT COUNT".into()) };
    let count: u64 = count.parse()?;
    let mut output = BufWriter::new(io::stdout().lock());
    output.write_all(match format.as_str() {
        "entra" => b"upn,serial number,secret key,time interval,manufacturer,model\n",
        "oath" | "yubico" => b"",
        "bitwarden" => {
            b"folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n"
        }
        "keepassxc" => b"\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\"\n",
        _ => return Err("the format must be entra, oath, yubico, bitwarden or keepassxc".into()),
    })?;
    for n in 0..count {
        // Not random: these are no secrets of anybody.
        let hex = format!("{n:040x}");
        let secret = Secret::from_bytes(format!("{n:020}").as_bytes())?.to_base32();
        let base32 = secret.as_str();
        match format.as_str() {
            "entra" => writeln!(output, "person{n}@example.com,{n:010},{base32},30,Example,T1")?,
            "oath" => writeln!(output, "OATH{n:08},{hex},totp,6,30")?,
            "yubico" => writeln!(output, "OATH-HOTP,11/27/26 10:31,1,cccccccccccc,,{hex},,,0,0,0,6,0,0,0,0,0,0")?,
            "bitwarden" => writeln!(output, ",,login,Example,a note,,0,https://example.com,person{n},secret,{base32}")?,
            _ => writeln!(
                output,
                r#""Root","Example","person{n}","secret","","a note","otpauth://totp/?secret={base32}","0""#
            )?,
        }
    }
    output.flush()?;
    Ok(())
}
