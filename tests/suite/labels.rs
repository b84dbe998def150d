//! Labels of errors and refusals, the difference between an outage and a refusal, and texts for pages.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use quote::ToTokens;
use secondo::decision::{CommitError, Hold, Language};
use secondo::types::MalformedCode;
use secondo::{PublicRefusal, Refusal, UnixTime};
use syn::{Expr, ExprLit, ImplItem, Item, Lit, Stmt, Visibility};

use crate::support::sources::sources;
use crate::support::time::at;

/// The string literals of each type's `label` method, by type, and the public types that implement `Error`.
#[derive(Default)]
struct Found {
    labels: BTreeMap<String, Vec<String>>,
    errors: BTreeSet<String>,
    public: BTreeSet<String>,
}

impl Found {
    fn take(&mut self, item: Item) {
        match item {
            Item::Enum(item) if matches!(item.vis, Visibility::Public(_)) => {
                self.public.insert(item.ident.to_string());
            }
            Item::Struct(item) if matches!(item.vis, Visibility::Public(_)) => {
                self.public.insert(item.ident.to_string());
            }
            Item::Impl(item) => {
                let name = item.self_ty.to_token_stream().to_string().split(' ').next().unwrap().to_owned();
                if let Some((path, _)) = item.trait_ {
                    if path.segments.last().unwrap().ident == "Error" {
                        self.errors.insert(name);
                    }
                    return;
                }
                for part in item.items {
                    let ImplItem::Fn(method) = part else { continue };
                    if method.sig.ident == "label" && method.sig.constness.is_some() {
                        let Some(Stmt::Expr(result, None)) = method.block.stmts.last() else { panic!("{name}") };
                        let labels = match result {
                            Expr::Match(each) => each.arms.iter().filter_map(|arm| literal(&arm.body)).collect(),
                            single => literal(single).into_iter().collect(),
                        };
                        self.labels.insert(name.clone(), labels);
                    }
                }
            }
            _ => {}
        }
    }
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The checks' own error is exempt: `Violation::check` names the check that failed.
#[test]
fn every_error_has_a_label_for_each_kind() {
    let mut found = Found::default();
    for folder in ["src", "stores/postgres/src", "stores/redb/src", "stores/redis/src", "pkcs11/src"] {
        for source in sources(folder).values() {
            syn::parse_file(source).unwrap().items.into_iter().for_each(|item| found.take(item));
        }
    }
    let errors: Vec<_> = found.errors.intersection(&found.public).filter(|name| *name != "Violation").collect();
    let mut rows = String::new();
    for name in errors.into_iter().chain([&"PublicRefusal".to_owned()]) {
        let labels = found.labels.get(name).unwrap_or_else(|| panic!("{name} has no label"));
        assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), labels.len(), "{name}: {labels:?}");
        rows.extend([name, ":"]);
        for label in labels {
            rows.extend([" ", label]);
        }
        rows.push('\n');
    }
    // A label that changes here changes under every dashboard: it may only be added.
    let stable = include_str!("../vectors/labels.txt");
    assert_eq!(rows, stable.split_once("\n\n").unwrap().1, "{rows}");
}

#[test]
fn an_outage_is_not_a_refusal() {
    let wrong = Refusal::Wrong { remaining: 1, hold: Hold::None };
    for refusal in [wrong, Refusal::Suspended, Refusal::ClockBehind] {
        assert!(!CommitError::<io::Error>::Refused(refusal).is_outage());
        assert_eq!(CommitError::<io::Error>::Refused(refusal).label(), refusal.label());
    }
    assert!(CommitError::Store(io::Error::from(io::ErrorKind::TimedOut)).is_outage());
}

#[cfg(feature = "verifier")]
#[test]
fn a_verifier_tells_its_outages_from_refusals() {
    use secondo::VerifierError;
    use secondo::account::{AccountError, RecordError};
    use secondo::types::Counter;

    type Error = VerifierError<io::Error>;
    for error in [
        Error::Unknown,
        Error::Contended,
        Error::Store(io::ErrorKind::TimedOut.into()),
        Error::Record(RecordError::Version(9)),
        Error::Hsm(Box::new(io::Error::from(io::ErrorKind::TimedOut))),
    ] {
        assert!(error.is_outage(), "{error}");
    }
    for error in [
        Error::Refused(Refusal::Closed),
        Error::Account(AccountError::Last),
        Error::Account(AccountError::ImplausibleStep(Counter::new(u64::MAX))),
    ] {
        assert!(!error.is_outage(), "{error}");
    }
}

/// Logs of adopters print the chain of causes.
#[cfg(feature = "std")]
#[test]
fn an_error_has_its_cause() {
    use std::error::Error;

    use pollster::block_on;
    use secondo::store::{Boxed, Entry, Enumerate, Exchange, Revision, Store, Value};
    use secondo::{AccountId, VerifierError};

    /// A store whose error is another's.
    struct Broken;

    fn broken<T>() -> io::Result<T> {
        Err(io::Error::other(VerifierError::<io::Error>::Store(io::ErrorKind::TimedOut.into())))
    }

    impl Store for Broken {
        type Error = io::Error;

        async fn load(&self, _: &AccountId) -> io::Result<Option<Entry>> {
            broken()
        }

        async fn compare_exchange(
            &self,
            _: &AccountId,
            _: Option<Revision>,
            _: Value,
            _: Option<UnixTime>,
        ) -> io::Result<Exchange> {
            broken()
        }
    }

    impl Enumerate for Broken {
        async fn ids_after(&self, _: Option<&AccountId>) -> io::Result<Vec<AccountId>> {
            broken()
        }
    }

    let timeout = || io::Error::from(io::ErrorKind::TimedOut);
    let boxed = block_on(Boxed::new(Broken).ids_after(None)).unwrap_err();
    for error in [&CommitError::Store(timeout()) as &dyn Error, &VerifierError::Store(timeout()), &boxed] {
        assert_eq!(error.source().unwrap().to_string(), timeout().to_string());
    }
    assert!(CommitError::<io::Error>::Refused(Refusal::Closed).source().is_none());
}

