//! The time for which traces of accesses are kept.

use crate::gepi::people::{ANNA, AREA, BEFORE, MARIA, accredit, case, enter, maria};
use crate::support::provider::Provider;

#[test]
fn traces_are_kept_for_24_months() {
    let mut provider = Provider::start(BEFORE);
    let mut maria = enter(&provider, &maria(&provider));
    // Maria's own accreditation ends after a year.
    accredit(&mut maria, ANNA, "Administrator");
    let mut anna = enter(&provider, &provider.operator);
    let giulia = case(&mut anna, "Patto di Giulia Neri");
    maria.open(&format!("/gepi/case/{giulia}"));
    for (days, is_there) in [(730, true), (733, false)] {
        provider.restart(&format!("+{days}d"));
        let mut anna = enter(&provider, &provider.operator);
        anna.open(&format!("/gepi/traces?area={AREA}"));
        assert_eq!(anna.status, 200, "{}", anna.page);
        assert_eq!(anna.page.contains(MARIA) && anna.page.contains(&giulia), is_there, "{days}: {}", anna.page);
    }
}
