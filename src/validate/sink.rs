//! Where checks put what they find: it turns spans into places, in order, and keeps the number of findings bounded.

use std::borrow::Cow;
use std::collections::HashMap;

use super::subject::Subject;
use crate::finding::{About, Code, Finding, SourceText, Span};

/// How many findings of one code are told one by one for one policy.
pub const MAX_FINDINGS_PER_CODE: usize = 20;

/// Collects the findings of one policy.
pub(super) struct Sink {
    policy: Span,
    notes: Vec<Note>,
    counts: HashMap<&'static str, usize>,
}

/// A finding before its place is looked up.
struct Note {
    code: &'static Code,
    span: Span,
    text: String,
    help: Option<Cow<'static, str>>,
    about: Option<About>,
}

impl Sink {
    /// A sink for a policy whose name is written there.
    pub(super) fn new(policy: Span) -> Self {
        Self { policy, notes: Vec::new(), counts: HashMap::new() }
    }

    /// Whether so many findings of a code are told that one more is only counted; counts it then.
    ///
    /// For findings that cost something to put into words.
    pub(super) fn only_counts(&mut self, code: &'static Code) -> bool {
        let count = self.counts.entry(code.id).or_default();
        let full = *count >= MAX_FINDINGS_PER_CODE;
        *count += usize::from(full);
        full
    }

    /// The place of the policy as a whole.
    pub(super) fn policy(&self) -> Span {
        self.policy
    }

    /// Reports something that explains itself.
    pub(super) fn report(&mut self, code: &'static Code, span: Span, text: impl Into<String>) {
        self.note(Note { code, span, text: text.into(), help: None, about: None });
    }

    /// Reports something, with what to do next.
    pub(super) fn report_with_help(
        &mut self,
        code: &'static Code,
        span: Span,
        text: impl Into<String>,
        help: impl Into<Cow<'static, str>>,
    ) {
        self.note(Note { code, span, text: text.into(), help: Some(help.into()), about: None });
    }

    /// Reports that a directive is missing from the policy, with what to do next.
    pub(super) fn missing(
        &mut self,
        code: &'static Code,
        directive: &'static str,
        text: impl Into<String>,
        help: impl Into<Cow<'static, str>>,
    ) {
        let about = Some(About::from((directive, None)));
        self.note(Note { code, span: self.policy, text: text.into(), help: Some(help.into()), about });
    }

    fn note(&mut self, mut note: Note) {
        let count = self.counts.entry(note.code.id).or_default();
        *count += 1;
        if *count <= MAX_FINDINGS_PER_CODE {
            // A value that is a default stands nowhere; the policy's name stands for it.
            if note.span.line == 0 {
                note.span = self.policy;
            }
            self.notes.push(note);
        }
    }

    /// The findings in order of place, then code.
    pub(super) fn into_findings(mut self, subject: &Subject<'_>, source: &SourceText<'_>) -> Vec<Finding> {
        self.notes.sort_by(|a, b| (a.span, a.code.id).cmp(&(b.span, b.code.id)));
        let mut findings: Vec<Finding> = Vec::with_capacity(self.notes.len());
        let spans: Vec<Span> = self.notes.iter().map(|note| note.span).collect();
        let about = if spans.is_empty() { HashMap::new() } else { subject.about(&spans) };
        for note in self.notes {
            let about = note.about.or_else(|| about.get(&note.span).cloned());
            findings.push(Finding {
                code: note.code,
                place: Some(source.place(note.span)),
                about,
                text: note.text,
                help: note.help.map(Cow::into_owned),
                fix: None,
                waived: None,
            });
        }
        for (id, count) in self.counts {
            let Some(more) = count.checked_sub(MAX_FINDINGS_PER_CODE).filter(|more| *more > 0) else {
                continue;
            };
            if let Some(last) = findings.iter_mut().rfind(|finding| finding.code.id == id) {
                last.text.push_str(&format!(" (and {more} more like it)"));
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::validate::testing::policy;

    static A: Code = Code::bare("CW0001", "a", Severity::Error);
    static B: Code = Code::bare("CW0002", "b", Severity::Info);

    fn span(line: u32, column: u32) -> Span {
        Span { line, column, width: 1 }
    }

    #[test]
    fn findings_come_in_order_of_place_then_code() {
        let mut sink = Sink::new(span(1, 9));
        sink.report(&B, span(2, 1), "fourth");
        sink.report(&A, span(2, 1), "third");
        sink.report(&A, Span::default(), "second");
        sink.report_with_help(&B, span(1, 2), "first", "help");
        let policy = policy(&[]);
        let findings =
            sink.into_findings(&Subject::of(&policy), &SourceText::new("a.yaml".into(), "one\ntwo\n"));
        let texts: Vec<&str> = findings.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts, ["first", "second", "third", "fourth"]);
        assert_eq!(findings[0].help.as_deref(), Some("help"));
        let second = findings[1].place.as_ref().unwrap();
        assert_eq!((second.line, second.column), (1, 9), "a default stands at the policy's name");
    }

    #[test]
    fn many_findings_of_one_code_are_counted() {
        let mut sink = Sink::new(span(1, 1));
        for line in 1..=25 {
            sink.report(&A, span(line, 1), "bad");
        }
        sink.report(&B, span(30, 1), "other");
        let policy = policy(&[]);
        let findings = sink.into_findings(&Subject::of(&policy), &SourceText::new("a.yaml".into(), ""));
        assert_eq!(findings.len(), MAX_FINDINGS_PER_CODE + 1);
        assert_eq!(findings[MAX_FINDINGS_PER_CODE - 1].text, "bad (and 5 more like it)");
        assert_eq!(findings[MAX_FINDINGS_PER_CODE].text, "other");
    }
}
