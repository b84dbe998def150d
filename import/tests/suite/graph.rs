use secondo_import::{Place, Problem};

use crate::support::{BASE32, SECRET, errors, parameters, read, records, secret};

#[test]
fn devices_of_a_bulk_request() {
    let file = format!(
        r##"{{"@context":"#$delta","value":[
        {{"@contentId":"1","serialNumber":"23","manufacturer":"E","model":"T","secretKey":"{BASE32}",
          "timeIntervalInSeconds":30,"hashFunction":"hmacsha1"}},
        {{"@contentId":"2","serialNumber":"24","manufacturer":"E","model":"T","secretKey":"{BASE32}",
          "timeIntervalInSeconds":60,"hashFunction":"hmacsha256","assignTo":{{"id":"00aa00aa-bb11"}}}}]}}"##
    );
    let devices = records(file);
    assert_eq!((devices[0].name.as_str(), devices[0].serial.as_deref()), ("23", Some("23")));
    assert_eq!((parameters(&devices[0]), secret(&devices[0])), ("TOTP SHA1 6 30 s".into(), SECRET));
    assert_eq!((devices[1].place, devices[1].name.as_str()), (Place::Entry(2), "00aa00aa-bb11"));
    assert_eq!(parameters(&devices[1]), "TOTP SHA256 6 60 s");
}

#[test]
fn one_device_and_an_array_of_devices() {
    let device =
        format!(r#"{{"serialNumber":"23","secretKey":"{BASE32}","timeIntervalInSeconds":30,"hashFunction":null}}"#);
    assert_eq!(parameters(&records(&device)[0]), "TOTP SHA1 6 30 s");
    assert_eq!(records(format!("\u{feff}[{device},{device}]")).len(), 2);
    // Scripts write names in their own case.
    for name in ["hashfunction", "HashFunction"] {
        let device = device.replace("\"hashFunction\":null", &format!("\"{name}\":\"hmacsha256\""));
        assert_eq!(parameters(&records(&device)[0]), "TOTP SHA256 6 30 s");
    }
}

#[test]
fn a_device_that_is_not_readable_is_reported_and_reading_continues() {
    let device = |rest: &str| format!(r#"{{"serialNumber":"23"{rest}}}"#);
    let secret = format!(r#","secretKey":"{BASE32}""#);
    let time = r#","timeIntervalInSeconds":30"#;
    let file = [
        // An answer of Graph does not have the secret.
        device(&format!(r#","secretKey":null{time}"#)),
        device(&secret),
        device(&format!(r#"{secret}{time},"hashFunction":"hmacsha512""#)),
        device(&format!(r#"{secret}{time},"secretKey":"{BASE32}""#)),
        device(&format!(r#"{secret},"timeIntervalInSeconds":0"#)),
        format!(r#"{{"secretKey":"{BASE32}"{time}}}"#),
        "7".into(),
        device(&format!(r#"{secret},"timeIntervalInSeconds":"30","x":"digits""#)),
        device(&format!("{secret}{time}")),
    ];
    let file = format!(r#"{{"value":[{}]}}"#, file.join(","));
    assert_eq!(
        errors(&file),
        [
            "entry 1: secretKey is missing",
            "entry 2: timeIntervalInSeconds is missing",
            "entry 3: hashFunction has an invalid value: it must be hmacsha1 or hmacsha256",
            "entry 4: secretKey occurs twice",
            "entry 5: timeIntervalInSeconds has an invalid value: it must be 1 to 86400",
            "entry 6: serialNumber is missing",
            "entry 7: the entry is not as the format defines: error at column 1",
            "entry 8: timeIntervalInSeconds has an invalid value: it must be 1 to 86400",
        ]
    );
    assert_eq!(read(&file).len(), 9);
}

#[test]
fn a_document_that_is_cut_off_or_deep_is_an_error() {
    let file = format!(r#"{{"value":[{{"serialNumber":"23","secretKey":"{BASE32}","timeIntervalInSeconds":30}}"#);
    let cut = read(&file);
    assert!(matches!(cut[0].as_ref().unwrap_err().problem, Problem::Json { line: 1, .. }));
    assert!(cut[0].as_ref().unwrap_err().ends_file);
    let deep = format!(r#"{{"secretKey":"a","value":{}"#, "[".repeat(1_000_000));
    assert!(read(deep)[0].is_err());
    let deep = format!(r#"{{"secretKey":1,"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(deep)[0].is_err());
}

#[test]
fn more_entries_than_the_limit_are_an_error() {
    let file = format!(r#"{{"x":"secretKey","secretKey":"","value":[0{}]}}"#, ",0".repeat(secondo_import::MAX_ENTRIES));
    let read = read(file);
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].as_ref().unwrap_err().problem, Problem::TooMany(secondo_import::MAX_ENTRIES));
}
