//! What a document lives with: findings that its author waived, each with a reason.
//!
//! ```yaml
//! metadata:
//!   annotations:
//!     chatward.dev/waive: |
//!       CW2301: the old widget needs it until March
//!       CW2404: marketing asked for it, CHAT-411
//! ```
//!
//! One waiver a line, or several in one line between semicolons. It stands for all findings of its code in its document,
//! which are then listed, counted as waived, and count for nothing else. An error can't be waived: a browser would not
//! read the policy as it was meant, whatever anybody says. A waiver that is wrong or idle is a finding of its own, so
//! that none outlives its reason.

use std::sync::Arc;

use crate::finding::{Code, Finding, Severity, SourceText, Span};
use crate::policy::{Policy, WAIVE_ANNOTATION, document};
use crate::printable::{backquoted, printable};
use crate::suggest::closest;
use crate::validate;

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 500;

/// A waiver is not written as one.
pub static MALFORMED: Code = Code {
    id: "CW1036",
    name: "malformed-waiver",
    severity: Severity::Error,
    summary: "A waiver is a code, a colon and a reason.",
    why: "A waiver without a reason can't be reviewed, and one that can't be read would waive nothing while its author \
        believes that it does.",
    example: "annotations: { chatward.dev/waive: CW2301 }",
    fixed: "annotations: { chatward.dev/waive: \"CW2301: the old widget needs it until March\" }",
};
/// A waiver names a code that no document can have.
pub static UNKNOWN: Code = Code {
    id: "CW1037",
    name: "unknown-waived-code",
    severity: Severity::Error,
    summary: "A waiver names a code that no finding of a document has.",
    why: "The waiver would waive nothing while its author believes that it does. Codes are listed by \
        `chatward explain --list`.",
    example: "annotations: { chatward.dev/waive: \"CW2331: the old widget needs it\" }",
    fixed: "annotations: { chatward.dev/waive: \"CW2301: the old widget needs it\" }",
};
/// A waiver names an error.
pub static ERROR: Code = Code {
    id: "CW1038",
    name: "waived-error",
    severity: Severity::Error,
    summary: "A waiver names an error, and errors can't be waived.",
    why: "An error is something that a browser or a tenant ignores, or reads otherwise than it is written. A reason does \
        not change what they read, so the policy has to.",
    example: "annotations: { chatward.dev/waive: \"CW2102: works on my machine\" }",
    fixed: "annotations: { example.com/note: \"quotes are now right\" }",
};
/// A waiver waives nothing.
pub static IDLE: Code = Code {
    id: "CW1039",
    name: "idle-waiver",
    severity: Severity::Warning,
    summary: "A waiver names a code that its document does not raise.",
    why: "What it waived is gone. Left in place, the waiver would hide the same weakness when it comes back, for a reason \
        that no longer holds.",
    example: "annotations: { chatward.dev/waive: \"CW2301: the old widget needs it\" }",
    fixed: "annotations: { example.com/note: \"the old widget is gone\" }",
};

/// The codes of waivers themselves.
pub static CODES: &[&Code] = &[&MALFORMED, &UNKNOWN, &ERROR, &IDLE];

/// One waiver as written.
#[derive(Debug, PartialEq, Eq)]
struct Waiver<'a> {
    code: &'a str,
    reason: &'a str,
}

/// Marks what a policy's document waives among its findings, and adds what is wrong with the waivers themselves.
pub fn apply(policy: &Policy, source: &SourceText<'_>, findings: &mut Vec<Finding>) {
    let Some(annotation) = policy.annotations.get(WAIVE_ANNOTATION) else { return };
    let mut wrong = Wrong { source, span: annotation.span, findings: Vec::new() };
    let mut any = false;
    for written in waivers(annotation) {
        any = true;
        match written {
            Ok(waiver) => waive(&waiver, findings, &mut wrong),
            Err(text) => wrong.malformed(text),
        }
    }
    if !any {
        wrong.malformed("");
    }
    findings.append(&mut wrong.findings);
    findings.sort_by_key(|finding| {
        let place = finding.place.as_ref().map(|place| (place.line, place.column, place.width));
        (place, finding.code.id)
    });
}

/// The waivers of an annotation; what is none as it is written.
fn waivers(annotation: &str) -> impl Iterator<Item = Result<Waiver<'_>, &str>> {
    let items = annotation.split(['\n', ';']).map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| {
        let (code, reason) = item.split_once(':').ok_or(item)?;
        let (code, reason) = (code.trim(), reason.trim());
        let is_code = code.len() == 6 && code.is_char_boundary(2) && code[..2].eq_ignore_ascii_case("CW");
        if is_code && !reason.is_empty() { Ok(Waiver { code, reason }) } else { Err(item) }
    })
}

fn waive(waiver: &Waiver<'_>, findings: &mut [Finding], wrong: &mut Wrong<'_, '_>) {
    let Some(code) = codes().find(|code| code.id.eq_ignore_ascii_case(waiver.code)) else {
        return wrong.unknown(waiver.code);
    };
    if code.severity == Severity::Error {
        return wrong.error(code);
    }
    let reason: Arc<str> = printable(waiver.reason, MAX_REASON).into();
    let mut idle = true;
    for finding in findings.iter_mut().filter(|finding| finding.code == code) {
        finding.waived = Some(Arc::clone(&reason));
        idle = false;
    }
    if idle {
        wrong.idle(code);
    }
}

