//! How two headers differ by what they mean: directive by directive, and in what they allow.
//!
//! What makes no difference to a browser makes none here: order, upper case in names and keywords, repetitions, a second
//! directive of the same name, and `'none'` beside other sources.

use std::collections::{BTreeMap, BTreeSet};

use super::Assessment;
use crate::csp::directive::{self, Grammar};
use crate::csp::{Allows, Directive, Directives, Question, Source, allows};

/// How a new header differs from an old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which way the change goes, and why.
    pub assessment: Assessment,
    /// The directives that differ, by policy and name.
    pub directives: Vec<Change>,
    /// What the old header allows.
    pub old: Allows,
    /// What the new one allows.
    pub new: Allows,
}

/// One directive that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which policy of the header that has more of them, from 1.
    pub policy: usize,
    /// The directive's name, in lower case.
    pub directive: String,
    /// Whether it came, went, or is another.
    pub kind: ChangeKind,
    /// Values that are new.
    pub added: Vec<String>,
    /// Values that are gone.
    pub removed: Vec<String>,
}

/// What became of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its values are others.
    Changed,
}

/// What a policy says: values by directive.
type Meaning = BTreeMap<String, BTreeSet<String>>;

impl Difference {
    /// How `new` differs from `old`.
    ///
    /// Policies that are in both are left alone; the others are compared in their order.
    pub fn between(old: &[Directives], new: &[Directives]) -> Self {
        let mut olds: Vec<(&Directives, Meaning)> =
            old.iter().map(|policy| (policy, meaning(policy))).collect();
        let mut news: Vec<(usize, &Directives, Meaning)> = Vec::new();
        for (number, policy) in (1..).zip(new) {
            let meant = meaning(policy);
            match olds.iter().position(|(_, old)| *old == meant) {
                Some(same) => drop(olds.remove(same)),
                None => news.push((number, policy, meant)),
            }
        }
        let none = (&Directives::default(), Meaning::new());
        let (mut directives, mut assessment) = (Vec::new(), Assessment::default());
        for index in 0..olds.len().max(news.len()) {
            let (old, old_meant) = olds.get(index).unwrap_or(&none);
            let (number, new, new_meant) = match news.get(index) {
                Some((number, new, meant)) => (*number, *new, meant),
                None => (new.len() + index + 1 - news.len(), none.0, &none.1),
            };
            changes(number, old_meant, new_meant, &mut directives);
            assessment = assessment.or(Assessment::of_policies(old, new));
        }
        Self { assessment, directives, old: allows(old), new: allows(new) }
    }

    /// The questions that were answered with no, and are now with yes.
    pub fn allowed(&self) -> impl Iterator<Item = Question> {
        turned(self.old, self.new)
    }

    /// The questions that were answered with yes, and are now with no.
    pub fn blocked(&self) -> impl Iterator<Item = Question> {
        turned(self.new, self.old)
    }
}

fn turned(from: Allows, to: Allows) -> impl Iterator<Item = Question> {
    to.iter()
        .filter(move |(question, allowed)| *allowed && !from.get(*question))
        .map(|(question, _)| question)
}

fn changes(policy: usize, old: &Meaning, new: &Meaning, into: &mut Vec<Change>) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let empty = BTreeSet::new();
    for name in names {
        let kind = match (old.get(name), new.get(name)) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(old), Some(new)) if old == new => continue,
            _ => ChangeKind::Changed,
        };
        let (old, new) = (old.get(name).unwrap_or(&empty), new.get(name).unwrap_or(&empty));
        let only = |these: &BTreeSet<String>, those| these.difference(those).cloned().collect();
        let directive = name.clone();
        into.push(Change { policy, directive, kind, added: only(new, old), removed: only(old, new) });
    }
}

fn meaning(policy: &Directives) -> Meaning {
    let mut meaning = Meaning::new();
    for directive in &policy.0 {
        meaning.entry(directive.name.to_ascii_lowercase()).or_insert_with(|| values(directive));
    }
    meaning
}

