//! The cluster is said to be elsewhere, or more of it inside.

use alloc::{collections::BTreeSet, format, vec::Vec};

use bund_crds::{ClusterLocationSpec, Span};

use super::{Loss, Protects, added, egress, jurisdiction, nothing, protected};
use crate::{HeldClass, snapshot::World};

impl Protects for ClusterLocationSpec {
    fn classes(&self, _: &str, world: &World) -> BTreeSet<HeldClass> {
        protected(world)
    }

    fn losses(&self, new: &Self) -> Vec<Loss> {
        let mut losses = Vec::new();
        if new.jurisdiction != self.jurisdiction {
            losses.push(Loss::at("spec.jurisdiction", format!("puts the cluster in {}", new.jurisdiction)));
        }
        if self.span == Span::Mixed && new.span != self.span {
            losses.push(Loss::at("spec.span", "takes every node for inside"));
        }
        if new.node_key != self.node_key {
            losses.push(Loss::at("spec.nodeKey", format!("believes node label {}", new.node_key)));
        }
        for provider in added(&self.providers, &new.providers, nothing) {
            losses.push(Loss::at("spec.providers", format!("counts regions of {provider}")));
        }
        for namespace in added(&self.exempt_namespaces, &new.exempt_namespaces, nothing) {
            losses.push(Loss::at("spec.exemptNamespaces", format!("exempts {namespace}")));
        }
        for network in added(&self.networks, &new.networks, jurisdiction::contains) {
            losses.push(Loss::at("spec.networks", format!("takes {network} for inside")));
        }
        egress::asks_elsewhere(self.dns.as_ref(), new.dns.as_ref(), &mut losses);
        losses
    }
}
