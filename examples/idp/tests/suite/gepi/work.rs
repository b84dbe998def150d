//! The work on cases: who may do what, and the traces of it.

use super::people::{
    AMIR, ANNA, AREA, BEFORE, GIULIA, MARIA, PAOLO, RITA, accredit, case, end, enter, enter_by_pin, maria, titles,
};
use crate::support::browser::Browser;
use crate::support::provider::Provider;

/// Returns the hidden fields of the forms of this session.
fn token(browser: &mut Browser) -> Vec<(String, String)> {
    browser.open("/gepi/cases");
    browser.form("/gepi/logout").unwrap()
}

/// Tries each action on a case, and returns those that were permitted.
fn tried(browser: &mut Browser, id: &str) -> [bool; 5] {
    let form = token(browser);
    let path = format!("/gepi/case/{id}");
    let mut get = |suffix: &str| {
        browser.open(&format!("{path}{suffix}"));
        !browser.is_refused()
    };
    let sight = [get(""), get("/print")];
    let period = [("from", "2020-01-01"), ("until", "2999-01-01")];
    let mut post = |action: &str, fields: &[(&str, &str)]| {
        browser.post(&format!("{path}/{action}"), &form, fields);
        !browser.is_refused()
    };
    let acts = [
        post("submit", &[("text", "Una nota")]),
        post("assign", &[("operator", MARIA)]),
        post("delegate", &[("volunteer", ANNA), period[0], period[1]]),
    ];
    [sight[0], sight[1], acts[0], acts[1], acts[2]]
}

#[test]
fn each_profile_does_its_own_work_only() {
    let provider = Provider::start(BEFORE);
    let mut admin = enter(&provider, &maria(&provider));
    // A citizen becomes an operator of each profile in turn, and keeps the sight of their own file.
    let mut paolo = enter_by_pin(&provider, PAOLO);
    let expected = [
        ("PactCoordinator", vec!["Patto di Amir Haddad", "Patto di Giulia Neri", "Patto di Rita Gallo"]),
        ("CaseManager", vec![]),
        ("RegistryCoordinator", vec!["Verifica della residenza di Rita Gallo"]),
        ("RegistryOfficer", vec!["Verifica della residenza di Rita Gallo"]),
        ("HouseholdCoordinator", vec!["Verifica del nucleo familiare di Amir Haddad"]),
        ("HouseholdOfficer", vec!["Verifica del nucleo familiare di Amir Haddad"]),
        ("ProjectOfficer", vec!["Cura del parco di via Esempio"]),
        ("Administrator", vec![]),
    ];
    let mut ids = Vec::new();
    for (profile, mut cases) in expected {
        accredit(&mut admin, PAOLO, profile);
        let shown = titles(&mut paolo);
        for title in &shown {
            ids.push((title.clone(), case(&mut paolo, title)));
        }
        cases.push("Patto di Paolo Verdi");
        cases.sort_unstable();
        assert_eq!(shown, cases, "{profile}");
        end(&mut admin, PAOLO);
    }
    // None of them is left, in the session that saw them.
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
    for (title, id) in &ids {
        let expected = if title == "Patto di Paolo Verdi" { [true, true, true, false, false] } else { [false; 5] };
        assert_eq!(tried(&mut paolo, id), expected, "{title}");
    }
    // The administrator, who is a case manager too, opens only the cases assigned to her.
    for (title, id) in &ids {
        let mut expected = [false; 5];
        if ["Patto di Amir Haddad", "Patto di Paolo Verdi"].contains(&title.as_str()) {
            expected = [true, true, true, false, true];
        }
        assert_eq!(tried(&mut admin, id), expected, "{title}");
    }
    let (_, registry) = ids.iter().find(|(title, _)| title.starts_with("Verifica della residenza")).unwrap();
    admin.open(&format!("/gepi/case/{registry}"));
    assert!(admin.page.contains("non vede il contenuto"), "{}", admin.page);
}

