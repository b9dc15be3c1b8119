//! A scheme without its colon, or with more than that: browsers take it for the name of a host.

use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::reading::Read;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2108",
    name: "scheme-without-colon",
    severity: Severity::Error,
    summary: "Without its colon a scheme is read as the name of a host.",
    why: "`data` is a host named data; `data:` is the scheme. Without the colon, or with more \
        behind it than a scheme has, the source matches nothing that was meant.",
    example: "img-src 'self' data",
    fixed: "img-src 'self' data:",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for word in subject.lists().flat_map(|reading| &reading.words) {
        let Read::BareScheme(scheme) = word.read else { continue };
        if sink.only_counts(&CODE) {
            continue;
        }
        let text =
            format!("{} is read as a host named `{}`", backquoted(word.written), scheme.to_ascii_lowercase());
        let rest = word.written.get(scheme.len()..).unwrap_or_default().trim_start_matches([':', '/', '*']);
        let help = if rest.is_empty() { format!("{scheme}:") } else { format!("{scheme}://{rest}") };
        sink.report_with_help(&CODE, word.written.span, text, format!("write {}", backquoted(&help)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_scheme_has_its_colon() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["img-src data https://a.example"], &["`data` is read as a host named `data`"]),
            (&["img-src https//a.example"], &["`https//a.example` is read as a host named `https`"]),
            (&["img-src data: https: database"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
