//! What the log held of enforcement when it was opened: what had begun, and whether it had ended. (pure)

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::ClassName;
use bund_ledger::{Enforcement, EntryId, Place};

/// Something that a policy leads to and that lasts for a while.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Concern {
    /// What lasts.
    pub what: Lasting,
    /// Where.
    pub place: Place,
    /// The policy.
    pub policy: String,
    /// The reason code.
    pub reason: String,
}

/// What lasts for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lasting {
    /// Something is found to be wrong.
    Finding,
    /// A node bears our taint.
    Taint,
}

/// What the log said last of a concern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// Whether it had begun and not ended.
    pub lasts: bool,
    /// The number of its last entry; zero where there is none.
    pub number: u64,
    /// The classes that were concerned.
    pub classes: BTreeSet<ClassName>,
}

/// The last of every concern.
pub type Enforced = BTreeMap<Concern, Last>;

/// What the ids of such entries begin with.
const PREFIX: &str = "enforced";

impl Lasting {
    /// Of both actions, what it is called when it begins and when it ends.
    pub fn actions(self) -> [&'static str; 2] {
        match self {
            Self::Finding => ["Found", "Resolved"],
            Self::Taint => ["Tainted", "Untainted"],
        }
    }

    fn of(action: &str) -> Option<(Self, bool)> {
        [Self::Finding, Self::Taint].into_iter().find_map(|what| {
            let [begins, ends] = what.actions();
            (action == begins || action == ends).then_some((what, action == begins))
        })
    }
}

impl Concern {
    /// The id of its entry of this number.
    pub fn id(&self, number: u64) -> String {
        let Self { what, place, policy, reason } = self;
        let namespace = place.namespace.as_deref().unwrap_or_default();
        let text = [what.actions()[0], &place.kind, namespace, &place.name, policy, reason].join("\0");
        format!("{PREFIX}:{}:{number}", crate::digest::digest(&text, 16))
    }
}

/// Takes in an entry, where it is of something that lasts.
pub(super) fn take(enforced: &mut Enforced, id: &EntryId, enforcement: Enforcement) {
    let Enforcement { action, place, policy, reason, data_classes, .. } = enforcement;
    let number = id.as_str().rsplit(':').next().and_then(|number| number.parse().ok());
    if let (Some((what, lasts)), Some(number)) = (Lasting::of(&action), number) {
        let last = Last { lasts, number, classes: data_classes.into_iter().collect() };
        enforced.insert(Concern { what, place, policy, reason }, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_each_concern_and_its_number_are_known() {
        let place = Place { kind: "Deployment".into(), namespace: Some("shop".into()), name: "web".into() };
        let concern = Concern {
            what: Lasting::Finding,
            place: place.clone(),
            policy: "stay".into(),
            reason: "NodeOutside".into(),
        };
        let mut enforced = Enforced::new();
        for (number, action) in [(1, "Found"), (2, "Resolved"), (3, "Found"), (4, "Evicted")] {
            let enforcement = Enforcement {
                action: action.into(),
                place: place.clone(),
                policy: "stay".into(),
                reason: "NodeOutside".into(),
                data_classes: vec!["pi".parse().unwrap()],
                first: "2026-05-09T02:00:00Z".parse().unwrap(),
                last: "2026-05-09T02:00:00Z".parse().unwrap(),
                count: 1,
            };
            take(&mut enforced, &EntryId::new(&concern.id(number)).unwrap(), enforcement);
        }
        let classes = ["pi".parse().unwrap()].into();
        assert_eq!(enforced, Enforced::from([(concern, Last { lasts: true, number: 3, classes })]));
    }
}
