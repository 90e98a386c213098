//! What was enforced, summed up for each object, policy and reason.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{ClassName, Moment};

use super::describe::place_of;
use crate::event::Enforcement;

/// What was done, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Measure {
    pub(super) policy: String,
    pub(super) reason: String,
    pub(super) place: String,
    pub(super) action: String,
}

/// How often, and when.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) first: Moment,
    pub(super) last: Moment,
    pub(super) count: u64,
    pub(super) data_classes: BTreeSet<ClassName>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Enforcements(pub(super) BTreeMap<Measure, Tally>);

impl Enforcements {
    pub(super) fn take(&mut self, enforcement: &Enforcement) {
        let Enforcement { action, place, policy, reason, data_classes, first, last, count } = enforcement;
        let measure = Measure {
            policy: policy.clone(),
            reason: reason.clone(),
            place: place_of(place),
            action: action.clone(),
        };
        let tally = self.0.entry(measure).or_insert_with(|| Tally {
            first: *first,
            last: *last,
            count: 0,
            data_classes: BTreeSet::new(),
        });
        tally.first = tally.first.min(*first);
        tally.last = tally.last.max(*last);
        tally.count += u64::from(*count);
        tally.data_classes.extend(data_classes.iter().cloned());
    }
}
