//! Trusted Types that trust any policy, or several of one name.

use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2321",
    name: "trusted-types-any",
    severity: Severity::Warning,
    summary: "A wildcard or 'allow-duplicates' lets injected code make a Trusted Types policy of its own.",
    why: "Trusted Types help because few policies, all known, make values for dangerous sinks. `*` \
        lets any code make one, and 'allow-duplicates' lets it take a known name.",
    example: "trusted-types *",
    fixed: "trusted-types chat",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let Some(reading) = subject.get("trusted-types") else { return };
    for word in &reading.words {
        if word.written.value == "*" || word.written.eq_ignore_ascii_case("'allow-duplicates'") {
            let text = format!(
                "{} in `trusted-types` trusts policies of anybody's making",
                backquoted(word.written)
            );
            sink.report_with_help(&CODE, word.written.span, text, "name each policy, once");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn each_policy_has_a_name() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["trusted-types *"], &["`*` in `trusted-types` trusts policies of anybody's making"]),
            (
                &["trusted-types a 'allow-duplicates'"],
                &["`'allow-duplicates'` in `trusted-types` trusts policies of anybody's making"],
            ),
            (&["trusted-types a"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