/// The values of a directive in their canonical form. An empty list of sources is `'none'`.
fn values(directive: &Directive) -> BTreeSet<String> {
    let grammar = directive::lookup(&directive.name).map_or(Grammar::Unchecked, |info| info.grammar);
    let canonical = |value: &str| match grammar {
        _ if grammar.is_source_list() => {
            Source::parse(value).map_or_else(|_| value.to_owned(), |s| s.canonical())
        }
        Grammar::SandboxTokens => value.to_ascii_lowercase(),
        _ => value.to_owned(),
    };
    let mut values: BTreeSet<String> = directive.sources().iter().map(|value| canonical(value)).collect();
    if grammar.is_source_list() {
        let none = "'none'".to_owned();
        if values.len() > 1 {
            values.remove(&none);
        } else if values.is_empty() {
            values.insert(none);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csp::header::policies;
    use crate::direction::Direction;

    fn between(old: &str, new: &str) -> Difference {
        Difference::between(&policies(old, 1), &policies(new, 1))
    }

    /// Changes as `policy directive +added -removed`.
    fn told(old: &str, new: &str) -> Vec<String> {
        let marked =
            |mark, values: Vec<String>| values.into_iter().map(move |value| format!(" {mark}{value}"));
        let line = |change: Change| {
            let values: String = marked('+', change.added).chain(marked('-', change.removed)).collect();
            format!("{} {} {:?}{values}", change.policy, change.directive, change.kind)
        };
        between(old, new).directives.into_iter().map(line).collect()
    }

    #[test]
    fn only_what_a_browser_can_tell_is_a_difference() {
        let same = [
            (
                "img-src a.example b.example; font-src x.example",
                "font-src X.example;IMG-SRC b.example a.example",
            ),
            ("img-src 'self'", "img-src 'SELF' 'self'"),
            ("img-src", "img-src 'none'"),
            ("img-src 'none' 'self'", "img-src 'self'"),
            ("img-src 'self'; img-src *", "img-src 'self'"),
            ("img-src a.example, font-src b.example", "font-src b.example, img-src a.example"),
            ("sandbox allow-scripts", "sandbox Allow-Scripts"),
        ];
        for (old, new) in same {
            assert_eq!(told(old, new), [""; 0], "{old} → {new}");
        }
    }

    #[test]
    fn every_change_is_told_by_directive() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("img-src 'self'", "img-src 'self' *", &["1 img-src Changed +*"]),
            ("img-src 'self'", "img-src 'none'", &["1 img-src Changed +'none' -'self'"]),
            ("", "sandbox", &["1 sandbox Added"]),
            ("base-uri 'none'; img-src a.example", "img-src a.example", &["1 base-uri Removed -'none'"]),
            ("img-src a.example/A", "img-src a.example/a", &["1 img-src Changed +a.example/a -a.example/A"]),
            ("img-src 'self'", "img-src 'self', font-src 'self'", &["2 font-src Added +'self'"]),
            ("img-src 'self', font-src 'self'", "font-src 'self'", &["2 img-src Removed -'self'"]),
        ];
        for (old, new, expected) in cases {
            assert_eq!(told(old, new), *expected, "{old} → {new}");
        }
    }

    #[test]
    fn the_direction_is_that_of_what_is_allowed() {
        let cases = [
            ("img-src a.example", "img-src a.example b.example", Direction::Weakens),
            ("img-src *", "img-src a.example", Direction::Strengthens),
            ("img-src a.example", "img-src b.example", Direction::Mixed),
            ("default-src 'self'", "default-src 'self'; img-src 'self'", Direction::Neutral),
            ("img-src *", "img-src *, font-src 'none'", Direction::Strengthens),
            ("img-src *, font-src 'none'", "img-src *", Direction::Weakens),
            ("img-src a.example, font-src 'none'", "font-src 'none', img-src a.example", Direction::Neutral),
        ];
        for (old, new, expected) in cases {
            assert_eq!(between(old, new).assessment.direction, expected, "{old} → {new}");
        }
    }

    #[test]
    fn what_is_allowed_now_is_told_apart_from_what_no_longer_is() {
        let difference = between("script-src 'self'", "script-src 'unsafe-inline'");
        let allowed: Vec<&str> = difference.allowed().map(Question::name).collect();
        let blocked: Vec<&str> = difference.blocked().map(Question::name).collect();
        assert!(allowed.contains(&"inlineScript") && !allowed.contains(&"eval"), "{allowed:?}");
        assert!(blocked.contains(&"extScriptSelf"), "{blocked:?}");
    }
}
