//! The usersfile of liboath, read line by line.

use secondo::Digits;
use secondo::formats::{self, Note};
use secondo_import::{Format, Place, Problem, Unlock};

use crate::support::{HEX, moved_at, parameters, read_with};

/// The code 755224 is the first one of RFC 4226, appendix D, for counter 0.
const HOTP: &str = "HOTP rossi - 3132333435363738393031323334353637383930 0 755224 2009-12-07T17:25:42L\n";

#[test]
fn a_file_of_twelve_thousand_hotp_logins_is_read() {
    let file = format!("# a b c d e f\n{}", HOTP.repeat(12_000));
    let read = Format::Usersfile.read(file.as_bytes(), &Unlock::new(), moved_at());
    assert_eq!(read.flatten().count(), 12_000);
}

#[test]
fn the_caller_sets_the_limit_of_the_search() {
    // Nobody can have the code 000000 at that counter: its code is 755224. Each search takes one code.
    let lines = [HOTP, &HOTP.replace("755224", "000000"), "# a b c d e f\n", HOTP, HOTP].concat();
    let read = read_with(&lines, &Unlock::new().with_max_codes(3));
    let result = |n: usize| read[n].as_ref().map(|record| record.place).map_err(|error| (error.place, error.problem));
    let field = |line, problem| Err((Place::Line(line), Problem::Field(problem)));
    assert_eq!(result(0), Ok(Place::Line(1)));
    assert_eq!(result(1), field(2, formats::Problem::LastCode));
    assert_eq!(result(2), Ok(Place::Line(4)));
    assert_eq!(result(3), field(5, formats::Problem::Budget));
    assert!(read_with(lines, &Unlock::new().with_max_codes(4))[3].is_ok());
}

/// The number of codes that the search of a line of TOTP computed is counted, and no more.
#[test]
fn a_search_takes_the_codes_that_it_computed() {
    // 081804 is the code of time step 37037036 (RFC 6238, appendix B, 1111111109 s). The search begins 100 steps after
    // the last one that the time can be, twelve hours later, and there must be enough left for all until 100 before the
    // first one.
    let time = "2005-03-18T01:58:29L";
    let line = format!("HOTP/T30 rossi - {HEX} 0 081804 {time}\n");
    let (all, codes) = ((14 + 12) * 120 + 100 + 100 + 1, 12 * 120 + 100 + 1);
    for (max, expected) in [(all + codes, 2), (all + codes - 1, 1)] {
        let read = read_with(line.repeat(2), &Unlock::new().with_max_codes(max));
        assert_eq!(read.iter().filter(|item| item.is_ok()).count(), expected, "{max}");
    }
}

#[test]
fn the_digits_of_a_line_without_a_last_code() {
    let file = format!("HOTP/E/8 rossi - {HEX}\nHOTP/E verdi - {HEX}\n{HOTP}");
    let told = |unlock: &Unlock<'_>| {
        let records = read_with(&file, unlock).into_iter().map(Result::unwrap);
        records.map(|record| (parameters(&record), record.notes)).collect::<Vec<_>>()
    };
    let codes = |digits: u8, next: u8| format!("HOTP SHA1 {digits} next {next}");
    assert_eq!(
        told(&Unlock::new()),
        [(codes(8, 0), vec![Note::DigitsOfType]), (codes(6, 0), vec![Note::DigitsUnknown]), (codes(6, 1), Vec::new())]
    );
    // The last code decides for itself.
    assert_eq!(
        told(&Unlock::new().with_digits(Digits::Seven)),
        [(codes(7, 0), Vec::new()), (codes(7, 0), Vec::new()), (codes(6, 1), Vec::new())]
    );
}
