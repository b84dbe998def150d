//! Uploads that are refused.

use crate::registration::applicant::{Applicant, PDF, PNG, open_first, operator};
use crate::support::provider::Provider;

/// Returns a person who has come to the step of the documents, with the hidden fields of its form.
fn at_documents() -> (Provider, Applicant, Vec<(String, String)>) {
    let provider = Provider::start("");
    let mut person = Applicant::new(&provider, "VRDLGU");
    person.give_personal();
    person.give_email(&provider);
    person.give_mobile(&provider);
    let form = person.browser.form("/register/documents").unwrap();
    (provider, person, form)
}

#[test]
fn wrong_files() {
    let (provider, mut person, form) = at_documents();
    let large = [PDF, &vec![b'x'; 2_500_001 - PDF.len()]].concat();
    let jpeg = b"\xff\xd8\xff\xe0 a photograph".as_slice();
    for (files, texts) in [
        (vec![], vec!["Scegli il file del documento", "Scegli il file della tessera"]),
        (vec![("identity_document", PDF)], vec!["Scegli il file della tessera"]),
        (vec![("identity_document", PDF), ("health_card", b"".as_slice())], vec!["Scegli il file della tessera"]),
        (vec![("identity_document", large.as_slice()), ("health_card", PNG)], vec!["supera 2,5 MB"]),
        (
            vec![("identity_document", b"<script>".as_slice()), ("health_card", b"GIF89a")],
            vec!["non è JPEG, PNG o PDF"],
        ),
        (vec![("identity_document", PDF), ("health_card", PNG), ("identity_document", jpeg)], vec!["un solo file"]),
        (vec![("identity_document", PDF), ("health_card", PNG), ("other", jpeg)], vec!["un solo file"]),
    ] {
        person.browser.upload("/register/documents", &form, &files);
        assert!(person.browser.is_refused(), "{texts:?}: {}", person.browser.page);
        for text in texts {
            assert!(person.browser.page.contains(text), "{text}: {}", person.browser.page);
        }
    }
    // A form of another session.
    person.browser.upload("/register/documents", &[], &[("identity_document", PDF), ("health_card", PNG)]);
    person.is_at("/register/documents");
    // Other forms stay short.
    let form = person.browser.form("/register/documents").unwrap();
    person.browser.open("/register?step=personal");
    let long = "x".repeat(20_000);
    person.browser.submit("/register/personal", &[("name", &long)]);
    assert_eq!(person.browser.status, 413);

    // Files of the greatest length arrive as they were, and others replace them.
    person.browser.open("/register");
    let full = &large[..2_500_000];
    let photograph = [jpeg, &(0..=255).cycle().take(2_400_000).collect::<Vec<u8>>()].concat();
    for files in [
        [("identity_document", PDF), ("health_card", PNG)],
        [("identity_document", full), ("health_card", &photograph)],
    ] {
        person.browser.upload("/register/documents", &form, &files);
        person.is_at("/register/terms");
    }
    person.browser.submit("/register/terms", &[("terms", "yes")]);
    person.browser.submit("/register/summary", &[]);
    let mut operator = operator(&provider);
    let path = open_first(&mut operator);
    assert!(operator.download(&format!("{path}/documents/identity_document")) == full);
    assert!(operator.download(&format!("{path}/documents/health_card")) == photograph);
}

#[test]
fn whole_form_has_a_limit() {
    const LIMIT: usize = 16 * 1024 * 1024;
    let (_provider, mut person, form) = at_documents();
    let below = vec![b'x'; LIMIT - 4096];
    person.browser.upload("/register/documents", &form, &[("identity_document", &below), ("health_card", PNG)]);
    assert!(person.browser.page.contains("supera 2,5 MB"), "{} {}", person.browser.status, person.browser.page);
    let above = vec![b'x'; LIMIT];
    person.browser.upload("/register/documents", &form, &[("identity_document", &above), ("health_card", PNG)]);
    assert!(person.browser.page.contains("non sono arrivati per intero"), "{}", person.browser.page);
    // The application goes on.
    person.browser.open("/register");
    person.give_documents();
}
