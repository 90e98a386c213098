//! What is counted of transfers. (pure)

use std::collections::BTreeMap;

use bund_engine::Timestamp;
use bund_engine::transfer::{Standing, State};

use super::judged::Judged;

/// What is counted of transfers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many stand how.
    pub states: BTreeMap<State, i64>,
    /// When the next one that is in effect ends.
    pub next_end: Option<Timestamp>,
    /// When the next thing must have been done.
    pub next_deadline: Option<Timestamp>,
}

impl Figures {
    /// Counts one.
    pub(super) fn count(&mut self, judged: &Judged<'_>, now: Timestamp) {
        *self.states.entry(judged.standing.state()).or_default() += 1;
        let end = match judged.standing {
            Standing::Active(until) => Some(until),
            _ => None,
        };
        let deadline = judged.deadlines().map(|deadline| deadline.at).filter(|at| now < *at).min();
        self.next_end = self.next_end.into_iter().chain(end).min();
        self.next_deadline = self.next_deadline.into_iter().chain(deadline).min();
    }
}
