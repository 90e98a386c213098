//! How findings come together.

use super::report::{Finding, Severity};
use crate::name::ShardName;

/// As many findings of each weight as are kept; the others are counted.
const MOST: usize = 100;

/// What to do about something that was changed.
pub(crate) const CHANGED: &str = "bring it back from a copy, and find out who or what changed it";
/// What to do about something that can be written again.
pub(crate) const DERIVED: &str =
    "`bund ledger recover` writes it again from the commits; find out who or what changed it";
/// What to do about something that belongs nowhere.
pub(crate) const FOREIGN: &str = "find out who put it there, and remove it";
/// What to do about an export that contradicts itself.
pub(crate) const EXPORT_AGAIN: &str =
    "do not rely on it; ask for another export, over another way, and find out who or what changed this one";
/// What to do about an entry that says what cannot be.
pub(crate) const SAID: &str = "the entry is as it was recorded; ask who held the keys of the ledger and the rights of the controller at that time";

/// Findings in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Finding>,
    counts: [usize; 3],
    more: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        let [warnings, unverifiable, tampered] = &mut self.counts;
        let count = match finding.severity {
            Severity::Warning => warnings,
            Severity::Unverifiable => unverifiable,
            Severity::Tampered => tampered,
        };
        if *count == MOST {
            self.more += 1;
        } else {
            *count += 1;
            self.kept.push(finding);
        }
    }

    pub(crate) fn tampered(&mut self, place: impl Into<String>, what: impl Into<String>, remedy: &str) {
        self.add(Finding::new(Severity::Tampered, place, what, remedy));
    }

    pub(crate) fn unverifiable(&mut self, place: impl Into<String>, what: impl Into<String>, remedy: &str) {
        self.add(Finding::new(Severity::Unverifiable, place, what, remedy));
    }

    pub(crate) fn warn(&mut self, place: impl Into<String>, what: impl Into<String>, remedy: &str) {
        self.add(Finding::new(Severity::Warning, place, what, remedy));
    }

    /// Whether something contradicts itself.
    pub(crate) fn has_tampered(&self) -> bool {
        let [_, _, tampered] = self.counts;
        tampered > 0
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.more += other.more;
        other.kept.into_iter().for_each(|finding| self.add(finding));
    }

    /// Findings of a shard, each changed by `change`.
    pub(crate) fn map(self, change: impl FnMut(Finding) -> Finding) -> Self {
        let mut changed = Self { more: self.more, ..Self::default() };
        self.kept.into_iter().map(change).for_each(|finding| changed.add(finding));
        changed
    }

    /// All of them, the heaviest first, and how many there are beyond them.
    pub(crate) fn sorted(mut self) -> (Vec<Finding>, u64) {
        self.kept.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        (self.kept, self.more)
    }
}

impl Finding {
    pub(crate) fn new(
        severity: Severity,
        place: impl Into<String>,
        what: impl Into<String>,
        remedy: &str,
    ) -> Self {
        let (place, what, remedy) = (place.into(), what.into(), remedy.to_owned());
        Self { severity, place, shard: None, index: None, what, remedy }
    }

    /// The same, about an entry and what comes after it.
    pub(crate) fn at(self, shard: ShardName, index: Option<u64>) -> Self {
        Self { shard: Some(shard), index, ..self }
    }
}

/// How people call an entry.
pub(crate) fn entry_place(shard: ShardName, index: u64) -> String {
    format!("entry {index} of {shard}")
}
