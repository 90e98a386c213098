//! The rules, one file per reason. Each answers one question about one case and knows nothing of the others;
//! modes, softening and transfers come after, in `enforce`.

use alloc::{format, string::String, vec::Vec};

use bund_crds::data_class::Safeguards;
use serde::Serialize;

use crate::{
    Finding, Location, Provenance, Snapshot, Subject,
    placement::Reach,
    select::Requirement,
    snapshot::{Enrolment, Listing, Table},
    subject::{PodShape, Role, WorkloadKind},
};

pub(crate) mod address_outside;
pub(crate) mod binding_outside;
pub(crate) mod claim_outside_guarded;
pub(crate) mod class_not_on_template;
pub(crate) mod class_outside_guarded;
pub(crate) mod class_removed;
pub(crate) mod connection_unapproved;
mod daemon_set_unconfined;
pub(crate) mod destination_outside;
pub(crate) mod egress_widened;
mod escapes_policy;
pub(crate) mod fact_unreadable;
pub(crate) mod field_unreadable;
pub(crate) mod forward_outside;
pub(crate) mod guard_removed;
mod host_alias_outside;
mod inline_volume;
pub(crate) mod mark_forged;
mod named_host;
pub(crate) mod namespace_not_guarded;
mod no_eligible_node;
mod node_outside;
pub(crate) mod node_reader;
pub(crate) mod not_encrypted;
mod placement_contradicts;
mod placement_unconfined;
pub(crate) mod policies_conflict;
mod probe_outside;
mod proxy_outside;
mod resolver_outside;
mod runs_outside;
pub(crate) mod storage_outside;
mod term_impossible;
pub(crate) mod tls_too_old;
pub(crate) mod unknown_class;
pub(crate) mod unknown_field;
pub(crate) mod volume_unmarked;
pub(crate) mod volume_used_outside;

/// What keeps the pods of one shape inside, as far as one requirement is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Confinement {
    /// They name their node; where that is counts.
    Node,
    /// Every node of the cluster is inside.
    Cluster,
    /// Only nodes inside can satisfy what they ask of their node.
    Asked,
    /// They are confined as they are made.
    Injected,
    /// Nothing: a node that is not inside could satisfy them.
    Nothing,
    /// No node inside can satisfy them.
    Contradicted,
}

/// What a request does to the pod in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It comes to be.
    Creation,
    /// It gets a container while it exists.
    AddedContainer,
    /// Anything else.
    Update,
    /// Nothing: it exists, and is judged as if it came to be now.
    Standing,
}

/// Whether pods are confined by injection in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Injects {
    /// Where a policy says so.
    WherePoliciesSay,
    /// Never: the namespace is exempt.
    Never,
}

impl Injects {
    /// Whether pods are confined by injection in `namespace`.
    pub(crate) fn in_namespace(namespace: &str, snapshot: &Snapshot) -> Self {
        match snapshot.enrolment(namespace) {
            Enrolment::Exempt => Self::Never,
            Enrolment::Guarded | Enrolment::Unguarded | Enrolment::Assumed => Self::WherePoliciesSay,
        }
    }
}

/// One pod shape and one requirement on it.
pub(crate) struct Case<'c> {
    pub(crate) snapshot: &'c Snapshot,
    pub(crate) subject: &'c Subject,
    pub(crate) shape: &'c PodShape,
    pub(crate) change: Change,
    pub(crate) injection: Injects,
    pub(crate) requirement: &'c Requirement<'c>,
    pub(crate) provenance: &'c [Provenance],
    /// Where the scheduler could place it. `None` where the scheduler is not asked: the pod names its node, or
    /// every node is inside.
    pub(crate) reach: Option<&'c Reach>,
}

impl Case<'_> {
    /// Whether the pods will be confined by injection.
    pub(crate) fn will_be_confined(&self) -> bool {
        let comes_to_be = match self.subject.role {
            Role::Pod => matches!(self.change, Change::Creation | Change::Standing),
            Role::Workload(
                WorkloadKind::Scheduled | WorkloadKind::Mapped | WorkloadKind::MappedForNamespace,
            ) => true,
            Role::Workload(WorkloadKind::DaemonSet)
            | Role::Binding { .. }
            | Role::Namespace
            | Role::Carrier(_)
            | Role::Grant(_)
            | Role::Network(_)
            | Role::Other => false,
        };
        comes_to_be && self.injection == Injects::WherePoliciesSay && self.requirement.injects()
    }

    /// What keeps the pods inside.
    pub(crate) fn confinement(&self) -> Confinement {
        if self.shape.node_name.is_some() {
            return Confinement::Node;
        }
        let Some(reach) = self.reach else { return Confinement::Cluster };
        let open = reach.first_hole().is_some();
        let injected = open && self.will_be_confined();
        match (if injected { reach.confinable() } else { reach.inside() }, injected, open) {
            (false, _, _) => Confinement::Contradicted,
            (true, true, _) => Confinement::Injected,
            (true, false, true) => Confinement::Nothing,
            (true, false, false) => Confinement::Asked,
        }
    }

    /// Where the jurisdictions of the requirement are told in a message.
    fn where_to_stay(&self) -> String {
        where_to_stay(self.requirement)
    }
}