#[test]
fn case_manager_submits_once_and_coordinator_assigns() {
    let provider = Provider::start(BEFORE);
    let mut manager = enter(&provider, &maria(&provider));
    let id = case(&mut manager, "Patto di Paolo Verdi");
    let (path, action) = (format!("/gepi/case/{id}"), format!("/gepi/case/{id}/submit"));
    manager.open(&path);
    let form = manager.form(&action).unwrap();
    for _ in 0..2 {
        manager.post(&action, &form, &[("text", "Primo <b>colloquio</b>")]);
        assert_eq!(manager.page.matches("Primo &lt;b&gt;colloquio").count(), 1, "{}", manager.page);
    }
    for text in ["  ", &"è".repeat(501)] {
        manager.post(&action, &form, &[("text", text)]);
        assert!(manager.is_refused() && manager.page.contains("da 1 a 500"), "{}", manager.page);
    }
    manager.post(&action, &form, &[("text", &"\u{1F600}".repeat(500))]);
    assert!(!manager.is_refused(), "{}", manager.page);

    // A file of nobody is assigned by the coordinator, to those who can take it.
    accredit(&mut manager, GIULIA, "PactCoordinator");
    let mut coordinator = enter_by_pin(&provider, GIULIA);
    let id = case(&mut coordinator, "Patto di Rita Gallo");
    let (path, action) = (format!("/gepi/case/{id}"), format!("/gepi/case/{id}/assign"));
    coordinator.open(&path);
    let form = coordinator.form(&action).unwrap();
    coordinator.post(&action, &form, &[("operator", PAOLO)]);
    assert!(coordinator.is_refused() && coordinator.page.contains("accreditato per la sua materia"));
    coordinator.open(&path);
    coordinator.submit(&action, &[("operator", MARIA)]);
    assert!(!coordinator.is_refused());
    assert_eq!(case(&mut manager, "Patto di Rita Gallo"), id);
}

#[test]
fn volunteer_views_and_prints_and_never_submits() {
    let provider = Provider::start(BEFORE);
    let mut manager = enter(&provider, &maria(&provider));
    let mut volunteer = enter(&provider, &provider.operator);
    let id = case(&mut volunteer, "Patto di Paolo Verdi");
    let (path, action) = (format!("/gepi/case/{id}"), format!("/gepi/case/{id}/submit"));
    volunteer.open(&path);
    assert!(volunteer.page.contains("Volontario di patronato, con delega"), "{}", volunteer.page);
    assert!(volunteer.form(&action).is_none());
    volunteer.open(&format!("{path}/print"));
    assert!(!volunteer.is_refused() && volunteer.page.contains(PAOLO), "{}", volunteer.page);
    let form = token(&mut volunteer);
    volunteer.post(&action, &form, &[("text", "Domanda del volontario")]);
    assert!(volunteer.is_refused() && volunteer.page.contains("ma non inviare domande"), "{}", volunteer.page);
    manager.open(&path);
    assert!(!manager.page.contains("Domanda del volontario"), "{}", manager.page);

    // A delegation that is over, and one that is entered now.
    accredit(&mut manager, GIULIA, "PactCoordinator");
    let rita = case(&mut enter_by_pin(&provider, GIULIA), "Patto di Rita Gallo");
    volunteer.open(&format!("/gepi/case/{rita}"));
    assert!(volunteer.is_refused() && volunteer.page.contains("30/09/2021"), "{}", volunteer.page);
    let amir = case(&mut manager, "Patto di Amir Haddad");
    volunteer.open(&format!("/gepi/case/{amir}"));
    assert!(volunteer.is_refused());
    let action = format!("/gepi/case/{amir}/delegate");
    let mut delegate = |volunteer: &str, from: &str, until: &str| {
        manager.open(&format!("/gepi/case/{amir}"));
        manager.submit(&action, &[("volunteer", volunteer), ("from", from), ("until", until)]);
        !manager.is_refused()
    };
    assert!(!delegate("nobody", "2020-01-01", "2999-01-01"));
    assert!(!delegate(ANNA, "2999-01-01", "2020-01-01"));
    assert!(!delegate(ANNA, "yesterday", "2020-01-01"));
    assert!(!delegate(MARIA, "2020-01-01", "2999-01-01"));
    assert!(!delegate(AMIR, "2020-01-01", "2999-01-01"));
    assert!(delegate(&ANNA.to_lowercase(), "2999-01-01", "2999-12-31"));
    volunteer.open(&format!("/gepi/case/{amir}"));
    assert!(volunteer.is_refused() && volunteer.page.contains("01/01/2999"), "{}", volunteer.page);
    assert!(delegate(ANNA, "2020-01-01", "2999-01-01"));
    volunteer.open(&format!("/gepi/case/{amir}"));
    assert!(!volunteer.is_refused());
}

