//! The promise that nothing hidden gets through.

use anstream::adapter::strip_str;
use proptest::prelude::*;

use super::*;
use crate::finding::{Code, Finding, Place, Severity};
use crate::plan::{HeldItem, Plan, Step};
use crate::printable::is_hidden;
use crate::report::tests::{change, desired, file_held, update};

/// A rendered text without its colours.
pub(super) fn plain(text: impl fmt::Display) -> String {
    strip_str(&text.to_string()).to_string()
}

/// Texts that try to be more than text.
fn hostile() -> impl Strategy<Value = String> {
    const PARTS: [&str; 18] = [
        "a",
        " ",
        "é",
        "界",
        "e\u{301}",
        "👩\u{200d}🔬",
        "\t",
        "\n",
        "\r\n",
        "\u{1b}[45m",
        "\u{1b}]0;x\u{7}",
        "\u{9b}2J",
        "\u{202e}",
        "\u{2028}",
        "\u{7f}",
        "\u{ad}",
        "'\"\\`",
        "\0",
    ];
    let part =
        prop_oneof![8 => prop::sample::select(&PARTS[..]).prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// Whether a text has nothing hidden in it but line feeds and colours of ours, which have no background.
fn harmless(text: &str) -> bool {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| {
        let (color, rest) = piece.split_once('m').unwrap_or((piece, "\0"));
        let ours =
            color.split(';').all(|part| !part.starts_with('4') && part.bytes().all(|b| b.is_ascii_digit()));
        if ours { rest.to_owned() } else { "\0".to_owned() }
    });
    let text: String = std::iter::once(first).chain(rest).collect();
    !text.replace('\n', "").contains(is_hidden)
}

static ANY: Code = Code::bare("CW0000", "any", Severity::Warning);

proptest! {
    #[test]
    fn a_hostile_finding_is_harmless(
        texts in prop::array::uniform4(hostile()),
        (line, column, width) in (any::<u32>(), 0..450_u32, prop_oneof![0..20_u32, Just(u32::MAX)]),
        length in 0..40_usize,
    ) {
        let [text, help, file, excerpt] = texts;
        let excerpt: String = excerpt.repeat(length).chars().take(Place::MAX_EXCERPT).collect();
        let place = Place { file: file.into(), line, column, width, excerpt: excerpt.into() };
        let (place, help) = (Some(place), Some(help));
        let finding = [Finding { code: &ANY, place, about: None, text, help, fix: None, waived: None }];
        let tally = findings::Tally::of(1, 1, &finding);
        let rendered = findings::text(&finding, tally).to_string();
        prop_assert!(harmless(&rendered), "{rendered:?}");
        let json = findings::json(&finding, tally).unwrap();
        prop_assert!(harmless(&json), "{json:?}");
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&json["findings"][0]["message"], &finding[0].text);
    }

    #[test]
    fn a_hostile_plan_is_harmless(texts in prop::array::uniform4(hostile())) {
        let [field, old, new, file] = texts;
        let kinds = [
            ChangeKind::Added { new: new.clone() },
            ChangeKind::Removed { old: old.clone() },
            ChangeKind::Replaced { old: old.clone(), new: new.clone() },
            ChangeKind::Reordered { new: new.clone() },
            ChangeKind::Members { added: vec![new.clone()], removed: vec![old] },
        ];
        let changes: Vec<_> = kinds.into_iter().map(|kind| change(&field, kind)).collect();
        let step = Step { changes: changes.clone(), desired: desired(b"new", &file), ..update() };
        let held = HeldItem { changes, detail: new, ..file_held(&file) };
        let plan = Plan { steps: vec![step], held: vec![held], ..Plan::default() };
        let rendered = plan::text(&plan).to_string();
        prop_assert!(harmless(&rendered), "{rendered:?}");
        let json = plan::json(&plan).unwrap();
        prop_assert!(harmless(&json), "{json:?}");
        let report = crate::report::DriftReport::of(&plan).unwrap().to_string();
        prop_assert!(harmless(&report), "{report:?}");
    }
}
