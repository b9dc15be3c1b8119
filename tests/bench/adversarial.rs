//! How long a mebibyte of anything takes: input made to be slow, as a document, as a header, and as two headers to compare.
//!
//! `cargo bench --bench adversarial` prints the slowest and exits with 1 where one takes longer than it may;
//! `cargo bench --bench adversarial -- NAME` all those whose name holds NAME.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use chatward::csp::{self, TargetBrowsers};
use chatward::direction::header::Difference;
use chatward::policy::document::import;
use chatward::snapshot::FileFacts;
use chatward::validate::header;
use rustix::time::{ClockId, clock_gettime};

/// The size of every input, in bytes.
const SIZE: usize = 1 << 20;
/// What an answer may take.
const LIMIT: Duration = Duration::from_millis(200);
/// How many of the slowest are printed.
const SHOWN: usize = 12;

/// Text that is repeated up to the size, behind a head.
const REPEATED: &[(&str, &str, &str)] = &[
    ("semicolons", "", ";"),
    ("commas", "", ","),
    ("commas and spaces", "", " , "),
    ("empty directives", "", "a;"),
    ("empty policies", "", "a,"),
    ("one directive many times", "", "script-src 'self';"),
    ("one policy many times", "", "script-src 'self',"),
    ("one source many times", "script-src", " a.example"),
    ("'none' many times", "script-src", " 'none'"),
    ("quotes", "", "'"),
    ("quotes and spaces", "script-src", " '"),
    ("unclosed keywords", "script-src", " 'unsafe-inline"),
    ("short hashes", "script-src", " 'sha256-a'"),
    ("nonces", "script-src", " 'nonce-a'"),
    ("one long nonce", "script-src 'nonce-", "a"),
    ("one long word", "", "a"),
    ("one long word of many labels", "script-src ", "a."),
    ("one long path", "script-src a.example/", "a/"),
    ("one long path of escapes", "script-src a.example/", "%41"),
    ("one long misspelt keyword", "script-src 'unsafe", "-inline"),
    ("wildcards", "script-src", " *"),
    ("misspelt directives", "", "scirpt-src a;"),
    ("sandbox tokens", "sandbox", " allow-scripts"),
    ("report addresses", "report-uri", " /a"),
    ("trusted types", "trusted-types", " a"),
    ("colons", "", ":"),
    ("colons and spaces", "", ": "),
    ("deep brackets", "", "["),
    ("deep braces", "", "{"),
    ("deep braces with keys", "", "{a: "),
    ("deep lists", "", "- "),
    ("shallow lists", "", "- a\n"),
    ("explicit keys", "", "? "),
    ("anchors", "", "&a "),
    ("aliases", "", "*a "),
    ("anchors and aliases", "", "- &a b\n- *a\n"),
    ("documents", "", "---\n"),
    ("documents with content", "", "---\na\n"),
    ("documents with errors", "", "---\na: [b, c]\n"),
    ("comment lines", "", "# a\n"),
    ("one long comment", "# ", "a"),
    ("tabs", "", "\t"),
    ("line feeds", "", "\n"),
    ("carriage returns", "", "\r\n"),
    ("control characters", "a: ", "\u{1}"),
    ("escaped characters", "a: \"", "\\u0041"),
    ("unclosed quotes", "a: \"", "a"),
    ("unclosed quotes over lines", "a: \"", "a\n"),
    ("block text", "a: |\n", " a\n"),
    ("folded text", "a: >\n", " a\n\n"),
    ("tags", "", "!!str "),
    ("directives of YAML", "", "%TAG ! a\n"),
    ("merge keys", "", "<<: a\n"),
    ("the same key", "", "a: b\n"),
    ("wide characters", "script-src ", "界"),
    ("wide words", "script-src", " 界"),
    ("lines that look misspelt", "a: 'b' c\n", "a: 'b' c\n"),
    ("sources that YAML splits", "a:\n", "- data:\n"),
    ("sources that YAML takes for aliases", "a:\n", "- *.a.example\n"),
];

