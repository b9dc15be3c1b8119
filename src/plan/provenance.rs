//! Which commit each step is from, and that nothing is done which nobody allowed has signed.
//!
//! Asked only about what is drifted or held, after everything else is decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Action, HeldItem, Plan, Step};
use crate::digest::FileHash;
use crate::entry::{Commit, HoldReason};
use crate::state::State;

/// Every file that a plan is about, and the hash of what it holds; nothing for one that is gone.
pub fn files(plan: &Plan, state: &State) -> BTreeMap<Arc<str>, Option<FileHash>> {
    let wanted = plan.steps.iter().filter_map(|step| step.desired.as_ref()).map(|desired| &desired.origin);
    let held = plan.held.iter().filter_map(|item| item.origin.as_ref());
    let there = wanted.chain(held).map(|origin| (Arc::clone(&origin.file), Some(origin.file_hash)));
    let gone = removals(plan).filter_map(|step| Some((removed_file(step, state)?, None)));
    // A file that is there besides one that is gone, of the same name, is the one that counts.
    gone.chain(there).collect()
}

fn removals(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(|step| step.action == Action::Remove)
}

/// The file that a policy which is to be removed was in.
fn removed_file(step: &Step, state: &State) -> Option<Arc<str>> {
    Some(Arc::clone(&state.policy(&step.id)?.applied.as_ref()?.origin.file))
}

/// Puts beside everything which commit it is from.
pub fn attach(plan: &mut Plan, commits: &BTreeMap<Arc<str>, Arc<Commit>>) {
    let wanted = plan.steps.iter_mut().filter_map(|step| step.desired.as_mut());
    let held = plan.held.iter_mut().filter_map(|item| item.origin.as_mut());
    for origin in wanted.map(|desired| &mut desired.origin).chain(held) {
        origin.commit = commits.get(&origin.file).cloned();
    }
}

/// Holds every step that is not from a commit which an allowed key has signed. An operation that is under way goes on to
/// its end, but nothing unsigned follows it.
pub fn hold_unsigned(plan: &mut Plan, state: &State, commits: &BTreeMap<Arc<str>, Arc<Commit>>) {
    let mut steps = Vec::with_capacity(plan.steps.len());
    for mut step in std::mem::take(&mut plan.steps) {
        let file = match &step.desired {
            Some(desired) => Some(Arc::clone(&desired.origin.file)),
            None => removed_file(&step, state),
        };
        let commit = file.and_then(|file| commits.get(&file));
        match (step.action, unsigned(commit.map(|commit| &**commit))) {
            (Action::Create | Action::Update | Action::Remove, Some(why)) => {
                plan.held.push(HeldItem::of(step, HoldReason::Unsigned, why))
            }
            (Action::Resume, Some(_)) => {
                step.desired = None;
                steps.push(step);
            }
            _ => steps.push(step),
        }
    }
    plan.steps = steps;
    plan.hold_parts();
    plan.held.sort_by(|a, b| a.subject.cmp(&b.subject));
}

/// Why what is from a commit is not signed, where it is not.
fn unsigned(commit: Option<&Commit>) -> Option<String> {
    let Some(commit) = commit else {
        return Some("it is in no commit that git tells of, and commits must be signed".to_owned());
    };
    let short: String = commit.revision.chars().take(8).collect();
    if commit.dirty {
        return Some(format!("its file was changed since commit {short}, and commits must be signed"));
    }
    match commit.signed_by {
        Some(_) => None,
        None => Some(format!("commit {short} is not signed by an allowed key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::drift::Cause;
    use crate::entry::Origin;
    use crate::snapshot::Desired;

    fn commit(dirty: bool, signed: bool) -> Commit {
        Commit {
            revision: "9b8c7d6e5f4a".into(),
            author: None,
            committed_at: None,
            commit_subject: None,
            dirty,
            signed_by: signed.then(|| "SHA256:key".into()),
        }
    }

    fn planned(action: Action) -> Plan {
        let origin = Origin { file: "a.yaml".into(), file_hash: FileHash::of(b"a"), commit: None };
        let desired = Desired {
            digest: Digest::of(b"a"),
            origin,
            accepts_weakening: None,
            suspended: None,
            on_drift: None,
        };
        let id = "acme/chat".parse().unwrap();
        let cause = Some(Cause::Source);
        let step = Step {
            id,
            action,
            cause,
            applied: None,
            live: None,
            desired: Some(desired),
            changes: Vec::new(),
            assessment: None,
            suspended: false,
        };
        Plan { steps: vec![step], ..Plan::default() }
    }

    #[test]
    fn only_what_is_signed_as_it_stands_is_done() {
        let rows: &[(Option<Commit>, Option<&str>)] = &[
            (Some(commit(false, true)), None),
            (Some(commit(false, false)), Some("commit 9b8c7d6e is not signed by an allowed key")),
            (Some(commit(true, true)), Some("its file was changed since commit 9b8c7d6e")),
            (None, Some("it is in no commit")),
        ];
        for (commit, why) in rows {
            let commits: BTreeMap<_, _> =
                commit.iter().map(|commit| ("a.yaml".into(), Arc::new(commit.clone()))).collect();
            for action in [Action::Create, Action::Update] {
                let mut plan = planned(action);
                attach(&mut plan, &commits);
                hold_unsigned(&mut plan, &State::default(), &commits);
                let held = plan.held.first().map(|item| (item.reason, item.detail.starts_with(why.unwrap())));
                assert_eq!(held, why.map(|_| (HoldReason::Unsigned, true)), "{commit:?}");
                assert_eq!(plan.steps.len() + plan.held.len(), 1);
            }
            let mut resumed = planned(Action::Resume);
            hold_unsigned(&mut resumed, &State::default(), &commits);
            assert_eq!(
                resumed.steps[0].desired.is_some(),
                why.is_none(),
                "what is under way ends all the same"
            );
            let mut verified = planned(Action::Verify);
            hold_unsigned(&mut verified, &State::default(), &commits);
            assert_eq!(verified.steps.len(), 1);
        }
    }

    #[test]
    fn everything_drifted_is_asked_about_and_told() {
        let mut plan = planned(Action::Update);
        let files = files(&plan, &State::default());
        assert_eq!(files, [("a.yaml".into(), Some(FileHash::of(b"a")))].into());
        attach(&mut plan, &[("a.yaml".into(), Arc::new(commit(false, false)))].into());
        let origin = &plan.steps[0].desired.as_ref().unwrap().origin;
        assert_eq!(origin.revision(), Some("9b8c7d6e5f4a"));
    }
}
