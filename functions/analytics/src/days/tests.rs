use time::macros::datetime;

use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn day(name: &str, date: &str) -> Day {
    let date = read(date).unwrap();
    between(date, date, &zone(name)).unwrap().remove(0)
}

#[test]
fn a_day_begins_and_ends_when_the_clocks_of_its_zone_show_it() {
    for (name, date, start, end) in [
        ("UTC", "2025-11-17", datetime!(2025-11-17 0:00 UTC), datetime!(2025-11-18 0:00 UTC)),
        (
            "Europe/Berlin",
            "2025-11-17",
            datetime!(2025-11-16 23:00 UTC),
            datetime!(2025-11-17 23:00 UTC),
        ),
        (
            "Asia/Kathmandu",
            "2025-11-17",
            datetime!(2025-11-16 18:15 UTC),
            datetime!(2025-11-17 18:15 UTC),
        ),
        // A zone of :45, in its summer.
        (
            "Pacific/Chatham",
            "2025-11-17",
            datetime!(2025-11-16 10:15 UTC),
            datetime!(2025-11-17 10:15 UTC),
        ),
        // The clocks go forward, and back: by an hour, and on one island by half of it.
        (
            "Europe/Berlin",
            "2025-03-30",
            datetime!(2025-03-29 23:00 UTC),
            datetime!(2025-03-30 22:00 UTC),
        ),
        (
            "Europe/Berlin",
            "2025-10-26",
            datetime!(2025-10-25 22:00 UTC),
            datetime!(2025-10-26 23:00 UTC),
        ),
        (
            "Australia/Lord_Howe",
            "2025-10-05",
            datetime!(2025-10-04 13:30 UTC),
            datetime!(2025-10-05 13:00 UTC),
        ),
        // Midnight is left out, and so is a whole day.
        (
            "Africa/Cairo",
            "2025-04-25",
            datetime!(2025-04-24 22:00 UTC),
            datetime!(2025-04-25 21:00 UTC),
        ),
        (
            "Pacific/Apia",
            "2011-12-30",
            datetime!(2011-12-30 10:00 UTC),
            datetime!(2011-12-30 10:00 UTC),
        ),
    ] {
        let day = day(name, date);
        assert_eq!((day.start, day.end), (start, end), "{date} in {name}");
    }
}

#[test]
fn days_follow_each_other_and_begin_on_quarters_in_every_zone() {
    let [from, to] = ["2025-03-10", "2025-04-09"].map(|text| read(text).unwrap());
    for name in jiff::tz::db().available() {
        let days = between(from, to, &zone(name.as_str())).unwrap();
        assert_eq!(days.len(), DAYS_MAX, "{name}");
        for pair in days.windows(2) {
            assert_eq!(pair[0].end, pair[1].start, "{name}");
        }
        let off = days.iter().find(|day| Quarter::of(day.start).start() != day.start);
        assert_eq!(off, None, "{name}");
    }
}

#[test]
fn a_span_is_read_day_by_day() {
    let part = |day: &str, from: &str, to: &str| (day.to_owned(), from.to_owned(), to.to_owned());
    let start = datetime!(2025-11-16 23:00 UTC);
    assert_eq!(
        parts(start, datetime!(2025-11-18 10:15 UTC)),
        [
            part("2025-11-16", "23:00", "24:00"),
            part("2025-11-17", "00:00", "24:00"),
            part("2025-11-18", "00:00", "10:15"),
        ]
    );
    let until_midnight = parts(start, datetime!(2025-11-17 0:00 UTC));
    assert_eq!(until_midnight, [part("2025-11-16", "23:00", "24:00")]);
    assert_eq!(parts(start, start), []);
}

#[test]
fn what_is_no_day_is_not_read() {
    for text in ["", "2025-11-31", "2025-1-1", "17.11.2025", "1999-12-31", "2025-11-17T00:00:00Z"] {
        assert_eq!(read(text), None, "{text}");
    }
}
