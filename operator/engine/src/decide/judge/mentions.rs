//! What an object mentions that whatever lives in its namespace may read.

use alloc::vec::Vec;

use super::Judge;
use crate::{
    Classification, Subject, rule,
    select::{self, requirements},
    snapshot::Enrolment,
};

impl Judge<'_> {
    /// What the data of a ConfigMap mentions. Whatever lives in a guarded namespace may read it, so what policies keep there
    /// is at stake, besides what it holds itself.
    pub(super) fn mentions(&mut self, subject: &Subject, held: &Classification) {
        if subject.mentions.is_empty() {
            return;
        }
        let mut at_stake = held.clone();
        if self.snapshot.enrolment(self.namespace) == Enrolment::Guarded {
            for (class, ways) in select::enrolled(self.snapshot, self.namespace) {
                at_stake.entry(class).or_insert(ways);
            }
        }
        for requirement in requirements(&at_stake, self.snapshot, self.namespace) {
            let provenance = at_stake.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
            rule::address_outside::judge_object(
                subject,
                self.namespace,
                &requirement,
                provenance,
                self.snapshot,
                &mut self.findings,
            );
        }
    }
}
