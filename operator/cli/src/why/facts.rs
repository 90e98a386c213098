//! What the engine is asked with: of a cluster only what is there, as Bund sees it in that cluster.

use bund_crds::GROUP;
use bund_engine::Snapshot;

use crate::{
    builtin,
    inventory::{GroupKind, Inventory, Known, Origin, PolicyOrigin, known},
};

/// Builds what is known, pods included: they pass on what they write.
pub fn facts(inventory: &Inventory) -> Known {
    let mut facts = match inventory.origin {
        Origin::Cluster { .. } if is_installed(inventory) => of_cluster(inventory),
        Origin::Cluster { .. } | Origin::Files { .. } => known(inventory, None),
    };
    for pod in inventory.of_kind("", "Pod") {
        facts.snapshot.observe(pod);
    }
    facts
}

/// Whether a cluster serves our kinds.
fn is_installed(inventory: &Inventory) -> bool {
    let policy = GroupKind::new(GROUP, "ResidencyPolicy");
    inventory.server.as_ref().is_some_and(|server| server.served.contains_key(&policy))
}

/// What is built in stands only for jurisdictions and classes that may not be read.
fn of_cluster(inventory: &Inventory) -> Known {
    let mut snapshot = Snapshot::default();
    snapshot.set_geography(inventory.geography.clone());
    for object in known::built_in(builtin::VOCABULARY) {
        let GroupKind { group, kind } = GroupKind::of(&object);
        if inventory.gap(&group, &kind).is_some() {
            snapshot.observe(&object);
        }
    }
    let mut unreadable = Vec::new();
    known::observe(&mut snapshot, &inventory.objects, &mut unreadable);
    if inventory.gap("", "Node").is_none() {
        snapshot.set_nodes_listed();
    }
    Known { snapshot, policies: PolicyOrigin::Inventory, unreadable }
}
