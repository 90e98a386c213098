//! Pods that are known: whether a policy leads from one that holds the class to one that does not.

use alloc::{format, string::String};

use super::Asked;
use crate::{Snapshot, Subject, egress::classes_of, network_policy::Selector, snapshot::Life};

impl Asked<'_> {
    /// Why pods that are selected are no peers of one that holds the class; `None` as far as pods are known.
    pub(super) fn why_no_peer(&self, namespaces: Option<&Selector>, pods: &Selector) -> Option<String> {
        let class = self.requirement.class.as_str();
        let mut senders = living(self.namespace, self.snapshot);
        let sends = |pod: &&Subject| {
            self.policy.selects.selects(|key| pod.labels.get(key))
                && holds(pod, self.namespace, class, self.snapshot)
        };
        let sender = senders.find(sends)?;
        self.selected(namespaces).into_iter().find_map(|namespace| {
            let mut there = living(&namespace, self.snapshot);
            let lacks = |pod: &&Subject| {
                pods.selects(|key| pod.labels.get(key)) && !holds(pod, &namespace, class, self.snapshot)
            };
            let receiver = there.find(lacks)?;
            let (from, to) = (&sender.id.name, &receiver.id.name);
            Some(format!("pod {from} holds {class}, and pod {to} in {namespace} does not"))
        })
    }
}

/// The pods of a namespace that have not ended.
fn living<'s>(namespace: &'s str, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s Subject> {
    snapshot.pods_in(namespace).filter(move |pod| {
        snapshot.pod_facts(namespace, &pod.id.name).is_some_and(|facts| facts.life == Life::Lasts)
    })
}

fn holds(pod: &Subject, namespace: &str, class: &str, snapshot: &Snapshot) -> bool {
    classes_of(pod, namespace, snapshot).contains_key(class)
}
