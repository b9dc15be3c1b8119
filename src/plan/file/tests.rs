//! What a plan's file lets through.

use super::*;
use crate::digest::Digest;
use crate::plan::Step;
use crate::report::tests::{create, update};

fn of(steps: Vec<Step>) -> PlanFile {
    let plan = Plan { steps, ..Plan::default() };
    let binding = |_: &TenantName| {
        Some(Binding { preset: "tutorial".into(), origin: "https://a.example".into(), organisation: None })
    };
    PlanFile::of(&plan, binding, (false, false), "2026-11-01T00:00:00Z".parse().unwrap())
}

#[test]
fn a_file_reads_as_it_was_written() {
    let file = of(vec![update(), create()]);
    let text = serde_json::to_vec(&file).unwrap();
    let again = PlanFile::read(&text).unwrap();
    assert_eq!(again, file);
    assert_eq!(file.check(&again), Ok(()));
}

#[test]
fn an_edited_one_is_refused() {
    let text = serde_json::to_string(&of(vec![update(), create()])).unwrap();
    let edits = [
        (Digest::of(b"new").to_string(), Digest::of(b"evil").to_string()),
        ("update".to_owned(), "remove".to_owned()),
        ("\"prune\":false".to_owned(), "\"prune\":true".to_owned()),
        ("https://a.example".to_owned(), "https://b.example".to_owned()),
    ];
    for (old, new) in edits {
        assert!(text.contains(&old), "{old} in {text}");
        let edited = PlanFile::read(text.replace(&old, &new).as_bytes());
        assert!(matches!(edited, Err(PlanFileError::Changed { .. })), "{old}: {edited:?}");
    }
    let newer = PlanFile::read(text.replace("\"version\":1", "\"version\":2").as_bytes());
    assert!(matches!(newer, Err(PlanFileError::Version(2))), "{newer:?}");
    assert!(matches!(PlanFile::read(b"{}"), Err(PlanFileError::Unreadable(_))));
}

#[test]
fn what_differs_is_named() {
    let mut moved = update();
    moved.desired.as_mut().unwrap().digest = Digest::of(b"newer");
    let stale = of(vec![update(), create()]).check(&of(vec![moved])).unwrap_err();
    let (old, new, newer) = (Digest::of(b"old"), Digest::of(b"new"), Digest::of(b"newer"));
    assert_eq!(
        stale.to_string(),
        format!(
            "what would be done now is something else, so nothing is: default/checkout-chat: planned was update {0}→{1}, \
             now it is update {0}→{2}; default/sales-chat: planned was create nothing→{3}, now there is nothing to do",
            old.short(),
            new.short(),
            newer.short(),
            Digest::of(b"sales").short(),
        )
    );
    let many = (0..12).map(|at| Step { id: format!("default/p{at}").parse().unwrap(), ..create() });
    let stale = of(Vec::new()).check(&of(many.collect())).unwrap_err();
    assert!(stale.to_string().ends_with("; and 2 more"), "{stale}");
}
