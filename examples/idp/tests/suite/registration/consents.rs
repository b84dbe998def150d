//! The choices of a person who registers, as they are stored.

use crate::operation::commands::contents;
use crate::registration::applicant::{Applicant, open_first, operator};
use crate::support::provider::Provider;
use crate::support::service::now;

#[test]
fn terms_and_marketing_are_stored_as_they_were_chosen() {
    let mut provider = Provider::start("");
    let begun = now();
    let mut applicants = Vec::new();
    for (letters, marketing) in [("VRDLGU", "yes"), ("BNCMRA", "no")] {
        let mut person = Applicant::new(&provider, letters);
        person.give_personal();
        person.give_email(&provider);
        person.give_mobile(&provider);
        person.give_documents();
        person.browser.submit("/register/terms", &[("terms", "yes"), ("marketing", marketing)]);
        person.browser.submit("/register/summary", &[]);
        applicants.push((person.fiscal_code, marketing == "yes"));
    }
    let mut operator = operator(&provider);
    for _ in &applicants {
        let path = open_first(&mut operator);
        operator.submit(&format!("{path}/accept"), &[]);
    }
    provider.terminate();
    let stored = contents(&provider);
    for (fiscal_code, wants_marketing) in applicants {
        let of_person = |(id, text): &&(String, String)| id.starts_with("idp.person.") && text.contains(&fiscal_code);
        let (_, text) = stored.iter().find(of_person).unwrap();
        let person: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(person["record"]["wants_marketing"], wants_marketing, "{fiscal_code}");
        assert!((begun..=now()).contains(&person["record"]["terms_since"].as_u64().unwrap()), "{fiscal_code}");
    }
}
