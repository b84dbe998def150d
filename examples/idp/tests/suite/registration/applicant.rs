//! A person who registers.

use crate::support::browser::Browser;
use crate::support::outbox::{code, message, messages};
use crate::support::page::assert_leads_onward;
use crate::support::provider::Provider;

pub(crate) const PASSWORD: &str = "Segreto-1984";
pub(crate) const PDF: &[u8] = b"%PDF-1.7 an identity document";
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a health card";

pub(crate) struct Applicant {
    pub(crate) browser: Browser,
    pub(crate) email: String,
    pub(crate) mobile: String,
    pub(crate) fiscal_code: String,
}

impl Applicant {
    /// Returns a person whose fiscal code begins with these six letters.
    pub(crate) fn new(provider: &Provider, letters: &str) -> Self {
        let (email, mobile) = (format!("{}@example.org", letters.to_lowercase()), mobile(letters));
        Self {
            browser: Browser::new(provider),
            email,
            mobile,
            fiscal_code: fiscal_code(&format!("{letters}90E17F205")),
        }
    }

    pub(crate) fn personal(&self) -> Vec<(&str, &str)> {
        vec![
            ("name", "Luigi"),
            ("family_name", "Verdi"),
            ("gender", "M"),
            ("date_of_birth", "1990-05-17"),
            ("county_of_birth", "MI"),
            ("place_of_birth", "F205"),
            ("fiscal_code", &self.fiscal_code),
        ]
    }

    pub(crate) fn give_personal(&mut self) {
        self.browser.open("/register");
        let data: Vec<(String, String)> =
            self.personal().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let data: Vec<(&str, &str)> = data.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.browser.submit("/register/personal", &data);
        self.is_at("/register/email");
    }

    pub(crate) fn give_email(&mut self, provider: &Provider) {
        let count = messages(provider, &self.email).len();
        self.browser.submit("/register/email", &[("email", &self.email), ("password", PASSWORD)]);
        let code = code(&message(provider, &self.email, count + 1));
        self.browser.submit("/register/code/email", &[("code", &code)]);
    }

    pub(crate) fn give_mobile(&mut self, provider: &Provider) {
        let count = messages(provider, &self.mobile).len();
        self.browser.submit("/register/mobile", &[("mobile", &self.mobile)]);
        let code = code(&message(provider, &self.mobile, count + 1));
        self.browser.submit("/register/code/mobile", &[("code", &code)]);
        self.is_at("/register/documents");
    }

    pub(crate) fn give_documents(&mut self) {
        let form = self.browser.form("/register/documents").unwrap();
        self.browser.upload("/register/documents", &form, &[("identity_document", PDF), ("health_card", PNG)]);
        self.is_at("/register/terms");
    }

    /// Goes through all steps, and returns the procedure code and the path of the page to withdraw.
    pub(crate) fn apply(&mut self, provider: &Provider) -> (String, String) {
        self.give_personal();
        self.give_email(provider);
        self.give_mobile(provider);
        self.give_documents();
        self.browser.submit("/register/terms", &[("terms", "yes"), ("marketing", "no")]);
        self.browser.submit("/register/summary", &[]);
        assert!(self.browser.page.contains("<h1>Richiesta inviata</h1>"), "{}", self.browser.page);
        assert_leads_onward(&self.browser.page);
        procedure(&messages(provider, &self.email)[0], provider)
    }

    pub(crate) fn is_at(&self, action: &str) {
        assert!(self.browser.form(action).is_some(), "not at {action}: {}", self.browser.page);
    }
}

/// Returns the procedure code of a mail, and the path of the page to withdraw.
fn procedure(mail: &str, provider: &Provider) -> (String, String) {
    let (_, code) = mail.split_once("Codice della pratica: ").unwrap();
    let (_, path) = mail.split_once(&provider.origin).unwrap();
    (code.split('<').next().unwrap().to_owned(), path.lines().next().unwrap().to_owned())
}

/// Returns an operator who has given the second factor.
pub(crate) fn operator(provider: &Provider) -> Browser {
    let mut browser = Browser::new(provider);
    let (user, password) = &provider.operator;
    browser.enroll_as(user, password);
    browser.give_code();
    assert!(browser.page.contains("action=\"/logout\""), "{}", browser.page);
    browser
}

/// Opens the first application on the list, and returns its path.
pub(crate) fn open_first(operator: &mut Browser) -> String {
    operator.open("/admin/requests");
    let page = &operator.page;
    let (_, path) = page.split_once("href=\"/admin/requests/").unwrap_or_else(|| panic!("no application: {page}"));
    let path = format!("/admin/requests/{}", path.split('"').next().unwrap());
    operator.open(&path);
    path
}

/// Returns the number of a person.
fn mobile(letters: &str) -> String {
    let digits: String = letters.bytes().map(|letter| char::from(b'0' + letter % 10)).collect();
    format!("+393{digits:0>9}")
}

/// Completes a fiscal code with its check character.
pub(crate) fn fiscal_code(start: &str) -> String {
    let odd = "BAKPLCQDREVOSFTGUHMINJWZYX";
    let value = |letter: char| letter.to_digit(10).unwrap_or_else(|| u32::from(letter) - u32::from('A'));
    let of = |(place, letter): (usize, char)| {
        let value = value(letter);
        if place % 2 == 1 {
            return value as usize;
        }
        odd.find(char::from(b'A' + u8::try_from(value).unwrap())).unwrap()
    };
    let sum: usize = start.chars().enumerate().map(of).sum();
    format!("{start}{}", char::from(b'A' + u8::try_from(sum % 26).unwrap()))
}
