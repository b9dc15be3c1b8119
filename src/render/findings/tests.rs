//! Findings as people and programs get them.

use insta::assert_snapshot;

use super::*;
use crate::finding::{Code, SourceText, Span};
use crate::render::tests::plain;

static UNKNOWN: Code = Code::bare("CW2001", "unknown-directive", Severity::Error);
static WEAK: Code = Code::bare("CW2002", "weak-source", Severity::Warning);
static NOTE: Code = Code::bare("CW3001", "note", Severity::Info);

fn finding(code: &'static Code, text: &str, help: Option<&str>, line: &str, span: Span) -> Finding {
    let lines = "\n".repeat(usize::try_from(span.line - 1).unwrap()) + line;
    let place = Some(SourceText::new("default/chat.yaml".into(), &lines).place(span));
    let help = help.map(str::to_owned);
    Finding { code, place, about: None, text: text.to_owned(), help, fix: None, waived: None }
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
        Finding { place: None, ..finding(&NOTE, "no tenant is configured", None, "", at(1, 1, 1)) },
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
          "directive": null,
          "value": null,
          "message": "directive `scriptsrc` is not known",
          "help": "did you mean `script-src`?",
          "waived": null,
          "fix": null
        },
        {
          "code": "CW2002",
          "name": "weak-source",
          "severity": "warning",
          "file": "default/chat.yaml",
          "line": 104,
          "column": 15,
          "width": 3,
          "directive": null,
          "value": null,
          "message": "`*` allows every host",
          "help": null,
          "waived": null,
          "fix": null
        },
        {
          "code": "CW3001",
          "name": "note",
          "severity": "info",
          "file": null,
          "line": null,
          "column": null,
          "width": null,
          "directive": null,
          "value": null,
          "message": "no tenant is configured",
          "help": null,
          "waived": null,
          "fix": null
        }
      ],
      "summary": {
        "files": 3,
        "policies": 5,
        "errors": 1,
        "warnings": 1,
        "infos": 1,
        "waived": 0,
        "fixable": 0
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
    let tally = |files, policies, errors, warnings, infos| {
        plain(Tally { files, policies, errors, warnings, infos, ..Tally::default() })
    };
    assert_eq!(tally(3, 5, 1, 2, 1), "3 files, 5 policies: 1 error, 2 warnings, 1 info.");
    assert_eq!(tally(1, 1, 0, 0, 2), "1 file, 1 policy: 2 infos.");
    assert_eq!(tally(0, 0, 0, 0, 0), "0 files, 0 policies: no findings.");
    let (waived, mended) =
        (Tally { waived: 2, ..Tally::default() }, Tally { fixable: 1, ..Tally::default() });
    assert_eq!(plain(waived), "0 files, 0 policies: no findings, 2 waived.");
    assert!(plain(mended).ends_with(" `chatward validate --fix` mends 1."));
}

/// Findings as they come with a waiver, with a fix, and in a file with an awkward name.
fn awkward() -> Vec<Finding> {
    let mut findings = samples();
    findings[0].about = Some(("scriptsrc", None).into());
    findings[0].fix = Some(Edit::new(300..309, "script-src").into());
    findings[1].waived = Some("old widget".into());
    let place = findings[0].place.as_mut().unwrap();
    place.file = "a b/100%,c:d.yaml".into();
    findings[0].text.push_str("\n::error::100%");
    findings
}

#[test]
fn waived_findings_are_counted_and_not_shown() {
    let findings = awkward();
    let tally = Tally::of(1, 1, &findings);
    assert_eq!((tally.errors, tally.warnings, tally.waived, tally.fixable), (1, 0, 1, 1));
    assert!(!shown(&findings).contains("CW2002"));
    let json: serde_json::Value = serde_json::from_str(&json(&findings, tally).unwrap()).unwrap();
    assert_eq!(json["findings"][1]["waived"], "old widget");
    assert_eq!(json["findings"][0]["directive"], "scriptsrc");
    let fix = serde_json::json!([{ "offset": 300, "length": 9, "text": "script-src" }]);
    assert_eq!(json["findings"][0]["fix"], fix);
}

#[test]
fn an_annotation_stays_on_its_line_and_in_its_property() {
    let findings = awkward();
    assert_snapshot!(plain(github(&findings, Tally::of(1, 1, &findings))), @r##"
    ::error file=a b/100%25%2Cc%3Ad.yaml,line=12,endLine=12,col=5,endColumn=14,title=CW2001 unknown-directive::directive `scriptsrc` is not known\n::error::100%25%0Ahelp: did you mean `script-src`?
    ::notice title=CW3001 note::no tenant is configured
    1 file, 1 policy: 1 error, 1 info, 1 waived. `chatward validate --fix` mends 1.
    "##);
}

#[test]
fn code_scanning_gets_what_its_schema_asks_for() {
    let log: serde_json::Value = serde_json::from_str(&sarif(&awkward()).unwrap()).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!((rules.len(), results.len()), (3, 3));
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string());
    }
    let location = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "a%20b/100%25%2Cc%3Ad.yaml");
    assert_eq!(location["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    assert_eq!(location["region"], serde_json::json!({ "startLine": 12, "startColumn": 5, "endColumn": 14 }));
    let replacement = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["deletedRegion"]["byteOffset"], 300);
    let suppression = &results[1]["suppressions"][0];
    assert_eq!(
        (&suppression["kind"], &suppression["justification"]),
        (&"inSource".into(), &"old widget".into())
    );
    assert!(results[0].get("suppressions").is_none());
    assert!(results[2].get("locations").is_none());
}

#[test]
fn a_fingerprint_outlives_lines_above_and_tells_twins_apart() {
    let at = |line| finding(&WEAK, "text", None, "    img-src: [\"*\"]", Span { line, column: 15, width: 3 });
    let prints = |findings: &[Finding]| -> Vec<String> {
        let log: serde_json::Value = serde_json::from_str(&sarif(findings).unwrap()).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        let print =
            |result: &serde_json::Value| result["partialFingerprints"]["primaryLocationLineHash"].to_string();
        results.iter().map(print).collect()
    };
    assert_eq!(prints(&[at(7)]), prints(&[at(70)]));
    let twins = prints(&[at(7), at(8)]);
    assert_ne!(twins[0], twins[1]);
}
