//! Pages against policies, row by row.

use super::*;

const POLICY: &str = "default-src 'self'; script-src 'self' https://cdn.example; object-src 'none'; \
                      base-uri 'none'; frame-ancestors 'none'; report-uri /reports";

fn policy(text: &str) -> Directives {
    header::policies(text, 1).remove(0)
}

fn received(said: &[(Place, &str)]) -> Received {
    Received(said.iter().map(|(place, value)| (*place, (*value).to_owned())).collect())
}

fn against(said: &[(Place, &str)]) -> Outcome {
    received(said).against(Some(&policy(POLICY))).unwrap()
}

#[test]
fn what_means_the_same_matches_however_it_is_sent() {
    use Place::{Header, Meta, ReportOnly};
    let fetch = "default-src 'self'; script-src 'self' https://cdn.example; object-src 'none'";
    let rest = "frame-ancestors 'none'; base-uri 'none'";
    let both = format!("{fetch}, {rest}");
    let doubled = format!("{POLICY}, {POLICY}");
    let looser = format!("{POLICY}, img-src * data: blob:; upgrade-insecure-requests");
    let reordered = "FRAME-ANCESTORS 'none';base-uri 'NONE'; object-src 'none';script-src https://CDN.example 'self'; \
                     default-src 'self'; img-src 'self'";
    let rows: &[&[(Place, &str)]] = &[
        &[(Header, POLICY)],
        &[(Header, reordered)],
        &[(Header, &both)],
        &[(Header, rest), (Header, fetch)],
        &[(Header, rest), (Meta, fetch)],
        &[(Header, POLICY), (Meta, POLICY)],
        &[(Header, &doubled)],
        &[(Header, POLICY), (ReportOnly, "default-src 'none'")],
        &[(Header, &format!("{POLICY}; report-to elsewhere"))],
        &[(Header, ""), (Header, POLICY)],
    ];
    for said in rows {
        let outcome = against(said);
        assert_eq!((outcome.verdict, &outcome.difference), (PageVerdict::Matches, &None), "{said:?}");
    }
    let outcome = against(&[(Header, &looser)]);
    assert_eq!(outcome.verdict, PageVerdict::Differs, "insecure requests are upgraded: that is another page");
}

#[test]
fn what_is_missing_and_extra_is_told_with_what_it_allows() {
    use Place::{Header, Meta};
    let lost = "default-src 'self'; object-src 'none'; script-src *; base-uri 'none'; frame-ancestors 'none'";
    let outcome = against(&[(Header, lost)]);
    let difference = outcome.difference.unwrap();
    assert_eq!(outcome.verdict, PageVerdict::Differs);
    assert_eq!(difference.missing, ["script-src 'self' https://cdn.example"]);
    assert_eq!(difference.extra, ["script-src *"]);
    assert_eq!(difference.allowed, ["extScriptEvil"]);
    assert_eq!(difference.assessment.direction, Direction::Weakens);

    // A directive that is gone altogether.
    let gone =
        "default-src 'self'; script-src 'self' https://cdn.example; object-src 'none'; base-uri 'none'";
    let difference = against(&[(Header, gone)]).difference.unwrap();
    assert_eq!(
        (difference.missing.as_slice(), difference.extra.len()),
        (&["frame-ancestors 'none'".to_owned()][..], 0)
    );

    // Browsers overlook it in <meta>.
    assert_eq!(against(&[(Meta, POLICY)]).difference.unwrap().missing, ["frame-ancestors 'none'"]);

    // Something in front of the page adds a policy of its own.
    let outcome = against(&[(Header, POLICY), (Header, "script-src 'none'")]);
    let difference = outcome.difference.unwrap();
    assert_eq!(difference.extra, ["script-src 'none'"]);
    assert!(difference.blocked.contains(&"extScriptSelf".to_owned()), "{difference:?}");
    assert_eq!(difference.assessment.direction, Direction::Strengthens);
}

#[test]
fn what_is_not_enforced_is_none() {
    use Place::{Meta, ReportOnly};
    for said in [&[][..], &[(ReportOnly, POLICY)], &[(Meta, "frame-ancestors 'none'")]] {
        let outcome = against(said);
        let difference = outcome.difference.unwrap();
        assert_eq!((outcome.verdict, outcome.enforced), (PageVerdict::None, 0), "{said:?}");
        assert!(difference.allowed.contains(&"inlineScript".to_owned()), "{difference:?}");
    }
    assert_eq!(against(&[(ReportOnly, POLICY)]).report_only, 1);
}

#[test]
fn there_is_an_end_to_what_is_compared_and_told() {
    let many = "a,".repeat(MAX_POLICIES + 1);
    assert!(received(&[(Place::Header, &many)]).against(None).unwrap_err().contains("over 100 policies"));
    let long: String = (0..300).map(|n| format!("x-{n} {};", "a".repeat(400))).collect();
    let difference = against(&[(Place::Header, &long)]).difference.unwrap();
    assert!(difference.extra.len() == MAX_VALUES && difference.more >= 280);
    assert!(difference.extra.iter().all(|value| value.chars().count() <= MAX_VALUE + 1));
}

#[test]
fn without_anything_live_there_is_nothing_to_hold_it_to() {
    let outcome = received(&[(Place::Header, POLICY)]).against(None).unwrap();
    assert_eq!((outcome.verdict, outcome.difference, outcome.enforced), (PageVerdict::Unapplied, None, 1));
}

#[test]
fn a_look_is_due_before_a_week_is_over_and_not_sooner() {
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let now = time("2026-11-01T00:00:00Z");
    let (week, digest) = (Duration::from_secs(7 * 86_400), Some(Digest::of(b"live")));
    let seen = |verdict, misses| Seen {
        policy: "a".parse().unwrap(),
        time: now,
        had_at: now,
        verdict,
        misses,
        policy_digest: digest,
        header_digest: None,
        detail: String::new(),
    };
    let rows = [
        (PageVerdict::Matches, 0, "2026-11-07T17:00:00Z"),
        (PageVerdict::Differs, 1, "2026-11-01T00:01:00Z"),
        (PageVerdict::Unreachable, 3, "2026-11-01T00:04:00Z"),
        (PageVerdict::None, 7, "2026-11-01T01:00:00Z"),
        (PageVerdict::None, u32::MAX, "2026-11-01T01:00:00Z"),
    ];
    for (verdict, misses, expected) in rows {
        assert_eq!(
            due(Some(&seen(verdict, misses)), week, digest, now),
            time(expected),
            "{verdict} {misses}"
        );
    }
    let matching = seen(PageVerdict::Matches, 0);
    let (before, later) = (time("2026-10-01T00:00:00Z"), time("2026-11-02T00:00:00Z"));
    assert_eq!(due(None, week, digest, now), now, "never looked at");
    assert_eq!(due(Some(&matching), week, Some(Digest::of(b"new")), later), later, "something else is live");
    assert_eq!(due(Some(&matching), week, digest, before), before, "a look from the future");
}
