//! More hashes than the platform takes.
//!
//! Counted is every hash of `script-src`, `script-src-elem` and `script-src-attr`, and of `default-src` where there is
//! no `script-src`; a hash in two of them counts twice, since both are sent and both are looked through.

use crate::csp::Source;
use crate::finding::{Code, Severity, Spanned};
use crate::validate::reading::Reading;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

/// How many hashes the script directives of a policy may have in all.
pub const MAX_HASHES: usize = 50;

pub static CODE: Code = Code {
    id: "CW2401",
    name: "too-many-hashes",
    severity: Severity::Error,
    summary: "The platform takes at most 50 hashes over all script directives.",
    why: "The platform takes at most 50 hashes over all script directives, and refuses a policy with more. \
        Every hash is compared with every inline script, so many of them also cost time in the browser.",
    example: "script-src 'sha256-…' 'sha256-…' … (51 of them)",
    fixed: "script-src 'nonce-…', or scripts in files from 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if let Some((first_too_many, count)) = too_many(subject) {
        let text = format!("{count} hashes in script directives, and at most {MAX_HASHES} are taken");
        let help = "move inline scripts to files, or trust them by one nonce";
        sink.report_with_help(&CODE, first_too_many.span, text, help);
    }
}

/// The first hash over the limit, and how many there are.
pub(super) fn too_many<'p>(subject: &Subject<'p>) -> Option<(&'p Spanned<String>, usize)> {
    let stands_in = subject.get("script-src").is_none();
    let of_scripts = |name| {
        matches!(name, "script-src" | "script-src-elem" | "script-src-attr")
            || (stands_in && name == "default-src")
    };
    let mut hashes = subject
        .lists()
        .filter(|reading| of_scripts(reading.info.name))
        .flat_map(Reading::parsed)
        .filter(|(_, source)| matches!(source, Source::Hash(_)));
    let (first, _) = hashes.nth(MAX_HASHES)?;
    Some((first, MAX_HASHES + 1 + hashes.count()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    fn hashes(directive: &str, count: usize) -> String {
        let one = |n: usize| format!(" 'sha{}-{n:043}='", [256, 384, 512][n % 3]);
        format!("{directive}{}", (0..count).map(one).collect::<String>())
    }

    #[test]
    fn all_script_directives_count_together() {
        let text = "51 hashes in script directives, and at most 50 are taken";
        let script = |count| hashes("script-src", count);
        let (most, over, some) = (script(50), script(51), script(25));
        let (elem, default) = (hashes("script-src-elem", 26), hashes("default-src", 26));
        assert_texts(
            &CODE,
            &[
                (&[&most], &[]),
                (&[&over], &[text]),
                (&[&some, &elem], &[text]),
                (&[&hashes("script-src-attr", 25), &default], &[text]),
                (&[&some, &default], &[]),
                (&[&hashes("style-src", 60)], &[]),
            ],
        );
    }
}