#[test]
fn accesses_are_traced_and_shown_to_those_who_monitor() {
    let provider = Provider::start(BEFORE);
    let mut admin = enter(&provider, &maria(&provider));
    let mut anna = enter(&provider, &provider.operator);
    let giulia = case(&mut anna, "Patto di Giulia Neri");
    anna.open(&format!("/gepi/case/{giulia}"));
    admin.open(&format!("/gepi/case/{giulia}"));
    assert_eq!((anna.status, admin.status), (200, 403));
    let traces = format!("/gepi/traces?area={AREA}");
    admin.open(&traces);
    let rows: Vec<_> = admin.page.split("<tr>").skip(2).collect();
    assert_eq!(rows.len(), 2, "{}", admin.page);
    // The newest is first.
    assert!(rows[0].contains(MARIA) && rows[0].contains(&giulia) && rows[0].contains("Rifiutato"), "{}", rows[0]);
    assert!(rows[1].contains(ANNA) && rows[1].contains("Consultazione") && rows[1].contains("Case manager"));
    // It tells to whom a right was given, and for which days.
    let fields = [("volunteer", RITA), ("from", "2020-01-01"), ("until", "2999-01-31")];
    let form = token(&mut anna);
    anna.post(&format!("/gepi/case/{giulia}/delegate"), &form, &fields);
    admin.open(&traces);
    // The newest row is of the case that was shown afterwards.
    let row = admin.page.split("<tr>").nth(3).unwrap();
    assert!(row.contains(ANNA) && row.contains(RITA), "{row}");
    assert!(row.contains("01/01/2020 - 31/01/2999"), "{row}");
    // A page is bounded, and leads to the one before.
    for _ in 0..19 {
        anna.open(&format!("/gepi/case/{giulia}/print"));
    }
    admin.open(&traces);
    assert_eq!(admin.page.matches("<tr>").count(), 1 + 11, "{}", admin.page);
    admin.open(&format!("{traces}&page=0"));
    assert_eq!(admin.page.matches("<tr>").count(), 1 + 12, "{}", admin.page);

    anna.open(&traces);
    assert!(anna.is_refused());
    admin.open("/gepi/traces?area=Roma+2");
    assert!(admin.is_refused());
    for profile in ["PactCoordinator", "RegistryCoordinator", "HouseholdCoordinator"] {
        accredit(&mut admin, AMIR, profile);
        let mut coordinator = enter_by_pin(&provider, AMIR);
        coordinator.open(&traces);
        assert!(!coordinator.is_refused(), "{profile}");
    }
}

#[test]
fn administrator_accredits_others_in_their_own_area() {
    let provider = Provider::start(BEFORE);
    let mut admin = enter(&provider, &maria(&provider));
    let form = token(&mut admin);
    let mut accredit = |operator: &str, area: &str, profile: &str, until: &str| {
        let fields =
            [("operator", operator), ("area", area), ("profile", profile), ("from", "2020-01-01"), ("until", until)];
        admin.post("/gepi/staff/accredit", &form, &fields);
        !admin.is_refused()
    };
    assert!(accredit(PAOLO, "Roma 1", "CaseManager", "2999-01-01"));
    assert!(!accredit(MARIA, "Roma 1", "PactCoordinator", "2999-01-01"));
    assert!(!accredit(PAOLO, "Roma 2", "CaseManager", "2999-01-01"));
    assert!(!accredit("nobody", "Roma 1", "CaseManager", "2999-01-01"));
    assert!(!accredit(PAOLO, "Roma 1", "CaseManager", "2019-01-01"));
    for own in [MARIA, &MARIA.to_lowercase(), &format!(" {MARIA} ")] {
        admin.post("/gepi/staff/end", &form, &[("area", "Roma 1"), ("operator", own)]);
        assert!(admin.is_refused() && admin.page.contains("il proprio accreditamento"), "{}", admin.page);
    }
    // An accreditation that is over gives nothing.
    let until = [("operator", PAOLO), ("area", "Roma 1"), ("profile", "PactCoordinator"), ("from", "2020-01-01")];
    admin.post("/gepi/staff/accredit", &form, &[until[0], until[1], until[2], until[3], ("until", "2020-12-31")]);
    let mut paolo = enter_by_pin(&provider, PAOLO);
    assert_eq!(titles(&mut paolo), ["Patto di Paolo Verdi"]);
    let form = token(&mut paolo);
    paolo.open(&format!("/gepi/staff?area={AREA}"));
    assert!(paolo.is_refused());
    let fields = [("operator", RITA), ("area", "Roma 1"), ("profile", "CaseManager"), ("from", "2020-01-01")];
    paolo.post("/gepi/staff/accredit", &form, &[fields[0], fields[1], fields[2], fields[3], ("until", "2999-01-01")]);
    assert!(paolo.is_refused());
}

/// Returns the actions of the audit log with their outcomes, in their order: all, or those of a person.
fn exported(provider: &Provider, arguments: &[&str]) -> Vec<[String; 2]> {
    let file = provider.file("exported.json");
    let _ = std::fs::remove_file(&file);
    provider.command(&[&["audit", "export", file.to_str().unwrap()], arguments].concat()).unwrap();
    let lines = std::fs::read_to_string(file).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| ["action", "outcome"].map(|field| line[field].as_str().unwrap().to_owned())).collect()
}

/// Returns the outcomes of an action in the audit log, in their order.
fn outcomes(provider: &Provider, action: &str) -> Vec<String> {
    let lines = exported(provider, &[]).into_iter().filter(|[found, _]| found == action);
    lines.map(|[_, outcome]| outcome).collect()
}

