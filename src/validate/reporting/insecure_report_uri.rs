//! Reports that go without TLS: by `reportUri`, or by a `report-uri` directive.

use url::Url;

use crate::finding::{Code, Severity};
use crate::loopback::is_loopback;
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2502",
    name: "insecure-report-uri",
    severity: Severity::Warning,
    summary: "Reports carry addresses of pages, and browsers don't send them from https to http.",
    why: "A report carries the address of the page and of what was blocked. Over http anyone on the way \
        reads it; and browsers don't send it at all from a page that came over https.",
    example: "reportUri: http://reports.example/csp",
    fixed: "reportUri: https://reports.example/csp",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let set = subject.report_uri.into_iter().map(|uri| ("reportUri", uri));
    let words = subject.get("report-uri").into_iter().flat_map(|reading| &reading.words);
    for (name, uri) in set.chain(words.map(|word| ("report-uri", word.written))) {
        if Url::parse(uri).is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url)) {
            let text = format!("`{name}` is {}, which goes without TLS", backquoted(uri));
            sink.report_with_help(&CODE, uri.span, text, "write `https://`");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, changed, placed, texts};

    #[test]
    fn only_this_machine_goes_without_tls() {
        let insecure = "`reportUri` is `http://reports.example/csp`, which goes without TLS";
        let cases: &[(&str, Option<&str>)] = &[
            ("http://reports.example/csp", Some(insecure)),
            ("https://reports.example/csp", None),
            ("http://localhost:8080/csp", None),
            ("http://127.0.0.1/csp", None),
            ("http://[::1]/csp", None),
            ("/csp", None),
        ];
        for (uri, expected) in cases {
            let policy = changed(|spec| spec.report_uri = placed(*uri));
            assert_eq!(texts(&CODE, &policy), Vec::from_iter(*expected), "{uri}");
        }
    }

    #[test]
    fn the_directive_has_tls_too() {
        let text = "`report-uri` is `http://a.example/csp`, which goes without TLS";
        assert_texts(&CODE, &[(&["report-uri /csp http://a.example/csp"], &[text])]);
    }
}
