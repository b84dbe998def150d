use std::process::Command;

fn load(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_idp")).arg("load").args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn load_measures_logins() {
    let text = load(&["--persons", "12", "--clients", "4"]);
    for part in ["logins a second", "p99", "password hash", "The second factor takes"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn provider_that_is_killed_forgets_nothing() {
    let text = load(&["--persons", "30", "--clients", "6", "--kill"]);
    assert!(text.contains("No code was accepted twice"), "{text}");
}
