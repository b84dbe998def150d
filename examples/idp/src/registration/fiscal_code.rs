//! The Italian fiscal code of a natural person (ministerial decree of 12 March 1974).

use jiff::civil::Date;

use crate::problem::Problem;

/// The places of the digits, from 0.
const DIGITS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];
/// The letters that stand for 0 to 9 in codes that two people would share otherwise (omocodia).
const OMOCODIA: &str = "LMNPQRSTUV";
/// The letters of the months.
const MONTHS: &str = "ABCDEHLMPRST";
/// The days of women are greater by this.
const WOMEN: i8 = 40;
/// The values of A to Z, and of 0 to 9, at the first place, the third, and so on.
const ODD: [u8; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// A fiscal code with a right check character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FiscalCode {
    code: String,
    /// The code with digits in the places of digits.
    plain: String,
}

impl FiscalCode {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let code: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let plain = code.chars().enumerate().map(|(place, letter)| match DIGITS.contains(&place) {
            true if letter.is_ascii_digit() => Some(letter),
            true => char::from_digit(u32::try_from(OMOCODIA.find(letter)?).ok()?, 10),
            false => Some(letter).filter(char::is_ascii_uppercase),
        });
        let plain = plain.collect::<Option<String>>().filter(|plain| plain.len() == 16 && code.len() == 16);
        let plain = plain.ok_or(Problem::FiscalCodeForm)?;
        if code.chars().next_back() != check_character(&code) {
            return Err(Problem::FiscalCodeCheck);
        }
        let parsed = Self { code, plain };
        if parsed.month().is_none() || parsed.day().is_none() {
            return Err(Problem::FiscalCodeForm);
        }
        Ok(parsed)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.code
    }

    /// Checks that the code is of a person with these data.
    pub(crate) fn check(&self, birth: Date, gender: char, place: &str) -> Result<(), Problem> {
        let year = self.plain.get(6..8).and_then(|year| year.parse::<i16>().ok());
        let day = self.day().unwrap_or_default();
        let is_woman = day > WOMEN;
        let day = if is_woman { day - WOMEN } else { day };
        if year != Some(birth.year() % 100) || self.month() != Some(birth.month()) || day != birth.day() {
            return Err(Problem::FiscalCodeDate);
        }
        if is_woman != (gender == 'F') {
            return Err(Problem::FiscalCodeGender);
        }
        if self.plain.get(11..15) != Some(place) {
            return Err(Problem::FiscalCodePlace);
        }
        Ok(())
    }

    fn month(&self) -> Option<i8> {
        let letter = self.plain.chars().nth(8)?;
        i8::try_from(MONTHS.find(letter)? + 1).ok()
    }

    /// Returns the day of birth as the code has it.
    fn day(&self) -> Option<i8> {
        let day: i8 = self.plain.get(9..11)?.parse().ok()?;
        let of_month = if day > WOMEN { day - WOMEN } else { day };
        (1..=31).contains(&of_month).then_some(day)
    }
}

/// Returns the check character of the first 15 characters.
fn check_character(code: &str) -> Option<char> {
    let values = code.bytes().take(15).enumerate().map(|(place, letter)| {
        let value = if letter.is_ascii_digit() { letter - b'0' } else { letter.checked_sub(b'A')? };
        // Places are counted from 1 in the decree.
        if place % 2 == 0 { ODD.get(usize::from(value)).copied().map(u16::from) } else { Some(value.into()) }
    });
    let sum = values.sum::<Option<u16>>()?;
    u8::try_from(sum % 26).ok().map(|rest| char::from(b'A' + rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails so")]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn check_character_and_form() {
        for code in ["RSSMRA80B69H501U", "BNCNNA75A41H501U", "rss mra 80b69 h501u"] {
            FiscalCode::parse(code).unwrap();
        }
        assert_eq!(FiscalCode::parse("RSSMRA80B69H501V"), Err(Problem::FiscalCodeCheck));
        for code in
            ["", "RSSMRA80B69H501", "RSSMRA80B69H501UU", "RSSMRA8AB69H501U", "RSS1RA80B69H501U", "RSSMRÀ80B69H501"]
        {
            assert_eq!(FiscalCode::parse(code), Err(Problem::FiscalCodeForm), "{code}");
        }
        // The sum of the characters is as great as it can be.
        assert_eq!(FiscalCode::parse("ZZZZZZ80Z69Z999Z"), Err(Problem::FiscalCodeCheck));
        // A month, and days, that are none.
        for code in ["RSSMRA80F69H501", "RSSMRA80B00H501", "RSSMRA80B72H501", "RSSMRA80B40H501"] {
            let code = format!("{code}{}", check_character(code).unwrap());
            assert_eq!(FiscalCode::parse(&code), Err(Problem::FiscalCodeForm), "{code}");
        }
    }

    #[test]
    fn every_changed_character_is_found_or_changes_the_person() {
        let code = "RSSMRA80B69H501U";
        let birth = date(1980, 2, 29);
        for (place, _) in code.char_indices().skip(6).take(9) {
            for letter in ('A'..='Z').chain('0'..='9') {
                let mut changed = code.to_owned();
                changed.replace_range(place..=place, &letter.to_string());
                changed.truncate(15);
                changed.push(check_character(&changed).unwrap());
                let checked = FiscalCode::parse(&changed).and_then(|code| code.check(birth, 'F', "H501"));
                let is_omocodia =
                    DIGITS.contains(&place) && OMOCODIA.find(letter) == code[place..=place].parse::<usize>().ok();
                assert_eq!(checked.is_ok(), changed == code || is_omocodia, "{changed}");
            }
        }
    }

    #[test]
    fn data_of_another_person() {
        let code = FiscalCode::parse("RSSMRA80B69H501U").unwrap();
        assert_eq!(code.check(date(1980, 2, 29), 'F', "H501"), Ok(()));
        for birth in [date(1980, 2, 28), date(1981, 2, 28), date(1980, 3, 29)] {
            assert_eq!(code.check(birth, 'F', "H501"), Err(Problem::FiscalCodeDate));
        }
        assert_eq!(code.check(date(1980, 2, 29), 'M', "H501"), Err(Problem::FiscalCodeGender));
        assert_eq!(code.check(date(1980, 2, 29), 'F', "F205"), Err(Problem::FiscalCodePlace));
        // All digits replaced, as for the last of many people with one code.
        let letters = "RSSMRAULBSVHRLM";
        let letters = FiscalCode::parse(&format!("{letters}{}", check_character(letters).unwrap())).unwrap();
        assert_eq!(letters.check(date(1980, 2, 29), 'F', "H501"), Ok(()));
    }
}
