//! The pages of the administration.

use std::sync::atomic::{AtomicU32, Ordering};

use secondo_redb::RedbStore;

use crate::operation::audit::entries;
use crate::security::{sign_in, sign_in_again};
use crate::support::browser::Browser;
use crate::support::page::{assert_labels, mails};
use crate::support::provider::Provider;
use crate::support::service::{LEVEL_1, Service, request_object};
use crate::support::wait;

/// Signs an operator in.
fn operator(provider: &mut Provider) -> Browser {
    let swap = |provider: &mut Provider| {
        let person = (provider.user.clone(), provider.password.clone());
        (provider.user, provider.password) = std::mem::replace(&mut provider.operator, person);
    };
    swap(provider);
    let browser = sign_in(provider);
    swap(provider);
    browser
}

/// Opens the page of the person with this user name, and returns its path.
fn find(operator: &mut Browser, user: &str) -> String {
    operator.open("/admin");
    operator.submit("/admin/find", &[("person", user)]);
    let (_, id) = operator.page.split_once("/admin/audit?person=").unwrap_or_else(|| panic!("{}", operator.page));
    format!("/admin/person/{}", id.split_once('"').unwrap().0)
}

/// Sends the form of an action, even if the page does not offer it.
fn act(operator: &mut Browser, person: &str, action: &str, more: &[(&str, &str)]) {
    static USE: AtomicU32 = AtomicU32::new(0);
    operator.open(person);
    let form = operator.form("/language/it").unwrap();
    let form_use = USE.fetch_add(1, Ordering::Relaxed).to_string();
    let fields = [&[("use", form_use.as_str()), ("action", action), ("reason", "ticket 7")], more].concat();
    operator.post(person, &form, &fields);
}

