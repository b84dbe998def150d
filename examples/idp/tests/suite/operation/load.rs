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
    // The share of the computation is some hundred times smaller than what is allowed.
    let (_, line) = text.split_once("The second factor takes ").unwrap();
    let (_, share) = line.split_once(" % of a login, ").unwrap();
    let share: f64 = share.split_once(" % without the password hash (goal: below 2)").unwrap().0.parse().unwrap();
    assert!(share > 0.0 && share < 2.0, "{text}");
}

#[test]
fn provider_that_is_killed_forgets_nothing() {
    let text = load(&["--persons", "30", "--clients", "6", "--kill"]);
    assert!(text.contains("No code was accepted twice"), "{text}");
    // Each of the 6 clients has one login under way at most. Persons who only give a wrong code are none of them.
    let (_, under_way) = text.split_once(", with ").unwrap();
    let under_way: u32 = under_way.split_once(" under way").unwrap().0.parse().unwrap();
    assert!(under_way <= 6, "{text}");
}
