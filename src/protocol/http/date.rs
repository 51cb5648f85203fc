// SPDX-License-Identifier: GPL-2.0-only

//! Dates (RFC 9110 section 5.6.7).

use crate::bytes::{
    parse_number,
    split_once, //
};

/// Seconds since the beginning of 1970, UTC. Earlier times become that beginning.
///
/// # Examples
///
/// ```
/// use protocol::http::Timestamp;
///
/// let time = Timestamp(784_111_777);
/// assert_eq!(time.render(), *b"Sun, 06 Nov 1994 08:49:37 GMT");
///
/// let now = Timestamp(1_795_410_000);
/// assert_eq!(Timestamp::parse(b"Sunday, 06-Nov-94 08:49:37 GMT", now), Some(time));
/// assert_eq!(Timestamp::parse(b"yesterday", now), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timestamp(pub u64);

/// Length of an IMF-fixdate in bytes.
pub const DATE_LENGTH: usize = 29;

/// Length of a minute for readers in bytes.
const MINUTE_LENGTH: usize = 20;

/// Length of a date of the common log format in bytes.
const LOG_LENGTH: usize = 26;

/// Length of the date and the time of RFC 3339 in bytes.
const RFC3339_LENGTH: usize = 19;

/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Days from 1 March 0000 to 1 January 1970.
const EPOCH: u64 = 719_468;

/// Days of four hundred years, after which the calendar repeats.
const ERA: u64 = 146_097;

const DAYS: [&[u8; 3]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];

const LONG_DAYS: [&[u8]; 7] = [
    b"Sunday",
    b"Monday",
    b"Tuesday",
    b"Wednesday",
    b"Thursday",
    b"Friday",
    b"Saturday",
];

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A date of the Gregorian calendar and a time of that day.
#[derive(Clone, Copy)]
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Timestamp {
    /// Returns the time if it can be the modification date of a file.
    ///
    /// A time on the first day is none: nix, Guix and OSTree give 0 or 1 second to every file,
    /// whatever it contains, and a clock without a battery begins there.
    #[inline]
    pub fn known(self) -> Option<Timestamp> {
        (self.0 > DAY).then_some(self)
    }

    /// Renders the preferred format, `Sun, 06 Nov 1994 08:49:37 GMT`. A time after the year 9999
    /// becomes the end of that year.
    pub fn render(self) -> [u8; DATE_LENGTH] {
        let seconds = self.0.min(LAST);
        let date = Civil::at(seconds);
        let mut text = *b"Thu, 01 Jan 1970 00:00:00 GMT";
        copy(&mut text, 0, DAYS.get(weekday(seconds)).copied());
        digits(&mut text, 5, date.day);
        copy(&mut text, 8, date.month_name());
        digits(&mut text, 12, date.year.wrapping_div(100));
        digits(&mut text, 14, date.year.wrapping_rem(100));
        date.render_time(&mut text, 17);
        text
    }

    /// Renders the minute for readers, `1994-11-06 08:49 UTC`. A time after the year 9999 becomes the
    /// end of that year.
    pub fn render_minute(self) -> [u8; MINUTE_LENGTH] {
        let date = Civil::at(self.0);
        let mut text = *b"1970-01-01 00:00 UTC";
        date.render_day(&mut text);
        digits(&mut text, 11, date.hour);
        digits(&mut text, 14, date.minute);
        text
    }

    /// Renders the format of Apache's logs, `06/Nov/1994:08:49:37 +0000`. A time after the year 9999
    /// becomes the end of that year.
    pub(crate) fn render_log(self) -> [u8; LOG_LENGTH] {
        let date = Civil::at(self.0);
        let mut text = *b"01/Jan/1970:00:00:00 +0000";
        digits(&mut text, 0, date.day);
        copy(&mut text, 3, date.month_name());
        digits(&mut text, 7, date.year.wrapping_div(100));
        digits(&mut text, 9, date.year.wrapping_rem(100));
        date.render_time(&mut text, 12);
        text
    }

    /// Renders the date and the time of RFC 3339 section 5.6, `1994-11-06T08:49:37`, without a
    /// fraction of the second and an offset. A time after the year 9999 becomes the end of that
    /// year.
    pub(crate) fn render_rfc3339(self) -> [u8; RFC3339_LENGTH] {
        let date = Civil::at(self.0);
        let mut text = *b"1970-01-01T00:00:00";
        date.render_day(&mut text);
        date.render_time(&mut text, 11);
        text
    }

    /// Parses any of the three formats that a recipient must accept. Returns [`None`] for a
    /// malformed date.
    ///
    /// `now` decides the century of a year with two digits.
    pub fn parse(value: &[u8], now: Timestamp) -> Option<Timestamp> {
        imf_fixdate(value)
            .or_else(|| rfc850_date(value, now))
            .or_else(|| asctime_date(value))?
            .timestamp()
    }
}