/// Returns the actions that the page of a person offers, in their order.
fn offered(operator: &mut Browser, person: &str) -> String {
    operator.open(person);
    let buttons = operator.page.split("name=\"action\" value=\"").skip(1);
    buttons.map(|button| button.split('"').next().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn administration_is_for_operators() {
    let mut provider = Provider::start("");
    let mut operator = operator(&mut provider);
    let mut maria = sign_in(&provider);
    let person = find(&mut operator, &provider.user);
    let form = operator.form(&person).unwrap();
    let token = |browser: &Browser| browser.form("/logout").unwrap();
    let pages = ["/admin", person.as_str(), "/admin/audit", &format!("{person}/code")];
    for page in pages {
        maria.open(page);
        assert!(maria.is_refused() && !maria.page.contains("RSSMRA"), "{page}");
    }
    maria.open("/security");
    assert!(!maria.page.contains("/admin"));
    let own = token(&maria);
    maria.post(&person, &own, &[("use", "1"), ("action", "suspend"), ("reason", "x")]);
    assert!(maria.is_refused());
    maria.post("/admin/find", &own, &[("person", &provider.user)]);
    assert!(maria.is_refused());
    // The password alone is not enough, nor no session.
    let mut other = Browser::new(&provider);
    other.open("/");
    let (user, password) = provider.operator.clone();
    for _ in 0..2 {
        for page in pages {
            other.open(page);
            assert!(!other.page.contains("RSSMRA") && other.form("/admin/find").is_none(), "{page}");
            other.post(&person, &form, &[("action", "suspend"), ("reason", "x")]);
        }
        other.open("/");
        if other.form("/password").is_some() {
            other.submit("/password", &[("user", &user), ("password", &password)]);
        }
    }
    // Nor is a form without the session's token.
    let untold = [("form", "0"), ("use", "1"), ("action", "suspend"), ("reason", "x")];
    operator.post(&person, &[], &untold);
    assert!(operator.page.contains("id=\"standing\">attiva"));
    // Nor a second factor of more than five minutes ago.
    provider.restart("+301s");
    for page in pages {
        operator.open(page);
        assert!(operator.form("/security/again").is_some(), "{page}");
    }
    operator.post(&person, &form, &[("action", "suspend"), ("reason", "x")]);
    assert!(operator.form("/security/again").is_some());
    operator.submit("/security/again", &[]);
    operator.give_next_code(301);
    assert!(operator.page.contains("id=\"standing\">attiva"), "{}", operator.page);
    assert_eq!(mails(&provider, "Identità"), 0);
}

#[test]
fn login_at_the_administration_leads_there_and_stores_nothing_before() {
    let mut provider = Provider::start("");
    for _ in 0..3 {
        let mut stranger = Browser::new(&provider);
        stranger.open("/admin");
        assert!(stranger.form("/password").is_some(), "{}", stranger.page);
    }
    provider.terminate();
    let store = RedbStore::open(provider.file("idp.redb")).unwrap();
    assert_eq!(entries(&store, "session"), []);
    drop(store);

    provider.restart("+0s");
    let first = operator(&mut provider);
    provider.restart("+30s");
    let mut browser = Browser::new(&provider);
    first.lend(&mut browser);
    browser.open("/admin");
    let (user, password) = provider.operator.clone();
    browser.submit("/password", &[("user", &user), ("password", "wrong")]);
    assert!(browser.is_refused() && browser.page.contains(&user), "{}", browser.page);
    browser.submit("/password", &[("user", &user), ("password", &password)]);
    browser.give_next_code(30);
    assert!(browser.form("/admin/find").is_some(), "{}", browser.page);
    // No other page can be named.
    let mut other = Browser::new(&provider);
    other.open("/");
    other.submit("/password", &[("user", &user), ("password", "wrong"), ("next", "//elsewhere.example")]);
    assert!(other.is_refused() && other.left.is_none(), "{}", other.page);
}

#[test]
fn only_actions_that_can_apply_are_offered() {
    let mut provider = Provider::start("");
    let mut operator = operator(&mut provider);
    let person = find(&mut operator, &provider.user);
    // Before the first device, there is no account.
    assert_eq!(offered(&mut operator, &person), "suspend revoke");
    // The first login makes recovery codes, which are no other device: the app cannot be revoked beside them.
    let mut maria = sign_in(&provider);
    let one = "suspend issue_activation revoke suspend_device suspend_device revoke_device";
    assert_eq!(offered(&mut operator, &person), one);
    act(&mut operator, &person, "issue_activation", &[]);
    let with_code = one.replace("revoke suspend", "withdraw_activation revoke suspend");
    assert_eq!(offered(&mut operator, &person), with_code);
    act(&mut operator, &person, "withdraw_activation", &[]);
    act(&mut operator, &person, "suspend_device", &[("device", "1")]);
    assert_eq!(offered(&mut operator, &person), "suspend issue_activation revoke resume_device suspend_device");
    act(&mut operator, &person, "resume_device", &[("device", "1")]);
    act(&mut operator, &person, "suspend", &[]);
    assert_eq!(offered(&mut operator, &person), one.replacen("suspend", "resume", 1));
    act(&mut operator, &person, "resume", &[]);

    maria = sign_in_again(&mut provider, &maria);
    maria.open("/security/add");
    maria.submit("/security/add", &[("name", "tablet")]);
    assert_eq!(offered(&mut operator, &person), one);
    maria.give_first_code(30);
    // With a second app, both can.
    let of_devices = "suspend_device revoke_device ".repeat(3);
    assert_eq!(offered(&mut operator, &person), format!("suspend issue_activation revoke {}", of_devices.trim()));
    assert_labels(&operator.page);

    Browser::lock_password(&provider);
    assert!(offered(&mut operator, &person).starts_with("unlock suspend "));
    act(&mut operator, &person, "unlock", &[]);
    assert!(offered(&mut operator, &person).starts_with("suspend "));
    act(&mut operator, &person, "revoke", &[]);
    assert_eq!(offered(&mut operator, &person), "");
    assert!(operator.page.contains("revocata per sempre"), "{}", operator.page);

    let user = provider.operator.0.clone();
    let own = find(&mut operator, &user);
    assert_eq!(offered(&mut operator, &own), "");
    assert!(operator.page.contains("Non puoi agire sulla tua identità"), "{}", operator.page);
}

#[test]
fn locked_account_is_found_and_unlocked() {
    let mut provider = Provider::start("");
    let mut operator = operator(&mut provider);
    let maria = sign_in(&provider);
    let mut thief = Browser::new(&provider);
    thief.open("/");
    thief.give_password(&provider);
    for code in ["000000", "000001", "000002", "000003", "000004"] {
        operator.open("/admin");
        assert!(!operator.page.contains("Maria Rossi"));
        thief.submit("/code", &[("code", code)]);
    }
    wait::until(|| {
        operator.open("/admin");
        operator.page.contains("Maria Rossi")
    });
    assert!(operator.page.contains("bloccato fino al"));
    assert_labels(&operator.page);
    let person = find(&mut operator, "rssmra80b69h501u");
    assert!(operator.page.contains("id=\"lock\""));
    assert_labels(&operator.page);
    // The reason is needed. The second of two clicks does nothing, and its page says so too.
    let form = operator.form(&person).unwrap();
    for _ in 0..2 {
        operator.post(&person, &form, &[("action", "unlock"), ("reason", " ")]);
        assert!(operator.is_refused() && operator.page.contains("Scrivi il motivo"), "{}", operator.page);
    }
    let form = operator.form(&person).unwrap();
    let fields = [("action", "unlock"), ("reason", "ticket 7")];
    operator.post(&person, &form, &fields);
    operator.post(&person, &form, &fields);
    assert!(!operator.is_refused() && !operator.page.contains("id=\"lock\""));
    assert_eq!(mails(&provider, "Identità sbloccata / Identity unlocked"), 1);
    operator.open("/admin");
    assert!(!operator.page.contains("Maria Rossi"));
    provider.restart("+30s");
    maria.lend(&mut thief);
    thief.open("/");
    thief.give_next_code(30);
    assert!(thief.form("/logout").is_some(), "{}", thief.page);

    // Wrong passwords lock the user name.
    let mut thief = Browser::lock_password(&provider);
    operator.open(&person);
    assert!(operator.page.contains("password bloccata"));
    act(&mut operator, &person, "unlock", &[]);
    assert!(!operator.page.contains("password bloccata"));
    thief.give_password(&provider);
    assert!(thief.form("/code").is_some());
}

#[test]
fn locked_password_is_found_and_unlocked() {
    let mut provider = Provider::start("");
    let mut operator = operator(&mut provider);
    let mut thief = Browser::lock_password(&provider);
    wait::until(|| {
        operator.open("/admin");
        operator.page.contains("Maria Rossi")
    });
    assert!(operator.page.contains(" - password bloccata fino al"), "{}", operator.page);
    let person = find(&mut operator, &provider.user);
    act(&mut operator, &person, "unlock", &[]);
    operator.open("/admin");
    assert!(!operator.page.contains("Maria Rossi"));
    thief.give_password(&provider);
    assert!(!thief.is_refused(), "{}", thief.page);
}

#[test]
fn identity_is_suspended_resumed_and_revoked() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let mut operator = operator(&mut provider);
    let mut maria = sign_in(&provider);
    let person = find(&mut operator, &provider.user);
    act(&mut operator, &person, "resume", &[]);
    assert!(operator.is_refused() && operator.page.contains("non è sospesa"));
    act(&mut operator, &person, "suspend", &[]);
    assert!(operator.page.contains("id=\"standing\">sospesa") && operator.page.contains("account è sospeso"));
    act(&mut operator, &person, "suspend", &[]);
    assert!(operator.is_refused());
    assert_eq!(mails(&provider, "Identità sospesa"), 1);
    maria.open("/security");
    assert!(maria.form("/password").is_some());
    let log_in = || {
        let mut login = Browser::new(&provider);
        login.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
        login.give_password(&provider);
        login
    };
    let mut login = log_in();
    login.follow_link();
    assert_eq!(login.answer("error_description").as_deref(), Some("ErrorCode nr23"));
    act(&mut operator, &person, "resume", &[]);
    assert!(operator.page.contains("id=\"standing\">attiva") && !operator.page.contains("account è sospeso"));
    let mut login = log_in();
    login.consent();
    act(&mut operator, &person, "revoke", &[]);
    // The service does not get the tokens of the code that it had.
    let tokens = service.exchange(&provider, &login.answer("code").unwrap());
    assert_eq!((tokens.status, tokens.body["error"].as_str()), (400, Some("invalid_grant")));
    assert!(operator.page.contains("id=\"standing\">revocata") && operator.page.contains("Nessun dispositivo"));
    for action in ["revoke", "resume", "issue_activation", "unlock"] {
        act(&mut operator, &person, action, &[]);
        assert!(operator.is_refused(), "{action}");
    }
    assert_eq!(mails(&provider, "Identità"), 3);

    // An operator does not act on the own identity.
    let user = provider.operator.0.clone();
    let own = find(&mut operator, &user);
    for action in ["unlock", "suspend", "revoke", "issue_activation", "withdraw_activation"] {
        act(&mut operator, &own, action, &[]);
        assert!(operator.is_refused() && operator.page.contains("tua identità"), "{action}");
    }
    for action in ["suspend_device", "resume_device", "revoke_device"] {
        act(&mut operator, &own, action, &[("device", "1")]);
        assert!(operator.is_refused() && operator.page.contains("tua identità"), "{action}");
    }
}

#[test]
fn lost_devices_are_replaced_by_an_activation() {
    let mut provider = Provider::start("");
    let mut operator = operator(&mut provider);
    sign_in(&provider);
    let person = find(&mut operator, &provider.user);
    act(&mut operator, &person, "revoke_device", &[("device", "1")]);
    assert!(operator.is_refused() && operator.page.contains("unico dispositivo"));
    act(&mut operator, &person, "suspend_device", &[("device", "9")]);
    assert!(operator.is_refused());
    act(&mut operator, &person, "withdraw_activation", &[]);
    assert!(operator.is_refused());
    act(&mut operator, &person, "suspend_device", &[("device", "1")]);
    assert!(!operator.is_refused() && operator.page.contains("sospeso"));
    assert_eq!(mails(&provider, "Dispositivo sospeso"), 1);

    operator.open(&person);
    let form = operator.form(&person).unwrap();
    let issue = [("action", "issue_activation"), ("reason", "borsa rubata")];
    operator.post(&person, &form, &issue);
    let (_, code) = operator.page.split_once("<code id=\"code\">").unwrap_or_else(|| panic!("{}", operator.page));
    let code = code.split_once('<').unwrap().0.to_owned();
    assert_labels(&operator.page);
    // The second of two clicks issues no other one, and a reload shows none.
    operator.post(&person, &form, &issue);
    assert!(!operator.page.contains("<code") && operator.page.contains("valido fino al"));
    operator.open(&format!("{person}/code"));
    assert!(!operator.page.contains("<code"));
    assert_eq!(mails(&provider, "Codice di attivazione emesso"), 1);

    let mut phone = Browser::new(&provider);
    phone.open("/security/activate");
    assert!(phone.form("/password").is_some());
    phone.give_password(&provider);
    // The lost device gives no code, and the page says what to do.
    assert!(phone.form("/code").is_none() && phone.page.contains("href=\"/security/activate\""));
    phone.open("/security/activate");
    assert_labels(&phone.page);
    let form = phone.form("/security/activate").unwrap();
    phone.submit("/security/activate", &[("code", "K7QF-M2XA-9PTR-4WZNC")]);
    assert!(phone.is_refused() && phone.form("/security/activate").is_some());
    phone.submit("/security/activate", &[("code", &code.to_lowercase())]);
    phone.post("/security/activate", &form, &[("code", &code)]);
    phone.give_first_code(0);
    phone.open("/");
    phone.give_next_code(0);
    assert!(phone.form("/logout").is_some(), "{}", phone.page);
    act(&mut operator, &person, "revoke_device", &[("device", "1")]);
    assert!(!operator.is_refused());
    assert_eq!(mails(&provider, "Dispositivo revocato"), 1);
    act(&mut operator, &person, "issue_activation", &[]);
    act(&mut operator, &person, "withdraw_activation", &[]);
    assert!(!operator.is_refused() && !operator.page.contains("valido fino al"));
}

#[test]
fn audit_log_is_searched() {
    let service = Service::new();
    let mut provider = Provider::start(&service.registration());
    let mut operator = operator(&mut provider);
    let mut maria = Browser::new(&provider);
    maria.open(&service.url(&provider, &request_object(&provider, LEVEL_1)));
    maria.give_password(&provider);
    maria.consent();
    let person = find(&mut operator, &provider.user);
    act(&mut operator, &person, "suspend", &[]);
    let id = person.strip_prefix("/admin/person/").unwrap();
    let mut search = |query: &str| {
        operator.open(&format!("/admin/audit?{query}"));
        operator.page.clone()
    };
    wait::until(|| search(&format!("person={id}")).contains("identity_suspend"));
    let page = search(&format!("person={id}"));
    assert_labels(&page);
    assert!(page.contains("motivo: ticket 7") && page.contains("<td>service_login</td>"), "{page}");
    assert!(page.contains("<td>identity_view</td>") && !page.contains("<td>confirm</td>"));
    let page = search("area=Roma");
    assert!(page.contains("<td>service_login</td>") && !page.contains("<td>identity_suspend</td>"));
    assert!(!search("area=Milano").contains("<td>service_login"));
    assert!(search("from=2026-01-01&until=2126-01-01").contains("<td>service_login</td>"));
    assert!(!search("until=2020-01-01").contains("<td>service_login"));
    assert!(!search("from=2126-01-01").contains("<td>service_login"));
    for query in ["from=tomorrow", "from=2026-02-30", "from=2026-02-02&until=2026-02-01"] {
        assert!(search(query).contains("role=\"alert\""), "{query}");
    }
    // The search was recorded. Lines are written after the answer.
    wait::until(|| search("").contains("<td>audit_view</td>"));
}

#[test]
fn login_that_began_at_the_administration_returns_there() {
    let provider = Provider::start("");
    let mut browser = Browser::new(&provider);
    let (user, password) = &provider.operator;
    browser.enroll_as(user, password);
    assert!(browser.page.contains("action=\"/code\""));
    let mut operator = Browser::new(&provider);
    browser.lend(&mut operator);
    operator.open("/admin");
    operator.submit("/password", &[("user", user), ("password", password)]);
    operator.give_code();
    assert!(operator.page.contains("action=\"/admin/find\""), "{}", operator.page);
}