/// Text whose parts are numbered, so that none is like another.
const NUMBERED: &[(&str, &str, &str)] = &[
    ("distinct directives", "", "a#;"),
    ("distinct near names", "", "script-src#;"),
    ("distinct sources", "script-src", " a#.example"),
    ("distinct subdomains under one wildcard", "script-src *.example", " a#.example"),
    ("distinct nonces", "script-src", " 'nonce-#'"),
    ("distinct ports", "script-src", " a.example:#"),
    ("distinct paths", "script-src a.example/", " a.example/#"),
    ("distinct misspelt keywords", "script-src", " 'unsafe-inlin#'"),
    ("distinct policies", "", "script-src a#.example,"),
    ("distinct keys", "", "a#: b\n"),
    ("distinct keys in braces", "{", "a#: b, "),
    ("distinct anchors", "", "- &a# b\n"),
    ("distinct unknown aliases", "", "- *a#\n"),
];

/// The same inside a document that is one up to there.
const HEAD: &str = "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: a }\nspec:\n  cspDirectives:\n";
const INSIDE: &[(&str, &str, &str)] = &[
    ("spec: one string", "    script-src: \"", "a.example "),
    ("spec: a list", "    script-src:\n", "      - a#.example\n"),
    ("spec: a list of strings", "    script-src:\n", "      - \"a a a a a a a\"\n"),
    ("spec: directives", "", "    a#: b\n"),
    ("spec: one directive", "", "    script-src: b\n"),
    ("spec: lists in brackets", "", "    a#: [a, b, c]\n"),
    ("spec: lost quotes", "    script-src:\n", "      - 'self'\n"),
    ("spec: split at colons", "    script-src:\n", "      - data:\n"),
    ("spec: taken for aliases", "    script-src:\n", "      - *.a\n"),
];
/// A short good document, many times.
const DOCUMENT: &str = "---\napiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: a# }\n\
                        spec: { cspDirectives: { script-src: \"'slef' a# a#\", x#: a } }\n";

/// Who answers, and by which function.
type Way = (&'static str, fn(&str));

const WAYS: &[Way] = &[("document", document), ("header", header), ("difference", difference)];

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut measured = Vec::new();
    for (name, text) in inputs() {
        for (way, answer) in WAYS {
            let name = format!("{way}: {name}");
            if wanted.as_ref().is_none_or(|wanted| name.contains(wanted)) {
                measured.push((cost(|| answer(&text)), name));
            }
        }
    }
    measured.sort_by(|a, b| b.cmp(a));
    let shown = if wanted.is_some() { measured.len() } else { SHOWN };
    println!("{} answers to {} KiB each; the slowest:", measured.len(), SIZE / 1024);
    for (took, name) in measured.iter().take(shown) {
        println!("{:8.1} ms  {name}", took.as_secs_f64() * 1e3);
    }
    let over = measured.iter().filter(|(took, _)| *took > LIMIT).count();
    println!("{over} over {} ms", LIMIT.as_millis());
    if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn inputs() -> Vec<(&'static str, String)> {
    let made = |&(name, head, part): &(&'static str, &str, &str)| (name, filled(head, part));
    let inside = INSIDE.iter().map(|(name, head, part)| (*name, filled(&format!("{HEAD}{head}"), part)));
    let documents = std::iter::once(("many documents with findings", filled("", DOCUMENT)));
    REPEATED.iter().chain(NUMBERED).map(made).chain(inside).chain(documents).collect()
}

/// A head and as many parts as fit, each `#` in them replaced by the part's number.
fn filled(head: &str, part: &str) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        let part = part.replace('#', &number.to_string());
        if text.len() + part.len() > SIZE {
            break;
        }
        text += &part;
    }
    text
}

/// What answering took of a core: whatever else the machine does is not counted.
fn cost(answer: impl Fn()) -> Duration {
    let started = used();
    answer();
    used().saturating_sub(started)
}

/// The time that this thread has had on a core.
fn used() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(used).unwrap()
}

fn document(text: &str) {
    black_box(FileFacts::read(&"a.yaml".into(), text.as_bytes(), Some(&"default".parse().unwrap())));
}

fn header(text: &str) {
    let line = text.replace('\n', " ");
    let header = header::check(&"a".into(), 1, line.as_bytes(), &TargetBrowsers::default());
    let Some(policies) = &header.policies else { return };
    black_box(csp::allows(policies));
    if let [policy] = policies.as_slice() {
        let _ = black_box(import(policy, &"a".parse().unwrap(), None));
    }
}

fn difference(text: &str) {
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (old, new) = text.split_at(middle);
    let (old, new) = (csp::header::policies(old, 1), csp::header::policies(new, 1));
    if header::too_much(&old).or(header::too_much(&new)).is_none() {
        black_box(Difference::between(&old, &new));
    }
}
