//! Findings as people and programs get them.

use insta::assert_snapshot;

use super::*;
use crate::finding::{Code, SourceText, Span};
use crate::render::tests::plain;

static UNKNOWN: Code =
    Code { id: "CW2001", name: "unknown-directive", severity: Severity::Error, summary: "not a directive" };
static WEAK: Code =
    Code { id: "CW2002", name: "weak-source", severity: Severity::Warning, summary: "weaker than needed" };
static NOTE: Code = Code { id: "CW3001", name: "note", severity: Severity::Info, summary: "worth knowing" };

fn finding(code: &'static Code, text: &str, help: Option<&str>, line: &str, span: Span) -> Finding {
    let lines = "\n".repeat(usize::try_from(span.line - 1).unwrap()) + line;
    let place = Some(SourceText::new("default/chat.yaml".into(), &lines).place(span));
    Finding { code, place, about: None, text: text.to_owned(), help: help.map(str::to_owned) }
}

fn shown(findings: &[Finding]) -> String {
    plain(text(findings, Tally::of(3, 5, findings)))
}

fn samples() -> Vec<Finding> {
    let at = |line, column, width| Span { line, column, width };
    vec![
        finding(
            &UNKNOWN,
            "directive `scriptsrc` is not known",
            Some("did you mean `script-src`?"),
            "    scriptsrc: \"'self'\"",
            at(12, 5, 9),
        ),
        finding(&WEAK, "`*` allows every host", None, "    img-src: [\"*\"]", at(104, 15, 3)),
        Finding { code: &NOTE, place: None, about: None, text: "no tenant is configured".into(), help: None },
    ]
}

#[test]
fn a_finding_points_at_its_place() {
    assert_snapshot!(shown(&samples()), @r##"
    error[CW2001]: directive `scriptsrc` is not known
      --> default/chat.yaml:12:5
       |
    12 |     scriptsrc: "'self'"
       |     ^^^^^^^^^
       |
       = help: did you mean `script-src`?

    warning[CW2002]: `*` allows every host
       --> default/chat.yaml:104:15
        |
    104 |     img-src: ["*"]
        |               ^^^

    info[CW3001]: no tenant is configured

    3 files, 5 policies: 1 error, 1 warning, 1 info.
    "##);
}

#[test]
fn programs_get_the_same() {
    let samples = samples();
    assert_snapshot!(json(&samples, Tally::of(3, 5, &samples)).unwrap(), @r##"
    {
      "version": 1,
      "findings": [
        {
          "code": "CW2001",
          "name": "unknown-directive",
          "severity": "error",
          "file": "default/chat.yaml",
          "line": 12,
          "column": 5,
          "width": 9,
          "message": "directive `scriptsrc` is not known",
          "help": "did you mean `script-src`?"
        },
        {
          "code": "CW2002",
          "name": "weak-source",
          "severity": "warning",
          "file": "default/chat.yaml",
          "line": 104,
          "column": 15,
          "width": 3,
          "message": "`*` allows every host",
          "help": null
        },
        {
          "code": "CW3001",
          "name": "note",
          "severity": "info",
          "file": null,
          "line": null,
          "column": null,
          "width": null,
          "message": "no tenant is configured",
          "help": null
        }
      ],
      "summary": {
        "files": 3,
        "policies": 5,
        "errors": 1,
        "warnings": 1,
        "infos": 1
      }
    }
    "##);
}

#[test]
fn carets_stay_under_wide_combining_and_hidden_characters() {
    let at = |column, width| Span { line: 7, column, width };
    let findings = [
        finding(&WEAK, "after tabs", None, "\t\tkey: here", at(8, 4)),
        finding(&WEAK, "after wide ones", None, "界界: here", at(5, 4)),
        finding(&WEAK, "after combining ones", None, "e\u{301}e\u{301}: here", at(7, 4)),
        finding(&WEAK, "after hidden ones", None, "\u{1b}\u{9b}\u{202e}: here", at(6, 4)),
        finding(&WEAK, "on a hidden one", None, "a\u{200b}b", at(2, 1)),
    ];
    assert_snapshot!(shown(&findings), @r##"
    warning[CW2002]: after tabs
     --> default/chat.yaml:7:8
      |
    7 |         key: here
      |              ^^^^

    warning[CW2002]: after wide ones
     --> default/chat.yaml:7:5
      |
    7 | 界界: here
      |       ^^^^

    warning[CW2002]: after combining ones
     --> default/chat.yaml:7:7
      |
    7 | éé: here
      |     ^^^^

    warning[CW2002]: after hidden ones
     --> default/chat.yaml:7:6
      |
    7 | ␛��: here
      |      ^^^^

    warning[CW2002]: on a hidden one
     --> default/chat.yaml:7:2
      |
    7 | a�b
      |  ^

    3 files, 5 policies: 5 warnings.
    "##);
}

#[test]
fn a_place_outside_of_its_line_is_still_named() {
    let at = |column, width| Span { line: 7, column, width };
    let long = format!("key: {}here", "x ".repeat(150));
    let findings = [
        finding(&WEAK, "at the end of the line", None, "key:", at(5, 1)),
        finding(&WEAK, "wider than the line", None, "key: value", at(6, 99)),
        finding(&WEAK, "behind what is kept of the line", None, "key: value", at(500, 2)),
        finding(&WEAK, "on an empty line", None, "", at(1, 1)),
        finding(&WEAK, "far to the right", None, &long, at(306, 4)),
    ];
    assert_snapshot!(shown(&findings), @r##"
    warning[CW2002]: at the end of the line
     --> default/chat.yaml:7:5
      |
    7 | key:
      |     ^

    warning[CW2002]: wider than the line
     --> default/chat.yaml:7:6
      |
    7 | key: value
      |      ^^^^^

    warning[CW2002]: behind what is kept of the line
    --> default/chat.yaml:7:500

    warning[CW2002]: on an empty line
    --> default/chat.yaml:7:1

    warning[CW2002]: far to the right
     --> default/chat.yaml:7:306
      |
    7 | ... x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x here
      |                                                                   ^^^^

    3 files, 5 policies: 5 warnings.
    "##);
}

#[test]
fn the_summary_counts_as_people_do() {
    let tally =
        |files, policies, errors, warnings, infos| plain(Tally { files, policies, errors, warnings, infos });
    assert_eq!(tally(3, 5, 1, 2, 1), "3 files, 5 policies: 1 error, 2 warnings, 1 info.");
    assert_eq!(tally(1, 1, 0, 0, 2), "1 file, 1 policy: 2 infos.");
    assert_eq!(tally(0, 0, 0, 0, 0), "0 files, 0 policies: no findings.");
}