#[test]
fn log_of_a_person_has_what_they_did_and_what_others_did_about_them() {
    let provider = Provider::start(BEFORE);
    let mut admin = enter(&provider, &maria(&provider));
    accredit(&mut admin, AMIR, "PactCoordinator");
    let mut coordinator = enter_by_pin(&provider, AMIR);
    let giulia = case(&mut coordinator, "Patto di Giulia Neri");
    let form = token(&mut coordinator);
    coordinator.post(&format!("/gepi/case/{giulia}/assign"), &form, &[("operator", MARIA)]);
    let fields = [("volunteer", RITA), ("from", "2020-01-01"), ("until", "2999-01-01")];
    coordinator.post(&format!("/gepi/case/{giulia}/delegate"), &form, &fields);
    let of = |person: &str| {
        let lines = exported(&provider, &["--person", person]).into_iter();
        lines.map(|[action, _]| action).filter(|action| action.starts_with("case_") || action == "accredit").collect()
    };
    // The operator, the citizen of the file, and the volunteer have PINs. The provider knows the administrator.
    let expected: [(&str, &[&str]); 4] = [
        (AMIR, &["accredit", "case_assign", "case_open", "case_delegate", "case_open"]),
        (GIULIA, &["case_assign", "case_open", "case_delegate", "case_open"]),
        (RITA, &["case_delegate"]),
        (MARIA, &["accredit", "case_assign"]),
    ];
    for (person, actions) in expected {
        let found: Vec<String> = of(person);
        assert_eq!(found, actions, "{person}");
    }
}

#[test]
fn refused_requests_are_never_traced_as_done() {
    let provider = Provider::start(BEFORE);
    let mut admin = enter(&provider, &maria(&provider));
    let form = token(&mut admin);
    let paolo = case(&mut admin, "Patto di Paolo Verdi");
    let post = |browser: &mut Browser, path: &str, fields: &[(&str, &str)]| {
        browser.post(path, &form, fields);
        assert!(browser.is_refused(), "{path}: {}", browser.page);
    };
    let path = format!("/gepi/case/{paolo}");
    for text in ["  ", &"x".repeat(501)] {
        post(&mut admin, &format!("{path}/submit"), &[("text", text)]);
    }
    assert_eq!(outcomes(&provider, "case_submit"), ["entry_length"; 2]);
    let delegate = [("from", "2020-01-01"), ("until", "2999-01-01")];
    for volunteer in ["nobody", PAOLO, MARIA] {
        post(&mut admin, &format!("{path}/delegate"), &[("volunteer", volunteer), delegate[0], delegate[1]]);
    }
    assert_eq!(outcomes(&provider, "case_delegate"), ["code_or_period", "own_delegation", "own_delegation"]);
    let terms = [("profile", "CaseManager"), ("from", "2020-01-01")];
    for (area, operator, until) in [
        ("Roma 1", "nobody", "2999-01-01"),
        ("Roma 1", PAOLO, "2019-01-01"),
        ("Roma 1", PAOLO, "never"),
        ("Roma 1", MARIA, "2999-01-01"),
        ("Roma 2", PAOLO, "2999-01-01"),
    ] {
        let fields = [("area", area), ("operator", operator), terms[0], terms[1], ("until", until)];
        post(&mut admin, "/gepi/staff/accredit", &fields);
    }
    let mistakes = ["code_or_period"; 3].into_iter().chain(["own_accreditation", "not_accredited"]);
    assert_eq!(outcomes(&provider, "accredit"), mistakes.collect::<Vec<_>>());
    post(&mut admin, "/gepi/staff/end", &[("area", "Roma 1"), ("operator", "nobody")]);
    assert_eq!(outcomes(&provider, "end_accreditation"), ["code_or_period"]);
    // The traces of the area show each of them as refused.
    admin.open(&format!("/gepi/traces?area={AREA}"));
    assert_eq!(admin.page.matches("Rifiutato").count(), 5, "{}", admin.page);
    admin.post(&format!("{path}/submit"), &form, &[("text", "Una nota")]);
    assert_eq!(outcomes(&provider, "case_submit"), ["entry_length", "entry_length", "done"]);

    accredit(&mut admin, GIULIA, "PactCoordinator");
    let mut coordinator = enter_by_pin(&provider, GIULIA);
    let form = token(&mut coordinator);
    let rita = case(&mut coordinator, "Patto di Rita Gallo");
    let assign = format!("/gepi/case/{rita}/assign");
    coordinator.post(&assign, &form, &[("operator", PAOLO)]);
    assert!(coordinator.is_refused());
    coordinator.post(&assign, &form, &[("operator", MARIA)]);
    assert_eq!(outcomes(&provider, "case_assign"), ["not_an_officer", "done"]);
}
