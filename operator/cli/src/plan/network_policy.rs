//! What NetworkPolicies declare that others wrote: those about egress whom pods reach, those about ingress by whom they are
//! reached. A rule that leaves everybody in or out declares nobody.

use bund_crds::LabelSelector;
use bund_engine::{
    address,
    egress::{MANAGED_BY, NamespacePlan},
    subject::Labels,
};
use serde_json::Value;

use super::{Declared, Open, Workload, told};
use crate::inventory::{Inventory, list, name_of, text};

/// What the pods of the plan's namespace declare to reach.
pub(super) fn declared(inventory: &Inventory, plan: &NamespacePlan, open: Open<'_>) -> Vec<Declared> {
    let all = inventory.of_kind("networking.k8s.io", "NetworkPolicy").filter(|policy| !is_ours(policy));
    let mut found = Vec::new();
    for policy in all {
        let read = Policy { object: policy, namespace: text(policy, "/metadata/namespace"), open };
        if read.namespace == &*plan.namespace {
            found.extend(read.egress());
        }
        found.extend(read.ingress(&plan.namespace));
    }
    found
}

fn is_ours(policy: &Value) -> bool {
    let labels = policy.pointer("/metadata/labels").and_then(|labels| labels.get(MANAGED_BY.0));
    labels.and_then(Value::as_str) == Some(MANAGED_BY.1)
}

#[derive(Clone, Copy)]
struct Policy<'k> {
    object: &'k Value,
    namespace: &'k str,
    open: Open<'k>,
}

impl<'k> Policy<'k> {
    fn name(self) -> String {
        format!("NetworkPolicy {}/{}", self.namespace, name_of(self.object))
    }

    /// The workloads that it is for.
    fn selected(self) -> Vec<&'k Workload<'k>> {
        let Some(selector) = selector(self.object.pointer("/spec/podSelector")) else { return Vec::new() };
        self.open.within(self.namespace).filter(|workload| matches(&selector, workload.labels)).collect()
    }

    /// Whom the pods that it selects reach.
    fn egress(self) -> Vec<Declared> {
        let peers: Vec<&Value> =
            list(self.object, "/spec/egress").flat_map(|rule| list(rule, "/to")).collect();
        let mut found = Vec::new();
        for from in self.selected() {
            for peer in &peers {
                if let Some(block) = peer.get("ipBlock") {
                    found.extend(self.block(from, block));
                }
                let receivers = self.pods(peer).into_iter().map(|to| self.reaches(from, to));
                found.extend(receivers);
            }
        }
        found
    }

    /// By whom of a namespace the pods that it selects are reached.
    fn ingress(self, namespace: &str) -> Vec<Declared> {
        let peers = list(self.object, "/spec/ingress").flat_map(|rule| list(rule, "/from"));
        let senders: Vec<_> = peers.flat_map(|peer| self.pods(peer)).collect();
        let senders = senders.into_iter().filter(|from| from.namespace == namespace);
        let receivers = self.selected();
        senders.flat_map(|from| receivers.iter().map(move |to| self.reaches(from, to))).collect()
    }

    fn reaches(self, from: &Workload<'_>, to: &Workload<'_>) -> Declared {
        let place =
            if from.namespace == to.namespace { to.to_string() } else { format!("{to} in {}", to.namespace) };
        told(from, place, &self.name(), self.open.pods(from, to))
    }

    fn block(self, from: &Workload<'_>, block: &Value) -> Option<Declared> {
        let cidr = block.get("cidr").and_then(Value::as_str)?;
        let outcome = match address::network(cidr) {
            Ok(network) => self.open.network(from, network),
            Err(unclear) => Err(unclear.to_string()),
        };
        Some(told(from, cidr.to_owned(), &self.name(), outcome))
    }

    /// The workloads that a peer means. One that means every pod declares none in particular.
    fn pods(self, peer: &Value) -> Vec<&'k Workload<'k>> {
        let namespaces = peer.get("namespaceSelector").map(|value| selector(Some(value)));
        let pods = peer.get("podSelector").map(|value| selector(Some(value)));
        let everybody = LabelSelector::default();
        let (namespaces, pods) = match (&namespaces, &pods) {
            (Some(None), _) | (_, Some(None)) | (None, None) => return Vec::new(),
            (Some(Some(namespaces)), None) => (Some(namespaces), &everybody),
            (namespaces, Some(Some(pods))) => (namespaces.as_ref().and_then(Option::as_ref), pods),
        };
        if *pods == everybody && namespaces.is_none_or(|namespaces| *namespaces == everybody) {
            return Vec::new();
        }
        let means = |workload: &&Workload<'_>| {
            let in_namespace = match namespaces {
                None => workload.namespace == self.namespace,
                Some(selector) => {
                    let facts = self.open.snapshot.namespace(workload.namespace);
                    facts.is_some_and(|facts| matches(selector, &facts.labels))
                }
            };
            in_namespace && matches(pods, workload.labels)
        };
        self.open.workloads.iter().filter(means).collect()
    }
}

/// A selector; `None` where it cannot be read.
fn selector(value: Option<&Value>) -> Option<LabelSelector> {
    match value {
        None | Some(Value::Null) => Some(LabelSelector::default()),
        Some(value) => {
            let members = value.as_object()?.iter().filter(|(_, member)| !member.is_null());
            let members: serde_json::Map<_, _> =
                members.map(|(name, member)| (name.clone(), member.clone())).collect();
            serde_json::from_value(Value::Object(members)).ok()
        }
    }
}

fn matches(selector: &LabelSelector, labels: &Labels) -> bool {
    selector.matches(|key| labels.get(key))
}
