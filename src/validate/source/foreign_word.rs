//! A word of another header, or of everyday language, where sources stand: browsers take it for a host.

use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::Read;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2120",
    name: "foreign-word",
    severity: Severity::Error,
    summary: "CSP doesn't have that word, and browsers take it for the name of a host.",
    why: "The word comes from another header, such as X-Frame-Options, from an old draft, or from \
        everyday language. Browsers take it for the name of a host, so it allows nothing that \
        was meant.",
    example: "frame-ancestors SAMEORIGIN",
    fixed: "frame-ancestors 'self'",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for word in subject.lists().flat_map(|reading| &reading.words) {
        if word.read == Read::Foreign && !sink.only_counts(&CODE) {
            let text = format!("{} is read as a host: CSP has no such word", backquoted(word.written));
            sink.report_with_help(&CODE, word.written.span, text, help(word.written));
        }
    }
}

fn help(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "sameorigin" | "same-origin" => "write 'self', in its quotes",
        "deny" => "write 'none', in its quotes",
        "all" | "allowall" | "any" | "everything" => "write `*` for any host",
        "allow-from" => "leave it out: the host itself is enough",
        _ => "leave it out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn no_such_word_is_there() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["frame-ancestors SAMEORIGIN"], &["`SAMEORIGIN` is read as a host: CSP has no such word"]),
            (&["default-src any.example 'self'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
