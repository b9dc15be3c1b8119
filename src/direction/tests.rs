//! Changes of every kind, each with its direction and the reasons that people read.

use proptest::prelude::*;

use super::*;
use crate::csp::{Question, allows, header};
use crate::payload::tests::payload;
use crate::payload::{WireBotRule, WireValue};

/// A payload whose directives are those of a header.
fn with_csp(header: &str) -> Payload {
    let mut payload = payload();
    let directives = &mut payload.security_profile.content_security_policy.directives;
    directives.clear();
    for directive in &header::policies(header, 1)[0].0 {
        let sources: Vec<&str> = directive.sources().iter().map(|source| source.value.as_str()).collect();
        directives.insert(directive.name.value.clone(), WireValue::Sources(sources.join(" ")));
    }
    payload
}

fn changed(change: impl FnOnce(&mut Payload)) -> Assessment {
    let mut new = payload();
    change(&mut new);
    Assessment::of(&payload(), &new)
}

#[track_caller]
fn assert_said(assessment: &Assessment, direction: Direction, reasons: &[&str]) {
    let said: Vec<&str> = assessment.reasons.iter().map(|reason| &*reason.text).collect();
    assert_eq!((assessment.direction, said.as_slice()), (direction, reasons));
}

use Direction::{Mixed, Neutral, Strengthens, Weakens};

