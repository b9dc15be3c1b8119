//! A report of a quarter, for people, with something of everything in it.

use std::time::Duration;

use insta::assert_snapshot;

use super::*;
use crate::digest::Digest;
use crate::direction::{Assessment, Direction, Reason};
use crate::entry::{PageDifference, PageDropped};
use crate::policy::PolicyId;
use crate::state::Head;

fn time(text: &str) -> Timestamp {
    format!("{text}T09:00:00Z").parse().unwrap()
}

fn observed(url: &str, verdict: PageVerdict) -> PageObserved {
    let differs = matches!(verdict, PageVerdict::Differs | PageVerdict::None);
    PageObserved {
        id: PolicyId::new("default".parse().unwrap(), "checkout-chat".parse().unwrap()),
        url: url.parse().unwrap(),
        landed_at: None,
        verdict,
        policy_digest: Some(Digest::of(b"policy")),
        header_digest: (verdict != PageVerdict::Unreachable).then(|| Digest::of(verdict.name().as_bytes())),
        enforced: 1,
        report_only: 0,
        difference: differs.then(|| PageDifference {
            missing: vec!["script-src 'self'".to_owned()],
            extra: vec!["script-src `|<b>` \u{1b}[2J".to_owned()],
            allowed: vec!["extScriptEvil".to_owned()],
            assessment: Assessment {
                direction: Direction::Weakens,
                reasons: vec![Reason { direction: Direction::Weakens, text: "scripts load".to_owned() }],
                more_reasons: 0,
            },
            ..PageDifference::default()
        }),
        error: (verdict == PageVerdict::Unreachable).then(|| "it answered 404 | Not Found".to_owned()),
    }
}

fn window() -> Window {
    Window { since: time("2026-10-01"), until: time("2026-11-01"), tenant: None }
}

/// A report made of these entries, each on its day.
fn report(window: Window, events: Vec<(&str, Event)>) -> Evidence {
    let mut gathering = Gathering::new(window);
    let page = Page {
        url: "https://www.acme.example/never".parse().unwrap(),
        policy: "checkout-chat".parse().unwrap(),
        every: Duration::from_secs(60),
        simulated_at: None,
    };
    gathering.expect(&"default".parse().unwrap(), &page);
    for (sequence, (day, event)) in (1..).zip(events) {
        let previous_hash = EntryHash::GENESIS;
        let entry = Entry { version: 1, sequence, time: time(day), event, previous_hash };
        gathering.add(&entry, EntryHash::of(day.as_bytes()));
    }
    let head = Head { sequence: 42, hash: EntryHash::of(b"head") };
    let proof = Proof { head, segments: 1, unsigned: 42, absent: vec![(1, 7)], ..Proof::default() };
    gathering.end(&proof, false, time("2026-11-02"))
}

fn quarter() -> Evidence {
    let look = |url, verdict| Event::PageObserved(Box::new(observed(url, verdict)));
    let (first, second) = ("https://www.acme.example/", "https://www.acme.example/old");
    let dropped = PageDropped { tenant: "default".parse().unwrap(), url: second.parse().unwrap() };
    report(
        window(),
        vec![
            ("2026-09-29", look(first, PageVerdict::Matches)),
            ("2026-10-01", look(second, PageVerdict::Unreachable)),
            ("2026-10-05", look(first, PageVerdict::Matches)),
            ("2026-10-10", look(first, PageVerdict::Matches)),
            ("2026-10-11", Event::PageDropped(dropped)),
            ("2026-10-16", look(first, PageVerdict::Unreachable)),
            ("2026-10-20", look(first, PageVerdict::Differs)),
            ("2026-10-26", look(first, PageVerdict::Matches)),
            ("2026-11-01", look(first, PageVerdict::None)),
        ],
    )
}

