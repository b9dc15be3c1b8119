//! What would change in a file, as a unified diff.

use std::fmt;

use similar::{ChangeTag, TextDiff};

use super::{BOLD, CYAN, GREEN, PLAIN, RED, Styled, shown};
use crate::printable::printable;

/// The longest line that is shown.
const MAX_LINE: usize = 1000;

/// The lines of a file that differ, each with three around it.
pub fn unified(file: &str, old: &str, new: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        writeln!(f, "{}", Styled(BOLD, format_args!("--- {}", shown(file))))?;
        writeln!(f, "{}", Styled(BOLD, format_args!("+++ {}", shown(file))))?;
        let diff = TextDiff::from_lines(old, new);
        for hunk in diff.unified_diff().iter_hunks() {
            writeln!(f, "{}", Styled(CYAN, hunk.header()))?;
            for change in hunk.iter_changes() {
                let style = match change.tag() {
                    ChangeTag::Delete => RED,
                    ChangeTag::Insert => GREEN,
                    ChangeTag::Equal => PLAIN,
                };
                let line = printable(change.value().trim_end_matches(['\r', '\n']), MAX_LINE);
                writeln!(f, "{}", Styled(style, format_args!("{}{line}", change.tag())))?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::plain;

    #[test]
    fn only_what_changes_is_shown_with_three_lines_around() {
        let old = "1\n2\n3\n4\n5\n\u{1b}old\r\n7\n8\n9\n10\n";
        let shown = plain(unified("a.yaml", old, &old.replace("\u{1b}old", "new")));
        let expected = "--- a.yaml\n+++ a.yaml\n@@ -3,7 +3,7 @@\n 3\n 4\n 5\n-\\u{1b}old\n+new\n 7\n 8\n 9\n";
        assert_eq!(shown, expected);
    }
}
