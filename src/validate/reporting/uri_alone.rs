//! `report-uri` without `report-to`.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2503",
    name: "report-uri-alone",
    severity: Severity::Info,
    summary: "report-uri is deprecated on paper: report-to will take its place, and browsers that know both prefer it.",
    why: "report-uri is deprecated on paper, and report-to is to take its place. Every browser \
        still knows report-uri, so nothing needs to change today; with both, each browser uses \
        the newer one that it knows.",
    example: "report-uri /csp-reports",
    fixed: "report-uri /csp-reports; report-to csp",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    if let Some(reading) = subject.get("report-uri")
        && subject.get("report-to").is_none()
    {
        let text = "`report-uri` stands without `report-to`, which will take its place";
        sink.report(&CODE, reading.written.name.span, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn both_are_written() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["report-uri /csp"], &["`report-uri` stands without `report-to`, which will take its place"]),
            (&["report-uri /csp", "report-to csp"], &[]),
            (&["default-src 'self'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
