// SPDX-License-Identifier: GPL-2.0-only

//! Tests of dates.

use super::{Timestamp, LAST};

/// Mon, 23 Nov 2026 05:00:00 GMT.
const NOW: Timestamp = Timestamp(1_795_410_000);

fn parse(text: &str) -> Option<u64> {
    Timestamp::parse(text.as_bytes(), NOW).map(|time| time.0)
}

fn render(seconds: u64) -> String {
    String::from_utf8(Timestamp(seconds).render().to_vec()).unwrap()
}

#[test]
fn rfc9110_5_6_7_three_date_formats_are_parsed() {
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        assert_eq!(parse(text), Some(784_111_777), "{text}");
    }
    assert_eq!(parse("Tue Feb 29 23:59:60 2000"), Some(951_868_799));
}

#[test]
fn rfc9110_5_6_7_dates_are_sent_as_imf_fixdate() {
    assert_eq!(render(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(render(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(render(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
    assert_eq!(render(LAST), "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_eq!(render(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
}

#[test]
fn minute_for_readers_names_its_zone() {
    let minute = |seconds| String::from_utf8(Timestamp(seconds).render_minute().to_vec()).unwrap();
    assert_eq!(minute(784_111_777), "1994-11-06 08:49 UTC");
    assert_eq!(minute(951_782_400), "2000-02-29 00:00 UTC");
    assert_eq!(minute(u64::MAX), "9999-12-31 23:59 UTC");
}

#[test]
fn rfc9110_5_6_7_rendered_date_of_every_day_is_parsed_again() {
    for day in 0..=LAST / 86_400 {
        let seconds = day * 86_400 + day % 86_400;
        assert_eq!(
            Timestamp::parse(&Timestamp(seconds).render(), NOW),
            Some(Timestamp(seconds))
        );
    }
}

#[test]
fn rfc9110_5_6_7_two_digit_year_lies_at_most_50_years_ahead() {
    assert_eq!(
        parse("Saturday, 01-Jan-00 00:00:00 GMT"),
        parse("Sat, 01 Jan 2000 00:00:00 GMT")
    );
    assert_eq!(
        parse("Wednesday, 01-Jan-76 00:00:00 GMT"),
        parse("Wed, 01 Jan 2076 00:00:00 GMT")
    );
    assert_eq!(
        parse("Saturday, 01-Jan-77 00:00:00 GMT"),
        parse("Sat, 01 Jan 1977 00:00:00 GMT")
    );
    assert_eq!(
        parse("Sunday, 06-Nov-94 08:49:37 GMT"),
        parse("Sun, 06 Nov 1994 08:49:37 GMT")
    );
}

#[test]
fn rfc9110_5_6_7_times_before_1970_become_its_beginning() {
    assert_eq!(parse("Thu, 01 Jan 1903 00:00:00 GMT"), Some(0));
    assert_eq!(parse("Sat, 01 Jan 0000 00:00:00 GMT"), Some(0));
}

#[test]
fn rfc9110_5_6_7_malformed_date_is_none() {
    for text in [
        "",
        "yesterday",
        "1577934245",
        "2020-01-02T03:04:05Z",
        "Thu, 02 Jan 2020",
        "Thu, 32 Jan 2020 03:04:05 GMT",
        "Thu, 00 Jan 2020 03:04:05 GMT",
        "Sat, 29 Feb 2100 03:04:05 GMT",
        "Thu, 31 Apr 2020 03:04:05 GMT",
        "Thu, 02 Foo 2020 03:04:05 GMT",
        "Xyz, 02 Jan 2020 03:04:05 GMT",
        "Thu, 02 Jan 2020 24:00:00 GMT",
        "Thu, 02 Jan 2020 03:60:05 GMT",
        "Thu, 02 Jan 2020 03:04:61 GMT",
        "Thu, 02 Jan -020 03:04:05 GMT",
        "Thu, 02 Jan 2020 03:04:05",
        "Thu, 02 Jan 2020 03:04:05 UTC",
        "Thu, 02 Jan 2020 03:04:05 GMT; length=5",
        "thu, 02 jan 2020 03:04:05 gmt",
        "Thursday, 02-Jan-2020 03:04:05 GMT",
        "Thu, 02-Jan-20 03:04:05 GMT",
        "Thu Jan 2 03:04:05 2020",
        "Thu Jan  2 03:04:05 20",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn dates_of_logs_have_the_forms_of_apache_and_of_rfc3339() {
    let log = |seconds| String::from_utf8(Timestamp(seconds).render_log().to_vec()).unwrap();
    assert_eq!(log(784_111_777), "06/Nov/1994:08:49:37 +0000");
    assert_eq!(log(u64::MAX), "31/Dec/9999:23:59:59 +0000");
    let rfc3339 =
        |seconds| String::from_utf8(Timestamp(seconds).render_rfc3339().to_vec()).unwrap();
    assert_eq!(rfc3339(784_111_777), "1994-11-06T08:49:37");
    assert_eq!(rfc3339(u64::MAX), "9999-12-31T23:59:59");
}
