//! Tries when changes may begin: by the clock, by the calendar, and over daylight saving time.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn window(kind: Kind, cron: &str, zone: &str, hours: u64) -> Window {
    Window::new(kind, cron, zone, Duration::from_secs(hours * 3600)).unwrap()
}

/// Whether changes may begin, and otherwise when.
fn judged(windows: &Windows, now: &str) -> Option<String> {
    let closed = windows.closed(at(now))?;
    Some(closed.opens.map_or_else(|| "never".to_owned(), |opens| opens.to_string()))
}

#[test]
fn outside_what_allows_and_inside_what_denies_changes_wait() {
    use Kind::{Allow, Deny};
    let evenings = || window(Allow, "0 22 * * 1-5", "UTC", 4);
    let fridays = || window(Deny, "0 20 * * 5", "UTC", 48);
    let always = || window(Deny, "* * * * *", "UTC", 1);
    // 2026-11-23 is a Monday.
    type Row = (Vec<Window>, &'static str, Option<&'static str>);
    let rows: Vec<Row> = vec![
        (vec![], "2026-11-23T12:00:00Z", None),
        (vec![evenings()], "2026-11-23T21:59:59.999Z", Some("2026-11-23T22:00:00Z")),
        (vec![evenings()], "2026-11-23T22:00:00Z", None),
        (vec![evenings()], "2026-11-24T01:59:59.999Z", None),
        (vec![evenings()], "2026-11-24T02:00:00Z", Some("2026-11-24T22:00:00Z")),
        (vec![evenings()], "2026-11-28T03:00:00Z", Some("2026-11-30T22:00:00Z")),
        (vec![fridays()], "2026-11-27T19:59:00Z", None),
        (vec![fridays()], "2026-11-27T20:00:00Z", Some("2026-11-29T20:00:00Z")),
        (vec![evenings(), fridays()], "2026-11-27T22:30:00Z", Some("2026-11-30T22:00:00Z")),
        (vec![evenings(), fridays()], "2026-11-26T22:30:00Z", None),
        (vec![evenings(), always()], "2026-11-26T22:30:00Z", Some("never")),
        (vec![window(Allow, "0 0 * * *", "UTC", 24)], "2026-11-26T23:59:59.5Z", None),
    ];
    for (windows, now, opens) in rows {
        let windows = Windows::new(windows);
        assert_eq!(judged(&windows, now).as_deref(), opens, "{windows:?} at {now}");
    }
}

#[test]
fn clocks_that_are_set_forward_or_back_open_a_window_once() {
    use Kind::Allow;
    let rows = [
        // 02:30 does not exist in Berlin on 2026-03-29: it opens as clocks go on, at 03:00 CEST.
        ("30 2 * * *", 1, "2026-03-29T00:59:59Z", Some("2026-03-29T01:00:00Z")),
        ("30 2 * * *", 1, "2026-03-29T01:00:00Z", None),
        ("30 2 * * *", 1, "2026-03-29T02:00:00Z", Some("2026-03-30T00:30:00Z")),
        // It exists twice on 2026-10-25: it opens the first time, at 02:30 CEST, for one hour by any clock.
        ("30 2 * * *", 1, "2026-10-25T00:29:59Z", Some("2026-10-25T00:30:00Z")),
        ("30 2 * * *", 1, "2026-10-25T01:29:59Z", None),
        ("30 2 * * *", 1, "2026-10-25T01:30:00Z", Some("2026-10-26T01:30:00Z")),
        // A duration is elapsed time: from 22:00 CEST four hours reach to 01:00 CET, were they over the change.
        ("0 22 * * *", 6, "2026-10-25T01:59:59Z", None),
        ("0 22 * * *", 6, "2026-10-25T02:00:00Z", Some("2026-10-25T21:00:00Z")),
        ("0 22 * * *", 6, "2026-03-29T02:59:59Z", None),
        ("0 22 * * *", 6, "2026-03-29T03:00:00Z", Some("2026-03-29T20:00:00Z")),
    ];
    for (cron, hours, now, opens) in rows {
        let windows = Windows::new(vec![window(Allow, cron, "Europe/Berlin", hours)]);
        assert_eq!(judged(&windows, now).as_deref(), opens, "{cron} at {now}");
    }
}

