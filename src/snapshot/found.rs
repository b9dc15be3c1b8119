//! How much was found, by severity: what stays of findings that nobody reads.

use std::ops::AddAssign;

use super::packed::{Packer, Unpacker};
use crate::finding::{Finding, Severity};

const SEVERITIES: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Error];

/// How much was found of each severity, what is waived included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Found([u32; SEVERITIES.len()]);

impl Found {
    pub(super) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut found = Self::default();
        for finding in findings {
            let counts = SEVERITIES.iter().zip(&mut found.0);
            counts
                .filter(|(severity, _)| **severity == finding.code.severity)
                .for_each(|(_, count)| *count += 1);
        }
        found
    }

    pub(super) fn by_severity(self) -> impl Iterator<Item = (Severity, usize)> {
        SEVERITIES.into_iter().zip(self.0.map(|count| count as usize))
    }

    pub(super) fn pack(self, packer: &mut Packer) {
        self.0.into_iter().for_each(|count| packer.number(count.into()));
    }

    pub(super) fn unpack(unpacker: &mut Unpacker<'_>) -> Option<Self> {
        Some(Self([unpacker.small()?, unpacker.small()?, unpacker.small()?]))
    }
}

impl AddAssign for Found {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }
}
