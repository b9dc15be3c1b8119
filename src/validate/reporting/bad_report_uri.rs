//! A `reportUri` that no report can be sent to.

use url::Url;

use crate::finding::{Code, Severity};
use crate::policy::Policy;
use crate::printable::backquoted;
use crate::validate::sink::Sink;

pub static CODE: Code = Code {
    id: "CW2501",
    name: "bad-report-uri",
    severity: Severity::Error,
    summary: "Reports go to a path on the tenant, or to an absolute URL.",
    why: "Browsers send their reports to `reportUri`. Where that is neither a path on the tenant nor an \
        https URL, the reports go nowhere, and blocked content shows only in the consoles of your visitors.",
    example: "reportUri: csp-reports",
    fixed: "reportUri: /api/v2/security/csp-reports",
};

pub fn check(policy: &Policy, sink: &mut Sink) {
    let uri = &policy.spec.report_uri;
    if let Err(reason) = read(uri) {
        let text = format!("`reportUri` is {}, {reason}", backquoted(uri));
        sink.report_with_help(
            &CODE,
            uri.span,
            text,
            "write a path as `/csp-reports`, or `https://reports.example/csp`",
        );
    }
}

fn read(uri: &str) -> Result<(), &'static str> {
    if uri.chars().any(|c| !c.is_ascii_graphic()) {
        return Err("which has characters that a URL can't have");
    }
    if uri.contains([';', ',']) {
        return Err("and a `;` or `,` would end it in a policy: write %3B or %2C");
    }
    if uri.starts_with('/') && !uri.starts_with("//") {
        return Ok(());
    }
    match Url::parse(uri) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && uri.contains("://") => Ok(()),
        Ok(_) => Err("which is no https URL"),
        Err(_) => Err("which is neither a path nor an absolute URL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{changed, placed, texts};

    #[test]
    fn a_report_goes_to_a_path_or_a_url() {
        let cases: &[(&str, Option<&str>)] = &[
            ("/api/v2/security/csp-reports", None),
            ("/csp?a=b", None),
            ("https://reports.example/csp", None),
            ("http://reports.example/csp", None),
            (
                "csp-reports",
                Some("`reportUri` is `csp-reports`, which is neither a path nor an absolute URL"),
            ),
            (
                "//a.example/",
                Some("`reportUri` is `//a.example/`, which is neither a path nor an absolute URL"),
            ),
            ("", Some("`reportUri` is ``, which is neither a path nor an absolute URL")),
            ("https://", Some("`reportUri` is `https://`, which is neither a path nor an absolute URL")),
            ("mailto:a@b.example", Some("`reportUri` is `mailto:a@b.example`, which is no https URL")),
            ("/a b", Some("`reportUri` is `/a b`, which has characters that a URL can't have")),
            (
                "/a;b",
                Some("`reportUri` is `/a;b`, and a `;` or `,` would end it in a policy: write %3B or %2C"),
            ),
        ];
        for (uri, expected) in cases {
            let policy = changed(|spec| spec.report_uri = placed(*uri));
            assert_eq!(texts(&CODE, &policy), Vec::from_iter(*expected), "{uri}");
        }
    }
}
