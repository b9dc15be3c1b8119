//! Rules against scripts in messages, and against bots: which were dropped, which got softer.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::Reasons;
use crate::payload::{BotDetection, WireBotRule, XssProtection};

/// What is done with a message that a rule matches, the strictest first.
const MODES: [&str; 3] = ["block", "sanitize", "report"];

/// The challenges that are known. None of them is taken to be stronger than another.
const CHALLENGES: [&str; 3] = ["hCaptcha", "reCaptcha", "turnstile"];

pub(super) fn compare_xss(old: &XssProtection, new: &XssProtection, reasons: &mut Reasons) {
    reasons.flips((old.enabled, new.enabled), "XSS filter switched on", "XSS filter switched off");
    if !(old.enabled && new.enabled) {
        return;
    }
    compare_modes(&old.mode, &new.mode, reasons);
    let rules = |xss: &'_ XssProtection| xss.filter_rules.iter().cloned().collect::<BTreeSet<_>>();
    let (before, after) = (rules(old), rules(new));
    for dropped in before.difference(&after) {
        reasons.weaker(&format!("XSS rule {dropped} dropped"));
    }
    for added in after.difference(&before) {
        reasons.stronger(&format!("XSS rule {added} added"));
    }
}

fn compare_modes(old: &str, new: &str, reasons: &mut Reasons) {
    let rank = |mode: &str| MODES.iter().position(|known| *known == mode);
    match (rank(old), rank(new)) {
        _ if old == new => {}
        (Some(before), Some(after)) if before < after => {
            reasons.weaker(&format!("XSS mode softened from {old} to {new}"));
        }
        (Some(_), Some(_)) => reasons.stronger(&format!("XSS mode hardened from {old} to {new}")),
        _ => reasons.unclear(&format!("XSS mode changed from {old} to {new}, and one of them is not known")),
    }
}

pub(super) fn compare_bots(old: &BotDetection, new: &BotDetection, reasons: &mut Reasons) {
    let switched = (old.enabled, new.enabled);
    reasons.flips(switched, "bot detection switched on", "bot detection switched off");
    if !(old.enabled && new.enabled) {
        return;
    }
    let (before, after) = (&*old.challenge_type, &*new.challenge_type);
    if before != after && !(CHALLENGES.contains(&before) && CHALLENGES.contains(&after)) {
        reasons.unclear(&format!("challenge changed from {before} to {after}, and one of them is not known"));
    }
    compare_limits(
        "rate limit",
        Some(old.rate_limit_per_minute),
        Some(new.rate_limit_per_minute),
        Larger::Weaker,
        reasons,
    );
    let (before, after) = (rules(old), rules(new));
    for (key, rule) in &before {
        match after.get(key) {
            Some(now) => compare_rules(rule, now, reasons),
            None if rule.enabled == Some(false) => {}
            None => reasons.weaker(&format!("bot rule {} dropped", rule.name)),
        }
    }
    let added = after.iter().filter(|(key, rule)| !before.contains_key(*key) && rule.enabled != Some(false));
    for (_, rule) in added {
        reasons.stronger(&format!("bot rule {} added", rule.name));
    }
}

/// Rules by their name; a second one of the same name by its place too.
fn rules(bots: &BotDetection) -> BTreeMap<(&str, usize), &WireBotRule> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let keyed = bots.rules.iter().map(|rule| {
        let count = seen.entry(&rule.name).or_default();
        *count += 1;
        ((&*rule.name, *count), rule)
    });
    keyed.collect()
}

fn compare_rules(old: &WireBotRule, new: &WireBotRule, reasons: &mut Reasons) {
    let name = &old.name;
    // The tenant decides where nothing is written: somewhere between on and off.
    let rank = |rule: &WireBotRule| rule.enabled.map_or(1, |enabled| if enabled { 2 } else { 0 });
    match rank(old).cmp(&rank(new)) {
        Ordering::Less => reasons.stronger(&format!("bot rule {name} switched on")),
        Ordering::Greater if new.enabled.is_none() => {
            reasons.weaker(&format!("bot rule {name} left to the tenant"));
        }
        Ordering::Greater => reasons.weaker(&format!("bot rule {name} switched off")),
        Ordering::Equal => {}
    }
    if rank(old) == 0 || rank(new) == 0 {
        return;
    }
    let threshold = format!("threshold of bot rule {name}");
    compare_limits(&threshold, old.threshold, new.threshold, Larger::Weaker, reasons);
    let window = format!("window of bot rule {name}");
    compare_limits(&window, old.window_seconds, new.window_seconds, Larger::Stronger, reasons);
}

/// What a larger number means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Larger {
    /// More passes before something is done.
    Weaker,
    /// More is counted.
    Stronger,
}

fn compare_limits(what: &str, old: Option<u32>, new: Option<u32>, larger: Larger, reasons: &mut Reasons) {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, None) => return,
        (Some(old), None) => return reasons.unclear(&format!("{what} of {old} left to the tenant")),
        (None, Some(new)) => {
            return reasons.unclear(&format!("{what} set to {new}, and it was the tenant's"));
        }
    };
    let (verb, weaker) = match old.cmp(&new) {
        Ordering::Equal => return,
        Ordering::Less => ("raised", larger == Larger::Weaker),
        Ordering::Greater => ("lowered", larger == Larger::Stronger),
    };
    let text = format!("{what} {verb} from {old} to {new}");
    if weaker { reasons.weaker(&text) } else { reasons.stronger(&text) }
}