#[test]
fn what_can_not_be_used_is_named() {
    let hour = Duration::from_secs(3600);
    let new = |cron, zone, duration| {
        Window::new(Kind::Allow, cron, zone, duration).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(new("0 22 * * MON-FRI", "Europe/Berlin", hour), Ok(()));
    let rows = [
        ("0 22 * *", "UTC", hour, "cron: \"0 22 * *\" is no cron expression of five fields"),
        ("0 0 22 * * *", "UTC", hour, "cron: \"0 0 22 * * *\" is no cron expression of five fields"),
        ("0 25 * * *", "UTC", hour, "cron: \"0 25 * * *\" is no cron expression"),
        ("0 0 30 2 *", "UTC", hour, "cron: \"0 0 30 2 *\" never comes true"),
        ("0 22 * * *", "Berlin", hour, "timezone: \"Berlin\" is no time zone of the IANA database"),
        ("0 22 * * *", "UTC", Duration::from_millis(999), "duration is from 1s to 366days"),
        ("0 22 * * *", "UTC", hour * 24 * 367, "duration is from 1s to 366days"),
    ];
    for (cron, zone, duration, expected) in rows {
        let error = new(cron, zone, duration).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn what_waits_is_told_why_and_until_when() {
    let windows = Windows::new(vec![window(Kind::Allow, "0 22 * * 1-5", "Europe/Berlin", 4)]);
    let closed = windows.closed(at("2026-11-23T12:00:00Z")).unwrap();
    assert_eq!(closed.detail, "no change window is open; it may begin at 2026-11-23T21:00:00Z");
    // However often one that allows opens within one that denies.
    let often =
        vec![window(Kind::Allow, "* * * * *", "UTC", 1), window(Kind::Deny, "0 0 20 12 *", "UTC", 14 * 24)];
    let closed = Windows::new(often).closed(at("2026-12-20T12:00:00Z")).unwrap();
    assert_eq!(closed.opens, Some(at("2027-01-03T00:00:00Z")));
    let windows = Windows::new(vec![window(Kind::Deny, "0 20 * * 5", "UTC", 48)]);
    let closed = windows.closed(at("2026-11-28T12:00:00Z")).unwrap();
    assert_eq!(
        closed.detail,
        "a window keeps changes out (`0 20 * * 5` UTC, 2days); it may begin at 2026-11-29T20:00:00Z"
    );
}

fn any_window() -> impl Strategy<Value = Window> {
    let kind = prop_oneof![Just(Kind::Allow), Just(Kind::Deny)];
    let zone = prop_oneof![
        Just("UTC"),
        Just("Europe/Berlin"),
        Just("America/New_York"),
        Just("Australia/Lord_Howe")
    ];
    let minute = prop_oneof![Just("*".to_owned()), (0..60u32).prop_map(|it| it.to_string())];
    let hour = prop_oneof![Just("*".to_owned()), (0..24u32).prop_map(|it| it.to_string())];
    let day = prop_oneof![Just("*".to_owned()), (0..7u32).prop_map(|it| it.to_string())];
    (kind, zone, minute, hour, day, 60..200_000u64).prop_map(|(kind, zone, minute, hour, day, seconds)| {
        Window::new(kind, &format!("{minute} {hour} * * {day}"), zone, Duration::from_secs(seconds)).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// When changes may begin next is still to come, and they may then; between now and then they never may.
    #[test]
    fn the_next_opening_is_after_now_and_open(
        windows in proptest::collection::vec(any_window(), 0..4),
        second in 1_760_000_000..1_860_000_000i64,
        share in 0.0..1.0f64,
    ) {
        let (windows, now) = (Windows::new(windows), Timestamp::from_second(second).unwrap());
        if let Some(closed) = windows.closed(now) && let Some(opens) = closed.opens {
            prop_assert!(opens > now);
            prop_assert_eq!(windows.closed(opens), None);
            let between = second + ((opens.as_second() - second) as f64 * share) as i64;
            let between = Timestamp::from_second(between.min(opens.as_second() - 1)).unwrap();
            prop_assert_eq!(windows.closed(between).and_then(|closed| closed.opens), Some(opens));
        }
    }
}
