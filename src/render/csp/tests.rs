//! Answers about headers as people and programs get them.

use insta::assert_snapshot;

use super::check::Answer;
use super::{check, diff};
use crate::csp::allows;
use crate::csp::{TargetBrowsers, header::policies};
use crate::direction::header::Difference;
use crate::render::tests::plain;
use crate::validate::header;

fn with_answer<T>(line: &str, show: impl FnOnce(&Answer<'_>) -> T) -> T {
    let mut header = header::check(&"<stdin>".into(), 3, line.as_bytes(), &TargetBrowsers::default());
    header.findings.retain(|finding| finding.is_error());
    let allows = header.policies.as_deref().map(allows);
    show(&Answer { line: 3, findings: &header.findings, allows })
}

#[test]
fn a_line_is_answered_with_its_findings_and_what_it_allows() {
    let line = "default-src 'none'; scirpt-src 'self'";
    assert_snapshot!(with_answer(line, |answer| plain(check::text(answer))), @r##"
    error[CW2001]: there is no directive `scirpt-src`
     --> <stdin>:3:21
      |
    3 | default-src 'none'; scirpt-src 'self'
      |                     ^^^^^^^^^^
      |
      = help: did you mean `script-src`?

    By line 3                                        Answer
    inline scripts run                               blocked
    event handlers in attributes run                 blocked
    strings run as scripts (eval)                    blocked
    WebAssembly is compiled                          blocked
    scripts load from the page's own origin          blocked
    scripts load from any other site                 blocked
    scripts load from data: URLs                     blocked
    inline style sheets apply                        blocked
    style attributes apply                           blocked
    style sheets load from any other site            blocked
    images load from any other site                  blocked
    scripts connect to any other site                blocked
    frames show any other site                       blocked
    objects and plugins load from any other site     blocked
    fonts load from any other site                   blocked
    workers start from the page's own origin         blocked
    forms are sent to any other site                 allowed
    the base URL may be any other site               allowed
    plain strings reach DOM sinks such as innerHTML  allowed
    "##);
    assert_snapshot!(with_answer(line, |answer| check::json(answer).unwrap()), @r##"
    {"version":1,"line":3,"findings":[{"code":"CW2001","name":"unknown-directive","severity":"error","column":21,"directive":"scirpt-src","value":null,"message":"there is no directive `scirpt-src`","help":"did you mean `script-src`?"}],"allows":{"inlineScript":false,"attrHandler":false,"eval":false,"wasm":false,"extScriptSelf":false,"extScriptEvil":false,"extScriptData":false,"inlineStyle":false,"styleAttr":false,"styleEvil":false,"imgEvil":false,"connectEvil":false,"frameEvil":false,"objectEvil":false,"fontEvil":false,"workerSelf":false,"formActionEvil":true,"baseEvil":true,"domSinkString":true}}
    "##);
}

#[test]
fn what_was_not_read_is_not_known() {
    let long = "a".repeat(header::MAX_LINE + 1);
    assert_snapshot!(with_answer(&long, |answer| plain(check::text(answer))), @r##"
    error[CW2601]: the line is longer than 1048576 bytes
    --> <stdin>:3:1

    What line 3 allows is not known.
    "##);
    assert!(with_answer(&long, |answer| check::json(answer).unwrap()).ends_with(r#""allows":null}"#));
}

#[test]
fn a_difference_is_told_by_directive_and_by_what_is_allowed() {
    let old = policies("default-src 'self'; img-src a.example; base-uri 'none'", 1);
    let new = policies("default-src 'self' 'unsafe-inline'; img-src b.example, sandbox allow-scripts", 1);
    let difference = Difference::between(&old, &new);
    assert_snapshot!(plain(diff::text(&difference)), @r##"
    - base-uri  (policy 1)
        - 'none'
    ~ default-src  (policy 1)
        + 'unsafe-inline'
    ~ img-src  (policy 1)
        - a.example
        + b.example
    + sandbox  (policy 2)
        + allow-scripts

    Allowed now:
        inline scripts run
        event handlers in attributes run
        inline style sheets apply
        style attributes apply
        the base URL may be any other site

    Blocked now:
        workers start from the page's own origin
        forms are sent to any other site

    weakens: inline scripts now run
    weakens: inline event handlers now run
    weakens: inline style sheets now apply
    weakens: style attributes now apply
    weakens: base-uri no longer restricts anything
    weakens: img-src now allows b.example
    strengthens: img-src no longer allows a.example
    strengthens: sandbox now restricts what nothing did

    Direction: mixed.
    "##);
    assert_snapshot!(diff::json(&difference).unwrap(), @r##"
    {
      "version": 1,
      "direction": "mixed",
      "reasons": [
        {
          "direction": "weakens",
          "text": "inline scripts now run"
        },
        {
          "direction": "weakens",
          "text": "inline event handlers now run"
        },
        {
          "direction": "weakens",
          "text": "inline style sheets now apply"
        },
        {
          "direction": "weakens",
          "text": "style attributes now apply"
        },
        {
          "direction": "weakens",
          "text": "base-uri no longer restricts anything"
        },
        {
          "direction": "weakens",
          "text": "img-src now allows b.example"
        },
        {
          "direction": "strengthens",
          "text": "img-src no longer allows a.example"
        },
        {
          "direction": "strengthens",
          "text": "sandbox now restricts what nothing did"
        }
      ],
      "directives": [
        {
          "policy": 1,
          "directive": "base-uri",
          "change": "removed",
          "added": [],
          "removed": [
            "'none'"
          ]
        },
        {
          "policy": 1,
          "directive": "default-src",
          "change": "changed",
          "added": [
            "'unsafe-inline'"
          ],
          "removed": []
        },
        {
          "policy": 1,
          "directive": "img-src",
          "change": "changed",
          "added": [
            "b.example"
          ],
          "removed": [
            "a.example"
          ]
        },
        {
          "policy": 2,
          "directive": "sandbox",
          "change": "added",
          "added": [
            "allow-scripts"
          ],
          "removed": []
        }
      ],
      "allowed": [
        "inlineScript",
        "attrHandler",
        "inlineStyle",
        "styleAttr",
        "baseEvil"
      ],
      "blocked": [
        "workerSelf",
        "formActionEvil"
      ],
      "old": {
        "inlineScript": false,
        "attrHandler": false,
        "eval": false,
        "wasm": false,
        "extScriptSelf": true,
        "extScriptEvil": false,
        "extScriptData": false,
        "inlineStyle": false,
        "styleAttr": false,
        "styleEvil": false,
        "imgEvil": false,
        "connectEvil": false,
        "frameEvil": false,
        "objectEvil": false,
        "fontEvil": false,
        "workerSelf": true,
        "formActionEvil": true,
        "baseEvil": false,
        "domSinkString": true
      },
      "new": {
        "inlineScript": true,
        "attrHandler": true,
        "eval": false,
        "wasm": false,
        "extScriptSelf": true,
        "extScriptEvil": false,
        "extScriptData": false,
        "inlineStyle": true,
        "styleAttr": true,
        "styleEvil": false,
        "imgEvil": false,
        "connectEvil": false,
        "frameEvil": false,
        "objectEvil": false,
        "fontEvil": false,
        "workerSelf": false,
        "formActionEvil": false,
        "baseEvil": true,
        "domSinkString": true
      }
    }
    "##);
    assert_snapshot!(plain(diff::text(&Difference::between(&old, &old))), @"No difference.");
}