#[test]
fn policies_are_compared_by_what_they_allow() {
    type Row<'a> = (&'a str, &'a str, Direction, &'a [&'a str]);
    let rows: &[Row<'_>] = &[
        (
            "img-src 'self'",
            "img-src 'self' https://cdn.example",
            Weakens,
            &["img-src now allows https://cdn.example"],
        ),
        ("img-src 'self' a.example", "img-src 'self'", Strengthens, &["img-src no longer allows a.example"]),
        (
            "img-src a.example",
            "img-src b.example",
            Mixed,
            &["img-src now allows b.example", "img-src no longer allows a.example"],
        ),
        // The same by another name.
        ("img-src a.example b.example", "img-src b.example a.example", Neutral, &[]),
        ("img-src https://a.example", "img-src HTTPS://A.example:443", Neutral, &[]),
        ("img-src https:", "img-src https: a.example", Neutral, &[]),
        (
            "connect-src 'self'",
            "connect-src https:",
            Mixed,
            &["connect-src now allows https:", "connect-src no longer allows 'self'"],
        ),
        ("img-src 'self'", "img-src https:", Weakens, &["img-src now allows https:"]),
        ("img-src *.example *.a.example", "img-src *.example", Neutral, &[]),
        ("img-src 'none'", "img-src", Neutral, &[]),
        ("IMG-SRC 'self'", "img-src 'self'", Neutral, &[]),
        // Fallbacks.
        ("default-src 'self'", "default-src 'self'; img-src 'self'", Neutral, &[]),
        ("default-src 'self'; img-src 'self'", "default-src 'self'", Neutral, &[]),
        (
            "default-src 'self'",
            "default-src 'self'; img-src 'none'",
            Strengthens,
            &["img-src no longer allows 'self'"],
        ),
        ("default-src 'self'; img-src 'none'", "default-src 'self'", Weakens, &["img-src now allows 'self'"]),
        (
            "default-src 'self'",
            "default-src 'self' a.example",
            Weakens,
            &["default-src now allows a.example"],
        ),
        (
            "child-src a.example",
            "frame-src a.example; worker-src a.example; fenced-frame-src a.example",
            Neutral,
            &[],
        ),
        (
            "default-src 'self'; script-src 'self'",
            "default-src 'self'; script-src 'self'; script-src-elem 'self' a.example",
            Weakens,
            &["script-src-elem now allows a.example"],
        ),
        ("img-src 'self'", "", Weakens, &["img-src no longer restricts anything"]),
        ("", "img-src *", Strengthens, &["img-src now restricts what nothing did"]),
        // Inline code, and what masks it.
        (
            "script-src 'self'",
            "script-src 'self' 'unsafe-inline'",
            Weakens,
            &["inline scripts now run", "inline event handlers now run"],
        ),
        (
            "script-src 'unsafe-inline'",
            "script-src 'unsafe-inline' 'nonce-abc'",
            Strengthens,
            &["inline scripts no longer run", "inline event handlers no longer run"],
        ),
        ("script-src 'nonce-abc'", "script-src 'nonce-abc' 'unsafe-inline'", Neutral, &[]),
        (
            "script-src 'self'",
            "script-src 'self' 'nonce-abc'",
            Weakens,
            &["script-src now allows 'nonce-abc'"],
        ),
        (
            "style-src 'unsafe-inline'",
            "style-src 'sha256-abc='",
            Strengthens,
            &["inline style sheets no longer apply", "style attributes no longer apply"],
        ),
        ("script-src 'sha256-a+/='", "script-src 'sha256-a-_'", Neutral, &[]),
        (
            "script-src 'sha256-abc='",
            "script-src 'sha256-abc=' 'unsafe-hashes'",
            Weakens,
            &["script-src for event handlers now allows 'sha256-abc='"],
        ),
        (
            "script-src 'self'",
            "script-src 'self' 'unsafe-eval'",
            Weakens,
            &["strings now run as scripts (eval)", "WebAssembly modules now run"],
        ),
        ("script-src 'unsafe-eval'", "script-src 'unsafe-eval' 'trusted-types-eval'", Neutral, &[]),
        ("script-src 'self'", "script-src 'self' 'report-sample'", Neutral, &[]),
        // 'strict-dynamic': hosts no longer count, and trusted scripts load whatever they like.
        (
            "script-src 'nonce-a' a.example",
            "script-src 'nonce-a' a.example 'strict-dynamic'",
            Mixed,
            &["script-src now allows 'strict-dynamic'", "script-src no longer allows a.example"],
        ),
        (
            "script-src 'nonce-a' 'strict-dynamic'",
            "script-src 'nonce-a' 'strict-dynamic' https:",
            Neutral,
            &[],
        ),
        (
            "script-src 'nonce-a' https:",
            "script-src 'nonce-a' 'strict-dynamic' https:",
            Strengthens,
            &["script-src no longer allows https:"],
        ),
        // A nonce among images says nothing.
        ("img-src 'self'", "img-src 'self' 'nonce-abc'", Neutral, &[]),
        // Not source lists.
        ("base-uri 'self'", "base-uri 'none'", Strengthens, &["base-uri no longer allows 'self'"]),
        ("form-action 'self'", "", Weakens, &["form-action no longer restricts anything"]),
        (
            "frame-ancestors 'none'",
            "frame-ancestors a.example",
            Weakens,
            &["frame-ancestors now allows a.example"],
        ),
        (
            "sandbox allow-forms allow-scripts",
            "sandbox ALLOW-scripts",
            Strengthens,
            &["sandbox no longer allows allow-forms"],
        ),
        ("sandbox allow-no-such", "sandbox", Neutral, &[]),
        ("trusted-types a b", "trusted-types b *", Weakens, &["trusted-types now allows *"]),
        ("trusted-types a *", "trusted-types *", Neutral, &[]),
        ("trusted-types 'none'", "trusted-types", Neutral, &[]),
        (
            "script-src 'self'; require-trusted-types-for 'script'",
            "script-src 'self'",
            Weakens,
            &["plain strings now reach DOM sinks"],
        ),
        ("upgrade-insecure-requests", "", Weakens, &["insecure requests are no longer upgraded"]),
        ("webrtc 'block'", "webrtc 'allow'", Weakens, &["WebRTC no longer blocked"]),
        // No browser acts on these.
        ("block-all-mixed-content; report-uri /a", "report-uri /b; report-to c", Neutral, &[]),
        // And nobody knows what this is.
        (
            "no-such-src a",
            "no-such-src b",
            Mixed,
            &["no-such-src changed, and is no directive that is known"],
        ),
    ];
    for (old, new, direction, reasons) in rows {
        let assessment = Assessment::of(&with_csp(old), &with_csp(new));
        let said: Vec<&str> = assessment.reasons.iter().map(|reason| &*reason.text).collect();
        assert_eq!((assessment.direction, &*said), (*direction, *reasons), "{old:?} → {new:?}");
    }
}

#[test]
fn a_filter_that_lets_more_through_is_weaker() {
    let xss = |change: fn(&mut crate::payload::XssProtection)| {
        changed(|payload| change(&mut payload.security_profile.xss_protection))
    };
    assert_said(&xss(|xss| xss.mode = "report".into()), Weakens, &["XSS mode softened from block to report"]);
    assert_said(&xss(|xss| xss.enabled = false), Weakens, &["XSS filter switched off"]);
    assert_said(
        &xss(|xss| xss.filter_rules.clear()),
        Weakens,
        &["XSS rule sanitize-event-handlers dropped", "XSS rule strip-script-tags dropped"],
    );
    assert_said(&xss(|xss| xss.filter_rules.reverse()), Neutral, &[]);
    let added = xss(|xss| xss.filter_rules.push("block-script-uris".into()));
    assert_said(&added, Strengthens, &["XSS rule block-script-uris added"]);
    let unknown = xss(|xss| xss.mode = "quarantine".into());
    let reason = "XSS mode changed from block to quarantine, and one of them is not known";
    assert_said(&unknown, Mixed, &[reason]);
}

#[test]
fn bots_that_get_further_make_it_weaker() {
    let bots = |change: fn(&mut crate::payload::BotDetection)| {
        changed(|payload| change(&mut payload.security_profile.bot_detection))
    };
    let limit = bots(|bots| bots.rate_limit_per_minute = 30);
    assert_said(&limit, Weakens, &["rate limit raised from 12 to 30"]);
    let dropped = bots(|bots| drop(bots.rules.remove(0)));
    assert_said(&dropped, Weakens, &["bot rule rapid-fire-detection dropped"]);
    let threshold = bots(|bots| bots.rules[0].threshold = Some(4));
    assert_said(&threshold, Strengthens, &["threshold of bot rule rapid-fire-detection lowered from 5 to 4"]);
    let window = bots(|bots| bots.rules[0].window_seconds = Some(5));
    assert_said(&window, Weakens, &["window of bot rule rapid-fire-detection lowered from 10 to 5"]);
    let left = bots(|bots| bots.rules[0].threshold = None);
    assert_said(&left, Mixed, &["threshold of bot rule rapid-fire-detection of 5 left to the tenant"]);
    let off = bots(|bots| bots.rules[1].enabled = Some(false));
    assert_said(&off, Weakens, &["bot rule headless-browser-fingerprint switched off"]);
    let undecided = bots(|bots| bots.rules[1].enabled = None);
    assert_said(&undecided, Weakens, &["bot rule headless-browser-fingerprint left to the tenant"]);
    let idle = bots(|bots| {
        let rule =
            WireBotRule { name: "idle".into(), threshold: None, window_seconds: None, enabled: Some(false) };
        bots.rules.push(rule);
    });
    assert_said(&idle, Neutral, &[]);
    assert_said(&bots(|bots| bots.challenge_type = "turnstile".into()), Neutral, &[]);
    let unknown = bots(|bots| bots.challenge_type = "riddle".into());
    assert_said(
        &unknown,
        Mixed,
        &["challenge changed from hCaptcha to riddle, and one of them is not known"],
    );
    assert_said(&bots(|bots| bots.enabled = false), Weakens, &["bot detection switched off"]);
}

#[test]
fn what_is_switched_off_on_both_sides_is_not_compared() {
    let mut old = payload();
    old.security_profile.xss_protection.enabled = false;
    old.security_profile.bot_detection.enabled = false;
    let mut new = old.clone();
    new.security_profile.xss_protection.mode = "report".into();
    new.security_profile.bot_detection.rate_limit_per_minute = 99;
    assert_said(&Assessment::of(&old, &new), Neutral, &[]);
}

#[test]
fn reasons_are_bounded_and_what_weakens_comes_first() {
    let hosts: Vec<String> = (0..12).map(|n| format!("{n}.{}.example", "a".repeat(60))).collect();
    let directives =
        ["img-src", "font-src", "media-src", "frame-src", "connect-src", "object-src", "manifest-src"];
    let both = |sources: &str| {
        let all: Vec<String> = directives.iter().map(|name| format!("{name} {sources}")).collect();
        with_csp(&all.join(";"))
    };
    let assessment = Assessment::of(&both("a.example"), &both(&hosts.join(" ")));
    assert_eq!((assessment.direction, assessment.reasons.len(), assessment.more_reasons), (Mixed, 10, 4));
    assert!(assessment.reasons[..7].iter().all(|reason| reason.direction == Weakens));
    assert!(assessment.reasons.iter().all(|reason| reason.text.chars().count() <= Reason::MAX_TEXT + 1));
    assert!(assessment.summary().ends_with("; and 4 more"));
}

#[test]
fn lists_too_long_to_compare_are_unclear() {
    let list = |domain: &str| -> String { (0..1_000).map(|n| format!(" a{n}.{domain}")).collect() };
    let change = |old: &str, new: &str| {
        Assessment::of(
            &with_csp(&format!("img-src{}", list(old))),
            &with_csp(&format!("img-src{}", list(new))),
        )
    };
    assert_said(&change("a.example", "b.example"), Mixed, &["img-src has too many sources to be compared"]);
    assert_said(&change("a.example", "a.example"), Neutral, &[]);
}

#[test]
fn either_of_two_changes_is_as_bad_as_both() {
    let weaker = Assessment::of(&with_csp("img-src 'none'"), &with_csp("img-src a.example"));
    let stronger = Assessment::of(&with_csp("img-src *"), &with_csp("img-src a.example"));
    assert_eq!(weaker.clone().or(weaker.clone()), weaker);
    assert_eq!(weaker.clone().or(stronger.clone()).direction, Mixed);
    assert_eq!(Assessment::default().or(stronger.clone()), stronger);
}

#[test]
fn directions_add_up() {
    let all = [Neutral, Strengthens, Weakens, Mixed];
    for one in all {
        assert_eq!((one.and(Neutral), one.and(one), one.and(Mixed)), (one, one, Mixed));
        for other in all {
            assert_eq!(one.and(other), other.and(one));
        }
    }
    assert_eq!(Strengthens.and(Weakens), Mixed);
}

fn policy() -> impl Strategy<Value = String> {
    let names = [
        "default-src",
        "script-src",
        "script-src-elem",
        "script-src-attr",
        "style-src",
        "img-src",
        "connect-src",
        "child-src",
        "worker-src",
        "base-uri",
        "form-action",
        "object-src",
    ];
    let sources = [
        "'self'",
        "'none'",
        "'unsafe-inline'",
        "'unsafe-eval'",
        "'wasm-unsafe-eval'",
        "'nonce-a'",
        "'sha256-abc='",
        "'strict-dynamic'",
        "'unsafe-hashes'",
        "*",
        "https:",
        "data:",
        "https://evil.example",
        "*.example",
        "http://site.example",
        "site.example:8443",
    ];
    let list = proptest::collection::vec(proptest::sample::select(sources.to_vec()), 0..4);
    let directive = (proptest::sample::select(names.to_vec()), list)
        .prop_map(|(name, sources)| format!("{name} {}", sources.join(" ")));
    let others = ["sandbox allow-scripts", "require-trusted-types-for 'script'"];
    let other = proptest::sample::select(others.to_vec()).prop_map(str::to_owned);
    let any = prop_oneof![8 => directive, 1 => other];
    proptest::collection::vec(any, 0..5).prop_map(|directives| directives.join("; "))
}

proptest! {
    #[test]
    fn a_no_that_becomes_a_yes_never_passes_for_harmless(old in policy(), new in policy()) {
        let (old, new) = (with_csp(&old), with_csp(&new));
        let forth = Assessment::of(&old, &new);
        let answers = |payload: &Payload| {
            allows(&[directives(&payload.security_profile.content_security_policy)])
        };
        let (before, after) = (answers(&old), answers(&new));
        let opened: Vec<Question> =
            Question::ALL.iter().copied().filter(|question| !before.get(*question) && after.get(*question)).collect();
        prop_assert!(opened.is_empty() || forth.direction.weakens(), "{opened:?}: {forth:?}");
    }

    #[test]
    fn the_way_back_is_the_other_direction(old in policy(), new in policy()) {
        let (old, new) = (with_csp(&old), with_csp(&new));
        let back = match Assessment::of(&old, &new).direction {
            Weakens => Strengthens,
            Strengthens => Weakens,
            same => same,
        };
        prop_assert_eq!(Assessment::of(&new, &old).direction, back);
        prop_assert_eq!(Assessment::of(&old, &old).direction, Neutral);
    }
}
