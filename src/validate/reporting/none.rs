//! A header whose violations nobody hears of.

use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2504",
    name: "no-reporting",
    severity: Severity::Info,
    summary: "Without report-uri or report-to nobody hears of what the policy blocks.",
    why: "Browsers can report what a policy blocks. Without an endpoint neither an attack nor a \
        page that the policy breaks is noticed.",
    example: "default-src 'self'",
    fixed: "default-src 'self'; report-to csp",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    let reports = ["report-uri", "report-to"].iter().any(|name| subject.get(name).is_some());
    if subject.restricts_loads() && !reports {
        let text = "neither `report-uri` nor `report-to` is there";
        sink.missing(&CODE, "report-to", text, "add `report-uri /csp-reports`");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_header_texts;

    #[test]
    fn somebody_hears_of_it() {
        let cases: &[(&str, &[&str])] = &[
            ("default-src 'self'", &["neither `report-uri` nor `report-to` is there"]),
            ("default-src 'self'; report-to csp", &[]),
            ("frame-ancestors 'self'", &[]),
        ];
        assert_header_texts(&CODE, cases);
    }
}