impl Civil {
    /// Returns the date and time of a second, which is [`LAST`] at most.
    ///
    /// Internally a year begins on 1 March, so that the leap day is its last day.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "LAST is far below any overflow"
    )]
    fn at(seconds: u64) -> Civil {
        let seconds = seconds.min(LAST);
        let days = seconds / DAY + EPOCH;
        let of_era = days % ERA;
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        Civil {
            year: days / ERA * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
            hour: seconds % DAY / 3600,
            minute: seconds % 3600 / 60,
            second: seconds % 60,
        }
    }

    /// Returns the name of the month.
    fn month_name(&self) -> Option<&'static [u8; 3]> {
        MONTHS.get(index(self.month.saturating_sub(1))).copied()
    }

    /// Renders the day at the front of `text`, `1994-11-06`.
    fn render_day(&self, text: &mut [u8]) {
        digits(text, 0, self.year.wrapping_div(100));
        digits(text, 2, self.year.wrapping_rem(100));
        digits(text, 5, self.month);
        digits(text, 8, self.day);
    }

    /// Renders the time at an offset, `08:49:37`.
    fn render_time(&self, text: &mut [u8], at: usize) {
        digits(text, at, self.hour);
        digits(text, at.saturating_add(3), self.minute);
        digits(text, at.saturating_add(6), self.second);
    }

    /// Returns the second of this date, or [`None`] if the calendar or the clock does not have it.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "each part is bounded before it is used"
    )]
    fn timestamp(self) -> Option<Timestamp> {
        if !(1..=12).contains(&self.month)
            || self.day < 1
            || self.day > days_of_month(self.year, self.month)
        {
            return None;
        }
        // A clock without leap seconds shows the second before twice.
        if self.hour > 23 || self.minute > 59 || self.second > 60 || self.year > 9999 {
            return None;
        }
        if self.year < 1970 {
            return Some(Timestamp(0));
        }
        let year = self.year - u64::from(self.month <= 2);
        let from_march = if self.month > 2 {
            self.month - 3
        } else {
            self.month + 9
        };
        let of_year = (153 * from_march + 2) / 5 + self.day - 1;
        let of_era = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + of_year;
        let days = (year / 400 * ERA + of_era).checked_sub(EPOCH)?;
        Some(Timestamp(
            days * DAY + self.hour * 3600 + self.minute * 60 + self.second.min(59),
        ))
    }
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn leap(year: u64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Parses `Sun, 06 Nov 1994 08:49:37 GMT`.
fn imf_fixdate(value: &[u8]) -> Option<Civil> {
    let (name, rest) = value.split_at_checked(3)?;
    let rest = rest.strip_suffix(b" GMT")?;
    let [b',', b' ', d1, d2, b' ', m1, m2, m3, b' ', y1, y2, y3, y4, b' ', time @ ..] = rest else {
        return None;
    };
    DAYS.iter().find(|day| day.as_slice() == name)?;
    with_time(
        number(&[*y1, *y2, *y3, *y4])?,
        month(&[*m1, *m2, *m3])?,
        number(&[*d1, *d2])?,
        time,
    )
}

/// Parses `Sunday, 06-Nov-94 08:49:37 GMT`.
fn rfc850_date(value: &[u8], now: Timestamp) -> Option<Civil> {
    let (name, rest) = split_once(value, b',')?;
    let rest = rest.strip_suffix(b" GMT")?;
    let [b' ', d1, d2, b'-', m1, m2, m3, b'-', y1, y2, b' ', time @ ..] = rest else {
        return None;
    };
    LONG_DAYS.iter().find(|day| **day == name)?;
    let year = century(number(&[*y1, *y2])?, now);
    with_time(year, month(&[*m1, *m2, *m3])?, number(&[*d1, *d2])?, time)
}

/// Parses `Sun Nov  6 08:49:37 1994`.
fn asctime_date(value: &[u8]) -> Option<Civil> {
    let (name, rest) = value.split_at_checked(3)?;
    let [b' ', m1, m2, m3, b' ', d1, d2, b' ', time @ .., b' ', y1, y2, y3, y4] = rest else {
        return None;
    };
    DAYS.iter().find(|day| day.as_slice() == name)?;
    let day = if *d1 == b' ' {
        number(&[*d2])?
    } else {
        number(&[*d1, *d2])?
    };
    with_time(
        number(&[*y1, *y2, *y3, *y4])?,
        month(&[*m1, *m2, *m3])?,
        day,
        time,
    )
}

/// Parses `08:49:37`, and adds it to a date.
fn with_time(year: u64, month: u64, day: u64, time: &[u8]) -> Option<Civil> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = time else {
        return None;
    };
    Some(Civil {
        year,
        month,
        day,
        hour: number(&[*h1, *h2])?,
        minute: number(&[*m1, *m2])?,
        second: number(&[*s1, *s2])?,
    })
}

/// Returns the year with these two last digits: at most 50 years ahead, else in the past.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "a year of Civil::at has four digits, at least 1970"
)]
fn century(two_digits: u64, now: Timestamp) -> u64 {
    let this = Civil::at(now.0).year;
    let year = this / 100 * 100 + two_digits;
    if year > this + 50 {
        year - 100
    } else {
        year
    }
}

/// Returns the number of a month, from 1 on.
fn month(name: &[u8; 3]) -> Option<u64> {
    let position = MONTHS.iter().position(|month| *month == name)?;
    u64::try_from(position).ok()?.checked_add(1)
}

/// Parses a part of a date.
fn number(digits: &[u8]) -> Option<u64> {
    parse_number(digits, 10)
}

/// Returns the index of the weekday in [`DAYS`]. The first day of 1970 was a Thursday.
fn weekday(seconds: u64) -> usize {
    index(seconds.wrapping_div(DAY).saturating_add(4).wrapping_rem(7))
}

fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Writes a name to an offset.
fn copy(text: &mut [u8], at: usize, name: Option<&[u8; 3]>) {
    if let (Some(room), Some(name)) = (text.get_mut(at..).and_then(<[u8]>::first_chunk_mut), name) {
        *room = *name;
    }
}

/// Writes the last two digits of `value` to an offset.
fn digits(text: &mut [u8], at: usize, value: u64) {
    let digit = |value: u64| {
        u8::try_from(value.wrapping_rem(10))
            .unwrap_or(0)
            .saturating_add(b'0')
    };
    if let Some(room) = text.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *room = [digit(value.wrapping_div(10)), digit(value)];
    }
}

#[cfg(test)]
mod tests;
