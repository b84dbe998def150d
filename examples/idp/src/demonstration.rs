//! A person to try the provider with, made at the first start on loopback.

use secondo::UnixTime;
use serde::{Deserialize, Serialize};

use crate::app::{App, random_hex};
use crate::outage::Outage;
use crate::person::{Person, Standing, hash};
use crate::records::{Kept, Record};

/// The fact that the person was made.
#[derive(Serialize, Deserialize)]
struct Begun {}

impl Record for Begun {
    const KIND: &'static str = "demonstration";
}

/// Makes the person once, and prints the password, which is kept nowhere else.
pub(crate) async fn begin(app: &App) -> Result<(), Outage> {
    let now = UnixTime::now()?;
    if !app.records.create("person", Kept::forever(Begun {}), now).await? {
        return Ok(());
    }
    let (id, random) = (random_hex()?, random_hex()?.to_uppercase());
    let (id, _) = id.split_at(32);
    let (digits, rest) = random.split_at(10);
    let (number, _) = rest.split_at(10);
    let password = format!("Prova-{digits}");
    let person = Person {
        id: id.to_owned(),
        fiscal_code: "RSSMRA80B69H501U".into(),
        email: "maria.rossi@example.org".into(),
        mobile: "+393330000000".into(),
        name: "Maria".into(),
        family_name: "Rossi".into(),
        gender: 'F',
        date_of_birth: "1980-02-29".into(),
        county_of_birth: "RM".into(),
        place_of_birth: "H501".into(),
        digital_address: Some("maria.rossi@pec.example.org".into()),
        spid_code: format!("SCND{number}"),
        expiration_date: "2036-12-31".into(),
        password: hash(&password)?,
        second_factor_since: None,
        standing: Standing::Active,
    };
    let email = person.email.clone();
    if app.persons.add(person, now).await? {
        println!("Demonstration: user name {email}, password {password}");
    }
    Ok(())
}
