//! A header that no document could hold: the platform takes fewer hosts and hashes.

use super::{MAX_HASHES, MAX_HOSTS, hashes, hosts};
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2405",
    name: "beyond-platform",
    severity: Severity::Warning,
    summary: "The header has more hosts or hashes than the platform takes, and each is looked through for every request.",
    why: "The header has more hosts or hashes than a policy on the platform may have. It also \
        costs: the list is looked through for every request, and long headers are cut off by \
        some servers.",
    example: "img-src https://h0.example … https://h30.example",
    fixed: "img-src https://*.example.org",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if let Some((first, count)) = hashes::too_many(subject) {
        let text =
            format!("{count} hashes in script directives: a policy of the platform has at most {MAX_HASHES}");
        sink.report_with_help(&CODE, first.span, text, "move inline scripts to files");
    }
    if let Some((span, count)) = hosts::too_many(subject) {
        let text = format!("{count} hosts: a policy of the platform has at most {MAX_HOSTS}");
        sink.report_with_help(&CODE, span, text, "`*.example.com` stands for all hosts below example.com");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::header_texts;

    #[test]
    fn a_header_may_be_too_much() {
        let hosts = |count: usize| (0..count).map(|n| format!(" h{n}.example")).collect::<String>();
        assert_eq!(header_texts(&CODE, &format!("img-src{}", hosts(30))), [""; 0]);
        let text = "31 hosts: a policy of the platform has at most 30";
        assert_eq!(header_texts(&CODE, &format!("img-src{}", hosts(31))), [text]);
    }
}
