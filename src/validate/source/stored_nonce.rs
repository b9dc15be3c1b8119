//! A nonce that is written down: it is the same for every response, so whoever reads one page knows it for all.
//!
//! Of a weak one another check speaks.

use super::weak_nonce::weakness;
use crate::csp::Source;
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;

pub static CODE: Code = Code {
    id: "CW2112",
    name: "stored-nonce",
    severity: Severity::Warning,
    summary: "A nonce must be new for each response, and one that is stored in a policy is not.",
    why: "A nonce has to be new for each response. One that is written down in a policy is the \
        same for all of them, so whoever has seen one page can put it on a script of their own.",
    example: "script-src 'nonce-Zk3v0qXw9sTj7yLh2mPb4A=='",
    fixed: "script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for (written, source) in subject.lists().flat_map(|reading| reading.parsed()) {
        let Source::Nonce(nonce) = source else { continue };
        if weakness(nonce).is_none() {
            let text = format!("the nonce {} is stored, so it is known", backquoted(written));
            let help = "trust a script by its hash, or let the server make a nonce for each response";
            sink.report_with_help(&CODE, written.span, text, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::assert_texts;

    #[test]
    fn a_nonce_is_not_stored() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["script-src 'nonce-Zk3v0qXw9sTj7yLh2mPb4A=='"],
                &["the nonce `'nonce-Zk3v0qXw9sTj7yLh2mPb4A=='` is stored, so it is known"],
            ),
            (&["script-src 'self'"], &[]),
        ];
        assert_texts(&CODE, cases);
    }
}
