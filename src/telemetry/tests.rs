//! Lines as they are captured, with a clock that stands.

use std::sync::{Arc, Mutex};

use anstream::adapter::strip_str;
use insta::assert_snapshot;

use super::*;
use crate::report::DriftReport;
use crate::report::tests::plan;

/// What was written, for all who hold it.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn noon() -> Timestamp {
    "2026-03-03T12:00:00.007Z".parse().unwrap()
}

fn logged<F>(format: F, events: impl FnOnce()) -> String
where
    F: for<'a> FormatEvent<tracing_subscriber::Registry, tracing_subscriber::fmt::format::DefaultFields>
        + Send
        + Sync
        + 'static,
{
    let captured = Captured::default();
    let writer = captured.clone();
    let layer = layer().event_format(format).with_writer(move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), events);
    let bytes = captured.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn events() {
    let report = r#"{"drifted":1,"items":[{"name":"checkout-chat"}]}"#;
    tracing::info!(name: "drift.report", report_json = report, policies = 3, "1 policy drifted\ndefault/checkout-chat: source");
    tracing::warn!(tenant = "default", error = "two words", ratio = 0.5, retry = true, "tried again");
    tracing::error!(name: "pass.failed", cause = %"a=b \"c\"", empty = "", kind = ?Some(1));
    tracing::debug!(broken_json = "{", level = "mine", message_json = "[]", "said");
}

fn hostile() {
    let text = "a\n12:00:00 INFO  forged\r\u{1b}[2J\u{9b}\u{202e}";
    tracing::info!(text, "{text}");
}

#[test]
fn lines_for_people() {
    assert_snapshot!(strip_str(&logged(TextFormat(noon), events)).to_string(), @r##"
    12:00:00 INFO  drift.report  1 policy drifted
      default/checkout-chat: source
    12:00:00 WARN  tried again  tenant=default error="two words" ratio=0.5 retry=true
    12:00:00 ERROR pass.failed  cause="a=b \"c\"" empty="" kind=Some(1)
    12:00:00 DEBUG said  level=mine
    "##);
}

#[test]
fn lines_for_programs() {
    assert_snapshot!(logged(JsonFormat(noon), events), @r##"
    {"timestamp":"2026-03-03T12:00:00.007Z","level":"INFO","event":"drift.report","message":"1 policy drifted\ndefault/checkout-chat: source","report":{"drifted":1,"items":[{"name":"checkout-chat"}]},"policies":3}
    {"timestamp":"2026-03-03T12:00:00.007Z","level":"WARN","message":"tried again","tenant":"default","error":"two words","ratio":0.5,"retry":true}
    {"timestamp":"2026-03-03T12:00:00.007Z","level":"ERROR","event":"pass.failed","message":"","cause":"a=b \"c\"","empty":"","kind":"Some(1)"}
    {"timestamp":"2026-03-03T12:00:00.007Z","level":"DEBUG","message":"said","broken_json":"{","level_":"mine","message_":[]}
    "##);
}

#[test]
fn a_drift_report_is_lines_for_people_and_a_value_for_programs() {
    let report = DriftReport::of(&plan()).unwrap();
    let text = strip_str(&logged(TextFormat(noon), || report.log())).to_string();
    assert!(
        text.starts_with("12:00:00 INFO  drift.report  2 policies drifted, 2 held, 3 in sync\n  default/"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 5, "{text}");
    let line: Value = serde_json::from_str(&logged(JsonFormat(noon), || report.log())).unwrap();
    assert_eq!((&line["event"], &line["message"]), (&"drift.report".into(), &report.to_string().into()));
    let value = serde_json::to_value(&report).unwrap();
    assert_eq!((&line["items"], &line["drifted"]), (&value["items"], &value["drifted"]));
}

#[test]
fn nobody_forges_a_line() {
    assert_snapshot!(strip_str(&logged(TextFormat(noon), hostile)).to_string(), @r##"
    12:00:00 INFO  a  text="a\n12:00:00 INFO  forged\r\u{1b}[2J\u{9b}\u{202e}"
      12:00:00 INFO  forged\r\u{1b}[2J\u{9b}\u{202e}
    "##);
    assert_snapshot!(logged(JsonFormat(noon), hostile), @r##"
    {"timestamp":"2026-03-03T12:00:00.007Z","level":"INFO","message":"a\n12:00:00 INFO  forged\r\u001b[2J\u009b\u202e","text":"a\n12:00:00 INFO  forged\r\u001b[2J\u009b\u202e"}
    "##);
}

#[test]
fn every_line_of_json_is_an_object() {
    for line in logged(JsonFormat(noon), || [events, hostile].into_iter().for_each(|log| log())).lines() {
        let object: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        assert_eq!(object["timestamp"], "2026-03-03T12:00:00.007Z");
    }
}

#[test]
fn a_bad_filter_is_named() {
    let error = init(LogFormat::Text, Some("chatward=loud")).unwrap_err();
    assert!(error.to_string().starts_with("`chatward=loud` is no log filter: "), "{error}");
}
