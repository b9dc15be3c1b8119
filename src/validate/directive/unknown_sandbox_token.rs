//! A sandbox token that HTML doesn't have: browsers ignore it, so the sandbox stays tighter than was meant.

use crate::csp::{Grammar, directive::lookup, value::SANDBOX_TOKENS};
use crate::finding::{Code, Severity};
use crate::printable::backquoted;
use crate::suggest::did_you_mean;
use crate::validate::sink::Sink;
use crate::validate::subject::Subject;
use crate::validate::template::is_template;

pub static CODE: Code = Code {
    id: "CW2011",
    name: "unknown-sandbox-token",
    severity: Severity::Error,
    summary: "Browsers ignore a sandbox token that they don't know.",
    why: "Browsers skip a sandbox token that they don't know, so the sandbox stays closed where it was to \
        be opened: forms, scripts or pop-ups of the chat then fail without a visible reason.",
    example: "sandbox allow-script",
    fixed: "sandbox allow-scripts",
};

pub fn check(subject: &Subject<'_>, sink: &mut Sink) {
    for directive in &subject.directives.0 {
        if lookup(&directive.name).is_none_or(|info| info.grammar != Grammar::SandboxTokens) {
            continue;
        }
        for token in directive.sources() {
            if SANDBOX_TOKENS.iter().any(|known| known.eq_ignore_ascii_case(token)) {
                continue;
            }
            if lookup(token).is_some() || is_template(token) || sink.only_counts(&CODE) {
                continue;
            }
            let help = did_you_mean(token, SANDBOX_TOKENS.iter().copied(), || {
                "the tokens are those of HTML, such as `allow-scripts`".to_owned()
            });
            sink.report_with_help(
                &CODE,
                token.span,
                format!("no sandbox token is named {}", backquoted(token)),
                help,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::testing::{assert_texts, help, policy};

    #[test]
    fn tokens_are_those_of_html() {
        assert_texts(
            &CODE,
            &[
                (&["sandbox allow-scripts Allow-Forms"], &[]),
                (&["sandbox allow-script"], &["no sandbox token is named `allow-script`"]),
            ],
        );
        assert_eq!(help(&CODE, &policy(&["sandbox allow-script"])), "did you mean `allow-scripts`?");
    }
}
