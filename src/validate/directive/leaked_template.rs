//! A piece of a template or of code that a program should have replaced.

use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::Read;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;
use crate::validate::template::is_template;

pub static CODE: Code = Code {
    id: "CW2015",
    name: "leaked-template",
    severity: Severity::Error,
    summary: "A placeholder, or what a program prints for a missing value, got into the policy.",
    why: "A program that put the policy together left a placeholder or the name of a missing \
        value. Browsers read it as a host, or ignore it, so that what was meant is not there.",
    example: "script-src 'self' undefined",
    fixed: "script-src 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let names = subject.directives.0.iter().map(|directive| &directive.name);
    let words = subject.known().flat_map(|reading| &reading.words);
    let words = words.filter(|word| word.read == Read::Template).map(|word| word.written);
    for word in names.filter(|name| is_template(name)).chain(words) {
        if !sink.only_counts(&CODE) {
            let text = format!("{} was left by the program that wrote the policy", backquoted(word));
            sink.report_with_help(&CODE, word.span, text, "write what should stand there");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn what_a_program_left_is_told() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["script-src 'self' undefined 'nonce-{{nonce}}'"],
                &[
                    "`undefined` was left by the program that wrote the policy",
                    "`'nonce-{{nonce}}'` was left by the program that wrote the policy",
                ],
            ),
            (&["img-src https://null.example 'self'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
