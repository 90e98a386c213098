//! More is open to pods that hold what must not leave, or they ask for names elsewhere.

use alloc::{format, vec::Vec};

use bund_crds::{
    ClusterDns, Egress, NetworkPort,
    egress::{AllowedNetwork, AllowedPods, EscapeException},
};

use super::{Loss, added, jurisdiction};

/// What a policy opens that it did not. What happens to pods whose transfer ends opens nothing.
pub(super) fn opened(old: Option<&Egress>, new: Option<&Egress>, losses: &mut Vec<Loss>) {
    let Some(new) = new else { return };
    let before = Egress::default();
    let old = old.unwrap_or(&before);
    for AllowedNetwork { network, .. } in added(&old.networks, &new.networks, holds_network) {
        losses.push(Loss::at("spec.egress.networks", format!("lets pods reach {network}")));
    }
    for AllowedPods { namespace, .. } in added(&old.pods, &new.pods, holds_pods) {
        losses.push(Loss::at("spec.egress.pods", format!("lets pods reach others in {namespace}")));
    }
    for EscapeException { namespace, kind, name, .. } in
        added(&old.exceptions, &new.exceptions, holds_escapes)
    {
        let what = format!("lets {kind} {namespace}/{name} escape network policies");
        losses.push(Loss::at("spec.egress.exceptions", what));
    }
}

fn holds_network(wider: &AllowedNetwork, new: &AllowedNetwork) -> bool {
    jurisdiction::contains(&wider.network, &new.network) && holds_ports(&wider.ports, &new.ports)
}

fn holds_pods(wider: &AllowedPods, new: &AllowedPods) -> bool {
    wider.namespace == new.namespace
        && wider.pod_labels == new.pod_labels
        && holds_ports(&wider.ports, &new.ports)
}

/// No ports are all of them.
fn holds_ports(wider: &[NetworkPort], new: &[NetworkPort]) -> bool {
    wider.is_empty() || !new.is_empty() && new.iter().all(|port| wider.contains(port))
}

fn holds_escapes(wider: &EscapeException, new: &EscapeException) -> bool {
    wider.namespace == new.namespace
        && wider.kind == new.kind
        && wider.name == new.name
        && new.escapes.iter().all(|escape| wider.escapes.contains(escape))
}

/// Where every pod may ask for names, that is as good as any other way out.
pub(super) fn asks_elsewhere(old: Option<&ClusterDns>, new: Option<&ClusterDns>, losses: &mut Vec<Loss>) {
    let usual = ClusterDns::default();
    let (old, new) = (old.unwrap_or(&usual), new.unwrap_or(&usual));
    let pods = |dns: &ClusterDns| (dns.namespace.clone(), dns.pod_labels.clone(), dns.port);
    if pods(old) != pods(new) {
        losses.push(Loss::at("spec.dns", "lets pods ask others for names"));
    }
    for network in added(&old.node_local, &new.node_local, jurisdiction::contains) {
        losses.push(Loss::at("spec.dns.nodeLocal", format!("lets pods ask {network} for names")));
    }
}
