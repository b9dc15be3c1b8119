//! A keyword, nonce or hash in a directive that pays no heed to it.

use crate::csp::{Grammar, Keyword, Source};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::Reading;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2114",
    name: "no-effect",
    severity: Severity::Warning,
    summary: "The directive pays no heed to that keyword, nonce or hash.",
    why: "The keyword, nonce or hash is right in itself, but the directive pays no heed to it. It \
        looks like a permission or a protection that is not there.",
    example: "img-src 'unsafe-inline'",
    fixed: "img-src 'self'",
};

const SCRIPTS: &[&str] = &["script-src", "script-src-elem", "script-src-attr"];
const STYLES: &[&str] = &["style-src", "style-src-elem", "style-src-attr"];

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists().filter(|reading| reading.info.grammar == Grammar::SourceList) {
        for (written, source) in reading.parsed() {
            let Some(help) = useless(reading, &source) else { continue };
            let text = format!("{} has no effect in `{}`", backquoted(written), reading.info.name);
            sink.report_with_help(&CODE, written.span, text, help);
        }
    }
}

/// Why a source does nothing in a directive. `default-src` stands in for all of them.
fn useless(reading: &Reading<'_>, source: &Source<'_>) -> Option<&'static str> {
    let name = reading.info.name;
    let one_of = |names: &[&str]| name == "default-src" || names.contains(&name);
    let inline = one_of(SCRIPTS) || one_of(STYLES);
    let is_attribute = name.ends_with("-attr");
    let (effect, help) = match source {
        Source::Scheme(scheme) if scheme.eq_ignore_ascii_case("javascript") => {
            (false, "such an address is inline script, which no scheme allows")
        }
        Source::Scheme(_) | Source::Host(_) => {
            (!is_attribute, "attributes are loaded from nowhere: leave it out")
        }
        Source::Nonce(_) => (inline && !is_attribute, "a nonce is for elements of scripts and styles"),
        Source::Hash(_) if is_attribute => {
            (reading.keyword(Keyword::UnsafeHashes).is_some(), "for attributes a hash needs 'unsafe-hashes'")
        }
        Source::Hash(_) => {
            let certificates = reading.keyword(Keyword::UnsafeWebtransportHashes).is_some();
            (inline || (name == "connect-src" && certificates), "a hash is for scripts and styles")
        }
        Source::Keyword(keyword) => return useless_keyword(*keyword, name, inline),
    };
    (!effect).then_some(help)
}

fn useless_keyword(keyword: Keyword, name: &str, inline: bool) -> Option<&'static str> {
    let one_of = |names: &[&str]| name == "default-src" || names.contains(&name);
    let (effect, help) = match keyword {
        Keyword::UnsafeInline | Keyword::ReportSample => (inline, "it is for scripts and styles"),
        Keyword::UnsafeEval | Keyword::WasmUnsafeEval | Keyword::TrustedTypesEval => {
            (one_of(&["script-src"]), "it is for `script-src`")
        }
        Keyword::StrictDynamic
        | Keyword::ReportSha256
        | Keyword::ReportSha384
        | Keyword::ReportSha512
        | Keyword::InlineSpeculationRules => {
            (one_of(&["script-src", "script-src-elem"]), "it is for `script-src` and `script-src-elem`")
        }
        Keyword::UnsafeHashes => {
            (inline && !name.ends_with("-elem"), "it is for attributes of scripts and styles")
        }
        Keyword::UnsafeWebtransportHashes => (one_of(&["connect-src"]), "it is for `connect-src`"),
        _ => (true, ""),
    };
    (!effect).then_some(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_source_is_where_it_counts() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["img-src 'unsafe-inline'"], &["`'unsafe-inline'` has no effect in `img-src`"]),
            (&["style-src 'strict-dynamic'"], &["`'strict-dynamic'` has no effect in `style-src`"]),
            (&["script-src-elem 'unsafe-eval'"], &["`'unsafe-eval'` has no effect in `script-src-elem`"]),
            (
                &["script-src-attr 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"],
                &[
                    "`'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='` has no effect in `script-src-attr`",
                ],
            ),
            (&["script-src-attr 'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"], &[]),
            (&["style-src-attr a.example"], &["`a.example` has no effect in `style-src-attr`"]),
            (&["script-src javascript:"], &["`javascript:` has no effect in `script-src`"]),
            (&["form-action 'nonce-abc'"], &["`'nonce-abc'` has no effect in `form-action`"]),
            (
                &[
                    "default-src 'unsafe-inline' 'unsafe-eval' 'strict-dynamic' 'nonce-abc'",
                    "script-src 'unsafe-hashes' 'report-sample' 'report-sha256'",
                    "style-src 'unsafe-inline'",
                ],
                &[],
            ),
        ];
        assert_texts(&CODE, cases);
    }
}
