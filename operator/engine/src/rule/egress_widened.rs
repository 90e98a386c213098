//! A NetworkPolicy lets pods reach more than is open to those that hold a class.
//!
//! Asked for one class at a time: what is open to a pod is open to it for every class that it holds. What lives in the
//! namespace now does not matter, but where a policy leads from pod to pod: there those that are known are compared.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Display;

use bund_crds::{
    Aspect,
    labels::{EGRESS_HOLDS, GUARDED, GUARDED_VALUE},
};
use sha2::{Digest, Sha256};

use crate::{
    Classification, FieldPath, Finding, Provenance, Reason, Snapshot, Subject, Timestamp,
    decide::judged_in,
    egress::{Allowed, closed_by, open_to_holders, open_to_marked},
    hexadecimal::hexadecimal,
    network_policy::{
        NAME_OF_NAMESPACE as NAME, NetworkPolicy, Peer, Rule, Selector, To, first_beyond, within_pods,
    },
    select::{Requirement, requirements},
    snapshot::Enrolment,
};

mod cluster;
mod known_pods;

pub(crate) use cluster::in_namespace;

/// Why what cannot be read is not open.
const UNTOLD: &str = "whom that means cannot be told";

/// So many places are told one by one; the rest of them together.
const MOST: usize = 64;

/// Judges what lets pods out, by the policies and transfers that are in effect at `now`.
pub(crate) fn judge(
    subject: &Subject,
    classes: &Classification,
    snapshot: &Snapshot,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    if let Some(policy) = &subject.cluster_policy {
        findings.extend(cluster::judge(policy, snapshot, now));
    }
    let Some(policy) = &subject.network_policy else { return };
    let namespace = judged_in(subject, snapshot);
    let marked = open_to_marked(&policy.selects, namespace, snapshot, now);
    for requirement in requirements(classes, snapshot, namespace) {
        let provenance = classes.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
        let mut open = open_to_holders(&requirement.class, namespace, snapshot);
        open.extend(marked.iter().cloned());
        let asked = Asked { policy, requirement: &requirement, namespace, snapshot, open };
        tell(&asked, provenance, findings);
    }
}

fn tell(asked: &Asked<'_>, provenance: &[Provenance], findings: &mut Vec<Finding>) {
    let finding = || Finding::of(Reason::EgressWidened, asked.requirement, provenance);
    let selects = &asked.policy.selects;
    let mut beyond = asked.beyond().into_iter();
    for (place, (field, why)) in beyond.by_ref().take(MOST) {
        let what = format!("lets its pods reach {place}; {why}");
        findings.push(finding().at(field, format!("{selects}: {place}"), what));
    }
    let rest: Vec<String> = beyond.map(|(place, _)| place).collect();
    if !rest.is_empty() {
        let what = format!("lets its pods reach {} more places that are not open to them", rest.len());
        let digest = hexadecimal(&Sha256::digest(rest.join("\n")));
        findings.push(finding().at(FieldPath::of("spec.egress"), format!("{selects}: {digest}"), what));
    }
}

/// A policy, and the class for which it is asked.
struct Asked<'a> {
    policy: &'a NetworkPolicy,
    requirement: &'a Requirement<'a>,
    namespace: &'a str,
    snapshot: &'a Snapshot,
    /// What is open to pods that hold the class, besides their peers.
    open: Vec<Allowed>,
}

impl Asked<'_> {
    /// Every place that the policy allows and that is not open, in order, with its first field and why.
    fn beyond(&self) -> BTreeMap<String, (FieldPath, String)> {
        let mut beyond = BTreeMap::new();
        for rule in self.policy.egress.iter().flatten() {
            let mut told = |whom: &dyn Display, field: FieldPath, why: String| {
                beyond.entry(rule.told(whom)).or_insert((field, why));
            };
            match &rule.to {
                To::Everybody => {
                    told(
                        &"every address",
                        rule.at.clone(),
                        "no policy allows to reach everything".to_string(),
                    );
                }
                To::Peers(peers) => {
                    for (index, peer) in peers.iter().enumerate() {
                        if let Some(why) = self.why_not(peer, rule) {
                            told(peer, rule.at.index(index), why);
                        }
                    }
                }
                To::One(peer) => {
                    if let Some(why) = self.why_not(peer, rule) {
                        told(peer, rule.at.clone(), why);
                    }
                }
                To::Unreadable => told(&"whom it names", rule.at.clone(), UNTOLD.to_string()),
            }
        }
        beyond
    }

    /// Why a peer of a rule is not open; `None` where it is.
    fn why_not(&self, peer: &Peer, rule: &Rule) -> Option<String> {
        match peer {
            Peer::Block { network, except } => {
                let address = first_beyond(network, except, rule.ports.as_ref(), &self.open)?;
                Some(format!("{address} is not open to them"))
            }
            Peer::Pods { namespaces, pods } => {
                let names = match namespaces {
                    None => Some([self.namespace].into()),
                    Some(namespaces) => namespaces.values_of(NAME),
                };
                let open = |names| within_pods(names, pods, rule.ports.as_ref(), &self.open);
                if names.as_ref().is_some_and(open) {
                    return None;
                }
                let elsewhere = || self.why_not_closed(namespaces.as_ref()?, pods);
                elsewhere().or_else(|| self.why_no_peer(namespaces.as_ref(), pods))
            }
            Peer::Unreadable => Some(UNTOLD.to_string()),
        }
    }

    /// Why a namespace that is selected need not be closed; `None` where all of them are.
    fn why_not_closed(&self, namespaces: &Selector, pods: &Selector) -> Option<String> {
        let guarded = namespaces.values_of(GUARDED);
        let guarded = guarded.is_some_and(|values| values.iter().all(|value| *value == GUARDED_VALUE));
        let names = namespaces.values_of(NAME);
        if !guarded {
            let Some(names) = &names else {
                return Some(format!(
                    "any namespace may be one of these; ask for {GUARDED}: \"{GUARDED_VALUE}\" in the namespaceSelector"
                ));
            };
            let unknown = names
                .iter()
                .find(|name| ***name != *self.namespace && self.snapshot.namespace(name).is_none());
            if let Some(unknown) = unknown {
                return Some(format!("namespace {unknown} is not known to be closed"));
            }
        }
        // Only pods of closed namespaces carry the mark.
        let marked = pods.asks_for(EGRESS_HOLDS);
        // Where closing is only told of here, it is enough that it would be told of there.
        let asked = self.requirement.mode(Aspect::Egress);
        let closed = |name: &str| {
            // Where it is not closed yet, nothing there holds what could leave.
            *name == *self.namespace
                || marked && self.snapshot.enrolment(name) == Enrolment::Guarded
                || closed_by(name, self.snapshot) >= Some(asked)
        };
        let open = self.selected(Some(namespaces)).into_iter().find(|name| !closed(name))?;
        Some(format!("namespace {open} is not closed"))
    }

    /// The known namespaces that are selected, in order; without a selector the policy's own.
    fn selected(&self, namespaces: Option<&Selector>) -> Vec<Box<str>> {
        let Some(selector) = namespaces else { return Vec::from([self.namespace.into()]) };
        let is_it = |(name, labels): &(&str, &crate::subject::Labels)| {
            selector.selects(|key| if key == NAME { Some(*name) } else { labels.get(key) })
        };
        let known = self.snapshot.namespaces().map(|(name, facts)| (name, &facts.labels));
        known.filter(is_it).map(|(name, _)| name.into()).collect()
    }
}
