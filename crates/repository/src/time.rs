//! Times in records: `YYYY-MM-DDTHH:MM:SSZ`, seconds in UTC.

/// A moment, in whole seconds since 1970. It never decides anything about correctness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

const DAY: i64 = 86_400;

impl Time {
    /// The present, as the machine's clock has it.
    #[must_use]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self(since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0))
            .bounded()
    }

    /// Reads the one form that records have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = bytes.get(from..to)?;
            digits.iter().all(u8::is_ascii_digit).then_some(())?;
            str::from_utf8(digits).ok()?.parse().ok()
        };
        let days = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
        let seconds = number(11, 13)?.checked_mul(3600)?;
        let seconds = seconds.checked_add(number(14, 16)?.checked_mul(60)?)?;
        let time = Self(days.checked_mul(DAY)?.checked_add(seconds)?.checked_add(number(17, 19)?)?);
        (time.format() == text).then_some(time)
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`
    #[must_use]
    pub fn format(self) -> String {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let seconds = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// `YYYYMMDDTHHMMSSZ`, for names.
    #[must_use]
    pub fn compact(self) -> String {
        self.format().replace(['-', ':'], "")
    }

    /// Within the four digits of a year.
    fn bounded(self) -> Self {
        Self(self.0.clamp(-62_167_219_200, 253_402_300_799))
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible
/// low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = month.checked_add(9)? % 12;
    let day_of_year = shifted.checked_mul(153)?.checked_add(2)? / 5;
    let day_of_year = day_of_year.checked_add(day)?.checked_sub(1)?;
    let leaps = (year_of_era / 4).checked_sub(year_of_era / 100)?;
    let day_of_era = year_of_era.checked_mul(365)?.checked_add(leaps)?.checked_add(day_of_year)?;
    era.checked_mul(146_097)?.checked_add(day_of_era)?.checked_sub(719_468)
}

#[expect(clippy::arithmetic_side_effects, reason = "days of a bounded time are far from any limit")]
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times_are_read_and_others_refused() {
        assert_eq!(Time::parse("1970-01-01T00:00:00Z"), Some(Time(0)));
        assert_eq!(Time::parse("2026-11-23T10:14:44Z"), Some(Time(1_795_428_884)));
        for wrong in ["2026-02-30T00:00:00Z", "2026-11-23 10:14:44Z", "2026-11-23T24:00:00Z", ""] {
            assert_eq!(Time::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn parsing_inverts_formatting(seconds in -62_167_219_200_i64..253_402_300_800) {
            prop_assert_eq!(Time::parse(&Time(seconds).format()), Some(Time(seconds)));
        }
    }
}
