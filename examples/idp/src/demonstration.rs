//! Persons to try the provider with, made at the first start on loopback.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use crate::app::{App, random_hex};
use crate::gepi;
use crate::outage::Outage;
use crate::person::{Person, Standing, hash};
use crate::records::{Kept, Record};
use crate::registration::{self, Credential};

/// The fact that the persons were made.
#[derive(Serialize, Deserialize)]
struct Begun {}

impl Record for Begun {
    const KIND: &'static str = "demonstration";
}

/// Makes the persons once, and prints their passwords, which are kept nowhere else.
pub(crate) async fn begin(app: &App) -> Result<(), Outage> {
    let now = UnixTime::now()?;
    if !app.records.create("persons", Kept::forever(Begun {}), now).await? {
        print!("The passwords were printed at the first start.");
        if app.config.store == "file" {
            let (data, key) = (app.config.data.display(), app.config.key_path());
            print!(" To start afresh, remove {data} and {}, or name another file with IDP_DATA.", key.display());
        }
        println!();
        return Ok(());
    }
    let maria = Person {
        fiscal_code: "RSSMRA80B69H501U".into(),
        email: "maria.rossi@example.org".into(),
        mobile: "+393330000000".into(),
        name: "Maria".into(),
        family_name: "Rossi".into(),
        gender: 'F',
        date_of_birth: "1980-02-29".into(),
        digital_address: Some("maria.rossi@pec.example.org".into()),
        ..somebody()?
    };
    let anna = Person {
        fiscal_code: "BNCNNA75A41H501U".into(),
        email: "anna.bianchi@example.org".into(),
        mobile: "+393330000001".into(),
        name: "Anna".into(),
        family_name: "Bianchi".into(),
        gender: 'F',
        date_of_birth: "1975-01-01".into(),
        is_operator: true,
        ..somebody()?
    };
    if app.config.gepi.enabled {
        gepi::demonstration::begin(app, &maria, &anna, now).await?;
    }
    give_credential(app, now).await?;
    for (role, mut person) in [("Demonstration", maria), ("Operator", anna)] {
        let password = format!("Prova-{}", random_digits()?);
        person.password = hash(&password)?;
        let email = person.email.clone();
        if app.persons.add(person, now).await? {
            println!("{role}: user name {email}, password {password}");
        }
    }
    Ok(())
}

/// Gives Luigi, who is not registered, a credential of somebody else to hand over. The outbox shows its random PIN, and
/// nothing else keeps it.
async fn give_credential(app: &App, now: UnixTime) -> Result<(), Outage> {
    let pin = random_digits()?;
    let luigi = Credential {
        issuer: "Regione Esempio".into(),
        fiscal_code: "VRDLGU90E17F205V".into(),
        hash: hash(&pin)?,
        otp: None,
        name: "Luigi".into(),
        family_name: "Verdi".into(),
        mobile: "+393330000002".into(),
        expires: "2036-12-31".into(),
    };
    let text = format!(
        "Codice fiscale: {}\nPIN: {pin}\nPuoi trasferire la tua identità: {}/register/handover\nDati da scrivere: \
            maschio, 1990-05-17, MI, F205",
        luigi.fiscal_code, app.origin
    );
    registration::keep_credential(app, luigi, now).await?;
    app.messages.mail("Luigi Verdi", "La tua credenziale della Regione Esempio", &text, now).await
}

/// Returns a person of Rome, without name and password.
fn somebody() -> Result<Person, Outage> {
    Ok(Person {
        id: random_hex()?.chars().take(32).collect(),
        fiscal_code: String::new(),
        email: String::new(),
        mobile: String::new(),
        name: String::new(),
        family_name: String::new(),
        gender: ' ',
        date_of_birth: String::new(),
        county_of_birth: "RM".into(),
        place_of_birth: "H501".into(),
        digital_address: None,
        spid_code: format!("SCND{}", random_digits()?),
        expiration_date: "2036-12-31".into(),
        password: String::new(),
        password_changed_by: None,
        second_factor_since: None,
        standing: Standing::Active,
        is_operator: false,
        session_ends: 0,
        kept_session: None,
        terms_since: 0,
        wants_marketing: false,
    })
}

/// Returns ten random hexadecimal digits, in capital letters: 40 bits.
fn random_digits() -> Result<String, Outage> {
    Ok(random_hex()?.to_uppercase().chars().take(10).collect())
}
