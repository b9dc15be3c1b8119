//! What a Content-Security-Policy allows beyond another one, and what it no longer does.
//!
//! First the answers that [`crate::csp::allows`] gives to fixed questions say what becomes of code. Then [`lists`]
//! compares the source lists, each by the directive that really decides; and what is no source list is compared here.
//! Only what browsers act on counts: a retired directive and an address of reports change nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::Reasons;
use crate::csp::directive;
use crate::csp::value::SANDBOX_TOKENS;
use crate::csp::{Directive, DirectiveValue, Directives, Question, allows};
use crate::finding::{Span, Spanned};
use crate::payload::{ContentSecurityPolicy, WireValue};

mod lists;

pub(super) fn compare(old: &ContentSecurityPolicy, new: &ContentSecurityPolicy, reasons: &mut Reasons) {
    if (old.enabled, &old.directives) == (new.enabled, &new.directives) {
        return;
    }
    let switched = (old.enabled, new.enabled);
    reasons.flips(switched, "Content-Security-Policy switched on", "Content-Security-Policy switched off");
    compare_policies(&directives(old), &directives(new), reasons);
}

/// The same for directives, whatever carries them.
pub(super) fn compare_policies(old: &Directives, new: &Directives, reasons: &mut Reasons) {
    compare_answers(old, new, reasons);
    lists::compare(old, new, reasons);
    compare_sandbox(old, new, reasons);
    compare_trusted_types(old, new, reasons);
    let upgrades = |policy: &Directives| policy.get("upgrade-insecure-requests").is_some();
    reasons.flips(
        (upgrades(old), upgrades(new)),
        "insecure requests are now upgraded",
        "insecure requests are no longer upgraded",
    );
    let blocks = |policy: &Directives| has_word(policy, "webrtc", "'block'");
    reasons.flips((blocks(old), blocks(new)), "WebRTC now blocked", "WebRTC no longer blocked");
    compare_unknown(old, new, reasons);
}

/// The directives of a payload, as those of a document; none where they are switched off.
pub fn directives(csp: &ContentSecurityPolicy) -> Directives {
    let unplaced = |text: &str| Spanned::new(text.to_owned(), Span::default());
    let directive = |(name, value): (&String, &WireValue)| {
        let value = match value {
            WireValue::Flag(true) => DirectiveValue::Flag(Span::default()),
            WireValue::Flag(false) => return None,
            WireValue::Sources(text) => {
                DirectiveValue::Sources(text.split_ascii_whitespace().map(unplaced).collect())
            }
        };
        Some(Directive { name: unplaced(name), value })
    };
    let written = csp.enabled.then_some(&csp.directives).into_iter().flatten();
    Directives(written.filter_map(directive).collect())
}

/// The questions whose answers no single source gives, and how each is told.
const ANSWERS: [(Question, &str, &str); 7] = [
    (Question::InlineScript, "inline scripts", "run"),
    (Question::AttrHandler, "inline event handlers", "run"),
    (Question::Eval, "strings", "run as scripts (eval)"),
    (Question::Wasm, "WebAssembly modules", "run"),
    (Question::InlineStyle, "inline style sheets", "apply"),
    (Question::StyleAttr, "style attributes", "apply"),
    (Question::DomSinkString, "plain strings", "reach DOM sinks"),
];

fn compare_answers(old: &Directives, new: &Directives, reasons: &mut Reasons) {
    let (old, new) = (allows(std::slice::from_ref(old)), allows(std::slice::from_ref(new)));
    for (question, who, does) in ANSWERS {
        match (old.get(question), new.get(question)) {
            (false, true) => reasons.weaker(&format!("{who} now {does}")),
            (true, false) => reasons.stronger(&format!("{who} no longer {does}")),
            _ => {}
        }
    }
}

/// A sandbox takes everything away that no token gives back.
fn compare_sandbox(old: &Directives, new: &Directives, reasons: &mut Reasons) {
    let known = |words: BTreeSet<String>| -> BTreeSet<String> {
        words.into_iter().filter(|word| SANDBOX_TOKENS.contains(&&**word)).collect()
    };
    compare_words("sandbox", (words(old, "sandbox").map(known), words(new, "sandbox").map(known)), reasons);
}

/// The names of policies that pages may make; what it takes to reach a sink is an answer of its own.
fn compare_trusted_types(old: &Directives, new: &Directives, reasons: &mut Reasons) {
    let name = "trusted-types";
    let meant = |mut words: BTreeSet<String>| {
        words.remove("'none'");
        words
    };
    compare_words(name, (words(old, name).map(meant), words(new, name).map(meant)), reasons);
}

/// Compares lists of words of which each allows something, and without which everything is allowed.
fn compare_words(
    name: &str,
    (old, new): (Option<BTreeSet<String>>, Option<BTreeSet<String>>),
    reasons: &mut Reasons,
) {
    let (Some(old), Some(new)) = (&old, &new) else {
        let now = format!("{name} now restricts what nothing did");
        let no_longer = format!("{name} no longer restricts anything");
        return reasons.flips((old.is_some(), new.is_some()), &now, &no_longer);
    };
    let beyond = |these: &BTreeSet<String>, those: &BTreeSet<String>| -> Vec<String> {
        // Any name is as good as each.
        let any_name = those.contains("*");
        let beyond = these.difference(those).filter(|word| !any_name || word.starts_with('\''));
        beyond.cloned().collect()
    };
    tell(name, &beyond(new, old), &beyond(old, new), reasons);
}

/// What a directive allows now, and what it no longer does.
fn tell(name: &str, added: &[String], removed: &[String], reasons: &mut Reasons) {
    if !added.is_empty() {
        reasons.weaker(&format!("{name} now allows {}", listed(added)));
    }
    if !removed.is_empty() {
        reasons.stronger(&format!("{name} no longer allows {}", listed(removed)));
    }
}

/// The first few words of a list, and how many more there are.
fn listed(words: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = words.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match words.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The words of a directive, in lower case where that means the same; nothing where it is not there.
fn words(policy: &Directives, name: &str) -> Option<BTreeSet<String>> {
    let fold = |word: &Spanned<String>| {
        let keyword = name == "sandbox" || word.starts_with('\'');
        if keyword { word.to_ascii_lowercase() } else { word.value.clone() }
    };
    policy.get(name).map(|directive| directive.sources().iter().map(fold).collect())
}

fn has_word(policy: &Directives, name: &str, word: &str) -> bool {
    words(policy, name).is_some_and(|words| words.contains(word))
}

/// What a directive does that nobody here knows can't be told, though browsers of today ignore it.
fn compare_unknown(old: &Directives, new: &Directives, reasons: &mut Reasons) {
    let unknown = |policy: &Directives| -> BTreeMap<String, Vec<String>> {
        let unknown = policy.0.iter().filter(|directive| directive::lookup(&directive.name).is_none());
        let entry = |directive: &Directive| {
            let words = directive.sources().iter().map(|word| word.value.clone());
            (directive.name.to_ascii_lowercase(), words.collect())
        };
        unknown.map(entry).collect()
    };
    let (old, new) = (unknown(old), unknown(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
        reasons.unclear(&format!("{name} changed, and is no directive that is known"));
    }
}
