//! Operators who accept and reject, persons who withdraw, and 30 days that pass.

use std::thread;

use crate::operation::commands::contents;
use crate::registration::applicant::{Applicant, PASSWORD, PDF, PNG, open_first, operator};
use crate::support::browser::Browser;
use crate::support::outbox::{message, messages};
use crate::support::page::assert_leads_onward;
use crate::support::provider::Provider;
use crate::support::wait;

#[test]
fn two_applications_with_one_address() {
    let provider = Provider::start("");
    let mut first = Applicant::new(&provider, "VRDLGU");
    let mut second = Applicant::new(&provider, "BNCMRA");
    second.email.clone_from(&first.email);
    first.apply(&provider);
    second.apply(&provider);
    let mut operator = operator(&provider);
    let path = open_first(&mut operator);
    assert!(operator.page.contains(&first.fiscal_code));
    operator.submit(&format!("{path}/accept"), &[]);
    let path = open_first(&mut operator);
    operator.submit(&format!("{path}/accept"), &[]);
    assert!(operator.is_refused() && operator.page.contains("ha già un'identità"), "{}", operator.page);
    operator.submit(&format!("{path}/reject"), &[("reason", " ")]);
    assert!(operator.is_refused() && operator.page.contains("Scrivi il motivo"));
    let count = messages(&provider, &first.email).len();
    let form = operator.form(&format!("{path}/reject")).unwrap();
    for _ in 0..2 {
        operator.post(&format!("{path}/reject"), &form, &[("reason", "Indirizzo di un'altra persona")]);
        assert!(operator.page.contains("Nessuna richiesta"));
    }
    assert!(message(&provider, &first.email, count + 1).contains("Indirizzo di un'altra persona"));
    // The first person has the identity, and the names of the second are free.
    let mut login = Browser::new(&provider);
    login.open("/");
    login.submit("/password", &[("user", &second.fiscal_code), ("password", PASSWORD)]);
    assert!(login.is_refused());
    let mut again = Applicant::new(&provider, "BNCMRA");
    again.apply(&provider);
    let path = open_first(&mut operator);
    operator.submit(&format!("{path}/accept"), &[]);
    assert!(message(&provider, &again.email, 3).contains("attiva"));
    login.submit("/password", &[("user", &second.fiscal_code), ("password", PASSWORD)]);
    assert!(login.form("/first-app").is_some());
}

#[test]
fn decisions_at_once() {
    let provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.apply(&provider);
    let mut operator = operator(&provider);
    let path = open_first(&mut operator);
    let calls = [("accept", ""), ("accept", ""), ("reject", "No"), ("reject", "No"), ("accept", "")];
    thread::scope(|scope| {
        for (action, reason) in calls {
            let (mut tab, path) = (operator.twin(), format!("{path}/{action}"));
            scope.spawn(move || {
                tab.submit(&path, &[("reason", reason)]);
                assert!(tab.page.contains("<h1>Richieste da completare</h1>"), "{}", tab.page);
            });
        }
    });
    operator.open("/admin/requests");
    assert!(operator.page.contains("Nessuna richiesta"));
    let outcome = message(&provider, &person.email, 3);
    let mut login = Browser::new(&provider);
    login.open("/");
    login.submit("/password", &[("user", &person.email), ("password", PASSWORD)]);
    assert_eq!(login.form("/first-app").is_some(), outcome.contains("è attiva"), "{outcome}");
}

#[test]
fn withdrawn_by_the_person() {
    let mut provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    let (procedure, path) = person.apply(&provider);
    let mut unknown = Browser::new(&provider);
    unknown.open("/register/withdraw/0123");
    let form = unknown.form("/register/withdraw/0123").unwrap();
    unknown.post("/register/withdraw/%0d%0a", &form, &[("procedure", &procedure)]);
    assert_eq!(unknown.status, 200, "{}", unknown.page);
    unknown.open("/register/withdraw/0123");
    unknown.submit("/register/withdraw/0123", &[("procedure", &procedure)]);
    assert!(unknown.is_refused() && unknown.page.contains("non c'è più"));

    let mut browser = Browser::new(&provider);
    browser.open(&path);
    for guess in ["AAAA", "AAAA", "BBBB", "CCCC", "DDDD", "EEEE"] {
        browser.submit(&path, &[("procedure", guess)]);
        assert!(browser.is_refused());
    }
    browser.submit(&path, &[("procedure", &procedure)]);
    assert!(browser.is_refused());
    provider.restart("+3601s");
    // Two clicks at once, and a third one later.
    let form = browser.form(&path).unwrap();
    let (typed, mut twin) = (procedure.to_lowercase(), browser.twin());
    thread::scope(|scope| {
        scope.spawn(|| twin.post(&path, &form, &[("procedure", &typed)]));
        browser.post(&path, &form, &[("procedure", &typed)]);
    });
    for browser in [&mut browser, &mut twin] {
        assert!(browser.page.contains("<h1>Richiesta ritirata</h1>"), "{}", browser.page);
        assert_leads_onward(&browser.page);
        browser.post(&path, &form, &[("procedure", &typed)]);
        assert!(browser.page.contains("<h1>Richiesta ritirata</h1>"), "{}", browser.page);
    }
    assert!(message(&provider, &person.email, 3).contains("ritirata"));
    assert_eq!(messages(&provider, &person.email).len(), 3);
    browser.post(&path, &form, &[("procedure", "AAAA")]);
    assert!(browser.is_refused() && browser.page.contains("non c'è più"), "{}", browser.page);
    // The person can apply again.
    person.browser.open("/register");
    assert!(person.browser.page.contains("Passo 1 di 6"), "{}", person.browser.page);
}

