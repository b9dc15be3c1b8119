//! The findings of one document, as many as are listed.

use super::code;
use super::text::Text;
use crate::finding::{Finding, Span};

/// The most findings of one document that are listed.
pub const MAX_FINDINGS: usize = 100;

/// Findings up to a number; the others are only counted.
#[derive(Debug)]
pub struct Findings {
    list: Vec<Finding>,
    room: usize,
    dropped: usize,
}

impl Findings {
    /// None yet, and at most `room`.
    pub fn new(room: usize) -> Self {
        Self { list: Vec::new(), room, dropped: 0 }
    }

    /// Adds what `finding` makes, which is asked only while there is room.
    pub fn push(&mut self, finding: impl FnOnce() -> Finding) {
        if self.list.len() < self.room {
            self.list.push(finding());
        } else {
            self.dropped += 1;
        }
    }

    /// Whether something is listed for a line.
    pub fn speak_of(&self, line: u32) -> bool {
        let mut places = self.list.iter().filter_map(|finding| finding.place.as_ref());
        places.any(|place| place.line == line)
    }

    /// How much is there, for [`Findings::forget`].
    pub fn mark(&self) -> (usize, usize) {
        (self.list.len(), self.dropped)
    }

    /// Takes back what was found since a mark.
    pub fn forget(&mut self, (listed, dropped): (usize, usize)) {
        self.list.truncate(listed);
        self.dropped = dropped;
    }

    /// The findings in the order of the file, and that there are more if there are.
    pub fn into_list(mut self, text: &Text<'_>, document: Span) -> Vec<Finding> {
        self.list.sort_by_key(|finding| finding.place.as_ref().map(|place| (place.line, place.column)));
        if self.dropped > 0 {
            let message = format!("{} more findings in this document are not listed", self.dropped);
            self.list.push(text.finding(&code::MORE_FINDINGS, document, message, "correct these first"));
        }
        self.list
    }
}