/// The codes that a document can raise.
fn codes() -> impl Iterator<Item = &'static Code> {
    document::CODES.iter().copied().chain(validate::codes())
}

/// What is wrong with waivers, all at the place of their annotation.
struct Wrong<'s, 't> {
    source: &'s SourceText<'t>,
    span: Span,
    findings: Vec<Finding>,
}

impl Wrong<'_, '_> {
    fn malformed(&mut self, text: &str) {
        let text = match text {
            "" => "the annotation waives nothing".to_owned(),
            text => format!("{} is no waiver: it needs a code, a colon and a reason", backquoted(text)),
        };
        self.find(
            &MALFORMED,
            text,
            "write `CW2301: REASON`; a semicolon or a line's end begins the next one",
        );
    }

    fn unknown(&mut self, written: &str) {
        let ids = codes().filter(|code| code.severity != Severity::Error).map(|code| code.id);
        let help = match closest(written, ids) {
            Some(near) => format!("did you mean `{near}`? `chatward explain --list` lists all"),
            None => "`chatward explain --list` lists all codes".to_owned(),
        };
        self.find(&UNKNOWN, format!("no finding of a document has the code {}", backquoted(written)), help);
    }

    fn error(&mut self, code: &Code) {
        let text = format!("{code} is an error, and can't be waived");
        self.find(&ERROR, text, format!("correct it: `chatward explain {code}` says how"));
    }

    fn idle(&mut self, code: &Code) {
        let text = format!("the document does not raise {code}, so there is nothing to waive");
        self.find(&IDLE, text, "remove the waiver");
    }

    fn find(&mut self, code: &'static Code, text: String, help: impl Into<String>) {
        let place = Some(self.source.place(self.span));
        let help = Some(help.into());
        self.findings.push(Finding { code, place, about: None, text, help, fix: None, waived: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{FileFacts, Snapshot};

    /// Every finding of a document with `'unsafe-inline'` and this annotation: code, and why it is waived.
    fn found(annotation: &str) -> Vec<(&'static str, Option<String>)> {
        let text = format!(
            "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata:\n  name: a\n  tenant: default\n  \
             annotations: {{ chatward.dev/waive: {} }}\nspec:\n  cspDirectives:\n    default-src: \"'self'\"\n    \
             base-uri: \"'none'\"\n    script-src: \"'unsafe-inline'\"\n  xssRules: {{ rules: [strip-script-tags] }}\n",
            serde_json::to_string(annotation).unwrap()
        );
        let facts = FileFacts::read(&"a.yaml".into(), text.as_bytes(), None);
        let tenants = ["default".parse().unwrap()].into();
        let snapshot = Snapshot::assemble(&[Arc::new(facts)].into(), &tenants);
        let found = |finding: Finding| (finding.code.id, finding.waived.map(|reason| reason.to_string()));
        let found = snapshot.findings().into_iter().map(found);
        // Other weaknesses of the same policy are not what is tried here.
        found.filter(|(id, _)| *id == "CW2301" || CODES.iter().any(|code| code.id == *id)).collect()
    }

    #[test]
    fn a_waiver_takes_all_findings_of_its_code() {
        let reason = Some("old widget".to_owned());
        for annotation in
            ["CW2301: old widget", " cw2301 :old widget\n", "CW2301: old widget;", "CW2301: old widget\n\n"]
        {
            assert_eq!(found(annotation), [("CW2301", reason.clone())], "{annotation:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_waiver_is_told() {
        let cases: &[(&str, &[&str])] = &[
            ("CW2301", &["CW1036"]),
            ("CW2301:", &["CW1036"]),
            ("", &["CW1036"]),
            (" ; \n", &["CW1036"]),
            ("all of them: please", &["CW1036"]),
            ("C\u{57}€: please", &["CW1036"]),
            ("CW2399: no such code", &["CW1037"]),
            ("CW9001: of the directory", &["CW1037"]),
            ("CW2102: an error", &["CW1038"]),
            ("CW1021: an error of a document", &["CW1038"]),
            ("CW2302: not raised", &["CW1039"]),
            ("CW2399: a; CW2102: b\nCW2302: c", &["CW1037", "CW1038", "CW1039"]),
        ];
        for (annotation, expected) in cases {
            let codes: Vec<&str> = found(annotation).iter().map(|(id, _)| *id).collect();
            let (wrong, weak) = codes.split_at(expected.len());
            assert_eq!((wrong, weak), (*expected, &["CW2301"][..]), "{annotation:?}");
        }
    }

    #[test]
    fn several_are_waived_one_by_one() {
        let found = found("CW2302: not raised; CW2301: old widget\nCW2301");
        let waived = found.iter().filter(|(_, reason)| reason.is_some()).count();
        assert_eq!((found.len(), waived), (3, 1), "{found:?}");
    }
}