#[test]
fn last_day_and_the_day_after() {
    let mut provider = Provider::start("");
    let mut applicants = [Applicant::new(&provider, "VRDLGU"), Applicant::new(&provider, "BNCMRA")];
    let procedures = applicants.each_mut().map(|person| person.apply(&provider));
    let signed_in = operator(&provider);
    let (mut of_second, mut accept) = (String::new(), Vec::new());
    for ((procedure, path), (ahead, is_over)) in procedures.into_iter().zip([(2_588_400, false), (2_595_600, true)]) {
        provider.restart(&format!("+{ahead}s"));
        let mut operator = Browser::new(&provider);
        signed_in.lend(&mut operator);
        let (user, password) = &provider.operator;
        operator.open("/");
        operator.submit("/password", &[("user", user), ("password", password)]);
        operator.give_next_code(ahead);
        operator.open("/admin/requests");
        for person in &applicants {
            assert_eq!(operator.page.contains(&person.fiscal_code), !is_over, "{ahead}: {}", operator.page);
        }
        let mut browser = Browser::new(&provider);
        browser.open(&path);
        browser.submit(&path, &[("procedure", &procedure)]);
        assert_eq!(browser.is_refused(), is_over, "{ahead}");
        if is_over {
            // Nobody completes it, nor sees its documents.
            operator.post(&format!("{of_second}/accept"), &accept, &[]);
            assert!(operator.page.contains("Nessuna richiesta"), "{}", operator.page);
        } else {
            of_second = open_first(&mut operator);
            assert!(operator.page.contains(&applicants[1].fiscal_code), "{}", operator.page);
            accept = operator.form(&format!("{of_second}/accept")).unwrap();
        }
        for (kind, bytes) in [("identity_document", PDF), ("health_card", PNG)] {
            let downloaded = operator.download(&format!("{of_second}/documents/{kind}"));
            assert_eq!((operator.status == 200, downloaded == bytes), (!is_over, !is_over), "{ahead} {kind}");
        }
    }
    let mut login = Browser::new(&provider);
    login.open("/");
    login.submit("/password", &[("user", &applicants[1].email), ("password", PASSWORD)]);
    assert!(login.is_refused(), "{}", login.page);
    // A provider that starts removes what has expired: no record has their data.
    wait::until(|| {
        provider.restart("+2595600s");
        assert!(provider.terminate().success());
        let is_theirs = |id: &str| ["idp.application.", "idp.document."].iter().any(|kind| id.starts_with(kind));
        !contents(&provider).iter().any(|(id, _)| is_theirs(id))
    });
}

#[test]
fn only_operators_with_a_second_factor() {
    let provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.apply(&provider);
    let mut operator = operator(&provider);
    let path = open_first(&mut operator);
    let form = operator.form(&format!("{path}/accept")).unwrap();
    let mut nobody = Browser::new(&provider);
    let mut half = Browser::new(&provider);
    half.open("/");
    half.submit("/password", &[("user", &provider.operator.0), ("password", &provider.operator.1)]);
    assert!(half.form("/code").is_some(), "{}", half.page);
    let mut other = Browser::new(&provider);
    other.enroll(&provider);
    other.give_code();
    for browser in [&mut nobody, &mut half, &mut other] {
        for path in ["/admin/requests", &path, &format!("{path}/documents/health_card")] {
            browser.open(path);
            assert!(!browser.page.contains(&person.fiscal_code) && !browser.page.contains("health card"));
        }
        for action in ["accept", "reject"] {
            browser.post(&format!("{path}/{action}"), &form, &[("reason", "No")]);
        }
    }
    assert!(other.is_refused());
    // A form without the session's token.
    for action in ["accept", "reject"] {
        operator.post(&format!("{path}/{action}"), &[], &[("reason", "No"), ("form", "0")]);
    }
    operator.open("/admin/requests");
    assert!(operator.page.contains(&person.fiscal_code));
    // The log tells who saw the data.
    let file = provider.file("log.json");
    provider.command(&["audit", "export", file.to_str().unwrap(), "--person", &provider.operator.0]).unwrap();
    let log = std::fs::read_to_string(file).unwrap();
    assert_eq!(log.matches("\"action\":\"application_view\"").count(), 1, "{log}");
}
