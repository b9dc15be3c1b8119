//! What mends a finding: edits to the bytes of its file, and a pure way to make them.
//!
//! A fix says which bytes go and what comes in their place. Nothing is ever written anew, so comments, layout and all
//! that nobody spoke of stay as they are.

use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a file, and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which bytes; none for something that is put in.
    pub bytes: Range<usize>,
    /// What takes their place.
    pub replacement: String,
}

impl Edit {
    /// An edit.
    pub fn new(bytes: Range<usize>, replacement: impl Into<String>) -> Self {
        Self { bytes, replacement: replacement.into() }
    }
}

/// The edits that mend one finding, all of them or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The edits; none of them overlaps another.
    pub edits: Vec<Edit>,
}

impl From<Edit> for Fix {
    fn from(edit: Edit) -> Self {
        Self { edits: vec![edit] }
    }
}

/// Two edits want the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two edits want the same bytes")]
pub struct Overlap;

/// An edit is not of this text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an edit lies outside of the text")]
pub struct OutsideText;

/// Fixes that can be made together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// Replacements by where their bytes begin and end: what is put in at a place stands before what replaces it.
    edits: BTreeMap<(usize, usize), String>,
}

impl Patch {
    /// Takes a fix in. An edit that is here already is made once: two fixes may need the same quotes.
    ///
    /// # Errors
    /// Where one of its edits wants the bytes of another; nothing is taken then.
    pub fn add(&mut self, fix: &Fix) -> Result<(), Overlap> {
        let mut with = Vec::with_capacity(fix.edits.len());
        for edit in &fix.edits {
            let key = (edit.bytes.start, edit.bytes.end);
            match self.edits.get(&key) {
                Some(there) if *there == edit.replacement => {}
                Some(_) => return Err(Overlap),
                None if self.touches(&edit.bytes) => return Err(Overlap),
                None => with.push((key, edit.replacement.clone())),
            }
        }
        self.edits.extend(with);
        Ok(())
    }

    /// Whether bytes, or a place between bytes, are inside of an edit or around one.
    fn touches(&self, bytes: &Range<usize>) -> bool {
        let overlaps = |(start, end): &(usize, usize)| *start < bytes.end && bytes.start < *end;
        let before = self.edits.range(..(bytes.start, 0)).next_back();
        let within = self.edits.range((bytes.start, 0)..(bytes.end.max(bytes.start + 1), 0));
        before.into_iter().chain(within).any(|(key, _)| overlaps(key))
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text with every edit made.
    ///
    /// # Errors
    /// Where an edit is of another text.
    pub fn apply(&self, text: &str) -> Result<String, OutsideText> {
        let mut patched = String::with_capacity(text.len());
        let mut copied = 0;
        for (&(start, end), replacement) in &self.edits {
            let kept = text.get(copied..start).filter(|_| text.get(start..end).is_some());
            patched.push_str(kept.ok_or(OutsideText)?);
            patched.push_str(replacement);
            copied = end;
        }
        patched.push_str(text.get(copied..).ok_or(OutsideText)?);
        Ok(patched)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fix(edits: &[(usize, usize, &str)]) -> Fix {
        let edit = |(start, end, text): &(usize, usize, &str)| Edit::new(*start..*end, *text);
        Fix { edits: edits.iter().map(edit).collect() }
    }

    fn patched(text: &str, fixes: &[Fix]) -> Option<String> {
        let mut patch = Patch::default();
        fixes.iter().try_for_each(|fix| patch.add(fix)).ok()?;
        patch.apply(text).ok()
    }

    #[test]
    fn edits_are_made_in_the_order_of_the_text() {
        let cases: &[(&[Fix], Option<&str>)] = &[
            (&[], Some("abcdef")),
            (&[fix(&[(4, 5, "E")]), fix(&[(0, 1, "A")])], Some("AbcdEf")),
            (&[fix(&[(1, 3, "")])], Some("adef")),
            (&[fix(&[(2, 2, "<"), (2, 4, "x"), (4, 4, ">")])], Some("ab<x>ef")),
            (&[fix(&[(2, 2, "<"), (2, 3, "C")]), fix(&[(2, 2, "<"), (3, 4, "D")])], Some("ab<CDef")),
            (&[fix(&[(6, 6, "!")])], Some("abcdef!")),
            (&[fix(&[(1, 3, "x")]), fix(&[(2, 4, "y")])], None),
            (&[fix(&[(1, 3, "x")]), fix(&[(1, 3, "y")])], None),
            (&[fix(&[(1, 3, "x")]), fix(&[(2, 2, "y")])], None),
            (&[fix(&[(2, 2, "y")]), fix(&[(1, 3, "x")])], None),
            (&[fix(&[(2, 2, "x")]), fix(&[(2, 2, "y")])], None),
            (&[fix(&[(5, 7, "")])], None),
        ];
        for (fixes, expected) in cases {
            assert_eq!(patched("abcdef", fixes).as_deref(), *expected, "{fixes:?}");
        }
        assert_eq!(patched("ä", &[fix(&[(1, 2, "")])]), None, "a character is not cut");
    }

    #[test]
    fn a_fix_that_is_refused_leaves_nothing_behind() {
        let mut patch = Patch::default();
        patch.add(&fix(&[(2, 4, "x")])).unwrap();
        assert_eq!(patch.add(&fix(&[(0, 1, "y"), (3, 5, "z")])), Err(Overlap));
        assert_eq!(patch.apply("abcdef").unwrap(), "abxef");
    }

    proptest! {
        /// Whatever is taken in never overlaps: lengths add up, and what no edit named is still there in order.
        #[test]
        fn taken_edits_never_overlap(edits in prop::collection::vec((0..20usize, 0..5usize, "[xy]{0,2}"), 0..12)) {
            let text = "abcdefghijklmnopqrstuvwx";
            let mut patch = Patch::default();
            let mut length = text.len();
            let mut kept: Vec<bool> = vec![true; text.len()];
            for (start, width, replacement) in edits {
                let had = patch.edits.len();
                let taken = patch.add(&Edit::new(start..start + width, replacement.clone()).into()).is_ok();
                if taken && patch.edits.len() > had {
                    length = length - width + replacement.len();
                    kept[start..start + width].fill(false);
                }
            }
            let patched = patch.apply(text).unwrap();
            prop_assert_eq!(patched.len(), length);
            let left: String = patched.chars().filter(|c| !"xy".contains(*c) ).collect();
            let expected: String =
                text.chars().zip(kept).filter(|(c, kept)| *kept && !"xy".contains(*c)).map(|(c, _)| c).collect();
            prop_assert_eq!(left, expected);
        }
    }
}
