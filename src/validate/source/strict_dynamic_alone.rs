//! `'strict-dynamic'` without anything that trusts a first script.

use super::masked::is_of_scripts;
use crate::csp::Keyword;
use crate::finding::{Code, Severity};
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2117",
    name: "strict-dynamic-alone",
    severity: Severity::Warning,
    summary: "'strict-dynamic' without a nonce or hash lets no script load.",
    why: "'strict-dynamic' hands on the trust of a script that a nonce or hash trusts, and \
        switches hosts off. Without either no script on the page is trusted, so none is loaded.",
    example: "script-src 'strict-dynamic' https://cdn.example",
    fixed: "script-src 'strict-dynamic' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for reading in subject.lists().filter(|reading| is_of_scripts(reading) && !reading.nonce_or_hash) {
        if let Some(written) = reading.keyword(Keyword::StrictDynamic) {
            let text =
                format!("'strict-dynamic' in `{}` has no nonce or hash to begin with", reading.info.name);
            let help = "add the hash of the script that loads the others";
            sink.report_with_help(&CODE, written.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn trust_begins_somewhere() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["script-src 'strict-dynamic' 'self'"],
                &["'strict-dynamic' in `script-src` has no nonce or hash to begin with"],
            ),
            (&["script-src 'strict-dynamic' 'nonce-abc'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