#[test]
fn the_public_learns_when_to_try_again() {
    let until = at(1_700_000_000);
    let wrong = |hold| PublicRefusal::Wrong { remaining: 0, hold };
    for refusal in [
        PublicRefusal::Locked { until: Some(until) },
        PublicRefusal::Throttled { retry_at: until },
        wrong(Hold::Throttled(until)),
        wrong(Hold::LockedUntil(until)),
    ] {
        assert_eq!(refusal.retry_at(), Some(until), "{refusal:?}");
    }
    for refusal in
        [PublicRefusal::Locked { until: None }, wrong(Hold::Locked), wrong(Hold::None), PublicRefusal::Expired]
    {
        assert_eq!(refusal.retry_at(), None, "{refusal:?}");
    }
    for hold in [Hold::Throttled(until), Hold::LockedUntil(until)] {
        assert!(hold.is_in_force(at(1_699_999_999)) && !hold.is_in_force(until), "{hold:?}");
    }
}

/// A page can tell the person what to do next after each of these errors.
#[cfg(feature = "verifier")]
#[test]
fn the_public_learns_what_to_do() {
    use secondo::VerifierError;
    use secondo::account::AccountError;

    type Error = VerifierError<io::Error>;
    for error in [AccountError::NoEnrollmentCode, AccountError::EnrollmentCodeUsed, AccountError::WrongEnrollmentCode] {
        assert_eq!(Error::Account(error).public(), PublicRefusal::EnrollmentCode);
    }
    #[cfg(feature = "push")]
    {
        use secondo::push::PushRefusal;

        assert_eq!(Error::Push(PushRefusal::Expired).public(), PublicRefusal::Expired);
        for refusal in [PushRefusal::Denied, PushRefusal::NotMe, PushRefusal::WrongNumber] {
            assert_eq!(Error::Push(refusal).public(), PublicRefusal::NotApproved);
        }
    }
}

#[test]
fn texts_for_pages_are_whole_sentences() {
    let (throttled, locked) = (Hold::Throttled(at(60)), Hold::LockedUntil(at(3600)));
    let wrong = |remaining, hold| PublicRefusal::Wrong { remaining, hold };
    for (refusal, english, italian) in [
        (
            PublicRefusal::Malformed(MalformedCode::Length { expected: 6, found: 5 }),
            "Enter a code of 6 digits.",
            "Inserisci un codice di 6 cifre.",
        ),
        (
            PublicRefusal::Malformed(MalformedCode::Character { position: 2 }),
            "Enter digits only.",
            "Inserisci soltanto cifre.",
        ),
        (
            PublicRefusal::Malformed(MalformedCode::Count { expected: 2, found: 1 }),
            "Enter 2 consecutive codes.",
            "Inserisci 2 codici consecutivi.",
        ),
        (
            wrong(4, Hold::None),
            "The code is not correct. 4 attempts remain.",
            "Il codice non è corretto. Restano 4 tentativi.",
        ),
        (
            wrong(1, throttled),
            "The code is not correct. 1 attempt remains. You can try again from 60.",
            "Il codice non è corretto. Resta 1 tentativo. Potrai riprovare a partire da: 60.",
        ),
        (
            wrong(0, locked),
            "The code is not correct. Too many attempts have failed. You can try again from 3600.",
            "Il codice non è corretto. Ci sono stati troppi tentativi non riusciti. Potrai riprovare a partire da: 3600.",
        ),
        (
            wrong(0, Hold::Locked),
            "The code is not correct. Too many attempts have failed. Contact the help desk.",
            "Il codice non è corretto. Ci sono stati troppi tentativi non riusciti. Contatta l'assistenza.",
        ),
        (
            PublicRefusal::Locked { until: None },
            "Too many attempts have failed. Contact the help desk.",
            "Ci sono stati troppi tentativi non riusciti. Contatta l'assistenza.",
        ),
        (
            PublicRefusal::Throttled { retry_at: at(60) },
            "You can try again from 60.",
            "Potrai riprovare a partire da: 60.",
        ),
        (
            PublicRefusal::Suspended,
            "Your authenticator is suspended. Contact the help desk.",
            "Il tuo autenticatore è sospeso. Contatta l'assistenza.",
        ),
        (
            PublicRefusal::Unavailable,
            "The code cannot be verified now. Try again later.",
            "Il codice non può essere verificato in questo momento. Riprova più tardi.",
        ),
    ] {
        assert_eq!(refusal.text(Language::English, UnixTime::as_secs).to_string(), english);
        assert_eq!(refusal.text(Language::Italian, UnixTime::as_secs).to_string(), italian);
    }
}
