//! What a payload changes of another, field by field, in the words of the document.
//!
//! Directives, filter rules and bot rules are sets: their order means nothing to a browser's reader, so a change names
//! what came and what went.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::payload::{Payload, WireValue};
use crate::printable::printable;

/// One changed field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its path in `spec`, such as `cspDirectives.script-src`.
    pub field: String,
    /// What became of it.
    #[serde(flatten)]
    pub kind: ChangeKind,
}

/// What became of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was not there.
    Added {
        /// What it is.
        new: String,
    },
    /// It is there no longer.
    Removed {
        /// What it was.
        old: String,
    },
    /// A single value became another.
    Replaced {
        /// What it was.
        old: String,
        /// What it is.
        new: String,
    },
    /// Members of a set came or went.
    Members {
        /// What came.
        added: Vec<String>,
        /// What went.
        removed: Vec<String>,
    },
    /// The same members in another order.
    Reordered {
        /// The order now.
        new: String,
    },
}

impl fmt::Display for Change {
    /// One line, control characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(&self.field))?;
        match &self.kind {
            ChangeKind::Added { new } => write!(f, ": + {}", shown(new)),
            ChangeKind::Removed { old } => write!(f, ": - {}", shown(old)),
            ChangeKind::Replaced { old, new } => write!(f, ": {} → {}", shown(old), shown(new)),
            ChangeKind::Reordered { new } => write!(f, ": reordered to {}", shown(new)),
            ChangeKind::Members { added, removed } => {
                let signed = |sign, members: &[String]| -> Vec<String> {
                    members.iter().map(|member| format!("{sign} {}", shown(member))).collect()
                };
                let all = [signed('-', removed), signed('+', added)].concat();
                write!(f, ": {}", all.join(", "))
            }
        }
    }
}

/// The longest value that is shown.
const MAX_SHOWN: usize = 200;

fn shown(value: &str) -> String {
    printable(value, MAX_SHOWN)
}

/// A field's value, as far as a comparison cares.
enum Facet<'a> {
    Single(String),
    Set(Vec<&'a str>),
}

impl Facet<'_> {
    fn text(&self) -> String {
        match self {
            Self::Single(text) => text.clone(),
            Self::Set(members) if members.is_empty() => "(empty)".to_owned(),
            Self::Set(members) => members.join(" "),
        }
    }
}

/// What `new` changes of `old`, in the order of fields. Empty exactly where both have the same digest.
pub fn changes(old: &Payload, new: &Payload) -> Vec<Change> {
    let (old, new) = (facets(old), facets(new));
    let fields: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |field: &String| {
        let kind = match (old.get(field), new.get(field)) {
            (Some(old), Some(new)) => compared(old, new)?,
            (None, Some(new)) => ChangeKind::Added { new: new.text() },
            (Some(old), None) => ChangeKind::Removed { old: old.text() },
            (None, None) => return None,
        };
        Some(Change { field: field.clone(), kind })
    };
    fields.into_iter().filter_map(change).collect()
}

fn compared(old: &Facet<'_>, new: &Facet<'_>) -> Option<ChangeKind> {
    let (Facet::Set(before), Facet::Set(after)) = (old, new) else {
        let (old, new) = (old.text(), new.text());
        return (old != new).then_some(ChangeKind::Replaced { old, new });
    };
    if before == after {
        return None;
    }
    let only = |these: &[&str], those: &[&str]| -> Vec<String> {
        these.iter().filter(|member| !those.contains(member)).map(|&member| member.to_owned()).collect()
    };
    let (added, removed) = (only(after, before), only(before, after));
    if added.is_empty() && removed.is_empty() {
        return Some(ChangeKind::Reordered { new: new.text() });
    }
    Some(ChangeKind::Members { added, removed })
}

/// Every field of a payload that its digest covers.
fn facets(payload: &Payload) -> BTreeMap<String, Facet<'_>> {
    let profile = &payload.security_profile;
    let (csp, xss, bots) =
        (&profile.content_security_policy, &profile.xss_protection, &profile.bot_detection);
    let mut facets = BTreeMap::new();
    let mut single = |field: &str, text: String| facets.insert(field.to_owned(), Facet::Single(text));
    single("channelType", payload.channel_type.clone());
    single("cspEnabled", csp.enabled.to_string());
    single("reportUri", csp.report_uri.clone());
    single("xssRules.enabled", xss.enabled.to_string());
    single("xssRules.mode", xss.mode.clone());
    single("botDetection.enabled", bots.enabled.to_string());
    single("botDetection.challengeType", bots.challenge_type.clone());
    single("botDetection.rateLimitPerMinute", bots.rate_limit_per_minute.to_string());
    for (index, rule) in bots.rules.iter().enumerate() {
        // Rules are told by name; a second one of the same name by its place too.
        let again = bots.rules[..index].iter().filter(|other| other.name == rule.name).count();
        let suffix = if again == 0 { String::new() } else { format!("#{}", again + 1) };
        let field = |name: &str| format!("botDetection.rules.{}{suffix}{name}", rule.name);
        single(&field(""), format!("rule {}", index + 1));
        let numbers = [(".threshold", rule.threshold), (".windowSeconds", rule.window_seconds)];
        for (name, number) in numbers.into_iter().filter_map(|(name, number)| Some((name, number?))) {
            single(&field(name), number.to_string());
        }
        if let Some(enabled) = rule.enabled {
            single(&field(".enabled"), enabled.to_string());
        }
    }
    facets.insert(
        "xssRules.rules".to_owned(),
        Facet::Set(xss.filter_rules.iter().map(String::as_str).collect()),
    );
    for (name, value) in &csp.directives {
        let facet = match value {
            WireValue::Flag(flag) => Facet::Single(flag.to_string()),
            WireValue::Sources(sources) => Facet::Set(sources.split_ascii_whitespace().collect()),
        };
        facets.insert(format!("cspDirectives.{name}"), facet);
    }
    facets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::tests::payload;

    fn lines(old: &Payload, new: &Payload) -> Vec<String> {
        changes(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_changes_nothing() {
        assert_eq!(lines(&payload(), &payload()), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_change_is_named() {
        let old = payload();
        let mut new = payload();
        let profile = &mut new.security_profile;
        let directives = &mut profile.content_security_policy.directives;
        directives.insert("script-src".into(), WireValue::Sources("https://b.example 'self'".into()));
        directives.insert("img-src".into(), WireValue::Sources("*".into()));
        directives.remove("block-all-mixed-content");
        profile.xss_protection.mode = "report".into();
        profile.xss_protection.filter_rules.reverse();
        profile.bot_detection.rate_limit_per_minute = 20;
        profile.bot_detection.rules[0].threshold = Some(7);
        profile.bot_detection.rules.truncate(1);
        assert_eq!(
            lines(&old, &new),
            [
                "botDetection.rateLimitPerMinute: 12 → 20",
                "botDetection.rules.headless-browser-fingerprint: - rule 2",
                "botDetection.rules.headless-browser-fingerprint.enabled: - true",
                "botDetection.rules.rapid-fire-detection.threshold: 5 → 7",
                "cspDirectives.block-all-mixed-content: - true",
                "cspDirectives.img-src: + *",
                "cspDirectives.script-src: - https://cdn.example, + https://b.example",
                "xssRules.mode: block → report",
                "xssRules.rules: reordered to sanitize-event-handlers strip-script-tags",
            ]
        );
    }
}
