//! The queries on Keycloak's tables that the docs of `secondo` have, with the rows of both kinds of users.

use std::fs;

use secondo::factor::Method;
use secondo::formats::{Note, json, recovery_codes};
use secondo::types::{Counter, Period};
use secondo::{Algorithm, Digits, Hotp, Totp, UnixTime};
use store_testing::Postgres;
use tokio_postgres::SimpleQueryMessage;

use crate::{block_on, session};

/// The columns of Keycloak's tables that the queries use.
const TABLES: &str = r#"
    CREATE TABLE user_entity (id varchar PRIMARY KEY, username varchar, enabled boolean NOT NULL);
    CREATE TABLE credential (id varchar PRIMARY KEY, type varchar, user_id varchar REFERENCES user_entity,
        secret_data text, credential_data text);
    CREATE TABLE fed_user_credential (id varchar PRIMARY KEY, type varchar, user_id varchar NOT NULL,
        secret_data text, credential_data text);
    INSERT INTO user_entity VALUES ('u1', 'rossi', true), ('u2', 'bianchi', false);
    INSERT INTO credential VALUES
        ('c1', 'otp', 'u1', '{"value":"12345678901234567890"}',
            '{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}'),
        ('c2', 'otp', 'u2', '{"value":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}',
            '{"subType":"hotp","digits":8,"counter":7,"period":30,"algorithm":"HmacSHA1","secretEncoding":"BASE32"}'),
        ('c3', 'password', 'u1', '{"value":"x"}', '{}');
    INSERT INTO fed_user_credential VALUES
        ('c4', 'otp', 'f:ldap:verdi', '{"value":"12345678901234567890"}',
            '{"subType":"totp","digits":8,"counter":0,"period":60,"algorithm":"HmacSHA256"}'),
        ('c5', 'otp', 'f:ldap:neri', '{"value":"12345678901234567890"}',
            '{"subType":"hotp","digits":6,"counter":3,"period":30,"algorithm":"HmacSHA1"}'),
        ('c6', 'recovery-authn-codes', 'f:ldap:verdi', '{"codes":[
            {"number":1,"encodedHashedValue":"LCWoQPX9CnDJTSFzldozMu0vvgqitLqjyKOoRK60XMKDdT7xBpfHmBfLsc6aYd25SKF2zIrEax62GeYSdOW7YA=="},
            {"number":2,"encodedHashedValue":"UgrLBMzL8fkri7s/srcrmxtv03aVbZcFX73aR89ZsdWdajOtdZELI5V8qHz8Zg1f/MQFkMsQ0jFKbWjXb0/KBg=="}]}', '{}');
"#;

/// Returns the queries on Keycloak in the docs of a module, each of which ends with a semicolon.
fn queries(module: &str) -> Vec<String> {
    let path = format!("{}/../../src/formats/{module}.rs", env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(path).unwrap();
    let (_, section) = source.split_once("//! # From Keycloak\n").unwrap();
    let (_, sql) = section.split_once("//! ```sql\n").unwrap();
    let (sql, _) = sql.split_once("//! ```\n").unwrap();
    let sql = sql.replace("//! ", "").replace("//!", "");
    sql.split_inclusive(';').map(|query| query.trim().to_owned()).filter(|query| !query.is_empty()).collect()
}

/// Returns the lines that `psql -At -F $'\t'` prints, sorted.
fn lines(queries: &[String]) -> String {
    let server = Postgres::start(&["fsync=off"]);
    let mut lines = block_on(async {
        let client = session(&server.url()).await;
        client.batch_execute(TABLES).await.unwrap();
        let mut lines = Vec::new();
        for query in queries {
            for message in client.simple_query(query).await.unwrap() {
                if let SimpleQueryMessage::Row(row) = message {
                    let fields = (0..row.len()).map(|at| row.get(at).unwrap_or_default());
                    lines.push(fields.collect::<Vec<_>>().join("\t") + "\n");
                }
            }
        }
        lines
    });
    lines.sort();
    lines.concat()
}

#[test]
fn users_of_a_storage_provider_are_in_the_documented_query_for_keycloak() {
    let queries = queries("json");
    assert_eq!(queries.len(), 2);
    let now = UnixTime::from_secs(1_795_500_000).unwrap();
    let lines = lines(&queries);
    let read: Vec<_> = json::read(lines.as_bytes(), now).map(Result::unwrap).collect();
    let seen: Vec<_> = read
        .iter()
        .map(|token| (token.name.as_str(), token.authenticator.method(), token.authenticator.algorithm()))
        .collect();
    let totp = |digits, secs| Method::from(Totp::new(digits, Period::from_secs(secs).unwrap()));
    assert_eq!(
        seen,
        [
            ("bianchi/c2", Hotp::new(Digits::Eight).into(), Algorithm::Sha1),
            ("f:ldap:neri/c5", Hotp::new(Digits::Six).into(), Algorithm::Sha1),
            ("f:ldap:verdi/c4", totp(Digits::Eight, 60), Algorithm::Sha256),
            ("rossi/c1", totp(Digits::Six, 30), Algorithm::Sha1),
        ]
    );
    for token in &read {
        assert_eq!(token.authenticator.secret().unwrap().expose(), b"12345678901234567890", "{}", token.name);
        assert!(token.state.is_confirmed() && token.state.is_suspended() == (token.name == "bianchi/c2"));
    }
    assert_eq!(read[0].state.watermark(), Some(Counter::new(6)));
    assert_eq!(read[1].state.watermark(), Some(Counter::new(2)));
    assert!(read[2..].iter().all(|token| token.notes == [Note::LastUseUnknown]));
}

#[test]
fn recovery_codes_of_a_storage_provider_are_in_the_documented_query_for_keycloak() {
    let queries = queries("recovery_codes");
    assert_eq!(queries.len(), 1);
    let lines = lines(&queries);
    let sets: Vec<_> = recovery_codes::read(lines.as_bytes(), &[7; 32]).map(Result::unwrap).collect();
    assert_eq!(sets.iter().map(|set| &*set.name).collect::<Vec<_>>(), ["f:ldap:verdi/c6"]);
    // Both hashes are in the line.
    assert_eq!(lines.split_once("\tsha512:12\t").unwrap().1.trim().split(' ').count(), 2);
}