/// The jurisdictions of a requirement, for a message.
pub(crate) fn where_to_stay(requirement: &Requirement<'_>) -> String {
    let names: Vec<&str> = requirement.jurisdictions.iter().map(AsRef::as_ref).collect();
    names.join(" or ")
}

/// What is wrong with a place that is not inside; `says` is how it is named.
pub(crate) fn astray(says: &str, location: Location, requirement: &Requirement<'_>) -> Option<String> {
    let told = format!("{says}, which is not known to be in {}", where_to_stay(requirement));
    match location {
        Location::Inside => None,
        Location::Outside(_) => Some(told),
        Location::Unknown(why) => Some(format!("{told}: {why}")),
    }
}

/// What the class of a requirement asks for besides its place.
pub(crate) fn safeguards(requirement: &Requirement<'_>, snapshot: &Snapshot) -> Safeguards {
    let class = snapshot.world().class(requirement.class.as_str());
    class.and_then(|class| class.spec.safeguards).unwrap_or_default()
}

/// What to write to confine a pod, with a region that exists here if there is one.
pub(crate) fn how_to_confine(case: &Case<'_>) -> String {
    let world = case.snapshot.world();
    let key = &world.location().node_key;
    let listed = case.requirement.jurisdictions.iter().filter_map(|name| world.jurisdiction(name));
    let values: Vec<_> = listed.flat_map(Table::node_values).collect();
    let in_use = case.snapshot.nodes().find_map(|(_, node)| {
        let label = node.labels.get(key)?;
        values.iter().find(|value| value.as_ref() == label)
    });
    match in_use.or(values.first()) {
        Some(region) => format!("write `{key}: {region}` in {}.nodeSelector", case.shape.spec_at),
        None => format!(
            "no region of {} is listed here; check the Jurisdiction and ClusterLocation",
            case.where_to_stay()
        ),
    }
}

/// Judges one shape against one requirement.
pub(crate) fn judge_shape(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if policies_conflict::judge(case.requirement, case.provenance, findings) {
        return;
    }
    match (case.confinement(), case.reach) {
        (Confinement::Node, _) => {
            node_outside::judge(case, findings);
            runs_outside::judge(case, findings);
        }
        (Confinement::Contradicted, _) => placement_contradicts::judge(case, findings),
        (Confinement::Asked | Confinement::Injected | Confinement::Nothing, Some(reach)) => {
            placement_unconfined::judge(case, reach, findings);
            daemon_set_unconfined::judge(case, reach, findings);
            no_eligible_node::judge(case, reach, findings);
            term_impossible::judge(case, reach, findings);
        }
        (Confinement::Cluster, _)
        | (Confinement::Asked | Confinement::Injected | Confinement::Nothing, None) => {}
    }
}

/// Judges the volumes of one shape against one requirement.
pub(crate) fn judge_volumes(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    if case.requirement.jurisdictions.is_empty() {
        return;
    }
    storage_outside::judge_shape(case, namespace, findings);
    inline_volume::judge(case, findings);
    not_encrypted::judge_shape(case, findings);
    let claims = case.shape.claims_in_use(namespace);
    let own = (namespace.into(), case.subject.id.name.clone());
    volume_used_outside::judge(&claims, &own, case.requirement, case.provenance, case.snapshot, findings);
    // The scheduler binds a pod after its volumes are there; a pod that names its node is not bound, and a container
    // that is added starts at once.
    let starts = match case.change {
        Change::Creation => case.subject.role == Role::Pod && case.shape.node_name.is_some(),
        Change::AddedContainer => true,
        Change::Update | Change::Standing => false,
    };
    if starts {
        volume_unmarked::judge(&claims, case.requirement, case.provenance, case.snapshot, findings);
    }
}

/// Judges what the pods of one shape say about the network, against one requirement.
pub(crate) fn judge_network(case: &Case<'_>, namespace: &str, findings: &mut Vec<Finding>) {
    if case.requirement.jurisdictions.is_empty() {
        return;
    }
    escapes_policy::judge(case, namespace, findings);
    probe_outside::judge(case, namespace, findings);
    resolver_outside::judge(case, namespace, findings);
    host_alias_outside::judge(case, namespace, findings);
    proxy_outside::judge(case, namespace, findings);
    address_outside::judge_shape(case, namespace, findings);
}

/// Judges a carrier against one requirement.
pub(crate) fn judge_carrier(
    subject: &Subject,
    requirement: &Requirement<'_>,
    provenance: &[Provenance],
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    if policies_conflict::judge(requirement, provenance, findings) {
        return;
    }
    storage_outside::judge_carrier(subject, requirement, provenance, snapshot, findings);
    not_encrypted::judge_carrier(subject, requirement, provenance, snapshot, findings);
    claim_outside_guarded::judge(subject, requirement, provenance, snapshot, findings);
}

/// Whether there is certainly no node inside that carries the label by which pods are confined.
fn certainly_no_node(case: &Case<'_>) -> bool {
    let world = case.snapshot.world();
    let key = &world.location().node_key;
    case.snapshot.nodes_listed() == Listing::Whole
        && !case.snapshot.nodes().any(|(_, node)| {
            node.labels.get(key).is_some()
                && crate::locate::locate_in_any(node, &case.requirement.jurisdictions, world).is_inside()
        })
}
