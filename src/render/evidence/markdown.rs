//! Evidence for people, in Markdown. Whatever comes from outside stands in code spans, in which nothing has a meaning.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use serde_json::Value;

use super::{Evidence, Gap, Look, PageEvidence};
use crate::entry::PageVerdict;
use crate::render::audit::deployments::Deployment;
use crate::render::pages::described;
use crate::render::{MAX_DETAIL, MAX_VALUE, code, counted, short_revision};

/// The report for people: what was proven, each page, each change.
pub fn markdown(evidence: &Evidence) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = write(&mut text, evidence);
    text
}

fn write(f: &mut String, evidence: &Evidence) -> fmt::Result {
    let Evidence { window, made_at, proof, pages, changes, .. } = evidence;
    let of = window.tenant.as_ref().map(|tenant| format!(" of tenant {}", code(tenant.as_str(), MAX_VALUE)));
    writeln!(f, "# Evidence{}\n", of.unwrap_or_default())?;
    writeln!(f, "From {} to {}, made on {}.\n", at(window.since), at(window.until), at(*made_at))?;
    proven(f, proof)?;
    writeln!(f, "\n## Pages as browsers received them\n")?;
    if pages.is_empty() {
        writeln!(f, "No page was looked at.\n")?;
    }
    for page in pages {
        self::page(f, page)?;
    }
    writeln!(f, "## Changes of policies\n")?;
    changed(f, changes)
}

fn proven(f: &mut String, proof: &Value) -> fmt::Result {
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
    let ledger = &proof["ledger"];
    writeln!(
        f,
        "- The ledger is whole: {} entries, head {}.",
        ledger["sequence"],
        code(&text(&ledger["hash"]), 64)
    )?;
    let signatures = &proof["signatures"];
    match (signatures["key"].as_str(), signatures["checked"] == true) {
        (None, _) => writeln!(f, "- No entry is signed.")?,
        (Some(key), checked) => {
            let how = if checked { "each signature holds" } else { "signatures were not checked" };
            let (signed, unsigned) = (&signatures["signed"], &signatures["unsigned"]);
            writeln!(
                f,
                "- {signed} entries are signed, {unsigned} are not; the newest key is {}; {how}.",
                code(key, 64)
            )?;
        }
    }
    for range in proof["absent"].as_array().into_iter().flatten() {
        let (first, last) = (&range["first"], &range["last"]);
        writeln!(
            f,
            "- **Entries {first} to {last} are archived and were not seen**: what they tell is not in this report."
        )?;
    }
    Ok(())
}

fn page(f: &mut String, page: &PageEvidence) -> fmt::Result {
    let policies: Vec<String> =
        page.policies().iter().map(|name| code(&format!("{}/{name}", page.tenant), MAX_VALUE)).collect();
    writeln!(f, "### {}\n", code(page.url.as_str(), MAX_DETAIL))?;
    let counts: Vec<String> =
        page.counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
    let against =
        if policies.is_empty() { String::new() } else { format!(" against {}", policies.join(", ")) };
    writeln!(f, "{}{against}{counts}.", counted(page.looks.len(), "look", "looks"))?;
    if page.gaps.is_empty() && !page.looks.is_empty() {
        writeln!(f, "It was had at least once in every week.")?;
    }
    writeln!(f)?;
    for Gap { from, to } in &page.gaps {
        let days = to.duration_since(*from).as_hours() / 24;
        let (from, to) = (at(*from), at(*to));
        writeln!(f, "- **Not had for more than a week**: from {from} to {to}, {days} days.")?;
    }
    for time in &page.dropped {
        writeln!(f, "- From {} on the settings named it no longer.", at(*time))?;
    }
    if !page.gaps.is_empty() || !page.dropped.is_empty() {
        writeln!(f)?;
    }
    if page.looks.is_empty() {
        return Ok(());
    }
    writeln!(f, "| from | to | looks | verdict | policy | header | what differs | entries |")?;
    writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
    page.looks.chunk_by(is_same).try_for_each(|looks| row(f, looks))?;
    writeln!(f)
}

/// Whether a page was found as it was before.
fn is_same(a: &Look, b: &Look) -> bool {
    let of = |look: &Look| (look.observed.verdict, look.observed.policy_digest, look.observed.header_digest);
    of(a) == of(b)
}

fn row(f: &mut String, looks: &[Look]) -> fmt::Result {
    let (Some(first), Some(last)) = (looks.first(), looks.last()) else { return Ok(()) };
    let observed = &last.observed;
    let verdict = match observed.verdict {
        PageVerdict::Matches => "matches".to_owned(),
        other => format!("**{other}**"),
    };
    let digest =
        |digest: Option<crate::digest::Digest>| digest.map(|it| code(&it.short(), 8)).unwrap_or_default();
    let entries = match looks.len() {
        1 => first.entry.to_string(),
        _ => format!("{} to {}", first.entry, last.entry),
    };
    writeln!(
        f,
        "| {} | {} | {} | {verdict} | {} | {} | {} | {entries} |",
        at(first.time),
        at(last.time),
        looks.len(),
        digest(observed.policy_digest),
        digest(observed.header_digest),
        differs(last),
    )
}

fn differs(look: &Look) -> String {
    let mut lines = Vec::new();
    let Some(difference) = &look.observed.difference else {
        let detail = look.observed.detail();
        return if detail.is_empty() { String::new() } else { code(&detail, MAX_DETAIL) };
    };
    for (word, values) in [("missing", &difference.missing), ("extra", &difference.extra)] {
        lines.extend(values.iter().map(|value| format!("{word} {}", code(value, MAX_VALUE))));
    }
    for (word, names) in [("now allowed", &difference.allowed), ("now blocked", &difference.blocked)] {
        lines.extend(described(names).map(|told| format!("{word}: {}", code(&told, MAX_VALUE))));
    }
    if difference.allowed.is_empty() && difference.blocked.is_empty() {
        lines.extend(difference.assessment.reasons.iter().map(|reason| code(&reason.text, MAX_VALUE)));
    }
    lines.join("<br>")
}

fn changed(f: &mut String, changes: &[Deployment]) -> fmt::Result {
    if changes.is_empty() {
        return writeln!(f, "Nothing was changed.");
    }
    writeln!(
        f,
        "| time | policy | operation | digest | outcome | direction | author | revision | accepted because |"
    )?;
    writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    for change in changes {
        let author = change.author.as_deref().map(|author| code(author, MAX_VALUE)).unwrap_or_default();
        let revision = change.revision.as_deref().map(|it| code(&short_revision(it), 20)).unwrap_or_default();
        let accepted =
            change.accepted_weakening.as_deref().map(|why| code(why, MAX_VALUE)).unwrap_or_default();
        writeln!(
            f,
            "| {} | {} | {} | {} | {} | {} | {author} | {revision} | {accepted} |",
            at(change.deployment_timestamp),
            code(&format!("{}/{}", change.tenant, change.policy), MAX_VALUE),
            change.operation,
            code(&change.policy_hash.short(), 8),
            change.outcome.map_or_else(|| "under way".to_owned(), |outcome| outcome.to_string()),
            change.direction.map(|direction| direction.to_string()).unwrap_or_default(),
        )?;
    }
    Ok(())
}

fn at(time: Timestamp) -> impl fmt::Display {
    time.strftime("%FT%TZ")
}