#[test]
fn evidence_for_people() {
    assert_snapshot!(markdown(&quarter()), @r##"
    # Evidence

    From 2026-10-01T09:00:00Z to 2026-11-01T09:00:00Z, made on 2026-11-02T09:00:00Z.

    - The ledger is whole: 42 entries, head `9f2e6d33a3717ee826353a404ba4618d1aeeb6879ad7936bce8ed5f46814924d`.
    - No entry is signed.
    - **Entries 1 to 7 are archived and were not seen**: what they tell is not in this report.

    ## Pages as browsers received them

    ### `https://www.acme.example/`

    5 looks against `default/checkout-chat` (3 matches, 1 differs, 1 unreachable).

    - **Not had for more than a week**: from 2026-10-10T09:00:00Z to 2026-10-20T09:00:00Z, 10 days.

    | from | to | looks | verdict | policy | header | what differs | entries |
    | --- | --- | --- | --- | --- | --- | --- | --- |
    | 2026-10-05T09:00:00Z | 2026-10-10T09:00:00Z | 2 | matches | `823412d1` | `a5408438` |  | 3 to 4 |
    | 2026-10-16T09:00:00Z | 2026-10-16T09:00:00Z | 1 | **unreachable** | `823412d1` |  | `it answered 404 \u{7c} Not Found` | 6 |
    | 2026-10-20T09:00:00Z | 2026-10-20T09:00:00Z | 1 | **differs** | `823412d1` | `5a4b5a17` | missing `script-src 'self'`<br>extra `` script-src `\u{7c}<b>` \u{1b}[2J ``<br>now allowed: `scripts load from any other site` | 7 |
    | 2026-10-26T09:00:00Z | 2026-10-26T09:00:00Z | 1 | matches | `823412d1` | `a5408438` |  | 8 |

    ### `https://www.acme.example/never`

    0 looks.

    - **Not had for more than a week**: from 2026-10-01T09:00:00Z to 2026-11-01T09:00:00Z, 31 days.

    ### `https://www.acme.example/old`

    1 look against `default/checkout-chat` (1 unreachable).

    - **Not had for more than a week**: from 2026-10-01T09:00:00Z to 2026-10-11T09:00:00Z, 10 days.
    - From 2026-10-11T09:00:00Z on the settings named it no longer.

    | from | to | looks | verdict | policy | header | what differs | entries |
    | --- | --- | --- | --- | --- | --- | --- | --- |
    | 2026-10-01T09:00:00Z | 2026-10-01T09:00:00Z | 1 | **unreachable** | `823412d1` |  | `it answered 404 \u{7c} Not Found` | 2 |

    ## Changes of policies

    Nothing was changed.
    "##);
}

#[test]
fn only_a_page_that_was_had_ends_a_gap() {
    let evidence = quarter();
    let gaps: Vec<_> = evidence.pages.iter().map(|page| (page.url.path(), page.gaps.len())).collect();
    assert_eq!(gaps, [("/", 1), ("/never", 1), ("/old", 1)]);
    let gap = evidence.pages[0].gaps[0];
    assert_eq!((gap.from, gap.to), (time("2026-10-10"), time("2026-10-20")));
}

#[test]
fn evidence_for_programs_has_each_look_with_its_entry() {
    let json: Value = serde_json::from_str(&json(&quarter()).unwrap()).unwrap();
    assert_eq!((&json["version"], &json["proof"]["absent"][0]["last"]), (&1.into(), &7.into()));
    let look = &json["pages"][0]["looks"][3];
    assert_eq!((look["verdict"].as_str(), look["entry"].as_u64()), (Some("differs"), Some(7)));
    assert_eq!(json["pages"][0]["counts"]["matches"], 3);
    assert_eq!(look["allowed"], Value::Null, "it is in the difference");
    assert_eq!(look["difference"]["allowed"][0], "extScriptEvil");
}

#[test]
fn another_tenant_is_left_out() {
    let other = Window { tenant: Some("other".parse().unwrap()), ..window() };
    let look = Event::PageObserved(Box::new(observed("https://www.acme.example/", PageVerdict::Matches)));
    assert!(report(other, vec![("2026-10-05", look)]).pages.is_empty());
}
