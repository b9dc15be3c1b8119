//! Tries what is written for when something is left alone, and why.

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_time_with_or_without_seconds_and_a_reason() {
    let midnight = at("2026-12-01T00:00:00Z");
    let rows = [
        "2026-12-01T00:00Z the fair",
        " 2026-12-01T00:00:00Z\tthe fair ",
        "2026-12-01T01:00+01:00 the fair",
        "2026-12-01t00:00:00.000z  the fair",
    ];
    for text in rows {
        let term = Term { until: midnight, reason: "the fair".into() };
        assert_eq!(text.parse(), Ok(term), "{text:?}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let long = format!("2026-12-01T00:00Z {}", "x".repeat(MAX_REASON + 1));
    let rows = [
        ("the fair", TermError::NoTime),
        ("", TermError::NoTime),
        ("2026-12-01 the fair", TermError::BadTime("2026-12-01".into())),
        ("2026-12-01T00:00 the fair", TermError::BadTime("2026-12-01T00:00".into())),
        ("2026-13-01T00:00Z the fair", TermError::BadTime("2026-13-01T00:00Z".into())),
        ("2026-12-01T00:00Z", TermError::NoReason),
        ("2026-12-01T00:00Z  ", TermError::NoReason),
        (&long, TermError::LongReason),
    ];
    for (text, error) in rows {
        assert_eq!(text.parse::<Term>(), Err(error), "{text:?}");
    }
}

#[test]
fn an_end_is_a_time_or_how_long_from_now() {
    let now = at("2026-11-30T22:00:00Z");
    assert_eq!(until("2026-12-01T00:00Z", now), Ok(at("2026-12-01T00:00:00Z")));
    assert_eq!(until("2h", now), Ok(at("2026-12-01T00:00:00Z")));
    assert_eq!(until("1h 30m", now), Ok(at("2026-11-30T23:30:00Z")));
    assert_eq!(until("0s", now), Err(TermError::Over(now)));
    assert_eq!(until("2026-11-30T22:00Z", now), Err(TermError::Over(now)));
    assert_eq!(until("tomorrow", now), Err(TermError::BadTime("tomorrow".into())));
    assert_eq!(until("999999999y", now), Err(TermError::BadTime("999999999y".into())));
}
